"""What `mlspace` shows of the platform: jobs and pods, workspaces, allocations, queues, limits; here that of the embedded one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mlspace.local.auth import NAMESPACE
from tests.conftest import Cli, Result, wait_until
from tests.local.conftest import KNOWN, REGION, Gateway, serve  # noqa: F401 - a fixture

Run = Callable[..., Result]


@pytest.fixture
def gateway(serve: Callable[..., Gateway]) -> Gateway:  # noqa: F811
    return serve("--quick", "--kill-grace", "1")


@pytest.fixture
def remote(run: Run, gateway: Gateway) -> Run:
    env = {f"MLSPACE_{name.upper().replace('-', '_')}": value for name, value in KNOWN.items()} | {"MLSPACE_ENDPOINT": gateway.url}
    return lambda *words: run("mlspace", *words, env=env)


def table(shown: Result) -> list[list[str]]:
    """Cells of a table, without its head; two blanks and more are between two of them."""
    assert (shown.stderr, shown.code) == ("", 0)
    return [re.split(r" {2,}", line.strip()) for line in shown.stdout.splitlines()[1:]]


def values(shown: Result) -> dict[str, str]:
    assert (shown.stderr, shown.code) == ("", 0)
    return dict(re.split(r" {2,}", line.strip(), maxsplit=1) for line in shown.stdout.splitlines())


def test_a_job_of_another_tool(remote: Run, gateway: Gateway) -> None:
    client = gateway.client()
    name = client.submit("sh -c 'sleep 300'", job_desc="mine", n_workers=2, env_variables={"TOKEN": "s3cr3t"}, flags={"rate": "0.1"})
    client.wait(name, "running")
    shown = values(remote("job", name))
    assert (shown["name"], shown["status"], shown["nodes"]) == (name, "running", "n1, n2")
    assert (shown["job_desc"], shown["n_workers"]) == ("mine", "2")
    assert (shown["env_variables (names)"], shown["flags (names)"]) == ("TOKEN", "rate")
    assert "s3cr3t" not in str(shown)
    assert [row[:2] for row in table(remote("pods", name))] == [["mpimaster-0", "Running"], ["mpiworker-0", "Running"]]
    client.delete(name)
    again = remote("restart", name).stdout.strip()
    assert client.get(f"/jobs/{again}/params") == client.get(f"/jobs/{name}/params")
    client.delete(again)


def test_a_job_that_there_is_not(remote: Run) -> None:
    refused = remote("restart", "lm-mpi-job-0")
    assert refused.code == 1
    assert "could not restart the job: not found (HTTP 404)" in refused.stderr
    assert remote("pods", "lm-mpi-job-0").stderr.startswith("mlspace pods: lm-mpi-job-0 has no pods yet")
    for command in ("job", "pods", "restart"):
        assert remote(command, "17").stderr.startswith("mlspace: error: Invalid job id 17\n")
        assert remote(command, "x").stderr == "mlspace: error: Invalid job id x\n"


def test_a_job_of_ours(cli: Cli) -> None:
    """On the MLSpace that the commands start themselves; what it is asked for is what the registry has."""
    job = cli("sbatch", "--parsable", "--wrap", "touch began; sleep 300").stdout.strip()
    wait_until((cli.directory / "began").exists, "the job")
    shown = values(cli("mlspace", "job", job))
    assert (shown["job"], shown["status"]) == (job, "running")
    assert table(cli("mlspace", "pods", shown["name"]))[0][1] == "Running"
    refused = cli("mlspace", "restart", job)
    assert (refused.stdout, refused.code) == ("", 1)
    assert f"scontrol requeue {job}" in refused.stderr


def test_what_the_account_has(remote: Run, gateway: Gateway) -> None:
    assert table(remote("workspaces")) == [["local", KNOWN["workspace-id"], NAMESPACE, "local", "yes"]]
    ((name, region, nodes, usual, identity),) = table(remote("allocations"))
    assert (region, nodes, usual) == (REGION, "gpu", "yes")
    assert {tuple(row[:2]) for row in table(remote("allocations", "--types"))} == {(name, REGION)}
    ((queue, of, *_),) = table(remote("queues"))
    assert of == name
    assert table(remote("queues", name)) == table(remote("queues", identity))
    assert f"known are {name}" in remote("queues", "other").stderr
    assert table(remote("queues", "--jobs")) == []
    job = gateway.client().submit("sleep 300")
    (row,) = table(remote("queues", "--jobs"))
    assert row[:2] == [queue, job]
    gateway.client().delete(job)


def test_limits(run: Run, serve: Callable[..., Gateway]) -> None:  # noqa: F811
    gateway = serve("--kill-grace", "1")
    env = {f"MLSPACE_{name.upper().replace('-', '_')}": value for name, value in KNOWN.items()} | {"MLSPACE_ENDPOINT": gateway.url}
    rows = table(run("mlspace", "limits", env=env))
    assert all(row[0] in ("GET", "POST", "DELETE") for row in rows)


def test_over_the_older_api(run: Run, gateway: Gateway) -> None:
    address = gateway.url.removesuffix("/public/v2")
    env = {"GWAPI_ADDR": address, "GWAPI_KEY": KNOWN["api-key"], "NAMESPACE": NAMESPACE}
    for command in ("workspaces", "allocations", "queues", "limits"):
        refused = run("mlspace", command, env=env)
        assert (refused.stdout, refused.code) == ("", 1)
        assert "mlspace login" in refused.stderr


def test_nothing_is_left_behind(remote: Run, state: Path) -> None:
    remote("workspaces")
    assert [path for path in [state, *state.rglob("*")] if path.stat().st_mode & 0o077] == []
