"""sinfo's fields: letters and names, headers, and how a group of a partition's nodes shows each. Source: sinfo(1); sinfo 22.05."""

from __future__ import annotations

from mlspace.render.format import Field
from mlspace.render.nodegroup import NONE, Group, gres, gres_used
from mlspace.slurm import duration, nodestate
from mlspace.slurm.help import RELEASE
from mlspace.slurm.hostlist import order

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlspace.render.format import Column

# `{partition}` and `{node}` are as wide as the longest name, and at least NAME_WIDTH.
DEFAULT = "%{partition}P %.5a %.10l %.6D %.6t %N"
LONG = "%{partition}P %.5a %.10l %.10s %.4r %.8h %.10g %.6D %.11T %N"
BY_NODE = "%{node}N %.6D %.{partition}P %6t"
BY_NODE_LONG = "%{node}N %.6D %.{partition}P %.11T %4c %.8z %.6m %.8d %.6w %.8f %20E"
SUMMARY = "%{partition}P %.5a %.10l %.16F %N"
REASONS = "%20E %9u %19H %N"
REASONS_LONG = "%20E %12U %19H %6t %N"

NAME_WIDTH = 9

SORT = "#P,-t"
SORT_BY_NODE = "N"

EMPTY = "n/a"


def limit(group: Group) -> str:
    minutes = group.partition.max_time
    return "infinite" if minutes is None else duration.format_limit(minutes)


def geometry(group: Group) -> str:
    parts = (lambda node: node.sockets, lambda node: node.cores_per_socket, lambda node: node.threads_per_core)
    return ":".join(group.span(part) for part in parts)


def used(group: Group) -> str:
    return group.first(lambda node: gres_used(node, group.taken(node)), EMPTY)


def memory_taken(group: Group) -> str:
    return str(group.taken(group.nodes[0]).memory_mib) if group.nodes else "0"


def machine(key: str) -> Field:
    """What the host behind the nodes tells; N/A where the nodes are elsewhere."""
    header = {"CPULoad": "CPU_LOAD", "FreeMem": "FREE_MEM"}[key]
    return Field(header, lambda group: group.machine.get(key, "N/A") if group.nodes else EMPTY)


def same(header: str, text: str) -> Field:
    """A field that is the same for all nodes here."""
    return Field(header, lambda group: text)


def job_size(group: Group) -> str:
    """Nodes that the partition lets a job have."""
    partition = group.partition
    return f"{partition.min_nodes or 1}-{partition.max_nodes or 'infinite'}"


def number(header: str, count: str) -> Field:
    """A number of each node, an attribute of it."""
    return Field(header, lambda group: group.span(lambda node: getattr(node, count)), lambda group: least(group, count))


def least(group: Group, count: str) -> int:
    return min((int(getattr(node, count)) for node in group.nodes), default=0)


def names(header: str) -> Field:
    return Field(header, Group.names, first_name, cut_header=False)


def first_name(group: Group) -> object:
    return order(group.nodes[0].name) if group.nodes else ([], 0, 0)


def state_number(group: Group) -> int:
    return nodestate.NUMBER[group.state]


