"""sacct: jobs and their steps, those that ended long ago too."""

from __future__ import annotations

from mlspace.commands import listing
from mlspace.commands.documenting import format_of
from mlspace.errors import BadValue, MlspaceError, UsageError
from mlspace.render import sacct
from mlspace.render.accounting_row import LIST_LENGTH, UNITS, Manner, Row
from mlspace.slurm import accounting
from mlspace.slurm.job import CLUSTER_NAME, DEFAULT_QOS
from mlspace.slurm.option import OPTIONAL, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlspace.context import Context
    from mlspace.session import Session
    from mlspace.slurm.job import JobView
    from mlspace.slurm.request import Component
    from mlspace.slurm.step import Account

PROGRAM = "sacct"

ONE_CLUSTER = "there is one"
YOUR_JOBS = "those here are your own"
NO_COMPLETION = "Slurm job completion is disabled"
"""What the real one says where no JobCompType is configured, as it is here."""

LINE = "-" * 80


def span(text: str) -> list[int]:
    """ "2" or "2-4": least and most."""
    low, dash, high = text.partition("-")
    if not low.isdecimal() or not (high if dash else low).isdecimal():
        raise BadValue(text)
    least, most = int(low), int(high) if dash else int(low)
    if dash and most == 0:
        raise BadValue(text)
    return [least, most]


def yes_no(text: str) -> bool:
    """ "yes" or "no"; nothing means yes."""
    if text.lower() not in ("", "yes", "no"):
        raise BadValue(text)
    return text.lower() != "no"


# In the order of the real table, in which getopt lists the possibilities of an abbreviation.
# fmt: off - a row is a line or two
OPTIONS = (
    Option("allusers", "a", help=f"all users' jobs: {YOUR_JOBS}"),
    Option("accounts", "A", "account_list", parse=listing.names, help="only jobs of these accounts"),
    Option("allocations", "X", help="only the jobs themselves, not their steps"),
    Option("brief", "b", help="equivalent to --format=jobid,state,exitcode"),
    Option("batch-script", "B", help="print the batch scripts of the jobs that -j names"),
    Option("completion", "c", help="read what job completion has logged: it is not configured here"),
    Option("constraints", "C", "list", parse=listing.names, help="only jobs that asked for all of these features"),
    Option("delimiter", "", "characters", help="separator of -p and -P; the default is |"),
    Option("duplicates", "D", help="all runs of a job that was requeued"),
    Option("helpformat", "e", help="list the fields of --format"),
    Option("help", "h", help="print this description of use"),
    Option("endtime", "E", "time", help="only jobs before this time"),
    Option("env-vars", help="print the environments that the jobs of -j were submitted with"),
    Option("federation", help=f"jobs of all clusters of the federation: {ONE_CLUSTER}"),
    Option("file", "f", "file", help="read what job completion has logged in this file: see -c"),
    Option("flags", "F", "flag_list", parse=listing.names, help="only jobs that were started so: SchedSubmit, SchedMain, SchedBackfill"),
    Option("fields", "", "fields", add=sacct.joined, alias_of="format"),
    Option("format", "o", "fields", add=sacct.joined, help="the fields to show; --helpformat lists them, NAME%20 sets the width"),
    Option("gid", "g", "group_list", parse=listing.names, help="only jobs of these groups"),
    Option("group", "", "group_list", parse=listing.names, alias_of="gid"),
    Option("ncpus", "I", "min[-max]", parse=span, help="only jobs that got so many CPUs",
           invalid='Invalid numeric value "{value}" for requested cpu range.'),
    Option("jobs", "j", "job(.step)", add=sacct.joined, help="only these jobs and steps: 12, 12.0, 12.batch, 12_3, 12+1"),
    Option("json", help="print the jobs as JSON"),
    Option("local", help=f"only jobs of this cluster: {ONE_CLUSTER}"),
    Option("long", "l", help="all that can be told of usage"),
    Option("allclusters", "L", help=f"jobs of all clusters: {ONE_CLUSTER}"),
    Option("cluster", "", "cluster_list", parse=listing.names, alias_of="clusters"),
    Option("clusters", "M", "cluster_list", parse=listing.names, help=f"only jobs of these clusters: {ONE_CLUSTER}"),
    Option("name", "", "jobname_list", parse=listing.names, help="only jobs of these names"),
    Option("nnodes", "i", "min[-max]", parse=span, help="only jobs that got so many nodes",
           invalid='Invalid numeric value "{value}" for requested node range.'),
    Option("nodelist", "N", "node_list", help="only jobs that ran on any of these nodes"),
    Option("noconvert", help="memory in MiB, however much it is"),
    Option("units", "", "KMGTP", help="memory in this unit"),
    Option("noheader", "n", help="no header"),
    Option("parsable", "p", help="fields with | between, and behind the last"),
    Option("parsable2", "P", help="fields with | between"),
    Option("partition", "r", "partition_list", parse=listing.names, help="only jobs of these partitions"),
    Option("qos", "q", "qos_list", parse=listing.names, help="only jobs of these QOS"),
    Option("reason", "", "reason_list", parse=listing.names, help="only jobs that waited for these reasons"),
    Option("state", "s", "state_list", help="only jobs that were in these states in the time asked for"),
    Option("starttime", "S", "time", help="only jobs after this time; the default is today at midnight, with -j any, with -s now"),
    Option("timelimit-min", "k", "limit", help="only jobs with this time limit; with -K, from this one on"),
    Option("timelimit-max", "K", "limit", help="with -k, only jobs with a time limit up to this one"),
    Option("truncate", "T", help="cut the times shown to the time asked for"),
    Option("uid", "u", "user_list", parse=listing.names, help="only jobs of these users"),
    Option("use-local-uid", help="ask this system for uids"),
    Option("usage", help="display a brief summary of the options"),
    Option("user", "", "user_list", parse=listing.names, alias_of="uid"),
    Option("verbose", "v", help="say which time is asked for"),
    Option("version", "V", help="print the version"),
    Option("wckeys", "W", "wckey_list", parse=listing.names, help="only jobs of these workload characterization keys"),
    Option("whole-hetjob", "", "yes|no", argument=OPTIONAL, parse=yes_no, help="whether one component stands for its whole job",
           invalid='Invalid --whole-hetjob value "{value}". Valid values: [yes|no].'),
    Option("associations", "x", "assoc_list", parse=listing.names, help="only jobs of these associations: everybody has one"),
    Option("yaml", help="print the jobs as YAML"),
)
# fmt: on


