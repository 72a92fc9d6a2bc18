"""How `-v` spells the value of an option, from what was parsed and the text as it was given. Source: sbatch -v 22.05."""

from __future__ import annotations

from mlspace.errors import BadValue
from mlspace.slurm import duration, mailtype, signal, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any


def value(parsed: Any, text: str) -> str:
    return str(parsed)


def word(spelling: str) -> Callable[[Any, str], str]:
    """Of a flag that Slurm lists by another word than "set"."""
    return lambda parsed, text: spelling


def set_or_not(parsed: Any, text: str) -> str:
    return "set" if parsed else "unset"


def set_or_null(parsed: Any, text: str) -> str:
    return "set" if parsed else "(null)"


def yes_or_no(parsed: Any, text: str) -> str:
    return "yes" if parsed else "no"


def first_letter(parsed: str, text: str) -> str:
    return parsed[0]


def names(parsed: Sequence[str], text: str) -> str:
    return ",".join(parsed) or "None"


def limits(parsed: Sequence[str], text: str) -> str:
    return text or "ALL"


def sharing(parsed: bool | str, text: str) -> str:
    """--exclusive, and --oversubscribe, which takes it back."""
    if isinstance(parsed, str):
        return parsed
    return "exclusive" if parsed else "oversubscribe"


def time_limit(parsed: int | None, text: str) -> str:
    return duration.format_limit(parsed, long=True)


def memory(parsed: int, text: str) -> str:
    """ "2G", "1500"; all of a node's is Slurm's odd "0?"."""
    return size.format_memory(parsed).removesuffix("M") if parsed else "0?"


def node_range(parsed: Sequence[int], text: str) -> str:
    low, high = parsed
    return str(low) if low == high else f"{low}-{high}"


def resources(parsed: Any, text: str) -> str:
    """--gres: each item as the resource that it is."""
    if text.lower() == "none":
        return text
    return ",".join(item if item.startswith("gres:") else f"gres:{item}" for item in text.split(","))


def events(parsed: Sequence[str], text: str) -> str:
    return mailtype.format_types(parsed)


def warning(parsed: dict[str, int | bool], text: str) -> str:
    return signal.format_warning(parsed)


def signal_name(parsed: int, text: str) -> str:
    return signal.NAMES.get(parsed, str(parsed))


def priority(parsed: int, text: str) -> str:
    """Slurm lists the largest ones, among them "top", as the negative number of as many bits."""
    return str(parsed if parsed < 2**31 else parsed - 2**32)


def switches(parsed: int, text: str) -> str:
    """ "1", "1@00:05:00"."""
    limit = text.partition("@")[2]
    try:
        minutes = duration.minutes(limit) if "@" in text else None
    except BadValue:
        return f"{parsed}@INVALID"
    return str(parsed) if minutes is None else f"{parsed}@{duration.format_limit(minutes, long=True)}"
