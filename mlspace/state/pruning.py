"""Taking jobs that ended long ago out of the registry, with all that is known of them. Ids are given to nobody again (AUTOINCREMENT)."""

from __future__ import annotations

from mlspace.state.registry import NOT_FINAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Sequence

    from mlspace.state.registry import Registry

BATCH = 500
"""Jobs that go in one transaction: others want to write, too."""

FAMILY = "coalesce(array_job_id, het_job_id, job_id)"
"""An array, and a heterogeneous job, stay as long as one of theirs does."""

ENDED_BEFORE = (
    f"SELECT job_id FROM job WHERE end_time < ? AND NOT ({NOT_FINAL}) AND {FAMILY} NOT IN"
    f" (SELECT {FAMILY} FROM job WHERE end_time IS NULL OR end_time >= ? OR {NOT_FINAL}) ORDER BY job_id"
)
DOUBLES = "DELETE FROM double WHERE submission IN (SELECT submission FROM submission WHERE job_id = ?)"
OF_JOB = ("submission", "step", "usage", "mail", "history", "job")
"""Tables that have rows of a job; the job's own is the last one."""

UNUSED_TEXTS = "DELETE FROM text WHERE digest NOT IN (SELECT request FROM job UNION SELECT environment FROM job)"


def ended_before(registry: Registry, before: int, kept: Collection[int]) -> list[int]:
    """Ids of the jobs that may go. before: unix seconds. kept: ids that somebody still asks for, as what waits for them does."""
    return [job_id for (job_id,) in registry.rows(ENDED_BEFORE, [before, before]) if job_id not in kept]


def prune(registry: Registry, job_ids: Sequence[int]) -> list[str]:
    """Removes jobs, and gives the space back to the disk; returns their submissions. Killed in between, it has removed some of them."""
    submissions: list[str] = []
    for start in range(0, len(job_ids), BATCH):
        batch = [(job_id,) for job_id in job_ids[start : start + BATCH]]

        def remove(database: sqlite3.Connection, batch: Sequence[tuple[int]] = batch) -> list[str]:
            gone = [row[0] for one in batch for row in database.execute("SELECT submission FROM submission WHERE job_id = ?", one)]
            database.executemany(DOUBLES, batch)
            for table in OF_JOB:
                database.executemany(f"DELETE FROM {table} WHERE job_id = ?", batch)
            return gone

        submissions += registry.change(remove)
    registry.change(lambda database: database.execute(UNUSED_TEXTS))
    registry.rows("VACUUM")
    return submissions
