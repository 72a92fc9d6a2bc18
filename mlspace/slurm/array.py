"""Job arrays: `--array=0-15:4%2` and the indices it stands for."""

from __future__ import annotations

from mlspace.errors import BadValue
from mlspace.slurm.count import decimal

LEAST_STEPPED = 6
"""Slurm 22.05 writes fewer indices one by one: "0,3,6,9,12", but "0-15:3"."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

MAX_ARRAY_SIZE = 10_001
"""Indices are smaller: slurm.conf(5) MaxArraySize, of which many sites have more than its default."""


def specification(text: str) -> dict[str, Any]:
    """{"ranges": [[first, last, step], ...], "limit": n}: "1-5:2,9%3" is ranges [[1, 5, 2], [9, 9, 1]], limit 3 (0: none).

    Brackets around it all, a trailing comma and leading zeros are taken, as in Slurm. Raises BadValue for the rest,
    for a range that runs backwards, and for an index of MAX_ARRAY_SIZE or more. Source: sbatch(1) --array; sbatch 22.05.
    """
    body, percent, limit = text.partition("%")
    if body.startswith("[") and body.endswith("]"):
        body = body[1:-1]
    elif percent and body.startswith("[") and limit.endswith("]"):
        body, limit = body[1:], limit[:-1]
    parts = body.removesuffix(",").split(",")
    ranges = [read_range(part, text) for part in parts]
    return {"ranges": ranges, "limit": decimal(limit, text) if percent else 0}


def read_range(part: str, whole: str) -> list[int]:
    span, colon, step_text = part.partition(":")
    first_text, dash, last_text = span.partition("-")
    first = decimal(first_text, whole)
    last = decimal(last_text, whole) if dash else first
    step = decimal(step_text, whole) if colon else 1
    if last < first or last >= MAX_ARRAY_SIZE or step < 1 or (colon and not dash):
        raise BadValue(whole)
    return [first, last, step]


def indices(ranges: Iterable[Sequence[int]]) -> list[int]:
    """The indices of parsed ranges, ascending, each once."""
    return sorted({index for first, last, step in ranges for index in range(first, last + 1, step)})


def fold(wanted: Iterable[int], limit: int | None = None) -> str:
    """Indices as squeue writes a pending array: "1-3,7%2"; "0-15:3" where LEAST_STEPPED and more are evenly spaced."""
    values = sorted(set(wanted))
    steps = {values[place] - values[place - 1] for place in range(1, len(values))}
    if len(values) >= LEAST_STEPPED and len(steps) == 1 and steps != {1}:
        text = f"{values[0]}-{values[-1]}:{steps.pop()}"
    else:
        text = ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs(values))
    return f"{text}%{limit}" if limit else text


def unfold(text: str) -> list[int]:
    """The indices of what `fold` wrote, of any size; a limit behind them is left out."""
    found: list[int] = []
    for part in filter(None, text.partition("%")[0].split(",")):
        span, _, step = part.partition(":")
        first, _, last = span.partition("-")
        found += range(int(first), int(last or first) + 1, int(step or 1))
    return found


def runs(values: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Neighbours that count up by one, as (first, last)."""
    start = 0
    for position in range(1, len(values) + 1):
        if position == len(values) or values[position] != values[position - 1] + 1:
            yield values[start], values[position - 1]
            start = position
