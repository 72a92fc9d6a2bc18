"""Which jobs and steps squeue shows: its filters read and applied. Source: squeue(1); squeue 22.05."""

from __future__ import annotations

from mlspace.commands import listing
from mlspace.errors import BadValue, MlspaceError, UsageError
from mlspace.render.format import leading_number
from mlspace.slurm import state
from mlspace.slurm.job import PLATFORM_PREFIX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mlspace.context import Context
    from mlspace.session import Session
    from mlspace.slurm.job import JobView
    from mlspace.slurm.option import Setting
    from mlspace.slurm.request import Component
    from mlspace.slurm.step import StepView

PROGRAM = "squeue"


class JobId:
    """One item of --jobs: a job, a whole array or heterogeneous job, or an array's element `task`."""

    __slots__ = ("job_id", "task")

    def __init__(self, job_id: int, task: int | None = None) -> None:
        self.job_id = job_id
        self.task = task

    def __str__(self) -> str:
        return str(self.job_id) if self.task is None else f"{self.job_id}_{self.task}"


class Selection:
    """The filters of a command line. None: whatever the value is. Names are compared as Slurm does: only some with their case."""

    def __init__(self, context: Context, session: Session, options: Component, settings: Sequence[Setting]) -> None:
        self.ids = read_ids(session, options["jobs"])
        self.states = read_states(options["states"], starting=bool(options["start"]))
        self.steps = read_steps(options["steps"])
        self.users = read_users(context, settings, options)
        self.nodes = read_nodes(session, options["nodelist"])
        self.partitions: list[str] | None = options["partitions"]
        self.licenses: list[str] | None = options["licenses"]
        self.reservation: str | None = options["reservation"]
        self.names, self.accounts, self.qos = (lower(options[name]) for name in ("name", "accounts", "qos"))

    @property
    def is_one(self) -> bool:
        """Whether one job is asked for, which Slurm looks up by itself."""
        return self.ids is not None and len(self.ids) == 1 and self.steps is None

    def load(self, session: Session) -> list[JobView]:
        """The jobs of --jobs and --user, in the order in which Slurm's controller tells of them. Raises UsageError for one unknown job."""
        if self.ids is None:
            return session.recent_jobs(users=self.users)
        wanted = [one.job_id for one in self.ids]
        jobs = session.recent_jobs(family_ids=wanted)
        if not self.is_one:
            return jobs
        if not jobs:
            raise UsageError("slurm_load_jobs error: Invalid job id specified")
        # Slurm looks up the one array, and finds those elements first that were split off last.
        record = [job for job in jobs if job.job_id == wanted[0]]
        elements = [job for job in jobs if job.array_job_id == wanted[0] != job.job_id]
        return record + elements[::-1] + [job for job in jobs if job.het_job_id == wanted[0] != job.job_id]

    def of_ids(self, jobs: Sequence[JobView]) -> list[JobView]:
        """Those of --jobs: of an array's record, the elements that were asked for."""
        if self.ids is None:
            return list(jobs)
        found = []
        for job in jobs:
            tasks = [one.task for one in self.ids if one.job_id == job.array_job_id and one.task is not None]
            if (
                any(one.task is None and one.job_id in (job.job_id, job.array_job_id, job.het_job_id) for one in self.ids)
                or job.array_task_id in tasks
            ):
                found.append(job)
            elif waiting := set(tasks).intersection(job.tasks_waiting):
                found.append(job.with_tasks(waiting))
        return found

    def shows(self, job: JobView) -> bool:
        return (
            holds(self.states, job.state)
            and holds(self.users, job.user)
            and holds(self.partitions, job.partition)
            and holds(self.names, job.name.lower())
            and holds(self.accounts, (job.account or "").lower())
            and holds(self.qos, job.shown_qos.lower())
            and (self.licenses is None or not license_names(job).isdisjoint(self.licenses))
            and self.reservation is None  # no job runs in one
            and (self.nodes is None or job.runs_on(self.nodes))
        )

    def shows_step(self, job: JobView, step: StepView) -> bool:
        """Other filters say nothing of steps."""
        return (
            (not self.steps or (job.job_id, step.step) in self.steps)
            and holds(self.users, job.user)
            and holds(self.partitions, job.partition)
            and (self.nodes is None or not self.nodes.isdisjoint(step.nodes))
        )


def license_names(job: JobView) -> set[str]:
    """ "matlab:2,abaqus" -> matlab, abaqus."""
    return {item.partition(":")[0] for item in (job.option("licenses") or "").replace(";", ",").split(",")}


def holds(wanted: Collection[str] | None, value: str) -> bool:
    return wanted is None or value in wanted


def lower(names: Sequence[str] | None) -> list[str] | None:
    return None if names is None else [name.lower() for name in names]


def read_ids(session: Session, text: str | None) -> list[JobId] | None:
    """--jobs; None where all are wanted. What follows a number, other than an array's index, is not looked at, as in Slurm."""
    if not text:
        return None
    ids = []
    for item in listing.names(text):
        number, rest = leading_number(item)
        if item.startswith(PLATFORM_PREFIX):
            try:
                number = session.job_id(item)
            except BadValue:
                number = 0
        if number <= 0:
            raise MlspaceError(f"Invalid job id: {item}")
        ids.append(JobId(number, leading_number(rest[1:])[0] if rest.startswith("_") else None))
    return ids or None


def read_steps(text: str | None) -> set[tuple[int, int]] | None:
    """--steps as ids of jobs and numbers of steps; the empty set for all, None without --steps."""
    if text is None:
        return None
    steps = set()
    for item in listing.names(text):
        job_text, dot, step_text = item.partition(".")
        number, rest = leading_number(job_text)
        if not dot or not number:
            raise MlspaceError(f"Invalid job_step id: {item}.??")
        steps.add((number, leading_number(step_text)[0]) if not rest else (0, 0))
    return steps


def read_states(text: str | None, *, starting: bool) -> Collection[str] | None:
    """The states to show; None for all."""
    if text is None:
        return (state.PENDING,) if starting else state.ACTIVE
    if text.lower() == "all":
        return None
    try:
        return {state.find(item) for item in listing.names(text)}
    except BadValue as error:
        valid = f"Valid job states include: {','.join(state.NAMES)}"
        lines = [f"Invalid job state specified: {error.text}", valid]
        raise UsageError(*[f"{PROGRAM}: error: {line}" for line in lines], "") from error


def read_users(context: Context, settings: Sequence[Setting], options: Component) -> list[str] | None:
    """Login names; None for all. The last of --user and --me counts. A user that does not exist is said, and matches nobody."""
    told = [setting for setting in settings if (setting.option.alias_of or setting.option.long) in ("user", "me")]
    if told and told[-1].option.long == "me":
        return [context.user.name]
    text: str | None = options["user"]
    if text is None:
        return None
    users = []
    for item in listing.names(text):
        name = context.user.name if item in (context.user.name, str(context.user.uid)) else listing.user_name(item)
        if name is None or (item.isdigit() and name == item != context.user.name):
            context.warn(f"{PROGRAM}: error: Invalid user: {item}\n")
        users.append(name or item)
    return users


def read_nodes(session: Session, text: str | None) -> set[str] | None:
    if text is None:
        return None
    from mlspace.slurm.hostlist import expand_hosts

    try:
        names = expand_hosts(text) if text else []
    except BadValue:
        names = [text.replace("[", "]")]
    known = {node.name for node in session.cluster.nodes}
    for name in names:
        if name not in known:
            raise MlspaceError(f"Invalid node name {name}")
    return set(names)
