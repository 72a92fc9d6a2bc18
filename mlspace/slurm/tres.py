"""`--tres-per-task=cpu=2,gres/gpu:a100=1`: what each task gets. Source: sbatch(1) of Slurm 23.11 and 24.11."""

from __future__ import annotations

from mlspace.errors import BadValue
from mlspace.slurm import count, gres

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CPU = "cpu"
GPU = ("gres/gpu", "gres:gpu", "gpu")


def per_task(text: str) -> dict[str, Any]:
    """{"cpus-per-task": 2, "gpus-per-task": [["gpu", "a100", 1]]}, by the options that mean the same. Raises BadValue."""
    values: dict[str, Any] = {}
    for item in text.split(","):
        name, number = cut(item)
        if name == CPU:
            try:
                values["cpus-per-task"] = count.positive(number)
            except BadValue:
                raise BadValue(text) from None
            continue
        family = next((family for family in GPU if name == family or name.startswith(f"{family}:")), None)
        if family is None:
            raise BadValue(text)
        kind = name[len(family) + 1 :]
        values["gpus-per-task"] = [["gpu", kind, gres.amount(number, text)]]
    return values


def cut(item: str) -> tuple[str, str]:
    """Name and number: "cpu=2" and, as 23.02 had it, "cpu:2"."""
    name, equals, number = item.rpartition("=")
    return (name, number) if equals else item.rpartition(":")[::2]