FIELDS = {
    "a": same("AVAIL", "up"),
    "A": Field("NODES(A/I)", lambda group: f"{group.allocated}/{group.count(nodestate.IDLE)}", lambda group: group.allocated),
    "b": same("ACTIVE_FEATURES", NONE),
    "B": same("MAX_CPUS_PER_NODE", "UNLIMITED"),
    "c": number("CPUS", "cpus"),
    "C": Field("CPUS(A/I/O/T)", Group.cpus_by_state, lambda group: 0),
    "d": same("TMP_DISK", "0"),
    "D": Field("NODES", lambda group: str(len(group.nodes)), lambda group: len(group.nodes)),
    "e": machine("FreeMem"),
    "E": same("REASON", "none"),
    "f": same("AVAIL_FEATURES", NONE),
    "F": Field("NODES(A/I/O/T)", Group.nodes_by_state, lambda group: group.allocated),
    "g": same("GROUPS", "all"),
    "G": Field("GRES", lambda group: group.first(gres, EMPTY)),
    "h": same("OVERSUBSCRIBE", "NO"),
    "H": same("TIMESTAMP", "Unknown"),
    "I": same("PRIO_JOB_FACTOR", "1"),
    "l": Field("TIMELIMIT", limit, lambda group: group.partition.max_time or duration.LONGEST_SECONDS),
    "L": same("DEFAULTTIME", "n/a"),
    "m": number("MEMORY", "memory_mib"),
    "M": same("PREEMPT_MODE", "OFF"),
    "n": names("HOSTNAMES"),
    "N": names("NODELIST"),
    "o": names("NODE_ADDR"),
    "O": machine("CPULoad"),
    "p": same("PRIO_TIER", "1"),
    "P": Field("PARTITION", lambda group: group.partition.name + "*" * group.partition.default, lambda group: group.partition.name),
    "r": same("ROOT", "no"),
    "R": Field("PARTITION", lambda group: group.partition.name),
    "s": Field("JOB_SIZE", job_size),
    "S": same("ALLOCNODES", "all"),
    "t": Field("STATE", lambda group: nodestate.SHORT.get(group.state, EMPTY), state_number),
    "T": Field("STATE", lambda group: group.state.lower() or EMPTY, state_number),
    "u": same("USER", "Unknown"),
    "U": same("USER", "Unknown"),
    "v": same("VERSION", RELEASE),
    "V": same("CLUSTER", "N/A"),
    "w": same("WEIGHT", "1"),
    "X": number("SOCKETS", "sockets"),
    "Y": number("CORES", "cores_per_socket"),
    "z": Field("S:C:T", geometry),
    "Z": number("THREADS", "threads_per_core"),
}
"""By the letters of --format."""

NAMED = """
allocnodes S, available a, cluster V, cores Y, cpus c, cpusload O, cpusstate C, defaulttime L, disk d, features f, features_act b,
freemem e, gres G, groups g, maxcpuspernode B, memory m, nodeaddr o, nodeai A, nodeaiot F, nodehost n, nodelist N, nodes D,
oversubscribe h, partition P, partitionname R, preemptmode M, priorityjobfactor I, prioritytier p, reason E, root r, share h, size s,
socketcorethread z, sockets X, statecompact t, statelong T, threads Z, time l, timestamp H, user u, userlong U, version v, weight w
"""
LONG_FIELDS = {name: FIELDS[letter] for name, letter in (pair.split() for pair in NAMED.split(","))}
"""By the names of --Format, in small letters."""

LONG_FIELDS |= {
    "allocmem": Field("ALLOCMEM", memory_taken),
    "comment": same("COMMENT", NONE),
    "extra": same("EXTRA", NONE),
    "gresused": Field("GRES_USED", used),
    "port": same("PORT", "0"),  # no daemon of ours listens on a node
    "statecomplete": Field("STATECOMPLETE", lambda group: group.state.lower() or EMPTY, state_number),
}

APART = {
    **dict.fromkeys(("partition", "partitionname"), "partition"),
    **dict.fromkeys(("statecompact", "statelong", "statecomplete"), "state"),
    **dict.fromkeys(("nodehost", "nodeaddr"), "node"),
    **dict.fromkeys(("cpus", "cpusstate"), "cpus"),
    **{name: name for name in ("time", "gres", "gresused", "allocmem", "memory")},
}
"""Name of a field -> what it keeps apart (nodegroup.KEPT_APART)."""

ALL = "|".join(f"%{letter}" for letter in sorted(FIELDS) if letter.islower()) + "|"
ALL += " |".join(f"%{letter}" for letter in sorted(FIELDS) if letter.isupper()) + " "
"""What `%all` stands for."""


def kept_apart(columns: Iterable[Column]) -> list[str]:
    """What these columns keep apart."""
    shown = {id(column.field) for column in columns}
    return list(dict.fromkeys(part for name, part in APART.items() if id(LONG_FIELDS[name]) in shown))


def sort(groups: list[Group], text: str) -> None:
    """Sorts in place by letters with an optional + or -, the first one weighing most. Slurm passes over what is no letter of a field.

    #P is the order of the configuration, which the groups are in before they are sorted; it takes no -.
    """
    for position in range(len(text) - 1, -1, -1):
        field, before = FIELDS.get(text[position]), text[position - 1 : position]
        if text[position] == "P" and before == "#":
            groups.sort(key=lambda group: group.number)
        elif field is not None:
            groups.sort(key=field.order, reverse=before == "-")
