"""The gateway that commands start by themselves."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from mlspace.errors import ConfigError, MlspaceError, StateError
from mlspace.local import daemon
from mlspace.local.daemon import ensure_running
from mlspace.local.endpoint import Endpoint, read_living
from tests.conftest import wait_until
from tests.local.conftest import ROOT, Client, end_executors, processes_with

SHAPE = {"MLSPACE_LOCAL_NODES": "2", "MLSPACE_LOCAL_CPUS": "2", "MLSPACE_LOCAL_MEMORY": "1000"}


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    where = tmp_path / "state" / "local"
    yield where
    endpoint = read_living(str(where))
    if endpoint is not None:
        os.kill(endpoint.pid, signal.SIGTERM)
    end_executors(where)
    wait_until(lambda: not processes_with(str(where)), "the gateway's end")


def client_of(endpoint: Endpoint) -> Client:
    return Client(endpoint.url, endpoint.client_id, endpoint.client_secret, endpoint.api_key, endpoint.workspace_id)


def test_starts_once_and_is_found_again(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARK_OF_THE_STARTER", "x")
    endpoint = ensure_running(str(directory), SHAPE)
    assert (endpoint.region, endpoint.shape["nodes"], endpoint.shape["cpus"]) == ("SR006", 2, 2)
    client = client_of(endpoint)
    name = client.submit("env")
    assert client.wait(name) == "succeeded"
    written = {line.split("=")[0] for line in client.output(name)["0 stdout"].splitlines()}
    assert "MARK_OF_THE_STARTER" not in written
    assert "MLSPACE_LOCAL_SERVICE" not in written
    assert ensure_running(str(directory), {}).pid == endpoint.pid
    assert ensure_running(str(directory), SHAPE).pid == endpoint.pid
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((directory / "endpoint.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((directory / "credentials.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((directory / "jobs" / name / "job.json").stat().st_mode) == 0o600


def test_finding_it_costs_nothing_to_speak_of(directory: Path) -> None:
    ensure_running(str(directory), {})
    started = time.perf_counter()
    for _ in range(50):
        ensure_running(str(directory), {})
    assert (time.perf_counter() - started) / 50 < 0.005


def test_twenty_at_once_start_one(directory: Path) -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from mlspace.local.daemon import ensure_running;"
        "print(ensure_running(sys.argv[2], {}).pid)"
    )
    words = [sys.executable, "-IS", "-c", program, str(ROOT), str(directory)]
    commands = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(20)]
    pids = {command.communicate(timeout=60)[0] for command in commands}
    assert len(pids) == 1
    assert pids != {""}


def test_killed_it_is_started_again_with_the_same_credentials(directory: Path) -> None:
    first = ensure_running(str(directory), {})
    client = client_of(first)
    name = client.submit("true")
    client.wait(name)
    os.kill(first.pid, signal.SIGKILL)
    wait_until(lambda: read_living(str(directory)) is None, "its death")
    second = ensure_running(str(directory), {})
    assert second.pid != first.pid
    client.url = second.url
    assert client.state(name) == "succeeded", "jobs are known, and the old token is good"


def test_another_shape_restarts_it_and_jobs_go_on(directory: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    first = ensure_running(str(directory), SHAPE)
    name = client_of(first).submit(f"bash -c 'while [ ! -e {go} ]; do sleep 0.02; done; echo done'")
    client_of(first).wait(name, "running")
    assert ensure_running(str(directory), {"MLSPACE_LOCAL_NODES": "2"}).pid == first.pid, "only what is asked for is compared"
    second = ensure_running(str(directory), {**SHAPE, "MLSPACE_LOCAL_NODES": "3"})
    assert (second.pid != first.pid, second.shape["nodes"]) == (True, 3)
    os.kill(second.pid, signal.SIGKILL)
    wait_until(lambda: read_living(str(directory)) is None, "its death")
    third = ensure_running(str(directory), {})
    assert third.shape["nodes"] == 3, "an unfinished job keeps its cluster"
    client = client_of(third)
    assert client.state(name) == "running"
    go.touch()
    assert client.wait(name) == "succeeded"
    assert client.output(name)["0 stdout"] == "done\n"
    os.kill(third.pid, signal.SIGTERM)
    wait_until(lambda: read_living(str(directory)) is None, "its end")
    assert ensure_running(str(directory), {}).shape["nodes"] == 4, "with nothing unfinished, this machine's own"


def test_it_leaves_when_idle_but_not_with_work(directory: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    endpoint = ensure_running(str(directory), {}, idle_seconds=0.3)
    client = client_of(endpoint)
    client.submit(f"bash -c 'while [ ! -e {go} ]; do sleep 0.02; done'")
    time.sleep(1)
    assert read_living(str(directory)) is not None
    go.touch()
    wait_until(lambda: read_living(str(directory)) is None, "the idle end")
    assert ensure_running(str(directory), {}).pid != endpoint.pid


def test_a_gateway_started_inside_a_job_outlives_it(directory: Path, tmp_path: Path) -> None:
    """A command in a job finds no gateway, starts one, and submits: neither ends with the job."""
    program = tmp_path / "again.py"
    program.write_text(
        f"import os, signal, sys, time\nsys.path.insert(0, {str(ROOT)!r})\nfrom mlspace.local.daemon import ensure_running, read_living\n"
        f"while not os.path.exists({str(tmp_path / 'go')!r}): time.sleep(0.01)\n"  # until the answer to the submission has come
        f"os.kill(read_living({str(directory)!r}).pid, signal.SIGKILL)\n"
        f"while read_living({str(directory)!r}): time.sleep(0.01)\n"
        f"print(ensure_running({str(directory)!r}, {{}}).pid)\n"
    )
    endpoint = ensure_running(str(directory), SHAPE)
    name = client_of(endpoint).submit(f"{sys.executable} {program}")
    (tmp_path / "go").touch()
    wait_until(lambda: (new := read_living(str(directory))) and new.pid != endpoint.pid, "the new gateway")
    new = read_living(str(directory))
    assert new is not None
    client = client_of(new)
    assert client.wait(name) == "succeeded"
    assert client.output(name)["0 stdout"] == f"{new.pid}\n"
    assert client.wait(client.submit("hostname", n_workers=2)) == "succeeded"
    assert read_living(str(directory)) is not None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_directory(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StateError, match="cannot write the state directory"):
        ensure_running(str(tmp_path / "local"), {})


def test_a_file_in_the_place_of_the_directory(tmp_path: Path) -> None:
    (tmp_path / "local").write_text("")
    with pytest.raises(StateError, match="cannot write the state directory"):
        ensure_running(str(tmp_path / "local"), {})


def test_a_start_that_fails_tells_why(directory: Path) -> None:
    (directory / "jobs").mkdir(parents=True)
    (directory / "jobs").rmdir()
    (directory / "jobs").write_text("")
    with pytest.raises(MlspaceError, match="did not start: cannot write the state directory"):
        ensure_running(str(directory), {})


@pytest.mark.parametrize("environment", [{"MLSPACE_LOCAL_NODES": "many"}, {"MLSPACE_LOCAL_CPUS": "0"}])
def test_a_bad_shape_starts_nothing(directory: Path, environment: Mapping[str, str]) -> None:
    with pytest.raises(ConfigError):
        ensure_running(str(directory), environment)
    assert read_living(str(directory)) is None


def test_an_endpoint_file_nobody_holds_is_not_believed(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory.mkdir(parents=True)
    (directory / "endpoint.json").write_text(json.dumps({"url": "http://127.0.0.1:1/public/v2"}))
    calls: list[str] = []
    started: Callable[..., Endpoint] = daemon.start
    monkeypatch.setattr(daemon, "start", lambda *arguments: calls.append("start") or started(*arguments))
    assert ensure_running(str(directory), {}).url != "http://127.0.0.1:1/public/v2"
    assert calls == ["start"]
