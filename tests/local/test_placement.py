"""Who gets which nodes and when."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from mlspace.local.instance import Instance, read_instance
from mlspace.local.placement import NodePool, Wish
from mlspace.local.shape import Shape
from tests.conftest import wait_until
from tests.local.conftest import REGION, Client


def pool(nodes: int = 3, cpus: int = 4, memory: int = 1000, gpus: int = 2) -> NodePool:
    return NodePool(Shape(nodes=nodes, cpus=cpus, memory_mib=memory, gpus=gpus), [f"n{number}" for number in range(1, nodes + 1)])


def nodes_of(made: NodePool, wish: Wish) -> list[str] | None:
    shares = made.place(wish)
    return shares and [share.node for share in shares]


@pytest.mark.parametrize("key", ["cpu.1C.1M", "cpu.96C.768000M", "gpu.8gpu.96C.1M", "cpu.4C.0M"])
def test_keys_read_back(key: str) -> None:
    instance = read_instance(key)
    assert instance is not None
    assert instance.key == key


OTHERS = ["", "cpu", "cpu.1C.1G", "cpu.0C.1M", "cpu.01C.1M", "gpu.0gpu.1C.1M", "gpu.1C.1M", "cpu.1C.1M ", "cpu.-1C.1M", "a100.1gpu"]


@pytest.mark.parametrize("key", OTHERS)
def test_other_keys_are_none(key: str) -> None:
    assert read_instance(key) is None


def test_jobs_share_nodes_in_name_order() -> None:
    made = pool()
    assert nodes_of(made, Wish(Instance(2, 100), 1)) == ["n1"]
    assert nodes_of(made, Wish(Instance(3, 100), 2)) == ["n2", "n3"]
    assert nodes_of(made, Wish(Instance(2, 100), 1)) == ["n1"]
    assert nodes_of(made, Wish(Instance(2, 100), 1)) is None
    assert nodes_of(made, Wish(Instance(1, 900), 1)) == ["n2"], "n1 has no CPU left"
    assert nodes_of(made, Wish(Instance(1, 901), 1)) is None, "memory counts"


def test_nothing_is_taken_where_too_few_fit() -> None:
    made = pool()
    assert nodes_of(made, Wish(Instance(4, 1), 4)) is None
    assert nodes_of(made, Wish(Instance(4, 1), 3)) == ["n1", "n2", "n3"]


def test_neighbours_are_preferred() -> None:
    made = pool(nodes=5)
    assert nodes_of(made, Wish(Instance(4, 1), 2, never=frozenset({"n2"}))) == ["n3", "n4"]
    assert nodes_of(made, Wish(Instance(4, 1), 1)) == ["n1"]
    assert nodes_of(made, Wish(Instance(4, 1), 2)) == ["n2", "n5"], "there are no two neighbours left"
    rows = pool(nodes=8)
    assert nodes_of(rows, Wish(Instance(4, 1), 3, never=frozenset({"n2", "n4", "n7"}))) == ["n1", "n5", "n6"], "the longest row first"


def test_gpus_belong_to_one_job() -> None:
    made = pool(nodes=1)
    first = made.place(Wish(Instance(1, 1, 1), 1))
    second = made.place(Wish(Instance(1, 1, 1), 1))
    assert first and second
    assert (first[0].gpus, second[0].gpus) == ((0,), (1,))
    assert made.place(Wish(Instance(1, 1, 1), 1)) is None
    made.release(first, Instance(1, 1, 1))
    third = made.place(Wish(Instance(1, 1, 1), 1))
    assert third
    assert third[0].gpus == (0,)


def test_adoption_may_exceed_a_smaller_shape() -> None:
    large, small = pool(cpus=8), pool(cpus=2)
    shares = large.place(Wish(Instance(6, 1), 3))
    assert shares
    small.adopt(shares, Instance(6, 1))
    assert small.place(Wish(Instance(1, 1), 1)) is None
    small.release(shares, Instance(6, 1))
    assert nodes_of(small, Wish(Instance(2, 1), 3)) == ["n1", "n2", "n3"]


def test_thousands_of_nodes_are_quick() -> None:
    started = time.process_time()
    made = pool(nodes=10_000, cpus=64)
    assert made.can_ever_fit(Wish(Instance(64, 1), 10_000))
    for _ in range(20):
        assert made.place(Wish(Instance(1, 1), 500, never=frozenset({"n1"})))
    assert time.process_time() - started < 2


def test_include_and_exclude_nodes(client: Client) -> None:
    picked = client.submit("hostname", include_nodes=["n3", "n2"], n_workers=2)
    rest = client.submit("hostname", exclude_nodes=["n1", "n2"])
    assert (client.wait(picked), client.wait(rest)) == ("succeeded", "succeeded")
    assert client.get(f"/jobs/{picked}/nodes")["node_names"] == ["n2", "n3"]
    assert client.get(f"/jobs/{rest}/nodes")["node_names"] == ["n3"]


def test_ranks_see_their_own_gpus_only(client: Client) -> None:
    """Six jobs with 2 of 4 GPUs on each of 3 nodes, held together by a barrier: no index is given twice."""
    names = [client.submit("bash -c 'echo $HOSTNAME $NVIDIA_VISIBLE_DEVICES; sleep 1'", instance_type="gpu.2gpu.1C.1M") for _ in range(6)]
    for name in names:
        assert client.wait(name) == "completed"
    lines = [client.output(name)[f"{rank} stdout"].split() for name in names for rank in (0, 1)]
    assert sorted(map(tuple, lines)) == sorted((f"n{node}", gpus) for node in (1, 2, 3) for gpus in ("0,1", "2,3") for _ in (0, 1))
    plain = client.submit("bash -c 'echo ${NVIDIA_VISIBLE_DEVICES-none}'")
    client.wait(plain)
    assert client.output(plain)["0 stdout"] == "none\n"


def test_first_come_first_served(client: Client, tmp_path: Path) -> None:
    """A small job may not run before a large one that waits, except on a node that the large one cannot use."""
    go = tmp_path / "go"
    wait_for_go = f"bash -c 'while [ ! -e {go} ]; do sleep 0.02; done'"
    holding = client.submit(wait_for_go, instance_type="cpu.2C.1M", include_nodes=["n1"])
    large = client.submit("true", instance_type="cpu.2C.1M", n_workers=2, exclude_nodes=["n3"])
    small = client.submit("true", include_nodes=["n2"])
    elsewhere = client.submit("true", include_nodes=["n3"])
    assert client.wait(elsewhere) == "succeeded"
    assert (client.state(holding), client.state(large), client.state(small)) == ("running", "pending", "pending")
    go.touch()
    assert [client.wait(name) for name in (large, small)] == ["succeeded", "succeeded"]
    assert client.get(f"/jobs/{large}")["running_at"] <= client.get(f"/jobs/{small}")["running_at"]


def test_thirty_jobs_at_once_all_finish(client: Client) -> None:
    names = [client.submit(f"{sys.executable} -IS -c 'print({number})'") for number in range(30)]
    assert len(set(names)) == 30
    wait_until(lambda: client.get(f"/jobs?region={REGION}&status=Succeeded")["count"] == 30, "30 ends", 60)
    assert [client.output(name)["0 stdout"] for name in names] == [f"{number}\n" for number in range(30)]
