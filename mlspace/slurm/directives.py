"""#SBATCH lines of a batch script: which lines count, and how they are cut into words. Source: sbatch 22.05, case by case."""

from __future__ import annotations

from mlspace.errors import BadValue, MlspaceError, UsageError
from mlspace.slurm.option import Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    # A word of a directive and where it stands.
    Word = tuple[str, Origin]

MARK = "#SBATCH"
SEPARATORS = ("hetjob", "packjob")
"""Words that begin the next component; packjob is the older name."""

SIZE_LIMIT = 4 * 1024 * 1024
"""Bytes; Slurm's default max_script_size (slurm.conf(5) SchedulerParameters)."""

BLANKS = " \t\n\v\f\r"

EMPTY = ("Batch script is empty!",)
WHITESPACE = ("Batch script contains only whitespace!",)
NOT_A_SCRIPT = (
    "This does not look like a batch script.  The first",
    "line must start with #! followed by the path to an interpreter.",
    "For instance: #!/bin/sh",
)
NUL = ("The Slurm controller does not allow scripts that", "contain a NULL character '\\0'.")
DOS = ("Batch script contains DOS line breaks (\\r\\n)", "instead of expected UNIX line breaks (\\n).")


def decode(data: bytes) -> str:
    """A script's text, undecodable bytes as surrogate escapes.

    Raises MlspaceError with sbatch's lines for what sbatch refuses: empty, blank, no `#!`, NUL, DOS line breaks, and more
    than SIZE_LIMIT bytes (so reading one byte more than that is enough).
    """
    if not data:
        raise MlspaceError(*EMPTY)
    if not data.strip():
        raise MlspaceError(*WHITESPACE)
    if not data.startswith(b"#!"):
        raise MlspaceError(*NOT_A_SCRIPT)
    if b"\0" in data:
        raise MlspaceError(*NUL)
    if b"\r\n" in data:
        raise MlspaceError(*DOS)
    if len(data) > SIZE_LIMIT:
        raise MlspaceError(
            "Batch job submission failed: Pathname of a file, directory or other parameter too long",
            f"  the script has more than {SIZE_LIMIT} bytes",
        )
    return data.decode("utf-8", "surrogateescape")


def read(text: str, name: str, program: str = "sbatch") -> list[list[Word]]:
    """The words of all #SBATCH lines before the first command, one list per component (one, unless `hetjob` separates more).

    `name` is what messages call the script. What else stands on a separating line is passed over, as in sbatch.
    Raises UsageError for an unmatched quote.
    """
    components: list[list[Word]] = [[]]
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip() and not line.lstrip(BLANKS).startswith("#"):
            break  # the first command ends the directives
        if not line.startswith(MARK):
            continue
        try:
            words = split(line[len(MARK) :])
        except BadValue as error:
            raise UsageError(f"{program}: fatal: {name}: line {number}: {error.lines[0]}", exit_code=1) from None
        if separator(line, words):
            components.append([])
            continue
        origin = Origin(f"line {number} of {name}")
        components[-1] += [(word, origin) for word in words]
    return components


def separator(line: str, words: Sequence[str]) -> str:
    """The word of SEPARATORS that stands in the line, bare; "" where there is none."""
    return next((word for word in SEPARATORS if word in words and word in line[len(MARK) :].split()), "")


def has_old_separator(text: str) -> bool:
    """Whether `packjob` separates components: sbatch warns of it."""
    lines = (line for line in text.split("\n") if line.startswith(MARK) and SEPARATORS[1] in line)
    return any(separator(line, split(line[len(MARK) :])) == SEPARATORS[1] for line in lines)


def read_foreign(text: str, name: str, marks: Sequence[str], program: str = "sbatch") -> list[tuple[str, list[Word]]]:
    """The lines that begin with one of `marks` (#PBS, #BSUB), wherever in the script, each as its mark and its words.

    Raises UsageError for an unmatched quote.
    """
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        mark = next((mark for mark in marks if line.startswith(mark)), None)
        if mark is None:
            continue
        try:
            words = split(line[len(mark) :])
        except BadValue as error:
            raise UsageError(f"{program}: fatal: {name}: line {number}: {error.lines[0]}", exit_code=1) from None
        origin = Origin(f"line {number} of {name}")
        found.append((mark, [(word, origin) for word in words]))
    return found


def split(text: str) -> list[str]:
    """The words of one directive, quotes and backslashes removed, up to a bare `#`.

    A backslash makes the next character plain, in quotes too, but a blank after it still ends the word. An empty word
    ('' or "" alone) ends the line: sbatch takes it for the end. Raises BadValue for an unmatched quote.
    """
    words: list[str] = []
    position = len(text) - len(text.lstrip(BLANKS))
    while True:
        end, word = read_word(text, position)
        if not word:
            return words
        words.append(word)
        position = end


def read_word(text: str, start: int) -> tuple[int, str]:
    """Where the word that begins at `start` or after blanks ends, and the word."""
    position = start
    while position < len(text) and text[position] in BLANKS:
        position += 1
    word, quote = "", ""
    while position < len(text):
        character = text[position]
        if character == "\\":
            following = text[position + 1 : position + 2]
            if following and (quote or following not in BLANKS):
                word += following
                position += 1
        elif quote:
            if character == quote:
                quote = ""
            else:
                word += character
        elif character in "'\"":
            quote = character
        elif character == "#":
            return len(text), word
        elif character in BLANKS:
            return position, word
        else:
            word += character
        position += 1
    if quote:
        raise BadValue(text, f"Unmatched `{quote}` in [{text[start:]}]")
    return position, word
