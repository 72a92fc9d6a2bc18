"""Commands that only tell: whatever they ask the Gateway, no job reaches it, and none is in the registry afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import responses

from tests.conftest import Result

ENDPOINT = "http://gateway.example/public/v2"
CREDENTIALS = {
    "MLSPACE_ENDPOINT": ENDPOINT,
    "MLSPACE_CLIENT_ID": "id",
    "MLSPACE_CLIENT_SECRET": "secret",
    "MLSPACE_API_KEY": "key",
    "MLSPACE_WORKSPACE_ID": "workspace",
    "MLSPACE_LAUNCH": "/home/jovyan/launch",
}
LIMITS = {"cpu": "16", "memory": "243Gi", "nvidia.com/gpu": "1"}
CONFIGS = {"regions": [{"key": "SR006", "instances_types": [{"key": "a100.1gpu", "resource": {"limits": LIMITS}}]}]}
ALLOCATION = {"id": "1", "name": "alloc-1", "region_key": "SR006"}
TOLD = [
    ("sbatch", "--test-only", "-N2", "--wrap", "true"),
    ("srun", "--test-only", "-n2", "true"),
    ("mlspace", "explain", "-N2", "--wrap", "true"),
    ("mlspace", "explain", "--yaml", "-N2", "--wrap", "true"),
    ("mlspace", "-i", "cr.example/x:1", "-n", "--", "env"),
]


@pytest.fixture
def asked() -> Iterator[responses.RequestsMock]:
    """A Gateway that answers what may be asked; any other request is a connection error."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as gateway:
        gateway.post(f"{ENDPOINT}/service_auth", json={"token": {"access_token": "token", "token_type": "Bearer", "expires_in": 3600}})
        gateway.get(f"{ENDPOINT}/configs", json=CONFIGS)
        gateway.get(f"{ENDPOINT}/workspaces/v3/workspace/allocations", json=[ALLOCATION])
        gateway.get(f"{ENDPOINT}/instance_types/SR006/available", json={"instance_types": [{"key": "a100.1gpu", "count": 0}]})
        yield gateway


@pytest.mark.parametrize("argv", TOLD, ids=" ".join)
def test_over_a_gateway(argv: tuple[str, ...], run: Callable[..., Result], asked: responses.RequestsMock) -> None:
    done = run(*argv, env=CREDENTIALS)
    assert done.code == 0, done.stderr
    assert {(call.request.method, call.request.path_url.partition("?")[0].rpartition("/")[2]) for call in asked.calls} == {
        ("POST", "service_auth"),
        ("GET", "configs"),
        ("GET", "allocations"),
        ("GET", "available"),
    }
    assert run("sacct", "-n", "-S", "2000-01-01", env=CREDENTIALS).stdout == ""


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ((), "cpu.2C.8G"),
        (("-c", "3"), "cpu.16C.64G"),
        (("--mem=0",), "cpu.2C.8G"),
        (("--mem=20G",), "cpu.16C.64G"),
        (("--gres=gpu:1",), "a100.1gpu.8C.243G"),
        (("--gpus=2",), "a100.8gpu.64C.1944G"),
        (("--gpus=1", "--mem-per-gpu=300G"), "a100.8gpu.64C.1944G"),
        (("--exclusive",), "a100.8gpu.64C.1944G"),
    ],
)
def test_the_smallest_instance_type_is_chosen(options: tuple[str, ...], key: str, run: Callable[..., Result]) -> None:
    """A job that says nothing of memory gets that of its type, not the memory of the largest one."""
    keys = ["a100.1gpu.8C.243G", "a100.8gpu.64C.1944G", "cpu.2C.8G", "cpu.16C.64G"]
    with responses.RequestsMock(assert_all_requests_are_fired=False) as gateway:
        gateway.post(f"{ENDPOINT}/service_auth", json={"token": {"access_token": "token", "token_type": "Bearer", "expires_in": 3600}})
        gateway.get(f"{ENDPOINT}/configs", json={"regions": [{"key": "SR006", "instances_types": [{"key": key} for key in keys]}]})
        gateway.get(f"{ENDPOINT}/workspaces/v3/workspace/allocations", json=[])
        gateway.get(f"{ENDPOINT}/instance_types/SR006/available", json={"detail": "Allocation not found for region 'SR006'"}, status=404)
        done = run("mlspace", "explain", "--yaml", *options, "--wrap", "true", env=CREDENTIALS)
    assert f"instance_type: {key}\n" in done.stdout, done.stderr


@pytest.mark.parametrize("argv", TOLD, ids=" ".join)
def test_over_the_embedded_one(argv: tuple[str, ...], run: Callable[..., Result], state: Path) -> None:
    assert run(*argv, env={"MLSPACE_LOCAL_CPUS": "2"}).code == 0
    assert run("sacct", "-n", "-S", "2000-01-01").stdout == ""
    assert (state / "local" / "endpoint.json").exists()
    assert list((state / "local").glob("jobs/*")) == []


@pytest.mark.parametrize(
    "argv", [("sbatch", "--test-only", "-N9", "--wrap", "true"), ("srun", "--test-only", "-w", "n99", "true")], ids=" ".join
)
def test_what_cannot_start(argv: tuple[str, ...], run: Callable[..., Result]) -> None:
    done = run(*argv)
    assert (done.stdout, done.code) == ("", 1)
    assert "allocation failure" in done.stderr or "partition" in done.stderr
    assert run("sacct", "-n", "-S", "2000-01-01").stdout == ""
