"""The manifest of the vendor's `mls` client for a job body: what `mls job submit --config FILE` sends the same from.

Source: cloudru-ml-cli 1.3.0; mlspace-facts §7.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PLACES: dict[str, tuple[str, ...]] = {
    "script": ("script",),
    "type": ("type",),
    "job_desc": ("description",),
    "base_image": ("environment", "image"),
    "conda_env": ("environment", "conda_name"),
    "flags": ("environment", "flags"),
    "env_variables": ("environment", "variables"),
    "instance_type": ("resource", "instance_type"),
    "n_workers": ("resource", "workers"),
    "processes_per_worker": ("resource", "processes"),
    "priority_class": ("policy", "priority_class"),
    "checkpoint_dir": ("policy", "checkpoint_dir"),
    "logs_dir": ("policy", "logs_dir"),
    "internet": ("policy", "internet_access"),
    "max_retry": ("policy", "max_retry"),
    "allocation_name": ("policy", "allocation_name"),
    "queue_name": ("policy", "queue_name"),
}
"""Field of the body -> where it stands below `job`."""

HEALTH_PLACES = {"log_period": "period", "action": "internal_action", "sub_actions": "external_actions"}
"""The same for what is in `health_params`; it stands below `health`."""

BY_OPTION = ("region",)
"""Fields that the client takes from its command line or its profile."""


def manifest(body: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The manifest, and the names of the body's fields that it has no place for."""
    job: dict[str, Any] = {}
    for field, place in PLACES.items():
        if field in body:
            put(job, place, body[field])
    for field, name in HEALTH_PLACES.items():
        if field in body.get("health_params", {}):
            put(job, ("health", name), body["health_params"][field])
    known = (*PLACES, *BY_OPTION, "health_params")
    return {"job": job}, [field for field in body if field not in known]


def put(job: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    *sections, name = place
    for section in sections:
        job = job.setdefault(section, {})
    job[name] = value
