"""Every call answers as the vendor's OpenAPI says (tests/traffic.py checks each answer), and with what the platform is known to say."""

from __future__ import annotations

import resource
from collections.abc import Callable

import requests

from tests.conftest import wait_until
from tests.local.conftest import KNOWN, REGION, Client, Gateway
from tests.openapi import OPENAPI, operation

WORKSPACE = KNOWN["workspace-id"]


def test_every_call_of_the_openapi_is_served(client: Client) -> None:
    name = client.submit("echo hi", job_desc="a job")
    allocation = client.get(f"/workspaces/v3/{WORKSPACE}/allocations")[0]["id"]
    queue = client.get(f"/workspaces/v3/{WORKSPACE}/allocations/{allocation}/queues")[0]["id"]
    values = {"workspace_id": WORKSPACE, "allocation_id": allocation, "queue_id": queue, "job_name": name, "name": name, "region": REGION}
    called = 0
    for path, operations in OPENAPI["paths"].items():
        for method in operations:
            query = {"cluster_type": "MT", "region": REGION} if method in ("get", "delete") else {}
            body = {"job_name": name}
            if path.endswith("service_auth"):
                body = {"client_id": KNOWN["client-id"], "client_secret": KNOWN["client-secret"]}
            if path == "/public/v2/jobs" and method == "post":
                body = {"script": "true", "base_image": "i", "instance_type": "cpu.1C.1M", "region": REGION, "type": "binary"}
            where = path.removeprefix("/public/v2").format(**values)
            answer = client.call(method.upper(), where, params=query, json=body if method == "post" else None)
            assert answer.status_code == 200, f"{method} {path}: {answer.text}"
            called += 1
    assert called == sum(map(len, OPENAPI["paths"].values()))


def test_a_job_from_submission_to_end(client: Client) -> None:
    name = client.submit("sh -c 'echo $GREETING; echo bad >&2; sleep 0.2'", env_variables={"GREETING": "hi"}, job_desc="words")
    assert client.wait(name) == "succeeded"
    status = client.get(f"/jobs/{name}")
    assert status["created_at"] <= status["running_at"] <= status["completed_at"]
    assert client.output(name) == {"0 stdout": "hi\n", "0 stderr": "bad\n"}
    (item,) = client.get(f"/jobs?region={REGION}")["jobs"]
    assert (item["job_name"], item["status"], item["job_desc"], item["instance_type"]) == (name, "Succeeded", "words", "cpu.1C.100M")
    assert client.get(f"/jobs/{name}/nodes") == {"node_names": ["n1"]}
    (pod,) = client.get(f"/jobs/elastic/{name}/pods")["pods"]
    assert (pod["job_version"], pod["status"]) == ("mpimaster-0", "Succeeded")
    assert client.get(f"/jobs/{name}/params")["script"].startswith("sh -c")
    again = client.call("POST", "/jobs/restart", json={"job_name": name}).json()["job_name"]
    assert again != name
    assert client.wait(again) == "succeeded"


def test_gpu_jobs_end_completed_and_failures_failed(client: Client) -> None:
    assert client.wait(client.submit("true", instance_type="gpu.1gpu.1C.1M")) == "completed"
    assert client.wait(client.submit("sh -c 'exit 3'")) == "failed"
    assert client.wait(client.submit("sh -c 'kill -9 $$'")) == "failed"


def test_list_filters_and_pages(client: Client) -> None:
    good = [client.submit("true") for _ in range(3)]
    bad = client.submit("false")
    for name in (*good, bad):
        client.wait(name)
    assert [job["job_name"] for job in client.get(f"/jobs?region={REGION}&status=Failed&status=Running")["jobs"]] == [bad]
    page = client.get(f"/jobs?region={REGION}&status=Succeeded&limit=2&offset=1")
    assert (page["count"], [job["job_name"] for job in page["jobs"]]) == (3, [good[1], good[0]])
    assert client.get(f"/jobs?region={REGION}&start_date=2030-01-01+00:00:00")["count"] == 0
    assert client.get(f"/jobs?region={REGION}&end_date=2030-01-01T00:00:00Z")["count"] == 4
    assert client.get("/jobs")["count"] == 0, "a list without a region is empty"
    assert client.get("/jobs?region=SR003")["count"] == 0
    for query in ("region=X", "status=Great", "limit=0", "offset=-1", "start_date=soon"):
        assert client.call("GET", f"/jobs?{query}").status_code == 422, query


