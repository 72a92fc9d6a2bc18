"""The Gateway's calls as they go out, and what is read of the answers."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import responses

from mlspace.errors import GatewayError
from mlspace.gateway.account import Allocation, Budget, Offer, Queue, Workspace
from mlspace.gateway.catalog import InstanceType, memory_mib, read_key, read_regions, read_type
from mlspace.gateway.client import PAGE, Client
from mlspace.gateway.credentials import Credentials
from mlspace.gateway.transport import Transport
from mlspace.gateway.wire import PlatformJob, Pod, Preemptor, QueuedJob, field, unix_time
from tests.openapi import document, operation

URL = "https://gateway.test/public/v2"
NAME = "lm-mpi-job-17"
LISTED = {"job_name": NAME, "status": "Running", "region": "SR006", "job_desc": "d", "completed_dt": None}
STATUS = {"job_name": NAME, "status": "Completed", "running_at": 1_700_000_000, "completed_at": 1_700_000_060}


@pytest.fixture
def http() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return Client(Transport(URL, Credentials("ann", "s", "k", "w", "token"), str(tmp_path)))


# Calls.

ID = "5f3a1d1c-56a0-4f8e-9a60-3d7a4c1b2e90"

# Name -> the call, its method, path and query, an answer, and what the call makes of that.
CALLS: dict[str, tuple[Callable[[Client], Any], str, str, dict[str, str], Any, Any]] = {
    "configs": (lambda client: client.configs(), "GET", "/configs", {"cluster_type": "MT"}, {"regions": []}, {"regions": []}),
    "list": (
        lambda client: client.list_jobs("SR006"),
        *("GET", "/jobs", {"region": "SR006", "limit": str(PAGE), "offset": "0"}, {"jobs": [], "count": 0}, []),
    ),
    "job": (
        lambda client: client.job(NAME),
        *("GET", f"/jobs/{NAME}", {}, STATUS, PlatformJob(NAME, "completed", "", "", 1_700_000_000, 1_700_000_060)),
    ),
    "delete": (lambda client: client.delete_job(NAME, "SR006"), "DELETE", f"/jobs/{NAME}", {"region": "SR006"}, {"job_name": NAME}, None),
    "logs": (
        lambda client: b"".join(client.logs(NAME, "SR006")),
        *("GET", f"/jobs/{NAME}/logs", {"region": "SR006", "verbose": "false", "tail": "0"}, {}, b"{}"),
    ),
    "run": (lambda client: client.run_job({"script": "x"}), "POST", "/jobs", {}, {"job_name": NAME}, NAME),
    "restart": (lambda client: client.restart_job("old"), "POST", "/jobs/restart", {}, {"job_name": NAME}, NAME),
    "pods": (
        lambda client: client.pods(NAME),
        *("GET", f"/jobs/elastic/{NAME}/pods", {}),
        {"pods": [{"uid": ID, "job_name": NAME, "job_version": "mpimaster-0", "duration": 1.5, "reason": "{}", "status": None}]},
        [Pod("mpimaster-0", "", "", "", "", 1.5)],
    ),
    "nodes of a job": (lambda client: client.job_nodes(NAME), "GET", f"/jobs/{NAME}/nodes", {}, {"node_names": ["a"]}, ["a"]),
    "params": (lambda client: client.params(NAME), "GET", f"/jobs/{NAME}/params", {}, {"script": "x"}, {"script": "x"}),
    "preemptors": (
        lambda client: client.preemptors(NAME),
        *("GET", f"/jobs/{NAME}/preemptors", {}, {"preemptors": [{"id": ID, "name": "n", "priority": "high", "type": "notebook"}]}),
        [Preemptor("n", "notebook", "high")],
    ),
    "available": (
        lambda client: client.available("SR006", "alloc", "q 1"),
        *("GET", "/instance_types/SR006/available", {"allocation_name": "alloc", "queue_name": "q 1"}),
        {"instance_types": [{"key": "cpu.2C.8G", "name": "x", "count": 3}]},
        [Offer("cpu.2C.8G", 3)],
    ),
    "available to anybody": (
        lambda client: client.available("SR006"),
        *("GET", "/instance_types/SR006/available", {}, {"instance_types": []}, []),
    ),
    "types of an allocation": (
        lambda client: client.allocation_types(ID),
        *("GET", f"/allocations/{ID}/instance-types", {}, [{"key": "cpu.2C.8G", "name": "x", "availability": 2}], [Offer("cpu.2C.8G", 2)]),
    ),
    "nodes": (lambda client: client.nodes("SR006"), "GET", "/nodes/SR006/nodes", {}, {"masked_nodes": ["a", "b"]}, ["a", "b"]),
    "api key": (lambda client: client.api_key(), "GET", "/workspaces/v1/x_api_key", {}, {"x-api-key": "k"}, "k"),
    "workspaces": (
        lambda client: client.workspaces(),
        *("GET", "/workspaces/v3/", {}, {"workspaces": [{"id": ID, "name": "w", "namespace": "ai1-1", "project_name": None}]}),
        [Workspace(ID, "w", "ai1-1", "")],
    ),
    "workspace": (
        lambda client: client.workspace(ID),
        *("GET", f"/workspaces/v3/{ID}", {}, {"id": ID, "name": "w", "namespace": "ai1-1", "project_name": "p"}),
        Workspace(ID, "w", "ai1-1", "p"),
    ),
    "allocations": (
        lambda client: client.allocations("w"),
        *("GET", "/workspaces/v3/w/allocations", {}),
        [{"id": ID, "name": "a", "node_type": "gpu", "region_key": "SR006", "default_for_job": True}],
        [Allocation(ID, "a", "SR006", "gpu", True)],
    ),
    "queues": (
        lambda client: client.queues("w", ID),
        *("GET", f"/workspaces/v3/w/allocations/{ID}/queues", {}),
        [{"id": ID, "name": "q", "type": "custom", "active": False, "default_for_job": True}],
        [Queue(ID, "q", "custom", False, True)],
    ),
    "jobs of a queue": (
        lambda client: client.queue_jobs(ID),
        *("GET", f"/queues/{ID}/jobs", {}, {"jobs": [{"id": ID, "name": None, "status": "Running", "gpu_count": 8, "created_at": "t"}]}),
        [QueuedJob(ID, "Running", "", 8, "", "", "t")],
    ),
    "budgets": (
        lambda client: client.budgets(),
        *("GET", "/limiter/", {}, [{"method": "POST", "endpoint": "/jobs", "limit": "9 per minute", "amount": 9, "period": "minute"}]),
        [Budget("POST", "/jobs", "9 per minute", 0, 9)],
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call(http: responses.RequestsMock, client: Client, name: str) -> None:
    """Method, path and query as the vendor's OpenAPI has them, and what is read of an answer that holds no more than it must."""
    call, method, path, query, answer, result = CALLS[name]
    http.add(method, URL + path, json=answer, match=[responses.matchers.query_param_matcher(query)])
    assert call(client) == result
    assert len(http.calls) == 1
    assert bool(http.calls[0].request.body) is (method == "POST")
    described = operation(method, f"/public/v2{path}")
    assert described is not None
    assert {one["name"] for one in described.get("parameters", ()) if one["in"] == "query"} >= query.keys()


