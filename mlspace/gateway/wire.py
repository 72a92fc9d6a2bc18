"""What the Gateway's answers hold, as far as we read it. A field that is missing is an error that names it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlspace.errors import GatewayError

ENDED_STATUSES = ("completed", "succeeded", "failed", "stopped", "deleted", "cancelled", "terminated")
"""Statuses of a job that will not change any more, in lower case. Source: mlspace-facts §4.1."""


@dataclass(frozen=True)
class PlatformJob:
    """A job as the platform tells it. status: lower case. Times: unix seconds, None where not reached."""

    name: str
    status: str
    region: str = ""
    description: str = ""
    running_at: int | None = None
    completed_at: int | None = None
    created_at: int | None = None

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED_STATUSES

    @classmethod
    def from_list(cls, item: dict[str, Any]) -> PlatformJob:
        return cls(
            field(item, "job_name"),
            str(field(item, "status")).lower(),
            field(item, "region"),
            item.get("job_desc") or "",
            None,
            unix_time(item.get("completed_dt")),
        )

    @classmethod
    def from_status(cls, answer: dict[str, Any]) -> PlatformJob:
        """`GET /jobs/{name}`: a fresh job, and one that never was, have status "job not found"."""
        return cls(
            field(answer, "job_name"),
            str(field(answer, "status")).lower(),
            answer.get("region") or "",
            "",
            answer.get("running_at") or None,
            answer.get("completed_at") or None,
        )


@dataclass(frozen=True)
class Pod:
    """One node's share of a job. name: mpimaster-0, mpiworker-0. Times as the platform writes them, "" where not reached; seconds."""

    name: str
    status: str
    reason: str
    running_at: str
    completed_at: str
    seconds: float

    @classmethod
    def read(cls, item: dict[str, Any]) -> Pod:
        reason = item.get("reason") or ""
        return cls(
            field(item, "job_version"),
            item.get("status") or "",
            "" if reason == "{}" else str(reason),  # one of the reasons that the platform gives for nothing
            item.get("running_at") or "",
            item.get("completed_at") or "",
            float(item.get("duration") or 0),
        )


@dataclass(frozen=True)
class Preemptor:
    """A job or a notebook that has taken a job's place."""

    name: str
    kind: str
    priority: str

    @classmethod
    def read(cls, item: dict[str, Any]) -> Preemptor:
        return cls(field(item, "name"), field(item, "type"), field(item, "priority"))


@dataclass(frozen=True)
class QueuedJob:
    """A job as its queue shows it, whoever it is of."""

    name: str
    status: str
    priority: str
    gpus: int
    instance_type: str
    user: str
    created_at: str

    @classmethod
    def read(cls, item: dict[str, Any]) -> QueuedJob:
        return cls(
            field(item, "name") or field(item, "id"),
            item.get("status") or "",
            item.get("priority") or "",
            int(item.get("gpu_count") or 0),
            item.get("instance_type") or "",
            item.get("user_email") or "",
            item.get("created_at") or "",
        )


def field(answer: Any, name: str) -> Any:
    if not isinstance(answer, dict) or name not in answer:
        raise GatewayError(f"MLSpace's answer has no field {name}", f"  it says: {str(answer)[:200]}")
    return answer[name]


def unix_time(text: str | None) -> int | None:
    """`2026-08-03T10:00:00Z` as unix seconds. Of a long list each job has some: strptime would take most of the time for it."""
    if not text:
        return None
    import calendar

    try:
        if text[4:17:3] != "--T::":
            raise ValueError(text)
        year, month, day, hour, minute, second = (int(text[start:end]) for start, end in TIME_PARTS)
        return calendar.timegm((year, month, day, hour, minute, second))
    except ValueError as error:
        raise GatewayError(f"MLSpace's answer has a time that cannot be read: {text}") from error


TIME_PARTS = ((0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19))