def test_delete_says_deleted_for_any_name(client: Client) -> None:
    assert client.delete("lm-mpi-job-nobody")["status"] == "deleted"
    assert client.call("DELETE", "/jobs/lm-mpi-job-nobody").status_code == 422, "the region is required"
    assert client.state("lm-mpi-job-nobody") == "job not found"


BAD_BODIES = [
    ({"script": None}, 422, "script"),
    ({"surprise": 1}, 422, "surprise"),
    ({"n_workers": 0}, 422, "n_workers"),
    ({"n_workers": True}, 422, "n_workers"),
    ({"n_workers": 1.5}, 422, "n_workers"),
    ({"type": "spark"}, 422, "type"),
    ({"region": "Mars"}, 422, "region"),
    ({"flags": ["x"]}, 422, "flags"),
    ({"env_variables": {"A=B": "1"}}, 422, "env_variables"),
    ({"env_variables": {"A": {"b": 1}}}, 422, "env_variables"),
    ({"script": "echo \0"}, 422, "script"),
    ({"script": "echo \ud800"}, 422, "script"),
    ({"processes_per_worker": "many"}, 422, "processes_per_worker"),
    ({"include_nodes": [1]}, 422, "include_nodes"),
    ({"processes_per_worker": 0}, 400, "processes_per_worker"),
    ({"script": "echo 'open"}, 400, "quotation"),
    ({"script": " "}, 400, "empty"),
    ({"instance_type": "a100.1gpu"}, 400, "what would work"),
    ({"instance_type": "cpu.0C.1M"}, 400, "what would work"),
    ({"instance_type": "cpu.3C.1M"}, 400, "does not fit"),
    ({"instance_type": "cpu.1C.1001M"}, 400, "does not fit"),
    ({"instance_type": "gpu.5gpu.1C.1M"}, 400, "does not fit"),
    ({"n_workers": 4}, 400, "does not fit"),
    ({"exclude_nodes": ["n1"], "n_workers": 3}, 400, "does not fit"),
    ({"include_nodes": ["elsewhere"]}, 400, "does not fit"),
    ({"type": "horovod"}, 400, "binary"),
    ({"region": "SR003"}, 400, "SR006"),
    ({"max_retry": 2}, 422, "max_retry"),
    ({"max_retry": 101}, 422, "max_retry"),
    ({"max_retry": 3, "type": "nogpu"}, 400, "max_retry"),
    ({"queue_name": "mine"}, 400, "default"),
    ({"base_image": ""}, 409, "does not exist"),
]


def test_bad_bodies_are_refused_by_name(client: Client) -> None:
    for change, status, word in BAD_BODIES:
        body = {"script": "true", "base_image": "i", "instance_type": "cpu.1C.1M", "region": REGION, "type": "binary", **change}
        answer = client.call("POST", "/jobs", json=body)
        assert (answer.status_code, word in answer.text) == (status, True), f"{change}: {answer.status_code} {answer.text}"
    for text in (b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000):
        assert client.call("POST", "/jobs", data=text).status_code == 422, text[:20]
    assert client.get(f"/jobs?region={REGION}")["count"] == 0


def test_credentials(client: Client) -> None:
    def answer(**headers: str | None) -> tuple[int, int | None]:
        response = client.call("GET", "/jobs", headers={name.replace("_", "-"): value for name, value in headers.items()})
        return response.status_code, response.json().get("error_code")

    token = str(client.session.headers["authorization"])
    assert answer(authorization=f"Bearer {token}") == (200, 0)
    assert answer(authorization=None) == (401, 19)
    assert answer(authorization="Bearer x") == (401, 21)
    assert answer(authorization=token[:-1] + ("0" if token[-1] != "0" else "1")) == (401, 21)
    assert answer(x_api_key=None) == (401, 9)
    assert answer(x_api_key="wrong") == (401, 10)
    assert answer(x_workspace_id="wrong") == (401, 2)
    assert answer(x_workspace_id=None)[0] == 422
    wrong = client.call("POST", "/service_auth", json={"client_id": KNOWN["client-id"], "client_secret": "wrong"})
    assert (wrong.status_code, wrong.json()) == (401, {"error_code": 1, "error_message": "invalid user credentials"})
    assert client.call("POST", "/service_auth", json={"client_id": "ann"}).status_code == 422


def test_tokens_expire(serve: Callable[..., Gateway]) -> None:
    client = serve("--quick", "--token-seconds", "1").client()
    wait_until(lambda: client.call("GET", "/limiter/").status_code == 401, "the token's end")
    assert client.call("GET", "/limiter/").json() == {"error_code": 20, "error_message": "access_token expired"}