def run(context: Context, argv: Sequence[str]) -> int:
    call = listing.read(context, PROGRAM, OPTIONS, argv)
    if call is None:
        return 0
    options = call.options
    if options["helpformat"]:
        context.print("\n".join(sacct.field_names()))
        return 0
    refuse_completion(options)
    unit = read_unit(options)
    users, options.values["gid"] = read_users(options["uid"]), read_groups(options["gid"])
    if call.words:
        raise MlspaceError("Unknown arguments:", *(f" {word}" for word in call.words))
    from mlspace.session import Session
    from mlspace.slurm.step import Account

    session, now = Session(context), context.now()
    wanted = accounting.read_wanted(options["jobs"] or "", session.job_id)
    if options["batch-script"] or options["env-vars"]:
        return show_stored(context, session, options, wanted)
    query = accounting.Query(options, int(now), wanted)
    columns = read_columns(options, context.environ.get("SACCT_FORMAT", ""))
    if options["verbose"]:
        context.warn(f"{PROGRAM}: {query.title}")
    session.refresh()
    check_qos(session, options["qos"])
    since = query.window.begin or None
    jobs = session.registry.jobs(family_ids={one.job_id for one in wanted} or None, users=users, ended_since=since)
    if options["duplicates"]:
        jobs = session.registry.earlier_runs(jobs) + jobs
    jobs = sorted(filter(query.holds, jobs), key=accounting.shown_first) if is_here(options["clusters"]) else []
    window = query.window if options["truncate"] else None
    manner = Manner(now, context.environ.get("SLURM_TIME_FORMAT", ""), unit, window, read_length(context.environ))
    if format_name := format_of(options):
        from mlspace.render import accounting_document, document

        context.write(document.render(format_name, accounting_document.jobs(session.accounts(jobs), manner)))
        return 0
    is_whole = not options["allocations"] or sacct.needs_steps(columns)
    known = session.accounts(jobs) if is_whole else [Account(job) for job in jobs]
    rows = make_rows(known, manner, wanted, steps_too=not options["allocations"])
    header = not options["noheader"]
    if options["parsable"] or options["parsable2"]:
        delimiter = "|" if options["delimiter"] is None else options["delimiter"]
        lines = sacct.parsable(columns, rows, header, delimiter, bool(options["parsable"]) and not options["parsable2"])
    else:
        lines = sacct.lines(columns, rows, header)
    if lines:
        context.print("\n".join(lines))
    return 0


def refuse_completion(options: Component) -> None:
    """Job completion (-c, -f) is a log of its own, which sites configure beside accounting; there is none."""
    if options["file"] is not None:
        raise UsageError(f"{options['file']} is not a valid file")
    if options["completion"]:
        raise UsageError(NO_COMPLETION)


