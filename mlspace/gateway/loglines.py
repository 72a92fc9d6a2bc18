"""The text of a job's log: the program's lines out of what the platform and Open MPI put before and between them.

A raw line is what the platform ends with a newline. Open MPI tags what it reads of a rank at once: behind `[1,0]<stdout>:` comes text
of rank 0, until the line ends or the next tag, which also stands in the middle of a line that came in several pieces, as all lines over
its buffer do (4,096 bytes of a pipe, 2,048 of a terminal: Open MPI 4.1.4), and other ranks may have come between. A tag directly
behind a tag is the program's own text, as of an mpirun that a script calls.
"""

from __future__ import annotations

import re
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

STDOUT, STDERR = 1, 2
STREAMS = {b"stdout": STDOUT, b"stderr": STDERR}
UNTAGGED = 0
"""Stream of what came by no rank's: of mpirun itself, or of a job that the platform runs without it."""

STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d) ")
"""In front of each line where `verbose` was asked for. Source: mlspace-facts §4.6."""

TAG = re.compile(rb"\[1,(\d+)\]<(stdout|stderr)>:")
FIRST_TAG = re.compile(STAMP.pattern.join((rb"(?:", rb")?")) + TAG.pattern)
PLAIN_LINE = re.compile(rb"^" + TAG.pattern + rb"([^\n]*\n)", re.MULTILINE)
MARK = b"]<std"
"""In every tag, and in few other texts."""

BEGIN = re.compile(r" |ℹ️ NODES INFO|Job lm-\S+ \(\w+\) is starting\.\.\.".encode())
"""With it a log begins; anew where the platform has restarted the job."""

HEAD = re.compile(
    r"Nodes: .*|🕒 Waiting for workers to be ready\.\.\. 🕒"
    r"|Connecting to \S+ \.+ Ready ✓|🚀 All workers are READY 🚀".encode()
)
"""Another line of those that stand before the program's. Source: mlspace-facts §2.1, §4.6."""

NODES_INFO = re.compile(r"\A *\nℹ️ NODES INFO\nNodes: .*\n *\n".encode())
HEAD_LINES = 4
"""What the platform puts before any answer, and its number of lines. Source: mlspace-facts §4.6."""

IN_QUEUE = re.compile(rb'\s*"?Job \S+ in queue\. Try later"?\s*')
NO_SUCH_JOB = re.compile(rb'\s*"No such job"\s*')
PROSE = re.compile(rb"%b|%b" % (IN_QUEUE.pattern, NO_SUCH_JOB.pattern))
"""What stands in the place of a log. Source: mlspace-facts §4.6."""


class Line(NamedTuple):
    """A line of the program's, its newline included if it has one; which rank wrote it, and to which stream (1, 2, or UNTAGGED)."""

    stream: int
    rank: int
    text: bytes


class Parser:
    """Raw text of a log, whole lines at a time, to the program's lines."""

    def __init__(self) -> None:
        self._parts: dict[tuple[int, int], list[bytes]] = {}  # by rank and stream, the beginning of a line that has not ended yet
        self._is_head = True

    def feed(self, raw: bytes) -> list[Line]:
        """The lines that end in `raw`, which ends where a raw line does; only the last raw line of a log may have no newline."""
        if not self._parts:
            plain = PLAIN_LINE.findall(raw)
            if len(plain) == raw.count(b"\n") == raw.count(MARK) and raw[-1:] == b"\n":  # nearly always: one tag a line
                self._is_head = False
                return [Line(STREAMS[stream], int(rank), text) for rank, stream, text in plain]
        lines: list[Line] = []
        for line in split(raw):
            tag = FIRST_TAG.match(line)
            if tag is None:
                self._add_untagged(line, lines)
                continue
            self._is_head = False
            self._add_pieces(line, tag, lines)
        return lines

    def close(self) -> list[Line]:
        """What had no newline when the log ended."""
        rest = [Line(stream, rank, b"".join(parts)) for (rank, stream), parts in self._parts.items()]
        self._parts = {}
        return rest

    def _add_pieces(self, line: bytes, tag: re.Match[bytes] | None, lines: list[Line]) -> None:
        """A raw line with the pieces of one or several ranks' lines. The newline at its end is the last piece's."""
        while tag is not None:
            key = int(tag[1]), STREAMS[tag[2]]
            begin = tag.end()
            tag = TAG.search(line, begin + 1)  # not directly behind the tag
            end = tag.start() if tag else len(line)
            parts = self._parts.pop(key, [])
            parts.append(line[begin:end])
            if tag is None and line.endswith(b"\n"):
                lines.append(Line(key[1], key[0], b"".join(parts)))
            else:
                self._parts[key] = parts

    def _add_untagged(self, line: bytes, lines: list[Line]) -> None:
        text = without_stamp(line)
        bare = text.rstrip(b"\r\n")
        if BEGIN.fullmatch(bare):
            self._is_head = True
        elif not (self._is_head and HEAD.fullmatch(bare)):
            self._is_head = False
            lines.append(Line(UNTAGGED, 0, text))


def split(raw: bytes) -> list[bytes]:
    """Lines with their newlines. A carriage return ends none: progress bars are one long line."""
    if b"\r" not in raw:
        return raw.splitlines(keepends=True)
    *lines, rest = raw.split(b"\n")
    return [line + b"\n" for line in lines] + ([rest] if rest else [])


def without_stamp(line: bytes) -> bytes:
    stamp = STAMP.match(line)
    return line[stamp.end() :] if stamp else line


def program_lines(raw: bytes) -> list[Line]:
    """All of a log that is there whole."""
    parser = Parser()
    return [*parser.feed(raw), *parser.close()]


def in_order(raw_lines: Iterable[bytes]) -> list[bytes]:
    """The answer to `tail`, in the order of time: the platform gives the newest first, and may go on with what comes while it answers.

    Where lines have stamps that say otherwise, they are believed. Source: mlspace-facts §4.6.
    """
    lines = list(raw_lines)
    stamps = [stamp[0] if (stamp := STAMP.match(line)) else b"" for line in lines]
    if stamps == sorted(stamps) and stamps[:1] != stamps[-1:]:
        return lines
    turned = list(zip(reversed(stamps), reversed(lines), strict=True))
    if all(stamps):
        turned.sort(key=lambda pair: pair[0])  # those of one moment stay as they are
    return [line for _, line in turned]
