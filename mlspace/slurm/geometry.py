"""From what a component asks for to nodes, CPUs, tasks, memory and GPUs: what Slurm's select/cons_tres would allocate.

Compared with Slurm 22.05, CR_Core_Memory, on idle nodes that are alike: compat/compare_geometry, compat/captures/*/geometry.
"""

from __future__ import annotations

from mlspace.errors import RequestRefused
from mlspace.slurm import distribution
from mlspace.slurm.allocation import Geometry, Limits
from mlspace.slurm.demand import Demand
from mlspace.slurm.feasibility import NOT_AVAILABLE, check, check_names, check_resources
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
    try:
        demand.settle()
        check_resources(demand)
        check_names(demand)
        check(demand)
        return allocate(demand)
    except RequestRefused as refusal:
        refusal.warnings = demand.warnings
        raise


def allocate(demand: Demand) -> Geometry:
    component = demand.component
    rooms = choose_nodes(demand)
    nodes = len(rooms)
    gpus = deal_gpus(demand, nodes)
    cpus, layout = cpus_and_tasks(demand, rooms, gpus)
    if demand.gpus.task and not demand.gpus.node:
        gpus = [node_tasks * demand.gpus.task for node_tasks in layout]
    step_gpus = None
    if demand.whole_nodes:
        step_gpus, gpus = max(gpus), [demand.limits.gpus] * nodes
    tasks = nodes * demand.tasks_of_node if demand.tasks_of_node else max(demand.tasks or 0, nodes)
    ntasks = demand.ntasks
    if ntasks is None and (demand.tasks_of_node or demand.gpus.task or demand.gpus.tasks):
        ntasks = tasks
    per_cpu, per_node = demand.asked_memory()
    return Geometry(
        nodes=nodes,
        tasks=tasks,
        tasks_requested=ntasks is not None,
        ntasks=ntasks,
        tasks_per_node=step_layout(demand, cpus, ntasks or tasks) if demand.program == SRUN else layout,
        ntasks_per_node=component["ntasks-per-node"],
        cpus_per_task=component["cpus-per-task"],
        cpus_per_node=cpus,
        memory_mib_per_node=[memory_on(demand, node_cpus, node_gpus) for node_cpus, node_gpus in zip(cpus, gpus, strict=True)],
        mem_per_cpu=per_cpu,
        mem_per_node=per_node,
        gpus_per_node=max(gpus),
        gpus_by_node=gpus,
        tasks_of_node=None if demand.gpus.tasks else demand.tasks_of_node,
        cpus_of_task=demand.cpus_per_task,
        shape=demand.shape,
        step_gpus=step_gpus,
        distribution=distribution.across_nodes(component["distribution"]),
        warnings=demand.warnings,
    )


def choose_nodes(demand: Demand) -> list[int]:
    """The nodes, as the CPUs that each may give: node after node until there are enough nodes, CPUs and GPUs.

    A node takes what it can of what is left, but leaves the least for each node that must follow.
    """
    least = demand.least_cpus_of_node
    usable = demand.cpus_of_node()
    most = most_nodes(demand)
    wanted = wanted_nodes(demand, most)
    gpus_each = demand.gpus.node or demand.gpus_of_node()
    cpus, gpus, must_follow = demand.least_cpus, demand.gpus.job, demand.low
    rooms: list[int] = []
    while len(rooms) < wanted or cpus > 0 or gpus > 0:
        if len(rooms) == most:
            raise demand.refused(NOT_AVAILABLE, nearest(demand, most))
        must_follow -= 1
        taken = min(usable, max(cpus - max(0, must_follow) * least, least)) if not demand.whole_nodes else usable
        rooms.append(max(taken, least))  # --mincpus may want more of a node than the tasks on it need
        cpus -= 1 if demand.overcommit else taken
        gpus -= gpus_each
    return rooms


def most_nodes(demand: Demand) -> int:
    """Nodes that the request, the partition and what is there allow."""
    allowed = demand.limits.max_nodes
    return min(demand.high, demand.available_nodes(), demand.high if allowed is None else allowed)


