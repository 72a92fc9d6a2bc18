"""Which jobs and steps sacct shows: the items of --jobs, the states that accounting knows, the window of time, and the filters.

Source: sacct(1); sacct 22.05, whose messages these are.
"""

from __future__ import annotations

from mlspace.errors import BadValue, MlspaceError, UsageError
from mlspace.slurm import duration, state, timestamp
from mlspace.slurm.hostlist import expand_hosts
from mlspace.slurm.reason import ARRAY_LIMIT, PRIORITY, RESOURCES
from mlspace.slurm.step import BATCH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlspace.slurm.job import JobView
    from mlspace.slurm.request import Component

STEP_NAMES = {"batch": BATCH, "extern": -2, "interactive": -3}
"""Steps that have no number; the last two are never made here."""

STEP_NUMBERS = {4294967291: BATCH, 4294967292: -2, 4294967290: -3}
"""The same as Slurm numbers them."""

STATES = (
    *(state.PENDING, state.RUNNING, state.SUSPENDED, state.COMPLETED, state.CANCELLED, state.FAILED, state.TIMEOUT, state.NODE_FAIL),
    *(state.PREEMPTED, state.BOOT_FAIL, state.DEADLINE, state.OUT_OF_MEMORY, "REQUEUED", "RESIZING", "REVOKED"),
)
"""What --state takes; the other states are of a moment, and not accounted."""

FLAGS = ("SchedSubmit", "SchedMain", "SchedBackfill")
"""What --flags takes: who started the job."""

STARTED_BY = "SchedMain"
"""Which of them is true of all jobs that have started: there is one scheduler."""

ASSOCIATION = "2"
"""The one that everybody has; Slurm numbers it behind its own."""

REASONS = (
    *("None", "Priority", "Dependency", "Resources", "PartitionNodeLimit", "PartitionTimeLimit", "PartitionDown", "PartitionInactive"),
    *("JobHeldAdmin", "JobHeldUser", "BeginTime", "Licenses", "AssociationJobLimit", "AssociationResourceLimit", "AssociationTimeLimit"),
    *("Reservation", "ReqNodeNotAvail", "FrontEndDown", "DependencyNeverSatisfied", "BadConstraints", "Cleaning", "Prolog", "QOSJobLimit"),
    *("QOSResourceLimit", "QOSTimeLimit", "QOSUsageThreshold", "NodeDown", "JobLaunchFailure", "NonZeroExitCode", "SystemFailure"),
    *("TimeLimit", "InactiveLimit", "InvalidAccount", "InvalidQOS", "JobArrayTaskLimit", "RaisedSignal", "OutOfMemory", "DeadLine"),
)
"""What --reason takes. Source: squeue(1), JOB REASON CODES."""


OF_TURN = (PRIORITY, RESOURCES, ARRAY_LIMIT)
"""Reasons that accounting does not keep."""


def reason_of(job: JobView) -> str:
    """What has kept the job from running, other than its turn and the resources."""
    return "None" if job.start_time is not None or job.reason in OF_TURN else str(job.reason)


class Wanted:
    """One item of --jobs: "12", "12.0", "12.batch", an array's element "12_3", a component "12+1"."""

    __slots__ = ("component", "element", "job_id", "step")

    def __init__(self, job_id: int, element: int | None = None, component: int | None = None, step: int | None = None) -> None:
        self.job_id = job_id
        self.element = element
        self.component = component
        self.step = step

    def matches(self, job: JobView, whole_hetjob: bool | None = None) -> bool:
        """Whether it names the job. An array's id names its elements, a heterogeneous job's its components.

        whole_hetjob: False where a component is wanted by its own id alone; True where any of them stands for all (_families).
        """
        if self.element is not None:
            return bool(job.array_job_id == self.job_id and job.array_task_id == self.element)
        if self.component is not None:
            return bool(job.het_job_id == self.job_id and (whole_hetjob or job.het_offset == self.component))
        families = [job.array_job_id] if whole_hetjob is False else [job.array_job_id, job.het_job_id]
        return bool(self.job_id == job.job_id or self.job_id in families)


