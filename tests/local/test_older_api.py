"""The older version of the Gateway, which a Jupyter server calls with an api key and a namespace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.conftest import wait_until
from tests.local.conftest import KNOWN, REGION, Gateway

HEADERS = {"X-Api-Key": KNOWN["api-key"], "X-Namespace": "ai0000001-00001"}
BODY = {"base_image": "any", "instance_type": "cpu.1C.100M", "region": REGION, "type": "binary"}


@pytest.fixture
def call(serve: Callable[..., Gateway]) -> Callable[..., requests.Response]:
    url = serve("--quick", "--kill-grace", "0.5").url.removesuffix("/public/v2")

    def send(method: str, path: str, body: Any = None, headers: dict[str, str] = HEADERS) -> requests.Response:
        return requests.request(method, url + path, json=body, headers=headers, timeout=30)

    return send


def test_a_job_from_submission_to_end(call: Callable[..., requests.Response]) -> None:
    name = call("POST", "/run_job", {**BODY, "script": "sh -c 'echo one; echo two'"}).json()["job_name"]
    wait_until(lambda: call("POST", "/job_status", {"job_name": name}).json() == {"job_status": "Succeeded"}, "the end")
    assert call("GET", f"/job_status?job={name}&region={REGION}").json() == {"job_status": "Succeeded"}
    (job,) = call("POST", "/job_list", {"region": REGION}).json()
    assert (set(job), job["job_name"], job["status"]) == ({"created_at", "job_name", "status"}, name, "Succeeded")
    assert call("POST", "/job_list").json() == [job]
    assert call("POST", "/job_list", {"region": "SR003"}).json() == []
    log = {"job_name": name, "region": REGION, "verbose": False}
    assert call("POST", "/read_logs", log).text.endswith("\n[1,0]<stdout>:one\n[1,0]<stdout>:two\n")
    assert call("POST", "/read_logs", {**log, "tail": 2}).text == "[1,0]<stdout>:two\n[1,0]<stdout>:one\n"


def test_a_job_that_is_deleted(call: Callable[..., requests.Response]) -> None:
    name = call("POST", "/run_job", {**BODY, "script": "sleep 100"}).json()["job_name"]
    answer = call("POST", "/delete_job/v2", {"job_name": name, "region": REGION})
    assert (answer.headers["content-type"], answer.text) == ("text/plain; charset=utf-8", f'Job "{name}" deleted')
    wait_until(lambda: call("POST", "/job_status", {"job_name": name}).json() == {"job_status": "Cancelled"}, "the end")


def test_what_waits_is_in_queue(call: Callable[..., requests.Response]) -> None:
    whole = {**BODY, "script": "sleep 100", "n_workers": 3, "instance_type": "cpu.2C.1M"}
    running, waiting = (call("POST", "/run_job", whole) for _ in range(2))
    assert call("POST", "/job_status", waiting.json()).json() == {"job_status": "Inqueue"}
    assert call("POST", "/read_logs", waiting.json()).text == f"Job {waiting.json()['job_name']} in queue. Try later"
    for job in (waiting, running):
        call("POST", "/delete_job/v2", job.json())


def test_clusters(call: Callable[..., requests.Response]) -> None:
    assert call("GET", "/v1/clusters").json() == [{"cluster_key": REGION, "mt": True}]
    types = call("GET", f"/v1/clusters/{REGION}/instance_types").json()["instance_types"]
    assert {"key": "cpu.2C.1000M", "gpu": 0, "cpu": 2, "memory": 1} in types
    assert call("GET", "/v1/clusters/SR003/instance_types").status_code == 404


WRONG: list[tuple[str, str, Any, dict[str, str], int]] = [
    ("POST", "/job_list", {}, {}, 401),
    ("POST", "/job_list", {}, {**HEADERS, "X-Api-Key": "other"}, 401),
    ("POST", "/job_list", {}, {**HEADERS, "X-Namespace": "ai0000001-00002"}, 401),
    ("POST", "/job_list", [], HEADERS, 400),
    ("POST", "/job_status", {}, HEADERS, 400),
    ("GET", "/job_status", None, HEADERS, 400),
    ("POST", "/read_logs", {"job_name": "x", "tail": "all"}, HEADERS, 400),
    ("POST", "/read_logs", {"job_name": "x", "verbose": "yes"}, HEADERS, 400),
    ("POST", "/run_job", {**BODY, "script": ""}, HEADERS, 400),
]


@pytest.mark.parametrize(("method", "path", "body", "headers", "status"), WRONG)
def test_what_is_wrong_is_told_as_a_reason_and_a_status(
    call: Callable[..., requests.Response], method: str, path: str, body: Any, headers: dict[str, str], status: int
) -> None:
    answer = call(method, path, body, headers)
    assert answer.status_code == status
    assert set(answer.json()) == {"reason", "status"}
