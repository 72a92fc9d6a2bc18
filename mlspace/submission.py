"""Submission: from a request to a row in the registry, and to the platform. Nothing is sent before the row is committed."""

from __future__ import annotations

import os
from functools import partial

from mlspace import deferral, jobdir
from mlspace.configuration import config
from mlspace.controller import controller
from mlspace.errors import GatewayError, MlspaceError, RequestRefused, StateError
from mlspace.slurm import state
from mlspace.slurm.demand import FAILED
from mlspace.slurm.export import exported
from mlspace.slurm.geometry import decide as decide_geometry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from mlspace.cluster.cluster import Partition
    from mlspace.configuration.naming import Names
    from mlspace.session import Session
    from mlspace.slurm.allocation import Limits
    from mlspace.slurm.geometry import Geometry
    from mlspace.slurm.job import JobView
    from mlspace.slurm.request import Component, JobRequest

LONGEST_TEXT = 1024
"""Characters of a job's name, comment and their like. Source: sbatch 22.05."""

NO_MAIL = "warning: --mail-type is ignored: no mail program is configured (mail_prog)"

LIMITS = ("AS", "CORE", "CPU", "DATA", "FSIZE", "MEMLOCK", "NOFILE", "NPROC", "RSS", "STACK")
"""Soft limits that travel with a job, as Slurm's PropagateResourceLimits=ALL."""


def decide(session: Session, request: JobRequest) -> Geometry:
    """What the request gets on this cluster; what Slurm would warn of is said. Raises RequestRefused."""
    left = until_deadline(request.first, int(session.context.now()))
    names = names_of(session, request)
    if names.warning:
        say(session, request, [names.warning])
    decided = []
    try:
        for partition in names.partitions:
            limits = names.limits(partition)
            limits.until_deadline = left
            decided.append(decide_geometry(request.first, limits, request.program))
    except RequestRefused as refusal:
        say(session, request, refusal.warnings)
        raise
    geometry = decided[0]  # EnforcePartLimits=ALL: it must fit each partition of a list
    types = names.types(names.partition)
    if types is not None and not says_memory(request.first, geometry):
        from mlspace.translate.placement import own_memory

        # "All of the node" would choose the largest type, and cost as much.
        geometry.memory_mib_per_node = [own_memory(geometry, types)] * geometry.nodes
    say(session, request, geometry.warnings)
    return geometry


def says_memory(component: Component, geometry: Geometry) -> bool:
    """Whether the request, or the partition for it, says how much memory it needs."""
    return bool(geometry.mem_per_cpu or geometry.mem_per_node or component["mem-per-gpu"])


def until_deadline(component: Component, now: int) -> int | None:
    """Seconds from now to --deadline; None without one. Raises RequestRefused where --begin is after it."""
    from mlspace.slurm.timestamp import parse

    if component["deadline"] is None:
        return None
    deadline = parse(component["deadline"], now)
    if component["begin"] is not None and parse(component["begin"], now) > deadline:
        raise RequestRefused("Incompatible begin and deadline time specification", "  --begin is after --deadline")
    return deadline - now


def say(session: Session, request: JobRequest, warnings: Sequence[str]) -> None:
    """Of --quiet errors are left."""
    is_quiet = request.components[0]["quiet"]
    for warning in warnings:
        if not (is_quiet and warning.startswith("Warning:")):
            session.context.warn(f"{request.program}: {warning}")


def submit(session: Session, request: JobRequest, geometry: Geometry) -> int:
    """Submits; returns the job's id. The job is in the registry before anything is sent, and stays there unless it is refused."""
    import json

    if wants_mail(request) and not session.config["mail_prog"]:
        say(session, request, [NO_MAIL])
    values, environment = describe(session, request, geometry)
    registry = session.registry
    is_one = session.cluster.has_known_nodes
    waits = deferral.has_to_wait(values) or registry.is_crowded(values["place"], is_one=is_one) or session.is_led_elsewhere
    first = None if waits else controller.new_submission(values["region"])
    make_report_directory(session)
    job_id = registry.add(values, json.dumps(request.to_json()), environment, first)
    if request.script is not None or waits or wants_mail(request):
        session.summon()
    if waits:
        return job_id
    sent = registry.submissions(job_id=job_id)[0]
    try:
        session.controller.sender.send(sent)
    except StateError as error:  # the job is in the registry: it is sent when that can be written again
        session.context.warn(f"{request.program}: warning: {error.lines[0]}")
    except GatewayError as error:
        if error.shortage:
            session.summon()  # somebody has to ask again
            return job_id
        if error.outcome_unknown or (error.transient and not session.config.is_remote):
            return job_id  # a later round sends it, or finds it
        if not registry.unless_taken(sent, partial(registry.remove, job_id)):
            return job_id  # the controller has sent it, and was not refused
        raise MlspaceError(f"{FAILED[request.program]}{error.lines[0]}", *error.lines[1:]) from error
    except MlspaceError:
        if not registry.unless_taken(sent, partial(registry.remove, job_id)):
            return job_id
        raise
    except KeyboardInterrupt:
        if request.script is None:  # whoever waits for a program's output does not want it without
            session.cancel([session.job(job_id)])
        raise
    return job_id


