"""Cluster: what slurm.conf would say of the machine that jobs run on. One value, read by placement, sinfo and scontrol."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


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
    """A partition: its nodes (None where the platform does not name them), its limits, and where its jobs go on the platform."""

    __slots__ = ("allocation", "default", "image", "max_time", "name", "nodes", "queue", "region")

    def __init__(
        self,
        name: str,
        region: str,
        nodes: Sequence[str] | None,
        *,
        default: bool = False,
        max_time: int | None = None,
        image: str = "",
        allocation: str = "",
        queue: str = "",
    ) -> None:
        self.name = name
        self.region = region
        self.nodes = nodes
        self.default = default
        self.max_time = max_time
        self.image = image
        self.allocation = allocation
        self.queue = queue


class Cluster:
    """Partitions and nodes, and how a job reaches them.

    carrier: "file" (spec files go to spec_dir, which the nodes see) or "parts".
    env_mode: "shared" or "image" (docs/protocol.md, `env`).
    launch: path of `launch` as the nodes see it. channel: the nodes' runtime directory is on this host.
    """

    __slots__ = ("carrier", "channel", "def_mem_per_cpu", "env_mode", "instance_types", "launch", "name", "nodes", "partitions", "spec_dir")

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
        spec_dir: str = "",
        channel: bool = False,
        instance_types: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        self.name = name
        self.nodes = list(nodes)
        self.partitions = list(partitions)
        self.def_mem_per_cpu = def_mem_per_cpu
        self.carrier = carrier
        self.env_mode = env_mode
        self.launch = launch
        self.spec_dir = spec_dir
        self.channel = channel
        self.instance_types = instance_types

    def partition(self, name: str | None) -> Partition | None:
        """The partition of that name; the default one for None."""
        for partition in self.partitions:
            if partition.name == name or (name is None and partition.default):
                return partition
        return None
