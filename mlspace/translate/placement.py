"""From a geometry to an instance type: the smallest that has a node's share of CPUs, memory and GPUs."""

from __future__ import annotations

from collections.abc import Sequence

from mlspace.errors import RequestRefused
from mlspace.gateway.catalog import InstanceType
from mlspace.slurm.geometry import Geometry


def parametric(geometry: Geometry) -> str:
    """The embedded MLSpace's type: exactly what the largest node's share is."""
    cpus, memory, gpus = max(geometry.cpus_per_node), max(geometry.memory_mib_per_node), geometry.gpus_per_node
    return f"gpu.{gpus}gpu.{cpus}C.{memory}M" if gpus else f"cpu.{cpus}C.{memory}M"


def smallest(geometry: Geometry, types: Sequence[InstanceType], region: str) -> str:
    """The type with the fewest GPUs, then CPUs, then memory that fits. Raises RequestRefused naming what is nearest."""
    cpus, memory, gpus = max(geometry.cpus_per_node), max(geometry.memory_mib_per_node), geometry.gpus_per_node
    fitting = [kind for kind in types if kind.gpus >= gpus and kind.cpus >= cpus and kind.memory_mib >= memory]
    if gpus == 0:
        fitting = [kind for kind in fitting if kind.gpus == 0] or fitting
    if fitting:
        return min(fitting, key=lambda kind: (kind.gpus, kind.cpus, kind.memory_mib)).key
    nearest = max(types, key=lambda kind: (kind.gpus >= gpus, kind.cpus, kind.memory_mib), default=None)
    wanted = f"{gpus} GPUs, {cpus} CPUs and {memory} MiB on a node"
    raise RequestRefused(
        f"Requested node configuration is not available: no instance type of region {region} has {wanted}",
        f"  the nearest is {nearest.key}" if nearest else "  the region has no instance types",
    )
