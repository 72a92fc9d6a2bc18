"""What stands on one line of sinfo: the nodes that agree in whatever the line shows. Source: sinfo(1) --exact; sinfo 22.05."""

from __future__ import annotations

from mlspace.slurm import nodestate
from mlspace.slurm.hostlist import fold_sorted_hosts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from typing import Any

    from mlspace.cluster.cluster import Cluster, Node, Partition
    from mlspace.slurm.occupation import Occupation, Taken

NONE = "(null)"


def gres(node: Node) -> str:
    """As slurm.conf's Gres= says it: "gpu:4", "gpu:a100:8", "(null)"."""
    kind = f"{node.gpu_type}:" if node.gpu_type else ""
    return f"gpu:{kind}{node.gpus}" if node.gpus else NONE


def gres_used(node: Node, taken: Taken) -> str:
    kind = f"{node.gpu_type}:" if node.gpu_type else ""
    return f"gpu:{kind}{taken.gpus}" if node.gpus else NONE


class Group:
    """Nodes of a partition on one line; none where the line says that the partition has none to show.

    machine: what the host behind the nodes tells, by scontrol's keys (Session.machine).
    """

    __slots__ = ("machine", "nodes", "number", "occupation", "partition")

    def __init__(self, partition: Partition, number: int, occupation: Occupation, machine: Mapping[str, str]) -> None:
        self.partition = partition
        self.number = number
        self.occupation = occupation
        self.machine = machine
        self.nodes: list[Node] = []

    def taken(self, node: Node) -> Taken:
        return self.occupation[node.name]

    def state_of(self, node: Node) -> str:
        return self.taken(node).node_state(node.cpus)

    @property
    def state(self) -> str:
        """Of the first node, as of all where the line shows it; "" without nodes."""
        return self.state_of(self.nodes[0]) if self.nodes else ""

    def span(self, number: Callable[[Node], int]) -> str:
        """One number, or the least and a + where the nodes differ."""
        numbers = {number(node) for node in self.nodes} or {0}
        return str(min(numbers)) + "+" * (len(numbers) > 1)

    def first(self, text: Callable[[Node], str], missing: str) -> str:
        return text(self.nodes[0]) if self.nodes else missing

    def count(self, *states: str) -> int:
        return sum(self.state_of(node) in states for node in self.nodes)

    @property
    def allocated(self) -> int:
        """Nodes with a job."""
        return self.count(nodestate.ALLOCATED, nodestate.MIXED)

    def nodes_by_state(self) -> str:
        """Allocated/idle/other/total."""
        return f"{self.allocated}/{self.count(nodestate.IDLE)}/0/{len(self.nodes)}"

    def cpus_by_state(self) -> str:
        taken = sum(min(node.cpus, self.taken(node).cpus) for node in self.nodes)
        total = sum(node.cpus for node in self.nodes)
        return f"{taken}/{total - taken}/0/{total}"

    def names(self) -> str:
        return fold_sorted_hosts(node.name for node in self.nodes)


KEPT_APART: dict[str, Callable[[Group, Node], Any]] = {
    "partition": lambda group, node: group.number,
    "time": lambda group, node: group.partition.max_time,
    "state": lambda group, node: group.state_of(node),
    "gres": lambda group, node: gres(node),
    "gresused": lambda group, node: group.taken(node).gpus,
    "allocmem": lambda group, node: group.taken(node).memory_mib,
    "node": lambda group, node: node.name,
    "cpus": lambda group, node: node.cpus,
    "memory": lambda group, node: node.memory_mib,
    "kind": lambda group, node: node.kind,
}
"""What keeps nodes apart, by the names that the fields give it. What is the same for all nodes and partitions here needs no row."""

ONLY_EXACT = ("cpus", "memory")
"""Those that count with --exact alone."""

SHOW_KINDS = ("state", "gres", "node")
"""Where one of these is kept apart, so are instance types: what is free of one may be the same hardware as what is free of another."""


def gather(
    cluster: Cluster,
    occupation: Occupation,
    machine: Mapping[str, str],
    is_shown: Callable[[Node, str], bool],
    *,
    partitions: Collection[str] | None,
    apart: Iterable[str],
    by_node: bool,
) -> list[Group]:
    """The groups, in the cluster's order.

    is_shown: whether a node in that state is. partitions: names of those to show, None for all. apart: keys of KEPT_APART.
    by_node: each node of each partition stands alone, and a partition without nodes nowhere.
    """
    names = list(apart)
    keys = [KEPT_APART[name] for name in (*names, *(["kind"] if set(SHOW_KINDS) & set(names) else []))]
    by_partition = KEPT_APART["partition"] in keys
    by_name = {node.name: node for node in cluster.nodes}
    groups: dict[tuple[Any, ...], Group] = {}
    members: dict[tuple[Any, ...], dict[str, Node]] = {}
    for number, partition in enumerate(cluster.partitions):
        if partitions is not None and partition.name not in partitions:
            continue
        candidate, is_empty = Group(partition, number, occupation, machine), True
        for name in partition.nodes or ():
            node = by_name[name]
            if not is_shown(node, candidate.state_of(node)):
                continue
            is_empty = False
            key = (number, name) if by_node else tuple(value(candidate, node) for value in keys)
            if key not in groups:
                groups[key] = Group(partition, number, occupation, machine)
            members.setdefault(key, {})[name] = node
        if is_empty and by_partition and not by_node:
            groups[number, ""] = candidate
    for key, nodes in members.items():
        groups[key].nodes = list(nodes.values())
    return list(groups.values())
