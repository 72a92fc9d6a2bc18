"""--help and --version of mpirun, from its table."""

from __future__ import annotations

from mlspace.mpi.options import MLSPACE, SECTIONS
from mlspace.slurm.help import ABSENT, TEXT_COLUMN, WIDTH, wrap
from mlspace.slurm.option import HONOURED, NONE, OPTIONAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.mpi.commandline import Part
    from mlspace.slurm.option import Option

RELEASE = "4.1.4"
VERSION = f"mpirun (Open MPI) {RELEASE}"
"""The Open MPI whose command line we read. Programs look for these words (Horovod)."""

HEAD = """Usage: {program} [OPTION]... PROGRAM [ARGUMENT]... [ : [OPTION]... PROGRAM [ARGUMENT]...]...
Run the ranks of a program as a job on MLSpace, or on the embedded one. Where another {program} is on the PATH, that one is run
instead, unless an option under "MLSpace:" is given, a Gateway is configured, or MLSPACE_MPIRUN=mlspace; inside a job, and with
MLSPACE_MPIRUN=own, always."""


def answer(program: str, options: Sequence[Option], parts: Sequence[Part]) -> str | None:
    """The text that --help or --version asks for; None where neither was given."""
    for part in parts:
        for setting in part.settings:
            if setting.option.long == "version":
                return VERSION.replace("mpirun", program, 1)
            if setting.option.long == "help":
                return render(program, options)
    return None


def render(program: str, options: Sequence[Option]) -> str:
    lines = [HEAD.format(program=program)]
    for section in SECTIONS:
        lines += ["", section]
        for option in options:
            if (MLSPACE if option.own or option.section not in SECTIONS else option.section) == section:
                lines += describe(option)
    return "\n".join(lines)


def spelling(option: Option) -> str:
    """ "-c, --np N", "-x NAME[=VALUE]", "--image=name"."""
    if len(option.long) == 1:
        name = f"-{option.long}"
    else:
        name = f"-{option.short}, --{option.long}" if option.short and option.section in SECTIONS else f"--{option.long}"
    if option.argument == NONE:
        return name
    value = f"[{option.metavar}]" if option.argument == OPTIONAL else option.metavar
    return f"{name}={value}" if option.section not in SECTIONS or option.own else f"{name} {value}"


def describe(option: Option) -> list[str]:
    words = ABSENT.get(option.support, option.help)
    note = option.note if option.support != HONOURED else ""
    text = f"{words}{': ' if option.support in ABSENT else '; '}{note}" if note else words
    wrapped = list(wrap(text, WIDTH - TEXT_COLUMN))
    first = f"  {spelling(option)}".ljust(TEXT_COLUMN - 1)
    lines = [f"{first} {wrapped[0]}"] if len(first) < TEXT_COLUMN else [first, " " * TEXT_COLUMN + wrapped[0]]
    return lines + [" " * TEXT_COLUMN + rest for rest in wrapped[1:]]