def read_wanted(text: str, platform_id: Callable[[str], int]) -> list[Wanted]:
    """The items of --jobs. Digits end at the first other character; nothing, and 0, ask for no job in particular.

    platform_id finds the job that the platform's own name of it means, and raises BadValue. Raises UsageError.
    """
    wanted = []
    for item in text.split(","):
        word = item.strip()
        if not word:
            continue
        digits = leading_digits(word)
        if not digits:
            name, dot, step = word.partition(".")
            try:
                found = Wanted(platform_id(name), step=read_step(step, name) if dot else None)
            except BadValue:
                raise UsageError(f"sacct: fatal: Bad job/step specified: {item}") from None
        else:
            found = read_item(digits, word[len(digits) :])
        if found.job_id != 0:
            wanted.append(found)
    return wanted


def read_item(job: str, rest: str) -> Wanted:
    before, dot, step_text = rest.partition(".")
    step = read_step(step_text, job) if dot else None
    number = leading_digits(before[1:])
    if before.startswith("_"):
        if not number:
            raise UsageError(f"sacct: fatal: Bad job array element specified: {job}")
        return Wanted(int(job), element=int(number), step=step)
    if before.startswith("+"):
        if not number:
            raise UsageError(f"sacct: fatal: Bad hetjob offset specified: {job}")
        return Wanted(int(job), component=int(number), step=step)
    return Wanted(int(job), step=step)


def read_step(text: str, job: str) -> int:
    if text in STEP_NAMES:
        return STEP_NAMES[text]
    digits = leading_digits(text)
    if not digits:
        raise UsageError(f"sacct: fatal: Bad step specified: {job}")
    return STEP_NUMBERS.get(int(digits), int(digits))


def leading_digits(text: str) -> str:
    return text[: len(text) - len(text.lstrip("0123456789"))]


def read_states(text: str) -> list[str]:
    """The states of --state, by their long names. Raises UsageError."""
    states = []
    for item in text.split(","):
        word = item.strip()
        if not word:
            continue
        try:
            name = state.find(word)
        except BadValue:
            raise UsageError(f"sacct: fatal: unrecognized job state value '{word}'") from None
        if name not in STATES:
            raise UsageError(f"sacct: fatal: job state {word} is not supported / accounted")
        states.append(name)
    return states


class Window:
    """The time asked for, from `begin` to `end`, unix seconds, both within it."""

    __slots__ = ("begin", "end")

    def __init__(self, begin: int, end: int) -> None:
        self.begin = begin
        self.end = end

    def holds(self, job: JobView, states: Sequence[str], *, by_id: bool) -> bool:
        """Whether the job was eligible within it; with states, whether it was in one of them then.

        by_id: it was asked for by --jobs, which shows those too that are not eligible yet.
        """
        if not states:
            if job.eligible_time is None:
                return by_id
            return bool(job.eligible_time <= self.end and (job.end_time is None or job.end_time >= self.begin))
        if state.PENDING in states and self._waited(job):
            return True
        ran = job.start_time is not None and job.start_time <= self.end and (job.end_time is None or job.end_time >= self.begin)
        if state.RUNNING in states and ran:
            return True
        return job.state in states and job.end_time is not None and self.begin <= job.end_time <= self.end

    def _waited(self, job: JobView) -> bool:
        until = job.start_time if job.start_time is not None else job.end_time
        return job.eligible_time is not None and job.eligible_time <= self.end and (until is None or until >= self.begin)

    def clip(self, moment: int | None) -> int:
        """A time, or the end of the window for one that is still to come, not outside the window (--truncate)."""
        return self.end if moment is None else min(max(moment, self.begin), self.end)


def read_window(options: Component, now: int, *, by_id: bool, by_state: bool) -> Window:
    """The time that the options ask for. Raises MlspaceError. Source: sacct(1), DEFAULT TIME WINDOW; sacct 22.05."""
    if options["starttime"]:
        begin = moment(options["starttime"], now)
    elif by_id:
        begin = 0
    else:
        begin = now if by_state else timestamp.parse("today", now)
    if options["endtime"]:
        end = moment(options["endtime"], now)
    else:
        end = begin if by_state and options["starttime"] else now
    if begin > end:
        first, last = timestamp.format_timestamp(begin), timestamp.format_timestamp(end)
        raise MlspaceError(f"Start time ({first}) requested is after end time ({last}).")
    return Window(begin, end)


