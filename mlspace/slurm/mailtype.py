"""`--mail-type=BEGIN,END`: the events a user wants mail about."""

from __future__ import annotations

from mlspace.errors import BadValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

TYPES = (
    "BEGIN",
    "END",
    "FAIL",
    "REQUEUE",
    "ALL",
    "INVALID_DEPEND",
    "STAGE_OUT",
    "TIME_LIMIT",
    "TIME_LIMIT_90",
    "TIME_LIMIT_80",
    "TIME_LIMIT_50",
    "ARRAY_TASKS",
)

NONE = "NONE"


def types(text: str) -> list[str]:
    """The known words, upper-cased; "NONE" alone clears. Unknown words in a list are dropped, as Slurm drops them.

    Raises BadValue where nothing known is left. Source: sbatch(1) --mail-type; sbatch 22.05.
    """
    words = [word.upper() for word in text.split(",")]
    if NONE in words:
        return [NONE]
    known = [word for word in words if word in TYPES]
    if not known:
        raise BadValue(text)
    return known


def join(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """A repeated --mail-type adds up, except that NONE clears what came before it."""
    if NONE in after:
        return [NONE]
    return list(dict.fromkeys([word for word in before if word != NONE] + list(after)))


EVENTS_OF_ALL = ("INVALID_DEPEND", "BEGIN", "END", "FAIL", "REQUEUE", "STAGE_OUT")
SHOWN = ("ARRAY_TASKS", *EVENTS_OF_ALL, "TIME_LIMIT_50", "TIME_LIMIT_80", "TIME_LIMIT_90", "TIME_LIMIT")


def format_types(wanted: Sequence[str]) -> str:
    """As `sbatch -v` and scontrol list them, in Slurm's order; ALL is the events that it stands for."""
    named = {*wanted, *(EVENTS_OF_ALL if "ALL" in wanted else ())}
    return ",".join(name for name in SHOWN if name in named) or NONE
