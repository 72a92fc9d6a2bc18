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
FOREIGN_NODES = "Requested nodes not in this partition"
NO_MEMORY = "Memory required by task is not available"
BAD_LEAST_TIME = "Invalid time-min specification (exceeds job's time or other limits)"
BAD_TIME = "Requested time limit is invalid (missing or exceeds some limit)"


def check(demand: Demand) -> None:
    """Raises RequestRefused with Slurm's reason, and what is nearest."""
    limits = demand.limits
    check_counts(demand)
    check_partition(demand)
    if limits.lacking is not None:
        reason, hint = limits.lacking
        raise demand.refused(reason, hint)
    if demand.available_nodes() < 1:
        raise demand.refused(NOT_AVAILABLE, "--exclude leaves no node")
    check_nodes(demand)
    if demand.cpus_of_node() < 1 or demand.gpus.node > demand.gpus_of_node() or (demand.gpus.any and demand.gpus_of_node() < 1):
        raise demand.refused(NOT_AVAILABLE, largest(demand))


def check_counts(demand: Demand) -> None:
    """More than the whole partition has."""
    limits = demand.limits
    if demand.least_cpus > limits.nodes * limits.cpus:
        raise demand.refused(TOO_MANY_CPUS, f"the partition has {limits.nodes} nodes of {limits.cpus} CPUs")
    if not 1 <= demand.low <= min(demand.high, limits.nodes):
        raise demand.refused(BAD_NODE_COUNT, f"the partition has {limits.nodes} nodes")
    most, least = limits.max_nodes, limits.min_nodes or 0
    if (demand.said_nodes or demand.low > 1) and most is not None and max(demand.component["nodes"] or [0, demand.low]) > most:
        raise demand.refused(BAD_NODE_COUNT, f"the partition lets a job have {most} nodes at most")
    if demand.said_nodes and demand.component["nodes"][1] < least:
        raise demand.refused(BAD_NODE_COUNT, f"the partition wants a job to have {least} nodes at least")


def check_partition(demand: Demand) -> None:
    """Nodes of another partition, and what the partition allows a job."""
    limits, component = demand.limits, demand.component
    here = set(limits.names or ())
    foreign = [name for name in component["nodelist"] or () if limits.names is not None and name not in here]
    if foreign:
        raise demand.refused(FOREIGN_NODES, f"{foreign[0]} belongs to another partition")
    check_time(demand)
    per_cpu, per_node = demand.asked_memory()
    memory = per_node or (per_cpu * demand.least_cpus_of_node if per_cpu else 0 if demand.gpus.memory_mib else limits.memory_mib)
    if limits.max_mem_per_node is not None and memory > limits.max_mem_per_node:
        raise demand.refused(NO_MEMORY, f"the partition lets a job have {limits.max_mem_per_node} MiB of a node")


def check_time(demand: Demand) -> None:
    """--time, --time-min and --deadline against each other and against the partition's limit. --begin plays no part here, as in Slurm."""
    component, most, left = demand.component, demand.limits.max_time, demand.limits.until_deadline
    time = component["time"]
    if most is not None and "time" in component and (time is None or time > most):
        raise demand.refused(BAD_TIME, f"the partition's limit is {most} minutes")
    if left is not None and left < 0:
        raise demand.refused(BAD_TIME, "--deadline is past")
    if "time-min" not in component:
        return
    least = component["time-min"]
    minutes_left = None if left is None else left // 60
    for limit, name in ((time, "--time"), (most, "the partition's limit"), (minutes_left, "the time to --deadline")):
        if least is None or (limit is not None and least > limit):
            hint = f"{name} is {limit} minutes" if least is not None else "--time-min needs a number of minutes"
            raise demand.refused(BAD_LEAST_TIME, hint)


def check_nodes(demand: Demand) -> None:
    """More than any one node has; Slurm says which of its resources."""
    limits, component = demand.limits, demand.component
    memory = max(component["mem"] or 0, component["mem-per-cpu"] or 0)
    shape = (limits.sockets, limits.cores_per_socket, limits.threads_per_core)
    problem = ""
    per_core = component["ntasks-per-core"]
    if demand.least_cpus_of_node > limits.cpus * (per_core * demand.cpus_per_task if per_core else 1):
        problem = "CPU count per node"
    elif memory > limits.memory_mib:
        problem = "Memory specification"
    elif (component["tmp"] or 0) > limits.tmp_mib:
        problem = "Temporary disk specification"
    elif any(wanted and wanted > there for wanted, there in zip(demand.shape, shape, strict=True)):
        problem = "Socket, core and/or thread specification"
    if problem:
        raise demand.refused(NOT_AVAILABLE, largest(demand), before=f"{problem} can not be satisfied")


def largest(demand: Demand) -> str:
    limits = demand.limits
    return f"the largest node has {limits.cpus} CPUs, {limits.memory_mib} MiB and {limits.gpus} GPUs"


def check_resources(demand: Demand) -> None:
    """Resources that are no GPUs."""
    others = gres.others(demand.component["gres"])
    if others and not demand.limits.any_gres:
        raise RequestRefused(gres.INVALID, f"  there is no {others[0]} here, only gpu")


def check_names(demand: Demand) -> None:
    """--nodelist and --exclude against the names that there are; they say nothing where nodes have no names."""
    names, everywhere = demand.limits.names, demand.limits.all_names
    wanted, unwanted = demand.component["nodelist"] or (), demand.component["exclude"] or ()
    if names is not None:
        known = set(everywhere or names)
        unknown = [name for name in (*wanted, *unwanted) if name not in known]
        if unknown:
            raise demand.refused(BAD_NODE_NAME, f"there is no node {unknown[0]}")
    if set(wanted) & set(unwanted):
        raise demand.refused(BAD_NODE_NAME, "--nodelist and --exclude name the same node")