def wants_mail(request: JobRequest) -> bool:
    return any(set(component["mail-type"] or ()) - {"NONE"} for component in request.components)


def make_report_directory(session: Session) -> None:
    os.makedirs(os.path.join(session.state_dir, "reports"), mode=0o700, exist_ok=True)


def preview(session: Session, request: JobRequest, geometry: Geometry, carrier: str = "") -> dict[str, Any]:
    """What would be sent to submit the request, as the next job. Nothing is sent, nothing is written. carrier: as Controller.body."""
    import json

    from mlspace.state.registry import Submission

    values, environment = describe(session, request, geometry)
    columns = {**values, "details": json.loads(values["details"]), "job_id": session.registry.next_job_id()}
    submission = controller.new_submission(values["region"])
    sent = Submission([submission.get(field, "") for field in Submission.FIELDS])
    body, _ = session.controller.sender.body(session.controller.sender.stored_job(columns, request, environment, sent), carrier)
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
        **worked_out(session, request, geometry),
        "files": input_of(request) if request.program == "mpirun" else files_of(request, work_dir),
        "hpcx": hpcx_of(session, component),
        "submit_dir": context.cwd,
        "umask": current_umask(),
        "rlimits": soft_limits(component["propagate"]),
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


def hpcx_of(session: Session, component: Component) -> str:
    """Which HPC-X the job's environment has: LaunchSpec.hpcx."""
    return component["hpcx"] or session.config["hpcx"]


def decided(session: Session, request: JobRequest, geometry: Geometry) -> dict[str, Any]:
    """The columns that follow from what is asked for and what it gets."""
    component, names = request.first, names_of(session, request)
    partition, chosen = names.partition, instance_type(request, geometry, names)
    return {
        "account": component["account"],
        "partition": names.shown,
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
        "instance_type": chosen,
        "place": "/".join([partition.region, chosen, names.body.get("allocation_name", ""), names.body.get("queue_name", "")]),
    }


def worked_out(session: Session, request: JobRequest, geometry: Geometry) -> dict[str, Any]:
    """The details that follow from what is asked for and what it gets."""
    names = names_of(session, request)
    return {"geometry": geometry.to_json(), "body": {**names.body, **nodes_of(session, request, geometry, names)}}


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
    details = {**json.loads(job.details), "values": component.values, **worked_out(session, request, geometry)}
    return {
        **decided(session, request, geometry),
        "details": json.dumps(details),
        "request": session.registry.keep(json.dumps(request.to_json())),
    }


def names_of(session: Session, request: JobRequest) -> Names:
    """What the request's names mean on this cluster. Raises RequestRefused."""
    from mlspace.configuration.naming import Names

    return Names(request.first, session.cluster, request.program)


def limits_of(session: Session, request: JobRequest) -> Limits:
    """What the request is measured against in its partition. Raises RequestRefused."""
    names = names_of(session, request)
    return names.limits(names.partition)


def partition_of(session: Session, request: JobRequest) -> Partition:
    """The partition of --partition, else of --region, else the default one. Raises RequestRefused with those that there are."""
    return names_of(session, request).partition


def nodes_of(session: Session, request: JobRequest, geometry: Geometry, names: Names) -> dict[str, list[str]]:
    """Fields of the body that say among which nodes the platform may choose, where it must not choose among all."""
    from mlspace.translate import placement

    component, names_there = request.first, [node.name for node in session.cluster.nodes]
    fields = {
        "include_nodes": placement.eligible(component, geometry.nodes, names.partition.nodes, names_there),
        "exclude_nodes": component["exclude"] or [],
    }
    return {field: nodes for field, nodes in fields.items() if nodes}


def instance_type(request: JobRequest, geometry: Geometry, names: Names) -> str:
    from mlspace.translate import placement

    if request.first["instance-type"]:
        told: str = request.first["instance-type"]
        return told
    types = names.types(names.partition)
    return placement.parametric(geometry) if types is None else placement.smallest(geometry, types, names.partition.region)


def command_of(request: JobRequest) -> str:
    """As squeue and scontrol show it: the script with its arguments, or srun's program; "" for --wrap."""
    if request.script is None:
        return request.command[0] if request.command else ""
    return " ".join([request.script.path, *request.script.arguments]) if request.script.path else ""


def environment_of(session: Session, request: JobRequest) -> dict[str, str]:
    """The variables that travel: what --export lets through, without our credentials and without an outer job's directory."""
    component, environ = request.first, session.context.environ
    own = dict(component["env"] or {})
    if request.program == "mlspace" or (request.program == "mpirun" and session.cluster.env_mode == "image"):
        return own  # as Open MPI, which takes nothing else to other hosts
    variables = exported(environ if request.environment is None else request.environment, component["export"], request.program)
    variables |= own
    for name in (*config.SECRET_VARIABLES, jobdir.OWN):
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


def input_of(request: JobRequest) -> dict[str, Any]:
    """mpirun's standard input, where that is a file. No % in its name is a pattern."""
    path: str = request.first["input"] or ""
    return {"in": {**seen_file(path), "path": path.replace("%", "%%")}} if path else {}


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


def soft_limits(names: Sequence[str] | None) -> dict[str, int]:
    """Our soft limits of these names (--propagate); of all that travel without it."""
    import resource

    return {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[0] for name in (LIMITS if names is None else names)}
