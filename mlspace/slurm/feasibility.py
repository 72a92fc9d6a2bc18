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
BAD_TIME = "Requested time limit is invalid (missing or exceeds some limit)"


def check(demand: Demand) -> None:
    """Raises RequestRefused with Slurm's reason, and what is nearest."""
    limits = demand.limits
    time = demand.component["time"]
    if limits.max_time is not None and "time" in demand.component and (time is None or time > limits.max_time):
        raise demand.refused(BAD_TIME, f"the partition's limit is {limits.max_time} minutes")
    check_counts(demand)
    if demand.available_nodes() < 1:
        raise demand.refused(NOT_AVAILABLE, "--exclude leaves no node")
    check_nodes(demand)
    if demand.cpus_of_node() < 1 or demand.gpus.node > demand.gpus_of_node() or (demand.gpus.any and demand.gpus_of_node() < 1):
        raise demand.refused(NOT_AVAILABLE, largest(demand))


def check_counts(demand: Demand) -> None:
    """More than the whole partition has."""
    limits = demand.limits
    wanted = demand.low if demand.overcommit else max(demand.least_cpus, demand.low * demand.least_cpus_of_node)
    if wanted > limits.nodes * limits.cpus:
        raise demand.refused(TOO_MANY_CPUS, f"the partition has {limits.nodes} nodes of {limits.cpus} CPUs")
    if not 1 <= demand.low <= min(demand.high, limits.nodes):
        raise demand.refused(BAD_NODE_COUNT, f"the partition has {limits.nodes} nodes")


def check_nodes(demand: Demand) -> None:
    """More than any one node has; Slurm says which of its resources."""
    limits, component = demand.limits, demand.component
    memory = max(component["mem"] or 0, component["mem-per-cpu"] or 0)
    shape = (limits.sockets, limits.cores_per_socket, limits.threads_per_core)
    problem = ""
    least = (component["mincpus"] or 0) if component["ntasks-per-core"] else demand.least_cpus_of_node
    if least > limits.cpus:
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
    others = [name for name, _, number in demand.component["gres"] or () if name != "gpu" and number]
    if others:
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
        here = set(names)
        foreign = [name for name in wanted if name not in here]
        if foreign:
            raise demand.refused(FOREIGN_NODES, f"{foreign[0]} belongs to another partition")
    if set(wanted) & set(unwanted):
        raise demand.refused(BAD_NODE_NAME, "--nodelist and --exclude name the same node")
