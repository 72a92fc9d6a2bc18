"""How far a log was read, so that another reading of it goes on there.

Each reading begins at the log's beginning. What was read is known again by its length and checksum. Where the beginning is another
one, because the platform has thrown old lines away, or has started the job again, the last lines that were read are looked for.
"""

from __future__ import annotations

import hashlib

from mlspace.errors import GatewayError
from mlspace.gateway.loglines import PROSE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

OPENING_BYTES = 4096
"""So much of the beginning tells whether it is the same log, as it comes."""

RECENT_BYTES = 1024
"""So much of what was read last is looked for in a log that begins otherwise."""

UNKNOWN = 1 << 62
"""More bytes than any log has."""


class Moved(Exception):
    """This is another log, or the same without its beginning."""


class Shorter(Exception):
    """The log ended before what was read of it; it may have been cut off."""


class Place:
    """A place in a log, behind `count` bytes of whole lines; `rest`: what came behind them in the last reading: a
    line without end, or what the platform says in the place of a log."""

    def __init__(self, after: Sequence[bytes] = ()) -> None:
        """after: lines that were read by other means: it goes on behind them."""
        self.count = 0
        self.rest = b""
        self.was_read = False  # whether anything came; for the caller to reset
        self._digest = hashlib.blake2b()
        self._opening = b""
        self._recent = b"".join(after)[-RECENT_BYTES:]
        self._searched = -1  # bytes that the last search had
        self._unmatched = UNKNOWN if self._recent else 0  # so much at most of another log is read in search of what was read last

    def unread(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Whole lines, several at a time, of a reading from the beginning that were not there before.

        Raises Moved, and the next reading is to be of that log; Shorter when the reading ends before this place.
        """
        fresh = self._behind_recent(self._heard(pieces)) if self._unmatched else self._behind_count(self._heard(pieces))
        unfinished: list[bytes] = []
        for piece in fresh:
            end = piece.rfind(b"\n") + 1
            if end:
                whole = b"".join([*unfinished, piece[:end]])
                unfinished = []
                if not self.count and PROSE.fullmatch(whole):
                    self.rest = whole
                    return
                self._note(whole)
                yield whole
            if end < len(piece):
                unfinished.append(piece[end:])
        self.rest = b"".join(unfinished)

    def take_rest(self) -> bytes:
        """The last line of a log that ends without a newline."""
        rest, self.rest = self.rest, b""
        self._note(rest)
        return rest

    def _heard(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self.was_read = True
            yield piece

    def _note(self, lines: bytes) -> None:
        self.count += len(lines)
        self._digest.update(lines)
        if len(self._opening) < OPENING_BYTES:
            self._opening += lines[: OPENING_BYTES - len(self._opening)]
        self._recent = lines[-RECENT_BYTES:] if len(lines) >= RECENT_BYTES else (self._recent + lines)[-RECENT_BYTES:]

    def _behind_count(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        left, opening, digest = self.count, self._opening, hashlib.blake2b()
        for piece in pieces:
            if left:
                known = piece[:left]
                digest.update(known)
                left -= len(known)
                begun, opening = opening[: len(known)], opening[len(known) :]
                if not known.startswith(begun) or (not left and digest.digest() != self._digest.digest()):
                    self._begin_anew()
                    raise Moved
                piece = piece[len(known) :]
            if piece:
                yield piece
        if left:
            raise Shorter

    def _behind_recent(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """What is behind the last lines that were read; all of it where they are not in it. From then on this is the log.

        They may be in what a reading that stops early does not have: it is believed when it is as long as the one before.
        """
        read, recent = bytearray(), self._recent
        stream = iter(pieces)
        problem: GatewayError | Shorter | None = None
        try:
            for piece in stream:
                read += piece
                found = read.find(recent, max(0, len(read) - len(piece) - len(recent)))
                if found >= 0:
                    end = found + len(recent)
                    self._note(bytes(read[:end]))
                    del read[:end]
                    break
                if len(read) >= self._unmatched:
                    break
            else:
                problem = Shorter()
        except GatewayError as error:
            problem = error
        if problem and len(read) != self._searched:
            self._searched = len(read)
            raise problem
        self._unmatched = 0
        if read:
            yield bytes(read)
        yield from stream
        if isinstance(problem, GatewayError):
            raise problem

    def _begin_anew(self) -> None:
        self._unmatched, self._searched = self.count, -1
        self.count, self._opening, self._digest = 0, b"", hashlib.blake2b()
