"""Heterogeneous jobs: what the platform has as jobs of their own is kept together, also when whoever sent them was killed midway."""

from __future__ import annotations

from functools import partial

from mlspace.errors import MlspaceError
from mlspace.slurm import hetjob
from mlspace.state.files import forget_files
from mlspace.state.queue import RECALL, TOGETHER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mlspace.slurm.job import JobView
    from mlspace.state.queue import Queue
    from mlspace.state.registry import Submission


class Families:
    """Those of one registry. delete: asks the platform to end the jobs of submissions; returns what failed, by submission."""

    def __init__(
        self, queue: Queue, state_dir: str, now: Callable[[], float], delete: Callable[[Sequence[Submission]], Mapping[str, MlspaceError]]
    ) -> None:
        self.queue = queue
        self.registry = queue.registry
        self.state_dir = state_dir
        self.now = now
        self.delete = delete

    def settle(self, het_job_ids: Iterable[int]) -> None:
        """Ends what is left of jobs that have ended, and takes back what was sent of those that could not be sent as a whole.

        Raises the first error of the platform's; a later round asks it again.
        """
        families = hetjob.by_leader(self.registry.components(sorted(set(het_job_ids))))
        failures: dict[str, MlspaceError] = {}
        for members in families.values():
            sent = {job.job_id: self.registry.submissions(job_id=job.job_id) for job in members}
            ending = hetjob.to_end(members, self.now())
            for job in ending:
                failures |= self.end(job, sent[job.job_id])
            if not ending:
                for job in hetjob.to_take_back(members, [job_id for job_id, open_ones in sent.items() if open_ones]):
                    failures |= self.take_back(job, sent[job.job_id])
        for error in failures.values():
            raise error

    def is_sent(self, job: JobView) -> bool:
        """Whether the platform has all of the job, so that it is started as soon as there is room."""
        members = [] if job.het_job_id is None else self.registry.components([job.het_job_id])
        return all(self.registry.submissions(job_id=one.job_id, phases=("posted", "ended")) for one in members)

    def end(self, job: JobView, sent: Sequence[Submission]) -> Mapping[str, MlspaceError]:
        """The end of a component of a job that has ended: at once where the platform has nothing of it, else when that says so."""
        is_asked = job.wish == TOGETHER  # once: Controller.note asks again until the platform says that it has ended
        if not self.queue.end_with_others(job, int(self.now())):
            for one in sent:
                forget_files(self.state_dir, one.submission)
            return {}
        return {} if is_asked else self.delete([one for one in sent if one.phase == "posted"])

    def take_back(self, job: JobView, sent: Sequence[Submission]) -> Mapping[str, MlspaceError]:
        """A component that has not started waits here again; one that has runs again from its start."""
        if not self.queue.wish(job, RECALL if job.is_pending else "requeue"):
            return {}
        posted = [one for one in sent if one.phase == "posted"]
        failures = self.delete(posted)
        if job.is_pending and all(one.phase in ("committed", "posted") for one in sent) and not failures:
            for one in sent:
                self.queue.in_run(one.submission, partial(self.queue.taken_back, job.job_id))
                forget_files(self.state_dir, one.submission)
        return failures
