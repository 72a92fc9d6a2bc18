"""The Gateway's calls as tables, version 2 and the older one: method, path, what a caller must show, and who answers."""

from __future__ import annotations

import re
from typing import NamedTuple

PREFIX = "/public/v2"

OPEN, TOKEN, KEY, NAMESPACE = "open", "token", "key", "namespace"
"""What a call must show: nothing; a token; a token, the api key and the workspace; of the older version: the api key and the namespace."""


class Route(NamedTuple):
    """`path` as the OpenAPI has it, of version 2 without the prefix. `handler`: `<group>.<method>` of the object that answers."""

    method: str
    path: str
    needs: str
    handler: str

    @property
    def full_path(self) -> str:
        return self.path if self.needs == NAMESPACE else PREFIX + self.path

    @property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(self.full_path)) + "/?")


ROUTES = (
    Route("POST", "/service_auth", OPEN, "account.service_auth"),
    Route("GET", "/configs", KEY, "account.configs"),
    Route("GET", "/workspaces/v1/x_api_key", TOKEN, "account.api_key"),
    Route("GET", "/workspaces/v3/", TOKEN, "account.workspaces"),
    Route("GET", "/workspaces/v3/{workspace_id}", TOKEN, "account.workspace"),
    Route("GET", "/workspaces/v3/{workspace_id}/allocations", KEY, "account.allocations"),
    Route("GET", "/workspaces/v3/{workspace_id}/allocations/{allocation_id}/queues", KEY, "account.queues"),
    Route("GET", "/allocations/{allocation_id}/instance-types", KEY, "account.allocation_types"),
    Route("POST", "/jobs", KEY, "jobs.run_job"),
    Route("GET", "/jobs", KEY, "jobs.list_jobs"),
    Route("POST", "/jobs/restart", KEY, "jobs.restart_job"),
    Route("DELETE", "/jobs/{job_name}", KEY, "jobs.delete_job"),
    Route("GET", "/jobs/{job_name}", KEY, "jobs.get_job"),
    Route("GET", "/jobs/elastic/{job_name}/pods", KEY, "jobs.pods"),
    Route("GET", "/jobs/{job_name}/logs", KEY, "jobs.logs"),
    Route("GET", "/jobs/{job_name}/nodes", KEY, "jobs.job_nodes"),
    Route("GET", "/jobs/{job_name}/params", KEY, "jobs.params"),
    Route("GET", "/jobs/{job_name}/preemptors", KEY, "jobs.preemptors"),
    Route("GET", "/instance_types/{region}/available", KEY, "account.available"),
    Route("GET", "/nodes/{region}/nodes", KEY, "account.nodes"),
    Route("GET", "/queues/{queue_id}/jobs", KEY, "jobs.queue_jobs"),
    Route("GET", "/limiter/", KEY, "account.limits"),
)

OLDER_ROUTES = (
    Route("POST", "/run_job", NAMESPACE, "older.run_job"),
    Route("POST", "/job_list", NAMESPACE, "older.job_list"),
    Route("POST", "/job_status", NAMESPACE, "older.job_status"),
    Route("GET", "/job_status", NAMESPACE, "older.job_status_by_query"),
    Route("POST", "/read_logs", NAMESPACE, "older.read_logs"),
    Route("POST", "/delete_job/v2", NAMESPACE, "older.delete_job"),
    Route("GET", "/v1/clusters", NAMESPACE, "older.clusters"),
    Route("GET", "/v1/clusters/{cluster_key}/instance_types", NAMESPACE, "older.instance_types"),
)
"""What a Jupyter server calls at GWAPI_ADDR (mlspace-facts §1.4)."""
