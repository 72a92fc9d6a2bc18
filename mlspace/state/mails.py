"""Which mails are due, each of which is taken once.

Its row is written before the mail program is called: a controller that is killed in between loses a mail, and nobody gets one twice.
"""

from __future__ import annotations

from mlspace.slurm import mail, state
from mlspace.slurm.job import COLUMNS, JobView
from mlspace.slurm.mail import Elements, Mail
from mlspace.slurm.reason import NEVER_SATISFIED
from mlspace.slurm.step import derived_exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from mlspace.state.registry import Registry

WANTS_MAIL = "instr(job.details, '\"mail-type\"')"
"""Few jobs do; of these alone the details are read."""

MOST_BEHIND = 1000
"""So many lines of the history without mail may be looked through again and again before a line is written of it."""


class Mails:
    """Of one registry. Methods raise StateError."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def take(self, now: float, most: int) -> list[Mail]:
        """Mails that are due, `most` or a few more; the caller sends them, for nobody else will."""
        if not self._is_any_due(now):
            return []

        def update(database: sqlite3.Connection) -> list[Mail]:
            taken: list[Mail] = []
            seen, last = self._history(database)
            for rowid, found in self._of_history(seen):
                if len(taken) >= most:
                    break
                taken += [one for one in found if self._claim(database, one)]
                seen = rowid
            else:
                seen = last
            database.execute("UPDATE mailed SET history = ?", [seen])
            for one in self._of_state(now):
                if len(taken) < most and self._claim(database, one):
                    taken.append(one)
            return taken

        return self.registry.change(update)

    def next_look(self, now: float) -> float | None:
        """When a job that runs will have used the next part of its time that somebody wants to hear of; unix seconds."""
        due = [moment for job in self._running() for event, moment in parts(job) if moment > now]
        return min(due, default=None)

    def _is_any_due(self, now: float) -> bool:
        """A look that writes nothing: nearly always there is nothing."""
        (seen,), (last,) = self.registry.rows("SELECT history FROM mailed UNION ALL SELECT coalesce(max(rowid), 0) FROM history")
        if last - seen > MOST_BEHIND or seen > last:
            return True
        query = f"SELECT 1 FROM history JOIN job USING (job_id) WHERE history.rowid > ? AND {WANTS_MAIL} LIMIT 1"
        return bool(self.registry.rows(query, [seen])) or any(True for _ in self._of_state(now, only_new=True))

    def _history(self, database: sqlite3.Connection) -> tuple[int, int]:
        """How far the history was looked through, and how far it goes."""
        (seen,) = database.execute("SELECT history FROM mailed").fetchone()
        (last,) = database.execute("SELECT coalesce(max(rowid), 0) FROM history").fetchone()
        return min(int(seen), int(last)), int(last)

    def _of_history(self, seen: int) -> Iterator[tuple[int, list[Mail]]]:
        """The mails of each change of a job's state since then, with the line of the history."""
        query = (
            "SELECT history.rowid, history.job_id, history.restart, history.time, history.state, history.reason"
            f" FROM history JOIN job USING (job_id) WHERE history.rowid > ? AND {WANTS_MAIL} ORDER BY history.rowid"
        )
        for rowid, job_id, restart, time, word, reason in self.registry.rows(query, [seen]):
            job = self._run(job_id, restart)
            if job is not None:
                yield rowid, list(self._of_change(job, word, time, reason))

    def _run(self, job_id: int, restart: int) -> JobView | None:
        """The job as it was in that run; None of a component besides the first, whose mail tells of all."""
        job = self.registry.job(job_id)
        if job is None or (job.het_offset or 0) > 0:
            return None
        if job.restart_count == restart:
            return job
        return next((run for run in self.registry.earlier_runs([job]) if run.restart_count == restart), None)

    def _of_change(self, job: JobView, word: str, time: int, reason: str) -> Iterator[Mail]:
        types = mail.wanted(job)
        if word == state.CANCELLED and reason == NEVER_SATISFIED and mail.INVALID_DEPEND in types:
            yield Mail(job, mail.INVALID_DEPEND, state.PENDING, time)
        whole = mail.is_summed_up(job)
        array = self._ends_of_array(job.array_job_id) if whole and word in state.FINAL else None
        for event in mail.of_state(word, types, failed=None if array is None else array.has_failed):
            if not whole or event == mail.REQUEUE or event == mail.TIME_LIMIT:
                yield self._with_steps(Mail(job, event, word, time))
            elif event == mail.BEGIN:
                yield Mail(job, event, word, time, is_array=True)
            elif array is not None:
                yield Mail(job, event, word, time, is_array=True, array=array)

    def _with_steps(self, one: Mail) -> Mail:
        if one.event in (mail.END, mail.FAIL):
            steps = self.registry.steps_of_runs([one.job]).get((one.job.job_id, one.job.restart_count), [])
            one.derived = derived_exit(steps)[0]
        return one

    def _ends_of_array(self, array_job_id: int) -> Elements | None:
        """None while one of its elements has not ended."""
        elements = self.registry.jobs(array_job_ids=[array_job_id])
        if any(element.state not in state.FINAL for element in elements):
            return None
        ran = [element for element in elements if element.start_time is not None]
        return Elements([status_of(element) for element in ran], has_failed=any(one.state not in mail.WELL for one in elements))

    def _of_state(self, now: float, *, only_new: bool = False) -> Iterator[Mail]:
        """Mails of what is no change of a job's state. only_new: not those that were taken."""
        query = f"SELECT {', '.join(COLUMNS)} FROM job WHERE state = 'PENDING' AND reason = ? AND {WANTS_MAIL}"
        found = [
            Mail(job, mail.INVALID_DEPEND, job.state, int(now))
            for job in map(JobView, self.registry.rows(query, [NEVER_SATISFIED]))
            if mail.INVALID_DEPEND in mail.wanted(job)
        ]
        found += [
            Mail(job, event, job.state, int(now)) for job in self._running() for event, moment in reversed(parts(job)) if moment <= now
        ]
        for one in found:
            if not only_new or not self.registry.rows(f"SELECT 1 FROM mail WHERE {KEY}", key_of(one)):
                yield one

    def _running(self) -> list[JobView]:
        query = (
            f"SELECT {', '.join(COLUMNS)} FROM job WHERE state = 'RUNNING' AND time_limit IS NOT NULL AND instr(details, 'TIME_LIMIT_')"
        )
        return [job for job in map(JobView, self.registry.rows(query)) if not job.het_offset]

    def _claim(self, database: sqlite3.Connection, one: Mail) -> bool:
        return database.execute("INSERT OR IGNORE INTO mail VALUES (?, ?, ?)", key_of(one)).rowcount == 1


KEY = "job_id = ? AND restart = ? AND event = ?"


def key_of(one: Mail) -> list[object]:
    """What a mail is one of a kind by: a run ends once, whether well or not, and so does an array."""
    event = mail.END if one.event == mail.FAIL else one.event
    job = one.job
    return [job.array_job_id, 0, f"ARRAY_{event}"] if one.is_array else [job.job_id, job.restart_count or 0, event]


def parts(job: JobView) -> list[tuple[str, float]]:
    """The parts of its time limit that its mail is wanted of, each with when it has run so long."""
    types = mail.wanted(job)
    whole = 60 * int(job.time_limit)
    return [(event, job.start_time + whole * percent / 100) for event, percent in mail.PARTS.items() if event in types]


def status_of(job: JobView) -> int:
    return 9 if job.state == state.CANCELLED else job.wait_status
