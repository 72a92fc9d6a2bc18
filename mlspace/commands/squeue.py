"""squeue: the jobs of the queue, or their steps."""

from __future__ import annotations

from mlspace.commands import documenting, listing
from mlspace.errors import BadValue, MlspaceError, UsageError
from mlspace.render import format
from mlspace.slurm import reading
from mlspace.slurm.help import render_usage
from mlspace.slurm.job import CLUSTER_NAME
from mlspace.slurm.option import APPROXIMATED, COMMAND_LINE, OPTIONAL, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from mlspace.commands.selecting import Selection
    from mlspace.context import Context
    from mlspace.render.squeue import View
    from mlspace.session import Session
    from mlspace.slurm.job import JobView

PROGRAM = "squeue"

ONE_CLUSTER = "there is one cluster, and no partition is hidden"
NO_SORT = "b"
"""A letter by which Slurm does not sort, and only says so."""


def period(text: str) -> int:
    """--iterate: whole seconds, at least one. Raises BadValue."""
    number, rest = format.leading_number(text)
    if rest or number < 1:
        raise BadValue(text, f"--iterate={text}\n")
    return number


def variable(name: str) -> dict[str, str]:
    return {PROGRAM: name}


# The order is that of Slurm's own table, because getopt lists an ambiguous prefix's possibilities in it. Four rows are `own`: the names
# that Slurm's help and manual use, which getopt there finds as a prefix of the row before.
# fmt: off
OPTIONS = (
    Option("accounts", "", "account(s)", parse=listing.names, on=variable("SQUEUE_ACCOUNT")),
    Option("account", "A", "account(s)", parse=listing.names, alias_of="accounts", own=True, help="jobs of these accounts"),
    Option("all", "a", on=variable("SQUEUE_ALL"), help="jobs in hidden partitions, too", note=ONE_CLUSTER),
    Option("array", "r", on=variable("SQUEUE_ARRAY"), help="a line for each element of a job array"),
    Option("array-unique", on=variable("SQUEUE_ARRAY_UNIQUE"), help="a line for each array whose elements wait, as without it"),
    Option("cluster", "", "cluster_name", alias_of="clusters"),
    Option("clusters", "M", "cluster_name", on=variable("SLURM_CLUSTERS"), help="jobs of these clusters",
           note="there is one, and scontrol show config names it"),
    Option("format", "o", "format", on=variable("SQUEUE_FORMAT"), help="what to show: %[[.]size]letter[suffix]..."),
    Option("federation", on=variable("SQUEUE_FEDERATION"), help="jobs of the whole federation", note=ONE_CLUSTER),
    Option("Format", "O", "format", on=variable("SQUEUE_FORMAT2"), help="what to show: name[:[.]size[suffix]],..."),
    Option("help", section="Help options:", help="show this help message"),
    Option("hide", help="no jobs in hidden partitions", note=ONE_CLUSTER),
    Option("iterate", "i", "seconds", parse=period, help="show it again and again, so many seconds apart"),
    Option("jobs", "", "job(s)", argument=OPTIONAL, parse=str),
    Option("job", "j", "job(s)", argument=OPTIONAL, parse=str, alias_of="jobs", own=True, help="these jobs"),
    Option("json", help="everything that is known of all jobs as JSON"),
    Option("local", on=variable("SQUEUE_LOCAL"), help="jobs of this cluster only", note=ONE_CLUSTER),
    Option("long", "l", help="show more of each job"),
    Option("licenses", "L", "(license names)", parse=listing.names, on=variable("SQUEUE_LICENSES"),
           help="jobs that asked for one of these licenses"),
    Option("me", help="my own jobs"),
    Option("name", "n", "job_name(s)", parse=listing.names, on=variable("SQUEUE_NAMES"), help="jobs of these names"),
    Option("noconvert", help="sizes in MiB: 2048M, not 2G"),
    Option("node", "", "hostlist", alias_of="nodelist"),
    Option("nodes", "", "hostlist", alias_of="nodelist"),
    Option("nodelist", "w", "hostlist", help="jobs on these nodes"),
    Option("noheader", "h", help="no line of headers"),
    Option("partitions", "", "partition(s)", parse=listing.names, on=variable("SQUEUE_PARTITION")),
    Option("partition", "p", "partition(s)", parse=listing.names, alias_of="partitions", own=True, help="jobs of these partitions"),
    Option("priority", "P", on=variable("SQUEUE_PRIORITY"),
           help="a line for each partition that a job waits for", note="a job waits for one partition"),
    Option("qos", "q", "qos(s)", parse=listing.names, on=variable("SQUEUE_QOS"), help="jobs of these qualities of service"),
    Option("reservation", "R", "name", help="jobs of this reservation", note="so nothing is shown: there are none here"),
    Option("sib", alias_of="sibling"),
    Option("sibling", on=variable("SQUEUE_SIBLING"), help="all sibling jobs of a federation", note=ONE_CLUSTER),
    Option("sort", "S", "fields", on=variable("SQUEUE_SORT"), help="letters of --format to sort by, each with - to descend"),
    Option("start", support=APPROXIMATED, help="jobs that wait, with the start that is expected",
           note="it is known of --begin only: the platform does not tell"),
    Option("steps", "", "step(s)", argument=OPTIONAL, parse=str),
    Option("step", "s", "step(s)", argument=OPTIONAL, parse=str, alias_of="steps", own=True, help="steps that run: these, or all"),
    Option("states", "t", "states", on=variable("SQUEUE_STATES"),
           help="jobs in these states, 'all' for any; default is those that wait or run"),
    Option("usage", section="Help options:", help="show a short list of options"),
    Option("user", "u", "user_name(s)", on=variable("SQUEUE_USERS"), help="jobs of these users, names or numbers"),
    Option("users", "", "user_name(s)", alias_of="user"),
    Option("verbose", "v", parse=reading.one, add=reading.sum_up, help="say what was asked for, too"),
    Option("version", "V", help="show the version"),
    Option("yaml", help="everything that is known of all jobs as YAML"),
)
# fmt: on


