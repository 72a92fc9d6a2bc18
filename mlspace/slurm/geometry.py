"""From what a component asks for to nodes, CPUs, tasks, memory and GPUs: what Slurm's select/cons_tres would allocate.

Cases were compared with Slurm 22.05, CR_Core_Memory, on idle nodes; see tests/slurm/test_geometry.py.
"""

from __future__ import annotations

from mlspace.slurm import distribution
from mlspace.slurm.allocation import Geometry, Limits
from mlspace.slurm.demand import Demand
from mlspace.slurm.feasibility import NOT_AVAILABLE, check
from mlspace.slurm.layout import count_tasks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.slurm.request import Component

__all__ = ["Geometry", "Limits", "decide"]

SRUN = "srun"


def decide(component: Component, limits: Limits, program: str = "sbatch") -> Geometry:
    """The geometry of a component on an idle cluster.

    A count of nodes that is a range becomes one number here: as many as the range, the tasks and the partition allow,
    or the least with --use-min-nodes. Raises RequestRefused with Slurm's reason and what would have been possible.
    """
    demand = Demand(component, limits, program)
    check(demand)
    nodes = count_nodes(demand)
    gpus = gpus_on_each(demand, nodes)
    cpus = cpus_on_each(demand, nodes, gpus)
    tasks = demand.tasks or nodes * (demand.per_node or 1)
    per_cpu, per_node = demand.asked_memory()
    return Geometry(
        nodes=nodes,
        tasks=tasks,
        tasks_requested=bool(demand.tasks or demand.per_node),
        tasks_per_node=tasks_on_each(demand, nodes, cpus, tasks),
        ntasks_per_node=demand.per_node,
        cpus_per_task=component["cpus-per-task"],
        cpus_per_node=cpus,
        memory_mib_per_node=[memory_on(demand, node_cpus, gpus) for node_cpus in cpus],
        mem_per_cpu=per_cpu,
        mem_per_node=per_node,
        gpus_per_node=gpus,
        distribution=distribution.across_nodes(component["distribution"]),
        warnings=demand.warnings,
    )


def count_nodes(demand: Demand) -> int:
    """As many as tasks and GPUs need; of a range that --nodes gives, as many as it and the partition allow."""
    least = demand.low
    if demand.tasks and not (demand.overcommit and not demand.per_node):
        least = max(least, -(-demand.tasks // demand.capacity()))
    if demand.gpus:
        least = max(least, -(-demand.gpus // (demand.gpus_each or demand.gpu_capacity())))
    available = demand.available_nodes()
    if least > min(demand.high, available):
        nearest = f"it takes {least} nodes; --nodes allows {demand.high}" if least > demand.high else f"{available} nodes are there"
        raise demand.refused(NOT_AVAILABLE, nearest)
    most = min(demand.high, available)
    if demand.component["nodes"] is None or demand.component["use-min-nodes"]:
        return least
    return max(least, min(most, demand.gpus)) if demand.gpus else most


def gpus_on_each(demand: Demand, nodes: int) -> int:
    """GPUs of every node, alike: those of the busiest one."""
    limits = demand.limits
    gpus = demand.gpus_each
    if demand.gpus:
        gpus = -(-demand.gpus // nodes)
    elif demand.gpus_per_task and demand.tasks:
        gpus = max(gpus, max(fill(demand, nodes)) * demand.gpus_per_task)
    if gpus > demand.gpu_capacity():
        raise demand.refused(NOT_AVAILABLE, f"the largest node has {limits.gpus} GPUs")
    return limits.gpus if demand.whole_nodes else gpus


def cpus_on_each(demand: Demand, nodes: int, gpus: int) -> list[int]:
    """Allocated CPUs of each node."""
    limits = demand.limits
    if demand.whole_nodes:
        return [limits.cpus] * nodes
    least = max(demand.cpus_per_task, demand.component["mincpus"] or 0)
    if demand.component["cpus-per-gpu"] and gpus:
        least = max(least, gpus * demand.component["cpus-per-gpu"])
    if demand.overcommit:
        return [least] * nodes
    if demand.per_node:
        return [max(least, demand.per_node * demand.cpus_per_task)] * nodes
    return [max(least, tasks * demand.cpus_per_task) for tasks in fill(demand, nodes)]


def fill(demand: Demand, nodes: int) -> list[int]:
    """Tasks by which CPUs are allocated: node after node takes what it can, while one is left for each of those that follow."""
    left = demand.tasks or nodes
    capacity = demand.capacity()
    filled = []
    for node in range(nodes):
        tasks = max(1, min(capacity, left - (nodes - node - 1)))
        left -= tasks
        filled.append(tasks)
    return filled


def memory_on(demand: Demand, cpus: int, gpus: int) -> int:
    """MiB of a node with so many CPUs and GPUs."""
    per_cpu, per_node = demand.asked_memory()
    if per_node:
        return per_node
    if demand.memory_per_gpu():
        return min(gpus * demand.memory_per_gpu(), demand.limits.memory_mib)
    if not per_cpu:
        return demand.limits.memory_mib
    if per_cpu * cpus > demand.limits.memory_mib:
        if demand.whole_nodes:
            return demand.limits.memory_mib
        raise demand.refused(NOT_AVAILABLE, f"the largest node has {demand.limits.memory_mib} MiB")
    return per_cpu * cpus


def tasks_on_each(demand: Demand, nodes: int, cpus: Sequence[int], tasks: int) -> list[int]:
    """The layout that SLURM_TASKS_PER_NODE tells: of srun its step's, else what the job's CPUs have room for."""
    room = [node_cpus // demand.cpus_per_task for node_cpus in cpus]
    if demand.program == SRUN:
        limit = demand.per_node or tasks
        return count_tasks(tasks, [min(limit, max(1, node_room)) for node_room in room])
    if demand.per_node:
        return [demand.per_node] * nodes
    if demand.tasks:
        return count_tasks(demand.tasks, room)
    return room
