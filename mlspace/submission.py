"""Submission: from a request to a row in the registry, and to the platform. Nothing is sent before the row is committed."""

from __future__ import annotations

import os

from mlspace import config, controller, deferral
from mlspace.errors import GatewayError, MlspaceError, RequestRefused
from mlspace.slurm import state
from mlspace.slurm.demand import FAILED
from mlspace.slurm.export import exported
from mlspace.slurm.geometry import decide as decide_geometry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from mlspace.cluster import Partition
    from mlspace.session import Session
    from mlspace.slurm.geometry import Geometry
    from mlspace.slurm.job import JobView
    from mlspace.slurm.request import JobRequest

LONGEST_TEXT = 1024
"""Characters of a job's name, comment and their like. Source: sbatch 22.05."""

NO_PARTITION = "Invalid partition name specified"

LIMITS = ("AS", "CORE", "CPU", "DATA", "FSIZE", "MEMLOCK", "NOFILE", "NPROC", "RSS", "STACK")
"""Soft limits that travel with a job, as Slurm's PropagateResourceLimits=ALL."""


def decide(session: Session, request: JobRequest) -> Geometry:
    """What the request gets on this cluster; what Slurm would warn of is said. Raises RequestRefused."""
    try:
        geometry = decide_geometry(request.first, session.cluster.limits(partition_of(session, request)), request.program)
    except RequestRefused as refusal:
        say(session, request, refusal.warnings)
        raise
    say(session, request, geometry.warnings)
    return geometry


def say(session: Session, request: JobRequest, warnings: Sequence[str]) -> None:
    for warning in warnings:
        session.context.warn(f"{request.program}: {warning}")


def submit(session: Session, request: JobRequest, geometry: Geometry) -> int:
    """Submits; returns the job's id. The job is in the registry before anything is sent, and stays there unless it is refused."""
    import json

    values, environment = describe(session, request, geometry)
    registry = session.registry
    waits = deferral.has_to_wait(values)
    first = None if waits else controller.new_submission(values["region"])
    job_id = registry.add(values, json.dumps(request.to_json()), environment, first)
    os.makedirs(os.path.join(session.state_dir, "reports"), mode=0o700, exist_ok=True)
    if request.script is not None or waits:
        session.summon()
    if waits:
        return job_id
    sent = registry.submissions(job_id=job_id)[0]
    try:
        session.controller.send(sent, sent.owner)
    except GatewayError as error:
        if error.outcome_unknown or (error.transient and not session.config.is_remote):
            return job_id  # a later round sends it, or finds it
        registry.remove(job_id)
        raise MlspaceError(f"{FAILED[request.program]}{error.lines[0]}", *error.lines[1:]) from error
    except MlspaceError:
        registry.remove(job_id)
        raise
    except KeyboardInterrupt:
        if request.script is None:  # whoever waits for a program's output does not want it without
            session.cancel([session.job(job_id)])
        raise
    return job_id


def preview(session: Session, request: JobRequest, geometry: Geometry, carrier: str = "") -> dict[str, Any]:
    """What would be sent to submit the request, as the next job. Nothing is sent, nothing is written. carrier: as Controller.body."""
    import json

    from mlspace.state.registry import Submission

    values, environment = describe(session, request, geometry)
    columns = {**values, "details": json.loads(values["details"]), "job_id": session.registry.next_job_id()}
    submission = controller.new_submission(values["region"])
    sent = Submission([submission.get(field, "") for field in Submission.FIELDS])
    body, _ = session.controller.body(session.controller.stored_job(columns, request, environment, sent), carrier)
    return body


def describe(session: Session, request: JobRequest, geometry: Geometry) -> tuple[dict[str, Any], dict[str, str]]:
    """Columns of the registry's job table for a new job, and the environment that travels with it. Raises MlspaceError."""
    import json

    context, component = session.context, request.first
    user, now = context.user, int(context.now())
    for option in ("job-name", "comment", "account", "wckey"):
        if len(component[option] or "") > LONGEST_TEXT:
            line = f"{FAILED[request.program]}Pathname of a file, directory or other parameter too long"
            raise RequestRefused(line, f"  --{option} has more than {LONGEST_TEXT} characters")
    work_dir = os.path.normpath(os.path.join(context.cwd, component["chdir"] or ""))
    details = {
        "values": component.values,
        "geometry": geometry.to_json(),
        "files": files_of(request, work_dir),
        "submit_dir": context.cwd,
        "umask": current_umask(),
        "rlimits": soft_limits(),
        "submit_line": " ".join([request.program, *context.arguments]),
    }
    values = {
        "name": component["job-name"],
        "user": user.name,
        "uid": user.uid,
        "grp": user.group,
        "gid": user.gid,
        "state": state.PENDING,
        "nice": component["nice"] or 0,
        "submit_time": now,
        **decided(session, request, geometry),
        "batch": int(request.script is not None),
        "requeue": int(component["requeue"] is not False),
        "command": command_of(request),
        "work_dir": work_dir,
        "comment": component["comment"],
        "alloc_node": context.host,
        "alloc_sid": os.getsid(0),
        "details": json.dumps(details),
    }
    return deferral.add_to(values, session, request), environment_of(session, request)


