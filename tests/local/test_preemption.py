"""Priorities: who waits for whom, whose job is ended for whose, and which are tried again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.conftest import wait_until
from tests.local.conftest import Client, Gateway

ALL = {"instance_type": "cpu.2C.1M", "n_workers": 3}
"""The whole cluster."""


def test_a_higher_priority_goes_first(client: Client) -> None:
    holding = client.submit("sleep 100", **ALL, priority_class="high")
    low, usual, high = (client.submit("true", **ALL, **more) for more in ({"priority_class": "low"}, {}, {"priority_class": "high"}))
    client.wait(holding, "running")
    assert [client.state(name) for name in (low, usual, high)] == ["pending"] * 3
    client.delete(holding)
    for name in (low, usual, high):
        assert client.wait(name) == "succeeded"
    began = {name: client.get(f"/jobs/{name}")["running_at"] for name in (low, usual, high)}
    assert began[high] <= began[usual] <= began[low]


def test_a_lower_one_is_terminated_for_it(client: Client) -> None:
    """As few as must be, those of the lowest priority and the newest first; nobody of the same one."""
    low = [client.submit("sleep 100", instance_type="cpu.1C.1M", priority_class="low") for _ in range(3)]
    usual = client.submit("sleep 100", instance_type="cpu.2C.1M")
    for name in (*low, usual):
        client.wait(name, "running")
    waits = client.submit("true", instance_type="cpu.2C.1M", n_workers=3, priority_class="medium")
    high = client.submit("true", instance_type="cpu.2C.1M", priority_class="high", include_nodes=["n1"])
    for name in low[:2]:
        assert client.wait(name) == "terminated"
        (preemptor,) = client.get(f"/jobs/{name}/preemptors")["preemptors"]
        assert preemptor == {"id": client.get(f"/jobs/{high}")["uid"], "name": high, "priority": "high", "type": "job"}
    assert client.wait(high) == "succeeded"
    assert [client.state(name) for name in (low[2], usual, waits)] == ["running", "running", "pending"]
    assert client.get(f"/jobs/{low[2]}/preemptors") == {"preemptors": []}
    for name in (*low, usual, waits):
        client.delete(name)


def test_a_preempted_job_that_may_be_tried_again_waits_and_runs_under_its_name(client: Client, tmp_path: Path) -> None:
    go = tmp_path / "go"
    low = client.submit(f"sh -c 'echo began; until [ -e {go} ]; do sleep 0.05; done'", **ALL, priority_class="low", max_retry=3)
    client.wait(low, "running")
    wait_until(lambda: client.output(low, tail=1), "its first try")
    high = client.submit("sleep 0.5", **ALL, priority_class="high")
    assert client.wait(high) == "succeeded"
    client.wait(low, "running")
    go.touch()
    assert client.wait(low) == "succeeded"
    assert client.output(low)["0 stdout"] == "began\nbegan\n"


def test_a_failed_job_is_tried_again_so_often(client: Client, tmp_path: Path) -> None:
    script = f"sh -c 'echo x >> {tmp_path}/tries; exit 3'"
    assert client.wait(client.submit(script, max_retry=3)) == "failed"
    assert (tmp_path / "tries").read_text() == "x\n" * 4


def test_a_deleted_job_is_not_tried_again(serve: Callable[..., Gateway]) -> None:
    gateway = serve("--quick", "--kill-grace", "0.5")
    client = gateway.client()
    name = client.submit("sleep 100", max_retry=3)
    client.wait(name, "running")
    client.delete(name)
    assert client.wait(name) == "deleted"
    gateway.stop()
    assert serve("--quick").client().state(name) == "deleted"
