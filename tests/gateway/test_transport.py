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

from mlspace.errors import AT_LIMIT, GatewayError
from mlspace.gateway import transport
from mlspace.gateway.credentials import Credentials
from mlspace.gateway.transport import Transport

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


def test_netrc_does_not_take_the_place_of_the_token(http: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("default login somebody password else\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    log_in(http)
    call = http.get(f"{URL}/jobs", json={})
    make(tmp_path).get("list jobs", "/jobs")
    assert call.calls[0].request.headers["authorization"] == f"Bearer {SECRETS['token']}"


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
    assert "mlspace config show" in str(error)
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
    (tmp_path / "file").touch()
    assert make(tmp_path / "file").get("list jobs", "/jobs") == {"jobs": []}
    assert make(tmp_path / "new").get("list jobs", "/jobs") == {"jobs": []}
    assert (stat.S_IMODE((tmp_path / "new").stat().st_mode), len(list((tmp_path / "new").glob("token-*")))) == (0o700, 1)


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
    http.get(f"{URL}/jobs", json={"jobs": [1]})
    assert make(tmp_path).get("list jobs", "/jobs") == {"jobs": [1]}
    assert pauses == [0.5]


@pytest.mark.parametrize("status", TRANSIENT)
def test_get_is_given_up_after_four_tries(http: Any, tmp_path: Path, pauses: list[float], status: int) -> None:
    """Of an internal error, which may be there each time, after two."""
    log_in(http)
    call = http.get(f"{URL}/jobs", status=status)
    error = fails(make(tmp_path))
    tries = 2 if status == 500 else 4
    assert (error.status, error.transient, call.call_count) == (status, True, tries)
    assert pauses == [0.5, 1.0, 2.0][: tries - 1]


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 445, 501])
def test_refusal_is_not_repeated(http: Any, tmp_path: Path, pauses: list[float], status: int) -> None:
    log_in(http)
    call = http.get(f"{URL}/jobs", status=status, json={"message": "no such thing"})
    error = fails(make(tmp_path))
    assert (error.status, error.transient, error.outcome_unknown) == (status, False, False)
    assert error.lines[0] == f"MLSpace could not list jobs: no such thing (HTTP {status})"
    assert (call.call_count, pauses) == (1, [])