def decided(session: Session, request: JobRequest, geometry: Geometry) -> dict[str, Any]:
    """The columns that follow from what is asked for and what it gets."""
    component, partition = request.first, partition_of(session, request)
    return {
        "account": component["account"],
        "partition": partition.name,
        "qos": component["qos"],
        "time_limit": component.values.get("time", partition.max_time),
        "nodes": geometry.nodes,
        "tasks": geometry.tasks,
        "tasks_requested": int(geometry.tasks_requested),
        "cpus": sum(geometry.cpus_per_node),
        "cpus_per_task": geometry.cpus_per_task,
        "memory_mib": sum(geometry.memory_mib_per_node),
        "gpus": sum(geometry.gpus_by_node),
        "region": partition.region,
        "instance_type": instance_type(session, request, geometry, partition),
    }


def changed(session: Session, job: JobView, options: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a job that waits, its request decided anew with these options. Raises RequestRefused, as a submission would."""
    import json

    from mlspace.slurm.request import JobRequest

    request = JobRequest.from_json(json.loads(session.registry.stored(job.job_id)[0]))
    component = request.first
    for option, other in (("mem", "mem-per-cpu"), ("mem-per-cpu", "mem")):
        if option in options:
            component.values.pop(other, None)
    component.values.update(options)
    geometry = decide(session, request)
    details = {**json.loads(job.details), "values": component.values, "geometry": geometry.to_json()}
    return {
        **decided(session, request, geometry),
        "details": json.dumps(details),
        "request": session.registry.keep(json.dumps(request.to_json())),
    }


def partition_of(session: Session, request: JobRequest) -> Partition:
    """The partition of --partition, else of --region, else the default one. Raises RequestRefused with those that there are."""
    component, cluster = request.first, session.cluster
    name, region = component["partition"], component["region"]
    if name is None and region is not None:
        of_region = [one for one in cluster.partitions if one.region == region]
        if not of_region:
            known = ", ".join(dict.fromkeys(one.region for one in cluster.partitions))
            raise RequestRefused(f"--region={region}: there is no such region", f"  the regions here are {known}")
        return next((one for one in of_region if one.default), of_region[0])
    partition = cluster.partition(name)
    if partition is not None and region not in (None, partition.region):
        raise RequestRefused(f"--region={region}: the partition {partition.name} is in region {partition.region}")
    if partition is None:
        known = ", ".join(one.name for one in cluster.partitions)
        raise RequestRefused(
            f"invalid partition specified: {name}",
            f"{FAILED[request.program]}{NO_PARTITION}",
            f"  the partitions here are {known}",
            reason=NO_PARTITION,
        )
    return partition


def instance_type(session: Session, request: JobRequest, geometry: Geometry, partition: Partition) -> str:
    from mlspace.translate import placement

    if request.first["instance-type"]:
        told: str = request.first["instance-type"]
        return told
    types = session.cluster.instance_types
    return placement.parametric(geometry) if types is None else placement.smallest(geometry, types[partition.region], partition.region)


def command_of(request: JobRequest) -> str:
    """As squeue and scontrol show it: the script with its arguments, or srun's program; "" for --wrap."""
    if request.script is None:
        return request.command[0] if request.command else ""
    return " ".join([request.script.path, *request.script.arguments]) if request.script.path else ""


def environment_of(session: Session, request: JobRequest) -> dict[str, str]:
    """The variables that travel: what --export lets through, without our credentials and without an outer job's directory."""
    component, environ = request.first, session.context.environ
    if request.program == "mlspace":
        return dict(component["env"] or {})
    variables = exported(environ, component["export"], request.program)
    for name in (*config.SECRET_VARIABLES, "MLSPACE_JOB_DIR"):
        variables.pop(name, None)
    if "MLSPACE_STATE_DIR" in environ:
        variables["MLSPACE_STATE_DIR"] = environ["MLSPACE_STATE_DIR"]
    return variables


def files_of(request: JobRequest, work_dir: str) -> dict[str, Any]:
    """The files of the job's streams, as they are seen from here. A step's own are srun's matter."""
    component = request.first
    if request.script is None:
        return {}
    default_output = "slurm-%A_%a.out" if component["array"] else "slurm-%j.out"
    patterns = {"in": component["input"], "out": component["output"] or default_output, "err": component["error"]}
    return {name: seen_file(os.path.join(work_dir, pattern)) for name, pattern in patterns.items() if pattern}


def seen_file(path: str) -> dict[str, Any]:
    """A file's path with its directory's inode and owner as seen here: by them a node knows whether it sees the same directory."""
    directory = os.path.dirname(path)
    seen = {"path": path, "inode": None, "owner": None}
    if "%" in directory:
        return seen
    try:
        status = os.stat(directory)
    except OSError:
        return seen
    return {"path": path, "inode": status.st_ino, "owner": status.st_uid}


def current_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def soft_limits() -> dict[str, int]:
    import resource

    return {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[0] for name in LIMITS}
