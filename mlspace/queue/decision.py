"""One look at what waits: which jobs and elements start now, and the reason that squeue shows of the others.

Pure: rows, what is known of other jobs (Facts), what is free (Room) and the time go in; actions come out, in the order in which they
are to be carried out. Source of reasons and their precedence: Slurm 22.05.
"""

from __future__ import annotations

from mlspace.queue import dependency
from mlspace.slurm import state
from mlspace.slurm.reason import ARRAY_LIMIT, BEGIN_TIME, DEPENDENCY, NEVER_SATISFIED, PAST_DEADLINE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TypeAlias

    from mlspace.queue.facts import Facts
    from mlspace.queue.room import Room
    from mlspace.slurm.job import JobView

    Action: TypeAlias = "Start | Split | Explain | End"

MARGIN_SECONDS = 0.1
"""Behind the last moment at which a job may start, it may not."""


class Start:
    """The job is to be sent now; of an array's record, these elements of it."""

    __slots__ = ("job", "tasks")

    def __init__(self, job: JobView, tasks: Sequence[int] = ()) -> None:
        self.job = job
        self.tasks = tasks


class Split:
    """Each element of the record waits for something of its own, and so gets a row of its own."""

    __slots__ = ("job",)

    def __init__(self, job: JobView) -> None:
        self.job = job


class Explain:
    """Why the job waits, where that has changed: columns of its row."""

    __slots__ = ("columns", "job")

    def __init__(self, job: JobView, **columns: str | int | None) -> None:
        self.job = job
        self.columns = columns


class End:
    """The job ends without having run."""

    __slots__ = ("job", "reason", "state")

    def __init__(self, job: JobView, state: str, reason: str) -> None:
        self.job = job
        self.state = state
        self.reason = reason


def decide(waiting: Iterable[JobView], facts: Facts, room: Room, now: float) -> Iterator[Action]:
    """Actions for jobs that wait, given in the order in which they are to start. Held ones stay as they are."""
    started: dict[int, int] = {}  # elements of each array by this look
    for job in waiting:
        if job.is_held:
            continue
        if misses_deadline(job, now):
            yield End(job, state.DEADLINE, PAST_DEADLINE)
            continue
        left, met = dependency.evaluate(job, facts, now)
        if met != dependency.MET:
            yield from waits_for_others(job, left, met)
            continue
        if job.begin_time is not None and now < job.begin_time:
            yield from changed(job, reason=BEGIN_TIME, dependency="", eligible_time=job.begin_time)
            continue
        allowed, count = may_start(job, facts, started), 0
        while count < allowed and room.take(job):
            count += 1
        if count:
            started[job.array_job_id] = started.get(job.array_job_id, 0) + count
            facts.start(job)
            yield Start(job, job.tasks_waiting[:count])
        if count < elements(job):
            reason, words = (ARRAY_LIMIT, None) if count == allowed else room.why_blocked(job)
            since = None if job.array_spec else job.eligible_time or int(now)
            yield from changed(job, reason=reason, dependency="", eligible_time=since, system_comment=words)


def waits_for_others(job: JobView, left: str, met: str) -> list[Action]:
    if met == dependency.WAITING:
        if job.array_spec and dependency.needs_elements(left):
            return [Split(job)]
        return changed(job, reason=DEPENDENCY, dependency=left, eligible_time=None)
    told = changed(job, reason=NEVER_SATISFIED, dependency=left, eligible_time=None)
    if job.option("kill-on-invalid-dep"):
        return [*told, End(job, state.CANCELLED, NEVER_SATISFIED)]
    return told


def elements(job: JobView) -> int:
    return len(job.tasks_waiting) if job.array_spec else 1


def may_start(job: JobView, facts: Facts, started: dict[int, int]) -> int:
    """How many elements of the job its array's limit lets start now; 1 for a job of no array."""
    if job.array_job_id is None or not job.array_limit:
        return elements(job)
    running = facts.running(job.array_job_id) + started.get(job.array_job_id, 0)
    return max(0, min(elements(job), int(job.array_limit) - running))


def misses_deadline(job: JobView, now: float) -> bool:
    """Whether the job, started now, could not end in time. Source: Slurm 22.05, deadline_ok."""
    latest = latest_start(job)
    return latest is not None and now > latest


def latest_start(job: JobView) -> float | None:
    """Unix seconds; None where there is no deadline."""
    if job.deadline is None:
        return None
    minutes = job.time_min if job.time_min is not None else job.time_limit
    return float(job.deadline - (minutes or 0) * 60)


def changed(job: JobView, **columns: str | int | None) -> list[Action]:
    """An action only where something differs: a look that finds all as it was writes nothing."""
    new = {name: value for name, value in columns.items() if getattr(job, name) != value}
    return [Explain(job, **new)] if new else []


def next_look(waiting: Iterable[JobView], facts: Facts, now: float) -> float | None:
    """When the clock alone may let something start, or end: the earliest such moment; None where it cannot."""
    moments: list[float] = []
    for job in waiting:
        if not job.is_held:
            latest = latest_start(job)
            moments += [job.begin_time] if job.begin_time is not None else []
            moments += [latest + MARGIN_SECONDS] if latest is not None else []
            moments += dependency.moments(job.dependency, facts)
    return min((float(moment) for moment in moments if moment > now), default=None)
