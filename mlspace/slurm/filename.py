"""% patterns of --output, --error, --input: `%x-%j.out`. The same rules as launcher/text/filename.cpp; tests/contract/filenames.json."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

NO_ARRAY_TASK = 4294967294
"""%a of a job that is no array's element: Slurm's NO_VAL, as it prints it."""

LARGEST_WIDTH = 10
"""%4j pads with zeros; Slurm pads to ten digits at most."""

NUMBERS = "AaJjnst"
"""Patterns that take a width."""


def batch_values(
    job_id: int, job_name: str, user: str, host: str, array_job_id: int | None = None, array_task_id: int | None = None
) -> dict[str, str]:
    """What the patterns stand for in a batch script's file names. Source: sbatch(1) filename pattern; sbatch 22.05."""
    return {
        "A": str(job_id if array_job_id is None else array_job_id),
        "a": str(NO_ARRAY_TASK if array_task_id is None else array_task_id),
        "J": str(job_id),
        "j": str(job_id),
        "N": host,
        "n": "0",
        "s": "batch",
        "t": "0",
        "u": user,
        "x": job_name,
    }


def expand(pattern: str, values: Mapping[str, str]) -> str:
    """`pattern` with the patterns that `values` has replaced; %% is a percent sign, the others stay as they are.

    A backslash anywhere switches all patterns off; it is removed, the character after it is not.
    """
    if "\\" in pattern:
        return unescape(pattern)
    result, position = "", 0
    while position < len(pattern):
        if pattern[position] != "%":
            result += pattern[position]
            position += 1
            continue
        text, position = replace(pattern, position, values)
        result += text
    return result


def unescape(pattern: str) -> str:
    result, escaped = "", False
    for character in pattern:
        if character == "\\" and not escaped:
            escaped = True
        else:
            result += character
            escaped = False
    return result


def replace(pattern: str, percent: int, values: Mapping[str, str]) -> tuple[str, int]:
    """What stands for the pattern that begins at `percent`, and where it ends."""
    end = percent + 1
    while end < len(pattern) and pattern[end] in "0123456789":
        end += 1
    width, letter = pattern[percent + 1 : end], pattern[end : end + 1]
    if width and letter not in values:
        return width, end  # as Slurm: of "%4q" only the percent sign goes
    if letter == "%":
        return "%", end + 1
    if letter not in values:
        return "%" + letter, end + 1
    return pad(values[letter], int(width[-LARGEST_WIDTH:] or 0)) if letter in NUMBERS else values[letter], end + 1


def pad(value: str, width: int) -> str:
    """A number with zeros before it; of "389.9" the job's id is padded."""
    number, dot, rest = value.partition(".")
    return number.zfill(min(width, LARGEST_WIDTH)) + dot + rest if number.isdigit() else value
