"""Who decides what may start, as the registry's row `leader` has it: one process at a time, of all hosts that share the registry.

A term has a number, its epoch. The leader's writes carry it: each looks in its own transaction whether the term goes on, and counts the
row's beat up. So a leader that was stopped while another one took over writes nothing more, and whoever cannot see whether it lives
learns that from the beat, by his own clock alone.
"""

from __future__ import annotations

from mlspace.errors import StateError
from mlspace.state.queue import UNFINISHED
from mlspace.state.registry import WATCH_SECONDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence
    from typing import Any

    from mlspace.state.registry import Registry

STOP = "stop"
"""The wish that the leader goes."""


class Deposed(StateError):
    """A leader's write when its term is over."""


class Term:
    """The row. owner: as process_identity has it; "" where nobody leads. since, seen: unix seconds of the owner's clock."""

    FIELDS = ("owner", "epoch", "beat", "since", "seen", "wish")
    __slots__ = FIELDS

    def __init__(self, values: Sequence[Any]) -> None:
        self.owner: str
        self.epoch: int
        self.beat: int
        self.since: float | None
        self.seen: float | None
        self.wish: str
        self.owner, self.epoch, self.beat, self.since, self.seen, self.wish = values


class Leadership:
    """Of one registry. Methods raise StateError; those of a leader Deposed when it is none any more."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._fence: Callable[[sqlite3.Connection], None] | None = None

    def term(self) -> Term:
        return Term(self.registry.rows(f"SELECT {', '.join(Term.FIELDS)} FROM leader")[0])

    def take(self, seen: Term, owner: str, now: Callable[[], float]) -> bool:
        """Begins a term after `seen`, whose leader is gone, unless anything has happened since it was read. now: the clock.

        From here on each of this registry's writes is the leader's.
        """

        def update(database: sqlite3.Connection) -> bool:
            cursor = database.execute(
                "UPDATE leader SET owner = ?, epoch = epoch + 1, beat = 0, since = ?, seen = ?, wish = '' WHERE epoch = ? AND beat = ?",
                [owner, now(), now(), seen.epoch, seen.beat],
            )
            return cursor.rowcount == 1

        self.leave()
        if not self.registry.change(update):
            return False
        epoch = seen.epoch + 1

        def fence(database: sqlite3.Connection) -> None:
            query = "UPDATE leader SET beat = beat + 1, seen = ? WHERE epoch = ? AND owner = ?"
            if database.execute(query, [now(), epoch, owner]).rowcount != 1:
                raise Deposed("another controller leads")

        self._fence = fence
        self.registry.guards.append(fence)
        return True

    def beat(self) -> None:
        """Says that the leader lives, as each of its writes does."""
        self.registry.change(lambda _: None)

    def retire(self, now: float, *, is_told: bool = False) -> bool:
        """Ends the term, unless somebody has left something to do in the meantime: whoever does so after this finds no leader.

        is_told: even then.
        """

        def update(database: sqlite3.Connection) -> bool:
            if not is_told and database.execute(UNFINISHED, [now - WATCH_SECONDS]).fetchone() is not None:
                return False
            database.execute("UPDATE leader SET owner = '', wish = ''")
            return True

        is_over = self.registry.change(update)
        if is_over:
            self.leave()
        return is_over

    def leave(self) -> None:
        """Writes of this registry are nobody's in particular any more."""
        if self._fence is not None:
            self.registry.guards.remove(self._fence)
            self._fence = None

    def wish(self, term: Term, wish: str) -> bool:
        """Leaves word for the leader of a term; False where that is over."""
        query = "UPDATE leader SET wish = ? WHERE epoch = ? AND owner = ?"
        return self.registry.change(lambda database: database.execute(query, [wish, term.epoch, term.owner]).rowcount == 1)
