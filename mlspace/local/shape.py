"""Shape: what the embedded cluster consists of. From the environment, from this machine, or from a file."""

from __future__ import annotations

import os

from mlspace.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

REGIONS = ("DGX2-MT", "A100-MT", "SR003", "SR004", "SR005", "SR006", "SR008")
"""The vendor's OpenAPI 2.8.1, ModelTrainingRegion."""

DEFAULT_REGION = "SR006"
DEFAULT_NODES = 4
MOST_NODES = 16_000
"""127.0.1.1 and up, 250 addresses a /24: more than anyone has asked for, and still one /18 of loopback."""

VARIABLES = {
    "MLSPACE_LOCAL_NODES": "nodes",
    "MLSPACE_LOCAL_CPUS": "cpus",
    "MLSPACE_LOCAL_SOCKETS": "sockets",
    "MLSPACE_LOCAL_MEMORY": "memory_mib",
    "MLSPACE_LOCAL_MEMPERCPU": "def_mem_per_cpu_mib",
    "MLSPACE_LOCAL_GPUS": "gpus",
    "MLSPACE_LOCAL_PARTITIONS": "partitions",
}
"""Environment variable -> field of Shape that it decides."""


class ShapePartition:
    """A partition: first and last node number (from 1), whether it is the default, its time limit in minutes or None."""

    __slots__ = ("default", "first", "last", "max_time_minutes", "name")

    def __init__(self, name: str, first: int, last: int, default: bool, max_time_minutes: int | None) -> None:
        self.name = name
        self.first = first
        self.last = last
        self.default = default
        self.max_time_minutes = max_time_minutes

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


