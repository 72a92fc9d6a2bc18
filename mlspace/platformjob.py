"""The platform's job behind whatever a user calls a job: our id, an element of an array, or the platform's own name."""

from __future__ import annotations

from typing import NamedTuple

from mlspace.errors import BadValue, MlspaceError
from mlspace.slurm.job import PLATFORM_PREFIX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlspace.session import Session
    from mlspace.slurm.job import JobView


class PlatformName(NamedTuple):
    """A job's name on the platform, and the job as the registry has it; None where it was not submitted from here."""

    name: str
    job: JobView | None


def find(session: Session, text: str) -> PlatformName:
    """The job that `text` names. Raises MlspaceError."""
    session.refresh()
    try:
        selected = [one.job for one in session.select(text)]
    except BadValue as error:
        if not text.startswith(PLATFORM_PREFIX):
            raise MlspaceError(f"Invalid job id {text}") from error
        return PlatformName(text, None)
    if not selected:
        raise MlspaceError(f"Invalid job id {text}", "  sacct shows the jobs that there are")
    sent = [job for job in selected if job.platform_job]
    if len(selected) > 1 and len(sent) != 1:
        raise MlspaceError(f"{text} is an array of jobs", f"  name one of them, as in {text}_0")
    if not sent:
        raise MlspaceError(f"job {text} was never sent to MLSpace ({selected[0].state}, {selected[0].reason})")
    return PlatformName(sent[0].platform_job, sent[0])
