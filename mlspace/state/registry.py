"""The registry: every job of this user, in one SQLite file that many processes use at once.

Commands and the controller meet here and nowhere else. Every change is one transaction; a final state is never overwritten.
"""

from __future__ import annotations

from mlspace.slurm import state
from mlspace.slurm.job import COLUMNS, JobView
from mlspace.slurm.reason import GPU_LIMIT, PRIORITY, RESOURCES
from mlspace.state import schema
from mlspace.state.database import Database, digest, encoded, packed, questions
from mlspace.state.places import has_room_again, has_taken

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import Any

    from mlspace.slurm.step import StepView

WATCH_SECONDS = 900.0
"""So long after a request was lost the platform's list is looked through for a job of it: 15 times the time that it is given to show up."""

MOST_VALUES = 10_000
"""Values in one query; SQLite takes 32,766 at most."""

NEXT = (
    "EXISTS (SELECT 1 FROM job WHERE job.job_id = submission.job_id AND (coalesce(het_offset, 0) = 0 OR EXISTS"
    " (SELECT 1 FROM submission AS first WHERE first.job_id = job.het_job_id AND first.phase = 'posted')))"
)
"""The other components of a heterogeneous job are sent when the platform has the first: they are told where that is."""

NOT_FINAL = "state NOT IN (" + ", ".join(f"'{word}'" for word in state.FINAL) + ")"


class Submission:
    """One attempt to have the platform run a job; see schema.SUBMISSION_PHASES."""

    FIELDS = (
        *("submission", "job_id", "restart", "attempt", "secret", "phase", "owner", "posted_at", "region", "platform_job"),
        *("platform_status", "lost_at"),
    )
    __slots__ = FIELDS

    def __init__(self, values: Sequence[Any]) -> None:
        for field, value in zip(self.FIELDS, values):  # noqa: B905
            setattr(self, field, value)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

        def __setattr__(self, name: str, value: Any) -> None: ...


