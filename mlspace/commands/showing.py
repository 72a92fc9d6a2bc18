"""What `scontrol show` and `scontrol ping` print."""

from __future__ import annotations

from mlspace.errors import BadValue, GatewayError, UsageError
from mlspace.slurm.help import RELEASE
from mlspace.slurm.hostlist import expand_hosts, fold_hosts, fold_sorted_hosts
from mlspace.slurm.timestamp import format_timestamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlspace.context import Context
    from mlspace.session import Session
    from mlspace.slurm.job import JobView
    from mlspace.slurm.request import Component

PROGRAM = "scontrol"


class Call:
    """One scontrol: its options, and the session that its commands share."""

    def __init__(self, context: Context, options: Component) -> None:
        from mlspace.session import Session

        self.context = context
        self.options = options
        self.session: Session = Session(context)
        self.time_format = context.environ.get("SLURM_TIME_FORMAT", "")

    @property
    def oneliner(self) -> bool:
        return bool(self.options["oneliner"])

    def print_records(self, records: Sequence[Sequence[str]]) -> None:
        from mlspace.render.scontrol import record

        for lines in records:
            self.context.print(record(lines, self.oneliner))


def show(call: Call, words: Sequence[str]) -> int:
    """`show entity [id]` and `show entity=id`."""
    name, equals, value = words[0].partition("=")
    given = value if equals else words[1] if len(words) > 1 else None
    for entity, (shortest, command) in ENTITIES.items():
        if len(name) >= shortest and entity.startswith(name.lower()):
            return command(call, given)
    raise UsageError(f"invalid entity:{name} for keyword:show ")


class NoJob(UsageError):
    """There is no job of that id; -Q leaves it unsaid."""

    def __init__(self, function: str) -> None:
        super().__init__(f"{function} error: Invalid job id specified")


def find_jobs(call: Call, text: str | None, function: str) -> list[JobView]:
    """The jobs of an id as it was written; all of them for None and 0."""
    call.session.refresh()
    if not text or text == "0":
        return call.session.recent_jobs()
    try:
        jobs = call.session.recent_jobs([call.session.job_id(text)])
    except BadValue:
        raise NoJob(function) from None
    if not jobs:
        raise NoJob(function)
    return jobs


def show_job(call: Call, text: str | None) -> int:
    from mlspace.render import scontrol
    from mlspace.render.squeue import JobRow, View

    is_number = text is None or text.isdigit()
    jobs = find_jobs(call, text, "slurm_load_jobs" if is_number else "scontrol_print_job")
    if not jobs:
        call.context.print("No jobs in the system")
    view = View(call.context.now(), call.time_format)
    call.print_records([scontrol.job(JobRow(job, view), bool(call.options["details"])) for job in jobs])
    return 0


def show_step(call: Call, text: str | None) -> int:
    from mlspace.render import scontrol

    job_text, _, step_text = (text or "").partition(".")
    running = call.session.running_steps(find_jobs(call, job_text, "slurm_get_job_steps"))
    shown = [(job, step) for job, step in running if step_text in ("", step.name_in_job)]
    if not shown:
        if text:
            raise NoJob("slurm_get_job_steps")
        call.context.print("No job steps in the system")
    call.print_records([scontrol.step(job, step, call.time_format) for job, step in shown])
    return 0


def show_node(call: Call, text: str | None) -> int:
    from mlspace.render import scontrol

    session = call.session
    cluster, occupation, now = session.cluster, session.occupation(), call.context.now()
    member_of: dict[str, list[str]] = {}
    for partition in cluster.partitions:
        for name in partition.nodes or ():
            member_of.setdefault(name, []).append(partition.name)
    known = {node.name: node for node in cluster.nodes if node.name in member_of}
    names = list(known) if text is None else expand_hosts(text)
    facts, ends, code = machine_facts(call), scontrol.last_ends(session.recent_jobs()), 0
    for name in names:
        if name not in known:
            call.context.print(f"Node {name} not found")
            code = 1
            continue
        busy = now if occupation[name].cpus else ends.get(name)
        last = facts.get("SlurmdStartTime", "None") if busy is None else format_timestamp(busy, call.time_format)
        call.print_records([scontrol.node(known[name], occupation[name], member_of[name], {**facts, "LastBusyTime": last}, RELEASE)])
    if not known:
        call.context.print("No nodes in the system")
    return code


