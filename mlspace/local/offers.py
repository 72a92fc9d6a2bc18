"""A region with the platform's own instance types: so many workers of each at a time, the rest waits.

`SR006:a100plus.8gpu.80vG.96C.1456G=2`: two such nodes in SR006. What a type's name says of CPUs and memory is told to clients and
not enforced: the processes run on this machine all the same, on its node names.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from mlspace.errors import ConfigError
from mlspace.local.instance import Instance, read_instance
from mlspace.local.placement import Share, allowed
from mlspace.local.shape import REGIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from mlspace.local.placement import Wish

KEY = re.compile(r"[a-z][a-z0-9-]*(?:\.(?P<gpus>\d{1,4})gpu)?(?:\.\d+v?G?)??(?:\.(?P<cpus>\d{1,6})C)?(?:\.(?P<memory>\d{1,6})G)?")
"""`<family>.<n>gpu[.<GPU GB>[vG]][.<C>C][.<RAM>G]` (mlspace-facts §5.1)."""

CPUS_PER_GPU, MEMORY_GIB_PER_GPU = 16, 243
"""What SR003 gives with each GPU: for names that do not say it."""

NAMED = {"cpu-ai-2xgiant": (32, 128), "cpu-ai-3xgiant": (48, 192)}
"""CPUs and GiB of types without any number."""


def read_offered(key: str) -> Instance | None:
    """The platform's instance type of that name; None for what is no such name."""
    match = KEY.fullmatch(key)
    if match is None or not ("gpu" in key or "cpu" in key):
        return None
    gpus = int(match["gpus"] or 0)
    usual = NAMED.get(key, (max(1, gpus) * CPUS_PER_GPU, max(1, gpus) * MEMORY_GIB_PER_GPU))
    cpus, memory_gib = (int(match[name] or 0) or number for name, number in zip(("cpus", "memory"), usual, strict=True))
    return Instance(cpus, memory_gib * 1024, gpus, name=key)


def read_any(key: str) -> Instance | None:
    """A parametric type, or one of the platform's names."""
    return read_instance(key) or read_offered(key)


class Offer(NamedTuple):
    """So many workers of an instance type at a time, in a region."""

    region: str
    instance: Instance
    workers: int


def read_offer(text: str) -> Offer:
    """`REGION:TYPE=COUNT`. Raises ConfigError."""
    region, _, rest = text.partition(":")
    key, _, number = rest.partition("=")
    instance = read_offered(key)
    if region not in REGIONS or instance is None or not (number.isascii() and number.isdigit()):
        raise ConfigError(
            f"--offer {text}: REGION:TYPE=COUNT is expected, as in SR006:a100plus.1gpu.80vG.12C.96G=4",
            f"  regions are {', '.join(REGIONS)}",
        )
    return Offer(region, instance, int(number))


def by_region(offers: Iterable[Offer]) -> dict[str, dict[Instance, int]]:
    found: dict[str, dict[Instance, int]] = {}
    for offer in offers:
        found.setdefault(offer.region, {})[offer.instance] = offer.workers
    return found


class OfferPool:
    """The workers of one region, and which are taken. Each is alone on its node of the platform; here they share the node names."""

    def __init__(self, region: str, names: Sequence[str], offers: Mapping[Instance, int]) -> None:
        self.region = region
        self.names = tuple(names)
        self.offers = dict(offers)
        self.taken = dict.fromkeys(self.offers, 0)
        self.load = dict.fromkeys(self.names, 0)

    def types(self) -> list[Instance]:
        return list(self.offers)

    def has(self, instance: Instance) -> bool:
        return instance in self.offers

    def describe(self) -> str:
        return f"{self.region}, which has {', '.join(f'{count} x {each.key}' for each, count in self.offers.items())}"

    @property
    def gpus(self) -> int:
        return sum(each.gpus * count for each, count in self.offers.items())

    def can_ever_fit(self, wish: Wish) -> bool:
        return self.offers.get(wish.instance, 0) >= wish.workers and len(self.usable(wish)) >= wish.workers

    def usable(self, wish: Wish) -> list[str]:
        return [name for name in self.names if allowed(wish, name)]

    def place(self, wish: Wish, reserved: Collection[str] = ()) -> list[Share] | None:
        """Workers on different nodes, those with the least to do first; None where too few are free."""
        if self.count_free(wish.instance) < wish.workers or wish.instance.key in reserved:
            return None
        nodes = sorted(self.usable(wish), key=lambda name: self.load[name])[: wish.workers]
        if len(nodes) < wish.workers:
            return None
        shares = [Share(name, tuple(range(wish.instance.gpus))) for name in nodes]
        self.adopt(shares, wish.instance)
        return shares

    def adopt(self, shares: Sequence[Share], instance: Instance) -> None:
        self.change(shares, instance, +1)

    def release(self, shares: Sequence[Share], instance: Instance) -> None:
        self.change(shares, instance, -1)

    def change(self, shares: Sequence[Share], instance: Instance, by: int) -> None:
        if instance in self.taken:
            self.taken[instance] += by * len(shares)
        for share in shares:
            if share.node in self.load:
                self.load[share.node] += by

    def count_free(self, instance: Instance) -> int:
        return max(0, self.offers.get(instance, 0) - self.taken.get(instance, 0))

    @property
    def reservable(self) -> int:
        return len(self.offers)

    def eligible(self, wish: Wish) -> set[str]:
        """What a waiting job keeps from others: the workers of its type."""
        return {wish.instance.key}