class Registry(Database):
    """Jobs, their submissions and steps. Open it by Registry.open; methods raise StateError when the file cannot be used."""

    # Reading.

    def jobs(
        self,
        *,
        job_ids: Collection[int] | None = None,
        family_ids: Collection[int] | None = None,
        array_job_ids: Collection[int] | None = None,
        names: Collection[str] | None = None,
        states: Collection[str] | None = None,
        users: Collection[str] | None = None,
        ended_since: float | None = None,
    ) -> list[JobView]:
        """Jobs in order of id. `ended_since`: not those that ended before that time.

        `array_job_ids`: records and elements of these arrays. `family_ids`: those jobs, and what belongs to them, elements of an array
        and components of a heterogeneous job.
        """
        conditions = ["1"]
        values: list[Any] = []
        if family_ids is not None:
            places = questions(family_ids)
            conditions.append(any_of(*(f"{column} IN ({places})" for column in ("job_id", "array_job_id", "het_job_id"))))
            values += [*family_ids] * 3
        wishes = (("job_id", job_ids), ("array_job_id", array_job_ids), ("name", names), ("state", states), ("user", users))
        for column, wanted in wishes:
            if wanted is not None:
                place = "?" if column.endswith("job_id") else "CAST(? AS TEXT)"
                conditions.append(f"{column} IN ({', '.join([place] * len(wanted))})")
                values += [encoded(one) for one in wanted]
        if ended_since is not None:
            conditions.append(any_of("end_time IS NULL", "end_time >= ?"))
            values.append(ended_since)
        query = f"SELECT {', '.join(COLUMNS)} FROM job WHERE {' AND '.join(conditions)} ORDER BY job_id"
        return [JobView(row) for row in self.rows(query, values)]

    def job(self, job_id: int) -> JobView | None:
        found = self.jobs(job_ids=[job_id])
        return found[0] if found else None

    def components(self, het_job_ids: Collection[int]) -> list[JobView]:
        """The components of these heterogeneous jobs, in their order."""
        query = f"SELECT {', '.join(COLUMNS)} FROM job WHERE het_job_id IN ({questions(het_job_ids)}) ORDER BY job_id"
        return [JobView(row) for row in self.rows(query, list(het_job_ids))]

    def next_job_id(self) -> int:
        """The id that the next job will have."""
        rows = self.rows("SELECT seq FROM sqlite_sequence WHERE name = 'job'")
        return int(rows[0][0]) + 1 if rows else 1

    def job_of_platform(self, platform_job: str) -> int | None:
        """Job id of a platform job's name, of any attempt."""
        rows = self.rows("SELECT job_id FROM submission WHERE platform_job = ?", [platform_job])
        return rows[0][0] if rows else None

    def steps_of_runs(self, jobs: Collection[JobView]) -> dict[tuple[int, int], list[StepView]]:
        """Steps of all runs of the jobs, in their order, by job and restart count."""
        from mlspace.slurm.step import STEP_COLUMNS, StepView

        found: dict[tuple[int, int], list[StepView]] = {}
        ids = sorted({job.job_id for job in jobs})
        for start in range(0, len(ids), MOST_VALUES):
            some = ids[start : start + MOST_VALUES]
            query = f"SELECT restart, {', '.join(STEP_COLUMNS)} FROM step WHERE job_id IN ({questions(some)}) ORDER BY step"
            for restart, *values in self.rows(query, some):
                step = StepView(values)
                found.setdefault((step.job_id, restart), []).append(step)
        return found

    def usage_of_runs(self, jobs: Collection[JobView]) -> dict[tuple[int, int], dict[int, Any]]:
        """What the steps of all runs of the jobs used, as it was reported, by job and restart count, and then by step."""
        rows: list[tuple[Any, ...]] = []
        ids = sorted({job.job_id for job in jobs})
        for start in range(0, len(ids), MOST_VALUES):
            some = ids[start : start + MOST_VALUES]
            rows += self.rows(f"SELECT job_id, restart, step, content FROM usage WHERE job_id IN ({questions(some)})", some)
        if not rows:
            return {}
        import json

        found: dict[tuple[int, int], dict[int, Any]] = {}
        for job_id, restart, step, content in rows:
            found.setdefault((job_id, restart), {})[step] = json.loads(content)
        return found

    def steps(self, job_ids: Collection[int]) -> list[StepView]:
        """Steps of the jobs' latest runs, in order of job and step."""
        from mlspace.slurm.step import STEP_COLUMNS, StepView

        columns = ", ".join(f"step.{column}" for column in STEP_COLUMNS)
        ids, found = sorted(job_ids), []
        for start in range(0, len(ids), MOST_VALUES):
            some = ids[start : start + MOST_VALUES]
            query = (
                f"SELECT {columns} FROM step JOIN job ON job.job_id = step.job_id AND job.restart_count = step.restart"
                f" WHERE step.job_id IN ({questions(some)}) ORDER BY step.job_id, step.step"
            )
            found += self.rows(query, some)
        return [StepView(row) for row in found]

    def earlier_runs(self, jobs: Collection[JobView]) -> list[JobView]:
        """What jobs that were requeued did before, as jobs of their own, in order of job and run.

        A run that had ended before its job was requeued stays in its state; another is REQUEUED.
        """
        return [run for job in jobs if job.restart_count for run in self._runs_before(job)]

    def _runs_before(self, job: JobView) -> list[JobView]:
        runs: dict[int, dict[str, Any]] = {}
        query = "SELECT restart, time, state, reason, node_list FROM history WHERE job_id = ? AND restart < ? ORDER BY rowid"
        for restart, time, word, reason, node_list in self.rows(query, [job.job_id, job.restart_count]):
            first = {"restart_count": restart, "submit_time": time, "eligible_time": time, "start_time": None, "state": ""}
            run = runs.setdefault(restart, {**first, "exit_code": 0, "exit_signal": 0, "cancelled_by": None})
            if run["state"] not in state.FINAL:
                run |= {"state": word, "reason": reason, "node_list": node_list, "end_time": time}
            if word == state.RUNNING:
                run["start_time"] = time
        return [JobView([run[column] if column in run else getattr(job, column) for column in COLUMNS]) for run in runs.values()]

    def submissions(self, *, phases: Collection[str] = ("committed", "posting", "posted"), job_id: int | None = None) -> list[Submission]:
        """Attempts in the order in which they were made; by default those of which something is still expected."""
        query = f"SELECT {', '.join(Submission.FIELDS)} FROM submission WHERE phase IN ({questions(phases)})"
        values: list[Any] = list(phases)
        if job_id is not None:
            query += " AND job_id = ?"
            values.append(job_id)
        return [Submission(row) for row in self.rows(query + " ORDER BY rowid", values)]

    def stored(self, job_id: int) -> tuple[str, dict[str, str]]:
        """JSON text of the request, and the environment that the job was submitted with."""
        import json
        import zlib

        query = (
            "SELECT request.content, environment.content FROM job JOIN text AS request ON request.digest = job.request"
            " JOIN text AS environment ON environment.digest = job.environment WHERE job_id = ?"
        )
        request, environment = self.rows(query, [job_id])[0]
        variables: dict[str, str] = json.loads(zlib.decompress(environment))
        return zlib.decompress(request).decode(), variables

    # Changing.

    def add(
        self, values: Mapping[str, Any], request: str, environment: Mapping[str, str], submission: Mapping[str, Any] | None = None
    ) -> int:
        """A new job, committed; returns its id. With its first submission, unless it has to wait here.

        `values` are columns of the job table. priority: 0 is held, None the next place in the order of coming. An array's
        record has array_spec, or array_task_id where it is of one element, and becomes its own array_job_id.
        """
        return self.change(lambda database: insert_job(database, values, request, environment, submission))

    def add_components(
        self, new: Sequence[tuple[Mapping[str, Any], str, Mapping[str, str]]], submissions: Sequence[Mapping[str, Any] | None]
    ) -> list[int]:
        """A heterogeneous job, all of it or nothing: what `add` takes for each component. Their ids follow one another."""

        def insert(database: sqlite3.Connection) -> list[int]:
            ids = [insert_job(database, *one, submission) for one, submission in zip(new, submissions, strict=True)]
            for offset, job_id in enumerate(ids):
                database.execute("UPDATE job SET het_job_id = ?, het_offset = ? WHERE job_id = ?", [ids[0], offset, job_id])
            return ids

        return self.change(insert)

    def is_crowded(self, place: str, *, is_one: bool) -> bool:
        """Whether a place is known to be full, or a job waits here that comes before a new one for it. is_one: all places are one."""
        query = (
            "SELECT 1 FROM job WHERE state = 'PENDING' AND priority > 0 AND reason IN (?, ?, ?) AND platform_job = ''"
            " AND (place = ? OR ?) UNION ALL SELECT 1 FROM place WHERE place = ? AND refusals > 0 LIMIT 1"
        )
        return bool(self.rows(query, [RESOURCES, PRIORITY, GPU_LIMIT, place, is_one, place]))

    def keep(self, text: str) -> str:
        """Stores a request's text; returns what stands for it in the column `request`."""
        return self.change(lambda database: keep(database, text))

    def remove(self, job_id: int) -> None:
        """Takes back a job that the platform has refused; its id is not given again."""

        def delete(database: sqlite3.Connection) -> None:
            for table in ("history", "mail", "usage", "step", "submission", "job"):
                database.execute(f"DELETE FROM {table} WHERE job_id = ?", [job_id])

        self.change(delete)

    def claim(self, one: Submission, owner: str, now: float) -> bool:
        """Takes a submission that nobody works on any more, in order to send it; False if another process was faster.

        `one` is as it was seen last, and becomes what it is now. What may have been sent before is another attempt from here on.
        """

        def update(database: sqlite3.Connection) -> bool:
            cursor = database.execute(
                "UPDATE submission SET phase = 'posting', owner = ?, posted_at = ?, attempt = attempt + (phase = 'posting')"
                f" WHERE submission = ? AND owner = ? AND attempt = ? AND phase = ? AND phase IN ('committed', 'posting') AND {NEXT}",
                [owner, now, one.submission, one.owner, one.attempt, one.phase],
            )
            return cursor.rowcount == 1

        if not self.change(update):
            return False
        one.attempt += one.phase == "posting"
        one.phase, one.owner, one.posted_at = "posting", owner, now
        return True

    def release(self, one: Submission, *, sent: bool, now: float) -> None:
        """Gives a claimed submission up to whoever comes next. `sent`: the request may have had its effect.

        Once it may have had that, it stays `posting`, so that it is looked for before anything is sent again.
        """
        self.change(
            lambda database: database.execute(
                "UPDATE submission SET owner = '', lost_at = CASE WHEN :sent THEN :now ELSE lost_at END,"
                " phase = CASE WHEN :sent OR lost_at IS NOT NULL THEN 'posting' ELSE 'committed' END"
                " WHERE submission = :submission AND owner = :owner AND phase IN ('committed', 'posting')",
                {"sent": sent, "now": now, "submission": one.submission, "owner": one.owner},
            )
        )

    def unless_taken(self, one: Submission, change: Callable[[], object]) -> bool:
        """Makes a change for want of a submission that was refused, unless somebody else sends it by now; whether it was made.

        What was given up lies there for everybody: between a refusal and its consequence another process may have taken it.
        """

        def update(database: sqlite3.Connection) -> bool:
            query = (
                "SELECT 1 FROM submission WHERE submission = ? AND owner IN ('', ?) AND attempt = ? AND phase IN ('committed', 'posting')"
            )
            if database.execute(query, [one.submission, one.owner, one.attempt]).fetchone() is None:
                return False
            change()
            return True

        return self.change(update)

    def posted(self, submission: str, platform_job: str) -> bool:
        """The platform's job for a submission. False if nobody wants it: it has another one already, or its run is known to be over.

        Where but one request was ever sent there can be no other job, and nothing is lost any more.
        """

        def update(database: sqlite3.Connection) -> bool:
            cursor = database.execute(
                "UPDATE submission SET phase = 'posted', platform_job = ?, lost_at = CASE WHEN attempt > 1 THEN lost_at END"
                " WHERE submission = ? AND platform_job IN ('', ?) AND phase != 'ended'",
                [platform_job, submission, platform_job],
            )
            if cursor.rowcount == 1:
                (job_id,) = database.execute("SELECT job_id FROM submission WHERE submission = ?", [submission]).fetchone()
                database.execute("UPDATE job SET platform_job = ?, system_comment = NULL WHERE job_id = ?", [platform_job, job_id])
                has_taken(database, job_id)
            return cursor.rowcount == 1

        return self.change(update)

    def doubtful(self, now: float) -> list[Submission]:
        """Submissions of which a request was lost so recently that a job of it may still show up, although nobody waits for that."""
        query = f"SELECT {', '.join(Submission.FIELDS)} FROM submission WHERE lost_at > ? AND phase != 'posting' ORDER BY rowid"
        return [Submission(row) for row in self.rows(query, [now - WATCH_SECONDS])]

    def double(self, submission: str, platform_job: str, now: float) -> None:
        """Records a job of the platform's that was one too many for a submission, and was deleted."""
        query = "INSERT OR IGNORE INTO double VALUES (?, ?, ?)"
        self.change(lambda database: database.execute(query, [platform_job, submission, now]))

    def doubles(self, submissions: Collection[str]) -> set[str]:
        """The platform's jobs that were recorded as doubles of these submissions."""
        places = questions(submissions)
        return {row[0] for row in self.rows(f"SELECT platform_job FROM double WHERE submission IN ({places})", list(submissions))}

    def pending(self, job_id: int, reason: str) -> None:
        """Why the job waits."""
        query = "UPDATE job SET reason = ? WHERE job_id = ? AND state = 'PENDING'"
        self.change(lambda database: database.execute(query, [reason, job_id]))

    def running(self, job_id: int, start_time: int, node_list: str) -> None:
        """The job has started; what is known already stays."""

        def update(database: sqlite3.Connection) -> None:
            cursor = database.execute(
                "UPDATE job SET state = 'RUNNING', reason = 'None', start_time = ?"
                " WHERE job_id = ? AND state IN ('PENDING', 'CONFIGURING')",
                [start_time, job_id],
            )
            if node_list:
                database.execute("UPDATE job SET node_list = ? WHERE job_id = ? AND node_list = ''", [node_list, job_id])
            if cursor.rowcount:
                remember(database, job_id, start_time)

        self.change(update)

    def cancelling(self, job_id: int, uid: int) -> None:
        """Somebody wants the job to end; a running one is COMPLETING until it has."""

        def update(database: sqlite3.Connection) -> None:
            database.execute(
                "UPDATE job SET cancelled_by = ?, state = CASE state WHEN 'RUNNING' THEN 'COMPLETING' ELSE state END"
                f" WHERE job_id = ? AND {NOT_FINAL}",
                [uid, job_id],
            )

        self.change(update)

    def ended(self, job_id: int, outcome: Mapping[str, Any]) -> None:
        """The end. `outcome` has state, reason, exit_code, exit_signal and end_time.

        It may have start_time, where that became known only now, and system_comment, what the platform has said of it.
        """

        def update(database: sqlite3.Connection) -> None:
            # An array's record that never ran stays that of the elements that it stood for, as in Slurm.
            cursor = database.execute(
                "UPDATE job SET state = :state, reason = :reason, exit_code = :exit_code, exit_signal = :exit_signal, end_time = :end_time,"
                " wish = '', start_time = coalesce(start_time, :start_time), system_comment = coalesce(:system_comment, system_comment)"
                f" WHERE job_id = :job_id AND {NOT_FINAL}",
                {"start_time": None, "system_comment": None, **outcome, "job_id": job_id},
            )
            # What may have been sent without an answer is still looked for: it may be running.
            database.execute("UPDATE submission SET phase = 'ended' WHERE job_id = ? AND phase != 'posting'", [job_id])
            database.execute(
                "UPDATE step SET state = 'CANCELLED', end_time = ?, exit_signal = 15 WHERE job_id = ? AND end_time IS NULL",
                [outcome["end_time"], job_id],
            )
            if cursor.rowcount:
                remember(database, job_id, outcome["end_time"])
                has_room_again(database, outcome["end_time"])

        self.change(update)

    def close_submissions(self, job_id: int) -> None:
        """Nothing more is expected of a job that has ended."""
        self.change(lambda database: database.execute("UPDATE submission SET phase = 'ended' WHERE job_id = ?", [job_id]))

    def add_step(self, job_id: int, restart: int, values: Mapping[str, Any]) -> None:
        """A step of one of the job's runs. What is known already is replaced, but not an end by a beginning.

        Whoever has read the reports earlier may write them down later.
        """
        row = {**values, "job_id": job_id, "restart": restart}
        changes = ", ".join(f"{column} = excluded.{column}" for column in values)
        query = (
            f"INSERT INTO step ({', '.join(row)}) VALUES ({questions(row)})"
            f" ON CONFLICT DO UPDATE SET {changes} WHERE excluded.end_time IS NOT NULL OR step.end_time IS NULL"
        )
        self.change(lambda database: database.execute(query, list(row.values())))

    def add_usage(self, job_id: int, restart: int, used: Mapping[int, Any]) -> None:
        """What steps of one of the job's runs used, by step; what is known already stays."""
        import json

        rows = [[job_id, restart, step, json.dumps(content, separators=(",", ":"))] for step, content in used.items()]
        self.change(lambda database: database.executemany("INSERT OR IGNORE INTO usage VALUES (?, ?, ?, ?)", rows))

    def claim_poll(self, region: str, now: float, seconds: float) -> bool:
        """Whether it is our turn to ask the platform about a region: nobody did so in the last `seconds`. Says so to the others."""

        times = self.rows("SELECT time FROM poll WHERE region = ?", [region])
        if times and now - seconds < times[0][0] <= now + 1:
            return False  # many look, and only one of them has to write

        def update(database: sqlite3.Connection) -> bool:
            cursor = database.execute(
                "INSERT INTO poll VALUES (:region, :now) ON CONFLICT (region) DO UPDATE SET time = :now"
                " WHERE time <= :now - :seconds OR time > :now + 1",  # the second: a clock that was set back
                {"region": region, "now": now, "seconds": seconds},
            )
            return cursor.rowcount == 1

        return self.change(update)

    def shift_times(self, seconds: float) -> None:
        """The clock was set: moments from which something is measured stay as long ago as they were."""

        def update(database: sqlite3.Connection) -> None:
            values = {"seconds": seconds}
            database.execute(
                "UPDATE submission SET posted_at = posted_at + :seconds, lost_at = lost_at + :seconds"
                " WHERE phase != 'ended' OR lost_at IS NOT NULL",
                values,
            )
            database.execute("UPDATE poll SET time = time + :seconds", values)
            database.execute("UPDATE place SET refused_at = refused_at + :seconds, next_try = next_try + :seconds", values)

        self.change(update)