def test_every_call_of_the_openapi_is_one_of_the_clients() -> None:
    """All but the login, which is the transport's."""
    called = {id(operation(method, f"/public/v2{path}")) for _, method, path, *_ in CALLS.values()}
    there = {id(one): f"{method} {path}" for path, methods in document()["paths"].items() for method, one in methods.items()}
    assert [there[one] for one in there.keys() - called] == ["post /public/v2/service_auth"]


@pytest.mark.parametrize("name", ["../x", "a/b", "a b?c#d", "%2e", "%2f"])
def test_a_name_leads_nowhere_else(http: responses.RequestsMock, client: Client, name: str) -> None:
    http.get(re.compile(r".*"), json=STATUS)
    client.job(name)
    path = str(http.calls[0].request.url).removeprefix(f"{URL}/jobs/")
    assert not set(path) & set("/?#")


@pytest.mark.parametrize("name", ["..", ".", ""])
def test_what_is_no_name(client: Client, name: str) -> None:
    with pytest.raises(GatewayError, match="is no name"):
        client.job(name)


def test_body_of_a_submit_travels_as_it_is(http: responses.RequestsMock, client: Client) -> None:
    body = {"script": "a b", "n_workers": 2, "flags": {"spec-part-0": "e30="}}
    http.post(f"{URL}/jobs", json={"job_name": NAME, "status": "Pending", "created_at": 1})
    assert client.run_job(body) == NAME
    request = http.calls[0].request
    assert json.loads(request.body or b"") == body
    assert request.headers["content-type"] == "application/json"


def test_all_pages_of_the_list(http: responses.RequestsMock, client: Client) -> None:
    jobs = [{**LISTED, "job_name": f"j{number}"} for number in range(PAGE + 3)]
    for start in (0, PAGE):
        query = {"region": "R", "limit": PAGE, "offset": start}
        answer = {"jobs": jobs[start : start + PAGE], "count": len(jobs)}
        http.get(f"{URL}/jobs", json=answer, match=[responses.matchers.query_param_matcher(query)])
    assert [job.name for job in client.list_jobs("R")] == [f"j{number}" for number in range(PAGE + 3)]


