"""sstat: what the tasks of running steps have used so far. Their nodes are asked at once, by the job's first one."""

from __future__ import annotations

from mlspace.commands import listing
from mlspace.errors import MlspaceError, UsageError
from mlspace.render import sacct, sstat
from mlspace.slurm import state
from mlspace.slurm.option import Option
from mlspace.slurm.usage import BATCH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlspace.context import Context
    from mlspace.session import Session
    from mlspace.slurm.usage import StepUsage

PROGRAM = "sstat"

OPTIONS = (
    Option("allsteps", "a", help="all running steps of the jobs of which no step is named"),
    Option("helpformat", "e", help="list the fields of --format"),
    Option("help", "h", help="print this description of use"),
    Option("pidformat", "i", help="the processes of each step and node: equivalent to --format=jobid,nodelist,pids"),
    Option("jobs", "j", "job(.step)", add=sacct.joined, help="these jobs and steps: 12, 12.0, 12.batch; of a job, its first running step"),
    Option("noheader", "n", help="no header"),
    Option("noconvert", help="sizes in bytes, however large they are"),
    Option("format", "o", "fields", add=sacct.joined, help="the fields to show; --helpformat lists them, NAME%20 sets the width"),
    Option("parsable", "p", help="fields with | between, and behind the last"),
    Option("parsable2", "P", help="fields with | between"),
    Option("usage", help="display a brief summary of the options"),
    Option("verbose", "v", help="read, and nothing more is said"),
    Option("version", "V", help="print the version"),
)

EXTERN = "extern"
"""A step of Slurm's that nothing has here."""


class Wanted:
    """A job, and which of its steps: "batch", a number, "extern"; None: not said."""

    __slots__ = ("job_id", "step")

    def __init__(self, job_id: int, step: str | None) -> None:
        self.job_id = job_id
        self.step = step

    @property
    def name(self) -> str:
        return f"{self.job_id}.{self.step}"


def run(context: Context, argv: Sequence[str]) -> int:
    call = listing.read(context, PROGRAM, OPTIONS, argv)
    if call is None:
        return 0
    options = call.options
    if options["helpformat"]:
        context.print("\n".join(sacct.field_names(sstat.FIELDS)))
        return 0
    wanted = read_wanted(options["jobs"] or next(iter(call.words), ""))
    text = options["format"] if options["format"] is not None else sstat.PROCESSES if options["pidformat"] else sstat.DEFAULT
    columns = sacct.read_format(text, sstat.FIELDS)
    if isinstance(columns, str):
        raise MlspaceError(f'Invalid field requested: "{columns}"')
    columns = [column if column.width else sacct.Column(column.field, column.field.width, column.field.left) for column in columns]
    from mlspace.session import Session

    session = Session(context)
    shown, missing = find_steps(session, wanted, every=bool(options["allsteps"]))
    fields = [column.field for column in columns]
    rows = [row for job_id, step in shown for row in sstat.rows(job_id, step, fields, not options["noconvert"])]
    header = not options["noheader"]
    if options["parsable"] or options["parsable2"]:
        lines = sacct.parsable(columns, rows, header, "|", bool(options["parsable"]) and not options["parsable2"])
    else:
        lines = sacct.lines(columns, rows, header)
    if lines:
        context.print("\n".join(lines))
    context.flush()
    for line in missing:
        context.warn(line)
    return 0


def read_wanted(text: str) -> list[Wanted]:
    """The items of "12,12.0,12.batch". What stands behind a number is not read, an array's element for one. Source: sstat 22.05."""
    wanted = []
    for item in filter(None, text.split(",")):
        job, point, step = item.partition(".")
        digits = job[: len(job) - len(job.lstrip("0123456789"))]
        if not digits:
            raise UsageError(f"{PROGRAM}: fatal: Bad job/step specified: {item}", exit_code=1)
        if point and not (step.isdecimal() and step.isascii()) and step not in (BATCH, EXTERN):
            raise UsageError(f"{PROGRAM}: fatal: Bad step specified: {job}", exit_code=1)
        wanted.append(Wanted(int(digits), step if point else None))
    if not wanted:
        raise MlspaceError("You didn't give me any jobs to stat.")
    return wanted


def find_steps(session: Session, wanted: Sequence[Wanted], *, every: bool) -> tuple[list[tuple[int, StepUsage]], list[str]]:
    """Steps that run, each with its job's id; and what is to be said of those that do not."""
    shown: list[tuple[int, StepUsage]] = []
    missing: list[str] = []
    session.refresh()
    for one in wanted:
        job = session.registry.job(one.job_id)
        if job is None or not session.is_recent(job):
            missing.append(f"{PROGRAM}: error: couldn't get steps for job {one.job_id}")
            continue
        usage = session.launches.usage(job.job_id) if job.state == state.RUNNING else []
        if usage is None:
            missing.append(f"{PROGRAM}: error: couldn't get steps for job {one.job_id}")
            missing.append("  its nodes cannot be reached from here: call sstat inside the job")
            continue
        found = list(chosen(usage, one, every=every))
        shown += [(job.job_id, step) for step in found]
        if one.step is not None and not found:
            missing.append(f"{PROGRAM}: error: StepId={one.name} not found running.")
        elif not usage:
            missing.append(f"{PROGRAM}: error: No steps running for job {one.job_id}")
    return shown, missing


def chosen(usage: Sequence[StepUsage], wanted: Wanted, *, every: bool) -> Iterator[StepUsage]:
    """The step that is named; else all of them, or the one of the lowest number."""
    if wanted.step is not None:
        yield from (step for step in usage if step.name == wanted.step)
    elif every:
        yield from usage
    else:
        yield from [step for step in usage if step.name != BATCH][:1]
