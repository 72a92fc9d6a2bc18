"""squeue: the jobs of the queue, or their steps."""

from __future__ import annotations

from mlspace.commands import listing
from mlspace.errors import BadValue, MlspaceError, UsageError
from mlspace.render import format, squeue
from mlspace.slurm import state
from mlspace.slurm.help import render_usage
from mlspace.slurm.option import IGNORED, OPTIONAL, REFUSED, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mlspace.context import Context
    from mlspace.session import Session
    from mlspace.slurm.job import JobView, StepView

PROGRAM = "squeue"

ONE_CLUSTER = "there is one cluster, and no partition is hidden"

OPTIONS = (
    Option("account", "A", "account(s)", parse=listing.names, help="comma separated list of accounts to view"),
    Option("all", "a", help="display jobs in hidden partitions: there are none"),
    Option("array", "r", help="display one job array element per line"),
    Option("array-unique", help="display one pending element of an array per line"),
    Option("clusters", "M", "cluster_name", support=REFUSED, note="there is one cluster"),
    Option("cluster", "", "cluster_name", alias_of="clusters", support=REFUSED, note="there is one cluster"),
    Option("federation", support=IGNORED, note=ONE_CLUSTER),
    Option("format", "o", "format", help="format specification"),
    Option("Format", "O", "format", support=REFUSED, note="say it with -o"),
    Option("hide", help="do not display jobs in hidden partitions: there are none"),
    Option("iterate", "i", "seconds", support=REFUSED, note="watch -n SECONDS squeue does the same"),
    Option("job", "j", "job(s)", argument=OPTIONAL, parse=str, help="comma separated list of job ids to view"),
    Option("jobs", "", "job(s)", argument=OPTIONAL, parse=str, alias_of="job"),
    Option("json", support=REFUSED, note="say it with -o"),
    Option("licenses", "L", "names", support=REFUSED, note="there are no licenses here"),
    Option("local", support=IGNORED, note=ONE_CLUSTER),
    Option("long", "l", help="long report"),
    Option("me", help="the same as --user=$USER"),
    Option("name", "n", "job_name(s)", parse=listing.names, help="comma separated list of job names to view"),
    Option("noconvert", help="memory is shown as it was asked for"),
    Option("nodelist", "w", "hostlist", help="list of nodes to view"),
    Option("noheader", "h", help="no headers on output"),
    Option("partition", "p", "partition(s)", parse=listing.names, help="comma separated list of partitions to view"),
    Option("qos", "q", "qos(s)", parse=listing.names, help="comma separated list of qos's to view"),
    Option("reservation", "R", "name", support=REFUSED, note="there are no reservations here"),
    Option("sibling", support=IGNORED, note=ONE_CLUSTER),
    Option("sort", "S", "fields", help="comma separated list of fields to sort on"),
    Option("start", help="print pending jobs; their expected start is not known"),
    Option("states", "t", "states", help="comma separated list of states to view, 'all' for every one; default is pending and running"),
    Option("step", "s", "step(s)", argument=OPTIONAL, parse=str, help="job steps to view"),
    Option("steps", "", "step(s)", argument=OPTIONAL, parse=str, alias_of="step"),
    Option("user", "u", "user_name(s)", help="comma separated list of users to view"),
    Option("users", "", "user_name(s)", alias_of="user"),
    Option("verbose", "v", help="verbosity level; has no more to say"),
    Option("version", "V", help="output version information and exit"),
    Option("yaml", support=REFUSED, note="say it with -o"),
    *listing.HELP,
)


