"""What a partition can give, and what a job gets of it: two plain values."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


class Limits:
    """What the partition can give: so many nodes, each at most that large; names where the nodes have any. MiB and minutes."""

    __slots__ = ("cpus", "def_mem_per_cpu", "gpus", "max_time", "memory_mib", "names", "nodes", "sockets")

    def __init__(
        self,
        nodes: int,
        cpus: int,
        memory_mib: int,
        *,
        sockets: int = 1,
        gpus: int = 0,
        def_mem_per_cpu: int | None = None,
        max_time: int | None = None,
        names: Sequence[str] | None = None,
    ) -> None:
        self.nodes = nodes
        self.cpus = cpus
        self.memory_mib = memory_mib
        self.sockets = sockets
        self.gpus = gpus
        self.def_mem_per_cpu = def_mem_per_cpu
        self.max_time = max_time
        self.names = None if names is None else list(names)


class Geometry:
    """What a job gets. Lists have one value per node. `warnings` are Slurm's, for the user; they are not stored.

    tasks_requested: the number of tasks was asked for, so SLURM_NTASKS is set. mem_per_cpu, mem_per_node: MiB asked for,
    the cluster's default included; None where the other one, or all of the node, was meant.
    """

    FIELDS = (
        "nodes",
        "tasks",
        "tasks_requested",
        "tasks_per_node",
        "ntasks_per_node",
        "cpus_per_task",
        "cpus_per_node",
        "memory_mib_per_node",
        "mem_per_cpu",
        "mem_per_node",
        "gpus_per_node",
        "distribution",
    )

    __slots__ = (*FIELDS, "warnings")

    def __init__(
        self,
        *,
        nodes: int,
        tasks: int,
        tasks_requested: bool,
        tasks_per_node: Sequence[int],
        ntasks_per_node: int | None,
        cpus_per_task: int | None,
        cpus_per_node: Sequence[int],
        memory_mib_per_node: Sequence[int],
        mem_per_cpu: int | None,
        mem_per_node: int | None,
        gpus_per_node: int,
        distribution: str,
        warnings: Sequence[str] = (),
    ) -> None:
        self.nodes = nodes
        self.tasks = tasks
        self.tasks_requested = tasks_requested
        self.tasks_per_node = list(tasks_per_node)
        self.ntasks_per_node = ntasks_per_node
        self.cpus_per_task = cpus_per_task
        self.cpus_per_node = list(cpus_per_node)
        self.memory_mib_per_node = list(memory_mib_per_node)
        self.mem_per_cpu = mem_per_cpu
        self.mem_per_node = mem_per_node
        self.gpus_per_node = gpus_per_node
        self.distribution = distribution
        self.warnings = list(warnings)

    def to_json(self) -> dict[str, Any]:
        return {field: getattr(self, field) for field in self.FIELDS}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Geometry:
        return cls(**data)
