"""What a job's log is to a reader: the program's lines, without `launch`'s reports, which are for us."""

from __future__ import annotations

from collections import deque

from mlspace.gateway.loglines import STDERR, STDOUT, UNTAGGED, Line
from mlspace.translate.status import REPORT_MARK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

KEPT_LINES = 100
"""Of what came by no rank: mpirun explains itself in fewer."""


class JobOutput:
    """Hands lines to `take`, each with its stream (1 or 2) and rank.

    keeps_untagged: what came by no rank's is mpirun's, and said at the end where there is nobody else who tells why the job has ended;
    else it is the program's own output.
    """

    def __init__(self, take: Callable[[int, int, str], None], *, keeps_untagged: bool) -> None:
        self.take = take
        self.reports = b""
        self._untagged: deque[str] | None = deque(maxlen=KEPT_LINES) if keeps_untagged else None
        self._empty: dict[int, str] = {}  # by rank, an empty line of stderr, which belongs to a report if one comes behind it

    def feed(self, line: Line) -> bytes:
        """Takes a line of the log; returns it where it is a report, b"" otherwise."""
        stream, rank, raw = line
        if stream == STDERR and raw.startswith(REPORT_MARK):
            self.reports += raw
            self._empty.pop(rank, None)
            return raw
        text = raw.decode("utf-8", "surrogateescape")
        if stream == UNTAGGED:
            if self._untagged is None:
                self.take(STDOUT, rank, text)
            else:
                self._untagged.append(text)
        elif stream == STDOUT:
            self.take(stream, rank, text)
        else:
            if rank in self._empty:
                self.take(stream, rank, self._empty.pop(rank))
            if text == "\n":
                self._empty[rank] = text
            else:
                self.take(stream, rank, text)
        return b""

    def close(self, *, is_explained: bool) -> None:
        """The log has ended. is_explained: somebody else tells how the job has ended."""
        for rank, text in self._empty.items():
            self.take(STDERR, rank, text)
        for text in () if is_explained else self._untagged or ():
            self.take(STDERR, 0, text)
