"""The calls over the older API, against the embedded gateway, and the whole suite as it is used on a Jupyter server."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from mlspace.errors import GatewayError
from mlspace.gateway.client_v1 import ONLY_V2, ClientV1, moment, type_of
from mlspace.gateway.credentials import NamespaceKey
from mlspace.gateway.transport import Transport
from mlspace.local.auth import NAMESPACE
from tests.conftest import Cli, wait_until
from tests.launcher.helpers.runtime import newest_launch
from tests.local.conftest import KNOWN, REGION, Gateway, serve  # noqa: F401 - a fixture


@pytest.fixture
def gateway(serve: Callable[..., Gateway]) -> Gateway:  # noqa: F811
    return serve("--quick", "--kill-grace", "1")


def address(gateway: Gateway) -> str:
    return gateway.url.removesuffix("/public/v2")


@pytest.fixture
def client(gateway: Gateway, tmp_path: Path) -> ClientV1:
    return ClientV1(Transport(address(gateway), NamespaceKey(KNOWN["api-key"], NAMESPACE), str(tmp_path)))


def test_a_job_from_submission_to_end(client: ClientV1) -> None:
    (region,) = client.configs()["regions"]
    assert region["key"] == REGION
    assert all(kind["key"] for kind in region["instances_types"])
    body = {"script": "sh -c 'echo hi; sleep 100'", "base_image": "i", "instance_type": "cpu.1C.1M", "region": REGION, "type": "binary"}
    name = client.run_job(body)
    wait_until(lambda: client.job(name).status == "running", "the start")
    assert [job.name for job in client.list_jobs(REGION)] == [name]
    assert client.list_jobs(REGION, with_ended=False) == client.list_jobs(REGION)
    log = client.logs(name, REGION)
    wait_until(lambda: b"hi\n" in next(log), "the line")
    log.close()  # type: ignore[attr-defined]
    client.delete_job(name, REGION)
    wait_until(lambda: client.job(name).status == "cancelled", "the end")
    assert b"hi" in b"".join(client.logs(name, REGION, 1))
    assert client.list_jobs(REGION, with_ended=False) == []


@pytest.mark.parametrize("call", ONLY_V2)
def test_what_only_the_newer_one_has(client: ClientV1, call: str) -> None:
    with pytest.raises(GatewayError, match="mlspace login"):
        getattr(client, call)("x")


@pytest.mark.parametrize(
    ("item", "limits"),
    [
        ({"key": "k", "gpu": 8, "cpu": 96, "memory": 768}, ("96", "768Gi", "8")),
        ({"key": "k", "cpu": "2", "memory": "8Gi"}, ("2", "8Gi", "")),
        ({"key": "k", "gpu": 0, "cpu": None, "memory": None}, ("", "", "")),
    ],
)
def test_an_instance_type(item: dict[str, object], limits: tuple[str, ...]) -> None:
    assert tuple(type_of(item)["resource"]["limits"].values()) == limits


def jupyter(gateway: Gateway) -> dict[str, str]:
    found = {"GWAPI_ADDR": address(gateway).removeprefix("http://"), "GWAPI_KEY": KNOWN["api-key"], "NAMESPACE": NAMESPACE}
    return found | {"CLUSTER_KEY": REGION, "MLSPACE_LAUNCH": str(newest_launch()), "MLSPACE_SETTLE_SECONDS": "2"}


@pytest.mark.xdist_group("jupyter")
@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_lost_answer(cli: Cli, serve: Callable[..., Gateway], cut: str) -> None:  # noqa: F811
    """No list tells which job it is; the reports in its log do. That of another tool is none of ours, and is waited for."""
    gateway = serve("--quick", "--kill-grace", "1", "--fault", f"POST /run_job cut={cut} times=1")
    cli.env |= jupyter(gateway)
    other = gateway.client().submit("sleep 300")
    job = cli("sbatch", "--parsable", "--wrap", "sleep 1; echo x >>ran; exit 7").stdout.strip()
    if cut == "before":
        wait_until(lambda: "posting" in phases(cli), "the loss")
        assert not (cli.directory / "ran").exists()
        gateway.client().delete(other)
    wait_until(lambda: cli("squeue", "-h").stdout == "", "the end of the job", 60)
    assert cli("sacct", "-n", "-X", "-P", "-j", job, "-o", "State,ExitCode").stdout == "FAILED|7:0\n"
    assert (cli.directory / "ran").read_text() == "x\n"
    assert len(gateway.client().get(f"/jobs?region={REGION}")["jobs"]) == 2
    gateway.client().delete(other)


def phases(cli: Cli) -> list[str]:
    with closing(sqlite3.connect(Path(cli.env["MLSPACE_STATE_DIR"]) / "registry.sqlite")) as database:
        return [phase for (phase,) in database.execute("SELECT phase FROM submission")]


@pytest.mark.parametrize(
    ("told", "seconds"), [(17, 17), ("17", 17), ("1970-01-01T00:01:00Z", 60), (None, None), ("", None), ("yesterday", None), ({}, None)]
)
def test_a_moment(told: object, seconds: int | None) -> None:
    assert moment(told) == seconds


@pytest.mark.xdist_group("jupyter")  # its processes have a Jupyter server's variables
def test_the_suite_on_a_jupyter_server(cli: Cli, gateway: Gateway) -> None:
    cli.env |= jupyter(gateway)
    done = cli("srun", "-n2", "-l", "sh", "-c", "echo hi; echo ${GWAPI_KEY-none} >&2; exit 3")
    assert (sorted(done.stdout.splitlines()), done.code) == (["0: hi", "1: hi"], 3)
    assert {"0: none", "1: none"} <= set(done.stderr.splitlines())
    job = cli("sbatch", "--parsable", "--wrap", "touch began; sleep 300").stdout.strip()
    wait_until((cli.directory / "began").exists, "the job")
    assert cli("scancel", job).code == 0
    wait_until(lambda: cli("squeue", "-h").stdout == "", "the end of the job")
    assert cli("sacct", "-n", "-X", "-P", "-o", "Partition,State").stdout.startswith(f"{REGION}|FAILED\n{REGION}|CANCELLED by ")
