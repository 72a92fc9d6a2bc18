"""--help and --usage of a command, from its table."""

from __future__ import annotations

from mlspace.slurm.columns import SECTIONS
from mlspace.slurm.option import HONOURED, IGNORED, NONE, OPTIONAL, REFUSED, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlspace.slurm.option import Setting

WIDTH = 96
TEXT_COLUMN = 30
"""Where the explanations begin, as in Slurm's own help."""

DEFAULT_SECTION = "Options:"

RELEASE = "22.05.8"
VERSION = f"slurm {RELEASE}"
"""What --version prints: the Slurm that we behave as. Programs that drive Slurm read the number."""

USAGE = {
    "sbatch": "[OPTIONS(0)...] [ : [OPTIONS(N)...]] script(0) [args(0)...]",
    "srun": "[OPTIONS(0)... [executable(0) [args(0)...]]] [ : [OPTIONS(N)...]] executable(N) [args(N)...]",
    "salloc": "[OPTIONS(0)...] [ : [OPTIONS(N)]] [command(0) [args(0)...]]",
    "sbcast": "[OPTIONS...] SOURCE DEST",
    "scancel": "[OPTIONS...] [job_id...]",
    "scontrol": "[OPTIONS...] [KEYWORD [args...]]",
    "seff": "[OPTIONS...] JOBID...",
}
"""What follows the program's name in its usage line; "[OPTIONS...]" for the others."""


BEHIND_OPTIONS = {"sbatch": "executable [args...]", "srun": "executable [args...]", "salloc": "[command [args...]]"}
"""How --usage ends, where that is not what stands behind [OPTIONS...] in USAGE."""

ABSENT = {IGNORED: "ignored", REFUSED: "not supported"}
"""What is said in place of an explanation of an option that does nothing here."""


def answer(program: str, options: Sequence[Option], settings: Sequence[Setting]) -> str | None:
    """The text that --help, --usage or --version asks for; None where none of them was given."""
    usage = USAGE.get(program, "[OPTIONS...]")
    for setting in settings:
        if setting.option.long == "help":
            return render_help(program, usage, options)
        if setting.option.long == "usage":
            return render_usage(program, usage, options)
        if setting.option.long == "version":
            return VERSION
    return None


def answer_about_value(settings: Sequence[Setting]) -> tuple[str, int] | None:
    """The text that --hint=help and its like ask for, and Slurm's exit code for it; None where none of them was given."""
    from mlspace.slurm.binding import HELP_OF_VALUES

    return next((HELP_OF_VALUES[key] for one in settings if (key := (one.option.long, (one.text or "").lower())) in HELP_OF_VALUES), None)


def render_help(program: str, usage: str, options: Sequence[Option]) -> str:
    """All options that stand under a section or have a help text, in the order of Slurm's sections."""
    shown = [option for option in options if option.serves(program) and is_listed(option)]
    sections = list(dict.fromkeys(option.section or DEFAULT_SECTION for option in shown))
    sections.sort(key=lambda section: SECTIONS.index(section) if section in SECTIONS else -1)
    lines = [f"Usage: {program} {usage}".rstrip()]
    for section in sections:
        lines += ["", section]
        for option in sorted((option for option in shown if (option.section or DEFAULT_SECTION) == section), key=order):
            lines += describe(option)
    return "\n".join(lines)


def is_listed(option: Option) -> bool:
    return bool(option.help or option.section)


def render_usage(program: str, usage: str, options: Sequence[Option]) -> str:
    """One paragraph with the options and the shapes of their values."""
    lines, line = [], f"Usage: {program}"
    margin = " " * (len(line) + 1)
    words = [f"[{shape(option)}]" for option in options if option.serves(program) and is_listed(option)]
    for word in [*words, *BEHIND_OPTIONS.get(program, usage.replace("[OPTIONS...]", "")).split()]:
        if len(line) + 1 + len(word) > WIDTH:
            lines.append(line)
            line = margin + word
        else:
            line += " " + word
    return "\n".join([*lines, line])


def order(option: Option) -> tuple[str, str]:
    """By short letter where there is one, as Slurm lists them."""
    return (option.short or option.long).lower(), option.long


def shape(option: Option) -> str:
    """ "-N n", "--exclusive[=user]", "--hold"."""
    if option.argument == NONE:
        return f"--{option.long}"
    if option.argument == OPTIONAL:
        return f"--{option.long}[={option.metavar}]"
    return f"-{option.short} {option.metavar}" if option.short else f"--{option.long}={option.metavar}"


def describe(option: Option) -> list[str]:
    name = f"-{option.short}, " if option.short else "    "
    name += f"--{option.long}"
    if option.argument == OPTIONAL:
        name += f"[={option.metavar}]" if option.metavar else ""
    elif option.argument != NONE:
        name += f"={option.metavar}"
    note = option.note if option.support != HONOURED else ""
    words = ABSENT.get(option.support, option.help)
    text = f"{words}{': ' if option.support in ABSENT else '; '}{note}" if note else words
    wrapped = list(wrap(text, WIDTH - TEXT_COLUMN))
    first = f"  {name}".ljust(TEXT_COLUMN - 1)
    lines = [f"{first} {wrapped[0]}"] if len(first) < TEXT_COLUMN else [first, " " * TEXT_COLUMN + wrapped[0]]
    return lines + [" " * TEXT_COLUMN + rest for rest in wrapped[1:]]


def wrap(text: str, width: int) -> Iterator[str]:
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    yield line
