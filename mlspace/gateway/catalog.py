"""Instance types as data: GPUs, CPUs and memory from a type's key and from the catalogue's limits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from mlspace.gateway.wire import field

KEY = re.compile(r"^(?P<family>[^.]+)(?:\.(?P<gpus>\d+)gpu)?(?:\.\d+v?G?)?(?:\.(?P<cpus>\d+)C)?(?:\.(?P<memory>\d+)(?P<unit>[GM]))?$")
UNITS_MIB = {"Ki": 1 / 1024, "Mi": 1, "Gi": 1024, "Ti": 1024 * 1024, "": 1 / (1024 * 1024)}

GPU_FAMILIES = {"h100": "a100plus"}
"""GPU models whose family of instance types is called otherwise. Source: mlspace-facts §5.1."""


@dataclass(frozen=True)
class InstanceType:
    """One type: `a100plus.8gpu.80vG.96C.1456G` has 8 GPUs, 96 CPUs and 1,490,944 MiB. 0 where nothing tells."""

    key: str
    gpus: int
    cpus: int
    memory_mib: int

    @property
    def family(self) -> str:
        """What the key begins with, in lower case: a100plus."""
        return self.key.partition(".")[0].lower()


def read_key(key: str) -> InstanceType:
    """What a key says. Source: mlspace-facts §5.1; the embedded MLSpace writes memory in MiB, `cpu.2C.4000M`."""
    match = KEY.match(key)
    if not match:
        return InstanceType(key, 0, 0, 0)
    memory = int(match["memory"] or 0) * (1024 if match["unit"] == "G" else 1)
    return InstanceType(key, int(match["gpus"] or 0), int(match["cpus"] or 0), memory)


def fits(kind: InstanceType, family: str = "", patterns: Sequence[str] = ()) -> bool:
    """Whether a type is of the family and matches one of the patterns of keys (`a100.*`); what is empty says nothing."""
    if family and kind.family != family.lower():
        return False
    return not patterns or any(fnmatchcase(kind.key, pattern) for pattern in patterns)


def read_regions(configs: Mapping[str, Any]) -> dict[str, list[InstanceType]]:
    """Instance types by region key, from the answer of GET /configs; what a pod really gets (its limits) before what the key says."""
    return {
        field(region, "key"): [
            read_type(kind) for kind in field(region, "instances_types") if "gpu" in field(kind, "key") or "cpu" in field(kind, "key")
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
