"""% patterns of --output, --error, --input: `%x-%j.out`. The same rules as launcher/filename.cpp; tests/contract/filenames.json."""

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

    A backslash anywhere switches all patterns off, and is itself removed.
    """
    if "\\" in pattern:
        return pattern.replace("\\", "")
    result = ""
    position = 0
    while position < len(pattern):
        character = pattern[position]
        if character != "%":
            result += character
            position += 1
            continue
        text, position = replace(pattern, position, values)
        result += text
    return result


def replace(pattern: str, percent: int, values: Mapping[str, str]) -> tuple[str, int]:
    """What stands for the pattern that begins at `percent`, and where it ends."""
    end = percent + 1
    while pattern[end : end + 1].isdigit():
        end += 1
    width, letter = pattern[percent + 1 : end], pattern[end : end + 1]
    if letter == "%" and not width:
        return "%", end + 1
    if not letter or letter not in values:
        return pattern[percent : end + 1], end + 1
    value = values[letter]
    if width and letter in NUMBERS and value.isdigit():
        value = value.zfill(min(int(width), LARGEST_WIDTH))
    return value, end + 1


def is_per_task(pattern: str) -> bool:
    """Whether each task of a step has a file of its own."""
    return expand(pattern, {"t": "0"}) != expand(pattern, {"t": "1"})
