"""From a geometry to an instance type: the smallest that has a node's share of CPUs, memory and GPUs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlspace.errors import RequestRefused
from mlspace.gateway.catalog import InstanceType
from mlspace.slurm.geometry import Geometry
from mlspace.slurm.request import Component


def parametric(geometry: Geometry) -> str:
    """The embedded MLSpace's type: exactly what the largest node's share is."""
    cpus, memory, gpus = max(geometry.cpus_per_node), max(geometry.memory_mib_per_node), geometry.gpus_per_node
    return f"gpu.{gpus}gpu.{cpus}C.{memory}M" if gpus else f"cpu.{cpus}C.{memory}M"


def eligible(component: Component, count: int, partition: Sequence[str] | None, everywhere: Sequence[str]) -> list[str]:
    """Nodes that a job of `count` nodes may get; none where it may get any. partition: its nodes, None where they have no names.

    The platform has no word for "these, and some others": where --nodelist names too few, we choose the others.
    """
    listed: list[str] = list(component["nodelist"] or ())
    if partition is None:
        return listed
    unwanted = set(component["exclude"] or ())
    there = [name for name in partition if name not in unwanted]
    if component["contiguous"]:
        return next(run for run in runs(there, list(partition), count) if set(listed) <= set(run))
    if listed:
        return [*listed, *(name for name in there if name not in listed)][: max(count, len(listed))]
    return [] if len(partition) == len(everywhere) else list(partition)


def runs(there: Sequence[str], partition: Sequence[str], count: int) -> Iterator[list[str]]:
    """Every run of `count` nodes that stand next to each other in the partition and may be used."""
    usable = set(there)
    for first in range(len(partition) - count + 1):
        run = list(partition[first : first + count])
        if usable >= set(run):
            yield run


def own_memory(geometry: Geometry, types: Sequence[InstanceType]) -> int:
    """MiB of the smallest type with the CPUs and GPUs, for a request that says nothing of memory; 0 where there is none."""
    cpus, gpus = max(geometry.cpus_per_node), geometry.gpus_per_node
    fitting = [kind for kind in types if kind.gpus >= gpus and kind.cpus >= cpus]
    return min(fitting, key=preference).memory_mib if fitting else 0


def preference(kind: InstanceType) -> tuple[bool, int, int, int]:
    """The least is taken: what the place offers before what it does not tell of, and then the smaller, GPUs counting most."""
    return not kind.is_offered, kind.gpus, kind.cpus, kind.memory_mib


def smallest(geometry: Geometry, types: Sequence[InstanceType], region: str) -> str:
    """The type with the fewest GPUs, then CPUs, then memory that fits. Raises RequestRefused naming what is nearest."""
    cpus, memory, gpus = max(geometry.cpus_per_node), max(geometry.memory_mib_per_node), geometry.gpus_per_node
    fitting = [kind for kind in types if kind.gpus >= gpus and kind.cpus >= cpus and kind.memory_mib >= memory]
    if fitting:
        return min(fitting, key=preference).key
    nearest = max(types, key=lambda kind: (kind.gpus >= gpus, kind.cpus, kind.memory_mib), default=None)
    wanted = f"{gpus} GPUs, {cpus} CPUs and {memory} MiB on a node"
    raise RequestRefused(
        f"Requested node configuration is not available: no instance type of region {region} has {wanted}",
        f"  the nearest is {nearest.key}" if nearest else "  the region has no instance types",
    )