def machine_facts(call: Call) -> dict[str, str]:
    """What is known of the host behind the nodes, its times written out; nothing where the nodes are elsewhere."""
    times = call.session.machine_times()
    return call.session.machine() | {key: format_timestamp(time, call.time_format) for key, time in times.items()}


def show_partition(call: Call, text: str | None) -> int:
    from mlspace.render import scontrol

    cluster = call.session.cluster
    partitions = [one for one in cluster.partitions if text in (None, one.name)]
    if not partitions:
        call.context.print(f"Partition {text} not found")
        return 1
    call.print_records([scontrol.partition(one, cluster) for one in partitions])
    return 0


def show_config(call: Call, text: str | None) -> int:
    from mlspace.render import configuration

    session, context = call.session, call.context
    values = {
        "BOOT_TIME": machine_facts(call).get("SlurmdStartTime", "Unknown"),
        "NEXT_JOB_ID": str(session.registry.next_job_id()),
        "SLURM_VERSION": RELEASE,
        "SlurmctldHost[0]": context.host,
        "SlurmUser": f"{context.user.name}({context.user.uid})",
        "SlurmdUser": f"{context.user.name}({context.user.uid})",
        "StateSaveLocation": session.state_dir,
        "SLURM_CONF": session.config.file or "(null)",
    }
    context.print(configuration.config(session.cluster, values, format_timestamp(context.now(), call.time_format)))
    return ping(call, [])


def ping(call: Call, words: Sequence[str]) -> int:
    """The controller is the registry, with the Gateway behind it."""
    try:
        call.session.registry.next_job_id()
        call.session.gateway().configs()
        answer, code = "UP", 0
    except GatewayError as error:
        call.context.warn(f"{PROGRAM}: error: {error.lines[0]}")
        answer, code = "DOWN", 1
    call.context.print(f"Slurmctld(primary) at {call.context.host} is {answer}")
    return code


def show_names(call: Call, text: str | None) -> int:
    """Slurm's exit code is 0, whatever is wrong."""
    listed = call.context.environ.get("SLURM_NODELIST") if text is None else text
    if listed is None:
        call.context.warn(f"{PROGRAM}: error: host list is empty")
        return 0
    try:
        for name in expand_hosts(listed):
            call.context.print(name)
    except BadValue as error:
        complain_of_list(call, error)
    return 0


def show_list(call: Call, text: str | None) -> int:
    return fold(call, text, fold_hosts)


def show_sorted_list(call: Call, text: str | None) -> int:
    return fold(call, text, fold_sorted_hosts)


def fold(call: Call, text: str | None, folded: Callable[[list[str]], str]) -> int:
    """A list that starts with a slash is a file of names, one on a line."""
    if text is None:
        raise UsageError("invalid encode argument")
    if text.startswith("/"):
        try:
            with open(text, encoding="utf-8", errors="surrogateescape") as file:
                text = file.read()
        except OSError:
            raise UsageError(f"Can not open {text}") from None
    try:
        call.context.print(folded(expand_hosts(text)))
    except BadValue as error:
        complain_of_list(call, error)
        return 1
    return 0


def complain_of_list(call: Call, error: BadValue) -> None:
    whole, *details = error.lines
    for detail in details:
        call.context.warn(f"{PROGRAM}: error: _parse_single_range: {detail}")
    call.context.warn(whole)


def show_text(text: str) -> Callable[[Call, str | None], int]:
    def answer(call: Call, given: str | None) -> int:
        call.context.print(text)
        return 0

    return answer


# Name -> letters that must be given at least, what shows it.
ENTITIES: dict[str, tuple[int, Callable[[Call, str | None], int]]] = {
    "jobs": (1, show_job),
    "jobid": (4, show_job),
    "nodes": (1, show_node),
    "partitions": (3, show_partition),
    "config": (1, show_config),
    "hostnames": (5, show_names),
    "hostlist": (5, show_list),
    "hostlistsorted": (9, show_sorted_list),
    "steps": (2, show_step),
    "daemons": (2, show_text("slurmctld slurmd")),
    "licenses": (2, show_text("No licenses configured in Slurm.")),
    "reservations": (1, show_text("No reservations in the system")),
    "topology": (1, show_text("No topology information available")),
    "frontend": (1, show_text("No nodes in the system")),
}
