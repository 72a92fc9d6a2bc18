"""What a component asks for, worked out against what the partition's nodes are like: the first half of geometry.decide."""

from __future__ import annotations

from mlspace.errors import RequestRefused
from mlspace.slurm import gres

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
}
"""How each command says that there is no job; the reason follows."""


class Demand:
    """tasks: -n, or what GPUs make of it, None where nothing says. low, high: least and most nodes. per_node: --ntasks-per-node.

    gpus, gpus_each, gpus_per_task: GPUs of the whole job, of each node, of each task; 0 where nothing is said.
    """

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

    def refused(self, reason: str, *nearest: str, before: str = "") -> RequestRefused:
        lines = [before] if before else []
        lines.append(FAILED.get(self.program, "") + reason)
        return RequestRefused(*lines, *(f"  {line}" for line in nearest), reason=reason)