@pytest.mark.parametrize(
    ("after", "pause"), [("7", 7.0), ("", 0.5), ("soon", 0.5), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.5), ("-3", 0.5)]
)
def test_429_waits_as_long_as_the_server_says(http: Any, tmp_path: Path, pauses: list[float], after: str, pause: float) -> None:
    log_in(http)
    http.get(f"{URL}/jobs", status=429, headers={"Retry-After": after})
    http.get(f"{URL}/jobs", json={})
    make(tmp_path).get("list jobs", "/jobs")
    assert pauses == [pause]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_pause_may_be_a_date(http: Any, tmp_path: Path, pauses: list[float], monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """A refused POST has had no effect, so it is sent again like any other call; who waits is told why."""
    log_in(http)
    monkeypatch.setattr(time, "time", lambda: 1_445_412_480.0)
    http.add(method, f"{URL}/jobs", status=429, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:12 GMT"})
    http.add(method, f"{URL}/jobs", json={"job_name": "j"})
    told: list[tuple[int | None, float]] = []
    there = make(tmp_path)
    there.on_wait = lambda error, seconds: told.append((error.status, seconds))
    assert (there.post("submit the job", "/jobs", {}) if method == "POST" else there.get("list jobs", "/jobs")) == {"job_name": "j"}
    assert (pauses, told) == ([12.0], [(429, 12.0)])


def test_a_long_pause_is_left_to_the_caller_and_respected(
    http: Any, tmp_path: Path, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(http)
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    http.get(f"{URL}/jobs", status=429, headers={"Retry-After": "600"})
    served = http.get(f"{URL}/jobs", json={"jobs": []})
    there = make(tmp_path)
    error = fails(there)
    assert (error.retry_after, error.transient, error.outcome_unknown, pauses) == (600.0, True, False, [])
    now += 599
    assert fails(there, "POST") is error
    assert served.call_count == 0
    now += 1
    assert there.get("list jobs", "/jobs") == {"jobs": []}


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_post_that_may_have_had_its_effect_is_sent_once(http: Any, tmp_path: Path, pauses: list[float], status: int) -> None:
    log_in(http)
    call = http.post(f"{URL}/jobs", status=status)
    error = fails(make(tmp_path), "POST")
    assert (error.status, error.transient, error.outcome_unknown, call.call_count, pauses) == (status, True, True, 1, [])


@pytest.mark.parametrize("status", [200, 400, 403, 409, 422, 500])
@pytest.mark.parametrize("limit", ["WORKSPACE_GPU_LIMIT_REACHED_ONLY_3_FREE", "PROJECT_GPU_LIMIT_REACHED_ONLY_0_FREE"])
def test_no_free_gpus(http: Any, tmp_path: Path, status: int, limit: str) -> None:
    """Whatever its status is, which nobody has recorded, no job was made."""
    log_in(http)
    call = http.post(f"{URL}/jobs", status=status, json={"error_code": 1, "error_message": limit})
    error = fails(make(tmp_path), "POST")
    assert (error.shortage, error.passes, error.transient, error.outcome_unknown, call.call_count) == (AT_LIMIT, True, False, False, 1)
    assert limit in error.lines[0]
    assert f"no more than {limit[-6]} free GPUs" in error.lines[1]


@pytest.mark.parametrize(("code", "word"), [(10, "the api key"), (2, "workspace_id"), (9, "mlspace login")])
def test_401_that_no_token_helps_against(http: Any, tmp_path: Path, code: int, word: str) -> None:
    login = log_in(http)
    http.get(f"{URL}/jobs", status=401, json={"error_code": code, "error_message": "no"})
    assert word in fails(make(tmp_path)).lines[1]
    assert login.call_count == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_login_that_fails_for_the_moment_is_tried_again(http: Any, tmp_path: Path, pauses: list[float], method: str) -> None:
    http.post(f"{URL}/service_auth", status=503)
    log_in(http)
    http.add(method, f"{URL}/jobs", json={"job_name": "j"})
    there = make(tmp_path)
    assert (there.post("submit the job", "/jobs", {}) if method == "POST" else there.get("list jobs", "/jobs")) == {"job_name": "j"}
    assert pauses == [0.5]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_redirect_is_followed(http: Any, tmp_path: Path, pauses: list[float], method: str) -> None:
    """It would carry the keys to another host, and a POST would become a GET."""
    log_in(http)
    http.add(method, f"{URL}/jobs", status=302, headers={"location": f"https://other.test/{SECRETS['token']}"})
    other = http.get(f"https://other.test/{SECRETS['token']}", json={})
    error = fails(make(tmp_path), method)
    assert (error.status, error.transient, error.outcome_unknown, other.call_count, pauses) == (302, False, False, 0, [])
    assert "to https://other.test (HTTP 302)" in error.lines[0]


def test_threads_log_in_once(http: Any, tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    login = log_in(http)
    http.get(f"{URL}/jobs", json={})
    there = make(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: there.get("list jobs", "/jobs"), range(32))) == [{}] * 32
    assert login.call_count == 1


def test_the_token_of_a_command_that_was_faster_is_taken(http: Any, tmp_path: Path) -> None:
    """The one that was refused is not taken again."""
    login = log_in(http)
    slow, fast = make(tmp_path), make(tmp_path)
    slow._token = "refused"
    fast._new_token(instead_of="")
    http.get(f"{URL}/jobs", status=401, match=[responses.matchers.header_matcher({"authorization": "Bearer refused"})])
    http.get(f"{URL}/jobs", json={}, match=[responses.matchers.header_matcher({"authorization": f"Bearer {SECRETS['token']}"})])
    assert slow.get("list jobs", "/jobs") == {}
    assert login.call_count == 1


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
    assert (call.call_count, pauses) == ((1, []) if unknown else (4, [0.5, 1.0, 2.0]))


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
    assert error.lines == (f"Unable to contact MLSpace at {url} (nothing listens there)", "  is the address right?")
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
        ("<!DOCTYPE html><title>Sign in</title>", "it answered with a web page, Sign in"),
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
