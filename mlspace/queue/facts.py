"""What a decision has to know of other jobs than those that wait."""

from __future__ import annotations

from mlspace.slurm import state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlspace.slurm.job import JobView


class Facts:
    """Answers from the registry, each asked for once. jobs: Registry.jobs. sent: the jobs that were sent and have not ended."""

    def __init__(self, jobs: Callable[..., list[JobView]], sent: Sequence[JobView]) -> None:
        self._ask = jobs
        self._begun = {job.job_id for job in sent}
        self._running: dict[int | None, int] = {}
        for job in sent:
            self._running[job.array_job_id] = self._running.get(job.array_job_id, 0) + 1
        self._arrays: dict[int, list[JobView]] = {}
        self._jobs: dict[int, JobView | None] = {}
        self._names: dict[tuple[str, str], list[JobView]] = {}

    def find(self, job_id: int, task: str) -> Sequence[JobView]:
        """The rows that are meant by a job id and "" (the job itself), an index, or "*": all of an array. Nothing for one unknown."""
        if not task:
            if job_id not in self._jobs:
                self._jobs[job_id] = next(iter(self._ask(job_ids=[job_id])), None)
            job = self._jobs[job_id]
            return [] if job is None else [job]
        rows = self.array(job_id)
        if task == "*":
            return rows
        number = int(task)
        return [row for row in rows if row.array_task_id == number or (row.array_spec and number in row.tasks_waiting)]

    def array(self, array_job_id: int) -> list[JobView]:
        if array_job_id not in self._arrays:
            self._arrays[array_job_id] = self._ask(array_job_ids=[array_job_id])
        return self._arrays[array_job_id]

    def same_name(self, job: JobView) -> Sequence[JobView]:
        """The user's unfinished jobs that are called as this one."""
        key = (job.user, job.name)
        if key not in self._names:
            self._names[key] = self._ask(users=[job.user], names=[job.name], states=state.ACTIVE)
        return self._names[key]

    def start(self, job: JobView) -> None:
        """The job, or some of an array's elements, have just been started."""
        self._begun.add(job.job_id)

    def has_begun(self, job: JobView) -> bool:
        """Whether it has been sent, although it may still wait at the platform; or some of its elements have."""
        return not job.is_pending or job.job_id in self._begun

    def running(self, array_job_id: int) -> int:
        """How many of an array's elements have been sent and have not ended."""
        return self._running.get(array_job_id, 0)
