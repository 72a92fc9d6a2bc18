"""Waiting for jobs until they have ended, and passing their output on meanwhile."""

from __future__ import annotations

import os

from mlspace.controller import controller
from mlspace.errors import GatewayError, MlspaceError
from mlspace.slurm import state
from mlspace.state.files import report_path
from mlspace.state.schema import SUBMISSION_PHASES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from mlspace.session import Session
    from mlspace.slurm.job import JobView
    from mlspace.state.registry import Submission

LOOK_SECONDS = 0.02
"""Between two looks for a report; a look is one stat."""


def wait(session: Session, job_id: int) -> JobView:
    """The job when it has ended. Its report is seen at once; the platform is asked every two seconds."""
    next_round = 0.0
    size = 0
    while True:
        job = session.job(job_id)
        if job.state in state.FINAL:
            return job
        report = report_file(session, job_id)
        changes = session.queue.changes()
        while size == (size := file_size(report)) and session.context.monotonic() < next_round:
            if not report and session.queue.changes() != changes:
                break  # it may have been sent, or ended where it waited
            session.context.sleep(LOOK_SECONDS)
        session.refresh()
        next_round = session.context.monotonic() + controller.POLL_SECONDS


def wait_for_all(session: Session, job_id: int) -> list[JobView]:
    """The job, or, where it is an array's record, every element of it, when they have ended."""
    if session.cluster.channel or session.job(job_id).array_spec or await_sending(session, job_id).state in state.FINAL:
        jobs = [wait(session, job_id)]
    else:  # its end is in its log before anybody asks the platform
        jobs = [follow_ranks(session, job_id, lambda stream, rank, text: None)[0]]
    while (array := jobs[0].array_job_id) is not None:
        jobs = session.registry.jobs(array_job_ids=[array])
        unfinished = [job.job_id for job in jobs if job.state not in state.FINAL]
        if not unfinished:
            return jobs
        wait(session, unfinished[0])
    return jobs


def report_file(session: Session, job_id: int) -> str:
    submissions = session.registry.submissions(job_id=job_id)
    return report_path(session.state_dir, submissions[-1].submission) if submissions else ""


def follow(session: Session, job_id: int, take: Callable[[int, int, str], None] | None = None) -> int:
    """Prints the job's log until it has ended, or hands its lines to `take` (follow_ranks); returns its exit code."""
    ended, _ = follow_ranks(session, job_id, take or (lambda stream, rank, text: session.context.pass_on(stream, text)))
    return exit_code(ended)


def exit_code(job: JobView) -> int:
    """Of a command that shows a job's output as its own."""
    code: int = 128 + job.exit_signal if job.exit_signal else job.exit_code
    return code or int(job.state != state.COMPLETED)


def follow_ranks(session: Session, job_id: int, take: Callable[[int, int, str], None]) -> tuple[JobView, Mapping[str, Any] | None]:
    """Hands the program's lines to `take`, each with its stream (1 or 2) and rank, until the job has ended.

    Returns the ended job and, of a job of ranks (role `exec`), the report of the first one that failed.
    """
    from mlspace.gateway.logs import follow as follow_log
    from mlspace.translate import status
    from mlspace.translate.joboutput import JobOutput

    job = await_sending(session, job_id)
    if not job.platform_job:
        raise MlspaceError(f"job {job_id} ended: {job.state} ({job.reason})")
    submission = session.registry.submissions(phases=SUBMISSION_PHASES, job_id=job_id)[-1]
    output = JobOutput(take, keeps_untagged=True)

    def has_told_end() -> bool:
        return any(report["event"] == "end" for report in status.reports(output.reports, submission.submission, submission.secret))

    client = session.gateway()
    for line in follow_log(client, job.platform_job, job.region, session.context.sleep, session.warn_of, has_told_end):
        if report := output.feed(line):
            session.controller.reports.take_log(submission, job, report)
    output.close(is_explained=has_told_end())
    take_end(session, job_id, submission, output.reports)
    failure = status.first_failure(status.reports(output.reports, submission.submission, submission.secret))
    return wait(session, job_id), failure


def await_sending(session: Session, job_id: int) -> JobView:
    """The job when the platform has it, or when it has ended without that."""
    while not (job := session.job(job_id)).platform_job and job.state not in state.FINAL:
        session.context.sleep(controller.POLL_SECONDS)
        session.refresh()
    return job


def take_end(session: Session, job_id: int, submission: Submission, reports: bytes) -> None:
    """The log has been read to its end: what the reports in it say together, and what the platform says, is not waited for."""
    job = session.job(job_id)
    if job.state in state.FINAL:
        return
    try:
        platform = session.gateway().job(job.platform_job)
    except GatewayError:
        return  # a later round learns it
    if not session.controller.reports.take_log(submission, job, reports, platform.status):
        session.controller.note(submission, job, platform)


def file_size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
