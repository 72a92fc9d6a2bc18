"""#PBS and #BSUB lines: what they ask of PBS and of LSF, in Slurm's options, as sbatch 22.05 reads them.

Unlike #SBATCH lines they are read in the whole script, and win over #SBATCH lines. #PBS lines are passed over where there are
#BSUB lines, and what the tables do not name is passed over, too.
"""

from __future__ import annotations

from mlspace.errors import BadValue, UsageError
from mlspace.slurm import getopt
from mlspace.slurm.count import positive
from mlspace.slurm.hostlist import fold_sorted_hosts
from mlspace.slurm.option import REQUIRED, Option, Setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mlspace.slurm.directives import Word

    Pair = tuple[str, str | None]
    # What one option of the other scheduler says, as (name of Slurm's option, its text).
    Translation = Callable[[str], Iterator[Pair]]

PBS, LSF = "#PBS", "#BSUB"
MARKS = (PBS, LSF)

EXIT = 1


def same(long: str) -> Translation:
    def translate(text: str) -> Iterator[Pair]:
        yield long, text

    return translate


def flag(long: str) -> Translation:
    def translate(text: str) -> Iterator[Pair]:
        yield long, None

    return translate


def resources(text: str) -> Iterator[Pair]:
    """-l of PBS: "nodes=2:ppn=4,walltime=1:00:00", "select=2:ncpus=4:mem=1gb"."""
    for item in text.split(","):
        name, equals, value = item.partition("=")
        if not equals:
            continue
        if name == "nodes":
            yield from nodes(value)
        elif name == "select":
            count, *chunk = value.split(":")
            yield "nodes", count
            yield from (pair for part in chunk for pair in resources(part))
        elif name == "naccelerators":
            try:
                yield "gres", f"gpu:{positive(value)}"
            except BadValue:
                raise wrong(f'Invalid numeric value "{value}" for naccelerators.') from None
        elif name in RESOURCES:
            yield RESOURCES[name], value


RESOURCES = {
    "walltime": "time",
    "cput": "time",
    "mem": "mem",
    "file": "tmp",
    "nice": "nice",
    "ncpus": "mincpus",
    "mpiprocs": "ntasks-per-node",
    "proc": "constraint",
}


def nodes(text: str) -> Iterator[Pair]:
    """nodes= of PBS: "2:ppn=4:gpus=1", "n1:ppn=2+n2:ppn=2". All the ppn together are the tasks of each node."""
    count, tasks, names = 0, 0, []
    for part in (part for chunk in text.split("+") for part in chunk.split(":") if part):
        digits = part.partition("=")[2]
        if part.startswith("ppn="):
            tasks += int(digits[:9]) if digits.isascii() and digits.isdigit() else 0
        elif part.startswith("gpus="):
            yield "gpus-per-node", digits
        elif part.isascii() and part.isdigit():
            count += int(part[:9])
        else:
            names.append(part)
    if count:
        yield "nodes", str(count)
    if names:
        yield "nodelist", fold_sorted_hosts(names)
    if tasks:
        yield "ntasks", str(tasks * max(1, count))


def mail(text: str) -> Iterator[Pair]:
    """-m of PBS: letters."""
    events = {"b": "BEGIN", "e": "END", "a": "FAIL", "n": "NONE"}
    yield "mail-type", ",".join(events[letter] for letter in text.lower() if letter in events)


def attributes(text: str) -> Iterator[Pair]:
    """-W of PBS."""
    if text.startswith("depend="):
        yield "dependency", text.removeprefix("depend=")


def processors(text: str) -> Iterator[Pair]:
    """-n of LSF: "4", or "2,4", of which the most count."""
    least, comma, most = text.partition(",")
    if comma and not most:
        raise wrong(f"#BSUB -n format not correct given: '{text}'")
    yield "ntasks", most or least


def memory(text: str) -> Iterator[Pair]:
    """-M of LSF: KiB for each process, or with a unit."""
    yield "mem-per-cpu", f"{text}K" if text.isascii() and text.isdigit() else text


def hosts(text: str) -> Iterator[Pair]:
    """-m of LSF: names between blanks."""
    yield "nodelist", text.replace(" ", ",")


IGNORED = None

OF_PBS: dict[str, Translation | None] = {
    "a": same("begin"),
    "A": same("account"),
    "c": IGNORED,
    "C": IGNORED,
    "e": same("error"),
    "h": flag("hold"),
    "I": IGNORED,
    "j": IGNORED,
    "J": same("array"),
    "k": IGNORED,
    "l": resources,
    "m": mail,
    "M": same("mail-user"),
    "N": same("job-name"),
    "o": same("output"),
    "p": same("nice"),
    "q": same("partition"),
    "r": IGNORED,
    "S": IGNORED,
    "t": same("array"),
    "u": IGNORED,
    "v": same("export"),
    "V": IGNORED,
    "W": attributes,
    "z": IGNORED,
}

OF_LSF: dict[str, Translation | None] = {
    "c": same("chdir"),
    "e": same("error"),
    "J": same("job-name"),
    "m": hosts,
    "M": memory,
    "n": processors,
    "o": same("output"),
    "q": same("partition"),
    "W": same("time"),
    "x": flag("exclusive"),
}

FLAGS = {PBS: "hIVz", LSF: "x"}
TABLES = {PBS: OF_PBS, LSF: OF_LSF}

DIRECTORY = "-cwd"
"""The one word of LSF that is no letter."""


def settings(
    program: str, options: Sequence[Option], lines: Sequence[tuple[str, Sequence[Word]]], check: Callable[[Setting], None] | None = None
) -> list[Setting]:
    """The settings of Slurm's `options` that all the lines together make; each line is its mark and its words.

    check is called with each setting as it is met. Raises UsageError with sbatch's lines.
    """
    rows = {option.long: option for option in options if option.serves(program)}
    mark = LSF if any(own == LSF for own, _ in lines) else PBS
    letters = [Option(f"-{letter}", letter, argument=None if letter in FLAGS[mark] else REQUIRED) for letter in TABLES[mark]]
    words = [word for own, line in lines if own == mark for word in line]
    texts = ["-c" if mark == LSF and text == DIRECTORY else text for text, _ in words]
    try:
        given, stray = getopt.parse(program, letters, texts, stop_at_word=True, origins=[origin for _, origin in words])
    except UsageError as error:
        raise UsageError(error.lines[0], f"{program}: error: Unrecognized command line parameter ?", exit_code=EXIT) from None
    found = []
    for setting in given:
        translate = TABLES[mark][setting.option.short]
        for long, text in translate(setting.text or "") if translate is not None else ():
            found.append(Setting(rows[long], text, setting.origin, f"-{setting.option.short}"))
            if check is not None:
                check(found[-1])
    if stray:
        raise UsageError(f"{program}: error: Invalid argument: {stray[0]}", exit_code=EXIT)
    return found


def wrong(line: str) -> UsageError:
    return UsageError(f"sbatch: error: {line}", exit_code=EXIT)
