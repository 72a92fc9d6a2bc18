"""sacct: jobs and their steps, those that ended long ago too."""

from __future__ import annotations

from mlspace.commands import listing
from mlspace.errors import BadValue, MlspaceError, UsageError
from mlspace.render import sacct
from mlspace.slurm import state, timestamp
from mlspace.slurm.hostlist import expand_hosts
from mlspace.slurm.option import IGNORED, REFUSED, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context
    from mlspace.session import Session
    from mlspace.slurm.job import JobView
    from mlspace.slurm.request import Component

PROGRAM = "sacct"

ONE_CLUSTER = "there is one cluster"
YOUR_JOBS = "the jobs here are your own"


def span(text: str) -> list[int]:
    """ "2" or "2-4": least and most."""
    low, _, high = text.partition("-")
    if not low.isdigit() or not (high or low).isdigit():
        raise BadValue(text)
    return [int(low), int(high or low)]


OPTIONS = (
    Option("accounts", "A", "account_list", parse=listing.names, help="only jobs of these accounts"),
    Option("allclusters", "L", help=f"all clusters: {ONE_CLUSTER}"),
    Option("allocations", "X", help="only the jobs themselves, not their steps"),
    Option("allusers", "a", help=f"all users' jobs: {YOUR_JOBS}"),
    Option("associations", "x", "assoc_list", support=REFUSED, note="there are no associations here"),
    Option("batch-script", "B", support=REFUSED, note="scontrol write batch_script JOB - shows it"),
    Option("brief", "b", help="equivalent to --format=jobid,state,exitcode"),
    Option("clusters", "M", "cluster_list", support=REFUSED, note=ONE_CLUSTER),
    Option("completion", "c", support=REFUSED, note="there is one kind of accounting"),
    Option("constraints", "C", "list", support=REFUSED, note="nodes have no features here"),
    Option("delimiter", "", "characters", help="separator of -p and -P; the default is |"),
    Option("duplicates", "D", help="all records of an id: an id is never given twice"),
    Option("endtime", "E", "time", help="only jobs before this time"),
    Option("env-vars", support=REFUSED, note="it may hold secrets"),
    Option("federation", support=IGNORED, note=ONE_CLUSTER),
    Option("file", "f", "file", support=REFUSED, note="there is one kind of accounting"),
    Option("flags", "F", "flag_list", support=REFUSED, note="there is one scheduler"),
    Option("format", "o", "fields", help="the fields to show; --helpformat lists them, NAME%20 sets the width"),
    Option("gid", "g", "group_list", parse=listing.names, help="only jobs of these groups"),
    Option("group", "", "group_list", parse=listing.names, alias_of="gid"),
    Option("helpformat", "e", help="list the fields of --format"),
    Option("jobs", "j", "job(.step)", parse=listing.names, help="only these jobs and steps; `batch' is a step"),
    Option("json", support=REFUSED, note="say it with -P -o"),
    Option("local", support=IGNORED, note=ONE_CLUSTER),
    Option("long", "l", help="all that can be told of usage"),
    Option("name", "", "jobname_list", parse=listing.names, help="only jobs of these names"),
    Option("ncpus", "I", "min[-max]", parse=span, help="only jobs with so many CPUs"),
    Option("nnodes", "i", "min[-max]", parse=span, help="only jobs with so many nodes"),
    Option("noconvert", support=IGNORED, note="memory is shown as scontrol shows it"),
    Option("nodelist", "N", "node_list", help="only jobs that ran on any of these nodes"),
    Option("noheader", "n", help="no header"),
    Option("parsable", "p", help="fields with | between, and behind the last"),
    Option("parsable2", "P", help="fields with | between"),
    Option("partition", "r", "partition_list", parse=listing.names, help="only jobs of these partitions"),
    Option("qos", "q", "qos_list", parse=listing.names, help="only jobs of these QOS"),
    Option("reason", "R", "reason_list", parse=listing.names, help="only jobs that waited for these reasons"),
    Option("starttime", "S", "time", help="only jobs after this time; the default is today at midnight, with -j any, with -s now"),
    Option("state", "s", "state_list", help="only jobs that were in these states in the time asked for"),
    Option("timelimit-max", "K", "limit", support=REFUSED, note="filter what -o timelimit shows"),
    Option("timelimit-min", "k", "limit", support=REFUSED, note="filter what -o timelimit shows"),
    Option("truncate", "T", support=REFUSED, note="times are shown as they were"),
    Option("uid", "u", "user_list", parse=listing.names, help="only jobs of these users"),
    Option("user", "", "user_list", parse=listing.names, alias_of="uid"),
    Option("units", "", "KMGTP", support=IGNORED, note="memory is shown as scontrol shows it"),
    Option("use-local-uid", support=IGNORED, note=YOUR_JOBS),
    Option("verbose", "v", help="has no more to say"),
    Option("version", "V", help="print the version"),
    Option("wckeys", "W", "wckey_list", parse=listing.names, help="only jobs of these workload characterization keys"),
    Option("whole-hetjob", "", "yes|no", argument="optional", support=IGNORED, note="there are no heterogeneous jobs yet"),
    Option("yaml", support=REFUSED, note="say it with -P -o"),
    Option("help", "h", help="print this description of use"),
    Option("usage", help="display a brief summary of the options"),
)


