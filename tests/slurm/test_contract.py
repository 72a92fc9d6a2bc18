"""Host lists, file names and layouts: the vectors that the launcher's C++ reads, too."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from mlspace.errors import BadValue
from mlspace.slurm import distribution, filename, hostlist, layout

CONTRACT = Path(__file__).parent.parent / "contract"


def vectors(name: str, key: str) -> list[Any]:
    data: list[Any] = json.loads((CONTRACT / f"{name}.json").read_text())[key]
    assert data
    return data


@pytest.mark.parametrize("case", vectors("hostlists", "expand"), ids=lambda case: repr(case["list"]))
def test_a_host_list_expands(case: dict[str, Any]) -> None:
    if "names" in case:
        assert hostlist.expand_hosts(case["list"]) == case["names"]
        return
    with pytest.raises(BadValue) as caught:
        hostlist.expand_hosts(case["list"])
    assert caught.value.lines == tuple(case[key] for key in ("error", "detail") if key in case)


@pytest.mark.parametrize("case", vectors("hostlists", "fold"), ids=lambda case: case["list"])
def test_names_fold(case: dict[str, Any]) -> None:
    assert hostlist.fold_hosts(case["names"]) == case["list"]
    assert hostlist.fold_sorted_hosts(case["names"]) == case["sorted"]


def test_folded_names_expand_to_themselves() -> None:
    choose = random.Random(2205)
    for _ in range(500):
        names = [
            choose.choice(["n", "gpu-", "a1b", "lm-mpi-job-7-mpiworker-", "", "x."])
            + choose.choice(["", "0", "00"])
            + str(choose.randrange(120))
            for _ in range(choose.randrange(1, 12))
        ]
        assert hostlist.expand_hosts(hostlist.fold_hosts(names)) == names
        assert sorted(hostlist.expand_hosts(hostlist.fold_sorted_hosts(names))) == sorted(names)


def test_a_name_with_a_number_too_long_to_count_stays_as_it_is() -> None:
    names = [f"n{10**20}", f"n{10**20 + 1}"]
    assert hostlist.expand_hosts(hostlist.fold_hosts(names)) == names


@pytest.mark.parametrize("text", ["n[3-1]", "n[1-2]x", "./nodes", "/etc/hosts"])
def test_node_names_refuse_what_is_no_list(text: str) -> None:
    with pytest.raises(BadValue):
        hostlist.node_names(text)


def test_node_names_are_each_once() -> None:
    assert hostlist.node_names("n2,n[1-3]") == ["n2", "n1", "n3"]
    assert hostlist.node_names("") == []


def pattern_values(facts: dict[str, Any]) -> dict[str, str]:
    array = facts.get("array_job_id"), facts.get("array_task_id")
    values = filename.batch_values(facts["job_id"], facts["job_name"], facts["user"], facts["node_name"], *array)
    if "step" in facts:
        values |= {"s": str(facts["step"]), "J": f"{facts['job_id']}.{facts['step']}", "n": str(facts["node"]), "t": str(facts["task"])}
    return values


FACTS = json.loads((CONTRACT / "filenames.json").read_text())["facts"]


@pytest.mark.parametrize("case", vectors("filenames", "expand"), ids=lambda case: f"{case['of']}-{case['pattern']}")
def test_a_file_name_pattern_expands(case: dict[str, Any]) -> None:
    assert filename.expand(case["pattern"], pattern_values(FACTS[case["of"]])) == case["name"]


OF_JOBS = [case for case in vectors("layouts", "layout") if "ids" in case and not case["distribution"].startswith("plane")]
"""Planes are a step's: a job's nodes get their tasks in turn."""


@pytest.mark.parametrize("case", OF_JOBS, ids=lambda case: case["call"])
def test_tasks_are_counted_per_node(case: dict[str, Any]) -> None:
    capacities = [cpus // case["cpus_per_task"] for cpus in case["cpus_per_node"]]
    assert layout.count_tasks(case["tasks"], capacities) == [len(ids) for ids in case["ids"]]


def test_every_task_has_a_node() -> None:
    choose = random.Random(7)
    for _ in range(300):
        capacities = [choose.randrange(9) for _ in range(choose.randrange(1, 6))]
        tasks = choose.randrange(1, 40)
        counts = layout.count_tasks(tasks, capacities)
        assert sum(counts) == tasks
        if tasks <= sum(capacities):
            assert all(count <= capacity for count, capacity in zip(counts, capacities, strict=True))


@pytest.mark.parametrize("case", vectors("layouts", "fold"), ids=lambda case: case["text"])
def test_counts_fold(case: dict[str, Any]) -> None:
    assert layout.fold_counts(case["counts"]) == case["text"]


@pytest.mark.parametrize("case", vectors("layouts", "distribution"), ids=lambda case: case["text"] or "empty")
def test_a_distribution_is_read(case: dict[str, Any]) -> None:
    if case["name"] is None:
        with pytest.raises(BadValue):
            distribution.method(case["text"])
        return
    value = distribution.method(case["text"])
    assert value.partition("=")[0] == case["shown"]
    assert distribution.across_nodes(value).partition("=")[0] == case["name"]
