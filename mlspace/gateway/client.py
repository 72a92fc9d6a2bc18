"""The Gateway's calls, one method each, typed in and out. API v2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlspace.errors import GatewayError
from mlspace.gateway.transport import Transport
from mlspace.gateway.wire import PlatformJob, field

PAGE = 1000


class Client:
    """One Gateway. Every method raises GatewayError."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def configs(self) -> dict[str, Any]:
        """The catalogue: regions with their instance types, and images."""
        answer: dict[str, Any] = self._transport.get("list its configuration", "/configs", {"cluster_type": "MT"})
        field(answer, "regions")
        return answer

    def run_job(self, body: Mapping[str, Any]) -> str:
        """Submits a job; returns its platform name."""
        answer = self._transport.post("submit the job", "/jobs", body)
        try:
            name: str = field(answer, "job_name")
        except GatewayError as error:
            error.outcome_unknown = True
            raise
        return name

    def list_jobs(self, region: str) -> list[PlatformJob]:
        """All jobs of a region, newest pages and all."""
        jobs: list[PlatformJob] = []
        while True:
            params = {"region": region, "limit": PAGE, "offset": len(jobs)}
            answer = self._transport.get("list jobs", "/jobs", params)
            page = field(answer, "jobs") or []
            jobs += [PlatformJob.from_list(item) for item in page]
            if not page or len(jobs) >= field(answer, "count"):
                return jobs

    def job(self, name: str) -> PlatformJob:
        return PlatformJob.from_status(self._transport.get("tell a job's state", f"/jobs/{name}"))

    def delete_job(self, name: str, region: str) -> None:
        """Asks for the end of a job; the platform says "deleted" for any name."""
        self._transport.delete("cancel the job", f"/jobs/{name}", {"region": region})

    def logs(self, name: str, region: str, tail: int = 0) -> Iterator[bytes]:
        """A job's log from its beginning, in pieces; while the job runs the stream stays open. `tail`: so many last lines, newest first."""
        return self._transport.stream("show the log", f"/jobs/{name}/logs", {"region": region, "verbose": "false", "tail": tail})
