"""What `scontrol show` prints: the entities, and of them the jobs and steps."""

from __future__ import annotations

from mlspace.commands import documenting, hostlists, showing_cluster
from mlspace.commands.controlling import NoJob
from mlspace.errors import BadValue, MlspaceError, UsageError
from mlspace.slurm import state
from mlspace.slurm.timestamp import format_timestamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlspace.commands.controlling import Call
    from mlspace.slurm.job import JobView

class Entity:
    """What `show` can show: letters that its name must be given with at least, what does it, and whether one of them can be named."""

    __slots__ = ("act", "has_id", "shortest")

    def __init__(self, shortest: int, act: Callable[[Call, str | None], int], *, has_id: bool = True) -> None:
        self.shortest = shortest
        self.act = act
        self.has_id = has_id


def show(call: Call, words: Sequence[str]) -> int:
    """`show entity [id]` and `show entity=id`."""
    name, equals, value = words[0].partition("=")
    given = value if equals else words[1] if len(words) > 1 else None
    for known, entity in ENTITIES.items():
        if len(name) >= entity.shortest and known.startswith(name.lower()):
            if given is not None and not entity.has_id:
                raise UsageError("too many arguments for keyword:show")
            if call.document and entity.act not in WITH_DOCUMENT:
                raise MlspaceError(f"--{call.document}: only `show job' and `show node' have it, not `show {known}'")
            return entity.act(call, given)
    raise UsageError(f"invalid entity:{name} for keyword:show ")


def find_jobs(call: Call, text: str | None, function: str) -> list[JobView]:
    """The jobs of an id, those of a whole array for its id; all of them for None and 0. Raises NoJob."""
    call.session.refresh()
    if not text or text.strip("0") == "":
        return call.session.recent_jobs()
    try:
        job_id = call.session.job_id(text)
    except BadValue:
        raise NoJob(function) from None
    jobs = call.session.recent_jobs(family_ids=[job_id])
    if not jobs:
        raise NoJob(function)
    return jobs


def show_job(call: Call, text: str | None) -> int:
    """`show job`, and of an id "12", "12_3" an array's element, "12+1" a component; Slurm knows neither lists nor ranges here."""
    from mlspace.render import scontrol
    from mlspace.render.squeue import JobRow, View

    leader, mark, member = split_id(text or "")
    if member and not member.isdigit():
        raise NoJob("scontrol_print_job")
    is_number = text is None or leader.isdigit()
    jobs = find_jobs(call, leader, "slurm_load_jobs" if is_number else "scontrol_print_job")
    if mark == "_":
        jobs = element(jobs, int(member or 0))
    elif mark == "+" and any(job.het_job_id for job in jobs):
        jobs = [job for job in jobs if job.het_offset == int(member or 0)]
    if call.document:
        return documenting.print_jobs(call.context, call.session, call.document, jobs)
    if not jobs:
        if text and mark:
            return call.miss(f"Job {leader}{mark}{member or 0} not found")
        call.context.print("No jobs in the system")
    view = View(call.context.now(), call.time_format)
    details = bool(call.options["details"])
    registry = call.session.registry
    families = documenting.components(jobs)
    if families:
        families = documenting.components(registry.components(list(families)))
    records = []
    for job in jobs:
        row = JobRow(job, view, families.get(job.het_job_id, ()))
        records.append(scontrol.job(row, details, registry.steps([job.job_id]) if details else ()))
    call.print_records(records)
    return 0


def split_id(text: str) -> tuple[str, str, str]:
    """ "12_3" -> "12", "_", "3"; "12+1" -> "12", "+", "1"; "lm-mpi-job-1" as it is."""
    for mark in "_+":
        leader, found, member = text.partition(mark)
        if found and leader.isdigit():
            return leader, mark, member
    return text, "", ""


def element(jobs: Sequence[JobView], task: int) -> list[JobView]:
    """The array's element of that index, also one that waits in the array's record."""
    for job in jobs:
        if job.array_task_id == task:
            return [job]
        if task in job.tasks_waiting:
            return [job.with_tasks([task], limit=job.array_limit)]  # Slurm shows the array's record
    return []


def show_step(call: Call, text: str | None) -> int:
    """`show step`, and of an id "12", "12.0", "12_3". What is no number stands for 0, and the job 0 for all, as atoi reads them."""
    from mlspace.render import scontrol

    job_text, point, step_text = (text or "").partition(".")
    leader, mark, member = split_id(job_text)
    jobs = find_jobs(call, leader if leader.isdigit() else None, "slurm_get_job_steps")
    if mark == "_":
        jobs = element(jobs, int(member) if member.isdigit() else 0)
    wanted = step_text if step_text.isdigit() else "0"
    running = call.session.running_steps(jobs)
    shown = [(job, step) for job, step in running if not point or mark or step.name_in_job == wanted]
    if not shown:
        if text:
            return call.miss(f"Job step {job_text}.{wanted if point and not mark else ''} not found")
        call.context.print("No job steps in the system")
    call.print_records([scontrol.step(job, step, call.time_format) for job, step in shown])
    return 0


def show_completing(call: Call, words: Sequence[str]) -> int:
    """Jobs that have ended, but whose nodes are not free yet."""
    call.session.refresh()
    for job in call.session.recent_jobs():
        if job.state == state.COMPLETING:
            end = format_timestamp(job.end_time, call.time_format)
            call.context.print(f"JobId={job.job_id} EndTime={end} CompletingTime=00:00:00 Nodes(COMPLETING)={job.node_list}")
    return 0


def say(text: str) -> Callable[[Call, str | None], int]:
    """What there is nothing of, or only this."""

    def act(call: Call, given: str | None) -> int:
        if text:
            call.context.print(text)
        return 0

    return act


def show_none(what: str, all_of_them: str) -> Callable[[Call, str | None], int]:
    def act(call: Call, given: str | None) -> int:
        if given is not None:
            return call.miss(f"{what} {given} not found")
        call.context.print(all_of_them)
        return 0

    return act


def show_associations(call: Call, given: str | None) -> int:
    raise MlspaceError("there are no associations here: everybody has a registry of their own")


# The first one that a name is the beginning of is meant. Source: scontrol(1); scontrol 22.05.
ENTITIES = {
    "aliases": Entity(1, say("")),
    "assoc_mgr": Entity(2, show_associations),
    "bbstat": Entity(2, say("")),
    "burstbuffer": Entity(2, say("")),
    "cache": Entity(2, show_associations),
    "config": Entity(1, showing_cluster.show_config),
    "daemons": Entity(1, say("slurmctld slurmd"), has_id=False),
    "dwstat": Entity(2, say("")),
    "federation": Entity(1, say(""), has_id=False),
    "frontend": Entity(2, show_none("Node", "No nodes in the system")),
    "hostnames": Entity(5, hostlists.show_names),
    "hostlist": Entity(5, hostlists.show_list),
    "hostlistsorted": Entity(9, hostlists.show_sorted_list),
    "jobs": Entity(1, show_job),
    "jobid": Entity(4, show_job),
    "licenses": Entity(2, say("No licenses configured in Slurm.")),
    "nodes": Entity(1, showing_cluster.show_node),
    "partitions": Entity(2, showing_cluster.show_partition),
    "reservations": Entity(1, show_none("Reservation", "No reservations in the system")),
    "slurmd": Entity(2, showing_cluster.show_daemon),
    "steps": Entity(2, show_step),
    "topology": Entity(1, showing_cluster.show_topology),
}

WITH_DOCUMENT = (show_job, showing_cluster.show_node)
"""What --json and --yaml show."""
