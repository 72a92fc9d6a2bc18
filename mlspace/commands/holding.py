"""scontrol's commands that keep jobs back and let them go: hold, uhold, release, requeue, requeuehold, top; and wait_job."""

from __future__ import annotations

from mlspace.commands.changing import NOT_PENDING, UNKNOWN, Change, Refused, apply, check_unfinished
from mlspace.commands.controlling import PROGRAM
from mlspace.errors import BadValue, UsageError
from mlspace.slurm.reason import HELD_ADMIN, HELD_USER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.commands.controlling import Call
    from mlspace.slurm.job import JobView

PENDING = "Job is pending execution"
DISABLED = "Requested operation is presently disabled"
NOT_LEADER = "Job not heterogeneous job leader"
BATCH_ONLY = "Only batch jobs are accepted or processed"

LOOK_SECONDS = 0.2
"""Between two looks of wait_job."""


def hold(call: Call, words: Sequence[str]) -> int:
    """By root it is an administrator's, as in Slurm."""
    return held(call, words, HELD_ADMIN if call.context.user.uid == 0 else HELD_USER)


def hold_as_user(call: Call, words: Sequence[str]) -> int:
    return held(call, words, HELD_USER)


def held(call: Call, words: Sequence[str], reason: str) -> int:
    def work(job: JobView) -> None:
        check_unfinished(job)
        call.session.queue.hold(job.job_id, reason)  # before it is taken back: it would be sent again at once
        call.session.recall(job)

    return suspended(call, apply(call, words, work))


def release(call: Call, words: Sequence[str]) -> int:
    def work(job: JobView) -> None:
        check_unfinished(job)
        call.session.queue.release(job.job_id, int(call.context.now()))

    return suspended(call, apply(call, words, work))


def suspended(call: Call, change: Change) -> int:
    """The exit code of hold and release. Slurm ends with a line on how it went with the last job, "No error" for one."""
    if change.is_named and not call.options["quiet"]:
        call.context.warn(f"slurm_suspend error: {change.last}")
    return int(change.failed)


def requeue(call: Call, words: Sequence[str]) -> int:
    return requeued(call, words, "requeue")


def requeue_held(call: Call, words: Sequence[str]) -> int:
    """`requeuehold [State=SpecialExit] ID...`."""
    wish = "requeuehold"
    if words and words[0].lower() == "state=specialexit":
        wish, words = "special", words[1:]
    return requeued(call, words, wish)


def requeued(call: Call, words: Sequence[str], wish: str) -> int:
    named = {int(word) for word in ",".join(words).split(",") if word.isdigit()}

    def work(job: JobView) -> None:
        if job.het_offset and job.het_job_id not in named:
            raise Refused(NOT_LEADER if job.job_id in named else UNKNOWN)
        if not job.batch:
            raise Refused(BATCH_ONLY)
        if not job.requeue:
            raise Refused(DISABLED)
        if job.is_pending:
            raise Refused(PENDING)
        if not call.session.requeue(job, wish):
            raise Refused(PENDING)

    if words and words[0].lower() == "state=specialexit":
        words = words[1:]
    return int(apply(call, words, work).failed)


def top(call: Call, words: Sequence[str]) -> int:
    """Before all others that wait here."""

    def work(job: JobView) -> None:
        check_unfinished(job)
        if not job.is_pending:
            raise Refused(NOT_PENDING)
        first = call.session.queue.first_priority()
        if not job.is_held:
            call.session.queue.update(job.job_id, priority=max(first, job.priority) + 1)

    return int(apply(call, words, work).failed)


def wait_job(call: Call, words: Sequence[str]) -> int:
    """Until the job's nodes are ready, or it cannot get them any more."""
    session = call.session
    while True:
        session.refresh()
        try:
            found = session.select(words[0])
        except BadValue:
            found = []
        if not found or not session.is_recent(found[0].job):
            raise UsageError(f"{PROGRAM}: Problem running job {words[0]}")
        job = found[0].job
        if job.is_over:
            raise UsageError(f"{PROGRAM}: Job {words[0]} no longer running")
        if not job.is_pending:
            call.context.warn(f"{PROGRAM}: Nodes are ready for job {words[0]}")
            return 0
        call.context.sleep(LOOK_SECONDS)