class Shape:
    """`nodes` equal nodes n1..nN: cpus, sockets, memory_mib and gpus (of gpu_type, "" for any) of each; partitions; the region served."""

    __slots__ = ("cpus", "def_mem_per_cpu_mib", "gpu_type", "gpus", "memory_mib", "nodes", "partitions", "region", "sockets")

    def __init__(
        self,
        *,
        nodes: int,
        cpus: int,
        memory_mib: int,
        sockets: int = 1,
        gpus: int = 0,
        gpu_type: str = "",
        partitions: Sequence[ShapePartition] = (),
        def_mem_per_cpu_mib: int | None = None,
        region: str = DEFAULT_REGION,
    ) -> None:
        self.nodes = nodes
        self.cpus = cpus
        self.memory_mib = memory_mib
        self.sockets = sockets
        self.gpus = gpus
        self.gpu_type = gpu_type
        self.partitions = list(partitions) or [ShapePartition("debug", 1, nodes, True, None)]
        self.def_mem_per_cpu_mib = max(1, memory_mib // cpus) if def_mem_per_cpu_mib is None else def_mem_per_cpu_mib
        self.region = region

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Shape:
        """The shape that the MLSPACE_LOCAL_* variables describe; what they do not say is this machine's.

        NODES, CPUS, SOCKETS, MEMORY (MiB) and MEMPERCPU (MiB) are counts; GPUS is a count or `type:count` (`a100:4`).
        PARTITIONS is a list `name=nodes[:minutes]` with commas between, nodes being ALL, `3` or `1-4`, and `*` after the name or
        the nodes marking the default one (else the first is): `debug=ALL*,long=1-2:1440`.
        Raises ConfigError naming the variable, its value and what would work.
        """
        nodes = count(environment, "MLSPACE_LOCAL_NODES", DEFAULT_NODES, 1, MOST_NODES)
        cpus = count(environment, "MLSPACE_LOCAL_CPUS", None, 1, 65_535) or machine_cpus()
        sockets = count(environment, "MLSPACE_LOCAL_SOCKETS", 1, 1, cpus)
        if cpus % sockets:
            raise bad("MLSPACE_LOCAL_SOCKETS", str(sockets), f"a divisor of the node's {cpus} CPUs")
        memory = count(environment, "MLSPACE_LOCAL_MEMORY", None, 1, 1 << 40) or machine_memory_mib()
        per_cpu = count(environment, "MLSPACE_LOCAL_MEMPERCPU", None, 1, memory) or None
        gpu_type, gpus = read_gpus(environment)
        partitions = read_partitions(environment.get("MLSPACE_LOCAL_PARTITIONS", ""), nodes)
        return cls(
            nodes=nodes,
            cpus=cpus,
            memory_mib=memory,
            sockets=sockets,
            gpus=gpus,
            gpu_type=gpu_type,
            partitions=partitions,
            def_mem_per_cpu_mib=per_cpu,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data, equal for equal shapes."""
        return {
            "region": self.region,
            "nodes": self.nodes,
            "cpus": self.cpus,
            "sockets": self.sockets,
            "memory_mib": self.memory_mib,
            "gpus": self.gpus,
            "gpu_type": self.gpu_type,
            "def_mem_per_cpu_mib": self.def_mem_per_cpu_mib,
            "partitions": [partition.to_json() for partition in self.partitions],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Shape:
        """The inverse of to_json."""
        fields = dict(data)
        fields["partitions"] = [ShapePartition(**partition) for partition in fields["partitions"]]
        return cls(**fields)


def fields_set(environment: Mapping[str, str]) -> set[str]:
    """Fields of Shape (keys of to_json) that the environment decides."""
    fields = {field for variable, field in VARIABLES.items() if environment.get(variable)}
    return fields | {"gpu_type"} if "gpus" in fields else fields


def bad(variable: str, value: str, offer: str) -> ConfigError:
    return ConfigError(f"{variable}={value}: not a valid value", f"  what would work: {offer}")


def count(environment: Mapping[str, str], variable: str, default: int | None, least: int, most: int) -> int:
    """The variable as a whole number in least..most; the default (0 for None) where it is unset or empty."""
    text = environment.get(variable, "").strip()
    if not text:
        return default or 0
    if not (text.isascii() and text.isdigit()) or not least <= int(text) <= most:
        raise bad(variable, text, f"a whole number from {least} to {most}")
    return int(text)


def read_gpus(environment: Mapping[str, str]) -> tuple[str, int]:
    """(type, count per node) of MLSPACE_LOCAL_GPUS; this machine's own GPUs where it is unset."""
    text = environment.get("MLSPACE_LOCAL_GPUS", "").strip()
    if not text:
        return "", machine_gpus()
    kind, colon, number = text.rpartition(":")
    named = not colon or kind.replace("_", "").replace("-", "").isalnum()
    if not (named and number.isascii() and number.isdigit()) or int(number) > 1024:
        raise bad("MLSPACE_LOCAL_GPUS", text, "a count from 0 to 1024, or type:count as in a100:4")
    return kind, int(number)


def read_partitions(text: str, nodes: int) -> list[ShapePartition]:
    if not text.strip():
        return []
    partitions = [read_partition(word.strip(), text, nodes) for word in text.split(",")]
    names = [partition.name for partition in partitions]
    if len(set(names)) != len(names) or sum(partition.default for partition in partitions) > 1:
        raise bad("MLSPACE_LOCAL_PARTITIONS", text, "each name once, and at most one marked * as the default")
    if not any(partition.default for partition in partitions):
        partitions[0].default = True
    return partitions


def read_partition(word: str, text: str, nodes: int) -> ShapePartition:
    """One `name=nodes[:minutes]`; a bare `name` has all nodes."""
    error = bad("MLSPACE_LOCAL_PARTITIONS", text, f"name=nodes[:minutes],... with nodes ALL or within 1-{nodes}: debug=ALL*,long=1-2:1440")
    default = "*" in word
    name, _, rest = word.replace("*", "", 1).partition("=")
    span, _, minutes = rest.partition(":")
    first, dash, last = span.partition("-")
    if span.upper() in ("", "ALL"):
        first, last = "1", str(nodes)
    elif not dash:
        last = first
    if not name or not name.replace("-", "").replace("_", "").isalnum() or not (first.isdigit() and last.isdigit()):
        raise error
    if not 1 <= int(first) <= int(last) <= nodes or (minutes and not minutes.isdigit()) or (":" in rest and not minutes):
        raise error
    return ShapePartition(name, int(first), int(last), default, int(minutes) if minutes else None)


def machine_cpus() -> int:
    """CPUs that we may use; two where there is one only, so that two tasks fit on a node: nodes are virtual anyway."""
    return max(2, len(os.sched_getaffinity(0)))


def machine_memory_mib() -> int:
    with open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            if line.startswith("MemTotal:"):
                return max(1, int(line.split()[1]) // 1024)
    raise ConfigError("/proc/meminfo does not tell this machine's memory", "  what would work: MLSPACE_LOCAL_MEMORY=<MiB>")


def machine_gpus() -> int:
    """GPUs of this machine: the devices /dev/nvidia0, /dev/nvidia1, …"""
    return sum(name.startswith("nvidia") and name[6:].isdigit() for name in os.listdir("/dev"))
