"""How scontrol changes jobs: which ones its words name, what is done to each, and what is said of those that do not take it."""

from __future__ import annotations

from mlspace.errors import BadValue
from mlspace.slurm import state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mlspace.commands.controlling import Call
    from mlspace.queue.selection import Selected
    from mlspace.slurm.job import JobView

NO_ERROR = "No error"
UNKNOWN = "Invalid job id specified"
FINISHED = "Job has already finished"
NOT_PENDING = "Job is no longer pending execution"
NOT_SUPPORTED = "Requested operation not supported on this system"

OF_ID = ("job=", "jobid=")
OF_NAME = ("name=", "jobname=")


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
        errors = {f"{one.label}: {error}" if is_element else f"{error} for job {text}": error for one, error in results if error}
        for line, error in errors.items():  # components of one job say the same once
            self.say(line, "" if is_element else error)

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


def check_unfinished(job: JobView) -> None:
    if job.state in state.FINAL:
        raise Refused(FINISHED)