def read_unit(options: Component) -> str:
    """The unit of memory: a letter, "" where each amount has its own."""
    text = options["units"]
    if text is None:
        return "M" if options["noconvert"] else ""
    unit: str = text[:1].upper()
    if unit not in UNITS:
        letter = f"'{text[:1]}'"
        raise UsageError(
            f"sacct: error: Invalid unit type {letter}. Possible options are '{''.join(UNITS)}'", "sacct: fatal: Invalid unit type"
        )
    return unit


def read_length(environ: Mapping[str, str]) -> int:
    text = environ.get("SLURM_BITSTR_LEN", "")
    return int(text) if text.isdecimal() else LIST_LENGTH


def read_columns(options: Component, from_environment: str) -> list[sacct.Column]:
    """The columns of -o, and of -b and -l behind them; else of SACCT_FORMAT, else the default ones."""
    texts = [options["format"], sacct.BRIEF if options["brief"] else None, sacct.LONG if options["long"] else None]
    given = [text for text in texts if text is not None]
    columns = sacct.read_format(",".join(given) if given else from_environment or sacct.DEFAULT)
    if isinstance(columns, str):
        raise MlspaceError(f'Invalid field requested: "{columns}"')
    return columns


def read_users(items: list[str] | None) -> list[str] | None:
    """Login names of names and uids."""
    if items is None:
        return None
    users = []
    for item in items:
        name = listing.user_name(item)
        if name is None or name.isdecimal():
            raise MlspaceError(f"Invalid user id: {item}")
        users.append(name)
    return users


def read_groups(items: list[str] | None) -> list[str] | None:
    """Numbers, as texts, of names and numbers of groups."""
    if items is None:
        return None
    import grp

    groups = []
    for item in items:
        try:
            groups.append(item if item.isdecimal() else str(grp.getgrnam(item).gr_gid))
        except KeyError:
            raise MlspaceError(f"Invalid group id: {item}") from None
    return groups


def check_qos(session: Session, names: list[str] | None) -> None:
    """There are those that jobs have had."""
    known = {DEFAULT_QOS}
    if names and not known.issuperset(names):
        known |= {job.shown_qos for job in session.registry.jobs()}
    for name in names or []:
        if name not in known:
            lines = (
                f"{PROGRAM}: error: You gave a bad qos '{name}'. Valid QOS's are {','.join(sorted(known))}",
                f"{PROGRAM}: fatal: problem processing qos list",
            )
            raise UsageError(*lines)


def is_here(clusters: list[str] | None) -> bool:
    """Whether ours is one of --clusters."""
    return not clusters or "all" in clusters or CLUSTER_NAME in clusters


def make_rows(known: Sequence[Account], manner: Manner, wanted: Sequence[accounting.Wanted], *, steps_too: bool) -> list[Row]:
    """A row for each job, and one for each of its steps; of a job of which only steps are wanted, those."""
    rows = []
    for account in known:
        job = account.job
        meant = {one.step for one in wanted if one.matches(job)}
        if not steps_too or not meant or None in meant:
            rows.append(Row(job, None, manner, account.steps, account.used))
            meant = set()
        if steps_too:
            rows += [Row(job, step, manner) for step in account.steps if not meant or step.step in meant]
    return rows


def show_stored(context: Context, session: Session, options: Component, wanted: Sequence[accounting.Wanted]) -> int:
    """Prints what jobs were submitted with: --batch-script their scripts, --env-vars their environments.

    They are the caller's own, and the registry is readable to nobody else.
    """
    script = options["batch-script"]
    if script and options["env-vars"]:
        raise UsageError(f"{PROGRAM}: fatal: Options --batch-script and --env-vars are mutually exclusive")
    if not wanted:
        what = "scripts" if script else "environment"
        raise UsageError(f"{PROGRAM}: fatal: When requesting job {what} you must also request specific jobs with the '-j' option.")
    jobs = session.registry.jobs(family_ids={one.job_id for one in wanted})
    for job in sorted((job for job in jobs if any(one.matches(job) for one in wanted)), key=accounting.shown_first):
        title = f"Batch Script for {job.label}" if script else f"Environment used for {job.label} (must be batch to display)"
        context.print(f"{title}\n{LINE}\n{stored_text(session, job, script=script)}")
    return 0


def stored_text(session: Session, job: JobView, *, script: bool) -> str:
    import json

    request, environment = session.registry.stored(job.job_id)
    if not job.batch:
        return "NONE\n"
    text = json.loads(request)["script"]["text"] if script else "".join(f"{name}={value}\n" for name, value in environment.items())
    return str(text)
