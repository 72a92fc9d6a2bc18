"""Calls about the account and the cluster: login, workspaces, allocations, instance types, nodes, limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlspace.local import answers
from mlspace.local.auth import Unauthorized, same
from mlspace.local.body import BodyError, Problem, read_texts
from mlspace.local.call import Answer, Call, Missing, check_name, not_found, wrong_query
from mlspace.local.shape import REGIONS

if TYPE_CHECKING:
    from mlspace.local.auth import Door
    from mlspace.local.instance import Instance
    from mlspace.local.limiter import Limiter
    from mlspace.local.scheduler import Scheduler


class AccountCalls:
    """Answers from the pools and what is free now; one workspace, and for each region one allocation with one queue."""

    def __init__(self, scheduler: Scheduler, door: Door, limiter: Limiter) -> None:
        self.scheduler = scheduler
        self.door = door
        self.credentials = door.credentials
        self.limiter = limiter
        self.pools = scheduler.pools

    def service_auth(self, call: Call) -> Answer:
        client_id, client_secret = read_texts(call.json(), "client_id", "client_secret")
        token = self.door.token(client_id, client_secret)
        value = {"access_token": token, "token_type": "Bearer", "expires_in": self.door.token_seconds}
        return Answer({"token": value, "status": "ok", "error_code": 0, "error_message": ""})

    def api_key(self, call: Call) -> Answer:
        if not same(call.headers.get("x-workspace-id", ""), self.credentials.workspace_id):
            raise Unauthorized(2, "namespace not found")
        return Answer({"x-api-key": self.credentials.api_key})

    def workspaces(self, call: Call) -> Answer:
        return Answer({"workspaces": [answers.workspace(self.credentials.workspace_id, self.pools)]})

    def workspace(self, call: Call) -> Answer:
        check_name(call, "workspace_id", self.credentials.workspace_id)
        return Answer(answers.workspace(self.credentials.workspace_id, self.pools))

    def allocations(self, call: Call) -> Answer:
        check_name(call, "workspace_id", self.credentials.workspace_id)
        return Answer([answers.allocation(region, pool.gpus) for region, pool in self.pools.items()])

    def queues(self, call: Call) -> Answer:
        check_name(call, "workspace_id", self.credentials.workspace_id)
        return Answer([answers.queue(self.region_of(call))])

    def configs(self, call: Call) -> Answer:
        if call.choice("cluster_type", ("MT", "INF")) is None:
            raise wrong_query("cluster_type", "Field required", "missing")
        regions = [answers.region_config(region, pool.types()) for region, pool in self.pools.items()]
        return Answer({"regions": regions, "datahub_images": [], "custom_images": []})

    def allocation_types(self, call: Call) -> Answer:
        types = self.types(self.region_of(call))
        return Answer([answers.offer(each, count, "availability") for each, count in types])

    def available(self, call: Call) -> Answer:
        types = self.types(self.check_region(call))
        return Answer({"instance_types": [answers.offer(each, count, "count") for each, count in types]})

    def types(self, region: str) -> list[tuple[Instance, int]]:
        """Instance types to choose from, and how often each fits now."""
        with self.scheduler.lock:
            pool = self.pools[region]
            return [(each, pool.count_free(each)) for each in pool.types()]

    def nodes(self, call: Call) -> Answer:
        return Answer({"masked_nodes": list(self.pools[self.check_region(call)].names), "failed": 0})

    def check_region(self, call: Call) -> str:
        """The region of the path, which is one of those served."""
        region = call.names["region"]
        if region not in REGIONS:
            raise BodyError([Problem(("path", "region"), f"Input should be one of {', '.join(REGIONS)}", "enum")])
        if region not in self.pools:
            raise Missing({"detail": f"Allocation not found for region '{region}'"})
        return region

    def region_of(self, call: Call) -> str:
        """The region of the path's allocation. Raises Missing."""
        given = call.names["allocation_id"]
        for region in self.pools:
            if answers.allocation_id(region) == given:
                return region
        raise not_found("allocation_id", given)

    def limits(self, call: Call) -> Answer:
        return Answer(self.limiter.to_json())
