"""What mpirun shows of a job whose ranks the platform starts: their lines, and at the end who failed, as Open MPI says it."""

from __future__ import annotations

from mlspace.mpi import messages, output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from mlspace.context import Context
    from mlspace.mpi.request import MpiRequest
    from mlspace.slurm.job import JobView


class RankOutput:
    """One job's. seconds: its --timeout, None for none."""

    def __init__(self, context: Context, request: MpiRequest, seconds: int | None) -> None:
        self.context = context
        self.request = request
        self.seconds = seconds

    def take(self, stream: int, rank: int, text: str) -> None:
        """A line of a rank, onto the stream that it belongs to."""
        request, context = self.request, self.context
        if request.value("merge-stderr-to-stdout"):
            stream = 1
        time = context.date() if request.value("timestamp-output") else ""
        line = output.marked(stream, rank, text, tagged=bool(request.value("tag-output")), time=time)
        context.pass_on(stream, line)

    def explain(self, job: JobView, failure: Mapping[str, Any] | None, code: int) -> int:
        """Says why the job did not end well, as mpirun does; returns mpirun's exit code."""
        if job.state == "TIMEOUT" and self.seconds is not None and (job.time_limit is None or self.seconds <= 60 * job.time_limit):
            lines = messages.timeout(self.seconds)
            code = messages.TIMEOUT_EXIT
        elif job.state == "FAILED" and failure is not None:
            lines = [] if self.request.value("quiet") else self.blame(job, failure)
            code = 128 + failure["signal"] if failure["signal"] else failure["code"]
        else:
            lines = [f"mpirun: error: job {job.job_id} ended: {job.state} ({job.reason})"]
        for line in lines:
            self.context.warn(line)
        return code

    def blame(self, job: JobView, failure: Mapping[str, Any]) -> list[str]:
        import signal

        rank, number = failure.get("rank", 0), failure["signal"]
        if number:
            return [*messages.aborted(), *messages.killed(rank, failure.get("name", ""), number, signal.strsignal(number) or "")]
        return [*messages.aborted(), *messages.exited(job.job_id, rank, failure["code"])]
