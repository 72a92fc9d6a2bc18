"""The client's view of HTTP: the token, what is tried again, and what an error tells. No call leaves the process."""

from __future__ import annotations

import json
import socket
import stat
import time
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
from urllib3.exceptions import NameResolutionError, NewConnectionError

from mlspace.errors import GatewayError
from mlspace.gateway import transport
from mlspace.gateway.transport import Credentials, Transport

URL = "https://gateway.test/public/v2"
SECRETS = {"client_secret": "s3cr3t-of-ann", "api_key": "k3y-of-ann", "token": "t0ken-of-ann"}
WORKSPACE = "11111111-2222-4333-8444-555555555555"
TRANSIENT = (429, 500, 502, 503, 504)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that the transport would have slept."""
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


@pytest.fixture
def http(pauses: list[float]) -> Any:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def make(directory: Path, access_token: str = "", endpoint: str = URL) -> Transport:
    return Transport(endpoint, Credentials("ann", SECRETS["client_secret"], SECRETS["api_key"], WORKSPACE, access_token), str(directory))


def log_in(http: Any, token: str = SECRETS["token"], expires_in: int = 3600) -> responses.BaseResponse:
    answer: responses.BaseResponse = http.post(f"{URL}/service_auth", json={"token": {"access_token": token, "expires_in": expires_in}})
    return answer


def fails(there: Transport, method: str = "GET") -> GatewayError:
    """The error of a call of /jobs."""
    with pytest.raises(GatewayError) as caught:
        _ = there.post("submit the job", "/jobs", {}) if method == "POST" else there.get("list jobs", "/jobs")
    return caught.value


def token_file(directory: Path) -> Path:
    (file,) = directory.glob("token-*.json")
    return file


# The token.


def test_first_call_logs_in_and_says_who_it_is(http: Any, tmp_path: Path) -> None:
    login = log_in(http)
    call = http.get(f"{URL}/jobs", json={"jobs": []})
    assert make(tmp_path).get("list jobs", "/jobs") == {"jobs": []}
    assert json.loads(login.calls[0].request.body or b"") == {"client_id": "ann", "client_secret": SECRETS["client_secret"]}
    headers = call.calls[0].request.headers
    assert headers["authorization"] == f"Bearer {SECRETS['token']}"
    assert (headers["x-api-key"], headers["x-workspace-id"]) == (SECRETS["api_key"], WORKSPACE)
    assert headers["User-Agent"].startswith("mlspace-slurm/")


def test_token_is_fetched_once_and_shared_by_all_commands(http: Any, tmp_path: Path) -> None:
    login = log_in(http)
    http.get(f"{URL}/jobs", json={})
    first = make(tmp_path)
    first.get("list jobs", "/jobs")
    first.get("list jobs", "/jobs")
    make(tmp_path).get("list jobs", "/jobs")
    assert login.call_count == 1
    assert stat.S_IMODE(token_file(tmp_path).stat().st_mode) == 0o600
    assert SECRETS["client_secret"] not in token_file(tmp_path).read_text()
    assert len(list(tmp_path.glob("token-*"))) == 1


def test_tokens_of_two_clients_are_kept_apart(http: Any, tmp_path: Path) -> None:
    login = log_in(http)
    http.get(f"{URL}/jobs", json={})
    make(tmp_path).get("list jobs", "/jobs")
    Transport(URL, Credentials("bob", "b", "k", "w"), str(tmp_path)).get("list jobs", "/jobs")
    assert login.call_count == 2
    assert len(list(tmp_path.glob("token-*.json"))) == 2


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "7", "{}", '{"access_token": "old"}', '{"access_token": "old", "expires_at": "x"}', "\xff"],
    ids=["empty", "half", "list", "number", "no-field", "no-time", "time-is-text", "not-ascii"],
)
def test_damaged_token_file_is_replaced(http: Any, tmp_path: Path, content: str) -> None:
    login = log_in(http)
    http.get(f"{URL}/jobs", json={})
    make(tmp_path).get("list jobs", "/jobs")
    token_file(tmp_path).write_text(content, encoding="latin-1")
    make(tmp_path).get("list jobs", "/jobs")
    assert login.call_count == 2
    assert json.loads(token_file(tmp_path).read_text())["access_token"] == SECRETS["token"]


def test_token_is_renewed_a_minute_before_it_expires(http: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000.0
    monkeypatch.setattr(time, "time", lambda: now)
    login = log_in(http, expires_in=3600)
    http.get(f"{URL}/jobs", json={})
    make(tmp_path).get("list jobs", "/jobs")
    now += 3539
    make(tmp_path).get("list jobs", "/jobs")
    assert login.call_count == 1
    now += 2
    make(tmp_path).get("list jobs", "/jobs")
    assert login.call_count == 2


def test_401_renews_the_token_and_repeats_the_call(http: Any, tmp_path: Path) -> None:
    kept = tmp_path / f"token-{transport.identity(URL, Credentials('ann', SECRETS['client_secret'], '', ''))}.json"
    kept.write_text(json.dumps({"access_token": "revoked", "expires_at": time.time() + 1000}))
    login = log_in(http)
    refused = http.post(f"{URL}/jobs", status=401, match=[responses.matchers.header_matcher({"authorization": "Bearer revoked"})])
    fresh = {"authorization": f"Bearer {SECRETS['token']}"}
    taken = http.post(f"{URL}/jobs", json={"job_name": "j"}, match=[responses.matchers.header_matcher(fresh)])
    assert make(tmp_path).post("submit the job", "/jobs", {"a": 1}) == {"job_name": "j"}
    assert (refused.call_count, login.call_count, taken.call_count) == (1, 1, 1)
    assert json.loads(taken.calls[0].request.body) == {"a": 1}
    assert json.loads(kept.read_text())["access_token"] == SECRETS["token"]


def test_401_with_a_new_token_is_the_end(http: Any, tmp_path: Path) -> None:
    login = log_in(http)
    call = http.get(f"{URL}/jobs", status=401, json={"message": "no"})
    error = fails(make(tmp_path))
    assert (error.status, error.transient) == (401, False)
    assert "MLSPACE_CLIENT_ID" in str(error)
    assert (login.call_count, call.call_count) == (2, 2)


def test_given_access_token_is_not_renewed_nor_kept(http: Any, tmp_path: Path) -> None:
    login = log_in(http)
    call = http.get(f"{URL}/jobs", status=401)
    assert fails(make(tmp_path, access_token="given")).status == 401
    assert (login.call_count, call.call_count) == (0, 1)
    assert call.calls[0].request.headers["authorization"] == "Bearer given"
    assert list(tmp_path.glob("token-*")) == []


def test_directory_that_cannot_be_written_costs_only_a_login(http: Any, tmp_path: Path) -> None:
    log_in(http)
    http.get(f"{URL}/jobs", json={"jobs": []})
    assert make(tmp_path / "missing").get("list jobs", "/jobs") == {"jobs": []}


@pytest.mark.parametrize("answer", [{}, {"token": None}, {"token": {}}, {"token": {"access_token": "x"}}, []])
def test_login_without_a_token_in_its_answer(http: Any, tmp_path: Path, answer: object) -> None:
    http.post(f"{URL}/service_auth", json=answer)
    assert "could not log in: its answer has no token" in str(fails(make(tmp_path)))
    assert list(tmp_path.glob("token-*")) == []


def test_refused_login(http: Any, tmp_path: Path) -> None:
    http.post(f"{URL}/service_auth", status=403, json={"message": "service account is blocked"})
    call = http.get(f"{URL}/jobs", json={})
    error = fails(make(tmp_path))
    assert error.lines[0] == "MLSpace could not log in: service account is blocked (HTTP 403)"
    assert call.call_count == 0


# What is tried again.


@pytest.mark.parametrize("status", TRANSIENT)
def test_get_is_repeated_on_what_passes_by_itself(http: Any, tmp_path: Path, pauses: list[float], status: int) -> None:
    log_in(http)
    http.get(f"{URL}/jobs", status=status)
    http.get(f"{URL}/jobs", status=status)
    http.get(f"{URL}/jobs", json={"jobs": [1]})
    assert make(tmp_path).get("list jobs", "/jobs") == {"jobs": [1]}
    assert pauses == [0.5, 1.0]


@pytest.mark.parametrize("status", TRANSIENT)
def test_get_is_given_up_after_four_tries(http: Any, tmp_path: Path, pauses: list[float], status: int) -> None:
    log_in(http)
    call = http.get(f"{URL}/jobs", status=status)
    error = fails(make(tmp_path))
    assert (error.status, error.transient, call.call_count) == (status, True, 4)
    assert pauses == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 445, 501])
def test_refusal_is_not_repeated(http: Any, tmp_path: Path, pauses: list[float], status: int) -> None:
    log_in(http)
    call = http.get(f"{URL}/jobs", status=status, json={"message": "no such thing"})
    error = fails(make(tmp_path))
    assert (error.status, error.transient, error.outcome_unknown) == (status, False, False)
    assert error.lines[0] == f"MLSpace could not list jobs: no such thing (HTTP {status})"
    assert (call.call_count, pauses) == (1, [])


@pytest.mark.parametrize(
    ("after", "pause"), [("7", 7.0), ("600", 30.0), ("", 0.5), ("soon", 0.5), ("Wed, 21 Oct 2026 07:28:00 GMT", 0.5), ("-3", 0.5)]
)
def test_429_waits_as_long_as_the_server_says(http: Any, tmp_path: Path, pauses: list[float], after: str, pause: float) -> None:
    log_in(http)
    http.get(f"{URL}/jobs", status=429, headers={"Retry-After": after})
    http.get(f"{URL}/jobs", json={})
    make(tmp_path).get("list jobs", "/jobs")
    assert pauses == [pause]


def test_429_of_a_post_is_told_with_its_time(http: Any, tmp_path: Path, pauses: list[float]) -> None:
    log_in(http)
    call = http.post(f"{URL}/jobs", status=429, headers={"Retry-After": "7"})
    error = fails(make(tmp_path), "POST")
    assert (error.retry_after, error.transient, error.outcome_unknown) == (7.0, True, False)
    assert (call.call_count, pauses) == (1, [])


@pytest.mark.parametrize("status", TRANSIENT)
def test_post_is_sent_once(http: Any, tmp_path: Path, pauses: list[float], status: int) -> None:
    log_in(http)
    call = http.post(f"{URL}/jobs", status=status)
    error = fails(make(tmp_path), "POST")
    assert (error.status, error.transient, call.call_count, pauses) == (status, True, 1, [])


def test_delete_is_repeated(http: Any, tmp_path: Path, pauses: list[float]) -> None:
    log_in(http)
    http.delete(f"{URL}/jobs/j", status=503)
    http.delete(f"{URL}/jobs/j", json={"job_name": "j"})
    assert make(tmp_path).delete("cancel the job", "/jobs/j", {"region": "R"}) == {"job_name": "j"}
    assert pauses == [0.5]


# No answer at all.

LOST = [
    (requests.exceptions.ReadTimeout("read timed out"), True),
    (requests.exceptions.ChunkedEncodingError("incomplete read"), True),
    (requests.ConnectionError("Connection aborted.", ConnectionResetError(104, "Connection reset by peer")), True),
    (requests.exceptions.ConnectTimeout("timed out"), False),
    (requests.ConnectionError(NewConnectionError(None, "[Errno 111] Connection refused")), False),  # type: ignore[arg-type]
    (requests.ConnectionError(NameResolutionError("gateway.test", None, socket.gaierror(-2, "unknown"))), False),  # type: ignore[arg-type]
]
LOST_IDS = ["read-timeout", "half-an-answer", "reset", "connect-timeout", "refused", "no-such-host"]


@pytest.mark.parametrize(("cause", "unknown"), LOST, ids=LOST_IDS)
def test_post_without_an_answer(http: Any, tmp_path: Path, pauses: list[float], cause: Exception, unknown: bool) -> None:
    """Once the request may have arrived nobody knows what became of it; before that it can simply be sent later."""
    log_in(http)
    call = http.post(f"{URL}/jobs", body=cause)
    error = fails(make(tmp_path), "POST")
    assert (error.outcome_unknown, error.transient, error.status) == (unknown, True, None)
    assert (call.call_count, pauses) == (1, [])


@pytest.mark.parametrize(("cause", "unknown"), LOST, ids=LOST_IDS)
def test_get_without_an_answer_is_repeated(http: Any, tmp_path: Path, pauses: list[float], cause: Exception, unknown: bool) -> None:
    log_in(http)
    http.get(f"{URL}/jobs", body=cause)
    http.get(f"{URL}/jobs", json={"jobs": []})
    assert make(tmp_path).get("list jobs", "/jobs") == {"jobs": []}
    assert pauses == [0.5]


def test_refused_connection_for_real(tmp_path: Path, pauses: list[float]) -> None:
    with socket.socket() as bound:  # bound and not listening: nobody else can take the port
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        error = fails(make(tmp_path, access_token="given", endpoint=url), "POST")
    assert error.lines == (f"Unable to contact MLSpace at {url} (the connection failed)", "  is the address right?")
    assert (error.transient, error.outcome_unknown, pauses) == (True, False, [])


def test_every_call_has_time_limits(http: Any, tmp_path: Path) -> None:
    log_in(http)
    http.get(f"{URL}/jobs", json={})
    make(tmp_path).get("list jobs", "/jobs")
    assert [call.request.req_kwargs["timeout"] for call in http.calls] == [(10.0, 60.0)] * 2


# Answers that are none.


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<!DOCTYPE html><title>Sign in</title>", "it answered with a web page"),
        ("  <HTML><body>nginx</body></HTML>", "it answered with a web page"),
        ("upstream  is\nbusy", "upstream is busy"),
        ("", "the answer is not JSON"),
        ("x" * 5000, "x" * 300),
    ],
    ids=["doctype", "html", "prose", "nothing", "long"],
)
def test_200_that_is_not_json(http: Any, tmp_path: Path, body: str, reason: str) -> None:
    log_in(http)
    http.get(f"{URL}/jobs", body=body)
    error = fails(make(tmp_path))
    assert (error.lines, error.transient) == ((f"MLSpace could not list jobs: {reason} (HTTP 200)",), False)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"error_message": "quota", "message": "less"}', "quota"),
        ('{"message": "not enough\\n  GPUs"}', "not enough GPUs"),
        ('{"reason": "frozen"}', "frozen"),
        ('{"message": "", "detail": "deep"}', "deep"),
        ('{"detail": [{"loc": ["body", "flags", 0], "msg": "too long"}, {"msg": "bad"}]}', "flags.0: too long; : bad"),
        ('{"detail": {"message": "inner"}}', "inner"),
        ('"<html>gate</html>"', "it answered with a web page"),
        ('"as prose"', "as prose"),
        ("{}", "no reason given"),
        ("null", "no reason given"),
        ("17", "no reason given"),
        ('{"message": 5}', "no reason given"),
        ("\udcff", "\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_reason_of_a_refusal(http: Any, tmp_path: Path, body: str, reason: str) -> None:
    log_in(http)
    http.get(f"{URL}/jobs", status=400, body=body.encode("utf-8", "surrogateescape"))
    assert fails(make(tmp_path)).lines == (f"MLSpace could not list jobs: {reason} (HTTP 400)",)


@pytest.mark.parametrize(("status", "word"), [(403, "may not"), (429, "in a minute"), (445, "firewall")])
def test_refusal_says_what_to_do_and_which_request_it_was(http: Any, tmp_path: Path, status: int, word: str) -> None:
    log_in(http)
    http.post(f"{URL}/jobs", status=status, headers={"x-request-id": "r-17"})
    _, advice, request = fails(make(tmp_path), "POST").lines
    assert word in advice
    assert request == "  request id r-17"


ECHO = {"detail": [{"loc": ["body", "client_id"], "msg": "wrong", "input": {**SECRETS, "authorization": SECRETS["token"]}}]}


@pytest.mark.parametrize("path", ["/service_auth", "/jobs"])
@pytest.mark.parametrize(
    "answer",
    [
        *({"status": status, "json": ECHO} for status in (400, 401, 403, 422, 500)),
        {"body": requests.exceptions.ReadTimeout(f"POST {SECRETS}")},
        {"body": requests.ConnectionError(f"headers {SECRETS}")},
        {"body": "<html>"},
    ],
    ids=["400", "401", "403", "422", "500", "timeout", "connection", "html"],
)
def test_no_secret_in_the_text_of_an_error(http: Any, tmp_path: Path, path: str, answer: dict[str, Any]) -> None:
    if path != "/service_auth":
        log_in(http)
    http.post(URL + path, **answer)
    error = fails(make(tmp_path), "POST")
    assert not [secret for secret in SECRETS.values() if secret in str(error) or secret in repr(error)]


# Streams.


def test_stream_gives_the_bytes_as_they_are(http: Any, tmp_path: Path) -> None:
    log_in(http)
    http.get(f"{URL}/jobs/j/logs", body=b"a\r\n\xffb")
    assert b"".join(make(tmp_path).stream("show the log", "/jobs/j/logs", {})) == b"a\r\n\xffb"


def test_stream_that_breaks_is_transient(http: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log_in(http)
    http.get(f"{URL}/jobs/j/logs", body=b"abc")

    def breaks(*_: object, **__: object) -> Any:
        yield b"a"
        raise requests.exceptions.ChunkedEncodingError("incomplete read")

    monkeypatch.setattr(requests.Response, "iter_content", breaks)
    pieces = make(tmp_path, access_token="given").stream("show the log", "/jobs/j/logs", {})
    assert next(pieces) == b"a"
    with pytest.raises(GatewayError, match="could not show the log: the connection broke") as caught:
        next(pieces)
    assert caught.value.transient


def test_nothing_is_sent_before_the_first_call(http: Any, tmp_path: Path) -> None:
    make(tmp_path).stream("show the log", "/jobs/j/logs", {})
    assert len(http.calls) == 0


@pytest.mark.parametrize(
    ("endpoint", "loopback"),
    [
        ("http://127.0.0.1:8000/public/v2", True),
        ("http://localhost:8000", True),
        ("http://[::1]:8000/x", True),
        ("https://gateway.test:443/x", False),
        ("https://127.0.0.1.gateway.test:443/x", False),
        ("https://gateway.test/localhost:80", False),
    ],
)
def test_no_proxy_for_this_host(tmp_path: Path, endpoint: str, loopback: bool) -> None:
    assert transport.is_loopback(endpoint) is loopback
    assert make(tmp_path, endpoint=endpoint)._session.trust_env is not loopback


def test_slash_at_the_end_of_the_endpoint_does_not_count(http: Any, tmp_path: Path) -> None:
    log_in(http)
    http.get(f"{URL}/jobs", json={"jobs": []})
    assert make(tmp_path, endpoint=URL + "/").get("list jobs", "/jobs") == {"jobs": []}
