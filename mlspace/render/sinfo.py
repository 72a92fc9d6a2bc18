"""sinfo's fields: letter, header, and how a group of a partition's nodes shows it. Source: sinfo(1) --format; sinfo 22.05."""

from __future__ import annotations

from mlspace.render.format import Field
from mlspace.slurm import duration
from mlspace.slurm.hostlist import fold_sorted_hosts
from mlspace.slurm.occupation import ALLOCATED, IDLE, MIXED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlspace.cluster import Node, Partition
    from mlspace.slurm.occupation import Occupation

# `{partition}` and `{node}` are as wide as the longest name, and at least NAME_WIDTH.
DEFAULT = "%{partition}P %.5a %.10l %.6D %.6t %N"
LONG = "%{partition}P %.5a %.10l %.10s %.4r %.8h %.10g %.6D %.11T %N"
BY_NODE = "%{node}N %.6D %.{partition}P %6t"
BY_NODE_LONG = "%{node}N %.6D %.{partition}P %.11T %4c %.8z %.6m %.8d %.6w %.8f %20E"
SUMMARY = "%{partition}P %.5a %.10l %.16F %N"
REASONS = "%20E %9u %19H %N"

NAME_WIDTH = 9

SHORT = {MIXED: "mix", ALLOCATED: "alloc", IDLE: "idle"}
"""States in the order in which sinfo shows them, with their short names."""

OF_PARTITION = "aBghIlLMpPrRsS"
OF_STATE = "tT"
OF_GRES = "G"
OF_HOST = "no"
"""Fields by whose values nodes are kept apart: those that agree in all fields of a format stand on one line."""

EMPTY = "n/a"
NONE = "(null)"


class Group:
    """Nodes of a partition that stand on one line: their state, or "" where the line is of all states, or there is no node."""

    __slots__ = ("nodes", "occupation", "partition", "state", "version")

    def __init__(self, partition: Partition, nodes: Sequence[Node], state: str, occupation: Occupation, version: str) -> None:
        self.partition = partition
        self.nodes = nodes
        self.state = state
        self.occupation = occupation
        self.version = version

    @property
    def name(self) -> str:
        return self.partition.name + "*" * self.partition.default

    def span(self, number: Callable[[Node], int]) -> str:
        """One number, or the least and a + where the nodes differ."""
        numbers = {number(node) for node in self.nodes} or {0}
        return str(min(numbers)) + "+" * (len(numbers) > 1)

    def count(self, *states: str) -> int:
        return sum(self.occupation[node.name].node_state(node.cpus) in states for node in self.nodes)

    def nodes_by_state(self) -> str:
        """Allocated/idle/other/total."""
        return f"{self.count(ALLOCATED, MIXED)}/{self.count(IDLE)}/0/{len(self.nodes)}"

    def cpus_by_state(self) -> str:
        taken = sum(min(node.cpus, self.occupation[node.name].cpus) for node in self.nodes)
        total = sum(node.cpus for node in self.nodes)
        return f"{taken}/{total - taken}/0/{total}"

    def names(self) -> str:
        return fold_sorted_hosts(node.name for node in self.nodes)


def gres(node: Node) -> str:
    """As slurm.conf's Gres= says it: "gpu:4", "gpu:a100:8", "(null)"."""
    kind = f"{node.gpu_type}:" if node.gpu_type else ""
    return f"gpu:{kind}{node.gpus}" if node.gpus else NONE


def all_gres(group: Group) -> str:
    return ",".join(dict.fromkeys(gres(node) for node in group.nodes)) or EMPTY


def limit(group: Group) -> str:
    minutes = group.partition.max_time
    return "infinite" if minutes is None else duration.format_limit(minutes)


def state_order(group: Group) -> int:
    return list(SHORT).index(group.state) * -1 if group.state else 1


FIELDS = {
    "a": Field("AVAIL", lambda group: "up"),
    "A": Field("NODES(A/I)", lambda group: f"{group.count(ALLOCATED, MIXED)}/{group.count(IDLE)}"),
    "b": Field("ACTIVE_FEATURES", lambda group: NONE),
    "B": Field("MAX_CPUS_PER_NODE", lambda group: "UNLIMITED"),
    "c": Field("CPUS", lambda group: group.span(lambda node: node.cpus)),
    "C": Field("CPUS(A/I/O/T)", lambda group: group.cpus_by_state()),
    "d": Field("TMP_DISK", lambda group: "0"),
    "D": Field("NODES", lambda group: str(len(group.nodes)), lambda group: len(group.nodes)),
    "e": Field("FREE_MEM", lambda group: "N/A"),
    "E": Field("REASON", lambda group: "none"),
    "f": Field("AVAIL_FEATURES", lambda group: NONE),
    "F": Field("NODES(A/I/O/T)", lambda group: group.nodes_by_state()),
    "g": Field("GROUPS", lambda group: "all"),
    "G": Field("GRES", all_gres),
    "h": Field("OVERSUBSCRIBE", lambda group: "NO"),
    "H": Field("TIMESTAMP", lambda group: "Unknown"),
    "I": Field("PRIO_JOB_FACTOR", lambda group: "1"),
    "l": Field("TIMELIMIT", limit, lambda group: group.partition.max_time or duration.LONGEST_SECONDS),
    "L": Field("DEFAULTTIME", lambda group: "n/a"),
    "m": Field("MEMORY", lambda group: group.span(lambda node: node.memory_mib)),
    "M": Field("PREEMPT_MODE", lambda group: "OFF"),
    "n": Field("HOSTNAMES", lambda group: group.names(), cut_header=False),
    "N": Field("NODELIST", lambda group: group.names(), cut_header=False),
    "o": Field("NODE_ADDR", lambda group: group.names(), cut_header=False),
    "O": Field("CPU_LOAD", lambda group: "N/A"),
    "p": Field("PRIO_TIER", lambda group: "1"),
    "P": Field("PARTITION", lambda group: group.name),
    "r": Field("ROOT", lambda group: "no"),
    "R": Field("PARTITION", lambda group: group.partition.name),
    "s": Field("JOB_SIZE", lambda group: "1-infinite"),
    "S": Field("ALLOCNODES", lambda group: "all"),
    "t": Field("STATE", lambda group: SHORT.get(group.state, EMPTY), state_order),
    "T": Field("STATE", lambda group: group.state.lower() or EMPTY, state_order),
    "u": Field("USER", lambda group: "Unknown"),
    "U": Field("USER", lambda group: "Unknown"),
    "v": Field("VERSION", lambda group: group.version),
    "V": Field("CLUSTER", lambda group: "N/A"),
    "w": Field("WEIGHT", lambda group: "1"),
    "X": Field("SOCKETS", lambda group: group.span(lambda node: node.sockets)),
    "Y": Field("CORES", lambda group: group.span(lambda node: node.cores_per_socket)),
    "z": Field(
        "S:C:T",
        lambda group: ":".join(
            group.span(part) for part in (lambda node: node.sockets, lambda node: node.cores_per_socket, lambda node: node.threads_per_core)
        ),
    ),
    "Z": Field("THREADS", lambda group: group.span(lambda node: node.threads_per_core)),
}
