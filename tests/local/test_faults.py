"""Faults on demand: the rules, and what a client sees of each."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import requests

from mlspace.errors import ConfigError
from mlspace.local.faults import NO_FAULT, Fault, Faults, Rule, read_rule
from tests.conftest import wait_until
from tests.local.conftest import REGION, Client, Gateway

RULES = [
    ("POST /jobs status=503", Rule("POST", "/jobs", Fault(status=503))),
    ("post /jobs status=502 effect", Rule("POST", "/jobs", Fault(status=502, effect=True))),
    ("* * expire skip=20", Rule("*", "*", Fault(expire=True), skip=20)),
    ("GET /jobs* delay=0.5 chance=0.1 times=3", Rule("GET", "/jobs*", Fault(delay_seconds=0.5), times=3, chance=0.1)),
    ("GET /jobs/{job_name}/logs cut=4096", Rule("GET", "/jobs/{job_name}/logs", Fault(cut="after", cut_bytes=4096))),
    ("POST /jobs cut=before late=70", Rule("POST", "/jobs", Fault(cut="before", late_seconds=70))),
    ("POST /jobs refuse=PROJECT_GPU_LIMIT", Rule("POST", "/jobs", Fault(refuse="PROJECT_GPU_LIMIT"))),
]


@pytest.mark.parametrize(("text", "rule"), RULES)
def test_rules(text: str, rule: Rule) -> None:
    assert read_rule(text) == rule


BAD_RULES = [
    ("POST /jobs", "are expected"),
    ("POST /jobs explode", "explode: no such word"),
    ("POST /jobs status", "status: no such word"),
    ("POST /jobs effect=1", "effect=1: no such word"),
    ("POST /jobs status=2", "status=2: not a valid value"),
    ("POST /jobs cut=late", "cut=late: not a valid value"),
    ("POST /jobs delay=nan", "delay=nan: not a valid value"),
    ("POST /jobs times=-1", "times=-1: not a valid value"),
    ("POST /jobs chance=x", "chance=x: not a valid value"),
]


@pytest.mark.parametrize(("text", "complaint"), BAD_RULES)
def test_bad_rules_are_said(text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        read_rule(text)


def test_the_first_rule_that_is_not_used_up_decides() -> None:
    faults = Faults([read_rule("GET /jobs status=500 times=2 skip=1"), read_rule("GET * status=502 times=1")])
    struck = [faults.strike("GET", "/jobs").status for _ in range(6)]
    assert struck == [502, 500, 500, 0, 0, 0]
    assert faults.strike("POST", "/jobs") == NO_FAULT


def test_chance_is_that_of_a_seed() -> None:
    def struck(seed: int) -> list[int]:
        faults = Faults([read_rule("* * status=500 chance=0.25 times=40")], seed)
        return [number for number in range(1000) if faults.strike("GET", "/").status]

    assert struck(1) == struck(1) != struck(2)
    assert len(struck(1)) == 40


BODY = {"script": "true", "base_image": "i", "instance_type": "cpu.1C.1M", "region": REGION, "type": "binary"}


def names(client: Client) -> list[str]:
    return [job["job_name"] for job in client.get(f"/jobs?region={REGION}")["jobs"]]


def post(client: Client) -> requests.Response:
    return client.session.post(f"{client.url}/jobs", json=BODY, timeout=20)


def test_answers_instead_of_the_truth(serve: Callable[..., Gateway]) -> None:
    said = {"status=502": "<html>", "status=445": "blocked", "status=404": '"<html>', "status=500": "Oops", "status=429": "Rate limit"}
    rules = [f"POST /jobs {words} times=1" for words in said]
    words = "WORKSPACE_GPU_LIMIT_REACHED_ONLY_2_FREE"
    more = (f"POST /jobs refuse={words} times=1", "POST /jobs status=429 retry-after=7 times=1", "POST /jobs status=502 effect times=1")
    client = serve("--quick", *(word for rule in (*rules, *more) for word in ("--fault", rule))).client()
    for rule, text in said.items():
        answer = post(client)
        assert (answer.status_code, text in answer.text) == (int(rule[-3:]), True), answer.text
    assert post(client).json() == {"error_code": 1, "error_message": words}
    assert post(client).headers["retry-after"] == "7"
    assert names(client) == []
    assert post(client).status_code == 502
    assert len(names(client)) == 1


def test_connections_that_break(serve: Callable[..., Gateway]) -> None:
    rules = ("cut=before", "cut=after", "cut=20", "late=1.5")
    client = serve("--quick", *(word for rule in rules for word in ("--fault", f"POST /jobs {rule} times=1"))).client()
    for jobs in (0, 1, 2):
        with pytest.raises(requests.RequestException):
            post(client)
        assert len(names(client)) == jobs
    began = time.monotonic()
    with pytest.raises(requests.ConnectionError):
        post(client)
    assert len(names(client)) == 2 or time.monotonic() - began >= 1.5
    wait_until(lambda: len(names(client)) == 3, "the late effect")
    assert time.monotonic() - began >= 1.5
    assert post(client).status_code == 200


def test_a_log_that_breaks_off(serve: Callable[..., Gateway]) -> None:
    client = serve("--quick", "--fault", "GET /jobs/{job_name}/logs cut=300 times=1").client()
    name = client.submit("seq 1000")
    client.wait(name)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.log(name)
    assert client.output(name)["0 stdout"].split() == [str(number) for number in range(1, 1001)]


def test_tokens_that_end_early(serve: Callable[..., Gateway]) -> None:
    client = serve("--quick", "--fault", "GET /limiter/ expire times=1 skip=1").client()
    assert client.call("GET", "/limiter/").status_code == 200
    for _ in range(2):
        assert client.call("GET", "/limiter/").json() == {"error_code": 20, "error_message": "access_token expired"}
