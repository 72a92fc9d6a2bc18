"""Waiting until an allocation is there: what srun and salloc say meanwhile, and how they give it up."""

from __future__ import annotations

import os

from mlspace.errors import MlspaceError
from mlspace.slurm import state
from mlspace.slurm.demand import FAILED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlspace.session import Session
    from mlspace.slurm.job import JobView
    from mlspace.slurm.request import JobRequest

LOOK_SECONDS = 0.01
"""Between two looks whether the first node is there; a look is one stat."""

FIRST_ROUND_SECONDS = 1.0
"""What a job takes that can start at once: before that nobody is told that it waits."""

ROUND_SECONDS = 1.0
"""Between two rounds of the controller; a change in the registry is seen by the next look."""

AT_ONCE_SECONDS = 1
"""--immediate without a number: now or never. Source: salloc(1)."""

ENDED_BY_SOMEBODY = (state.CANCELLED, state.DEADLINE)

IMMEDIATE_CODE = "SLURM_EXIT_IMMEDIATE"
"""The variable with the exit code where --immediate finds no nodes. Source: salloc(1), srun(1)."""

OVER = "Job/step already completing or completed"
BUSY = "Requested nodes are busy"


class Allocation:
    """A job that was submitted for a command on this side, until it runs. Sentences are those of Slurm 22.05."""

    def __init__(self, session: Session, request: JobRequest, job_id: int) -> None:
        self.session = session
        self.context = session.context
        self.program = request.program
        self.is_salloc = request.program == "salloc"
        self.options = request.first
        self.job_id = job_id
        self.begun = self.context.monotonic()
        self.has_told = False  # that it waits

    def await_start(self) -> str:
        """The runtime directory of the job's first node, when its `launch` answers there; "" where the nodes cannot be reached.

        Raises MlspaceError when there is no allocation, or there will be none in the time of --immediate.
        """
        seconds, session = self.options["immediate"], self.session
        job = session.job(self.job_id)
        next_round = self.begun + (FIRST_ROUND_SECONDS if job.platform_job else 0)
        changes = session.queue.changes()
        while not self.is_there(job):
            now = self.context.monotonic()
            if now >= next_round or session.queue.changes() != changes:
                session.refresh()
                job, changes = session.job(self.job_id), session.queue.changes()
                self.look_at(job)
                next_round = now + ROUND_SECONDS
            if seconds and now - self.begun >= seconds and self.waits(job):
                self.give_up(job, seconds)
            self.context.sleep(LOOK_SECONDS)
        if self.has_told:
            self.inform(f"job {self.job_id} has been allocated resources")
        return self.session.launches.runtime_directory(self.job_id) if session.cluster.channel else ""

    def is_there(self, job: JobView) -> bool:
        if not self.session.cluster.channel:
            return bool(job.state == state.RUNNING)
        return os.path.exists(f"{self.session.launches.runtime_directory(self.job_id)}/channel")

    def waits(self, job: JobView) -> bool:
        """Whether it waits for its turn, here or, as that says, on the platform; not while it is being started."""
        from mlspace.translate.status import PENDING

        if job.state != state.PENDING:
            return False
        return not job.platform_job or self.session.gateway().job(job.platform_job).status in PENDING

    def look_at(self, job: JobView) -> None:
        """Says, once, that the job waits. Raises MlspaceError when it has ended."""
        if job.state in state.FINAL:
            if job.state not in ENDED_BY_SOMEBODY:
                raise MlspaceError(f"{FAILED[self.program]}job {self.job_id} ended: {job.state} ({job.reason})")
            self.inform("Job has been cancelled")
            self.say_revoked(only="salloc")
            raise MlspaceError(f"{FAILED[self.program]}{OVER}")
        if self.has_told or self.options["immediate"] == AT_ONCE_SECONDS or not self.waits(job):
            return
        self.has_told = True
        if self.options["hold"]:
            self.inform("Job is in held state, pending scheduler release")
        if self.is_salloc:
            self.inform(f"Pending job allocation {self.job_id}")
        self.inform(f"job {self.job_id} queued and waiting for resources")

    def give_up(self, job: JobView, seconds: int) -> None:
        """The time of --immediate is over. Raises MlspaceError."""
        from mlspace.slurm.count import leading

        self.session.cancel([job])
        if seconds == AT_ONCE_SECONDS and job.priority == 0:
            self.say_revoked(only="salloc")
            raise MlspaceError(f"{FAILED[self.program]}Job dependency problem")
        code = leading(self.context.environ.get(IMMEDIATE_CODE, "")) or None
        why = "Connection timed out" if self.is_salloc and seconds > AT_ONCE_SECONDS else BUSY
        raise MlspaceError(f"Unable to allocate resources: {why}", exit_code=code and code & 0xFF)

    def abandon(self) -> None:
        """A signal has come before the allocation: nobody wants that any more."""
        self.session.cancel([self.session.job(self.job_id)])
        self.say_revoked()
        if self.is_salloc:
            self.inform("Job aborted due to signal")
        else:
            self.inform(f"Force Terminated JobId={self.job_id}")

    def say_revoked(self, only: str = "") -> None:
        if only in ("", self.program):
            self.inform(f"Job allocation {self.job_id} has been revoked{'.' if self.is_salloc else ''}")

    def inform(self, line: str) -> None:
        if not self.options["quiet"]:
            self.context.warn(f"{self.program}: {line}")
