"""scancel: end jobs, by id or by what they have in common."""

from __future__ import annotations

from mlspace.commands import listing
from mlspace.errors import BadValue, MlspaceError, UsageError
from mlspace.slurm import state
from mlspace.slurm.hostlist import expand_hosts
from mlspace.slurm.option import IGNORED, REFUSED, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context
    from mlspace.session import Session
    from mlspace.slurm.job import JobView
    from mlspace.slurm.request import Component

PROGRAM = "scancel"

ENDING_SIGNALS = ("9", "KILL", "15", "TERM")
STATES = (state.PENDING, state.RUNNING, state.SUSPENDED)

OPTIONS = (
    Option("account", "A", "account", help="act only on jobs charging this account"),
    Option("batch", "b", support=REFUSED, note="a signal cannot be sent to the batch shell alone yet"),
    Option("ctld", support=IGNORED, note="there is one way to end a job"),
    Option("clusters", "M", "names", support=REFUSED, note="there is one cluster"),
    Option("cluster", "", "names", alias_of="clusters", support=REFUSED, note="there is one cluster"),
    Option("full", "f", help="signal batch shell and all steps: the end of a job always does"),
    Option("hurry", "H", help="avoid burst buffer stage out: there is none"),
    Option("interactive", "i", help="require response from user for each job"),
    Option("jobname", "", "job_name", alias_of="name"),
    Option("me", help="act only on own jobs"),
    Option("name", "n", "job_name", help="act only on jobs with this name"),
    Option("nodelist", "w", "hosts", help="act only on jobs on these nodes"),
    Option("partition", "p", "partition", help="act only on jobs in this partition"),
    Option("qos", "q", "qos", help="act only on jobs with this quality of service"),
    Option("quiet", "Q", help="disable warnings"),
    Option("reservation", "R", "reservation", help="act only on jobs with this reservation: there are none"),
    Option("sibling", "", "name", support=REFUSED, note="there is one cluster"),
    Option("signal", "s", "name", help="signal to send to job; only KILL and TERM, which end it, are supported yet"),
    Option("state", "t", "states", help="act only on jobs in this state: PENDING, RUNNING or SUSPENDED"),
    Option("states", "", "states", alias_of="state"),
    Option("user", "u", "user_name", help="act only on jobs of this user"),
    Option("verbose", "v", help="say which jobs are ended"),
    Option("version", "V", help="output version information and exit"),
    Option("wckey", "", "wckey", help="act only on jobs with this workload characterization key"),
    *listing.HELP,
)

FILTERS = ("account", "name", "nodelist", "partition", "qos", "reservation", "state", "user", "me", "wckey")


def run(context: Context, argv: Sequence[str]) -> int:
    call = listing.read(context, PROGRAM, OPTIONS, argv)
    if call is None:
        return 0
    from mlspace.session import Session

    options = call.options
    check_signal(options["signal"])
    states = read_states(options["state"])
    user = read_user(context, options)
    ids = [number for word in call.words for number in (word.split() if word.strip() else [word])]
    if not ids and not any(name in options for name in FILTERS):
        raise MlspaceError("No job identification provided")
    session = Session(context)
    numbers = [read_id(session, text) for text in ids]
    session.refresh()
    jobs = session.recent_jobs(numbers if ids else None)
    chosen = [job for job in jobs if job.state not in state.FINAL and is_meant(job, options, states, user)]
    if options["verbose"]:
        say_what_is_missing(context, session, numbers, jobs)
    if options["interactive"]:
        chosen = [job for job in chosen if confirmed(context, job)]
    for job in chosen:
        if options["verbose"] and not options["quiet"]:
            context.warn(f"{PROGRAM}: Terminating job {job.label}")
    session.cancel(chosen)
    return 0


def read_id(session: Session, text: str) -> int:
    try:
        return session.job_id(text)
    except BadValue:
        job, _, step = text.partition(".")
        if job.isdigit() and step.isdigit():
            raise MlspaceError(f"{text}: a step cannot be ended by itself yet", f"  {PROGRAM} {job} ends the job") from None
        raise MlspaceError(f"Invalid job id {text}") from None


def check_signal(text: str | None) -> None:
    if text is None:
        return
    from mlspace.slurm.signal import number

    try:
        number(text)
    except BadValue:
        raise UsageError(f"Unknown job signal: {text}") from None
    if text.upper().removeprefix("SIG") not in ENDING_SIGNALS:
        raise MlspaceError(f"--signal={text}: only KILL and TERM, which end the job, can be sent yet")


def read_states(text: str | None) -> list[str] | None:
    if text is None:
        return None
    try:
        found = [state.find(item) for item in listing.names(text)]
    except BadValue as error:
        found = [error.text]
    for name in found:
        if name not in STATES:
            lines = (f"Invalid job state specified: {name}", "Valid job states are PENDING, RUNNING, and SUSPENDED")
            raise UsageError(*lines)
    return found


def read_user(context: Context, options: Component) -> str | None:
    if options["me"]:
        return context.user.name
    if options["user"] is None:
        return None
    name = listing.user_name(options["user"])
    if name is None:
        raise MlspaceError(f"Invalid user name: {options['user']}")
    return name


def is_meant(job: JobView, options: Component, states: Sequence[str] | None, user: str | None) -> bool:
    if states is not None and job.state not in states:
        return False
    if options["reservation"] is not None:
        return False
    wanted = {
        "account": job.account,
        "name": job.name,
        "partition": job.partition,
        "qos": job.shown_qos,
        "wckey": job.option("wckey"),
    }
    if any(options[name] is not None and options[name] != value for name, value in wanted.items()):
        return False
    if user is not None and job.user != user:
        return False
    return options["nodelist"] is None or job.runs_on(expand_hosts(options["nodelist"]))


def say_what_is_missing(context: Context, session: Session, numbers: Sequence[int], jobs: Sequence[JobView]) -> None:
    """With -v only: Slurm says nothing of ids that it does not know, and its exit code is 0."""
    known = {job.job_id: job for job in jobs}
    for number in numbers:
        if number not in known:
            context.warn(f"{PROGRAM}: Terminating job {number}")
            context.warn(f"{PROGRAM}: error: Kill job error on job id {number}: Invalid job id specified")
        elif known[number].state in state.FINAL:
            context.warn(f"{PROGRAM}: error: Kill job error on job id {number}: Job/step already completing or completed")


def confirmed(context: Context, job: JobView) -> bool:
    context.write(f"Cancel job_id={job.label} name={job.name} partition={job.partition} [y/n]? ")
    context.flush()
    return context.stdin.readline().strip().lower() == b"y"
