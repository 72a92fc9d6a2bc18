"""`mlspace doctor` finds nothing on the embedded gateway, and names what a gateway answers otherwise."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from mlspace.doctor import account, catalogue, examination, jobs, logs, trial
from mlspace.doctor.check import Check, NothingToSee, Service
from mlspace.gateway.transport import RawAnswer
from tests.conftest import ROOT, Cli
from tests.launcher.helpers.runtime import newest_launch
from tests.local.conftest import KNOWN, REGION, Gateway, serve  # noqa: F401 - a fixture


def remote_cli(cli: Cli, gateway: Gateway) -> Cli:
    cli.env |= {f"MLSPACE_{name.upper().replace('-', '_')}": value for name, value in KNOWN.items()}
    cli.env |= {"MLSPACE_ENDPOINT": gateway.url, "MLSPACE_LAUNCH": str(newest_launch()), "MLSPACE_IMAGE": "cr.example/image:1"}
    return cli


def verdicts(text: str) -> dict[str, str]:
    """By the names of the checks."""
    names = [check.name for check in examination.CHECKS] + [trial.NAME]
    return {name: line.split()[-1] for line in text.splitlines() for name in names if line.startswith(f"{name}  ")}


def test_nothing_differs_on_the_embedded_gateway(cli: Cli, serve: Callable[..., Gateway]) -> None:  # noqa: F811
    remote = remote_cli(cli, serve("--kill-grace", "1"))  # with all its habits
    first = remote("mlspace", "doctor")
    assert (first.stderr, first.code) == ("", 0), first
    assert verdicts(first.stdout)["a job's state"] == "seen", "no job is there to be looked at"
    second = remote("mlspace", "doctor", "--submit")
    assert (second.stderr, second.code) == ("", 0), second
    assert verdicts(second.stdout) == dict.fromkeys([*(check.name for check in examination.CHECKS), trial.NAME], "recorded")
    assert "    directory: " in second.stdout
    assert "    variables: OMPI_" in second.stdout
    for secret in ("client-secret", "api-key", "workspace-id"):
        assert KNOWN[secret] not in first.stdout + second.stdout


def test_a_wrong_answer_is_named(cli: Cli, serve: Callable[..., Gateway]) -> None:  # noqa: F811
    remote = remote_cli(cli, serve("--quick", "--fault", "GET /jobs/{job_name} status=404", "--fault", "GET /limiter/ status=503"))
    done = remote("mlspace", "doctor")
    assert done.code == 1
    found = verdicts(done.stdout)
    assert {name for name, verdict in found.items() if verdict == "DIFFERS"} == {"a job that never was", "a wrong token", "limits"}
    assert "expected HTTP 200 and an object; got HTTP 404" in done.stdout
    assert done.stdout.endswith("3 differ from what is recorded\n")


def test_where_nobody_answers_nothing_is_said_to_differ(cli: Cli) -> None:
    cli.env |= {f"MLSPACE_{name.upper().replace('-', '_')}": value for name, value in KNOWN.items()}
    with socket.socket() as bound:  # bound and not listening: nobody else can take the port
        bound.bind(("127.0.0.1", 0))
        done = cli("mlspace", "doctor", env={"MLSPACE_ENDPOINT": f"http://127.0.0.1:{bound.getsockname()[1]}/public/v2"})
    assert (done.stdout, done.code) == ("", 1)
    assert done.stderr.startswith("mlspace: error: Unable to contact MLSpace at http://127.0.0.1:"), done.stderr


def test_who_is_not_let_in_is_told_so_once(cli: Cli, serve: Callable[..., Gateway]) -> None:  # noqa: F811
    remote = remote_cli(cli, serve("--quick"))
    done = remote("mlspace", "doctor", env={"MLSPACE_CLIENT_SECRET": "another-one"})
    assert (done.stdout, done.code) == ("", 1)
    assert done.stderr.splitlines()[0] == "mlspace: error: MLSpace could not log in: invalid user credentials (HTTP 401)"


def test_where_there_is_no_gateway_it_is_told_once(cli: Cli, serve: Callable[..., Gateway]) -> None:  # noqa: F811
    remote = remote_cli(cli, serve("--quick"))
    root = remote.env["MLSPACE_ENDPOINT"].removesuffix("/public/v2")
    for command in (["mlspace", "doctor"], ["sinfo"]):
        done = remote(*command, env={"MLSPACE_ENDPOINT": root})
        assert (done.stdout, done.code) == ("", 1)
        first, second = done.stderr.splitlines()
        assert first.endswith("MLSpace could not log in: it answered with a web page, 404 Not Found (HTTP 404)")
        assert second.endswith(f"  is {root} the address of a Gateway? The vendor's ends in /public/v2")


def test_an_older_gateway_is_not_examined(cli: Cli) -> None:
    done = cli("mlspace", "doctor", env={"GWAPI_ADDR": "127.0.0.1:1", "GWAPI_KEY": "k", "NAMESPACE": "ai0000001-00001"})
    assert (done.stdout, done.code) == ("", 1)
    assert done.stderr.startswith("mlspace: error: API v1 is configured, by GWAPI_ADDR, and v2 is"), done.stderr


def test_an_answer_that_is_a_text_is_a_difference() -> None:
    """An HTML page inside a JSON string, as the platform has it for a call that there is not."""
    page = Answers('"<html>"')
    for look in (catalogue.catalogue, catalogue.available, catalogue.nodes):
        (difference,) = look(page)
        assert difference.startswith("expected HTTP 200 and an object; got HTTP 200"), difference


def test_a_job_that_cannot_be_submitted_is_one_of_them(cli: Cli, serve: Callable[..., Gateway]) -> None:  # noqa: F811
    remote = remote_cli(cli, serve("--quick"))
    done = remote("mlspace", "doctor", "--submit", env={"MLSPACE_LAUNCH": "", "MLSPACE_LAUNCH_LOCAL": str(newest_launch())})
    assert (verdicts(done.stdout)[trial.NAME], done.code) == ("DIFFERS", 1)
    assert "would not find the launcher" in done.stdout
    assert done.stdout.endswith("1 differs from what is recorded\n")


NAME = "lm-mpi-job-11111111-2222-4333-8444-555555555555"
JOB = {"job_name": NAME, "status": "Completed", "region": REGION, "created_dt": "2026-08-03T10:00:00Z", "completed_dt": None}
LOG = " \nℹ️ NODES INFO\nNodes: n1.SR006\n \n" + "".join(f"[1,0]<stdout>:{number}\n" for number in range(9))


class Answers(Service):
    """A service that gives the same answer to every question, or by its parameters."""

    def __init__(self, value: Any, status: int = 200, kind: str = "application/json") -> None:
        self.value, self.status, self.kind = value, status, kind
        self.regions, self.jobs, self.allocations = [REGION], [JOB], [{"id": "1"}]
        self.workspace_id = "w"

    def get(self, path: str, params: Mapping[str, Any] | None = None, **how: Any) -> RawAnswer:
        value = self.value(params or {}) if callable(self.value) else self.value
        body = value.encode() if isinstance(value, str) else json.dumps(value).encode()
        return RawAnswer(self.status, self.kind, body)


HEAD = LOG[: LOG.index("[")]


def log(*, reverse: bool = True, stamp: str = "2026-08-03T10:00:00Z ", head: str = HEAD) -> Callable[[Mapping[str, Any]], str]:
    """A log as a platform with these habits gives it."""

    def answer(params: Mapping[str, Any]) -> str:
        lines = LOG[LOG.index("[") :].splitlines(keepends=True)
        if params.get("verbose") == "true":
            lines = [stamp + line for line in lines]
        if params.get("tail"):
            lines = lines[-params["tail"] :][:: -1 if reverse else 1]
        return head + "".join(lines)

    return answer


TEXT = "text/plain; charset=utf-8"
LISTED = {"count": 1, "jobs": [JOB], "status": "ok", "error_code": 0}
STATE = {"uid": "u", "job_name": NAME, "status": "completed", "created_at": 1, "pending_at": 1, "running_at": 1, "completed_at": 2}
TYPE = {"key": "a100.8gpu", "resource": {"limits": {"cpu": "128", "memory": "1944Gi", "nvidia.com/gpu": "8"}}}
CATALOGUE = {
    "regions": [{"key": "SR006", "name": "n", "nfsName": "n", "instances_types": [TYPE]}],
    "datahub_images": [],
    "custom_images": [],
}


def with_type(**changes: Any) -> dict[str, Any]:
    return {"regions": [{**CATALOGUE["regions"][0], "instances_types": [{**TYPE, **changes}]}]}  # type: ignore[index]


@pytest.mark.parametrize(
    ("look", "service", "words"),
    [
        (jobs.list_without_region, Answers({"count": 0, "jobs": []}), ""),
        (jobs.list_without_region, Answers({"count": 7, "jobs": [JOB]}), "it has 7 jobs"),
        (jobs.list_without_region, Answers({"detail": "no"}, 422), "got HTTP 422"),
        (jobs.lists, Answers(LISTED), ""),
        (jobs.lists, Answers({**LISTED, "jobs": [{**JOB, "status": "Dreaming"}]}), "a new status, Dreaming"),
        (jobs.lists, Answers({**LISTED, "jobs": [{**JOB, "created_dt": "yesterday"}]}), "written as yesterday"),
        (jobs.lists, Answers({**LISTED, "jobs": [{**JOB, "job_name": "job-1"}]}), "a job is called job-1"),
        (jobs.never_was, Answers({"job_name": NAME, "status": "job not found", "error_code": 0}), ""),
        (jobs.never_was, Answers({"job_name": NAME, "status": "unknown", "error_code": 0}), 'expected the status "job not found"'),
        (jobs.state, Answers(STATE), ""),
        (jobs.state, Answers({**STATE, "status": "Completed"}), "the list says Completed, the job itself Completed"),
        (jobs.state, Answers({**STATE, "completed_at": "now"}), "completed_at is str: now"),
        (jobs.unknown_call, Answers("<html>404</html>", 404, "text/html"), "expected HTTP 404 and JSON"),
        (jobs.unknown_call, Answers({"detail": "Not Found"}, 404), ""),
        (logs.tail, Answers(log(), kind=TEXT), ""),
        (logs.tail, Answers(log(reverse=False), kind=TEXT), "in the order of time"),
        (logs.stamps, Answers(log(), kind=TEXT), ""),
        (logs.stamps, Answers(log(stamp="10:00 "), kind=TEXT), "9 lines have no time in front"),
        (logs.head, Answers(log(), kind=TEXT), ""),
        (logs.head, Answers(log(head=""), kind=TEXT), "it begins otherwise"),
        (logs.head, Answers(log(), kind="text/plain"), "the content type is text/plain"),
        (logs.tags, Answers(log(), kind=TEXT), ""),
        (logs.of_no_job, Answers('"No such job"', kind=TEXT), ""),
        (logs.of_no_job, Answers("no log"), 'expected HTTP 200 and "No such job"'),
        (catalogue.catalogue, Answers(CATALOGUE), ""),
        (catalogue.catalogue, Answers({**CATALOGUE, "regions": [{**CATALOGUE["regions"][0], "key": "SR123"}]}), "a new region, SR123"),  # type: ignore[index]
        (catalogue.instance_types, Answers(CATALOGUE), ""),
        (catalogue.instance_types, Answers(with_type(key="b200.8gpu")), "b200.8gpu is of an unknown family"),
        (catalogue.instance_types, Answers(with_type(key="a100.4gpu")), "a100.4gpu has 8 GPUs"),
        (catalogue.available, Answers({"instance_types": [{"key": "k", "name": "n", "count": 3}]}), ""),
        (catalogue.available, Answers({"instance_types": [{"key": "k", "name": "n"}]}), "there is no field count"),
        (catalogue.available, Answers({"detail": "Allocation not found for region 'SR006'"}, 404), ""),
        (account.wrong_token, Answers({"error_code": 21}, 401), ""),
        (account.wrong_token, Answers({"error_code": 21}, 403), "expected HTTP 401"),
        (account.workspace, Answers({"id": "w", "name": "n", "namespace": "ai0000001-00001"}), ""),
        (account.workspace, Answers({"id": "w", "name": "n", "namespace": "x"}), "the namespace is x"),
        (account.queues, Answers([{"id": "1", "name": "n", "active": 1, "default_for_job": True}]), "active is int"),
    ],
)
def test_each_check_sees_what_differs(look: Callable[[Service], Any], service: Answers, words: str) -> None:
    found = list(look(service))
    assert bool(found) == bool(words), found
    assert words in " ".join(found)


def test_without_an_ended_job_there_is_nothing_to_see() -> None:
    service = Answers({})
    service.jobs = [{**JOB, "status": "Running"}]

    def look(service: Service) -> Any:
        yield service.ended_job()

    (outcome,) = examination.examine(service, [Check("x", "1", look)])
    assert outcome.verdict == examination.UNSEEN
    with pytest.raises(NothingToSee):
        service.ended_job()


def test_the_page_names_every_check() -> None:
    page = (ROOT / "docs/gateway.md").read_text()
    assert [check.name for check in examination.CHECKS if f"| {check.name} |" not in page] == []
    assert trial.NAME in page
