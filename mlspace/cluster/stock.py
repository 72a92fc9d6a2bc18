"""The cluster as sinfo and scontrol show it: its nodes, and what is in use of them.

MLSpace does not say which of its nodes is free, but how many jobs' nodes of each instance type it could start now. So each of those is
shown as a node, idle, and each that one of our jobs has, allocated: `sr006-a100plus.8gpu.80vG.96C.768G-[1-3]`. Types share hardware:
what is free of one is less when another is taken, and the sum over types is more than there is.
"""

from __future__ import annotations

from mlspace.cluster.cluster import Cluster, Node, node_of
from mlspace.errors import GatewayError, MlspaceError
from mlspace.gateway.at_once import answers
from mlspace.gateway.catalog import Place, is_for_jobs, read_key
from mlspace.slurm.occupation import HOLDING, Occupation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mlspace.gateway.account import Offer
    from mlspace.gateway.catalog import InstanceType
    from mlspace.session import Session

NO_ALLOCATION = 404
"""The region has nothing of this workspace: it has no node for us."""

Used = dict[tuple[str, str], int]
"""Nodes that our jobs have, by region and instance type."""


def look(session: Session) -> tuple[Cluster, Occupation]:
    """The cluster with all its nodes, and what jobs have of them. What the platform does not tell of a region is said, and left out."""
    cluster = session.cluster
    if cluster.catalog is None:
        return cluster, session.occupation()
    session.refresh()
    used: Used = {}
    for job in session.registry.jobs(states=HOLDING):
        used[job.region, job.instance_type] = used.get((job.region, job.instance_type), 0) + job.nodes
    return stocked(cluster, free_now(session, [one.place for one in cluster.partitions]), used)


def free_now(session: Session, places: Iterable[Place]) -> dict[Place, list[Offer]]:
    """What each place has free; a place that does not tell is said, and is not there."""
    client, asked = session.gateway(), list(dict.fromkeys(places))
    told: dict[Place, list[Offer]] = {}
    for place, answer in zip(asked, answers(lambda place: client.available(*place), asked), strict=True):
        if not isinstance(answer, GatewayError):
            told[place] = answer
        elif answer.status != NO_ALLOCATION:
            session.context.warn(f"{session.context.program}: warning: what is free in {place.region} is not known: {answer.lines[0]}")
    return told


def kinds(session: Session, region: str | None, allocation: str, queue: str) -> Iterator[tuple[str, InstanceType, int | None]]:
    """Instance types by region, those with few GPUs first, and how many of each are free; None where it is not offered.

    region: only that one. Raises MlspaceError where there is no such region.
    """
    catalog = session.platform.catalog(anew=True)
    if region and region not in catalog.regions:
        raise MlspaceError(f"there is no region {region}", f"  the regions here are {', '.join(catalog.regions)}")
    places = [Place(name, allocation, queue) for name in ([region] if region else catalog.regions)]
    offers = free_now(session, places)
    for place in places:
        free = {offer.key: offer.free for offer in offers.get(place, ())}
        known = {kind.key: kind for kind in catalog.types(place)}
        known.update((key, read_key(key)) for key in free if key not in known and is_for_jobs(key))
        for kind in sorted(known.values(), key=lambda kind: (kind.gpus, kind.cpus, kind.memory_mib, kind.key)):
            yield place.region, kind, free.get(kind.key)


def stocked(cluster: Cluster, offers: Mapping[Place, list[Offer]], used: Used) -> tuple[Cluster, Occupation]:
    """The same cluster with a node for each that is free or ours, and what is taken of those."""
    nodes: dict[str, Node] = {}
    partitions = []
    occupation = Occupation(())
    for partition in cluster.partitions:
        free = {offer.key: offer.free for offer in offers.get(partition.place, ())}
        names = []
        for kind in cluster.types(partition) or ():
            ours = used.get((partition.region, kind.key), 0)
            for number in range(1, max(0, free.get(kind.key, 0)) + ours + 1):
                node = node_of(kind, f"{partition.region.lower()}-{kind.key}-{number}")
                names.append(node.name)
                if node.name not in nodes and number <= ours:
                    occupation.take(node.name, node.cpus, node.memory_mib, node.gpus)
                nodes.setdefault(node.name, node)
        partitions.append(partition.with_nodes(names))
    return cluster.with_nodes(list(nodes.values()), partitions), occupation
