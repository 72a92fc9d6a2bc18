"""What accounting tells of jobs: their runs with their steps, and what those used."""

from __future__ import annotations

from mlspace.slurm.step import WHOLE_JOB, Account, batch_step
from mlspace.slurm.usage import used, used_by_job

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.slurm.job import JobView
    from mlspace.state.registry import Registry


def accounts(registry: Registry, jobs: Sequence[JobView]) -> list[Account]:
    """That of each of the jobs, or of their earlier runs."""
    steps, usage = registry.steps_of_runs(jobs), registry.usage_of_runs(jobs)
    found = []
    for job in jobs:
        run = job.job_id, job.restart_count
        own = [*([batch_step(job)] if job.runs_script and job.start_time is not None else []), *steps.get(run, [])]
        told = usage.get(run, {})
        for step in own:
            step.used = used(told.get(step.step))
        found.append(Account(job, own, used_by_job(told.get(WHOLE_JOB), [step.used for step in own])))
    return found
