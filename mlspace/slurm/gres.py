"""Generic resources: `--gres=gpu:a100:2,nvme:1`, `--gpus=a100:2`, as lists of [name, type, count].

A count that was not written is None, and means one: Slurm shows again what was written.
"""

from __future__ import annotations

from mlspace.errors import BadValue
from mlspace.slurm.count import decimal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Gres = list[list[str | int | None]]

MULTIPLIERS = {"k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4, "p": 1024**5}

INVALID = "Invalid generic resource (gres) specification"


def resources(text: str) -> Gres:
    """`--gres`: "gpu:a100:2,nvme:1" is [["gpu", "a100", 2], ["nvme", "", 1]]; "gpu" is [["gpu", "", None]].

    "none" and "gpu:0" ask for nothing.
    Raises BadValue. Source: sbatch(1) --gres; sbatch 22.05.
    """
    if text.lower() == "none":
        return []
    return [resource(item, text) for item in text.split(",")]


def gpus(text: str) -> Gres:
    """`--gpus` and its kin: "2", "a100:2", "a100", "a100:2,v100:1", each a count of GPUs with or without a type."""
    if not text:
        return []
    return [gpu(item, text) for item in text.split(",")]


def resource(item: str, whole: str) -> list[str | int | None]:
    parts = item.split(":")
    if not all(parts) or len(parts) > 3:
        raise BadValue(whole)
    if parts[0] == "gres":  # "gres:gpu:2", as scontrol prints it
        return resource(":".join(parts[1:]), whole)
    if len(parts) == 1:
        return [parts[0], "", None]
    if len(parts) == 2 and not starts_as_count(parts[1]):
        return [parts[0], parts[1], None]
    return [parts[0], parts[1] if len(parts) == 3 else "", amount(parts[-1], whole)]


def gpu(item: str, whole: str) -> list[str | int | None]:
    kind, colon, number = item.rpartition(":")
    if not item:
        raise BadValue(whole)
    if not colon and not starts_as_count(item):
        return ["gpu", item, None]
    if (colon and not kind) or ":" in kind:
        raise BadValue(whole)
    return ["gpu", kind, amount(number, whole)]


def starts_as_count(text: str) -> bool:
    """Whether it is meant as a number: "3g.71gb", a slice of a GPU, is a type."""
    digits = text[:-1] if text[-1:].lower() in MULTIPLIERS else text
    return digits.isascii() and digits.lstrip("+-").isdigit()


def amount(text: str, whole: str) -> int:
    multiplier = MULTIPLIERS.get(text[-1:].lower(), 1)
    digits = text[:-1] if multiplier > 1 else text
    return decimal(digits, whole) * multiplier


def count_of(name: str, wanted: Sequence[Sequence[str | int | None]] | None) -> int:
    """How many of `name` a parsed list asks for in all, whatever their types."""
    return sum(1 if number is None else int(number) for item, _, number in wanted or () if item == name)


def others(wanted: Sequence[Sequence[str | int | None]] | None) -> list[str]:
    """Names of what a parsed list asks for that is no GPU."""
    return list(dict.fromkeys(str(name) for name, _, number in wanted or () if name != "gpu" and number != 0))


def format_gpus(wanted: Sequence[Sequence[str | int | None]]) -> str:
    """As SLURM_GPUS and its kin carry it: "2", "a100:2,v100:1"."""
    return ",".join(":".join(str(part) for part in (kind, number) if part not in ("", None)) for _, kind, number in wanted)


def format_resources(wanted: Sequence[Sequence[str | int | None]]) -> str:
    """As scontrol's TresPerNode writes it: "gres:gpu:a100:2,gres:nvme:1"."""
    return ",".join("gres:" + ":".join(str(part) for part in item if part not in ("", None)) for item in wanted)
