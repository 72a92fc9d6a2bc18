"""The Gateway's calls, one method each, typed in and out. API v2; client_v1.py has the same over API v1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from mlspace.errors import GatewayError
from mlspace.gateway.account import Allocation, Budget, Offer, Queue, Workspace
from mlspace.gateway.at_once import CONCURRENT_CALLS, answers, at_once
from mlspace.gateway.transport import Transport
from mlspace.gateway.wire import PlatformJob, Pod, Preemptor, QueuedJob, field

PAGE = 6000
"""Jobs in one answer: what the API gives where nothing is asked for (mlspace-facts §4.7)."""


LIVING = ("Completing", "Pending", "Restarting", "Running", "Terminating")
"""Statuses of jobs that have not ended, as a list is asked for them (mlspace-facts §4.1)."""


class Client:
    """One Gateway. Every method raises GatewayError.

    tells_descriptions: whether a list of jobs has their descriptions, by which a submission is found again.
    """

    tells_descriptions = True

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @property
    def transport(self) -> Transport:
        return self._transport

    # The catalogue.

    def configs(self) -> dict[str, Any]:
        """The catalogue: regions with their instance types, and images."""
        answer: dict[str, Any] = self._transport.get("list its configuration", "/configs", {"cluster_type": "MT"})
        field(answer, "regions")
        return answer

    def images(self) -> list[tuple[str, str]]:
        """Container images that the catalogue tells of, each `name:tag` with where it is listed: datahub, custom, or its own kind."""
        configs = self.configs()
        listed = [("datahub", configs.get("datahub_images")), ("custom", configs.get("custom_images"))]
        listed += [("", kind.get("images")) for region in configs["regions"] for kind in field(region, "instances_types")]
        found = {
            f"{field(image, 'name')}:{tag}": where or image.get("type") or ""
            for where, images in listed
            for image in images or ()
            for tag in field(image, "tags")
        }
        return list(found.items())

    def available(self, region: str, allocation: str = "", queue: str = "") -> list[Offer]:
        """Instance types that a region, or an allocation and queue of it, has for a job now."""
        params = {"allocation_name": allocation, "queue_name": queue}
        named = {name: value for name, value in params.items() if value}
        answer = self._transport.get("list free instance types", f"/instance_types/{word(region)}/available", named)
        return [Offer.read(item, "count") for item in field(answer, "instance_types")]

    def allocation_types(self, allocation_id: str) -> list[Offer]:
        """Instance types of an allocation, by its id."""
        answer = self._transport.get("list an allocation's instance types", f"/allocations/{word(allocation_id)}/instance-types")
        return [Offer.read(item, "availability") for item in items_of(answer)]

    def nodes(self, region: str) -> list[str]:
        """Names of a region's nodes, as far as the platform tells them."""
        answer = self._transport.get("list a region's nodes", f"/nodes/{word(region)}/nodes")
        return [str(name) for name in answer.get("masked_nodes") or ()] if isinstance(answer, dict) else []

    # The account.

    def api_key(self) -> str:
        """The caller's key for the workspace that is named in the request."""
        key: str = field(self._transport.get("tell the api key", "/workspaces/v1/x_api_key"), "x-api-key")
        return key

    def workspaces(self) -> list[Workspace]:
        return [Workspace.read(item) for item in field(self._transport.get("list workspaces", "/workspaces/v3/"), "workspaces")]

    def workspace(self, workspace_id: str) -> Workspace:
        return Workspace.read(self._transport.get("tell of the workspace", f"/workspaces/v3/{word(workspace_id)}"))

    def allocations(self, workspace_id: str) -> list[Allocation]:
        answer = self._transport.get("list allocations", f"/workspaces/v3/{word(workspace_id)}/allocations")
        return [Allocation.read(item) for item in items_of(answer)]

    def queues(self, workspace_id: str, allocation_id: str) -> list[Queue]:
        path = f"/workspaces/v3/{word(workspace_id)}/allocations/{word(allocation_id)}/queues"
        return [Queue.read(item) for item in items_of(self._transport.get("list queues", path))]

    def queue_jobs(self, queue_id: str) -> list[QueuedJob]:
        """The jobs of everybody that a queue has."""
        answer = self._transport.get("list a queue's jobs", f"/queues/{word(queue_id)}/jobs")
        return [QueuedJob.read(item) for item in field(answer, "jobs")]

    def budgets(self) -> list[Budget]:
        """How often each endpoint may be called."""
        return [Budget.read(item) for item in items_of(self._transport.get("tell its limits", "/limiter/"))]

    # Jobs.

    def run_job(self, body: Mapping[str, Any]) -> str:
        """Submits a job; returns its platform name."""
        return named_in(self._transport.post("submit the job", "/jobs", body))

    def restart_job(self, name: str) -> str:
        """Submits a job once more, as it was; returns the new one's name."""
        return named_in(self._transport.post("restart the job", "/jobs/restart", {"job_name": name}))

    def list_jobs(self, region: str, *, with_ended: bool = True) -> list[PlatformJob]:
        """The jobs of a region. Each once, also where jobs come and go between two pages."""
        params = {"region": region, "limit": PAGE, **({} if with_ended else {"status": LIVING})}

        def page(offset: int) -> Any:
            return self._transport.get("list jobs", "/jobs", {**params, "offset": offset})

        first = page(0)
        items, count = list(field(first, "jobs") or []), int(field(first, "count"))
        step = len(items)  # the platform may give less than it is asked for
        while step and len(items) < count:
            offsets = range(len(items), count, step)[:CONCURRENT_CALLS]
            more = [item for answer in at_once(page, offsets) for item in field(answer, "jobs") or []]
            items += more
            if len(more) < step:
                break
        return list({job.name: job for job in map(PlatformJob.from_list, items)}.values())

    def list_regions(self, regions: Mapping[str, bool]) -> dict[str, list[PlatformJob] | GatewayError]:
        """The jobs of several regions, which are asked at the same time; for one that does not answer, why.

        regions: by name whether those that have ended are wanted, too.
        """
        told = answers(lambda region: self.list_jobs(region, with_ended=regions[region]), regions)
        return dict(zip(regions, told, strict=True))

    def job(self, name: str) -> PlatformJob:
        return PlatformJob.from_status(self._transport.get("tell a job's state", f"/jobs/{word(name)}"))

    def delete_job(self, name: str, region: str) -> None:
        """Asks for the end of a job; the platform says "deleted" for any name."""
        self._transport.delete("cancel the job", f"/jobs/{word(name)}", {"region": region})

    def pods(self, name: str) -> list[Pod]:
        """A job's pods; none while it waits for nodes."""
        return [Pod.read(item) for item in field(self._transport.get("list the job's pods", f"/jobs/elastic/{word(name)}/pods"), "pods")]

    def job_nodes(self, name: str) -> list[str]:
        """Names of the nodes that a job has."""
        answer = self._transport.get("list the job's nodes", f"/jobs/{word(name)}/nodes")
        return [str(node) for node in field(answer, "node_names") or ()]

    def params(self, name: str) -> dict[str, Any]:
        """What a job was submitted with; nothing promises which fields there are."""
        answer = self._transport.get("tell the job's parameters", f"/jobs/{word(name)}/params")
        return answer if isinstance(answer, dict) else {}

    def preemptors(self, name: str) -> list[Preemptor]:
        """What has taken the job's place, or is about to."""
        answer = self._transport.get("tell who takes the job's place", f"/jobs/{word(name)}/preemptors")
        return [Preemptor.read(item) for item in field(answer, "preemptors")]

    def logs(
        self, name: str, region: str, tail: int = 0, *, with_times: bool = False, idle_seconds: float | None = None
    ) -> Iterator[bytes]:
        """A job's log from its beginning, in pieces; while the job runs the stream stays open. `tail`: so many last lines, newest first.

        idle_seconds: without a byte for so long it counts as broken.
        """
        params = {"region": region, "verbose": str(with_times).lower(), "tail": tail}
        return self._transport.stream("show the log", f"/jobs/{word(name)}/logs", params, idle_seconds)


def word(text: str) -> str:
    """A name as a part of a path: whatever it is, it leads nowhere else."""
    if not text.strip("."):  # a path's own words, which no quoting takes their meaning from
        raise GatewayError(f"{text or 'an empty text'} is no name of anything on MLSpace")
    return quote(text, safe="")


def named_in(answer: Any) -> str:
    """The new job of a POST's answer. Without it the job may be there all the same."""
    try:
        name: str = field(answer, "job_name")
    except GatewayError as error:
        error.outcome_unknown = True
        raise
    return name


def items_of(answer: Any) -> list[Any]:
    """An answer that is a list by itself."""
    if not isinstance(answer, list):
        raise GatewayError("MLSpace's answer is not a list", f"  it says: {str(answer)[:200]}")
    return answer
