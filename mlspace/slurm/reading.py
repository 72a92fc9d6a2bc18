"""Values too small for a module of their own: the `parse` and `add` of the remaining rows in options.py.

Each gives plain JSON data or raises BadValue. Source of the accepted spellings: sbatch and srun 22.05.
"""

from __future__ import annotations

from mlspace.errors import BadValue
from mlspace.slurm import count

DEFAULT_NICE = 100
LARGEST_NICE = 2147483645

HINTS = ("compute_bound", "memory_bound", "multithread", "nomultithread")


def true(text: str) -> bool:
    """A flag that takes, and does not use, a value."""
    return True


def false(text: str) -> bool:
    """The `no-` form of a flag."""
    return False


def one(text: str) -> int:
    """A flag that is counted: -vv."""
    return 1


def sum_up(before: int, after: int) -> int:
    return before + after


def file_name(text: str) -> str:
    """--input, --output, --error: a file name with % patterns; "none" is /dev/null."""
    return "/dev/null" if text.lower() == "none" else text


def open_mode(text: str) -> str:
    """ "append" or "truncate"; the first letter decides."""
    modes = {"a": "append", "t": "truncate"}
    mode = modes.get(text[:1].lower())
    if mode is None:
        raise BadValue(text)
    return mode


def exclusive(text: str) -> bool | str:
    """True without a value: whole nodes; "user" and "mcs" share them with the same user's or label's jobs."""
    if not text:
        return True
    if text.lower() not in ("user", "mcs"):
        raise BadValue(text)
    return text.lower()


def switch(text: str) -> int:
    """0 or 1 and, as Slurm takes them, larger numbers; 1 without a value."""
    return count.natural(text) if text else 1


def yes_no(text: str) -> bool:
    if text.lower() not in ("yes", "no", ""):
        raise BadValue(text)
    return text.lower() != "no"


def off(text: str) -> bool:
    """--no-kill[=off]: True, or False for "off"."""
    if text.lower() not in ("", "off"):
        raise BadValue(text)
    return not text


def nice(text: str) -> int:
    """--nice[=n]; 100 without a value."""
    value = count.integer(text) if text else DEFAULT_NICE
    if abs(value) > LARGEST_NICE:
        raise BadValue(text, f"Invalid --nice value, out of range (+/- {LARGEST_NICE})")
    return value


def priority(text: str) -> int:
    value = count.integer(text)
    if value < 0:
        raise BadValue(text, "Priority must be >= 0")
    return value


def hint(text: str) -> str:
    if text.lower() not in HINTS:
        raise BadValue(text, f'unrecognized --hint argument "{text}", see --hint=help')
    return text.lower()


def switches(text: str) -> int:
    """--switches=count[@time]: the count."""
    try:
        return count.positive(text.partition("@")[0])
    except BadValue:
        raise BadValue(text) from None


def gpu_binding(text: str) -> str | None:
    """--gpu-bind; None where it leaves the GPUs that a task sees as they are."""
    kind = text.rpartition(",")[2].lower()
    return None if kind in ("closest", "none") else text


def mpi(text: str) -> str | None:
    """srun --mpi; None for "none"."""
    return None if text == "none" else text
