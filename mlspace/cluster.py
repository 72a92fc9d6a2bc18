"""Cluster: what slurm.conf would say of the machine that jobs run on. One value, read by placement, sinfo and scontrol."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from mlspace.slurm.geometry import Limits


MOST_NODES = 65_536
"""Of a job where the platform does not say how many there are. Source: docs/protocol.md, `nodes`."""

SETTLE_SECONDS = 60.0
"""Source: design §4."""

LOCAL_SETTLE_SECONDS = 2.0
"""The embedded MLSpace lists a job as soon as it has taken it."""


class Node:
    """One node as configured: CPUs = sockets x cores_per_socket x threads_per_core; memory in MiB; gpus with an optional type."""

    __slots__ = ("cores_per_socket", "cpus", "gpu_type", "gpus", "memory_mib", "name", "sockets", "threads_per_core")

    def __init__(
        self,
        name: str,
        cpus: int,
        memory_mib: int,
        *,
        sockets: int = 1,
        threads_per_core: int = 1,
        gpus: int = 0,
        gpu_type: str = "",
    ) -> None:
        self.name = name
        self.cpus = cpus
        self.sockets = sockets
        self.threads_per_core = threads_per_core
        self.cores_per_socket = max(1, cpus // (sockets * threads_per_core))
        self.memory_mib = memory_mib
        self.gpus = gpus
        self.gpu_type = gpu_type


class Partition:
    """A partition: its nodes (None where the platform does not name them), its time limit in minutes, and the region of its jobs."""

    __slots__ = ("default", "max_time", "name", "nodes", "region")

    def __init__(
        self,
        name: str,
        region: str,
        nodes: Sequence[str] | None,
        *,
        default: bool = False,
        max_time: int | None = None,
    ) -> None:
        self.name = name
        self.region = region
        self.nodes = nodes
        self.default = default
        self.max_time = max_time


class Cluster:
    """Partitions and nodes, and how a job reaches them.

    carrier: "file" (the nodes see our state directory, and specifications in it) or "parts".
    env_mode: "shared" or "image" (docs/protocol.md, `env`).
    launch: path of `launch` as the nodes see it. channel: the nodes' runtime directory is on this host.
    settle_seconds: how long a job whose submission was not answered may take to show up in the platform's list.
    """

    __slots__ = (
        *("carrier", "channel", "def_mem_per_cpu", "env_mode", "instance_types", "launch", "name", "nodes", "partitions"),
        "settle_seconds",
    )

    def __init__(
        self,
        name: str,
        nodes: Sequence[Node],
        partitions: Sequence[Partition],
        *,
        def_mem_per_cpu: int | None,
        carrier: str,
        env_mode: str,
        launch: str,
        channel: bool = False,
        settle_seconds: float = SETTLE_SECONDS,
        instance_types: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        self.name = name
        self.nodes = list(nodes)
        self.partitions = list(partitions)
        self.def_mem_per_cpu = def_mem_per_cpu
        self.carrier = carrier
        self.env_mode = env_mode
        self.launch = launch
        self.channel = channel
        self.settle_seconds = settle_seconds
        self.instance_types = instance_types

    def partition(self, name: str | None) -> Partition | None:
        """The partition of that name; the default one for None."""
        for partition in self.partitions:
            if partition.name == name or (name is None and partition.default):
                return partition
        return None

    def limits(self, partition: Partition) -> Limits:
        """What a request to this partition is measured against."""
        from mlspace.slurm.geometry import Limits

        named = set(partition.nodes or ())
        nodes = [node for node in self.nodes if node.name in named] if partition.nodes is not None else self.nodes
        return Limits(
            len(nodes) if partition.nodes is not None else MOST_NODES,
            max(node.cpus for node in nodes),
            max(node.memory_mib for node in nodes),
            sockets=max(node.sockets for node in nodes),
            threads_per_core=max(node.threads_per_core for node in nodes),
            gpus=max(node.gpus for node in nodes),
            def_mem_per_cpu=self.def_mem_per_cpu,
            max_time=partition.max_time,
            names=None if partition.nodes is None else [node.name for node in nodes],
            all_names=None if partition.nodes is None else [node.name for node in self.nodes],
        )

    @classmethod
    def from_shape(cls, shape: Mapping[str, Any], node_names: str, *, launch: str) -> Cluster:
        """The embedded MLSpace's cluster. shape: mlspace/local/shape.py, to_json; node_names: a host list."""
        from mlspace.slurm.hostlist import expand_hosts

        names = expand_hosts(node_names)
        nodes = [
            Node(name, shape["cpus"], shape["memory_mib"], sockets=shape["sockets"], gpus=shape["gpus"], gpu_type=shape["gpu_type"])
            for name in names
        ]
        partitions = [
            Partition(
                row["name"],
                shape["region"],
                names[row["first"] - 1 : row["last"]],
                default=row["default"],
                max_time=row["max_time_minutes"],
            )
            for row in shape["partitions"]
        ]
        return cls(
            "mlspace",
            nodes,
            partitions,
            def_mem_per_cpu=shape["def_mem_per_cpu_mib"],
            carrier="file",
            env_mode="shared",
            launch=launch,
            channel=True,
            settle_seconds=LOCAL_SETTLE_SECONDS,
        )

    @classmethod
    def from_catalog(cls, configs: Mapping[str, Any], *, region: str, launch: str) -> Cluster:
        """A Gateway's regions as partitions, its largest instance types as nodes: the platform does not name any.

        configs: the answer of GET /configs. region: the default partition, or "" for the first.
        """
        from mlspace.gateway.catalog import read_regions

        regions = read_regions(configs)
        partitions = [
            Partition(name, name, None, default=name == region or (not region and number == 0)) for number, name in enumerate(regions)
        ]
        types = {name: kinds for name, kinds in regions.items() if kinds}
        nodes = [Node(kind.key, kind.cpus, kind.memory_mib, gpus=kind.gpus) for kinds in types.values() for kind in kinds]
        return cls(
            "mlspace", nodes, partitions, def_mem_per_cpu=None, carrier="parts", env_mode="image", launch=launch, instance_types=types
        )
