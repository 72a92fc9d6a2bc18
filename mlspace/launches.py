"""Jobs whose first node is on this host: their `launch` is spoken to by its runtime directory (docs/protocol.md §4)."""

from __future__ import annotations

import os

from mlspace import jobdir
from mlspace.errors import MlspaceError
from mlspace.state.schema import SUBMISSION_PHASES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context
    from mlspace.slurm.job import JobView
    from mlspace.slurm.usage import StepUsage
    from mlspace.state.registry import Registry

NOT_SENT = "none"
"""In the place of a runtime directory's name, for a job that was not sent yet."""


class Launches:
    def __init__(self, context: Context, registry: Registry) -> None:
        self.context = context
        self.registry = registry

    def runtime_directory(self, job_id: int) -> str:
        """Where the job's first node has its runtime directory, on this host (docs/protocol.md §4)."""
        submissions, job = self.registry.submissions(phases=SUBMISSION_PHASES, job_id=job_id), self.registry.job(job_id)
        shown_id = job_id if job is None else job.het_job_id or job_id
        name = f"{shown_id}.{submissions[-1].submission[:8]}.0" if submissions else NOT_SENT
        return os.path.join(jobdir.shared_root(self.context.user.uid), name)

    def tell_why(self, job: JobView, why: str) -> None:
        """Leaves word for the job's `launch`, where it is on this host, why it is about to be ended (docs/protocol.md §4).

        It starts no more steps then, also before the platform has told it to end.
        """
        try:
            with open(os.path.join(self.runtime_directory(job.job_id), "why"), "w", encoding="ascii") as file:
                file.write(why)
        except OSError:
            pass  # it is elsewhere, or runs no more

    def signal(self, jobs: Sequence[JobView], number: int, receiver: str) -> list[int | None]:
        """Signals jobs on this host; receiver: whom of each, as `launch signal --to` has it.

        Returns for each how many steps and processes got it; None where no launch answers, as of a job that has just ended.
        """
        import subprocess

        from mlspace.installation import launcher_path

        words = [launcher_path(self.context.environ), "signal", f"--signal={number}", f"--to={receiver}"]
        done = subprocess.run([*words, *(self.runtime_directory(job.job_id) for job in jobs)], stdout=subprocess.PIPE, check=False)
        answers = done.stdout.decode().split()
        if len(answers) != len(jobs):
            raise MlspaceError(f"the launcher ended with {done.returncode} instead of sending a signal")
        return [None if answer == "gone" else int(answer) for answer in answers]

    def usage(self, job_id: int) -> list[StepUsage] | None:
        """What the job's steps that run have used; None where no launch answers here, as where its nodes are out of reach."""
        import subprocess

        from mlspace.installation import launcher_path
        from mlspace.slurm import usage

        directory = self.runtime_directory(job_id)
        if str(job_id) == self.context.environ.get("SLURM_JOB_ID"):
            directory = self.context.environ.get(jobdir.OWN) or directory
        done = subprocess.run([launcher_path(self.context.environ), "usage", directory], stdout=subprocess.PIPE, check=False)
        return usage.read(done.stdout.decode()) if done.returncode == 0 else None
