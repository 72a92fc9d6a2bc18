"""Waiting for jobs until they have ended, and passing their output on meanwhile."""

from __future__ import annotations

import os

from mlspace import controller
from mlspace.errors import MlspaceError
from mlspace.slurm import state
from mlspace.state.schema import SUBMISSION_PHASES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlspace.session import Session
    from mlspace.slurm.job import JobView

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
    jobs = [wait(session, job_id)]
    while (array := jobs[0].array_job_id) is not None:
        jobs = session.registry.jobs(array_job_ids=[array])
        unfinished = [job.job_id for job in jobs if job.state not in state.FINAL]
        if not unfinished:
            return jobs
        wait(session, unfinished[0])
    return jobs


def report_file(session: Session, job_id: int) -> str:
    submissions = session.registry.submissions(job_id=job_id)
    return session.controller.report_path(submissions[-1].submission) if submissions else ""


def follow(session: Session, job_id: int) -> int:
    """Prints the job's log until it has ended; returns its exit code. Where the nodes cannot be reached, that is srun's output."""
    from mlspace.gateway.logs import follow as follow_log
    from mlspace.translate.status import REPORT_MARK

    job = session.job(job_id)
    while not job.platform_job:
        if job.state in state.FINAL:
            raise MlspaceError(f"job {job_id} ended: {job.state} ({job.reason})")
        session.context.sleep(controller.POLL_SECONDS)
        session.refresh()
        job = session.job(job_id)
    submission = session.registry.submissions(phases=SUBMISSION_PHASES, job_id=job_id)[-1]
    held = ""  # an empty line, which belongs to a report if one comes behind it
    for stream, line in follow_log(session.gateway(), job.platform_job, job.region, session.context.sleep, session.warn_of):
        text = line.decode("utf-8", "surrogateescape")
        if stream == 1:
            session.context.write(text)
            session.context.flush()
        elif line.startswith(REPORT_MARK):
            session.controller.take_reports(submission, job, line)
            held = ""
        else:
            session.context.write_error(held + (text if text != "\n" else ""))
            held = text if text == "\n" else ""
    if held:
        session.context.write_error(held)
    ended = wait(session, job_id)
    code: int = 128 + ended.exit_signal if ended.exit_signal else ended.exit_code
    return code or int(ended.state != state.COMPLETED)


def file_size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
