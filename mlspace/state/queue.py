"""What the registry does for jobs that wait here, of which nothing was sent yet: arrays split up, holds, requeues.

Every change looks again whether it still may happen: between a decision and its row somebody may have cancelled or held the job.
"""

from __future__ import annotations

from functools import partial

from mlspace.slurm import array, hetjob, state
from mlspace.slurm.job import COLUMNS, JobView
from mlspace.slurm.reason import BEGIN_TIME, DEPENDENCY, HELD_USER, MAX_REQUEUE, NONE, PAST_DEADLINE, PRIORITY, REQUEUED_HELD
from mlspace.state.database import encoded, questions
from mlspace.state.places import has_room_again
from mlspace.state.registry import NOT_FINAL, WATCH_SECONDS, add_submission, next_priority, remember

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterator, Mapping
    from typing import Any

    from mlspace.state.registry import Registry

WAITING = (
    "state = 'PENDING' AND NOT EXISTS"
    " (SELECT 1 FROM submission WHERE submission.job_id = job.job_id AND submission.phase != 'ended')"
)
"""Nothing was sent, and nothing is about to be."""

IN_LINE = f"{WAITING} AND priority > 0"

SETTLED = f"reason = '{PRIORITY}' AND dependency = '' AND begin_time IS NULL AND deadline IS NULL AND array_limit IS NULL"
"""Of a job that waits behind another one for the same: it says so, and there is nothing else that it waits for."""

FEW = 500
"""Jobs that are read at a time."""

MOST = 2**32
"""More than any priority."""

UNFINISHED = (
    f"SELECT 1 FROM job WHERE {NOT_FINAL}"
    " AND NOT (state IN ('PENDING', 'SPECIAL_EXIT') AND (priority = 0 OR reason = 'DependencyNeverSatisfied'))"
    " UNION ALL SELECT 1 FROM submission WHERE phase IN ('committed', 'posting', 'posted') OR lost_at > ? LIMIT 1"
)
"""Held jobs, and those whose dependency failed, change when somebody changes them; unless the platform has them, or may have.

Its parameter: since when lost requests are looked for."""


SPECIAL = "special"
"""The wish for a run that waits in the state SPECIAL_EXIT."""

EXHAUSTED = "exhausted"
"""As "requeuehold", of a job that was requeued so often that it may well be what its nodes die of."""

MOST_REQUEUES = 5
"""By themselves. Source: slurm.conf(5) max_batch_requeue."""

EXPIRE = "deadline"
"""The wish that a run ends because its --deadline has come."""

RECALL = "recall"
"""A wish (JobView) besides those that end in another run: the platform is to give back a job that it has not started."""

TOGETHER = "together"
"""A wish, too: the job is a component of one that has ended, and is to end as that did."""

COPIED = tuple(column for column in (*COLUMNS, "request", "environment") if column not in ("job_id", "array_task_id", "array_spec"))
"""What an element has of its array's record."""