@pytest.mark.parametrize("count", [5, 10**12])
def test_list_ends_where_the_count_promises_too_much(http: responses.RequestsMock, client: Client, count: int) -> None:
    http.get(f"{URL}/jobs", json={"jobs": [LISTED], "count": count})
    http.get(f"{URL}/jobs", json={"jobs": [], "count": count})
    assert len(client.list_jobs("R")) == 1


def test_pages_that_are_smaller_than_asked_for(http: responses.RequestsMock, client: Client) -> None:
    """While they are read a job has come, so that one is on two pages."""
    names = [f"j{number}" for number in range(25)]

    def answer(request: Any) -> tuple[int, dict[str, str], str]:
        offset = int(request.params["offset"])
        shifted = names if offset == 0 else ["new", *names]
        return 200, {}, json.dumps({"jobs": [{**LISTED, "job_name": name} for name in shifted[offset : offset + 2]], "count": 25})

    http.add_callback("GET", f"{URL}/jobs", answer)
    assert [job.name for job in client.list_jobs("R")] == names[:25]


def test_jobs_that_have_not_ended(http: responses.RequestsMock, client: Client) -> None:
    query = {"region": "R", "limit": PAGE, "offset": 0, "status": ["Completing", "Pending", "Restarting", "Running", "Terminating"]}
    http.get(f"{URL}/jobs", json={"jobs": [LISTED], "count": 1}, match=[responses.matchers.query_param_matcher(query)])
    assert len(client.list_jobs("R", with_ended=False)) == 1


def test_regions_are_asked_at_the_same_time(http: responses.RequestsMock, client: Client) -> None:
    """Each waits until all have been asked; one that refuses keeps the others from nothing."""
    together = threading.Barrier(3)

    def answer(request: Any) -> tuple[int, dict[str, str], str]:
        together.wait(20)
        region = request.params["region"]
        if region == "B":
            return 403, {}, "{}"
        return 200, {}, json.dumps({"jobs": [{**LISTED, "region": region}], "count": 1})

    http.add_callback("GET", f"{URL}/jobs", answer)
    found = client.list_regions(dict.fromkeys("ABC", True))
    assert list(found) == ["A", "B", "C"]
    assert isinstance(found["B"], GatewayError)
    assert [found[region] for region in "AC"] == [[PlatformJob(NAME, "running", region, "d")] for region in "AC"]


# Answers.


def test_fields_that_are_not_known_do_not_matter(http: responses.RequestsMock, client: Client) -> None:
    more = {"new_field": {"deep": [1]}, "gpu_count": None}
    http.get(f"{URL}/jobs", json={"jobs": [{**LISTED, **more}], "count": 1, **more})
    http.get(f"{URL}/jobs/{NAME}", json={**STATUS, **more})
    assert client.list_jobs("R") == [PlatformJob(NAME, "running", "SR006", "d")]
    assert client.job(NAME) == PlatformJob(NAME, "completed", running_at=1_700_000_000, completed_at=1_700_000_060)


@pytest.mark.parametrize("missing", ["job_name", "status", "region"])
def test_missing_field_of_a_listed_job_is_named(missing: str) -> None:
    with pytest.raises(GatewayError, match=f"^MLSpace's answer has no field {missing}\n"):
        PlatformJob.from_list({key: value for key, value in LISTED.items() if key != missing})


@pytest.mark.parametrize("missing", ["job_name", "status"])
def test_missing_field_of_a_job_is_named(missing: str) -> None:
    with pytest.raises(GatewayError, match=f"^MLSpace's answer has no field {missing}\n"):
        PlatformJob.from_status({key: value for key, value in STATUS.items() if key != missing})


@pytest.mark.parametrize(
    ("call", "path", "answer", "missing"),
    [
        (lambda client: client.configs(), "/configs", {"images": []}, "regions"),
        (lambda client: client.list_jobs("R"), "/jobs", {"count": 0}, "jobs"),
        (lambda client: client.list_jobs("R"), "/jobs", {"jobs": [LISTED]}, "count"),
        (lambda client: client.list_jobs("R"), "/jobs", [LISTED], "jobs"),
        (lambda client: client.job(NAME), f"/jobs/{NAME}", "busy", "job_name"),
        (lambda client: client.job(NAME), f"/jobs/{NAME}", {"detail": "x" * 900}, "job_name"),
    ],
)
def test_missing_field_of_an_answer_is_named(
    http: responses.RequestsMock, client: Client, call: Callable[[Client], Any], path: str, answer: Any, missing: str
) -> None:
    http.get(URL + path, json=answer)
    with pytest.raises(GatewayError) as caught:
        call(client)
    assert caught.value.lines[0] == f"MLSpace's answer has no field {missing}"
    assert len(caught.value.lines[1]) < 250