def moment(text: str, now: int) -> int:
    try:
        return timestamp.parse(text, now, past=True)
    except BadValue as error:
        raise UsageError(error.before) from None


class Query:
    """What the options ask for, checked, and read once. Raises MlspaceError."""

    def __init__(self, options: Component, now: int, wanted: Sequence[Wanted]) -> None:
        self.options = options
        self.wanted = wanted
        self.states = read_states(options["state"] or "")
        self.window = read_window(options, now, by_id=bool(wanted), by_state=bool(self.states))
        self.time_limits = read_time_limits(options["timelimit-min"], options["timelimit-max"])
        self.nodes = None if options["nodelist"] is None else expand_hosts(options["nodelist"])
        for flag in options["flags"] or []:
            if flag not in FLAGS:
                raise MlspaceError(f"str_2_job_flags: Invalid job flag {flag}")
        for reason in options["reason"] or []:
            if reason not in REASONS:
                raise UsageError(f"sacct: fatal: unrecognized job reason value '{reason}'")

    @property
    def title(self) -> str:
        """What -v says: "Jobs RUNNING,PENDING in the time window from ... to ..."."""
        begin, end = timestamp.format_date(self.window.begin), timestamp.format_date(self.window.end)
        return f"Jobs {','.join(self.states) or 'Eligible'} in the time window from {begin if self.window.begin else 'Epoch 0'} to {end}"

    def holds(self, job: JobView) -> bool:
        """Whether the job is shown."""
        named = not self.wanted or any(one.matches(job, self.options["whole-hetjob"]) for one in self.wanted)
        return named and self._is_meant(job) and self.window.holds(job, self.states, by_id=bool(self.wanted))

    def _is_meant(self, job: JobView) -> bool:
        options = self.options
        for option, value in (
            ("accounts", job.account or ""),
            ("name", job.name),
            ("partition", job.partition),
            ("qos", job.shown_qos),
            ("reason", reason_of(job)),
            ("associations", ASSOCIATION),
            ("wckeys", job.option("wckey") if options["wckeys"] else None),
            ("flags", STARTED_BY if job.start_time is not None else ""),
        ):
            if options[option] and value not in options[option]:
                return False
        if options["gid"] and str(job.gid) not in options["gid"]:
            return False
        if options["constraints"] and not set(options["constraints"]) <= features(job):
            return False
        given = job.node_list != ""
        for option, number in (("nnodes", job.nodes if given else 0), ("ncpus", job.cpus if given else 0)):
            if options[option] not in (None, [0, 0]) and not is_between(number, *options[option]):
                return False
        if self.time_limits is not None and not is_between(-1 if job.time_limit is None else job.time_limit, *self.time_limits):
            return False
        return self.nodes is None or job.runs_on(self.nodes)


def is_between(number: int, low: int, high: int) -> bool:
    return low <= number <= high


def features(job: JobView) -> set[str]:
    """What the job asked for as a constraint, each feature by itself."""
    text = job.option("constraint") or ""
    return set(text.translate(dict.fromkeys(map(ord, "&|[],*"), " ")).split())


def read_time_limits(least: str | None, most: str | None) -> tuple[int, int] | None:
    """Time limits asked for, minutes, -1 for none at all; None where any will do. The larger one counts only beside the smaller."""
    try:
        minutes = [-1 if limit is None else limit for limit in (duration.minutes(text) for text in (least, most) if text is not None)]
    except BadValue:
        raise UsageError("sacct: fatal: Invalid time limit specification") from None
    return None if least is None else (minutes[0], minutes[-1])


def shown_first(job: JobView) -> tuple[int, bool, int, int]:
    """Where a job stands in the list: an array's elements together, what is left of it behind them, a job's runs in their order."""
    return job.array_job_id or job.job_id, job.array_spec is not None, job.job_id, job.restart_count or 0
