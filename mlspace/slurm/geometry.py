"""From what a component asks for to nodes, CPUs, tasks, memory and GPUs: what Slurm's select/cons_tres would allocate.

Cases were compared with Slurm 22.05, CR_Core_Memory, on idle nodes; see tests/slurm/test_geometry.py.
"""

from __future__ import annotations

from mlspace.errors import RequestRefused
from mlspace.slurm import distribution, gres
from mlspace.slurm.layout import count_tasks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from mlspace.slurm.request import Component

SRUN = "srun"

UNLIMITED_NODES = 2**31 - 1

# What stands before Slurm's reason, by program.
FAILED = {
    "sbatch": "Batch job submission failed: ",
    SRUN: "Unable to allocate resources: ",
    "salloc": "Job submit/allocate failed: ",
}
BAD_NODE_COUNT = "Node count specification invalid"
TOO_MANY_CPUS = "More processors requested than permitted"
NOT_AVAILABLE = "Requested node configuration is not available"
BAD_NODE_NAME = "Invalid node name specified"
BAD_TIME = "Requested time limit is invalid (missing or exceeds some limit)"


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


def decide(component: Component, limits: Limits, program: str = "sbatch") -> Geometry:
    """The geometry of a component on an idle cluster.

    A count of nodes that is a range becomes one number here: as many as the range, the tasks and the partition allow,
    or the least with --use-min-nodes. Raises RequestRefused with Slurm's reason and what would have been possible.
    """
    return Decision(component, limits, program).geometry()


