"""seff: how much a job used of the CPUs and the memory that it had."""

from __future__ import annotations

from mlspace.commands import listing
from mlspace.errors import MlspaceError, UsageError
from mlspace.slurm.option import Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context
    from mlspace.session import Session
    from mlspace.slurm.accounting import Wanted
    from mlspace.slurm.step import Account
    from mlspace.slurm.usage import StepUsage, UsedByJob

PROGRAM = "seff"

OPTIONS = (
    Option("help", "h", help="print this description of use"),
    Option("usage", help="display a brief summary of the options"),
    Option("version", "v", help="print the version"),
)

NOT_FOUND = 2
"""Exit code where there is no such job."""


def run(context: Context, argv: Sequence[str]) -> int:
    call = listing.read(context, PROGRAM, OPTIONS, argv)
    if call is None:
        return 0
    if not call.words:
        raise UsageError("seff: error: no job is named: seff JOBID, seff ARRAY_ELEMENT")
    from mlspace.session import Session

    session, now = Session(context), context.now()
    wanted = [read_job(session, word) for word in call.words]
    session.refresh()
    code, is_first = 0, True
    for word, one in zip(call.words, wanted, strict=True):
        found = accounts(session, one)
        if not found:
            context.warn(f"{PROGRAM}: error: Job not found: {word}")
            code = NOT_FOUND
        for account in found:
            from mlspace.render import seff
            from mlspace.slurm.job import CLUSTER_NAME

            context.print(("" if is_first else "\n") + "\n".join(seff.lines(account, CLUSTER_NAME, now)))
            is_first = False
    return code


def read_job(session: Session, word: str) -> Wanted:
    """One of "12", an array's element "12_3", a component "12+1", or the platform's name of a job. Raises MlspaceError."""
    from mlspace.slurm import accounting

    try:
        items = accounting.read_wanted(word, session.job_id)
    except MlspaceError:
        items = []
    if len(items) != 1 or items[0].step is not None:
        raise UsageError(f"seff: error: Invalid job id: {word}")
    return items[0]


def accounts(session: Session, wanted: Wanted) -> list[Account]:
    """An array's id stands for its elements, those that wait as one; a heterogeneous job's for its components."""
    jobs = [job for job in session.registry.jobs(family_ids=[wanted.job_id]) if wanted.matches(job)]
    found = session.accounts(sorted(jobs, key=lambda job: job.order))
    for account in found:
        if account.job.start_time is not None and account.job.end_time is None:
            account.used = so_far(account.used, session.launches.usage(account.job.job_id) or [])
    return found


def so_far(ended: UsedByJob | None, running: Sequence[StepUsage]) -> UsedByJob | None:
    """What a job has used that runs: its steps that have ended, and those that run, where they can be asked."""
    from mlspace.slurm.usage import UsedByJob

    if not running:
        return ended
    before = ended or UsedByJob(0, 0, 0)
    memory = max(before.memory_bytes, *(step.range("rss").total for step in running))
    return UsedByJob(before.cpu_ms + sum(step.range("cpu").total for step in running), before.system_ms, memory)
