"""The same calls over the Gateway's API v1, which a Jupyter server of the platform has.

No document describes it; what is here is in the clients that people have published (mlspace-facts §1.4).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from mlspace.errors import GatewayError
from mlspace.gateway.at_once import at_once
from mlspace.gateway.client import Client, items_of, named_in, word
from mlspace.gateway.wire import PlatformJob, field, unix_time

ONLY_V2 = (
    *("available", "allocation_types", "nodes", "api_key", "workspaces", "workspace", "allocations", "queues", "queue_jobs", "budgets"),
    *("restart_job", "pods", "job_nodes", "params", "preemptors"),
)
"""Calls that v1 lacks."""


class ClientV1(Client):
    """One Gateway of a Jupyter server. Every method raises GatewayError, those of ONLY_V2 at once."""

    tells_descriptions = False

    def configs(self) -> dict[str, Any]:
        """The catalogue in v2's form: of each cluster that runs jobs, a region, its instance types and their limits."""
        what = "list its clusters"
        clusters = [one for one in items_of(self._transport.get(what, "/v1/clusters")) if one.get("mt", True)]

        def region(cluster: Mapping[str, Any]) -> dict[str, Any]:
            key = field(cluster, "cluster_key")
            answer = self._transport.get("list instance types", f"/v1/clusters/{word(key)}/instance_types")
            return {"key": key, "instances_types": [type_of(item) for item in field(answer, "instance_types")]}

        return {"regions": at_once(region, clusters)}

    def run_job(self, body: Mapping[str, Any]) -> str:
        return named_in(self._transport.post("submit the job", "/run_job", body))

    def list_jobs(self, region: str, *, with_ended: bool = True) -> list[PlatformJob]:
        """The jobs of a region; their descriptions are not told."""
        answer = self._transport.ask("list jobs", "/job_list", {"region": region})
        jobs = [
            PlatformJob(field(item, "job_name"), str(field(item, "status")).lower(), region, created_at=moment(item.get("created_at")))
            for item in items_of(answer)
        ]
        return [job for job in jobs if with_ended or not job.has_ended]

    def job(self, name: str) -> PlatformJob:
        answer = self._transport.ask("tell a job's state", "/job_status", {"job_name": name})
        return PlatformJob(name, str(field(answer, "job_status")).lower())

    def delete_job(self, name: str, region: str) -> None:
        self._transport.ask("cancel the job", "/delete_job/v2", {"job_name": name, "region": region})

    def logs(
        self, name: str, region: str, tail: int = 0, *, with_times: bool = False, idle_seconds: float | None = None
    ) -> Iterator[bytes]:
        body = {"job_name": name, "region": region, "tail": tail, "verbose": with_times}
        return self._transport.ask_for_stream("show the log", "/read_logs", body, idle_seconds)


def moment(told: object) -> int | None:
    """Unix seconds of a time that is a number, its digits, or `2026-08-03T10:00:00Z`; None for anything else."""
    text = str(told or "")
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        return unix_time(text)
    except GatewayError:
        return None


def type_of(item: Mapping[str, Any]) -> dict[str, Any]:
    """An instance type in v2's form. Memory that is a number is in GiB."""
    memory = item.get("memory")
    limits = {
        "cpu": str(item.get("cpu") or ""),
        "memory": f"{memory}Gi" if isinstance(memory, int) else str(memory or ""),
        "nvidia.com/gpu": str(item.get("gpu") or ""),
    }
    return {"key": field(item, "key"), "resource": {"limits": limits}}


def refusing(call: str) -> Any:
    def refuse(self: ClientV1, *_: object) -> NoReturn:
        raise GatewayError(
            f"the Gateway of a Jupyter server has no call for that ({call.replace('_', ' ')})",
            "  log in by `mlspace login` to use the newer one",
        )

    return refuse


for call in ONLY_V2:
    setattr(ClientV1, call, refusing(call))
