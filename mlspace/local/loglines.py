"""The job's log as the platform keeps it: one time-stamped line for each line that a rank wrote, whole, tagged as mpirun tags them."""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

STAMP_BYTES = 31
"""`2026-11-23T20:30:00.123456789Z ` in front of every line of the file; what `verbose=false` leaves out."""

LONGEST_LINE = 256 * 1024
"""A longer line is broken: it would be kept in memory, and the other ranks' lines must not cut into it."""


TAG_BYTES = 4096
"""Open MPI reads so much at a time, and puts its tag before it, also in the middle of a line (seen with 4.1)."""


class Log:
    """The log file, for appending whole lines. repeats_tags: those of long lines have a tag before each TAG_BYTES, too."""

    def __init__(self, path: str, *, repeats_tags: bool = False) -> None:
        self.repeats_tags = repeats_tags
        self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._second = -1
        self._text = ""
        self._torn = False  # the last line in the file may lack its end

    def stamp(self) -> bytes:
        second, nanosecond = divmod(time.time_ns(), 1_000_000_000)
        if second != self._second:
            self._second, self._text = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._text}.{nanosecond:09d}Z ".encode()

    def write(self, lines: Iterable[bytes]) -> None:
        stamp = self.stamp()
        text = b"".join([b"%s%s\n" % (stamp, line) for line in lines])
        data = memoryview(b"\n" + text if self._torn else text)
        try:
            while data:
                data = data[os.write(self.fd, data) :]
            self._torn = False
        except OSError:
            # A full disk must not end the job; lines are lost, as the platform loses what its log window does not hold.
            self._torn = True


class TaggedStream:
    """One stream of one rank on its way into the log."""

    def __init__(self, log: Log, rank: int, stream: str) -> None:
        self.log = log
        self.tag = f"[1,{rank}]<{stream}>:".encode()
        self.rest = b""

    def feed(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\n")
        if len(self.rest) > LONGEST_LINE:
            lines.append(self.rest)
            self.rest = b""
        if lines:
            self.log.write(self.tagged(line) for line in lines)

    def tagged(self, line: bytes) -> bytes:
        if not self.log.repeats_tags or len(line) <= TAG_BYTES:
            return self.tag + line
        return b"".join(self.tag + line[start : start + TAG_BYTES] for start in range(0, len(line), TAG_BYTES))

    def close(self) -> None:
        """A last line without its newline gets one."""
        if self.rest:
            self.feed(b"\n")
