"""scancel: end jobs and steps, or signal them, by id or by what jobs have in common.

Slurm has two ways, and they say different things. Ids alone go to the controller, which answers for each, and a job that has
ended or never was is no error. With a filter, a signal, a step or -i, the jobs are looked at first, and one that is not there is.
"""

from __future__ import annotations

from mlspace.commands import listing
from mlspace.errors import BadValue, MlspaceError, UsageError
from mlspace.slurm import state
from mlspace.slurm.accounting import shown_first
from mlspace.slurm.cancellation import FILTERS, STATES, Deed, Target, described, matches, read_target, split
from mlspace.slurm.option import COMMAND_LINE, REFUSED, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mlspace.context import Context
    from mlspace.queue.selection import Selected
    from mlspace.session import Session
    from mlspace.slurm.job import JobView
    from mlspace.slurm.request import Component

PROGRAM = "scancel"

UNKNOWN = "Invalid job id specified"
ENDED = "Job/step already completing or completed"
END_STEP = 0
"""In place of a signal (docs/protocol.md, SIGNAL_JOB)."""
PENDING = "Job is pending execution"
UNKNOWN_STEP_EXIT = 225
"""ESLURM_INVALID_JOB_ID, 2017, in eight bits."""

NOT_WHOLE = "Operation not permitted on individual component of heterogeneous job"
NOT_WHOLE_EXIT = 60

ONE_CLUSTER = "there is one cluster"


def on(name: str) -> dict[str, str]:
    """The option's input variable."""
    return {PROGRAM: f"SCANCEL_{name}"}


# In the order of the real table, in which getopt lists the possibilities of an abbreviation.
OPTIONS = (
    Option("account", "A", "account", on=on("ACCOUNT"), help="act only on jobs charging this account"),
    Option("batch", "b", on=on("BATCH"), help="signal the batch shell only, not what it has started, and no step"),
    Option("ctld", on=on("CTLD"), help="ask the controller: there is no other way"),
    Option("cluster", "", "names", alias_of="clusters"),
    Option("clusters", "M", "names", on={PROGRAM: "SLURM_CLUSTERS"}, help=f"act on jobs of this cluster: {ONE_CLUSTER}"),
    Option("full", "f", on=on("FULL"), help="signal the batch shell, what it has started, and all steps"),
    Option("help", section="Help options:", help="show this help message"),
    Option("hurry", "H", on=on("HURRY"), help="avoid burst buffer stage out: there is none"),
    Option("interactive", "i", on=on("INTERACTIVE"), help="require response from user for each job"),
    Option("me", help="act only on own jobs"),
    Option("jobname", "", "job_name", alias_of="name"),
    Option("name", "n", "job_name", on=on("NAME"), help="act only on jobs with this name"),
    Option("nodelist", "w", "hosts", help="act only on jobs on these nodes"),
    Option("partition", "p", "partition", on=on("PARTITION"), help="act only on jobs in this partition"),
    Option("qos", "q", "qos", on=on("QOS"), help="act only on jobs with this quality of service"),
    Option("quiet", "Q", help="disable warnings"),
    Option("reservation", "R", "reservation", help="act only on jobs with this reservation: there are none"),
    Option("sibling", "", "name", support=REFUSED, note=ONE_CLUSTER),
    Option("signal", "s", "name", help="signal to send, by name or number, to all steps unless -b or -f is given; KILL ends the job"),
    Option("state", "t", "states", on=on("STATE"), help="act only on jobs in this state: PENDING, RUNNING or SUSPENDED"),
    Option("usage", section="Help options:", help="display a brief summary of the options"),
    Option("user", "u", "user_name", on=on("USER"), help="act only on jobs of this user"),
    Option("verbose", "v", on=on("VERBOSE"), help="say which jobs are ended or signalled"),
    Option("version", "V", help="output version information and exit"),
    Option("wckey", "", "wckey", on=on("WCKEY"), help="act only on jobs with this workload characterization key"),
)