def next_priority(database: sqlite3.Connection, nice: int) -> int:
    """Who comes later has less, and who is nice. Source: priority/basic of Slurm 22.05."""
    database.execute("UPDATE queued SET number = number + 1")
    number = database.execute("SELECT number FROM queued").fetchone()[0]
    return max(1, schema.FIRST_PRIORITY - int(number) - nice)


def keep(database: sqlite3.Connection, text: str) -> str:
    """Stores a text that many jobs share; returns its digest."""
    database.execute("INSERT OR IGNORE INTO text VALUES (?, ?)", [digest(text), packed(text)])
    return digest(text)


def insert_job(
    database: sqlite3.Connection,
    values: Mapping[str, Any],
    request: str,
    environment: Mapping[str, str],
    submission: Mapping[str, Any] | None,
) -> int:
    """Registry.add within a transaction."""
    import json

    row = {**values, "request": keep(database, request), "environment": keep(database, json.dumps(environment, sort_keys=True))}
    if row.get("priority") is None:
        row["priority"] = next_priority(database, row.get("nice") or 0)
    names = ", ".join(row)
    places = ", ".join("CAST(? AS TEXT)" if isinstance(value, str) else "?" for value in row.values())
    cursor = database.execute(f"INSERT INTO job ({names}) VALUES ({places})", [encoded(value) for value in row.values()])
    job_id = int(cursor.lastrowid or 0)
    if row.get("array_spec") or row.get("array_task_id") is not None:
        database.execute("UPDATE job SET array_job_id = job_id WHERE job_id = ?", [job_id])
    if submission is not None:
        add_submission(database, job_id, submission)
    remember(database, job_id, values["submit_time"])
    return job_id


def add_submission(database: sqlite3.Connection, job_id: int, submission: Mapping[str, Any]) -> None:
    fields = {**submission, "job_id": job_id}
    database.execute(f"INSERT INTO submission ({', '.join(fields)}) VALUES ({questions(fields)})", list(fields.values()))


def remember(database: sqlite3.Connection, job_id: int, time: int) -> None:
    """Keeps the job's present state for accounting."""
    database.execute(
        "INSERT INTO history SELECT job_id, restart_count, ?, state, reason, node_list FROM job WHERE job_id = ?", [time, job_id]
    )


def any_of(*conditions: str) -> str:
    """Jobs of which one condition is true. An OR would have SQLite read the whole table; so each condition finds its index."""
    return f"job_id IN ({' UNION ALL '.join(f'SELECT job_id FROM job WHERE {condition}' for condition in conditions)})"
