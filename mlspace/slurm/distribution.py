"""`--distribution`: how tasks are dealt to nodes, then CPUs to tasks: "block", "plane=2", "cyclic:block,Pack"."""

from __future__ import annotations

from mlspace.errors import BadValue

FIRST = ("*", "block", "cyclic", "arbitrary")
BELOW = ("*", "block", "cyclic", "fcyclic")
PACKING = {"pack": "Pack", "nopack": "NoPack"}
INVALID = "Invalid --distribution specification"


def method(text: str) -> str:
    """The value in Slurm's spelling, lower case. Raises BadValue. Source: srun(1) --distribution; sbatch 22.05."""
    methods, comma, packing = text.partition(",")
    levels = methods.lower().split(":")
    first, below = levels[0], levels[1:]
    if first.split("=")[0] == "plane":
        size = first[len("plane=") :]
        if not (size.isascii() and size.isdigit() and int(size) > 0):
            raise BadValue(text, "Invalid plane size or size not specified", INVALID)
        if below or comma:
            raise BadValue(text)
        return first
    if first not in FIRST or len(below) > 2 or any(level not in BELOW for level in below):
        raise BadValue(text)
    if comma and packing.lower() not in PACKING:
        raise BadValue(text)
    return ":".join(levels) + (f",{PACKING[packing.lower()]}" if comma else "")


def across_nodes(value: str | None) -> str:
    """The first level of a parsed value: "block", "cyclic", "plane=2" or "arbitrary"; block where nothing is said."""
    first = (value or "block").partition(",")[0].partition(":")[0]
    return "block" if first == "*" else first
