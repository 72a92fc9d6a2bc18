"""`--distribution`: how tasks are dealt to nodes, then CPUs to tasks: "block", "plane=2", "cyclic:block,Pack"."""

from __future__ import annotations

from mlspace.errors import BadValue
from mlspace.slurm.count import LARGEST, decimal

FIRST = ("*", "block", "cyclic", "arbitrary")
BELOW = ("", "*", "block", "cyclic", "fcyclic")
PACKING = ("pack", "nopack")
DEFAULTS = {(0, "*"): "block", (1, "*"): "cyclic"}
"""What `*` stands for across nodes, and below."""

INVALID = "Invalid --distribution specification"


def method(text: str) -> str:
    """The value as SLURM_DISTRIBUTION spells it, "plane" with its size: "block", "cyclic:block,nopack", "plane=2".

    Raises BadValue. Source: srun(1) --distribution; sbatch 22.05; tests/contract/layouts.json.
    """
    methods, comma, packing = text.lower().partition(",")
    if methods in PACKING and not comma:
        return methods
    first, *below = methods.split(":")
    if first.split("=")[0] == "plane":
        size = plane_size(first[len("plane=") :])
        if not size or below or comma:
            raise BadValue(text, "Invalid plane size or size not specified", INVALID)
        return f"plane={size}"
    if first not in FIRST or len(below) > 2 or any(level not in BELOW for level in below) or (first == "arbitrary" and below):
        raise BadValue(text)
    if comma and packing not in PACKING:
        raise BadValue(text)
    levels = [DEFAULTS.get((0, first), first)]
    levels += [DEFAULTS.get((1, level), level) for level in below if level]
    return ":".join(levels) + comma + packing


def plane_size(digits: str) -> int:
    """A plane's size; 0 where it is none."""
    try:
        size = decimal(digits, digits)
    except BadValue:
        return 0
    return size if size <= LARGEST else 0


def across_nodes(value: str | None) -> str:
    """The first level of a parsed value: "block", "cyclic", "plane=2" or "arbitrary"; block where nothing is said."""
    first = (value or "block").partition(",")[0].partition(":")[0]
    return "block" if first in PACKING else first
