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


def field(answer: Any, name: str) -> Any:
    if not isinstance(answer, dict) or name not in answer:
        raise GatewayError(f"MLSpace's answer has no field {name}", f"  it says: {str(answer)[:200]}")
    return answer[name]


def unix_time(text: str | None) -> int | None:
    """`2026-08-03T10:00:00Z` as unix seconds."""
    if not text:
        return None
    import calendar
    import time

    try:
        return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))
    except ValueError as error:
        raise GatewayError(f"MLSpace's answer has a time that is none: {text}") from error
