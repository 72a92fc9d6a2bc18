"""What a partition can give, and what a job gets of it: two plain values."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


class Limits:
    """What the partition can give: so many nodes, each at most that large. MiB and minutes.

    names: of the partition's nodes, where they have any; all_names: of every node of the cluster. tmp_mib: of each node's /tmp.
    min_nodes, max_nodes, max_mem_per_node: what the partition allows a job, None for anything. any_gres: unknown resources are passed
    over. until_deadline: seconds from now to the request's --deadline. lacking: Slurm's reason to refuse the request, found by its
    names, and a hint; None for none.
    """

    __slots__ = (
        *("all_names", "any_gres", "cpus", "def_mem_per_cpu", "gpus", "lacking", "max_mem_per_node", "max_nodes", "max_time", "memory_mib"),
        *("min_nodes", "names", "nodes", "sockets", "threads_per_core", "tmp_mib", "until_deadline"),
    )

    def __init__(
        self,
        nodes: int,
        cpus: int,
        memory_mib: int,
        *,
        sockets: int = 1,
        threads_per_core: int = 1,
        gpus: int = 0,
        tmp_mib: int = 0,
        def_mem_per_cpu: int | None = None,
        max_time: int | None = None,
        min_nodes: int | None = None,
        max_nodes: int | None = None,
        max_mem_per_node: int | None = None,
        names: Sequence[str] | None = None,
        all_names: Sequence[str] | None = None,
    ) -> None:
        self.nodes = nodes
        self.cpus = cpus
        self.memory_mib = memory_mib
        self.sockets = sockets
        self.threads_per_core = threads_per_core
        self.gpus = gpus
        self.tmp_mib = tmp_mib
        self.def_mem_per_cpu = def_mem_per_cpu
        self.max_time = max_time
        self.min_nodes = min_nodes
        self.max_nodes = max_nodes
        self.max_mem_per_node = max_mem_per_node
        self.until_deadline: int | None = None
        self.any_gres = False
        self.lacking: tuple[str, str] | None = None
        self.names = None if names is None else list(names)
        self.all_names = self.names if all_names is None else list(all_names)

    @property
    def cores_per_socket(self) -> int:
        return max(1, self.cpus // (self.sockets * self.threads_per_core))


class Geometry:
    """What a job gets. Lists have one value per node. `warnings` are Slurm's, for the user; they are not stored.

    tasks: as scontrol shows them; ntasks: as SLURM_NTASKS tells them, None (and not tasks_requested) where nothing said how many.
    gpus_per_node: of the node with most, which is what every node gets; gpus_by_node: as Slurm deals them. step_gpus: of a node that is
    given whole, what was asked for, which is what its steps get; None where that is all.
    ntasks_per_node, cpus_per_task: as asked for; tasks_of_node, cpus_of_task: also what follows from GPUs. shape: sockets of a node,
    cores of a socket, threads of a core as asked for. mem_per_cpu, mem_per_node: MiB asked for, the cluster's default included; None
    where the other one, or all of the node, was meant.
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
        "ntasks",
        "gpus_by_node",
        "tasks_of_node",
        "cpus_of_task",
        "shape",
        "step_gpus",
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
        ntasks: int | None = None,
        gpus_by_node: Sequence[int] | None = None,
        tasks_of_node: int | None = None,
        cpus_of_task: int | None = None,
        shape: Sequence[int | None] = (None, None, None),
        step_gpus: int | None = None,
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
        self.ntasks = tasks if ntasks is None and tasks_requested else ntasks
        self.gpus_by_node = [gpus_per_node] * nodes if gpus_by_node is None else list(gpus_by_node)
        self.tasks_of_node = ntasks_per_node if tasks_of_node is None else tasks_of_node
        self.cpus_of_task = cpus_per_task if cpus_of_task is None else cpus_of_task
        self.shape = list(shape)
        self.step_gpus = step_gpus
        self.warnings = list(warnings)

    def to_json(self) -> dict[str, Any]:
        return {field: getattr(self, field) for field in self.FIELDS}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Geometry:
        return cls(**data)