def run(context: Context, argv: Sequence[str]) -> int:
    call = listing.read(context, PROGRAM, OPTIONS, argv)
    if call is None:
        return 0
    for long in ("job", "step"):
        if call.options[long] == "" and call.words:  # unlike getopt, squeue takes the next word, too
            call.options.values[long] = call.words.pop(0)
    if call.words:
        lines = [f"{PROGRAM}: error: Unrecognized option: {call.words[0]}", render_usage(PROGRAM, "[OPTIONS...]", OPTIONS)]
        raise UsageError(*lines)
    from mlspace.session import Session

    options, environ = call.options, context.environ
    session = Session(context)
    wanted = read_ids(session, options["job"])
    states = read_states(options["states"] or environ.get("SQUEUE_STATES", ""), bool(options["start"]))
    users = read_users(context, options["user"] or environ.get("SQUEUE_USERS"), bool(options["me"]))
    nodes = read_nodes(session, options["nodelist"])
    session.refresh()
    jobs = session.recent_jobs(wanted, users)
    if wanted is not None and len(wanted) == 1 and not jobs and not session.recent_jobs(wanted):
        raise UsageError("slurm_load_jobs error: Invalid job id specified")
    shown = [job for job in jobs if is_shown(job, options, states, nodes)]
    now, time_format = context.now(), environ.get("SLURM_TIME_FORMAT", "")
    rows: list[Any]
    if "step" in options:
        fields, layout, sort = squeue.STEP_FIELDS, squeue.STEPS, squeue.STEP_SORT
        rows = [squeue.StepRow(job, step, now, time_format) for job, step in running_steps(session, shown, options["step"])]
    else:
        fields, sort = squeue.JOB_FIELDS, squeue.START_SORT if options["start"] else squeue.SORT
        layout = squeue.START if options["start"] else squeue.LONG if options["long"] else squeue.DEFAULT
        rows = [squeue.JobRow(job, now, time_format) for job in shown]
    told = options["format"] if "format" in options else environ.get("SQUEUE_FORMAT")
    columns = format.read_format(
        layout if told is None else told,
        fields,
        lambda letter: context.warn(f"{PROGRAM}: error: Invalid job format specification: {letter}"),
    )
    if options["long"] and not options["noheader"]:
        context.print(context.date())
    if not options["noheader"]:
        context.print(format.header_line(columns))
    sortable = {letter: field for letter, field in fields.items() if letter not in squeue.UNSORTABLE}
    wrong = format.sort_rows(rows, options["sort"] or environ.get("SQUEUE_SORT") or sort, sortable)
    if wrong is not None:
        raise MlspaceError(f"Invalid sort specification: {wrong}")
    if rows:
        context.print("\n".join(format.lines(columns, rows)))
    return 0


def read_ids(session: Session, text: str | None) -> list[int] | None:
    """Job ids of --job; None where all are wanted."""
    if not text:
        return None
    try:
        return [session.job_id(item) for item in listing.names(text)] or None
    except BadValue as error:
        raise MlspaceError(f"Invalid job id: {error.text}") from error


def read_states(text: str, start: bool) -> Sequence[str] | None:
    """The states to show; None for all."""
    if not text:
        return (state.PENDING,) if start else state.ACTIVE
    if text.lower() == "all":
        return None
    try:
        return [state.find(item) for item in listing.names(text)]
    except BadValue as error:
        valid = f"Valid job states include: {','.join(state.NAMES)}"
        lines = [f"Invalid job state specified: {error.text}", valid]
        raise UsageError(*[f"{PROGRAM}: error: {line}" for line in lines], "") from error


def read_users(context: Context, text: str | None, me: bool) -> list[str] | None:
    """Login names; None for all. A user that does not exist is said, and matches nobody."""
    if me:
        return [context.user.name]
    if not text:
        return None
    users = []
    for item in listing.names(text):
        name = listing.user_name(item)
        if name is None:
            context.warn(f"{PROGRAM}: error: Invalid user: {item}\n")
        users.append(name or item)
    return users


def read_nodes(session: Session, text: str | None) -> set[str] | None:
    if text is None:
        return None
    from mlspace.slurm.hostlist import expand_hosts

    names = expand_hosts(text)
    known = {node.name for node in session.cluster.nodes}
    for name in names:
        if name not in known:
            raise MlspaceError(f"Invalid node name {name}")
    return set(names)


def running_steps(session: Session, jobs: Sequence[JobView], wanted: str) -> list[tuple[JobView, StepView]]:
    """The jobs' steps that run now. `wanted`: "3,4.0" only those of these; "" all."""
    named = listing.names(wanted)
    pairs = session.running_steps(jobs)
    if not named:
        return pairs
    return [(job, step) for job, step in pairs if job.label in named or f"{job.label}.{step.name_in_job}" in named]


def is_shown(job: JobView, options: Any, states: Sequence[str] | None, nodes: set[str] | None) -> bool:
    if states is not None and job.state not in states:
        return False
    for option, value in (("partition", job.partition), ("name", job.name), ("account", job.account), ("qos", job.shown_qos)):
        if options[option] and value not in options[option]:
            return False
    return nodes is None or job.runs_on(nodes)
