"""Instance types as data: GPUs, CPUs and memory from a type's key and from the catalogue's limits; and which a place offers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from mlspace.gateway.wire import field

KEY = re.compile(
    r"^(?P<family>[^.]+)(?:\.(?P<gpus>\d+)gpu)?(?:\.(?P<gpu_memory>\d+)v?G?)?"
    r"(?:\.(?P<cpus>\d+)C)?(?:\.(?P<memory>\d+)(?P<unit>[GM]))?$"
)
UNITS_MIB = {"Ki": 1 / 1024, "Mi": 1, "Gi": 1024, "Ti": 1024 * 1024, "": 1 / (1024 * 1024)}

GPU_FAMILIES = {"h100": "a100plus"}
"""GPU models whose family of instance types is called otherwise. Source: mlspace-facts §5.1."""

GPU_NAMES = {family: name for name, family in GPU_FAMILIES.items()}

NOMINAL = {
    "a100": (1, 16, 243),
    "a100.40": (1, 12, 230),
    "cpu-ai-2xgiant": (0, 32, 128),
    "cpu-ai-3xgiant": (0, 48, 192),
}
"""GPUs, CPUs, GiB of memory of families (and sizes of GPU) whose keys do not tell them; for each GPU. Source: mlspace-facts §5.1."""


class Place(NamedTuple):
    """Where a job may be sent to: a region, and an allocation and a queue of it, "" for the workspace's own choice."""

    region: str
    allocation: str = ""
    queue: str = ""


@dataclass(frozen=True)
class InstanceType:
    """One type: `a100plus.8gpu.80vG.96C.1456G` has 8 GPUs, 96 CPUs and 1,490,944 MiB. 0 where nothing tells."""

    key: str
    gpus: int
    cpus: int
    memory_mib: int
    is_offered: bool = True
    """Whether the place that was asked offers it; what it does not tell of may be busy, or not to be had there."""

    @property
    def model(self) -> str:
        """What its GPUs are: "H100 80 GB", "V100"; "" for none."""
        match = KEY.match(self.key)
        if not self.gpus or not match:
            return ""
        memory = match["gpu_memory"]
        return self.gpu_name.upper() + (f" {memory} GB" if memory else "")

    @property
    def gpu_name(self) -> str:
        """As gpu:NAME: h100."""
        return GPU_NAMES.get(self.family, self.family)

    @property
    def family(self) -> str:
        """What the key begins with, in lower case: a100plus."""
        return self.key.partition(".")[0].lower()


@dataclass(frozen=True)
class Catalog:
    """Instance types by region, and the keys of those that a place offers; a place that has not told is not in it."""

    regions: Mapping[str, Sequence[InstanceType]]
    offers: Mapping[Place, Sequence[str]]

    def types(self, place: Place) -> list[InstanceType]:
        """Those of the place's region, each with whether the place offers it; also those that only the place tells of."""
        known = {kind.key: kind for kind in self.regions.get(place.region, ())}
        offered = self.offers.get(place)
        if offered is None:
            return list(known.values())
        types = {**known, **{key: read_key(key) for key in offered if key not in known and is_for_jobs(key)}}
        return [replace(kind, is_offered=key in offered) for key, kind in types.items()]

    def to_json(self) -> dict[str, Any]:
        return {
            "regions": {name: [astuple(kind) for kind in kinds] for name, kinds in self.regions.items()},
            "offers": [[list(place), list(keys)] for place, keys in self.offers.items()],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Catalog:
        regions = {name: [InstanceType(*kind) for kind in kinds] for name, kinds in data["regions"].items()}
        return cls(regions, {Place(*place): keys for place, keys in data["offers"]})


def read_key(key: str) -> InstanceType:
    """What a key says. Source: mlspace-facts §5.1; the embedded MLSpace writes memory in MiB, `cpu.2C.4000M`."""
    match = KEY.match(key)
    if not match:
        return InstanceType(key, 0, 0, 0)
    memory = int(match["memory"] or 0) * (1024 if match["unit"] == "G" else 1)
    gpus, cpus = int(match["gpus"] or 0), int(match["cpus"] or 0)
    family = match["family"]
    per_gpu, nominal_cpus, nominal_gib = NOMINAL.get(f"{family}.{match['gpu_memory']}") or NOMINAL.get(family) or (0, 0, 0)
    share = gpus if per_gpu else 1
    return InstanceType(key, gpus, cpus or nominal_cpus * share, memory or nominal_gib * 1024 * share)


def is_for_jobs(key: str) -> bool:
    """Whether a key is of a type that a job may have: free.0gpu is only of Jupyter servers. Source: mlspace-facts §5.1."""
    return ("gpu" in key or "cpu" in key) and not key.startswith("free.")


def fits(kind: InstanceType, family: str = "", patterns: Sequence[str] = ()) -> bool:
    """Whether a type is of the family and matches one of the patterns of keys (`a100.*`); what is empty says nothing."""
    if family and kind.family != family.lower():
        return False
    return not patterns or any(fnmatchcase(kind.key, pattern) for pattern in patterns)


def read_regions(configs: Mapping[str, Any]) -> dict[str, list[InstanceType]]:
    """Instance types by region key, from the answer of GET /configs; what a pod really gets (its limits) before what the key says."""
    return {
        field(region, "key"): [
            read_type(kind) for kind in field(region, "instances_types") if is_for_jobs(field(kind, "key"))
        ]
        for region in field(configs, "regions")
    }


def read_type(kind: Mapping[str, Any]) -> InstanceType:
    named = read_key(field(kind, "key"))
    limits = (kind.get("resource") or {}).get("limits") or {}
    return InstanceType(
        named.key,
        int(limits.get("nvidia.com/gpu") or named.gpus),
        int(float(limits["cpu"])) if re.fullmatch(r"\d+(\.\d+)?", str(limits.get("cpu") or ""), re.ASCII) else named.cpus,
        memory_mib(limits.get("memory") or "") or named.memory_mib,
    )


def memory_mib(text: str) -> int:
    """A Kubernetes quantity, `243Gi`, in MiB; 0 for one that is not understood."""
    match = re.fullmatch(r"(\d+)(Ki|Mi|Gi|Ti|)", text)
    return int(int(match[1]) * UNITS_MIB[match[2]]) if match else 0