class Queue:
    """The part of a registry that the queue needs; methods raise StateError."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def line(self, blocked: Mapping[str, object]) -> Iterator[JobView]:
        """Jobs that nothing was sent of and nobody holds, in the order in which they are to start: by priority, then by id.

        They are read as they are asked for. blocked: places where nobody gets anything any more, "" for all, which may become more in the
        meantime: of a job behind that, which waits for nothing else and says so, nothing is told.
        """
        priority, job_id = MOST, 0
        while True:
            conditions: list[str] = ["priority <= ? AND (priority < ? OR job_id > ?)"]
            values: list[object] = [priority, priority, job_id]
            if blocked:
                places = [] if "" in blocked else list(blocked)
                conditions.append(f"NOT ({SETTLED}{f' AND place IN ({questions(places)})' if places else ''})")
                values += places
            query = f"SELECT {', '.join(COLUMNS)} FROM job INDEXED BY job_in_line WHERE {IN_LINE} AND {' AND '.join(conditions)}"
            rows = self.registry.rows(f"{query} ORDER BY priority DESC, job_id LIMIT {FEW}", values)
            for row in rows:
                job = JobView(row)
                priority, job_id = job.priority, job.job_id
                yield job
            if len(rows) < FEW:
                return

    def has_line(self) -> bool:
        """Whether a job waits that nobody holds."""
        return bool(self.registry.rows(f"SELECT 1 FROM job WHERE {IN_LINE} LIMIT 1"))

    def first_priority(self) -> int:
        """That of the job that is to start first; 0 where none waits."""
        return int(self.registry.rows(f"SELECT coalesce(max(priority), 0) FROM job WHERE {WAITING}")[0][0])

    def with_deadline(self) -> list[JobView]:
        """Jobs that run, of which nobody wishes anything yet, and that have to end by a moment."""
        query = f"SELECT {', '.join(COLUMNS)} FROM job WHERE state = 'RUNNING' AND deadline IS NOT NULL AND wish = ''"
        return [JobView(row) for row in self.registry.rows(query)]

    def by_the_clock(self) -> list[JobView]:
        """Those in the line that a moment may let start, or end."""
        timed = "(begin_time IS NOT NULL OR deadline IS NOT NULL OR dependency LIKE '%+%')"
        query = f"SELECT {', '.join(COLUMNS)} FROM job INDEXED BY job_in_line WHERE {IN_LINE} AND {timed}"
        return [JobView(row) for row in self.registry.rows(query)]

    def sent(self) -> list[JobView]:
        """Jobs that were sent, or are just about to be, and have not ended."""
        query = (
            f"SELECT {', '.join(COLUMNS)} FROM job WHERE job_id IN (SELECT job_id FROM submission WHERE phase != 'ended')"
            f" AND {NOT_FINAL} ORDER BY job_id"
        )
        return [JobView(row) for row in self.registry.rows(query)]

    def is_unfinished(self, now: float) -> bool:
        """Whether there is a job whose state may still change by itself, or a lost request to be looked for."""
        return bool(self.registry.rows(UNFINISHED, [now - WATCH_SECONDS]))

    def changes(self) -> int:
        """A number that differs when another process has changed the registry."""
        return int(self.registry.rows("PRAGMA data_version")[0][0])

    # Starting.

    def may_start(self, job_ids: Collection[int]) -> bool:
        """Whether all of these still wait, and none is held."""
        places = questions(job_ids)
        query = f"SELECT count(*) FROM job WHERE job_id IN ({places}) AND priority > 0 AND {WAITING}"
        return bool(self.registry.rows(query, list(job_ids))[0][0] == len(job_ids))

    def start(self, job_id: int, submission: Mapping[str, Any], now: int) -> bool:
        """Makes the submission of a job that waits, as its next run. False where it waits no more, or is held."""

        def update(database: sqlite3.Connection) -> bool:
            row = database.execute(
                f"SELECT restart_count FROM job WHERE job_id = ? AND priority > 0 AND array_spec IS NULL AND {WAITING}", [job_id]
            ).fetchone()
            if row is None:
                return False
            attempts = database.execute("SELECT count(*) FROM submission WHERE job_id = ? AND restart = ?", [job_id, row[0]]).fetchone()[0]
            add_submission(database, job_id, {**submission, "restart": row[0], "attempt": attempts + 1})
            database.execute(
                "UPDATE job SET reason = 'None', dependency = '', eligible_time = coalesce(eligible_time, ?) WHERE job_id = ?",
                [now, job_id],
            )
            return True

        return self.registry.change(update)

    def split(self, job_id: int, tasks: Collection[int]) -> list[int]:
        """Gives elements of an array's record a row, and so an id, of their own; returns the ids of those that still waited there.

        The record's last element keeps the record's id, as in Slurm.
        """

        def update(database: sqlite3.Connection) -> list[int]:
            waiting = elements(database, job_id)
            taken = [task for task in sorted(tasks) if task in waiting]
            ids = []
            for task in taken:
                waiting.discard(task)
                if waiting:
                    ids.append(copy_row(database, job_id, task))
                else:
                    ids.append(job_id)
            if taken:
                write_elements(database, job_id, waiting or {taken[-1]})
            return ids

        return self.registry.change(update)

    def drop(self, job_id: int, tasks: Collection[int]) -> None:
        """Elements that wait are cancelled: as in Slurm, nothing tells of them any more. The last ones end with the record itself."""

        def update(database: sqlite3.Connection) -> None:
            waiting = elements(database, job_id)
            left = waiting - set(tasks)
            if left and left != waiting:
                write_elements(database, job_id, left)

        self.registry.change(update)

    def decide(self, job_id: int, **columns: Any) -> None:
        """Writes down why a job that waits does so: reason, dependency, eligible_time."""
        self._update(job_id, columns, WAITING)

    # What users change.

    def update(self, job_id: int, **columns: Any) -> bool:
        """Changes columns of a job that has not ended; whether there was one."""
        return self._update(job_id, columns, NOT_FINAL)

    def _update(self, job_id: int, columns: Mapping[str, Any], condition: str) -> bool:
        names = ", ".join(f"{name} = {'CAST(? AS TEXT)' if isinstance(value, str) else '?'}" for name, value in columns.items())
        values = [*(encoded(value) for value in columns.values()), job_id]
        query = f"UPDATE job SET {names} WHERE job_id = ? AND {condition}"
        return self.registry.change(lambda database: database.execute(query, values).rowcount == 1)

    def hold(self, job_id: int, reason: str) -> None:
        """reason: HELD_USER or HELD_ADMIN of slurm/reason.py."""
        self._update(job_id, {"priority": 0, "reason": reason}, f"{NOT_FINAL} AND reason != '{REQUEUED_HELD}'")

    def release(self, job_id: int, now: int) -> None:
        """A held job gets the next place in the order of coming, and the reason that a new one would have."""

        def update(database: sqlite3.Connection) -> None:
            row = database.execute(f"SELECT nice FROM job WHERE job_id = ? AND priority = 0 AND {NOT_FINAL}", [job_id]).fetchone()
            if row is not None:
                values = [next_priority(database, row[0]), now, job_id]
                why = f"CASE WHEN dependency != '' THEN '{DEPENDENCY}' WHEN begin_time > ? THEN '{BEGIN_TIME}' ELSE '{NONE}' END"
                columns = f"priority = ?, reason = {why}, state = replace(state, 'SPECIAL_EXIT', 'PENDING')"
                database.execute(f"UPDATE job SET {columns} WHERE job_id = ?", values)

        self.registry.change(update)

    # What becomes of a run. Several processes may see its end, and one of them so late that the job has begun its next one.

    def in_run(self, submission: str, change: Callable[[], object]) -> bool:
        """Makes a change that is news of a run, unless that run's end is known already; whether it was made."""

        def update(database: sqlite3.Connection) -> bool:
            query = "SELECT 1 FROM submission WHERE submission = ? AND phase != 'ended'"
            if database.execute(query, [submission]).fetchone() is None:
                return False
            change()
            return True

        return self.registry.change(update)

    def wish(self, job: JobView, wish: str) -> bool:
        """Notes what is to become of the job's run as `job` has it, which goes on; False where it does not, or not any more."""
        is_meant = "state = 'PENDING'" if wish == RECALL else "state != 'PENDING'"
        return self._update(job.job_id, {"wish": wish}, f"{NOT_FINAL} AND {is_meant} AND restart_count = {job.restart_count}")

    def taken_back(self, job_id: int) -> None:
        """The platform has a job no more that it had not started."""

        def update(database: sqlite3.Connection) -> None:
            database.execute("UPDATE submission SET phase = 'ended' WHERE job_id = ?", [job_id])
            database.execute("UPDATE job SET platform_job = '', wish = '' WHERE job_id = ? AND state = 'PENDING'", [job_id])

        self.registry.change(update)

    def ended(self, job_id: int, outcome: Mapping[str, Any]) -> None:
        """The end of a run: of the job, or, where another one follows, of this run alone; of one that was too late, as that."""

        def update(database: sqlite3.Connection) -> None:
            job = self.registry.job(job_id)
            wish = what_follows(job, outcome) if job is not None else ""
            if job is not None and job.wish == TOGETHER:
                self.registry.ended(job_id, self.common_end(job, int(outcome["end_time"])))
            elif job is None or not wish:
                self.registry.ended(job_id, outcome)
            elif wish == EXPIRE:
                self.registry.ended(job_id, {**outcome, "state": state.DEADLINE, "reason": PAST_DEADLINE})
            elif job.wish == RECALL and job.is_pending:
                self.taken_back(job_id)
            else:
                self.requeue(job, outcome, wish)

        self.registry.change(update)

    def end_with_others(self, job: JobView, now: int) -> bool:
        """The end of a component of a job that has ended: at once where the platform cannot have it; else it is wished for, and True."""

        def update(database: sqlite3.Connection) -> bool:
            query = "SELECT 1 FROM submission WHERE job_id = ? AND phase IN ('posting', 'posted')"
            if database.execute(query, [job.job_id]).fetchone() is None:
                self.registry.ended(job.job_id, self.common_end(job, now))
                return False
            columns = "wish = ?, state = replace(state, 'RUNNING', 'COMPLETING')"
            database.execute(f"UPDATE job SET {columns} WHERE job_id = ? AND {NOT_FINAL}", [TOGETHER, job.job_id])
            return True

        return self.registry.change(update)

    def without_run(self, job: JobView, now: int) -> None:
        """What was to be of a component's run that never came to be: it waits here again, or ends as the others."""
        if job.wish == RECALL:
            self.taken_back(job.job_id)
        else:
            self.registry.together(
                [partial(self.registry.ended, job.job_id, self.common_end(job, now)), partial(self.registry.close_submissions, job.job_id)]
            )

    def common_end(self, job: JobView, now: int) -> dict[str, Any]:
        """The end of a heterogeneous job as it is that of one of its components."""
        cause = hetjob.first_end(self.registry.components([job.het_job_id]))
        if cause is None:
            return {"state": state.CANCELLED, "reason": NONE, "exit_code": 0, "exit_signal": 0, "end_time": now}
        return {**{name: getattr(cause, name) for name in ("state", "reason", "exit_code", "exit_signal")}, "end_time": now}

    def requeue(self, job: JobView, outcome: Mapping[str, Any], wish: str) -> bool:
        """A run has ended, and the job waits for the next one; False where it does already.

        wish: see JobView; outcome: as Registry.ended takes it.
        """
        held, job_id = wish != "requeue", job.job_id
        how = outcome.get("state")

        def update(database: sqlite3.Connection) -> bool:
            now = outcome["end_time"]
            query = "SELECT 1 FROM job WHERE job_id = ? AND restart_count = ?"
            if database.execute(query, [job_id, job.restart_count]).fetchone() is None:
                return False
            database.execute(
                "INSERT INTO history SELECT job_id, restart_count, ?, ?, reason, node_list FROM job WHERE job_id = ?",
                [now, how if how in state.UNFORTUNATE else state.REQUEUED, job_id],
            )
            database.execute(
                "UPDATE step SET state = 'CANCELLED', end_time = ?, exit_signal = 15 WHERE job_id = ? AND end_time IS NULL", [now, job_id]
            )
            database.execute("UPDATE submission SET phase = 'ended' WHERE job_id = ?", [job_id])
            database.execute(
                "UPDATE job SET state = :state, wish = '', restart_count = restart_count + 1, start_time = NULL, end_time = NULL,"
                " node_list = '', platform_job = '', submit_time = :now, eligible_time = CASE WHEN :held THEN NULL ELSE :now END,"
                " reason = CASE WHEN :held THEN :requeued_held WHEN priority = 0 THEN :held_user ELSE 'None' END,"
                " priority = CASE WHEN :held THEN 0 ELSE priority END,"
                " exit_code = :exit_code, exit_signal = :exit_signal, cancelled_by = NULL WHERE job_id = :job_id",
                {
                    "now": now,
                    "held": held,
                    "state": state.SPECIAL_EXIT if wish == SPECIAL else state.PENDING,
                    "requeued_held": MAX_REQUEUE if wish == EXHAUSTED else REQUEUED_HELD,
                    "held_user": HELD_USER,
                    "exit_code": outcome["exit_code"],
                    "exit_signal": outcome["exit_signal"],
                    "job_id": job_id,
                },
            )
            remember(database, job_id, now)
            has_room_again(database, now)
            return True

        return self.registry.change(update)