@pytest.mark.parametrize("empty", [{}, {"job_desc": None}, {"completed_dt": ""}])
def test_what_a_listed_job_may_leave_out(empty: dict[str, Any]) -> None:
    item = {"job_name": "j", "status": "Pending", "region": "R", **empty}
    assert PlatformJob.from_list(item) == PlatformJob("j", "pending", "R")


def test_times_that_are_not_reached() -> None:
    answer = {"job_name": "j", "status": "Job not found", "region": None, "running_at": 0, "completed_at": None}
    assert PlatformJob.from_status(answer) == PlatformJob("j", "job not found")


def test_field_may_be_empty() -> None:
    assert field({"a": None}, "a") is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("1970-01-01T00:00:00Z", 0),
        ("2026-08-03T10:00:00Z", 1_785_751_200),
        ("2026-08-03T10:00:00.123456Z", 1_785_751_200),
        ("2024-02-29T23:59:59Z", 1_709_251_199),
    ],
)
def test_unix_time(text: str | None, seconds: int | None) -> None:
    assert unix_time(text) == seconds


@pytest.mark.parametrize("text", ["yesterday", "2026-08-03", "2026-13-03T10:00:00Z", "2026-08-03 10:00:00"])
def test_time_that_is_none(text: str) -> None:
    with pytest.raises(GatewayError, match=text):
        unix_time(text)


# The catalogue.


@pytest.mark.parametrize(
    ("key", "gpus", "cpus", "memory"),
    [
        ("a100plus.8gpu.80vG.96C.1456G", 8, 96, 1456 * 1024),
        ("a100.2gpu.40", 2, 24, 460 * 1024),
        ("a100.8gpu", 8, 128, 8 * 243 * 1024),
        ("cpu-ai-2xgiant", 0, 32, 128 * 1024),
        ("v100.1gpu", 1, 0, 0),
        ("v100.2gpu.32G.6C.96G", 2, 6, 96 * 1024),
        ("cpu.2C.4000M", 0, 2, 4000),
        ("gpu.4gpu.8C.16000M", 4, 8, 16000),
        ("free.0gpu", 0, 0, 0),
        ("cpu", 0, 0, 0),
        ("something.else.entirely", 0, 0, 0),
        ("", 0, 0, 0),
    ],
)
def test_read_key(key: str, gpus: int, cpus: int, memory: int) -> None:
    assert read_key(key) == InstanceType(key, gpus, cpus, memory)


@pytest.mark.parametrize(
    ("text", "mib"),
    [
        ("243Gi", 248_832),
        ("512Mi", 512),
        ("2Ti", 2 * 1024**2),
        ("2048Ki", 2),
        ("1048576", 1),
        ("", 0),
        ("1.5Gi", 0),
        ("lots", 0),
        ("-1Gi", 0),
    ],
)
def test_memory_mib(text: str, mib: int) -> None:
    assert memory_mib(text) == mib


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"limits": {"nvidia.com/gpu": "7", "cpu": "90", "memory": "1400Gi"}}, (7, 90, 1400 * 1024)),
        ({"limits": {"cpu": "90.5"}}, (8, 90, 1456 * 1024)),
        ({"limits": {"cpu": 90}}, (8, 90, 1456 * 1024)),
        ({"limits": {"cpu": "900m", "memory": "?"}}, (8, 96, 1456 * 1024)),
        ({"limits": {}}, (8, 96, 1456 * 1024)),
        ({"limits": None}, (8, 96, 1456 * 1024)),
        (None, (8, 96, 1456 * 1024)),
    ],
)
def test_limits_of_a_type_are_believed_before_its_key(resource: Any, expected: tuple[int, int, int]) -> None:
    key = "a100plus.8gpu.80vG.96C.1456G"
    assert read_type({"key": key, "resource": resource}) == InstanceType(key, *expected)


def test_regions_leave_out_what_is_no_instance_type() -> None:
    types = [{"key": "cpu.2C.4G"}, {"key": "storage.big"}, {"key": "v100.1gpu.32G.3C.48G", "extra": 1}]
    found = read_regions({"regions": [{"key": "A", "instances_types": types}, {"key": "B", "instances_types": []}]})
    assert {name: [kind.key for kind in kinds] for name, kinds in found.items()} == {"A": ["cpu.2C.4G", "v100.1gpu.32G.3C.48G"], "B": []}


@pytest.mark.parametrize(
    ("configs", "missing"),
    [({}, "regions"), ({"regions": [{"instances_types": []}]}, "key"), ({"regions": [{"key": "A"}]}, "instances_types")],
)
def test_missing_field_of_the_catalogue_is_named(configs: dict[str, Any], missing: str) -> None:
    with pytest.raises(GatewayError, match=f"has no field {missing}\n"):
        read_regions(configs)
