"""From what mpirun was asked for to nodes and ranks on each: the rules of Open MPI's mapper by slot and by node.

A slot is a place for a rank. Where no host says how many slots it has, a node has as many as it has CPUs.
Source: mpirun(1), Process Mapping; runs of Open MPI 4.1.4.
"""

from __future__ import annotations

from mlspace.errors import RequestRefused, UsageError
from mlspace.mpi import messages, values
from mlspace.mpi.request import LONE_NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.mpi.request import MpiRequest


class Layout:
    """Ranks on each node, and the nodes' names where they were said. `even`: as many on each."""

    __slots__ = ("names", "per_node")

    def __init__(self, per_node: Sequence[int], names: Sequence[str] = ()) -> None:
        self.per_node = list(per_node)
        self.names = list(names)

    @property
    def ranks(self) -> int:
        return sum(self.per_node)

    @property
    def is_even(self) -> bool:
        return len(set(self.per_node)) == 1


def decide(
    request: MpiRequest, *, nodes: int | None, hosts: Sequence[Sequence[object]], own_names: Sequence[str], slots: int, most: int, gpus: int
) -> Layout:
    """nodes: --nodes. hosts: name and slots of each, [] for none. own_names: of this host, which here stands for any node.
    slots, most: CPUs of a node, and how many nodes there may be. gpus: of each node, as asked for.

    Raises UsageError with Open MPI's words where there are not enough slots, RequestRefused where nothing says how many ranks.
    """
    if hosts:
        return on_hosts(request, hosts, own_names, slots)
    ranks, per_node = request.ranks, request.per_node
    if per_node:
        count = nodes or (-(-ranks // per_node) if ranks else 1)
        return Layout(deal([per_node] * count, ranks or per_node * count, request))
    each = max(1, slots // (request.cpus_per_rank or 1))
    if ranks is None:
        if not gpus and not nodes:
            raise RequestRefused(
                "nothing says how many ranks to run", "  say -np N, or -N N with --nodes=N; --gpus-per-node=N is as many ranks"
            )
        return Layout([gpus or 1] * (nodes or 1))
    if nodes:
        if ranks < nodes:
            return Layout([1] * ranks)
        return Layout([ranks // nodes + (number < ranks % nodes) for number in range(nodes)])
    if request.oversubscribes:
        return Layout([ranks])
    if gpus:
        each = gpus
    least = -(-ranks // each)
    if least > most:
        raise UsageError(
            *messages.no_slots(
                ranks, request.first_words[0], [f"{most} nodes with {each} slots each are there; --oversubscribe takes more"]
            )
        )
    return Layout(even(ranks, least, most) or deal([each] * least, ranks, request))


def even(ranks: int, least: int, most: int) -> list[int] | None:
    """As many ranks on each node, on as few nodes as can be: the platform's mpirun starts no others. Not on twice as many nodes."""
    count = next((count for count in range(least, min(most, 2 * least) + 1) if ranks % count == 0), None)
    return [ranks // count] * count if count else None


def on_hosts(request: MpiRequest, hosts: Sequence[Sequence[object]], own_names: Sequence[str], slots: int) -> Layout:
    names = [str(name) for name, _ in hosts]
    room = [slots if count is None else int(str(count)) for _, count in hosts]
    if request.per_node:
        room = [request.per_node] * len(room)
    dealt = deal(room, request.ranks or sum(room), request)
    used = [(name, count) for name, count in zip(names, dealt, strict=True) if count]
    named = [name for name, _ in used if name not in (*LONE_NAMES, *own_names)]
    return Layout([count for _, count in used], named)


def deal(room: Sequence[int], ranks: int, request: MpiRequest) -> list[int]:
    """Ranks onto nodes with that room: node after node, or one on each in turn with --map-by node. What is too much goes round again."""
    if ranks > sum(room) and not request.oversubscribes:
        hints = [f"{len(room)} nodes have {sum(room)} slots together; --oversubscribe takes more"]
        raise UsageError(*messages.no_slots(ranks, request.first_words[0], hints))
    dealt = [0] * len(room)
    left = ranks
    in_turn = (request.value("map-by") or {}).get("policy") == values.NODE
    while left and sum(dealt) < sum(room):
        for number, slots in enumerate(room):
            taken = min(left, slots - dealt[number], 1 if in_turn else slots)
            dealt[number] += taken
            left -= taken
    for number in range(left):
        dealt[number % len(dealt)] += 1
    return dealt
