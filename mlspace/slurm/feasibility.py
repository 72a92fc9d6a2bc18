"""Whether a request is possible at all: Slurm's checks at submission, in its order and words."""

from __future__ import annotations

from mlspace.errors import RequestRefused
from mlspace.slurm import gres

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlspace.slurm.demand import Demand

BAD_NODE_COUNT = "Node count specification invalid"
TOO_MANY_CPUS = "More processors requested than permitted"
NOT_AVAILABLE = "Requested node configuration is not available"
BAD_NODE_NAME = "Invalid node name specified"
BAD_TIME = "Requested time limit is invalid (missing or exceeds some limit)"


def check(demand: Demand) -> None:
    """Raises RequestRefused with Slurm's reason, and what is nearest."""
    limits = demand.limits
    largest = f"the largest node has {limits.cpus} CPUs, {limits.memory_mib} MiB and {limits.gpus} GPUs"
    check_gpus(demand)
    check_names(demand)
    time = demand.component["time"]
    if limits.max_time is not None and "time" in demand.component and (time is None or time > limits.max_time):
        raise demand.refused(BAD_TIME, f"the partition's limit is {limits.max_time} minutes")
    least_cpus = max(1, demand.component["mincpus"] or 0, demand.cpus_per_task * (1 if demand.overcommit else demand.per_node or 1))
    wanted = demand.low if demand.overcommit else max((demand.tasks or 0) * demand.cpus_per_task, demand.low * least_cpus)
    total = limits.nodes * limits.cpus
    if wanted > total:
        raise demand.refused(TOO_MANY_CPUS, f"the partition has {limits.nodes} nodes of {limits.cpus} CPUs")
    if demand.low > limits.nodes:
        raise demand.refused(BAD_NODE_COUNT, f"the partition has {limits.nodes} nodes")
    if least_cpus > limits.cpus:
        raise demand.refused(NOT_AVAILABLE, largest, before="CPU count per node can not be satisfied")
    if demand.low < 1:
        raise demand.refused(BAD_NODE_COUNT, f"the partition has {limits.nodes} nodes")
    memory = max(demand.component["mem"] or 0, demand.component["mem-per-cpu"] or 0)
    if memory > limits.memory_mib:
        raise demand.refused(NOT_AVAILABLE, largest, before="Memory specification can not be satisfied")
    wants_gpus = demand.gpus or demand.gpus_per_task
    if demand.capacity() < 1 or demand.gpus_each > limits.gpus or (wants_gpus and demand.gpu_capacity() < 1):
        raise demand.refused(NOT_AVAILABLE, largest)


def check_gpus(demand: Demand) -> None:
    """GPU options that contradict each other, and resources that are no GPUs."""
    component = demand.component
    if component["cpus-per-gpu"] and component["cpus-per-task"]:
        raise RequestRefused("--cpus-per-gpu is mutually exclusive with --cpus-per-task", gres.INVALID)
    if demand.gpus_per_task and not demand.tasks:
        reason = "Failed to validate job spec. --gpus-per-task used without either --gpus or -n/--ntasks is not allowed."
        raise RequestRefused(reason, gres.INVALID)
    if demand.gpus and demand.gpus_each and demand.gpus % demand.gpus_each:
        raise RequestRefused("Failed to validate job spec, --gpus is not multiple of --gres=gpu/--gpus-per-node", gres.INVALID)
    if demand.gpus and component["nodes"] and demand.gpus < demand.low:
        raise RequestRefused("Failed to validate job spec, --gpus < -N", gres.INVALID)
    others = [name for name, _, number in component["gres"] or () if name != "gpu" and number]
    if others:
        raise RequestRefused(gres.INVALID, f"  there is no {others[0]} here, only gpu")


def check_names(demand: Demand) -> None:
    """--nodelist and --exclude against the names that there are; they say nothing where nodes have no names."""
    names = demand.limits.names
    wanted, unwanted = demand.component["nodelist"] or (), demand.component["exclude"] or ()
    if names is not None:
        known = set(names)
        unknown = [name for name in (*wanted, *unwanted) if name not in known]
        if unknown:
            raise demand.refused(BAD_NODE_NAME, f"there is no node {unknown[0]}")
    if set(wanted) & set(unwanted):
        raise demand.refused(BAD_NODE_NAME, "--nodelist and --exclude name the same node")