def run(context: Context, argv: Sequence[str]) -> int:
    call = listing.read(context, PROGRAM, OPTIONS, argv)
    if call is None:
        return 0
    options = call.options
    check_flags(context, options)
    states = read_states(options)
    number = read_signal(options["signal"])
    user = read_user(context, options)
    listing.check_clusters(context, PROGRAM, options["clusters"], str(COMMAND_LINE))  # which it blames for the variable, too
    filters = any(options[name] is not None for name, _ in FILTERS) or options["me"]
    targets = [read_target(item) for word in call.words for item in split(word)]
    if not targets and not filters:
        raise MlspaceError("No job identification provided")
    from mlspace.session import Session

    work = Cancellation(context, Session(context), options, Deed.of(options, number))
    looks = filters or options["interactive"] or options["batch"] or number is not None or any(one.step is not None for one in targets)
    if not looks:
        return work.end(targets)
    return work.look(targets, lambda job: matches(job, options, states, user), described(options, states, context.user.uid))


def check_flags(context: Context, options: Component) -> None:
    """The variable of a flag wants a word that begins with t or f; the real one says so of another, and goes on without it."""
    for option in OPTIONS:
        variable = (option.on or {}).get(PROGRAM, "")
        if option.metavar or options.origin(option.long) != variable:
            continue
        text = context.environ[variable]
        if text[:1] not in ("t", "T"):
            del options.values[option.long]
        if text[:1] not in ("t", "T", "f", "F") and option.long not in ("ctld", "hurry"):
            context.warn(f"{PROGRAM}: error: Unrecognized {variable} value: {text}")


def read_signal(text: str | None) -> int | None:
    if text is None:
        return None
    from mlspace.slurm.signal import number

    try:
        return number(text)
    except BadValue:
        raise UsageError(f"Unknown job signal: {text}") from None


def read_states(options: Component) -> list[str] | None:
    """The one state that --state takes; COMPLETING, which is known too, fits no job."""
    text = options["state"]
    if text is None:
        return None
    try:
        name = state.find(text)
    except BadValue:
        name = ""
    if name == state.COMPLETING:
        return [name]
    if name not in STATES:
        is_variable = options.origin("state") == "SCANCEL_STATE"
        complaint = "Unrecognized SCANCEL_STATE value" if is_variable else "Invalid job state specified"
        raise UsageError(f"{complaint}: {text}", "Valid job states are PENDING, RUNNING, and SUSPENDED")
    return [name]


def read_user(context: Context, options: Component) -> str | None:
    if options["user"] is None:
        return context.user.name if options["me"] else None
    name = listing.user_name(options["user"])
    if name is None or name.isdecimal():
        raise MlspaceError(f"Invalid user name: {options['user']}")
    return name


def is_part(found: Sequence[Selected]) -> bool:
    """Whether these are one component alone of a heterogeneous job that waits: it can be ended as a whole only."""
    return len(found) == 1 and found[0].job.het_job_id is not None and found[0].job.is_pending


