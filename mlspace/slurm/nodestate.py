"""A node's states: their names and numbers, and what --states may say. Source: sinfo(1), NODE STATE CODES; sinfo 22.05."""

from __future__ import annotations

from mlspace.errors import BadValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

IDLE = "IDLE"
ALLOCATED = "ALLOCATED"
MIXED = "MIXED"

SHORT = {IDLE: "idle", ALLOCATED: "alloc", MIXED: "mix"}

NUMBER = {"": 0, IDLE: 2, ALLOCATED: 3, MIXED: 5}
"""Slurm sorts states by these; "" is the state of no node at all."""

NAMES = (
    *("unknown", "down", "idle", "allocated", "mixed", "future", "drain", "drained", "draining", "drng", "no_respond", "reserved"),
    *("resv", "perfctrs", "npc", "cloud", "completing", "powering_down", "powered_down", "power_down", "powering_up", "fail", "futr"),
    *("maint", "reboot", "reboot^", "planned", "plnd"),
)
"""What a word of --states may be the beginning of, the first one that fits counting."""

VALID = (
    "unknown,down,idle,allocated,?,mixed,future,drain,drained,draining,no_respond,reserved,perfctrs,cloud,completing,powering_down,"
    "powered_down,power_down,powering_up,fail,maint,reboot,reboot^,unknown"
)
"""What Slurm calls the valid ones when it refuses one: not quite those that it takes."""

MEANT = {
    "idle": (IDLE,),
    "allocated": (ALLOCATED, MIXED),
    "mixed": (MIXED,),
    "all": (IDLE, ALLOCATED, MIXED),
}
"""The nodes that a name means; no node here is ever in one of the other states."""


def read_states(text: str) -> Callable[[str], bool]:
    """Tells whether a node's state is one of "idle,mix", or all of "mix&alloc". Raises BadValue with the word that is no state."""
    wanted = [MEANT.get(find(word), ()) for word in text.replace("&", ",").split(",") if word]
    join = all if "&" in text else any
    return lambda state: bool(wanted) and join(state in states for states in wanted)


def find(word: str) -> str:
    if word.lower() == "all":
        return "all"
    for name in NAMES:
        if name.startswith(word.lower()):
            return name
    raise BadValue(word)
