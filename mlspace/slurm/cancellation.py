"""What scancel is asked to do: which job or step a word means, whom a signal reaches, and which jobs its filters leave.

Source: scancel(1); scancel 22.05, whose words these are.
"""

from __future__ import annotations

from mlspace.errors import MlspaceError
from mlspace.slurm import signal, state
from mlspace.slurm.hostlist import expand_hosts
from mlspace.slurm.job import PLATFORM_PREFIX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.slurm.job import JobView
    from mlspace.slurm.request import Component

EVERY_STEP, BATCH_SCRIPT, WHOLE_JOB = "every-step", "batch", "job"
"""Whom a signal reaches, as `launch signal --to` says it; a step by its number."""

STATES = (state.PENDING, state.RUNNING, state.SUSPENDED)

FILTERS = (
    ("account", "account"),
    ("name", "job_name"),
    ("nodelist", "nodelist"),
    ("partition", "partition"),
    ("qos", "qos"),
    ("reservation", "reservation"),
    ("state", "state"),
    ("user", "user_name"),
    ("wckey", "wckey"),
)
"""Options that leave out jobs, and what each is called where none is left."""


class Target:
    """One word of the command line: "12", "12_3", "12_[1-3,7]", "12+1", each of them perhaps with a step, "12.0"."""

    __slots__ = ("component", "job", "step", "text")

    def __init__(self, text: str, job: str, component: int | None = None, step: int | None = None) -> None:
        self.text = text
        self.job = job  # without component and step
        self.component = component
        self.step = step

    @property
    def error(self) -> str:
        """What begins the line that tells why it cannot be done."""
        return f"Kill job error on job {'step ' if self.step is not None else ''}id {self.text}"


def split(word: str) -> list[str]:
    """The items of "12,13_[1-3,7]", which stand between commas that are in no brackets."""
    items, depth = [""], 0
    for character in word:
        depth += (character == "[") - (character == "]")
        if character == "," and depth == 0:
            items.append("")
        else:
            items[-1] += character
    return items


def read_target(text: str) -> Target:
    """Raises MlspaceError for a word that is no job, and no step of one."""
    job, dot, step = text.partition(".")
    if text.startswith(PLATFORM_PREFIX):
        return Target(text, job, None, number(step, text) if dot else None)
    base, plus, component = job.partition("+")
    job_id, underscore, elements = base.partition("_")
    if number(job_id, text) == 0 or (plus and underscore):
        raise invalid(text)
    if underscore and elements.startswith("[") and elements.endswith("]"):
        check_ranges(elements[1:-1], text)
    elif underscore and elements not in ("", "*"):
        number(elements, text)
    return Target(text, base, number(component, text) if plus and component else None, number(step, text) if dot else None)


def number(digits: str, text: str) -> int:
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 10):
        raise invalid(text)
    return int(digits)


def invalid(text: str, *before: str) -> MlspaceError:
    return MlspaceError(*before, f"Invalid job id {text}")


def check_ranges(elements: str, text: str) -> None:
    for part in elements.split(","):
        span = part.partition(":")[0]
        if any(not end.isdigit() for end in span.split("-")):
            raise invalid(text, f"_parse_single_range: Invalid range: `{span}'")


class Deed:
    """What happens to a job: a signal (None: it ends), and to whom it goes."""

    __slots__ = ("number", "to")

    def __init__(self, number: int | None, to: str) -> None:
        self.number = number
        self.to = to

    @classmethod
    def of(cls, options: Component, number: int | None) -> Deed:
        """What --signal, --batch and --full ask for; --full counts more than --batch."""
        if options["full"]:
            return cls(number, WHOLE_JOB)
        return cls(number, BATCH_SCRIPT if options["batch"] else EVERY_STEP)

    @property
    def ends_job(self) -> bool:
        """Whether the whole job ends: KILL does what no signal does, unless it is for the script alone."""
        return self.number in (None, signal.NUMBERS["KILL"]) and self.to != BATCH_SCRIPT

    def announcement(self, label: str, is_step: bool) -> str:
        """What -v says before."""
        kind = "step" if is_step else {WHOLE_JOB: "full job", BATCH_SCRIPT: "batch job"}.get(self.to, "job")
        return f"Terminating {kind} {label}" if self.number is None else f"Signal {self.number} to {kind} {label}"


def matches(job: JobView, options: Component, states: Sequence[str] | None, user: str | None) -> bool:
    """Whether the filters leave the job."""
    if options["reservation"] is not None:
        return False  # no job has one
    for option, value in (
        ("account", job.account),
        ("name", job.name),
        ("partition", job.partition),
        ("qos", job.shown_qos),
        ("wckey", job.option("wckey") if options["wckey"] is not None else None),
    ):
        if options[option] is not None and options[option] != value:
            return False
    if (states is not None and job.state not in states) or user not in (None, job.user):
        return False
    return options["nodelist"] is None or job.runs_on(expand_hosts(options["nodelist"]))


def described(options: Component, states: Sequence[str] | None, uid: int) -> str:
    """The filters as they are named where no job is left."""
    words = []
    for option, name in FILTERS:
        if option == "state" and states:
            words.append(f"state={states[0]}")
        elif option == "user" and options["me"] and options["user"] is None:
            words.append(f"{name}={uid}")
        elif options[option] is not None:
            words.append(f"{name}={options[option]}")
    return " ".join(words)