def run(context: Context, argv: Sequence[str]) -> int:
    call = listing.read(context, PROGRAM, OPTIONS, argv)
    if call is None:
        return 0
    options = call.options
    take_word(call)
    check_formats(call)
    is_named = listing.check_clusters(context, PROGRAM, options["clusters"], options.origin("clusters"))
    from mlspace.commands.selecting import Selection
    from mlspace.session import Session

    session = Session(context)
    if name := documenting.format_of(options):  # of all jobs, whatever else is asked for
        session.refresh()
        return documenting.print_jobs(context, session, name, session.recent_jobs())
    selection = Selection(context, session, options, call.settings)
    if options["verbose"]:
        from mlspace.render.squeue_parameters import parameters

        texts = {setting.option.alias_of or setting.option.long: setting.text for setting in call.settings}
        ids = selection.ids or () if selection.steps is None else ()
        context.print(parameters(options, texts, ids, context.user.uid))
    while True:
        if not options["noheader"] and (options["long"] or options["verbose"] or options["iterate"]):
            context.print(context.date())
        if is_named and not options["noheader"]:
            context.print(f"CLUSTER: {CLUSTER_NAME}")
        try:
            print_rows(context, session, call, selection)
        except UsageError as error:
            if not options["iterate"]:
                raise
            for line in error.lines:
                context.warn(line)
        if not options["iterate"]:
            return 0
        context.print("")
        context.flush()
        context.sleep(options["iterate"])


def take_word(call: listing.Call) -> None:
    """Unlike getopt, squeue takes the next word for --jobs or --steps without a value, too: one word in all."""
    for long in ("jobs", "steps"):
        if long in call.options and call.words:
            if not call.options[long]:
                call.options.values[long] = call.words.pop(0)
            break
    if call.words:
        raise UsageError(f"{PROGRAM}: error: Unrecognized option: {call.words[0]}", render_usage(PROGRAM, "[OPTIONS...]", OPTIONS))


def check_formats(call: listing.Call) -> None:
    """--format, --Format and --long do not go together. Raises UsageError."""
    told = [setting.option for setting in call.settings if setting.option.long in ("format", "Format")]
    for option in told[1:]:
        if option is not told[0]:
            one, other = (f"-{row.short} (--{row.long})" for row in (option, told[0]))
            raise UsageError(f"{PROGRAM}: error: {one} is incompatible with {other}")
    if call.options["long"] and any(option.long == "format" for option in told):
        raise UsageError(
            f"{PROGRAM}: fatal: Options -o(--format) and -l(--long) are mutually exclusive. Please remove one and retry."
        )


