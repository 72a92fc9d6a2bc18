"""What keeps a new job from being sent at once: an array, --hold, --begin, --dependency, --deadline; as columns of its row."""

from __future__ import annotations

from mlspace.queue import dependency
from mlspace.queue.facts import Facts
from mlspace.slurm import array, reason
from mlspace.slurm.timestamp import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from mlspace.session import Session
    from mlspace.slurm.request import Component, JobRequest


def has_to_wait(values: Mapping[str, Any]) -> bool:
    """Whether the row is one that the queue has to look at before it is sent."""
    columns = ("array_job_id", "array_spec", "array_task_id", "begin_time", "deadline", "dependency")
    return values["priority"] == 0 or any(values[column] not in (None, "") for column in columns)


def add_to(values: Mapping[str, Any], session: Session, request: JobRequest) -> dict[str, Any]:
    """The row with the columns that decide when it may start. Raises RequestRefused."""
    component, now = request.first, values["submit_time"]
    row = {
        **values,
        **array_columns(component),
        "priority": 0 if component["hold"] else component["priority"],
        "begin_time": moment(component, "begin", now),
        "deadline": moment(component, "deadline", now),
        "time_min": component["time-min"],
        "dependency": "",
    }
    if component["dependency"]:
        row["dependency"] = dependency.describe(component["dependency"], Facts(session.registry.jobs, ()))
    row["reason"], row["eligible_time"] = first_reason(row)
    return row


def array_columns(component: Component) -> dict[str, Any]:
    columns: dict[str, Any] = {"array_job_id": None, "array_task_id": None, "array_spec": None, "array_limit": None}
    if component["array"]:
        tasks = array.indices(component["array"]["ranges"])
        columns["array_limit"] = component["array"]["limit"] or None
        columns |= {"array_task_id": tasks[0]} if len(tasks) == 1 else {"array_spec": array.fold(tasks)}
    return columns


def moment(component: Component, option: str, now: int) -> int | None:
    """Unix seconds of --begin or --deadline; None where it is not given, or has been."""
    if component[option] is None:
        return None
    time = parse(component[option], now)
    return time if time > now else None


def first_reason(row: Mapping[str, Any]) -> tuple[str, int | None]:
    """Why the new job waits, and since when nothing but resources would keep it; until somebody has looked at it."""
    if row["priority"] == 0:
        return reason.HELD_USER, None
    if row["array_spec"]:
        return reason.NONE, None
    if row["dependency"]:
        return reason.DEPENDENCY, None
    if row["begin_time"] is not None:
        return reason.BEGIN_TIME, row["begin_time"]
    return reason.NONE, row["submit_time"]
