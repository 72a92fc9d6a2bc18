"""Checks of what there is: regions, instance types, what is free, nodes."""

from __future__ import annotations

import re

from mlspace.doctor.check import Check, NothingToSee, Service, content, fields_of, is_object, lacks, once
from mlspace.gateway.catalog import is_for_jobs, read_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

REGIONS = ("DGX2-MT", "A100-MT", "SR002-MT", "SR003", "SR004", "SR005", "SR006", "SR008", "SR009")
FAMILIES = ("v100", "a100", "a100plus", "cpu", "gpu", "free")
"""Those that were seen; `gpu` is the embedded MLSpace's own."""

FAMILY = re.compile(r"cpu-ai-\dxgiant")


def configs(service: Service) -> dict[str, Any]:
    found = content(service.get("/configs", {"cluster_type": "MT"}))
    if not isinstance(found, dict) or not isinstance(found.get("regions"), list):
        raise NothingToSee("there is no catalogue")
    return found


def catalogue(service: Service) -> Iterator[str]:
    answer = service.get("/configs", {"cluster_type": "MT"})
    yield from is_object(answer, regions=list, datahub_images=list, custom_images=list)
    for region in fields_of(answer).get("regions", ()):
        yield from lacks(region, key=str, name=str, nfsName=str, instances_types=list)
        if isinstance(region, dict) and "key" in region:
            service.regions.append(region["key"])
            if region["key"] not in REGIONS:
                yield f"there is a new region, {region['key']}"


def instance_types(service: Service) -> Iterator[str]:
    for region in configs(service)["regions"]:
        for kind in region.get("instances_types", ()):
            key, limits = kind.get("key", ""), (kind.get("resource") or {}).get("limits") or {}
            if not is_for_jobs(key):
                continue
            named = read_key(key)
            if named.family not in FAMILIES and not FAMILY.fullmatch(named.family):
                yield f"{key} is of an unknown family"
            for name in ("cpu", "memory", "nvidia.com/gpu"):
                if not isinstance(limits.get(name), (str, type(None))):
                    yield f"the limit {name} of {key} is {type(limits[name]).__name__}"
            if str(limits.get("nvidia.com/gpu") or 0) != str(named.gpus):
                yield f"{key} has {limits.get('nvidia.com/gpu')} GPUs"


def available(service: Service) -> Iterator[str]:
    if not service.regions:
        raise NothingToSee("there is no region")
    for region in service.regions:
        answer = service.get(f"/instance_types/{region}/available")
        if answer.status == 404 and "Allocation not found" in str(fields_of(answer).get("detail")):
            continue
        yield from is_object(answer, instance_types=list)
        for item in fields_of(answer).get("instance_types", ()) if answer.status == 200 else ():
            yield from lacks(item, key=str, name=str, count=int)


def nodes(service: Service) -> Iterator[str]:
    if not service.regions:
        raise NothingToSee("there is no region")
    for region in service.regions:
        answer = service.get(f"/nodes/{region}/nodes")
        if answer.status != 404:
            yield from is_object(answer, masked_nodes=list, failed=int)


CHECKS = (
    Check("the catalogue", "5.1", lambda service: once(catalogue(service))),
    Check("names of instance types", "5.1", lambda service: once(instance_types(service))),
    Check("what is free", "5.1", lambda service: once(available(service))),
    Check("names of nodes", "5.1", lambda service: once(nodes(service))),
)