def print_rows(context: Context, session: Session, call: listing.Call, selection: Selection) -> None:
    """One listing: header and rows. Raises MlspaceError."""
    from mlspace.render import squeue

    options = call.options
    session.refresh()
    jobs = selection.load(session)
    view = view_of(context, options)
    in_steps = selection.steps is not None
    pairs = session.running_steps(jobs) if in_steps else []
    if options["verbose"]:
        single = not in_steps and selection.ids is not None and len(selection.ids) == 1
        context.print(f"last_update_time={0 if single else int(view.now)} records={len(pairs) if in_steps else len(jobs)}")
    if not in_steps:
        rows: list[Any] = job_rows(session, selection, jobs, view)
        letters: Mapping[str, format.Field] = squeue.FIELDS
        sort = squeue.START_SORT if options["start"] else squeue.SORT
    else:
        from mlspace.render import squeue_steps

        wanted = {job.job_id for job in selection.of_ids(jobs)}
        shown = [(job, step) for job, step in pairs if job.job_id in wanted and selection.shows_step(job, step)]
        rows = [squeue_steps.StepRow(job, step, view) for job, step in shown]
        letters, sort = squeue_steps.LETTERS, squeue_steps.SORT
    columns = read_columns(context, options, letters, in_steps=in_steps)
    if not options["noheader"]:
        context.print(format.header_line(columns))
    told = options["sort"]

    def ignores(letter: str) -> bool:
        if letter == NO_SORT:
            context.warn(f"{PROGRAM}: Invalid sort specification: {letter}")
        return in_steps or letter == NO_SORT

    wrong = format.sort_rows(rows, sort if told is None else told, sortable(letters, in_steps=in_steps), ignores)
    if wrong is not None:
        raise MlspaceError(f"Invalid sort specification: {wrong}")
    if options["array"] and not in_steps:
        rows = [element for row in rows for element in row.elements()]
    if rows:
        context.print("\n".join(format.lines(columns, rows)))


def view_of(context: Context, options: Any) -> View:
    from mlspace.render.squeue import SPEC_LENGTH, View

    environ = context.environ
    time_format = environ.get("SLURM_TIME_FORMAT", "")
    if time_format not in ("", "standard", "relative") and "%" not in time_format:
        context.warn(f"{PROGRAM}: error: invalid SLURM_TIME_FORMAT = '{time_format}'")
    length, rest = format.leading_number(environ.get("SLURM_BITSTR_LEN", "?"))
    return View(
        context.now(), time_format, spec_length=SPEC_LENGTH if rest or length < 0 else length, as_asked=bool(options["noconvert"])
    )


def job_rows(session: Session, selection: Selection, jobs: Sequence[JobView], view: View) -> list[Any]:
    """Rows of the jobs that are shown, in the order that they have where --sort says nothing."""
    from mlspace.render.squeue import JobRow, by_start, listed

    shown = [job for job in selection.of_ids(jobs if selection.is_one else listed(jobs)) if selection.shows(job)]
    leaders = {job.het_job_id for job in shown if job.het_job_id is not None}
    families = documenting.components(session.recent_jobs(family_ids=leaders)) if leaders else {}
    rows = [JobRow(job, view, families.get(job.het_job_id, ()) if leaders else ()) for job in shown]
    by_start(rows, True)
    return rows


def read_columns(context: Context, options: Any, letters: Mapping[str, format.Field], *, in_steps: bool) -> list[format.Column]:
    """The columns of --Format, else --format, else --long, the input variables, and what is shown where nothing is said."""
    from mlspace.render import squeue

    kind = "job step" if in_steps else "job"

    def refuse(field: str) -> None:
        context.warn(f"{PROGRAM}: error: Invalid {kind} format specification: {field}")

    told = {name: options.origin(name) == str(COMMAND_LINE) for name in ("Format", "format")}
    long: str | None = options["Format"]
    short: str | None = options["format"]
    if told["format"] or (not told["Format"] and (options["long"] or short is not None)):
        long = None
    if long is not None:
        if in_steps:
            from mlspace.render.squeue_steps import NAMES
        else:
            from mlspace.render.squeue_names import NAMES
        return format.read_long_format(long, NAMES, refuse)
    if short is not None and (told["format"] or not options["long"]):
        layout = short
    elif in_steps:
        from mlspace.render.squeue_steps import DEFAULT as layout
    else:
        layout = squeue.LONG if options["long"] else squeue.START if options["start"] else squeue.DEFAULT
    return format.read_format(layout, letters, refuse)


def sortable(letters: Mapping[str, format.Field], *, in_steps: bool) -> Mapping[str, format.Field]:
    from mlspace.render.squeue import UNSORTABLE

    unsortable = NO_SORT if in_steps else UNSORTABLE + NO_SORT
    return {letter: field for letter, field in letters.items() if letter not in unsortable}
