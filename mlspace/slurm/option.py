"""One row of the option table, and a value that remembers where it came from."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

# How well an option is supported. Said in --help, compat/options.md, and on stderr when it matters.
HONOURED = "honoured"
APPROXIMATED = "approximated"
IGNORED = "ignored"
REFUSED = "refused"

INVALID_VALUE_EXIT = 255
"""What sbatch and srun end with for most bad values (their exit(-1)); a bad count makes it 1."""

# Whether an option takes an argument.
NONE = "none"
REQUIRED = "required"
OPTIONAL = "optional"


class Option:
    """A row: everything that is known about one option, in one place.

    long: name without dashes. short: one letter or "". argument: NONE, REQUIRED or OPTIONAL (then only as --long=value).
    parse: text -> plain JSON data, raising BadValue; an option without argument gives True.
    on: command -> name of its input environment variable ("" where it has none); the option exists only on these commands.
        None in a table that serves one command alone.
    support: HONOURED, APPROXIMATED, IGNORED or REFUSED; note says how, or what to do instead.
    invalid: Slurm's message for a bad value, `{value}` standing for its text; exit_code: what the command then ends with.
    late: its value is read only when the job is submitted, after all others: a bad one is a refusal, and `invalid` its reason.
    show: parsed value and its text -> how `-v` lists it; None for the text as it was given.
    each: every component of a heterogeneous job says it anew; the others hold for those that follow as well.
    add: how a repeated option joins its values; the last one wins where it is None.
    alias_of: another row's long name, which this spelling means.
    section: heading of --help that it stands under.
    said: what is said of it on stderr in place of our own warning, where Slurm has a sentence for it.
    own: ours, not Slurm's: never found by a prefix, so that every abbreviation that Slurm accepts keeps its meaning.
    """

    __slots__ = (
        "add",
        "alias_of",
        "argument",
        "each",
        "exit_code",
        "help",
        "invalid",
        "late",
        "long",
        "metavar",
        "note",
        "on",
        "own",
        "parse",
        "said",
        "section",
        "short",
        "show",
        "support",
    )

    def __init__(
        self,
        long: str,
        short: str = "",
        metavar: str = "",
        *,
        argument: str | None = None,
        parse: Callable[[str], Any] | None = None,
        on: Mapping[str, str] | None = None,
        support: str = HONOURED,
        note: str = "",
        help: str = "",
        invalid: str = "",
        exit_code: int = INVALID_VALUE_EXIT,
        late: bool = False,
        show: Callable[[Any, str], str] | None = None,
        each: bool = False,
        add: Callable[[Any, Any], Any] | None = None,
        alias_of: str = "",
        section: str = "",
        own: bool = False,
        said: str = "",
    ) -> None:
        self.long = long
        self.short = short
        self.metavar = metavar
        self.argument = argument or (REQUIRED if metavar else NONE)
        self.parse = parse
        self.on = on
        self.support = support
        self.note = note
        self.help = help
        self.invalid = invalid
        self.exit_code = exit_code
        self.late = late
        self.show = show
        self.each = each
        self.add = add
        self.alias_of = alias_of
        self.section = section
        self.own = own
        self.said = said

    @property
    def refusal(self) -> str:
        """What is said of a REFUSED one."""
        return f"--{self.long} is not supported{': ' if self.note else ''}{self.note}"

    @property
    def warning(self) -> str:
        """What is said of an IGNORED one."""
        return self.said or f"warning: --{self.long} is ignored{': ' if self.note else ''}{self.note}"

    def serves(self, program: str) -> bool:
        """Whether `program` has this option."""
        return self.on is None or program in self.on


class Origin:
    """Where a value was written: `--nodes on the command line`, `SBATCH_TIMELIMIT`, `line 7 of train.sh`."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


COMMAND_LINE = Origin("the command line")


class Setting:
    """One option as it was given: the row, the argument's text (None without one), where it stood, how it was spelled."""

    __slots__ = ("option", "origin", "spelling", "text")

    def __init__(self, option: Option, text: str | None, origin: Origin, spelling: str = "") -> None:
        self.option = option
        self.text = text
        self.origin = origin
        self.spelling = spelling or f"--{option.long}"
