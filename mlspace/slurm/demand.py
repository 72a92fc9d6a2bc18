"""What a component asks for, worked out against what the partition's nodes are like: the first half of geometry.decide."""

from __future__ import annotations

from mlspace.errors import RequestRefused
from mlspace.slurm import gpus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlspace.slurm.allocation import Limits
    from mlspace.slurm.request import Component

UNLIMITED_NODES = 2**31 - 1

FAILED = {
    "sbatch": "Batch job submission failed: ",
    "srun": "Unable to allocate resources: ",
    "salloc": "Job submit/allocate failed: ",
    "mlspace": "the job was not submitted: ",
    "mpirun": "the job was not submitted: ",
}
"""How each command says that there is no job; the reason follows."""

SHAPE_OPTIONS = ("sockets-per-node", "cores-per-socket", "threads-per-core")

PLANE = "plane="


class Demand:
    """What is asked for, in Slurm's order of thought: first as the command reads it, then as its controller completes it.

    ntasks: the number of tasks as it was said, by -n or by what stands for it; None where nothing says. tasks: the same, or what follows
    from GPUs and nodes. low, high: least and most nodes; said_nodes: they were said; exact_nodes: and are one number.
    tasks_of_node: tasks of each node (--ntasks-per-node, or what GPUs make of it). most_tasks_of_node: at most so many.
    shape: sockets, cores of each, threads of each that a node must have; None where nothing says.
    """

    def __init__(self, component: Component, limits: Limits, program: str) -> None:
        gpus.refuse_contradictions(program, component)
        self.component = component
        self.limits = limits
        self.program = program
        self.warnings: list[str] = []
        self.gpus = gpus.GpuWish(component)
        self.cpus_per_task: int = component["cpus-per-task"] or 1
        self.overcommit = bool(component["overcommit"])
        self.whole_nodes = component["exclusive"] is True
        self.shape = wanted_shape(component)
        self.tasks_of_node: int | None = component["ntasks-per-node"]
        self.most_tasks_of_node: int | None = None
        self.low, self.high = self.node_range()
        self.said_nodes = component["nodes"] is not None
        self.exact_nodes = self.said_nodes and self.low == self.high
        self.ntasks = self.said_tasks()
        self.keep_to_tasks()
        self.tasks = self.ntasks or (self.low if self.exact_nodes and not component["cpus-per-task"] else None)

    def settle(self) -> None:
        """What the controller makes of it. Raises RequestRefused, as do the other methods, with Slurm's words."""
        self.check_planes()
        gpus.settle(self)
        if not self.said_nodes:
            self.low = max(self.low, self.limits.min_nodes or 0)
        most = self.ntasks or self.low * (self.component["ntasks-per-node"] or 0)
        if most:
            self.high = max(self.low, min(self.high, most))
        if self.component["contiguous"]:
            self.low = max(self.low, self.span())

    def span(self) -> int:
        """From the first node of --nodelist to the last one; 0 where it says nothing, or nodes have no names."""
        names = self.limits.names or []
        places = [names.index(name) for name in self.component["nodelist"] or () if name in names]
        return max(places) - min(places) + 1 if places else 0

    def node_range(self) -> tuple[int, int]:
        """Least and most nodes; --nodelist is at least as many as it names."""
        listed = len(self.component["nodelist"] or ())
        low, high = self.component["nodes"] or (max(1, listed), UNLIMITED_NODES)
        if listed > high:
            raise RequestRefused(f"invalid number of nodes (-N {listed}-{high})", "  --nodelist names more nodes than --nodes allows")
        return max(low, listed), high

    def said_tasks(self) -> int | None:
        """-n; else --ntasks-per-node on each node; else one for each socket, core or thread asked for, where nodes are counted, too."""
        component = self.component
        if component["ntasks"] is not None:
            return int(component["ntasks"])
        if self.high not in (self.low, UNLIMITED_NODES):
            return None
        nodes = max(1, self.low)
        if self.tasks_of_node:
            return nodes * self.tasks_of_node
        if any(self.shape) and (component["nodelist"] or self.said_nodes or "extra-node-info" in component):
            for number in self.shape:
                nodes *= number or 1
            return nodes
        return None

    def keep_to_tasks(self) -> None:
        """No more nodes than tasks."""
        asked = self.component["ntasks"]
        if asked and asked < self.low:
            self.warnings.append(f"Warning: can't run {asked} processes on {self.low} nodes, setting nnodes to {asked}")
            self.low = self.high = asked

    def check_planes(self) -> None:
        """--distribution=plane=N wants tasks enough that every node gets some."""
        spread = self.component["distribution"] or ""
        if not spread.startswith(PLANE):
            return
        size = int(spread[len(PLANE) :].partition(":")[0])
        tasks = self.ntasks or (self.low if self.exact_nodes else 1)
        if self.low > 1 and (self.low - 1) * size >= tasks:
            raise RequestRefused("Too few processes for the requested {plane,node} distribution")

    @property
    def least_cpus(self) -> int:
        """CPUs that the whole job needs."""
        if self.overcommit:
            return self.low
        return max((self.tasks or (self.low if self.exact_nodes else 1)) * self.cpus_per_task, self.low)

    @property
    def least_cpus_of_node(self) -> int:
        """CPUs that each node must give."""
        tasks = 1 if self.overcommit else self.tasks_of_node or 1
        return max(1, self.component["mincpus"] or 0, self.cpus_per_task * tasks)

    def asked_memory(self) -> tuple[int | None, int | None]:
        """MiB per CPU and per node as asked for, or by default; None, None for all of the node and for memory per GPU."""
        asked = self.component["mem"]
        if asked is not None:
            return None, asked or None
        if self.gpus.memory_mib:
            return None, None
        per_cpu = self.component["mem-per-cpu"]
        return (self.limits.def_mem_per_cpu if per_cpu is None else per_cpu) or None, None

    def available_nodes(self) -> int:
        """Nodes that --exclude leaves; with --contiguous, in one run of them."""
        names, unwanted = self.limits.names, set(self.component["exclude"] or ())
        if names is None:
            return self.limits.nodes
        if not self.component["contiguous"]:
            return sum(name not in unwanted for name in names)
        runs = [0]
        for name in names:
            runs = [*runs, 0] if name in unwanted else [*runs[:-1], runs[-1] + 1]
        return max(runs)

    def cpus_of_node(self) -> int:
        """CPUs of a node that the request can use, within its memory, sockets and GPUs; 0 where it cannot have what the request wants.

        They fill whole tasks, unless memory is asked for by the node and no GPU: Slurm then lets the last task of a node have fewer.
        """
        limits, component, per_task = self.limits, self.component, self.cpus_per_task
        per_cpu = self.asked_memory()[0]
        cpus = limits.cpus if not per_cpu else min(limits.cpus, self.memory_of_node() // per_cpu)
        if self.whole_nodes and (cpus < limits.cpus or limits.gpus * self.gpus.cpus > limits.cpus):
            return 0
        per_core, per_socket = component["ntasks-per-core"] or 0, component["ntasks-per-socket"] or 0
        tasks = cpus // per_task
        if max(per_task * per_core, self.least_cpus_of_node) > limits.cpus or per_socket > min(tasks, limits.cores_per_socket):
            return 0
        if per_socket:
            tasks = min(tasks, per_socket * limits.sockets)
        if self.gpus.task:
            tasks = min(tasks, self.gpus_of_node() // self.gpus.task)
        if max(self.tasks_of_node or 0, self.most_tasks_of_node or 0, 1) > tasks or tasks * per_task < self.gpus.cpus:
            return 0
        most = self.most_tasks_of_node or (None if self.overcommit else self.tasks_of_node)
        if most or per_socket or per_cpu or self.gpus.any:
            cpus = min(tasks, most or tasks) * per_task
        return cpus

    def memory_of_node(self) -> int:
        """MiB of a node that a job may have."""
        limits = self.limits
        return limits.memory_mib if limits.max_mem_per_node is None else min(limits.memory_mib, limits.max_mem_per_node)

    def gpus_of_node(self) -> int:
        """GPUs that one node can give, its memory and CPUs considered."""
        number = self.limits.gpus
        if self.gpus.memory_mib:
            number = min(number, self.memory_of_node() // self.gpus.memory_mib)
        if self.gpus.cpus:
            number = min(number, self.limits.cpus // self.gpus.cpus)
        return number

    def refused(self, reason: str, *nearest: str, before: str = "") -> RequestRefused:
        lines = [before] if before else []
        lines.append(FAILED.get(self.program, "") + reason)
        return RequestRefused(*lines, *(f"  {line}" for line in nearest), reason=reason)


def wanted_shape(component: Component) -> list[int | None]:
    """Sockets of a node, cores of a socket, threads of a core: of --extra-node-info and the options for one of them, the last said."""
    shape: list[int | None] = [None, None, None]
    for option, value in component.values.items():
        if option == "extra-node-info":
            shape = list(value)
        elif option in SHAPE_OPTIONS:
            shape[SHAPE_OPTIONS.index(option)] = value
    return shape