def run(context: Context, argv: Sequence[str]) -> int:
    call = listing.read(context, PROGRAM, OPTIONS, argv)
    if call is None:
        return 0
    options = call.options
    if call.words:
        raise MlspaceError("Unknown arguments:", *(f" {word}" for word in call.words))
    if options["helpformat"]:
        context.print("\n".join(sacct.field_names()))
        return 0
    from mlspace.session import Session

    session, environ = Session(context), context.environ
    columns = read_columns(options, environ.get("SACCT_FORMAT", ""))
    wanted = read_jobs(session, options["jobs"])
    states = read_states(options["state"])
    begin, end = read_window(context, options)
    users = read_users(options["uid"])
    session.refresh()
    jobs = [job for job in session.registry.jobs(job_ids=wanted, users=users) if is_meant(job, options)]
    jobs = [job for job in jobs if was_there(job, states, begin, end)]
    rows = make_rows(session, jobs, options, context.now(), environ.get("SLURM_TIME_FORMAT", ""))
    header = not options["noheader"]
    if options["parsable"] or options["parsable2"]:
        delimiter = "|" if options["delimiter"] is None else options["delimiter"]
        lines = sacct.parsable(columns, rows, header, delimiter, bool(options["parsable"]))
    else:
        lines = sacct.lines(columns, rows, header)
    if lines:
        context.print("\n".join(lines))
    return 0


def read_columns(options: Component, from_environment: str) -> list[sacct.Column]:
    text = options["format"] or (sacct.LONG if options["long"] else sacct.BRIEF if options["brief"] else from_environment or sacct.DEFAULT)
    columns = sacct.read_format(text)
    if isinstance(columns, str):
        raise MlspaceError(f'Invalid field requested: "{columns}"')
    return columns


def read_jobs(session: Session, items: list[str] | None) -> list[int] | None:
    """Ids of "12", "12.0", "12.batch"; None where all are wanted."""
    if not items:
        return None
    ids = []
    for item in items:
        job, dot, step = item.partition(".")
        try:
            if dot and step != "batch" and not step.isdigit():
                raise BadValue(item)
            ids.append(session.job_id(job))
        except BadValue:
            raise UsageError(f"{PROGRAM}: fatal: Bad job/step specified: {item}") from None
    return ids


def read_states(text: str | None) -> list[str] | None:
    if text is None:
        return None
    try:
        return [state.find(item) for item in listing.names(text)]
    except BadValue as error:
        raise UsageError(f"{PROGRAM}: fatal: unrecognized job state value '{error.text}'") from error


