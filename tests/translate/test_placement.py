"""The smallest instance type that a node's share fits into, and what is said when there is none."""

from __future__ import annotations

import random

import pytest

from mlspace.errors import RequestRefused
from mlspace.gateway.catalog import InstanceType, read_key
from mlspace.slurm.geometry import Geometry
from mlspace.translate.placement import parametric, smallest


def geometry(cpus: list[int], memory: list[int], gpus: int = 0) -> Geometry:
    return Geometry(
        nodes=len(cpus),
        tasks=len(cpus),
        tasks_requested=False,
        tasks_per_node=[1] * len(cpus),
        ntasks_per_node=None,
        cpus_per_task=None,
        cpus_per_node=cpus,
        memory_mib_per_node=memory,
        mem_per_cpu=None,
        mem_per_node=None,
        gpus_per_node=gpus,
        distribution="block",
    )


SMALL = InstanceType("cpu.2C.4G", 0, 2, 4096)
LARGE = InstanceType("cpu.16C.64G", 0, 16, 65536)
NARROW = InstanceType("cpu.16C.32G", 0, 16, 32768)
ONE = InstanceType("v100.1gpu", 1, 4, 8192)
EIGHT = InstanceType("a100.8gpu", 8, 96, 1490944)
TYPES = [EIGHT, LARGE, ONE, NARROW, SMALL]


@pytest.mark.parametrize(
    ("cpus", "memory", "gpus", "expected"),
    [
        ([1], [1], 0, SMALL),
        ([2], [4096], 0, SMALL),
        ([3], [1], 0, NARROW),
        ([2], [4097], 0, NARROW),
        ([2], [32769], 0, LARGE),
        ([1, 3], [1, 1], 0, NARROW),
        ([1, 1], [1, 40000], 0, LARGE),
        ([17], [1], 0, EIGHT),
        ([1], [1], 1, ONE),
        ([5], [1], 1, EIGHT),
        ([1], [8193], 1, EIGHT),
        ([1], [1], 2, EIGHT),
        ([96], [1490944], 8, EIGHT),
    ],
)
def test_smallest(cpus: list[int], memory: list[int], gpus: int, expected: InstanceType) -> None:
    """All of a node's share counts, that of the largest node; a type with GPUs is taken without need only when no other fits."""
    assert smallest(geometry(cpus, memory, gpus), TYPES, "SR006") == expected.key


@pytest.mark.parametrize("seed", range(30))
def test_smallest_fits_in_any_order_of_the_types(seed: int) -> None:
    source = random.Random(seed)
    types = [
        InstanceType(f"t{number}", source.choice((0, 0, 1, 2, 4)), source.randint(1, 64), source.randint(1, 64) * 1024)
        for number in range(12)
    ]
    wanted = geometry([source.randint(1, 40)], [source.randint(1, 40) * 1024], source.choice((0, 1, 2)))
    fitting = [
        kind
        for kind in types
        if kind.gpus >= wanted.gpus_per_node and kind.cpus >= wanted.cpus_per_node[0] and kind.memory_mib >= wanted.memory_mib_per_node[0]
    ]
    found = {kind.key: kind for kind in types}
    shuffled = source.sample(types, len(types))
    if not fitting:
        with pytest.raises(RequestRefused):
            smallest(wanted, shuffled, "R")
        return
    taken = found[smallest(wanted, shuffled, "R")]
    assert taken in fitting
    assert taken.gpus == min(kind.gpus for kind in fitting)
    assert taken.cpus == min(kind.cpus for kind in fitting if kind.gpus == taken.gpus)


@pytest.mark.parametrize(
    ("cpus", "memory", "gpus", "types", "wanted", "nearest"),
    [
        ([97], [1], 0, TYPES, "0 GPUs, 97 CPUs and 1 MiB", "  the nearest is a100.8gpu"),
        ([1], [1], 9, [ONE, SMALL], "9 GPUs, 1 CPUs and 1 MiB", "  the nearest is v100.1gpu"),
        ([1, 20], [7, 5], 0, [SMALL, LARGE], "0 GPUs, 20 CPUs and 7 MiB", "  the nearest is cpu.16C.64G"),
        ([8], [1], 1, [ONE, LARGE], "1 GPUs, 8 CPUs and 1 MiB", "  the nearest is v100.1gpu"),
        ([1], [1], 0, [], "0 GPUs, 1 CPUs and 1 MiB", "  the region has no instance types"),
    ],
)
def test_refusal(cpus: list[int], memory: list[int], gpus: int, types: list[InstanceType], wanted: str, nearest: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        smallest(geometry(cpus, memory, gpus), types, "SR006")
    assert caught.value.lines == (
        f"Requested node configuration is not available: no instance type of region SR006 has {wanted} on a node",
        nearest,
    )


@pytest.mark.parametrize(
    ("cpus", "memory", "gpus", "key"),
    [
        ([2], [4000], 0, "cpu.2C.4000M"),
        ([2, 3, 1], [100, 50, 200], 0, "cpu.3C.200M"),
        ([4, 2], [1000, 1000], 2, "gpu.2gpu.4C.1000M"),
    ],
)
def test_type_of_the_embedded_mlspace(cpus: list[int], memory: list[int], gpus: int, key: str) -> None:
    assert parametric(geometry(cpus, memory, gpus)) == key
    assert read_key(key) == InstanceType(key, gpus, max(cpus), max(memory))
