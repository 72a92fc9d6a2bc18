"""Places that had no room: where the platform has refused a job for what others hold, since when, and when it is asked again.

A place is what jobs compete for: a region, an instance type, and the allocation and queue that pay for it.
"""

from __future__ import annotations

from mlspace.queue.backoff import FIRST_SECONDS, pause_seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from typing import Any

    from mlspace.state.registry import Registry, Submission

CAUTIOUS_SECONDS = 600.0
"""So long after a refusal jobs are sent there one by one: of several at once a later one could be taken, and an earlier one not."""


class Place:
    """One row. refusals: how many there were since a job was taken last. reason, words: of the last one, Slurm's and the platform's."""

    FIELDS = ("place", "refusals", "refused_at", "next_try", "reason", "words")
    __slots__ = FIELDS

    def __init__(self, values: tuple[Any, ...]) -> None:
        for field, value in zip(self.FIELDS, values):  # noqa: B905
            setattr(self, field, value)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    @property
    def is_full(self) -> bool:
        return bool(self.refusals)


class Places:
    """Those of one registry; methods raise StateError."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def known(self, now: float) -> dict[str, Place]:
        """Those that have refused a job a short time ago, or are still full."""
        query = f"SELECT {', '.join(Place.FIELDS)} FROM place WHERE refusals > 0 OR refused_at > ?"
        return {place.place: place for place in (Place(row) for row in self.registry.rows(query, [now - CAUTIOUS_SECONDS]))}

    def refused(self, one: Submission, reason: str, words: str, now: float, luck: float) -> None:
        """The platform has no room for a job that was sent: it waits here again, and its place is left alone for a while.

        luck: see pause_seconds.
        """

        def update(database: sqlite3.Connection) -> None:
            # What may have been sent before is still looked for.
            mine = "submission = ? AND owner = ? AND phase = 'posting'"
            values = [one.submission, one.owner]
            if not (
                database.execute(f"DELETE FROM submission WHERE {mine} AND lost_at IS NULL", values).rowcount
                or database.execute(f"UPDATE submission SET phase = 'ended', owner = '' WHERE {mine}", values).rowcount
            ):
                return
            changed = "UPDATE job SET reason = ?, system_comment = ? WHERE job_id = ? AND state = 'PENDING'"
            database.execute(changed, [reason, words, one.job_id])
            (place,) = database.execute("SELECT place FROM job WHERE job_id = ?", [one.job_id]).fetchone()
            before, since = database.execute("SELECT refusals, refused_at FROM place WHERE place = ?", [place]).fetchone() or (0, 0.0)
            refusals = before + (before == 0 or one.posted_at > since)  # those that were on their way together are one
            values = [place, refusals, now, now + pause_seconds(refusals, luck), reason, words]
            database.execute(f"INSERT OR REPLACE INTO place ({', '.join(Place.FIELDS)}) VALUES (?, ?, ?, ?, ?, ?)", values)

        self.registry.change(update)

    def of(self, submissions: Sequence[Submission]) -> dict[str, str]:
        """The place of each submission's job."""
        query = "SELECT submission, place FROM submission JOIN job USING (job_id) WHERE phase = 'committed'"
        wanted = {one.submission for one in submissions}
        return {submission: place for submission, place in self.registry.rows(query) if submission in wanted}

    def keep(self, submissions: Sequence[Submission]) -> None:
        """Jobs that were to be sent wait here again: nothing was sent of them."""
        query = "DELETE FROM submission WHERE submission = ? AND owner = ? AND phase = 'committed'"
        if submissions:
            self.registry.change(lambda database: database.executemany(query, [[one.submission, one.owner] for one in submissions]))


def has_taken(database: sqlite3.Connection, job_id: int) -> None:
    """The platform has taken a job: its place is not full."""
    database.execute("UPDATE place SET refusals = 0 WHERE refusals > 0 AND place = (SELECT place FROM job WHERE job_id = ?)", [job_id])


def has_room_again(database: sqlite3.Connection, now: float) -> None:
    """A job of ours has ended: what it held may be what others wait for, of whichever place, as limits are the workspace's."""
    query = "UPDATE place SET next_try = max(?, refused_at + ?) WHERE refusals > 0 AND next_try > max(?, refused_at + ?)"
    database.execute(query, [now, FIRST_SECONDS] * 2)
