"""The calls of the Gateway, version 2: a table of paths, and one method for each. Knows no sockets."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from mlspace.local import answers, logstream
from mlspace.local.auth import Unauthorized
from mlspace.local.body import ALLOCATION, BodyError, Problem, Refused, read_body, read_job, read_texts
from mlspace.local.call import Answer, Call, Stream, Text, wrong_query
from mlspace.local.limiter import TooMany
from mlspace.local.shape import REGIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mlspace.local.auth import Door
    from mlspace.local.instance import Instance
    from mlspace.local.jobs import Job
    from mlspace.local.limiter import Limiter
    from mlspace.local.scheduler import Scheduler

    Query = Mapping[str, list[str]]

PREFIX = "/public/v2"
STATES = (
    *("Completed", "Completing", "Deleted", "Failed", "Pending", "Running"),
    *("Stopped", "Succeeded", "Terminated", "Terminating", "Restarting"),
)
FRESH_SECONDS = 2.0
"""So long a new job is "job not found" on the platform (observed: 2-3 s)."""

OPEN, TOKEN, KEY = "open", "token", "key"
"""What a call must show: nothing; a token; a token, the api key and the workspace."""


class Route(NamedTuple):
    """`path` as the OpenAPI has it, without the prefix."""

    method: str
    path: str
    needs: str
    handler: str

    @property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(self.path)) + "/?")


ROUTES = (
    Route("POST", "/service_auth", OPEN, "service_auth"),
    Route("GET", "/configs", KEY, "configs"),
    Route("GET", "/workspaces/v1/x_api_key", TOKEN, "api_key"),
    Route("GET", "/workspaces/v3/", TOKEN, "workspaces"),
    Route("GET", "/workspaces/v3/{workspace_id}", TOKEN, "workspace"),
    Route("GET", "/workspaces/v3/{workspace_id}/allocations", KEY, "allocations"),
    Route("GET", "/workspaces/v3/{workspace_id}/allocations/{allocation_id}/queues", KEY, "queues"),
    Route("GET", "/allocations/{allocation_id}/instance-types", KEY, "allocation_types"),
    Route("POST", "/jobs", KEY, "run_job"),
    Route("GET", "/jobs", KEY, "list_jobs"),
    Route("POST", "/jobs/restart", KEY, "restart_job"),
    Route("DELETE", "/jobs/{job_name}", KEY, "delete_job"),
    Route("GET", "/jobs/{job_name}", KEY, "get_job"),
    Route("GET", "/jobs/elastic/{job_name}/pods", KEY, "pods"),
    Route("GET", "/jobs/{job_name}/logs", KEY, "logs"),
    Route("GET", "/jobs/{job_name}/nodes", KEY, "job_nodes"),
    Route("GET", "/jobs/{job_name}/params", KEY, "params"),
    Route("GET", "/jobs/{job_name}/preemptors", KEY, "preemptors"),
    Route("GET", "/instance_types/{region}/available", KEY, "available"),
    Route("GET", "/nodes/{region}/nodes", KEY, "nodes"),
    Route("GET", "/queues/{queue_id}/jobs", KEY, "queue_jobs"),
    Route("GET", "/limiter/", KEY, "limits"),
)


class Missing(Exception):
    """404 with a JSON body."""

    def __init__(self, value: Any) -> None:
        super().__init__(value)
        self.value = value


class Api:
    """The Gateway's calls over a scheduler. `fresh_seconds`: how long a new job is not found yet."""

    def __init__(self, scheduler: Scheduler, door: Door, limiter: Limiter, fresh_seconds: float) -> None:
        self.scheduler = scheduler
        self.door = door
        self.limiter = limiter
        self.fresh_seconds = fresh_seconds
        self.region = scheduler.pool.shape.region
        self.routes = [(route, route.pattern) for route in ROUTES]

    def answer(self, method: str, path: str, query: Query, headers: Mapping[str, str], body: bytes) -> Answer | Text | Stream:
        """Route one request and turn what is wrong with it into the platform's error bodies."""
        try:
            route, names = self.find(method, path)
            self.limiter.count(method, PREFIX + route.path)
            call = Call(method, names, query, headers, body)
            self.authorize(route, call)
            handler: Callable[[Call], Answer | Text | Stream] = getattr(self, route.handler)
            return handler(call)
        except Unauthorized as error:
            return Answer({"error_code": error.code, "error_message": error.message}, 401)
        except BodyError as error:
            return Answer({"detail": [problem.to_json() for problem in error.problems]}, 422)
        except Refused as error:
            return Answer({"error_code": error.code, "error_message": error.text}, error.status)
        except TooMany as error:
            return Answer({"error_code": 429, "error_message": str(error)}, 429, {"Retry-After": str(error.seconds)})
        except Missing as error:
            return Answer(error.value, 404)
        except OSError as error:  # a full disk, no more processes
            return Answer({"error_code": 500, "error_message": f"Oops, something went wrong: {error.strerror}"}, 500)

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]]:
        rest = path[len(PREFIX) :] if path.startswith(PREFIX + "/") else ""
        for route, pattern in self.routes:
            match = pattern.fullmatch(rest) if route.method == method else None
            if match:
                return route, match.groupdict()
        raise Missing({"detail": "Not Found"})

    def authorize(self, route: Route, call: Call) -> None:
        if route.needs == OPEN:
            return
        self.door.check_token(call.headers.get("authorization"))
        if route.needs == KEY:
            if "x-workspace-id" not in call.headers:
                raise BodyError([Problem(("header", "x-workspace-id"), "Field required", "missing")])
            self.door.check_key(call.headers)

    # -- who and where

    def service_auth(self, call: Call) -> Answer:
        client_id, client_secret = read_texts(call.json(), "client_id", "client_secret")
        token = self.door.token(client_id, client_secret)
        value = {"access_token": token, "token_type": "Bearer", "expires_in": self.door.token_seconds}
        return Answer({"token": value, "status": "ok", "error_code": 0, "error_message": ""})

    def api_key(self, call: Call) -> Answer:
        if call.headers.get("x-workspace-id") != self.door.credentials.workspace_id:
            raise Unauthorized(2, "namespace not found")
        return Answer({"x-api-key": self.door.credentials.api_key})

    def workspaces(self, call: Call) -> Answer:
        return Answer({"workspaces": [answers.workspace(self.door.credentials.workspace_id, self.region)]})

    def workspace(self, call: Call) -> Answer:
        self.check_name(call, "workspace_id", self.door.credentials.workspace_id)
        return Answer(answers.workspace(self.door.credentials.workspace_id, self.region))

    def allocations(self, call: Call) -> Answer:
        self.check_name(call, "workspace_id", self.door.credentials.workspace_id)
        return Answer([answers.allocation(self.region, self.scheduler.pool.shape.gpus)])

    def queues(self, call: Call) -> Answer:
        self.check_name(call, "workspace_id", self.door.credentials.workspace_id)
        self.check_name(call, "allocation_id", answers.ALLOCATION_ID)
        return Answer([answers.queue()])

    def check_name(self, call: Call, name: str, expected: str) -> None:
        if call.names[name] != expected:
            raise Missing({"error_code": 404, "error_message": f"{name} {call.names[name]} not found"})

    def configs(self, call: Call) -> Answer:
        if call.choice("cluster_type", ("MT", "INF")) is None:
            raise wrong_query("cluster_type", "Field required", "missing")
        region = answers.region_config(self.scheduler.pool.shape)
        return Answer({"regions": [region], "datahub_images": [], "custom_images": []})

    def allocation_types(self, call: Call) -> Answer:
        self.check_name(call, "allocation_id", answers.ALLOCATION_ID)
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

    # -- jobs

    def run_job(self, call: Call) -> Answer:
        params = read_body(call.json())
        job = self.scheduler.submit(params, read_job(params, self.region))
        return Answer({"job_name": job.name, "status": "Pending", "created_at": int(job.created_at)})

    def restart_job(self, call: Call) -> Answer:
        (name,) = read_texts(call.json(), "job_name")
        old = self.scheduler.find(name)
        if old is None:
            raise Missing({"error_code": 1, "error_message": "not found"})
        job = self.scheduler.submit(old.params, read_job(old.params, self.region))
        return Answer({"job_name": job.name, "status": "Pending", "created_at": int(job.created_at)})

    def list_jobs(self, call: Call) -> Answer:
        region = call.choice("region", REGIONS)
        wanted = list(call.query.get("status", ()))
        for state in wanted:
            if state not in STATES:
                raise wrong_query("status", f"Input should be one of {', '.join(STATES)}", "enum")
        offset, limit = call.integer("offset", 0, 0), call.integer("limit", 6000, 1)
        start, end = moment(call, "start_date"), moment(call, "end_date")
        authors = call.query.get("job_author", ())
        here = call.one("allocation_name") in (None, ALLOCATION) and call.one("queue_id") in (None, answers.QUEUE_ID)
        chosen = [
            job
            for job in (self.scheduler.all_jobs() if here and region == self.region else [])
            if (not authors or job.author in authors)
            and (start is None or job.created_at >= start)
            and (end is None or job.created_at <= end)
            and (not wanted or job.state.capitalize() in wanted)
        ]
        items = [answers.list_item(job) for job in chosen[offset : offset + limit]]
        return Answer({"count": len(chosen), "jobs": items, "status": "ok", "error_code": 0, "error_message": ""})

    def get_job(self, call: Call) -> Answer:
        job = self.known(call)
        if job is None or time.time() < job.created_at + self.fresh_seconds:
            return Answer(answers.not_found_body(call.names["job_name"]))
        return Answer(answers.status_body(job))

    def delete_job(self, call: Call) -> Answer:
        if call.choice("region", REGIONS) is None:
            raise wrong_query("region", "Field required", "missing")
        name = call.names["job_name"]
        self.scheduler.delete(name)
        return Answer({"job_name": name, "deleted_at": str(int(time.time())), "status": "deleted", "error_code": 0, "error_message": ""})

    def known(self, call: Call) -> Job | None:
        return self.scheduler.find(call.names["job_name"])

    def pods(self, call: Call) -> Answer:
        job = self.known(call)
        return Answer({"pods": answers.pods(job) if job else []})

    def job_nodes(self, call: Call) -> Answer:
        job = self.known(call)
        return Answer({"node_names": [share.node for share in (job.shares if job else None) or ()]})

    def params(self, call: Call) -> Answer:
        job = self.known(call)
        return Answer(dict(job.params) if job else {})

    def preemptors(self, call: Call) -> Answer:
        return Answer({"preemptors": []})

    def queue_jobs(self, call: Call) -> Answer:
        self.check_name(call, "queue_id", answers.QUEUE_ID)
        return Answer({"jobs": [answers.queued_job(job) for job in self.scheduler.all_jobs() if job.ended is None]})

    def logs(self, call: Call) -> Text | Stream:
        """The log. While the job runs it stays open; with `tail` it is what there is now, the newest line first."""
        if call.choice("region", REGIONS) is None:
            raise wrong_query("region", "Field required", "missing")
        count, verbose = call.integer("tail", 0, 0), call.boolean("verbose", True)
        job = self.known(call)
        if job is None:
            return Text(b'"No such job"')
        if job.state == "pending":
            return Text(f"Job {job.name} in queue. Try later".encode())
        if not job.shares:  # it ended without ever running
            return Text(b"")
        if count:
            return Text(logstream.tail(job.path("log"), count, verbose))
        head = logstream.log_head(job.shares[0].node, self.region)

        def pieces(wait: Callable[[bool], bool]) -> Iterator[bytes]:
            yield head
            yield from logstream.follow(job.path("log"), verbose, lambda: job.ended is not None, wait)

        return Stream(pieces)


def moment(call: Call, name: str) -> float | None:
    """A date of the query in seconds since the epoch: RFC 3339, or as the official CLI sends it, with a blank and no zone (UTC)."""
    from datetime import datetime, timezone

    given = call.one(name)
    if given is None:
        return None
    try:
        value = datetime.fromisoformat(given.strip().replace("Z", "+00:00"))
    except ValueError as error:
        raise wrong_query(name, f"Input should be a valid date: {given}", "datetime_parsing") from error
    return (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).timestamp()
