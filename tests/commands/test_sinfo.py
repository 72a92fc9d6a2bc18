"""sinfo's own: repeated reports, and what a real Slurm's one-machine cluster cannot show, whose nodes share a host."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from mlspace.cluster.cluster import Cluster, Node, Partition
from mlspace.cluster.delivery import Delivery
from mlspace.errors import BadValue
from mlspace.render import format, nodegroup, sinfo
from mlspace.slurm import nodestate
from mlspace.slurm.occupation import Occupation


def cluster() -> Cluster:
    nodes = [Node("a2", 4, 1000), Node("a10", 8, 1000, gpus=2, gpu_type="a100"), Node("b1", 4, 2000)]
    partitions = [Partition("small", "R", ["a2", "b1"], default=True, max_time=60), Partition("large", "R", ["a10", "b1"])]
    return Cluster("c", nodes, partitions, def_mem_per_cpu=None, carrier="file", env_mode="shared", delivery=Delivery(""))


def every(node: Node, state: str) -> bool:
    return True


def table(layout: str, *, sort: str = sinfo.SORT, exact: bool = False, is_shown: Callable[[Node, str], bool] = every) -> list[str]:
    columns = format.read_format(layout, sinfo.FIELDS, lambda letter: None)
    apart = [part for part in sinfo.kept_apart(columns) if exact or part not in nodegroup.ONLY_EXACT]
    groups = nodegroup.gather(cluster(), Occupation([]), {}, is_shown, partitions=None, apart=apart, by_node=False)
    sinfo.sort(groups, sort)
    return format.lines(columns, groups)


@pytest.mark.parametrize(
    ("layout", "lines"),
    [
        ("%D %N", ["3 a[2,10],b1"]),  # nothing keeps them apart
        ("%a %D", ["up 3"]),
        ("%l %D", ["1:00:00 2", "infinite 2"]),
        ("%P %c %N", ["small* 4 a2,b1", "large 4+ a10,b1"]),
        ("%G %D", ["(null) 2", "gpu:a100:2 1"]),
        ("%n %m", ["a2 1000", "b1 2000", "a10 1000"]),  # a name of its own each
        ("%m %e %O", ["1000+ N/A N/A"]),
    ],
)
def test_gathers_what_agrees(layout: str, lines: list[str]) -> None:
    assert table(layout) == lines


def test_keeps_more_apart_when_it_is_to_be_exact() -> None:
    assert table("%c %D", exact=True) == ["4 2", "8 1"]
    assert table("%m %D", exact=True) == ["1000 2", "2000 1"]


def test_sorts_names_by_their_numbers() -> None:
    assert table("%n", sort="n") == ["a2", "a10", "b1"]
    assert table("%n", sort="-n") == ["b1", "a10", "a2"]


def test_says_of_a_partition_that_it_has_no_node_to_show() -> None:
    lines = table("%P %D %t %c %G %N", is_shown=lambda node, state: node.name == "a10")
    assert lines == ["small* 0 n/a 0 n/a ", "large 1 idle 8 gpu:a100:2 a10"]
    assert table("%D %N", is_shown=lambda node, state: False) == []


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("idle", {"IDLE"}),
        ("ALLOC", {"ALLOCATED", "MIXED"}),
        ("al", {"ALLOCATED", "MIXED"}),
        ("all", {"IDLE", "ALLOCATED", "MIXED"}),
        ("mi,i,", {"IDLE", "MIXED"}),
        ("mixed&alloc", {"MIXED"}),
        ("idle&mix", set()),
        ("down,no_respond,plnd", set()),
        ("", set()),
        (",", set()),
    ],
)
def test_reads_states(text: str, states: set[str]) -> None:
    chosen = nodestate.read_states(text)
    assert {state for state in ("", "IDLE", "ALLOCATED", "MIXED") if chosen(state)} == states


@pytest.mark.parametrize(("text", "blamed"), [("idles", "idles"), ("idle,foo", "foo"), (" idle", " idle"), ("idle+cloud", "idle+cloud")])
def test_refuses_what_is_no_state(text: str, blamed: str) -> None:
    with pytest.raises(BadValue) as caught:
        nodestate.read_states(text)
    assert caught.value.text == blamed


def test_writes_documents_that_json_reads() -> None:
    from mlspace.render.document import render
    from mlspace.render.nodes_document import nodes_document

    document = nodes_document(cluster(), Occupation([]), {"CPULoad": "1.25", "FreeMem": "77"}, {"BootTime": 5}, {"a10": 9})
    nodes = json.loads(render("json", document))["nodes"]
    assert [(node["name"], node["last_busy"], node["cpu_load"], node["gres"]) for node in nodes] == [
        ("a2", 0, 125, ""),
        ("a10", 9, 125, "gpu:a100:2"),
        ("b1", 0, 125, ""),
    ]
