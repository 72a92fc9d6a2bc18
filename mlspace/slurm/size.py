"""Memory and disk sizes: `--mem=64G` and its kin, in MiB."""

from __future__ import annotations

from mlspace.errors import BadValue
from mlspace.slurm import count

# KiB in one of the unit. Real Slurm 22.05 refuses "4P" and "4B".
UNITS = {"K": 1, "M": 1024, "G": 1024**2, "T": 1024**3}


def memory(text: str) -> int:
    """MiB from "64G", "500GB", "100" (MiB), "2048K"; any case; part of a MiB counts as a whole one. 0 is all of a node.

    Raises BadValue for fractions, blanks inside, negative sizes, other units. Source: sbatch(1) --mem; sbatch 22.05.
    """
    digits, unit = text, "M"
    letters = text[-2:].upper()
    if letters[-1:] == "B" and letters[:1] in UNITS:
        digits, unit = text[:-2], letters[0]
    elif letters[-1:] in UNITS:
        digits, unit = text[:-1], letters[-1]
    try:
        size = count.natural(digits)
    except BadValue:
        raise BadValue(text) from None
    return -(-size * UNITS[unit] // 1024)


def format_memory(mib: int) -> str:
    """As scontrol and sacct write it: "100M", "2G" where it divides evenly, "1500M". Source: scontrol show job 22.05."""
    size, unit = mib, "M"
    for larger in "GT":
        if size == 0 or size % 1024:
            break
        size, unit = size // 1024, larger
    return f"{size}{unit}" if size else "0"