def what_follows(job: JobView, outcome: Mapping[str, Any]) -> str:
    """What follows the end of a job's run, as `requeue` takes it; "" where that is the end of the job."""
    if job.cancelled_by is not None or job.state in state.FINAL:
        return ""
    if job.wish == RECALL:
        return "" if outcome["state"] == state.COMPLETED else "requeue"  # it was called back too late
    if job.wish == EXPIRE and outcome["state"] == state.COMPLETED:
        return ""
    if job.wish or outcome["state"] not in state.UNFORTUNATE or not (job.batch and job.requeue):
        return str(job.wish)
    return "requeue" if job.restart_count < MOST_REQUEUES else EXHAUSTED


def elements(database: sqlite3.Connection, job_id: int) -> set[int]:
    """The elements that wait in a record."""
    row = database.execute("SELECT array_spec FROM job WHERE job_id = ? AND state = 'PENDING'", [job_id]).fetchone()
    return set(array.unfold(row[0] or "")) if row else set()


def write_elements(database: sqlite3.Connection, job_id: int, tasks: Collection[int]) -> None:
    """What waits in a record; where that is one element, the record becomes it."""
    if len(tasks) == 1:
        database.execute("UPDATE job SET array_spec = NULL, array_task_id = ? WHERE job_id = ?", [*tasks, job_id])
    else:
        database.execute("UPDATE job SET array_spec = ? WHERE job_id = ?", [array.fold(tasks), job_id])


def copy_row(database: sqlite3.Connection, job_id: int, task: int) -> int:
    columns = ", ".join(COPIED)
    cursor = database.execute(
        f"INSERT INTO job ({columns}, array_task_id) SELECT {columns}, ? FROM job WHERE job_id = ?", [task, job_id]
    )
    new = int(cursor.lastrowid or 0)
    remember(database, new, database.execute("SELECT submit_time FROM job WHERE job_id = ?", [new]).fetchone()[0])
    return new
