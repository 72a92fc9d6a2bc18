"""Which nodes a job gets: neighbours where that can be, the first in name order; several jobs on a node by CPUs, memory and GPUs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from mlspace.local.instance import Instance

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mlspace.local.shape import Shape


class Wish(NamedTuple):
    """What a job asks of the cluster: `workers` distinct nodes with an instance's room each, some nodes only or never."""

    instance: Instance
    workers: int
    only: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()


class Share(NamedTuple):
    """A job's part of one node; `gpus` are the device indices that are its own."""

    node: str
    gpus: tuple[int, ...]


class Pool(Protocol):
    """The nodes of one region, and what is free of them."""

    region: str
    names: tuple[str, ...]

    @property
    def gpus(self) -> int:
        """All GPUs that there are."""

    def types(self) -> list[Instance]:
        """What clients are offered."""

    def has(self, instance: Instance) -> bool:
        """Whether there is such a type."""

    def describe(self) -> str:
        """What there is, to complete "does not fit ..."."""

    def can_ever_fit(self, wish: Wish) -> bool:
        """Whether the wish fits when nothing else runs."""

    def place(self, wish: Wish, reserved: Collection[str] = ()) -> list[Share] | None:
        """Take what the wish asks for, nothing of it `reserved`; None where that cannot be had now, and then nothing is taken."""

    def adopt(self, shares: Sequence[Share], instance: Instance) -> None:
        """Account for a job that already runs, even where that takes more than there is."""

    def release(self, shares: Sequence[Share], instance: Instance) -> None:
        """Give back what a job had."""

    def count_free(self, instance: Instance) -> int:
        """How many workers of that type fit into what is free."""

    @property
    def reservable(self) -> int:
        """How much `reserved` can hold: with all of it nothing can be placed."""

    def eligible(self, wish: Wish) -> set[str]:
        """What `reserved` is to hold so that no later job delays this one."""


class Room:
    """What is free on one node."""

    __slots__ = ("cpus", "gpus", "memory_mib", "name")

    def __init__(self, name: str, cpus: int, memory_mib: int, gpus: int) -> None:
        self.name = name
        self.cpus = cpus
        self.memory_mib = memory_mib
        self.gpus = list(range(gpus))

    def fits(self, instance: Instance) -> bool:
        return self.cpus >= instance.cpus and self.memory_mib >= instance.memory_mib and len(self.gpus) >= instance.gpus

    def capacity(self, instance: Instance) -> int:
        """How many times the instance fits."""
        counts = [self.cpus // instance.cpus]
        if instance.memory_mib:
            counts.append(self.memory_mib // instance.memory_mib)
        if instance.gpus:
            counts.append(len(self.gpus) // instance.gpus)
        return max(0, min(counts))


class NodePool:
    """The nodes of a shape, whose CPUs, memory and GPUs jobs share. Instance types are parametric."""

    def __init__(self, shape: Shape, names: Sequence[str]) -> None:
        self.shape = shape
        self.region = shape.region
        self.names = tuple(names)
        self.rooms = {name: Room(name, shape.cpus, shape.memory_mib, shape.gpus) for name in names}
        self.free_cpus = shape.cpus * len(names)

    @property
    def gpus(self) -> int:
        return self.shape.gpus * len(self.names)

    def types(self) -> list[Instance]:
        """A choice: one CPU, doubled up to a whole node; a share of the node for each number of GPUs. Any other key works as well."""
        shape = self.shape
        counts = sorted({min(shape.cpus, 1 << power) for power in range(shape.cpus.bit_length() + 1)})
        types = [Instance(cpus, shape.memory_mib * cpus // shape.cpus) for cpus in counts]
        for gpus in range(1, shape.gpus + 1):
            types.append(Instance(max(1, shape.cpus * gpus // shape.gpus), shape.memory_mib * gpus // shape.gpus, gpus))
        return types

    def has(self, instance: Instance) -> bool:
        return not instance.name

    def describe(self) -> str:
        shape = self.shape
        return f"this cluster, which has {shape.nodes} nodes of {shape.cpus} CPUs, {shape.memory_mib} MiB and {shape.gpus} GPUs"

    def can_ever_fit(self, wish: Wish) -> bool:
        """Whether the wish fits the empty cluster."""
        full = Room("", self.shape.cpus, self.shape.memory_mib, self.shape.gpus)
        return full.fits(wish.instance) and sum(allowed(wish, name) for name in self.names) >= wish.workers

    def place(self, wish: Wish, reserved: Collection[str] = ()) -> list[Share] | None:
        """Take the first neighbours that fit, or, where no so many are, the longest rows of them; none of them `reserved`.

        None where too few fit, and then nothing is taken. Source: compat/captures/*/steps/drawn_33 to drawn_36.
        """
        if wish.workers * wish.instance.cpus > self.free_cpus:
            return None
        rows: list[list[Room]] = [[]]
        for name, room in self.rooms.items():
            if room.fits(wish.instance) and allowed(wish, name) and name not in reserved:
                rows[-1].append(room)
                if len(rows[-1]) == wish.workers:
                    rows = rows[-1:]
                    break
            elif rows[-1]:
                rows.append([])
        longest_first = [room for row in sorted(rows, key=len, reverse=True) for room in row]
        if len(longest_first) < wish.workers:
            return None
        chosen = {room.name for room in longest_first[: wish.workers]}
        return [self.take(room, wish.instance, room.gpus[: wish.instance.gpus]) for name, room in self.rooms.items() if name in chosen]

    def take(self, room: Room, instance: Instance, gpus: Sequence[int]) -> Share:
        share = Share(room.name, tuple(gpus))
        room.cpus -= instance.cpus
        room.memory_mib -= instance.memory_mib
        room.gpus = [index for index in room.gpus if index not in share.gpus]
        self.free_cpus -= instance.cpus
        return share

    def adopt(self, shares: Sequence[Share], instance: Instance) -> None:
        """Account for a job that already runs, even where that takes more than there is (the shape may have changed)."""
        for share in shares:
            if share.node in self.rooms:
                self.take(self.rooms[share.node], instance, share.gpus)

    def release(self, shares: Sequence[Share], instance: Instance) -> None:
        for share in shares:
            room = self.rooms.get(share.node)
            if room is not None:
                room.cpus += instance.cpus
                room.memory_mib += instance.memory_mib
                room.gpus = sorted({*room.gpus, *(index for index in share.gpus if index < self.shape.gpus)})
                self.free_cpus += instance.cpus

    def count_free(self, instance: Instance) -> int:
        """How many workers of that type fit into what is free."""
        return sum(room.capacity(instance) for room in self.rooms.values())

    @property
    def reservable(self) -> int:
        return len(self.names)

    def eligible(self, wish: Wish) -> set[str]:
        """Nodes that the wish may ever use."""
        return {name for name in self.names if allowed(wish, name)}


def allowed(wish: Wish, name: str) -> bool:
    return (not wish.only or name in wish.only) and name not in wish.never