def wanted_nodes(demand: Demand, most: int) -> int:
    """Of a range as many as there are, unless GPUs are counted; --spread-job makes a range of every request."""
    low = demand.low
    if demand.overcommit and demand.tasks_of_node:
        low = max(low, -(-(demand.tasks or 1) // demand.tasks_of_node))
    if demand.gpus.job or demand.component["use-min-nodes"]:
        return low
    if demand.component["spread-job"] and demand.ntasks:
        return max(low, min(most, demand.ntasks))
    return max(low, most) if demand.said_nodes else low


def nearest(demand: Demand, most: int) -> str:
    if most == demand.available_nodes():
        return f"{most} nodes of {demand.limits.cpus} CPUs, {demand.limits.memory_mib} MiB and {demand.limits.gpus} GPUs are there"
    return f"it takes more than {most} nodes, which is what --nodes, --ntasks or the partition allows"


def deal_gpus(demand: Demand, nodes: int) -> list[int]:
    """GPUs of each node: the first ones take what they can, and leave one for each node that follows."""
    if not demand.gpus.job or demand.gpus.node:
        return [demand.gpus.node] * nodes
    left, dealt = demand.gpus.job, []
    for following in range(nodes - 1, -1, -1):
        dealt.append(max(0, min(demand.gpus_of_node(), left - following)))
        left -= dealt[-1]
    return dealt


def cpus_and_tasks(demand: Demand, rooms: Sequence[int], gpus: Sequence[int]) -> tuple[list[int], list[int]]:
    """Allocated CPUs of each node, and the tasks that SLURM_TASKS_PER_NODE tells of them."""
    per_task, nodes = demand.cpus_per_task, len(rooms)
    if demand.overcommit:
        cpus = [per_task] * nodes
    else:
        total = max(demand.least_cpus, nodes * demand.least_cpus_of_node)
        if demand.gpus.any and demand.ntasks is not None:  # --mincpus says what must be there, not what is given
            total = max(demand.least_cpus, nodes * per_task * (demand.tasks_of_node or 1))
        rooms = [max(room, node_gpus * demand.gpus.cpus) for room, node_gpus in zip(rooms, gpus, strict=True)]
        dealt = count_tasks(total // per_task, [-(-room // per_task) for room in rooms])
        cpus = [min(room, node_tasks * per_task) for room, node_tasks in zip(rooms, dealt, strict=True)]
    cpus = [max(node_cpus, node_gpus * demand.gpus.cpus) for node_cpus, node_gpus in zip(cpus, gpus, strict=True)]
    if demand.whole_nodes:
        cpus = [demand.limits.cpus] * nodes
    return cpus, tasks_on_each(demand, cpus)


def tasks_on_each(demand: Demand, cpus: Sequence[int]) -> list[int]:
    """As many as are asked for on each node; else all of them, one each in turn while there is room; else what there is room for."""
    if demand.tasks_of_node:
        return [demand.tasks_of_node] * len(cpus)
    room = [max(1, -(-node_cpus // demand.cpus_per_task)) for node_cpus in cpus]
    if demand.whole_nodes:
        room = [max(1, node_cpus // demand.cpus_per_task) for node_cpus in cpus]
    if demand.gpus.task:
        room = [demand.gpus_of_node() // demand.gpus.task if demand.overcommit else room_of for room_of in room]
    counted = demand.ntasks is not None or demand.gpus.task or demand.gpus.tasks
    return count_tasks(demand.tasks, room) if counted and demand.tasks else room


def step_layout(demand: Demand, cpus: Sequence[int], tasks: int) -> list[int]:
    """The layout of srun's own step."""
    limit = demand.tasks_of_node or tasks
    return count_tasks(tasks, [min(limit, max(1, node_cpus // demand.cpus_per_task)) for node_cpus in cpus])


def memory_on(demand: Demand, cpus: int, gpus: int) -> int:
    """MiB of a node with so many CPUs and GPUs."""
    per_cpu, per_node = demand.asked_memory()
    if per_node:
        return per_node
    if demand.gpus.memory_mib:
        return min(gpus * demand.gpus.memory_mib, demand.limits.memory_mib)
    if not per_cpu:
        return demand.limits.memory_mib
    return min(per_cpu * cpus, demand.limits.memory_mib)
