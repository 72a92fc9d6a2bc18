"""scontrol's commands that keep jobs back and let them go: hold, uhold, release, requeue, requeuehold, top; and wait_job."""

from __future__ import annotations

from mlspace.commands.showing import PROGRAM
from mlspace.errors import BadValue, UsageError
from mlspace.slurm import state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mlspace.commands.showing import Call
    from mlspace.queue.selection import Selected
    from mlspace.slurm.job import JobView

NO_ERROR = "No error"
UNKNOWN = "Invalid job id specified"
FINISHED = "Job has already finished"
PENDING = "Job is pending execution"
NOT_PENDING = "Job is no longer pending execution"
DISABLED = "Requested operation is presently disabled"
BATCH_ONLY = "Only batch jobs are accepted or processed"
NOT_SUPPORTED = "Requested operation not supported on this system"

OF_ID = ("job=", "jobid=")
OF_NAME = ("name=", "jobname=")

LOOK_SECONDS = 0.2
"""Between two looks of wait_job."""


class Refused(Exception):
    """A change that a job does not take: Slurm's sentence, without the job."""


class Change:
    """What is done to each of the jobs that a command names; says what went wrong with which, as scontrol does.

    work: takes a job, and raises Refused. It is called for elements that wait only after they have got a row of their own.
    """

    def __init__(self, call: Call, work: Callable[[JobView], None]) -> None:
        self.call = call
        self.work = work
        self.failed = False
        self.is_named = False  # one of the failures is of a job that was named by its id alone
        self.last = NO_ERROR  # how it went with the last of those

    def apply(self, text: str) -> None:
        """To the jobs of one id, as it was written: "12", "12_3", "12_[1-4]"."""
        session = self.call.session
        try:
            chosen = session.select(text)
        except BadValue:
            chosen = []
        chosen = [one for one in chosen if session.is_recent(one.job)]
        is_element = "_" in text and text.replace("_", "").isdigit()
        if not chosen:
            self.say(f"{text}: {UNKNOWN}" if is_element else f"{UNKNOWN} for job {text}", "" if is_element else UNKNOWN)
            return
        whole_array = text.isdigit() and any(one.job.array_job_id == int(text) for one in chosen)
        results = [(one, self.attempt(one)) for one in chosen]
        self.last = NO_ERROR
        if whole_array:
            self.say_of_array(results)
            return
        for one, error in results:
            if error:
                self.say(f"{one.label}: {error}" if is_element else f"{error} for job {text}", "" if is_element else error)

    def attempt(self, one: Selected) -> str:
        """The error, or "". Elements that wait in a record are changed as one row where all of them are meant."""
        session = self.call.session
        jobs = [one.job]
        if one.tasks is not None:
            jobs = session.registry.jobs(job_ids=session.queue.split(one.job.job_id, one.tasks))
        error = ""
        for job in jobs:
            try:
                self.work(job)
            except Refused as refused:
                error = str(refused)
        return error

    def say_of_array(self, results: Sequence[tuple[Selected, str]]) -> None:
        """One line for all elements that took it in the same way, where there is an error at all."""
        from mlspace.slurm import array

        groups: dict[str, list[int]] = {}
        for one, error in results:
            tasks = one.job.tasks_waiting or ([one.job.array_task_id] if one.job.array_task_id is not None else [])
            groups.setdefault(error or NO_ERROR, []).extend(tasks)
        if set(groups) != {NO_ERROR}:
            for error, tasks in groups.items():
                self.say(f"{results[0][0].job.array_job_id}_{array.fold(tasks)}: {error}", "")

    def say(self, line: str, error: str) -> None:
        self.failed = True
        self.is_named |= bool(error)
        self.last = error or self.last
        if not self.call.options["quiet"]:
            self.call.context.warn(line)


def each(words: Iterable[str]) -> list[tuple[bool, str]]:
    """What words name: (False, id) and (True, job name), in their order."""
    from mlspace.queue.selection import items

    found = []
    for word in words:
        lower = word.lower()
        is_name = lower.startswith(OF_NAME)
        text = word.partition("=")[2] if is_name or lower.startswith(OF_ID) else word
        found += [(is_name, item) for item in items(text)]
    return found


def apply(call: Call, words: Sequence[str], work: Callable[[JobView], None]) -> Change:
    call.session.refresh()
    change = Change(call, work)
    for is_name, text in each(words):
        if not is_name:
            change.apply(text)
            continue
        for job in call.session.registry.jobs(names=[text], states=state.ACTIVE):
            change.apply(str(job.job_id) if job.array_spec or job.array_task_id is None else job.label)
    call.session.summon()
    return change


def hold(call: Call, words: Sequence[str]) -> int:
    """By root it is an administrator's, as in Slurm."""
    from mlspace.state.queue import HELD_ADMIN, HELD_USER

    return held(call, words, HELD_ADMIN if call.context.user.uid == 0 else HELD_USER)


def hold_as_user(call: Call, words: Sequence[str]) -> int:
    from mlspace.state.queue import HELD_USER

    return held(call, words, HELD_USER)


def held(call: Call, words: Sequence[str], reason: str) -> int:
    def work(job: JobView) -> None:
        check_unfinished(job)
        call.session.recall(job)
        call.session.queue.hold(job.job_id, reason)

    return suspended(call, apply(call, words, work))


def release(call: Call, words: Sequence[str]) -> int:
    def work(job: JobView) -> None:
        check_unfinished(job)
        call.session.queue.release(job.job_id)

    return suspended(call, apply(call, words, work))


def suspended(call: Call, change: Change) -> int:
    """The exit code of hold and release. Slurm ends with a line on how it went with the last job, "No error" for one."""
    if change.is_named and not call.options["quiet"]:
        call.context.warn(f"slurm_suspend error: {change.last}")
    return int(change.failed)


def check_unfinished(job: JobView) -> None:
    if job.state in state.FINAL:
        raise Refused(FINISHED)


def requeue(call: Call, words: Sequence[str]) -> int:
    return requeued(call, words, "requeue")


def requeue_held(call: Call, words: Sequence[str]) -> int:
    """`requeuehold [State=SpecialExit] ID...`."""
    wish = "requeuehold"
    if words and words[0].lower() == "state=specialexit":
        wish, words = "special", words[1:]
    return requeued(call, words, wish)


def requeued(call: Call, words: Sequence[str], wish: str) -> int:
    def work(job: JobView) -> None:
        if not job.batch:
            raise Refused(BATCH_ONLY)
        if not job.requeue:
            raise Refused(DISABLED)
        if job.is_pending:
            raise Refused(PENDING)
        call.session.requeue(job, wish)

    if words and words[0].lower() == "state=specialexit":
        words = words[1:]
    return int(apply(call, words, work).failed)


def top(call: Call, words: Sequence[str]) -> int:
    """Before all others that wait here."""

    def work(job: JobView) -> None:
        check_unfinished(job)
        if not job.is_pending:
            raise Refused(NOT_PENDING)
        first = max([one.priority for one in call.session.queue.waiting()], default=0)
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
        if job.state in state.FINAL or job.state == state.COMPLETING:
            raise UsageError(f"{PROGRAM}: Job {words[0]} no longer running")
        if not job.is_pending:
            call.context.warn(f"{PROGRAM}: Nodes are ready for job {words[0]}")
            return 0
        call.context.sleep(LOOK_SECONDS)
