"""Cluster: what slurm.conf would say of the machine that jobs run on. One value, read by placement, sinfo and scontrol."""

from __future__ import annotations

from mlspace.configuration.site import REFUSE, Site
from mlspace.slurm.job import CLUSTER_NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from mlspace.cluster.delivery import Delivery
    from mlspace.configuration.site import Row
    from mlspace.gateway.catalog import Catalog, InstanceType, Place
    from mlspace.slurm.geometry import Limits


MOST_NODES = 65_536
"""Of a job where the platform does not say how many there are. Source: docs/protocol.md, `nodes`."""

SETTLE_SECONDS = 60.0
"""No answer tells of a new job for 2 or 3 seconds (mlspace-facts §4.1); a request without an answer may be on its way for much longer."""

LOCAL_SETTLE_SECONDS = 2.0
"""The embedded MLSpace lists a job as soon as it has taken it."""


class Node:
    """One node as configured: CPUs = sockets x cores_per_socket x threads_per_core; memory in MiB; gpus with an optional type.

    kind: the instance type that it is one of, "" where a node is just that.
    """

    __slots__ = ("cores_per_socket", "cpus", "gpu_type", "gpus", "kind", "memory_mib", "name", "sockets", "threads_per_core")

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
        kind: str = "",
    ) -> None:
        self.name = name
        self.kind = kind
        self.cpus = cpus
        self.sockets = sockets
        self.threads_per_core = threads_per_core
        self.cores_per_socket = max(1, cpus // (sockets * threads_per_core))
        self.memory_mib = memory_mib
        self.gpus = gpus
        self.gpu_type = gpu_type


class Partition:
    """A partition: its nodes (None where the platform does not name them), the region of its jobs, and what it allows them.

    allocation, queue, image: what its jobs are sent with, "" for the platform's own choice. gpu, instance_types: which instance types
    are its nodes (configuration/site.py). max_time in minutes; def_mem_per_cpu, max_mem_per_node in MiB; None: no limit, or the cluster's.
    """

    __slots__ = (
        *("allocation", "def_mem_per_cpu", "default", "gpu", "image", "instance_types", "max_mem_per_node", "max_nodes", "max_time"),
        *("min_nodes", "name", "nodes", "queue", "region"),
    )

    def __init__(
        self,
        name: str,
        region: str,
        nodes: Sequence[str] | None,
        *,
        default: bool = False,
        max_time: int | None = None,
        min_nodes: int | None = None,
        max_nodes: int | None = None,
        def_mem_per_cpu: int | None = None,
        max_mem_per_node: int | None = None,
        allocation: str = "",
        queue: str = "",
        image: str = "",
        gpu: str = "",
        instance_types: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.region = region
        self.min_nodes = min_nodes
        self.max_nodes = max_nodes
        self.def_mem_per_cpu = def_mem_per_cpu
        self.max_mem_per_node = max_mem_per_node
        self.allocation = allocation
        self.queue = queue
        self.image = image
        self.gpu = gpu
        self.instance_types = list(instance_types)
        self.nodes = nodes
        self.default = default
        self.max_time = max_time

    @property
    def place(self) -> Place:
        """Where its jobs are sent to."""
        from mlspace.gateway.catalog import Place

        return Place(self.region, self.allocation, self.queue)

    def with_nodes(self, names: Sequence[str]) -> Partition:
        """The same with nodes that have names."""
        import copy

        same = copy.copy(self)
        same.nodes = names
        return same


class Cluster:
    """Partitions and nodes, and how a job reaches them.

    carrier: "file" (the nodes see our state directory, and specifications in it) or "parts".
    env_mode: "shared" or "image" (docs/protocol.md, `env`).
    delivery: where each region's nodes see `launch`. channel: the nodes' runtime directory is on this host.
    catalog: the platform's instance types; None where they are made to measure.
    has_allocations: jobs are sent to an allocation and one of its queues. site: the names that the configuration gives.
    settle_seconds: how long a job whose submission was not answered may take to show up in the platform's list.
    """

    __slots__ = (
        *("carrier", "catalog", "channel", "def_mem_per_cpu", "delivery", "env_mode", "name", "nodes", "partitions"),
        *("has_allocations", "settle_seconds", "site"),
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
        delivery: Delivery,
        channel: bool = False,
        settle_seconds: float = SETTLE_SECONDS,
        catalog: Catalog | None = None,
        has_allocations: bool = False,
        site: Site | None = None,
    ) -> None:
        self.name = name
        self.has_allocations = has_allocations
        self.site = site or Site({}, {}, file="", unknown=REFUSE)
        self.nodes = list(nodes)
        self.partitions = list(partitions)
        self.def_mem_per_cpu = def_mem_per_cpu
        self.carrier = carrier
        self.env_mode = env_mode
        self.delivery = delivery
        self.channel = channel
        self.settle_seconds = settle_seconds
        self.catalog = catalog

    def with_nodes(self, nodes: Sequence[Node], partitions: Sequence[Partition]) -> Cluster:
        """The same of other nodes."""
        import copy

        same = copy.copy(self)
        same.nodes, same.partitions = list(nodes), list(partitions)
        return same

    @property
    def has_known_nodes(self) -> bool:
        """Whether its nodes are all that there is; elsewhere the platform alone knows what it has."""
        return all(partition.nodes is not None for partition in self.partitions)

    def partition(self, name: str | None) -> Partition | None:
        """The partition of that name; the default one for None."""
        for partition in self.partitions:
            if partition.name == name or (name is None and partition.default):
                return partition
        return None

    def nodes_of(self, partition: Partition) -> list[Node]:
        """The partition's nodes, by the order of the cluster's; all of them where the platform does not name any."""
        if partition.nodes is None:
            return self.nodes
        named = set(partition.nodes)
        return [node for node in self.nodes if node.name in named]

    def types(self, partition: Partition) -> list[InstanceType] | None:
        """The instance types that are the partition's nodes; None where types are made to measure."""
        if self.catalog is None:
            return None
        from mlspace.gateway.catalog import fits

        return [kind for kind in self.catalog.types(partition.place) if fits(kind, partition.gpu, partition.instance_types)]

    def gpu_types(self, partition: Partition) -> set[str]:
        """Types of GPU that the partition has, in lower case."""
        types = self.types(partition)
        if types is None:
            return {node.gpu_type.lower() for node in self.nodes_of(partition) if node.gpu_type}
        return {kind.family for kind in types if kind.gpus}

    def gpu_family(self, name: str) -> str:
        """What the platform's instance types call a GPU of that name."""
        if self.catalog is None:
            return name
        from mlspace.gateway.catalog import GPU_FAMILIES

        return GPU_FAMILIES.get(name.lower(), name)

    def limits(self, partition: Partition, types: Sequence[InstanceType] | None = None) -> Limits:
        """What a request to this partition is measured against; types: only these of its instance types."""
        from mlspace.slurm.geometry import Limits

        types = self.types(partition) if types is None else types
        nodes = self.nodes_of(partition) if types is None else [node_of(kind) for kind in types]
        return Limits(
            len(nodes) if partition.nodes is not None else MOST_NODES,
            max(node.cpus for node in nodes),
            max(node.memory_mib for node in nodes),
            sockets=max(node.sockets for node in nodes),
            threads_per_core=max(node.threads_per_core for node in nodes),
            gpus=max(node.gpus for node in nodes),
            def_mem_per_cpu=partition.def_mem_per_cpu or self.def_mem_per_cpu,
            max_time=partition.max_time,
            min_nodes=partition.min_nodes,
            max_nodes=partition.max_nodes,
            max_mem_per_node=partition.max_mem_per_node,
            names=None if partition.nodes is None else [node.name for node in nodes],
            all_names=None if partition.nodes is None else [node.name for node in self.nodes],
        )

    @classmethod
    def from_shape(cls, shape: Mapping[str, Any], node_names: str, *, delivery: Delivery, site: Site | None = None) -> Cluster:
        """The embedded MLSpace's cluster. shape: mlspace/local/shape.py, to_json; node_names: a host list.

        It has one region and one allocation: what the site says of those is passed over, so that its names work here, too.
        """
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
        named = {
            name: Partition(name, shape["region"], row.get("nodes", names), **allowed(row))
            for name, row in (site.sections["partitions"] if site else {}).items()
        }
        return cls(
            CLUSTER_NAME,
            nodes,
            with_named(partitions, named),
            def_mem_per_cpu=shape["def_mem_per_cpu_mib"],
            carrier="file",
            env_mode="shared",
            delivery=delivery,
            channel=True,
            settle_seconds=LOCAL_SETTLE_SECONDS,
            site=site,
        )

    @classmethod
    def from_catalog(
        cls,
        catalog: Catalog,
        *,
        region: str,
        delivery: Delivery,
        settle_seconds: float = SETTLE_SECONDS,
        site: Site | None = None,
    ) -> Cluster:
        """A Gateway's regions as partitions, its largest instance types as nodes: the platform does not name any.

        region: the default partition, or "" for the first.
        """
        regions = catalog.regions
        partitions = [
            Partition(name, name, None, default=name == region or (not region and number == 0)) for number, name in enumerate(regions)
        ]
        usual = region or next(iter(regions), "")
        named = {
            name: Partition(
                name,
                row.get("region", usual),
                None,
                allocation=row.get("allocation", ""),
                queue=row.get("queue", ""),
                gpu=row.get("gpu", ""),
                instance_types=row.get("instance_types", ()),
                **allowed(row),
            )
            for name, row in (site.sections["partitions"] if site else {}).items()
        }
        partitions = with_named(partitions, named)
        places = dict.fromkeys(one.place for one in partitions)
        kinds = {kind.key: kind for place in places for kind in catalog.types(place)}
        return cls(
            CLUSTER_NAME,
            [node_of(kind) for kind in kinds.values()],
            partitions,
            def_mem_per_cpu=None,
            carrier="parts",
            env_mode="image",
            delivery=delivery,
            settle_seconds=settle_seconds,
            catalog=catalog,
            has_allocations=True,
            site=site,
        )


ALLOWED = ("image", "default", "max_time", "min_nodes", "max_nodes", "def_mem_per_cpu", "max_mem_per_node")


def allowed(row: Row) -> dict[str, Any]:
    """Columns of a Partition that mean the same on every cluster."""
    return {key: row[key] for key in ALLOWED if key in row}


def with_named(partitions: Sequence[Partition], named: Mapping[str, Partition]) -> list[Partition]:
    """The cluster's own partitions, then the site's. One of the same name takes the other's place, a default one its being so."""
    own = {one.name: one for one in partitions}
    has_default = any(one.default for one in named.values())
    for name, one in own.items():
        if name in named:
            named[name].default |= one.default and not has_default
        else:
            one.default &= not has_default
    return list({**own, **named}.values())


def node_of(kind: InstanceType, name: str = "") -> Node:
    """An instance type as a node, of that name or its own."""
    cpus = max(1, kind.cpus)  # where nothing tells them, there is one at least
    return Node(name or kind.key, cpus, kind.memory_mib, gpus=kind.gpus, gpu_type=kind.gpu_name if kind.gpus else "", kind=kind.key)
