"""What `launch` reports of a job, in its file or in the platform's log, written down in the registry."""

from __future__ import annotations

import os
from functools import partial

from mlspace.errors import GatewayError
from mlspace.slurm import reason, state
from mlspace.state.files import forget_files, report_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlspace.cluster.cluster import Cluster
    from mlspace.gateway.client import Client
    from mlspace.slurm.job import JobView
    from mlspace.state.queue import Queue
    from mlspace.state.registry import Submission

LOG_LINES = 400
"""The report of a job's end is among the last lines of its log: behind it is only what mpirun says of it."""


class Reports:
    """Reports on the submissions of one registry. delete: asks the platform to end jobs."""

    def __init__(
        self,
        queue: Queue,
        state_dir: str,
        gateway: Callable[[], Client],
        cluster: Callable[[], Cluster],
        delete: Callable[[Sequence[Submission]], object],
    ) -> None:
        self.queue = queue
        self.registry = queue.registry
        self.state_dir = state_dir
        self.gateway = gateway
        self.cluster = cluster
        self.delete = delete
        self._sizes: dict[str, int] = {}  # of report files when they were last read

    def read(self, submission: Submission, job: JobView, platform_status: str = "") -> bool:
        """Takes over what `launch` has reported in its file; whether the job has ended by it."""
        path = report_path(self.state_dir, submission.submission)
        try:
            size = os.stat(path).st_size
            if size == self._sizes.get(path) and not platform_status:
                return False
            with open(path, "rb") as file:
                lines = file.read()
        except OSError:
            return False
        self._sizes[path] = size
        return self.take(submission, job, lines, platform_status)

    def take_log(self, submission: Submission, job: JobView, lines: bytes, platform_status: str = "") -> bool:
        """As `take`, of what the log says: where nodes see the report file, that tells more, of steps above all, and is gone at the end."""
        return self.read(submission, job, platform_status) or self.take(submission, job, lines, platform_status)

    def log(self, submission: Submission) -> bytes:
        """The end of what launch and the program wrote to stderr, in no order; nothing where the platform has no log of the job.

        Raises GatewayError for what may pass.
        """
        return self.log_of(submission.platform_job, submission.region)

    def is_of(self, submission: Submission, name: str) -> bool:
        """Whether a job of the platform's is the submission's, as only the reports in its log can say. Raises GatewayError."""
        from mlspace.translate import status

        return any(status.reports(self.log_of(name, submission.region), submission.submission, submission.secret))

    def log_of(self, name: str, region: str) -> bytes:
        """As `log`, of any job of the platform's."""
        from mlspace.gateway.logs import last_errors

        try:
            return last_errors(self.gateway(), name, region, LOG_LINES)
        except GatewayError as error:
            if error.transient:
                raise
            return b""

    def has_begun(self, submission: Submission, log: bytes) -> bool:
        """Whether `launch` has reported its start, to its file or to the log."""
        from mlspace.translate import status

        try:
            with open(report_path(self.state_dir, submission.submission), "rb") as file:
                log += file.read()
        except OSError:
            pass
        return any(report["event"] == "start" for report in status.reports(log, submission.submission, submission.secret))

    def has_news(self, submission: Submission) -> bool:
        """Whether its report file has grown since it was read last."""
        path = report_path(self.state_dir, submission.submission)
        try:
            return os.stat(path).st_size != self._sizes.get(path)
        except OSError:
            return False

    def take(self, submission: Submission, job: JobView, lines: bytes, platform_status: str = "") -> bool:
        """Writes down what reports say, from wherever they came; whether the job has ended by them.

        A job that was terminated, not by us, ends when the platform has said whether somebody wanted that; one of several ranks when it
        has said that all have ended; and one whose output is in the log when that is whole.
        """
        from mlspace.translate import status

        known: dict[int, str] | None = None
        said = list(status.reports(lines, submission.submission, submission.secret))
        used = dict(filter(None, map(status.usage_of_report, said)))
        for report in said:
            if report["event"] == "start" and job.state in (state.PENDING, state.CONFIGURING):
                start = partial(self.registry.running, job.job_id, int(report["time"]), report.get("nodes", ""))
                self.queue.in_run(submission.submission, start)
            elif report["event"] == "step":
                if known is None:
                    known = {step.step: step.state for step in self.registry.steps([job.job_id])}
                if known.get(report["step"]) != report["state"]:
                    self.registry.add_step(job.job_id, submission.restart, status.step_of_report(report))
                    known[report["step"]] = report["state"]
                    if report["step"] in used:
                        self.registry.add_usage(job.job_id, submission.restart, {report["step"]: used[report["step"]]})
            elif report["event"] == "end":
                if report.get("ranks", 1) > 1:
                    if not platform_status:
                        return False
                    report = status.end_of_ranks(report, status.first_failure(said))
                outcome = status.outcome_of_report(report, is_unwanted(job) or platform_status in status.WANTED)
                if outcome["reason"] == status.TERMINATED:
                    if not platform_status:
                        return False
                    is_preempted = platform_status == status.PREEMPTED
                    why = (state.PREEMPTED, reason.NONE) if is_preempted else (state.NODE_FAIL, reason.NODE_DOWN)
                    outcome |= {"state": why[0], "reason": why[1]}
                if streams := report.get("log"):
                    if not platform_status:
                        return False
                    self.write_files(submission, job, str(streams).split(","))
                self.registry.add_usage(job.job_id, submission.restart, used)
                self.queue.in_run(submission.submission, partial(self.queue.ended, job.job_id, outcome))
                forget_files(self.state_dir, submission.submission)
                if outcome["state"] == state.NODE_FAIL and not platform_status and not self.cluster().channel:
                    self.delete([submission])  # mpirun waits for minutes for a node that is cut off, at the user's cost
                return True
        return False

    def write_files(self, submission: Submission, job: JobView, streams: Sequence[str]) -> None:
        """Writes a batch job's output files from its log. Raises GatewayError for what may pass."""
        from mlspace.controller import logfiles

        logfiles.write(self.gateway(), self.state_dir, submission, self.registry.job(job.job_id) or job, streams)


def is_unwanted(job: JobView) -> bool:
    """Whether somebody wants the job's run to end."""
    return job.cancelled_by is not None or bool(job.wish)
