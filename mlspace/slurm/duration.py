"""Time limits and elapsed times: `--time=1-12:00:00` and what the listings print."""

from __future__ import annotations

from mlspace.errors import BadValue
from mlspace.slurm.count import decimal

UNLIMITED = ("-1", "INFINITE", "UNLIMITED")

# Seconds of each part, by the number of parts and whether days stand before a dash. "1:30" is minutes and seconds.
WITHOUT_DAYS = {1: (60,), 2: (60, 1), 3: (3600, 60, 1)}
WITH_DAYS = {1: (3600,), 2: (3600, 60), 3: (3600, 60, 1)}

DAY = 24 * 3600

LONGEST_SECONDS = (2**31 - 1) * 60
"""Slurm keeps minutes in 32 bits; what does not fit is shown as INVALID there, and refused here."""


def minutes(text: str) -> int | None:
    """Read a time limit: "90", "90:30", "1:30:00", "2-12", "2-12:30", "2-12:30:00", "2-".

    Returns whole minutes, seconds rounded up; None, no limit, for UNLIMITED, INFINITE, -1 and zero.
    Raises BadValue for anything else ("60:", "1h", "1:-5"). Source: sbatch(1) --time; sbatch 22.05.
    """
    if text.upper() in UNLIMITED:
        return None
    return -(-seconds(text) // 60) or None


def seconds(text: str) -> int:
    """The same forms in seconds, without the words for no limit."""
    days, dash, clock = text.rpartition("-")
    if dash and not clock:  # "5-" is five days
        clock = "0"
    parts = clock.split(":")
    weights = (WITH_DAYS if dash else WITHOUT_DAYS).get(len(parts))
    if weights is None:
        raise BadValue(text)
    total = sum(decimal(part, text) * weight for part, weight in zip(parts, weights))  # noqa: B905 - as long as each other
    total += decimal(days, text) * DAY if dash else 0
    if total > LONGEST_SECONDS:
        raise BadValue(text)
    return total


def format_short(total: int) -> str:
    """Seconds as squeue and sacct's human columns write them: "0:31", "12:05", "1:02:03", "1-02:03:04"."""
    days, rest = divmod(total, DAY)
    hours, rest = divmod(rest, 3600)
    mins, secs = divmod(rest, 60)
    if days:
        return f"{days}-{hours:02}:{mins:02}:{secs:02}"
    if hours:
        return f"{hours}:{mins:02}:{secs:02}"
    return f"{mins}:{secs:02}"


def format_long(total: int) -> str:
    """Seconds as scontrol writes them: "00:01:00", "1-02:03:04"."""
    days, rest = divmod(total, DAY)
    hours, rest = divmod(rest, 3600)
    mins, secs = divmod(rest, 60)
    clock = f"{hours:02}:{mins:02}:{secs:02}"
    return f"{days}-{clock}" if days else clock


def format_fine(milliseconds: int) -> str:
    """"00:03.094"; from an hour on, and where it is nothing, as format_long. Source: sacct 22.05, TotalCPU."""
    seconds, rest = divmod(milliseconds, 1000)
    if seconds >= 3600 or not rest:
        return format_long(seconds)
    return f"{seconds // 60:02d}:{seconds % 60:02d}.{rest:03d}"


def format_limit(limit_minutes: int | None, long: bool = False) -> str:
    """A time limit for a listing: "UNLIMITED", else as format_short, or format_long where `long`."""
    if limit_minutes is None:
        return "UNLIMITED"
    return format_long(limit_minutes * 60) if long else format_short(limit_minutes * 60)
