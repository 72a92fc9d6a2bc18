"""Jobs as the platform's answers show them. Pure: a Job in, the vendor's shape out (gateway-v2.json)."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from mlspace.local.auth import NAMESPACE
from mlspace.local.body import ALLOCATION, QUEUE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlspace.local.instance import Instance
    from mlspace.local.jobs import Job

NODES = uuid.UUID("5f3a1d1c-56a0-4f8e-9a60-3d7a4c1b2e90")
PROJECT_ID = str(uuid.uuid5(NODES, "project"))

POD_STATES = {"pending": "Pending", "running": "Running", "completing": "Running"}


def allocation_id(region: str) -> str:
    """Each region has one allocation, and that one queue; they have the same names everywhere."""
    return str(uuid.uuid5(NODES, f"{ALLOCATION}/{region}"))


def queue_id(region: str) -> str:
    return str(uuid.uuid5(NODES, f"{QUEUE}/{region}"))


def place(region: str) -> dict[str, str]:
    return {
        "queue_name": QUEUE,
        "queue_id": queue_id(region),
        "allocation_name": ALLOCATION,
        "allocation_id": allocation_id(region),
    }


def stamp(moment: float) -> str | None:
    """`2026-11-23T20:30:00Z`; None for what has not happened."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment)) if moment else None


def duration(job: Job) -> float:
    """Seconds from the start of the executor to its end, or to now."""
    return max(0.0, (job.completed_at or time.time()) - job.running_at) if job.is_running() else 0.0


def status_body(job: Job) -> dict[str, Any]:
    state = job.state
    return {
        "uid": job.uid,
        "job_name": job.name,
        "status": state,
        "region": job.params["region"],
        "created_at": int(job.created_at),
        "pending_at": int(job.created_at),
        "running_at": int(job.running_at),
        "completed_at": int(job.completed_at),
        "duration": f"{int(duration(job))}s",
        **place(job.params["region"]),
        "error_code": 0,
        "error_message": "",
    }


def not_found_body(name: str) -> dict[str, Any]:
    return {"job_name": name, "status": "job not found", "error_code": 0, "error_message": "job not found"}


def list_item(job: Job) -> dict[str, Any]:
    state = job.state
    updated = max(job.created_at, job.running_at, job.completed_at)
    return {
        "uid": job.uid,
        "job_name": job.name,
        "status": state.capitalize(),
        "region": job.params["region"],
        "instance_type": job.params["instance_type"],
        "job_desc": job.params["job_desc"] or "",
        "job_author": job.author,
        "created_dt": stamp(job.created_at),
        "updated_dt": stamp(updated),
        "completed_dt": stamp(job.completed_at),
        "cost": "0",
        "gpu_count": job.wish.instance.gpus * job.wish.workers,
        "duration": f"{int(duration(job))}s",
        "namespace": NAMESPACE,
        **place(job.params["region"]),
    }


def pods(job: Job) -> list[dict[str, Any]]:
    """One pod per worker: mpimaster-0, mpiworker-0, …; none while the job waits for nodes."""
    state = job.state
    return [
        {
            "uid": str(uuid.uuid5(uuid.UUID(job.uid), str(number))),
            "job_name": job.name,
            "job_version": "mpimaster-0" if number == 0 else f"mpiworker-{number - 1}",
            "status": POD_STATES.get(state, state.capitalize()),
            "reason": "Error" if state == "failed" else None,
            "running_at": stamp(job.running_at),
            "completed_at": stamp(job.completed_at),
            "updated_at": stamp(max(job.running_at, job.completed_at)),
            "duration": duration(job),
        }
        for number in range(len(job.shares or ()))
    ]


def queued_job(job: Job) -> dict[str, Any]:
    """A job as a queue lists it."""
    return {
        "id": job.uid,
        "name": job.name,
        "status": job.state.capitalize(),
        "created_at": stamp(job.created_at),
        "description": job.params["job_desc"],
        "gpu_count": job.wish.instance.gpus * job.wish.workers,
        "instance_type": job.params["instance_type"],
        "namespace": NAMESPACE,
        "priority": job.params["priority_class"],
        "queue_name": QUEUE,
        "queue_label": QUEUE,
        "allocation_label": ALLOCATION,
        "region": job.params["region"],
        "retry_count": job.retries,
        "try_count": job.retries + 1,
        "user_email": job.author,
        "user_id": job.author,
        "workspace": NAMESPACE,
    }


def workspace(identifier: str, regions: Iterable[str]) -> dict[str, Any]:
    return {
        "id": identifier,
        "name": "local",
        "namespace": NAMESPACE,
        "project_id": PROJECT_ID,
        "project_name": "local",
        "owner_email": "nobody@localhost",
        "allocations": [
            {"id": allocation_id(region), "name": ALLOCATION, "cluster_key": region, "cluster_name": "embedded MLSpace"}
            for region in regions
        ],
    }


def allocation(region: str, gpus: int) -> dict[str, Any]:
    return {
        "id": allocation_id(region),
        "name": ALLOCATION,
        "node_type": "gpu" if gpus else "cpu",
        "description": "this machine",
        "region_key": region,
        "config": None,
        "org_structure_type": "workspace",
        "default_for_job": True,
        "default_for_notebook": False,
    }


def queue(region: str) -> dict[str, Any]:
    return {
        "id": queue_id(region),
        "name": QUEUE,
        "description": "higher priority first, then first come, first served",
        "allocation_id": allocation_id(region),
        "active": True,
        "type": "default",
        "default_for_job": True,
        "default_for_notebook": False,
    }


def describe(instance: Instance) -> str:
    gpus = f"{instance.gpus} GPU, " if instance.gpus else ""
    return f"{gpus}{instance.cpus} CPU, {instance.memory_mib} MiB"


def offer(instance: Instance, count: int, count_name: str) -> dict[str, Any]:
    """An instance type and how many of it are free; two calls have two names for the number."""
    return {"key": instance.key, "name": describe(instance), count_name: count, "storage_presets": []}


def region_config(region: str, offered: Iterable[Instance]) -> dict[str, Any]:
    types = [
        {
            "key": each.key,
            "name": describe(each),
            "images": [],
            "resource": {
                "limits": {
                    "cpu": str(each.cpus),
                    "memory": f"{each.memory_mib}Mi",
                    "nvidia.com/gpu": str(each.gpus) if each.gpus else None,
                }
            },
        }
        for each in offered
    ]
    return {
        "key": region,
        "name": "embedded MLSpace",
        "description": "this machine",
        "nfsName": "local",
        "instances_types": types,
        "ssh": None,
    }
