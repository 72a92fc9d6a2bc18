"""What the components of a heterogeneous job owe each other: all of them are sent or none is, and they end together. Pure.

One that was cancelled by itself while the job ran leaves the others alone, as in Slurm; whatever else ends one, ends all.
"""

from __future__ import annotations

from mlspace.slurm import state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from mlspace.slurm.job import JobView

REPORT_SECONDS = 5
"""Component 0 ends the others through their connection, and its own report may be a moment behind theirs."""


def first_end(members: Iterable[JobView]) -> JobView | None:
    """The component whose end is that of all; None where none has ended but by being cancelled alone."""
    over = [job for job in members if job.state in state.FINAL and (job.het_offset == 0 or job.cancelled_by is None)]
    return min(over, key=lambda job: (job.het_offset != 0, job.end_time), default=None)


def to_end(members: Sequence[JobView], now: float) -> list[JobView]:
    """The components that are still there though the job has ended."""
    cause = first_end(members)
    if cause is None or (cause.het_offset and now < cause.end_time + REPORT_SECONDS):
        return []
    return [job for job in members if job.state not in state.FINAL]


def to_take_back(members: Sequence[JobView], sent: Collection[int]) -> list[JobView]:
    """The components that were sent, or are to be, while another one waits here again: it found no room, or is to run once more.

    sent: ids of those that have a submission of which something is still expected.
    """
    alive = [job for job in members if job.state not in state.FINAL]
    if all(job.job_id in sent for job in alive):
        return []
    return [job for job in alive if job.job_id in sent and not job.wish and job.cancelled_by is None]


def by_leader(jobs: Iterable[JobView]) -> dict[int, list[JobView]]:
    """The components among these jobs, by the id of their heterogeneous job."""
    families: dict[int, list[JobView]] = {}
    for job in jobs:
        if job.het_job_id is not None:
            families.setdefault(job.het_job_id, []).append(job)
    return families


def as_one(members: Sequence[JobView]) -> JobView:
    """A heterogeneous job that waits as one row, its first one: it starts when all of them may, and takes what they take together."""
    first, last = members[0], max(members, key=lambda job: job.time_min or job.time_limit or 0)
    wanted = [job.dependency for job in members if job.dependency]
    return first.but(
        priority=min(job.priority for job in members),
        dependency=",".join(dict.fromkeys(wanted)),
        begin_time=max((job.begin_time for job in members if job.begin_time is not None), default=None),
        deadline=min((job.deadline for job in members if job.deadline is not None), default=None),
        time_min=last.time_min,
        time_limit=last.time_limit,
        nodes=sum(job.nodes for job in members),
        cpus=sum(job.cpus for job in members),
        memory_mib=sum(job.memory_mib for job in members),
        gpus=sum(job.gpus for job in members),
    )