class Decision:
    """The steps of decide(), each on the results of those before."""

    def __init__(self, component: Component, limits: Limits, program: str) -> None:
        self.component = component
        self.limits = limits
        self.program = program
        self.warnings: list[str] = []
        self.cpus_per_task: int = component["cpus-per-task"] or 1
        self.per_node: int | None = component["ntasks-per-node"]
        self.overcommit = bool(component["overcommit"])
        self.whole_nodes = component["exclusive"] is True
        self.gpus = gres.count_of("gpu", component["gpus"])
        self.gpus_per_task = gres.count_of("gpu", component["gpus-per-task"])
        self.gpus_each = gres.count_of("gpu", component["gpus-per-node"] or component["gres"])
        self.tasks = self.wanted_tasks()
        self.low, self.high = self.node_range()

    def geometry(self) -> Geometry:
        self.check_request()
        nodes = self.node_count()
        gpus = self.gpus_on_each(nodes)
        cpus = self.cpus_on_each(nodes, gpus)
        memory = [self.memory_on(node_cpus, gpus) for node_cpus in cpus]
        tasks = self.tasks or nodes * (self.per_node or 1)
        per_cpu, per_node = self.asked_memory()
        return Geometry(
            nodes=nodes,
            tasks=tasks,
            tasks_requested=bool(self.tasks or self.per_node),
            tasks_per_node=self.tasks_on_each(nodes, cpus, tasks),
            ntasks_per_node=self.per_node,
            cpus_per_task=self.component["cpus-per-task"],
            cpus_per_node=cpus,
            memory_mib_per_node=memory,
            mem_per_cpu=per_cpu,
            mem_per_node=per_node,
            gpus_per_node=gpus,
            distribution=distribution.across_nodes(self.component["distribution"]),
            warnings=self.warnings,
        )

    def refused(self, reason: str, *nearest: str, before: str = "") -> RequestRefused:
        lines = [before] if before else []
        lines.append(FAILED.get(self.program, "") + reason)
        return RequestRefused(*lines, *(f"  {line}" for line in nearest))

    # What is asked for.

    def wanted_tasks(self) -> int | None:
        """-n, or what --gpus with --ntasks-per-gpu or --gpus-per-task makes of it; None where nothing says."""
        tasks: int | None = self.component["ntasks"]
        if tasks is None and self.gpus:
            if self.component["ntasks-per-gpu"]:
                tasks = self.gpus * self.component["ntasks-per-gpu"]
            elif self.gpus_per_task:
                tasks = self.gpus // self.gpus_per_task
        return tasks

    def node_range(self) -> tuple[int, int]:
        """Least and most nodes, after --nodelist and the number of tasks had their say."""
        listed = len(self.component["nodelist"] or ())
        low, high = self.component["nodes"] or (max(1, listed), UNLIMITED_NODES)
        if listed > high:
            raise RequestRefused(f"invalid number of nodes (-N {listed}-{high})", "  --nodelist names more nodes than --nodes allows")
        low = max(low, listed)
        if self.component["ntasks"] and self.component["ntasks"] < low:
            tasks = self.component["ntasks"]
            self.warnings.append(f"Warning: can't run {tasks} processes on {low} nodes, setting nnodes to {tasks}")
            return tasks, tasks
        return low, min(high, self.component["ntasks"] or high)

    def asked_memory(self) -> tuple[int | None, int | None]:
        """MiB per CPU and per node as asked for, or by default; None, None for all of the node and for memory per GPU."""
        asked = self.component["mem"]
        if asked is not None:
            return None, asked or None
        if self.memory_per_gpu():
            return None, None
        per_cpu = self.component["mem-per-cpu"]
        return (self.limits.def_mem_per_cpu if per_cpu is None else per_cpu) or None, None

    def memory_per_gpu(self) -> int:
        """MiB for each GPU; 0 where nothing is said, or no GPU asked for."""
        return self.component["mem-per-gpu"] or 0 if self.gpus or self.gpus_each or self.gpus_per_task else 0

    # Whether it is possible at all, in Slurm's order.

    def check_request(self) -> None:
        limits = self.limits
        largest = f"the largest node has {limits.cpus} CPUs, {limits.memory_mib} MiB and {limits.gpus} GPUs"
        self.check_gpus()
        self.check_names()
        time = self.component["time"]
        if limits.max_time is not None and "time" in self.component and (time is None or time > limits.max_time):
            raise self.refused(BAD_TIME, f"the partition's limit is {limits.max_time} minutes")
        least_cpus = max(1, self.component["mincpus"] or 0, self.cpus_per_task * (1 if self.overcommit else self.per_node or 1))
        wanted = self.low if self.overcommit else max((self.tasks or 0) * self.cpus_per_task, self.low * least_cpus)
        total = limits.nodes * limits.cpus
        if self.low > limits.nodes and self.low <= total:
            raise self.refused(BAD_NODE_COUNT, f"the partition has {limits.nodes} nodes")
        if least_cpus > limits.cpus:
            raise self.refused(NOT_AVAILABLE, largest, before="CPU count per node can not be satisfied")
        if wanted > total:
            raise self.refused(TOO_MANY_CPUS, f"the partition has {limits.nodes} nodes of {limits.cpus} CPUs")
        if self.low < 1:
            raise self.refused(BAD_NODE_COUNT, f"the partition has {limits.nodes} nodes")
        memory = max(self.component["mem"] or 0, self.component["mem-per-cpu"] or 0)
        if memory > limits.memory_mib:
            raise self.refused(NOT_AVAILABLE, largest, before="Memory specification can not be satisfied")
        if self.capacity() < 1 or self.gpus_each > limits.gpus:
            raise self.refused(NOT_AVAILABLE, largest)

    def check_gpus(self) -> None:
        component = self.component
        if component["cpus-per-gpu"] and component["cpus-per-task"]:
            raise RequestRefused("--cpus-per-gpu is mutually exclusive with --cpus-per-task", gres.INVALID)
        if self.gpus_per_task and not self.tasks:
            reason = "Failed to validate job spec. --gpus-per-task used without either --gpus or -n/--ntasks is not allowed."
            raise RequestRefused(reason, gres.INVALID)
        if self.gpus and self.gpus_each and self.gpus % self.gpus_each:
            raise RequestRefused("Failed to validate job spec, --gpus is not multiple of --gres=gpu/--gpus-per-node", gres.INVALID)
        if self.gpus and component["nodes"] and self.gpus < self.low:
            raise RequestRefused("Failed to validate job spec, --gpus < -N", gres.INVALID)
        others = [name for name, _, number in component["gres"] or () if name != "gpu" and number]
        if others:
            raise RequestRefused(gres.INVALID, f"  there is no {others[0]} here, only gpu")

    def check_names(self) -> None:
        """--nodelist and --exclude against the names that there are; they say nothing where nodes have no names."""
        names = self.limits.names
        wanted, unwanted = self.component["nodelist"] or (), self.component["exclude"] or ()
        if names is not None:
            known = set(names)
            unknown = [name for name in (*wanted, *unwanted) if name not in known]
            if unknown:
                raise self.refused(BAD_NODE_NAME, f"there is no node {unknown[0]}")
        if set(wanted) & set(unwanted):
            raise self.refused(BAD_NODE_NAME, "--nodelist and --exclude name the same node")

    # How much of it.

    def available_nodes(self) -> int:
        return self.limits.nodes - (len(self.component["exclude"] or ()) if self.limits.names is not None else 0)

    def capacity(self) -> int:
        """Tasks that one node can hold."""
        limits, per_cpu = self.limits, self.asked_memory()[0]
        cpus = limits.cpus if not per_cpu else min(limits.cpus, limits.memory_mib // per_cpu)
        tasks = cpus // self.cpus_per_task
        if self.overcommit:
            tasks = max(tasks, self.tasks or 1)
        if self.per_node:
            tasks = min(tasks, self.per_node) if tasks >= self.per_node else 0
        if self.component["ntasks-per-socket"]:
            tasks = min(tasks, self.component["ntasks-per-socket"] * limits.sockets)
        if self.gpus_per_task:
            tasks = min(tasks, limits.gpus // self.gpus_per_task)
        return tasks

    def gpu_capacity(self) -> int:
        """GPUs that one node can give, its memory and CPUs considered."""
        gpus = self.limits.gpus
        if self.memory_per_gpu():
            gpus = min(gpus, self.limits.memory_mib // self.memory_per_gpu())
        if self.component["cpus-per-gpu"]:
            gpus = min(gpus, self.limits.cpus // self.component["cpus-per-gpu"])
        return gpus

    def node_count(self) -> int:
        least = self.low
        if self.tasks and not (self.overcommit and not self.per_node):
            least = max(least, -(-self.tasks // self.capacity()))
        if self.gpus:
            least = max(least, -(-self.gpus // min(self.gpus_each or self.limits.gpus, self.gpu_capacity() or 1)))
        available = self.available_nodes()
        if least > min(self.high, available):
            nearest = f"it takes {least} nodes; --nodes allows {self.high}" if least > self.high else f"{available} nodes are there"
            raise self.refused(NOT_AVAILABLE, nearest)
        most = min(self.high, available)
        if self.component["nodes"] is None or self.component["use-min-nodes"]:
            return least
        return max(least, min(most, self.gpus)) if self.gpus else most

    def gpus_on_each(self, nodes: int) -> int:
        """GPUs of every node, alike: those of the busiest one."""
        limits = self.limits
        gpus = self.gpus_each
        if self.gpus:
            gpus = -(-self.gpus // nodes)
        elif self.gpus_per_task and self.tasks:
            gpus = max(gpus, max(self.fill(nodes)) * self.gpus_per_task)
        if gpus > self.gpu_capacity():
            raise self.refused(NOT_AVAILABLE, f"the largest node has {limits.gpus} GPUs")
        return limits.gpus if self.whole_nodes else gpus

    def cpus_on_each(self, nodes: int, gpus: int) -> list[int]:
        limits = self.limits
        if self.whole_nodes:
            return [limits.cpus] * nodes
        least = max(self.cpus_per_task, self.component["mincpus"] or 0)
        if self.component["cpus-per-gpu"] and gpus:
            least = max(least, gpus * self.component["cpus-per-gpu"])
        if self.overcommit:
            return [least] * nodes
        if self.per_node:
            return [max(least, self.per_node * self.cpus_per_task)] * nodes
        return [max(least, tasks * self.cpus_per_task) for tasks in self.fill(nodes)]

    def fill(self, nodes: int) -> list[int]:
        """Tasks by which CPUs are allocated: node after node takes what it can, while one is left for each of those that follow."""
        left = self.tasks or nodes
        capacity = self.capacity()
        filled = []
        for node in range(nodes):
            tasks = max(1, min(capacity, left - (nodes - node - 1)))
            left -= tasks
            filled.append(tasks)
        return filled

    def memory_on(self, cpus: int, gpus: int) -> int:
        """MiB of a node with so many CPUs and GPUs."""
        per_cpu, per_node = self.asked_memory()
        if per_node:
            return per_node
        if self.memory_per_gpu():
            return min(gpus * self.memory_per_gpu(), self.limits.memory_mib)
        if not per_cpu:
            return self.limits.memory_mib
        if per_cpu * cpus > self.limits.memory_mib:
            if self.whole_nodes:
                return self.limits.memory_mib
            raise self.refused(NOT_AVAILABLE, f"the largest node has {self.limits.memory_mib} MiB")
        return per_cpu * cpus

    def tasks_on_each(self, nodes: int, cpus: Sequence[int], tasks: int) -> list[int]:
        """The layout that SLURM_TASKS_PER_NODE tells: of srun its step's, else what the job's CPUs have room for."""
        room = [node_cpus // self.cpus_per_task for node_cpus in cpus]
        if self.program == SRUN:
            limit = self.per_node or tasks
            return count_tasks(tasks, [min(limit, max(1, node_room)) for node_room in room])
        if self.per_node:
            return [self.per_node] * nodes
        if self.tasks:
            return count_tasks(self.tasks, room)
        return room