class Cancellation:
    """One run of scancel: what it was asked for, what it says, and its exit code."""

    def __init__(self, context: Context, session: Session, options: Component, deed: Deed) -> None:
        self.context = context
        self.session = session
        self.deed = deed
        self.is_quiet = bool(options["quiet"])
        self.is_verbose = bool(options["verbose"]) and not self.is_quiet
        self.asks = bool(options["interactive"])
        self.code = 0

    def end(self, targets: Sequence[Target]) -> int:
        """Ids alone: those that are there end. Of the others -v tells, and it is no error."""
        for target in targets:
            self.say(self.deed.announcement(target.text, is_step=False))
        self.session.refresh()
        chosen: list[Selected] = []
        for target in targets:
            found = self.find(target)
            if is_part(found):
                self.complain(target, NOT_WHOLE, NOT_WHOLE_EXIT)
                continue
            living = [one for one in found if not one.job.is_over]
            if not living and self.is_verbose:
                self.context.warn(f"{PROGRAM}: error: {target.error}: {ENDED if found else UNKNOWN}")
            chosen += living
        self.session.cancel_selected(chosen)
        return self.code

    def look(self, targets: Sequence[Target], is_meant: Callable[[JobView], bool], filters: str) -> int:
        """The jobs, and steps, that are there, pass the filters, and are said yes to."""
        self.session.refresh()
        chosen, any_meant = [], False
        for target, one in self.candidates(targets):
            if is_meant(one.job):
                any_meant = True
                if self.is_wanted(target, one):
                    chosen.append((target, one))
        if not any_meant and filters and self.is_verbose:
            self.context.warn(f"{PROGRAM}: error: No active jobs match ALL job filters, including: {filters} ")
        self.do(chosen)
        return self.code

    def candidates(self, targets: Sequence[Target]) -> Iterable[tuple[Target, Selected]]:
        """What the words mean, each with its word; without words, all jobs that have not ended."""
        from mlspace.queue.selection import Selected

        if not targets:
            active = sorted((job for job in self.session.recent_jobs() if not job.is_over), key=shown_first)
            return [(Target(job.label, job.label), Selected(job)) for job in active]
        found = []
        for target in targets:
            living = [one for one in self.find(target) if not one.job.is_over]
            found += [(target, one) for one in living]
            if not living:
                self.complain(target, UNKNOWN)
        return found

    def find(self, target: Target) -> list[Selected]:
        """The jobs that a word means, those aside that ended too long ago for Slurm's controller to know them."""
        from mlspace.queue.selection import Selected

        if target.job.endswith("_"):
            return []
        found = self.session.select(target.job)
        if not found:
            found = [Selected(job) for job in self.session.registry.jobs(family_ids=[int(target.job)])] if target.job.isdigit() else []
        if target.component is not None:
            stands_for_all = target.component == 0  # of a job that waits
            found = [one for one in found if one.job.het_offset == target.component or (stands_for_all and one.job.is_pending)]
        return sorted((one for one in found if self.session.is_recent(one.job)), key=lambda one: shown_first(one.job))

    def is_wanted(self, target: Target, one: Selected) -> bool:
        """Whether the user says yes, where -i asks. No answer means no."""
        job = one.job
        while self.asks:
            name = f"step_id={target.text}" if target.step is not None else f"job_id={job.label}"
            self.context.write(f"Cancel {name} name={job.name} partition={job.partition} [y/n]? ")
            self.context.flush()
            answer = self.context.stdin.readline().strip().lower()
            if not answer or answer[:1] in (b"y", b"n"):
                return answer[:1] == b"y"
        return True

    def do(self, chosen: Sequence[tuple[Target, Selected]]) -> None:
        """Ends what is to end; signals the rest, where it runs."""
        ending, signalled = [], []
        for target, one in chosen:
            is_step = target.step is not None
            self.say(self.deed.announcement(target.text if is_step else one.job.label, is_step))
            is_waiting = one.job.start_time is None
            if is_part([one]) and target.component is not None:
                self.complain(target, NOT_WHOLE, NOT_WHOLE_EXIT)
            elif is_waiting and (is_step or self.deed.number not in (None, 9)):
                self.complain(target, UNKNOWN if is_step else PENDING)
            elif is_waiting or (self.deed.ends_job and not is_step):
                ending.append(one)
            else:
                signalled.append((target, one.job))
        if signalled:
            self.signal(signalled)
        self.session.cancel_selected(ending)

    def signal(self, chosen: Sequence[tuple[Target, JobView]]) -> None:
        """Sends the signal to what runs. None means the end of a step, and else KILL."""
        if not self.session.cluster.channel:
            raise MlspaceError(
                "steps and scripts of jobs on this cluster cannot be signalled from here",
                f"  {PROGRAM} JOB ends a whole job; a script can signal its own steps",
            )
        by_receiver: dict[str, list[tuple[Target, JobView]]] = {}
        for target, job in chosen:
            by_receiver.setdefault(self.deed.to if target.step is None else str(target.step), []).append((target, job))
        for receiver, group in by_receiver.items():
            number = 9 if self.deed.number is None else self.deed.number
            if receiver.isdigit() and self.deed.number is None:
                number = END_STEP
            counts = self.session.launches.signal([job for _, job in group], number, receiver)
            for (target, _), count in zip(group, counts, strict=True):
                if count is None or (count == 0 and receiver.isdigit()):
                    self.complain(target, ENDED if count is None else UNKNOWN, 1 if count is None else UNKNOWN_STEP_EXIT)

    def say(self, text: str) -> None:
        if self.is_verbose:
            self.context.warn(f"{PROGRAM}: {text}")

    def complain(self, target: Target, why: str, code: int = 1) -> None:
        self.code = code
        if not self.is_quiet:
            self.context.warn(f"{PROGRAM}: error: {target.error}: {why}")