def test_habits_of_the_platform(serve: Callable[..., Gateway]) -> None:
    """Without --quick: a fresh job is not found, GPUs that are not free are refused, calls are counted."""
    client = serve().client()
    name = client.submit("true")
    assert client.state(name) == "job not found"
    assert client.wait(name) == "succeeded"
    holding = client.submit("sleep 60", instance_type="gpu.3gpu.1C.1M", n_workers=3, processes_per_worker=1)
    body = {"script": "true", "base_image": "i", "instance_type": "gpu.2gpu.1C.1M", "region": REGION, "type": "binary", "n_workers": 2}
    refused = client.call("POST", "/jobs", json=body)
    assert refused.json() == {"error_code": 1, "error_message": "WORKSPACE_GPU_LIMIT_REACHED_ONLY_3_FREE"}
    client.delete(holding)
    for _ in range(2500):  # at most two whole minutes' budgets, whenever the minute turns
        answer = client.session.get(f"{client.url}/limiter/", timeout=20)
        if answer.status_code == 429:
            break
    assert (answer.status_code, answer.json()["error_code"]) == (429, 429)
    assert 0 < int(answer.headers["retry-after"]) <= 60


def test_a_firewall_stands_in_front(serve: Callable[..., Gateway]) -> None:
    client = serve().client()
    body = {"script": "true", "base_image": "i", "instance_type": "cpu.1C.1M", "region": REGION, "type": "binary"}
    for change in ({"script": "../run"}, {"job_desc": "$(id)"}, {"env_variables": {"A": "`id`"}}, {"flags": {"x": "../../y"}}):
        blocked = client.call("POST", "/jobs", json={**body, **change})
        assert (blocked.status_code, blocked.headers["content-type"]) == (445, "text/html")
        assert 7_000 < len(blocked.content) < 9_000
    assert client.get(f"/jobs?region={REGION}")["count"] == 0
    client.submit("sh -c 'cd / && echo a; echo b | cat'", env_variables={"A": "a b; c"})


def test_long_lines_have_tags_in_them(serve: Callable[..., Gateway]) -> None:
    """As Open MPI 4.1 writes them: before each 4,096 bytes."""
    client = serve().client()
    name = client.submit("sh -c 'printf %05000d 7; echo; echo end'")
    client.wait(name)
    assert f"[1,0]<stdout>:{'0' * 4096}[1,0]<stdout>:{'0' * 903}7\n[1,0]<stdout>:end\n" in client.log(name)


def test_what_is_no_call_of_the_gateway(client: Client) -> None:
    nonsense = requests.get(f"{client.url}/nonsense", timeout=20)
    assert (nonsense.status_code, nonsense.headers["content-type"]) == (404, "application/json")
    assert nonsense.json().startswith("<html>"), "a page inside a JSON string"
    assert requests.get(client.url.removesuffix("/public/v2") + "/", timeout=20).status_code == 404
    wrong = requests.delete(f"{client.url}/jobs", timeout=20)
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, POST")
    assert requests.head(f"{client.url}/service_auth", timeout=20).status_code == 405
    huge = requests.post(f"{client.url}/jobs", data=b"", headers={"Content-Length": str(10**12)}, timeout=20)
    assert huge.status_code == 413
    assert operation("GET", "/public/v2/limiter/")


def test_a_full_disk_refuses_and_leaves_nothing_half_submitted(serve: Callable[..., Gateway]) -> None:
    gateway = serve("--quick")
    client = gateway.client()
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (100, hard))
    body = {"script": "true", "base_image": "i", "instance_type": "cpu.1C.1M", "region": REGION, "type": "binary"}
    answer = client.call("POST", "/jobs", json=body)
    assert (answer.status_code, answer.json()["error_message"]) == (500, "Oops, something went wrong: File too large")
    assert client.get(f"/jobs?region={REGION}")["count"] == 0
    assert list((gateway.state / "jobs").iterdir()) == []
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
    assert client.wait(client.submit("true")) == "succeeded"


def test_many_clients_at_once(client: Client) -> None:
    """More connections than a listen queue of the usual 5 or 128 holds, all kept open."""
    name = client.submit("sleep 60")
    client.wait(name, "running")
    url = f"{client.url}/jobs/{name}/logs?region={REGION}"
    streams = [requests.get(url, headers=dict(client.session.headers), stream=True, timeout=30) for _ in range(200)]
    assert client.state(name) == "running"
    client.delete(name)
    for stream in streams:
        assert b"READY" in stream.content
        stream.close()