def read_window(context: Context, options: Component) -> tuple[int, int]:
    """Begin and end of the time asked for, unix seconds. Source: sacct(1), DEFAULT TIME WINDOW; sacct 22.05."""
    now = int(context.now())
    by_state, by_id = options["state"] is not None, bool(options["jobs"])
    if options["starttime"] is not None:
        begin = moment(options["starttime"], now)
    elif by_id:
        begin = 0
    else:
        begin = now if by_state else timestamp.parse("today", now)
    if options["endtime"] is not None:
        end = moment(options["endtime"], now)
    else:
        end = begin if by_state and not by_id else now
    if begin > end:
        first, last = timestamp.format_timestamp(begin), timestamp.format_timestamp(end)
        raise MlspaceError(f"Start time ({first}) requested is after end time ({last}).")
    return begin, end


def moment(text: str, now: int) -> int:
    try:
        return timestamp.parse(text, now, past=True)
    except BadValue:
        raise UsageError(f"Invalid time specification (pos=0): {text}") from None


def read_users(items: list[str] | None) -> list[str] | None:
    if items is None:
        return None
    users = []
    for item in items:
        name = listing.user_name(item)
        if name is None:
            raise MlspaceError(f"Invalid user id: {item}")
        users.append(name)
    return users


def is_meant(job: JobView, options: Component) -> bool:
    for option, value in (
        ("accounts", job.account or ""),
        ("name", job.name),
        ("partition", job.partition),
        ("qos", job.shown_qos),
        ("reason", job.reason),
        ("wckeys", job.option("wckey") if options["wckeys"] else None),
    ):
        if options[option] and value not in options[option]:
            return False
    if options["gid"] and job.grp not in options["gid"] and str(job.gid) not in options["gid"]:
        return False
    for option, number in (("nnodes", job.nodes), ("ncpus", job.shown_cpus)):
        if options[option] and not options[option][0] <= number <= options[option][1]:
            return False
    return options["nodelist"] is None or job.runs_on(expand_hosts(options["nodelist"]))


def was_there(job: JobView, states: Sequence[str] | None, begin: int, end: int) -> bool:
    """Whether the job was there in that time; with states, whether it was in one of them then."""
    if states is None:
        return bool((job.eligible_time or job.submit_time) <= end and (job.end_time is None or job.end_time >= begin))
    started = job.start_time if job.start_time is not None else job.end_time
    if state.PENDING in states and job.submit_time <= end and (started is None or started >= begin):
        return True
    ran = job.start_time is not None and job.start_time <= end and (job.end_time is None or job.end_time >= begin)
    if state.RUNNING in states and ran:
        return True
    return job.state in states and job.end_time is not None and begin <= job.end_time <= end


def make_rows(session: Session, jobs: Sequence[JobView], options: Component, now: float, time_format: str) -> list[sacct.Row]:
    """A row for each job and, unless only allocations are wanted, one for each of its steps, the batch script first."""
    from mlspace.slurm.job import batch_step

    steps: dict[int, list[sacct.Row]] = {job.job_id: [] for job in jobs}
    if not options["allocations"] and jobs:
        by_id = {job.job_id: job for job in jobs}
        for job in jobs:
            if job.batch and job.start_time is not None:
                steps[job.job_id].append(sacct.Row(job, batch_step(job), now, time_format))
        for step in session.registry.steps(list(by_id)):
            steps[step.job_id].append(sacct.Row(by_id[step.job_id], step, now, time_format))
    rows = []
    for job in jobs:
        rows += chosen([sacct.Row(job, None, now, time_format), *steps[job.job_id]], options["jobs"])
    return rows


def chosen(rows: list[sacct.Row], items: list[str] | None) -> list[sacct.Row]:
    """Of a job's rows those that --jobs names: all for "12", one for "12.0"."""
    if not items or rows[0].job.label in items or rows[0].job.platform_job in items:
        return rows
    return [row for row in rows if sacct.identity(row) in items]
