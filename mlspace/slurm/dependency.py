"""`--dependency=afterok:20:21,afterany:23`: which jobs a job waits for, and for what to happen to them."""

from __future__ import annotations

from mlspace.errors import BadValue
from mlspace.slurm.count import decimal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TYPES = ("after", "afterany", "afterburstbuffer", "aftercorr", "afternotok", "afterok")
SINGLETON = "singleton"
DEFAULT_TYPE = "afterany"


def conditions(text: str) -> dict[str, Any]:
    """{"all": True, "conditions": [{"type": "afterok", "jobs": [{"job": 20, "task": None, "delay": 0}, ...]}, ...]}.

    `all` is False where `?` separates: any one will do. `task` is an array index, "*" for all of an array ("20_*"), or
    None; `delay` is minutes ("after:20+5"). "singleton" has no jobs. "20" means afterany:20; "" no condition at all.
    Raises BadValue. Source: sbatch(1) --dependency; sbatch 22.05.
    """
    if not text:
        return {}
    if "," in text and "?" in text:
        raise BadValue(text)
    separator = "?" if "?" in text else ","
    return {"all": separator == ",", "conditions": [condition(part, text) for part in text.split(separator)]}


def spell(value: dict[str, Any] | None) -> str | None:
    """What conditions() read, as text again; None for no condition."""
    if not value:
        return None
    words = []
    for one in value["conditions"]:
        jobs = [
            f"{item['job']}{'' if item['task'] is None else '_' + str(item['task'])}{'+' + str(item['delay']) if item['delay'] else ''}"
            for item in one["jobs"]
        ]
        words.append(":".join([one["type"], *jobs]))
    return ("," if value["all"] else "?").join(words)


def condition(part: str, whole: str) -> dict[str, Any]:
    if part.lower() == SINGLETON:
        return {"type": SINGLETON, "jobs": []}
    kind, colon, rest = part.partition(":")
    if not colon:
        kind, rest = DEFAULT_TYPE, part
    if kind.lower() not in TYPES:
        raise BadValue(whole)
    return {"type": kind.lower(), "jobs": [job(item, kind.lower(), whole) for item in rest.split(":")]}


def job(item: str, kind: str, whole: str) -> dict[str, Any]:
    name, plus, delay = item.partition("+")
    number, underscore, task = name.partition("_")
    if plus and kind != "after":
        raise BadValue(whole)
    return {
        "job": decimal(number, whole),
        "task": None if not underscore else "*" if task == "*" else decimal(task, whole),
        "delay": decimal(delay, whole) if plus else 0,
    }
