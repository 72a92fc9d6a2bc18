"""Calls about the account and the cluster: login, workspaces, allocations, instance types, nodes, limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlspace.local import answers
from mlspace.local.auth import Unauthorized
from mlspace.local.body import BodyError, Problem, read_texts
from mlspace.local.call import Answer, Call, Missing, check_name, wrong_query
from mlspace.local.shape import REGIONS

if TYPE_CHECKING:
    from mlspace.local.auth import Door
    from mlspace.local.instance import Instance
    from mlspace.local.limiter import Limiter
    from mlspace.local.scheduler import Scheduler


class AccountCalls:
    """Answers from the shape and what is free now; one workspace, one allocation, one queue."""

    def __init__(self, scheduler: Scheduler, door: Door, limiter: Limiter) -> None:
        self.scheduler = scheduler
        self.door = door
        self.credentials = door.credentials
        self.limiter = limiter
        self.region = scheduler.pool.shape.region

    def service_auth(self, call: Call) -> Answer:
        client_id, client_secret = read_texts(call.json(), "client_id", "client_secret")
        token = self.door.token(client_id, client_secret)
        value = {"access_token": token, "token_type": "Bearer", "expires_in": self.door.token_seconds}
        return Answer({"token": value, "status": "ok", "error_code": 0, "error_message": ""})

    def api_key(self, call: Call) -> Answer:
        if call.headers.get("x-workspace-id") != self.credentials.workspace_id:
            raise Unauthorized(2, "namespace not found")
        return Answer({"x-api-key": self.credentials.api_key})

    def workspaces(self, call: Call) -> Answer:
        return Answer({"workspaces": [answers.workspace(self.credentials.workspace_id, self.region)]})

    def workspace(self, call: Call) -> Answer:
        check_name(call, "workspace_id", self.credentials.workspace_id)
        return Answer(answers.workspace(self.credentials.workspace_id, self.region))

    def allocations(self, call: Call) -> Answer:
        check_name(call, "workspace_id", self.credentials.workspace_id)
        return Answer([answers.allocation(self.region, self.scheduler.pool.shape.gpus)])

    def queues(self, call: Call) -> Answer:
        check_name(call, "workspace_id", self.credentials.workspace_id)
        check_name(call, "allocation_id", answers.ALLOCATION_ID)
        return Answer([answers.queue()])

    def configs(self, call: Call) -> Answer:
        if call.choice("cluster_type", ("MT", "INF")) is None:
            raise wrong_query("cluster_type", "Field required", "missing")
        region = answers.region_config(self.scheduler.pool.shape)
        return Answer({"regions": [region], "datahub_images": [], "custom_images": []})

    def allocation_types(self, call: Call) -> Answer:
        check_name(call, "allocation_id", answers.ALLOCATION_ID)
        return Answer([answers.offer(each, count, "availability") for each, count in self.types()])

    def available(self, call: Call) -> Answer:
        self.check_region(call)
        return Answer({"instance_types": [answers.offer(each, count, "count") for each, count in self.types()]})

    def types(self) -> list[tuple[Instance, int]]:
        """Instance types to choose from, and how often each fits now."""
        with self.scheduler.lock:
            pool = self.scheduler.pool
            return [(each, pool.count_free(each)) for each in answers.instance_types(pool.shape)]

    def nodes(self, call: Call) -> Answer:
        self.check_region(call)
        return Answer({"masked_nodes": list(self.scheduler.pool.names), "failed": 0})

    def check_region(self, call: Call) -> None:
        region = call.names["region"]
        if region not in REGIONS:
            raise BodyError([Problem(("path", "region"), f"Input should be one of {', '.join(REGIONS)}", "enum")])
        if region != self.region:
            raise Missing({"detail": f"Allocation not found for region '{region}'"})

    def limits(self, call: Call) -> Answer:
        return Answer(self.limiter.to_json())
