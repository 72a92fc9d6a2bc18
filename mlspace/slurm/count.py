"""Counts: how many tasks, CPUs, nodes. Read as C's strtol does: leading blanks and one sign, then decimal digits."""

from __future__ import annotations

from mlspace.errors import BadValue

LARGEST = 2**31 - 1
"""Slurm keeps counts in an int; a larger one means this one."""

LONGEST = 18
"""Digits of a number that still fits in 64 bits, whatever they are."""

BLANKS = " \t\n\v\f\r"

NODE_SUFFIXES = {"": 1, "k": 1024, "m": 1024 * 1024}


def integer(text: str) -> int:
    """A decimal integer of either sign; raises BadValue for anything else ("", "x", "1k", "0x3", "1 ")."""
    digits = text.lstrip(BLANKS)
    negative = digits.startswith("-")
    if digits[:1] in ("-", "+"):
        digits = digits[1:]
    if not (digits.isascii() and digits.isdigit()):
        raise BadValue(text)
    value = min(int(digits[:20]), LARGEST)
    return -value if negative else value


def leading(text: str) -> int:
    """The integer that `text` begins with, 0 where it begins with none: as C's strtol, and --nice and --priority, read it."""
    stripped = text.lstrip(BLANKS)
    sign = stripped[:1] if stripped[:1] in ("-", "+") else ""
    digits = stripped[len(sign) :]
    digits = digits[: len(digits) - len(digits.lstrip("0123456789"))]
    value = int(digits[:LONGEST] or 0)
    return -value if sign == "-" else value


def decimal(digits: str, whole: str) -> int:
    """The number that plain decimal digits stand for; raises BadValue, blaming `whole`, for anything else."""
    if not (digits.isascii() and digits.isdigit() and len(digits) <= LONGEST):
        raise BadValue(whole)
    return int(digits)


def positive(text: str) -> int:
    """A count of at least one: -n, -c, --ntasks-per-node, ... Source: sbatch 22.05, `Invalid numeric value`."""
    value = integer(text)
    if value < 1:
        raise BadValue(text)
    return value


def natural(text: str) -> int:
    """A count of at least zero: srun --wait, --core-spec."""
    value = integer(text)
    if value < 0:
        raise BadValue(text)
    return value


def node_range(text: str) -> list[int]:
    """`--nodes`: "2" is [2, 2], "1-3" is [1, 3], "1k" is [1024, 1024], "-3" is [1, 3]; "0" passes, as in Slurm, and is refused later.

    Raises BadValue for the rest, with Slurm's sentence about the part that is wrong. Source: sbatch(1) --nodes; sbatch 22.05.
    """
    low, dash, high = text.partition("-")
    first = node_count(low, text) if low or not dash else 1
    last = first if not dash else node_count(high, text) if high else -1
    if last < first:
        raise BadValue(text, f"Maximum node count {last} is less than minimum node count {first}")
    return [first, last]


def node_shape(text: str) -> list[int | None]:
    """`--extra-node-info`: "2:4" is two sockets of four cores, [2, 4, None]; "*", "0" and nothing say nothing. The second number of a
    range, and what stands behind a third colon, say nothing either. Raises BadValue with Slurm's sentence. Source: sbatch 22.05.
    """
    shape: list[int | None] = []
    for part, name in zip((text.split(":") + ["", "", ""])[:3], ("first", "second", "third"), strict=True):
        number = part.partition("-")[0] if part[:1].isdigit() else part
        try:
            shape.append(None if part in ("", "*") else natural(number) or None)
        except BadValue:
            raise BadValue(text, f'Invalid numeric value "{part}" for {name} arg of -B.') from None
    return shape


def node_count(part: str, whole: str) -> int:
    digits = part.strip()
    suffix = digits[-1:].lower() if digits[-1:].isalpha() else ""
    digits = digits[: len(digits) - len(suffix)]
    refused = BadValue(whole, f'"{part}" is not a valid node count')
    if suffix not in NODE_SUFFIXES:
        raise refused
    try:
        value = decimal(digits.removeprefix("+"), whole) * NODE_SUFFIXES[suffix]
    except BadValue:
        raise refused from None
    if value > LARGEST:
        raise refused
    return value
