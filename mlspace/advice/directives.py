"""Lines that sbatch reads, lines that only look as if it did, and directories that come too late."""

from __future__ import annotations

import re

from mlspace.advice.value import Advice
from mlspace.errors import BadValue
from mlspace.slurm.directives import BLANKS, MARK, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlspace.advice.value import Facts

NAME = MARK[1:]
LOOKALIKE = re.compile(r"[ \t]*(?:#+[ \t]*(?P<upper>S[A-Z]{3,7})|#(?P<lower>sbatch))[ \t]+-{1,2}[A-Za-z]")
UNEXPANDED = re.compile(r"\$\{?[A-Za-z_]|\$\(|`")
MAKES_DIRECTORY = re.compile(r"\b(?:mkdir|install\s+-d)\b")


def advise(text: str) -> Iterator[Advice]:
    """Directives behind the first command, comments that look like directives, and variables in directives."""
    begun = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if not begun and line.strip() and not line.lstrip(BLANKS).startswith("#"):
            begun = number
        if line.startswith(MARK):
            if begun:
                yield Advice(
                    number,
                    f"sbatch does not read this directive: the script's first command stands before it, in line {begun}",
                    "move it up",
                )
            else:
                yield from advise_on_variables(number, line)
        elif not begun and (found := LOOKALIKE.match(line)) and is_meant(found["upper"] or NAME):
            yield Advice(
                number,
                f"sbatch takes this line for a comment: a directive is {MARK} at the very beginning of a line",
                f"write {MARK}, unless it is switched off on purpose",
            )


def is_meant(word: str) -> bool:
    """Whether a word is SBATCH, or that with two letters swapped, one doubled, one missing, or one wrong."""
    if sorted(set(word)) == sorted(NAME):
        return len(word) <= len(NAME) + 1
    if len(word) == len(NAME):
        return sum(one != other for one, other in zip(word, NAME, strict=True)) == 1
    return any(NAME[:at] + NAME[at + 1 :] == word for at in range(len(NAME)))


def advise_on_variables(number: int, line: str) -> Iterator[Advice]:
    try:
        words = split(line[len(MARK) :])
    except BadValue:
        return  # sbatch refuses the script, and says why
    for word in words:
        if UNEXPANDED.search(word):
            yield Advice(
                number,
                f"sbatch expands nothing in directives: {word} is taken as it stands",
                "in file names use % patterns (%u user, %x job name, %j job id); else give the option on the command line",
            )


def advise_on_directories(text: str, facts: Facts) -> Iterator[Advice]:
    """`--output=logs/%j.out` needs logs before the script, and the `mkdir logs` in it, begins."""
    for option, directory in facts.missing.items():
        what = f"the directory {directory} of --{option} does not exist: the job fails when it starts, and leaves no output"
        late = line_that_makes(text, directory)
        if late:
            what += "; this mkdir comes too late"
        yield Advice(late or line_that_names(text, directory), what, f"mkdir -p {directory} before you submit")


def line_that_makes(text: str, directory: str) -> int:
    """The line with a mkdir for the directory; 0 for none."""
    word = re.compile(rf"(?<![\w./-]){re.escape(directory.rstrip('/'))}/?(?![\w.-])")
    for number, line in enumerate(text.split("\n"), start=1):
        if MAKES_DIRECTORY.search(line) and not line.lstrip().startswith("#") and word.search(line):
            return number
    return 0


def line_that_names(text: str, directory: str) -> int:
    """The directive with the directory; 0 where the command line or the environment names it."""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith(MARK) and directory in line:
            return number
    return 0
