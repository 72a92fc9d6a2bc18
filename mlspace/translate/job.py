"""From a stored job to what the platform receives: the LaunchSpec, and the body of POST /jobs.

Pure: everything it needs was written down when the job was submitted, so that any process can do it again, also after a crash.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlspace.cluster.cluster import Cluster
from mlspace.slurm.environment import array_variables, job_variables, of_component
from mlspace.slurm.export import named
from mlspace.slurm.geometry import Geometry
from mlspace.slurm.request import Component, JobRequest
from mlspace.spec.launch import Env, File, Het, Job, LaunchSpec, Limits, Script, Stdio

OWNER_SECONDS = 15
"""How long an allocation waits for the srun or salloc that asked for it, which looks for it all the time."""

KILL_WAIT_SECONDS = 30
"""Slurm's KillWait: from TERM to KILL."""

STEP_OPTIONS = (
    *("cpu-bind", "gpu-bind", "hint", "threads-per-core", "ntasks-per-core", "ntasks-per-socket"),
    *("kill-on-bad-exit", "wait", "task-prolog", "task-epilog"),
)
"""Of srun's, those that say what the tasks of its step are bound to, what ends them, and what runs around them."""

DESCRIPTION = "mlspace-slurm job {job_id} submission {submission} restart {restart} attempt {attempt}"
SUBMISSION = re.compile(r"\bsubmission ([0-9a-f]{32})\b")

OF_TABLE = (
    *("job_id", "name", "user", "uid", "gid", "partition", "region", "instance_type", "time_limit", "alloc_node", "work_dir"),
    *("array_job_id", "array_task_id", "details"),
)
"""Fields of StoredJob that are columns of the registry's job table."""


@dataclass(frozen=True)
class Family:
    """The heterogeneous job that a job is a component of. ids: those of its components, in order; variables: what is known of all of them
    (component 0 alone has them). leader and platform_job: component 0's submission, and what the platform calls it, once that is known.
    meeting: path of the file in which component 0 says where it is."""

    ids: Sequence[int]
    leader: str
    platform_job: str
    meeting: str
    variables: Mapping[str, str]


@dataclass(frozen=True)
class StoredJob:
    """A job as the registry has it, with the submission that is to be sent. `environment` is what travels, --export done.

    details: JobView.details as a mapping: geometry, files, umask, rlimits, submit_dir.
    """

    job_id: int
    name: str
    user: str
    uid: int
    group: str
    gid: int
    partition: str
    region: str
    instance_type: str
    time_limit: int | None
    alloc_node: str
    work_dir: str
    request: JobRequest
    details: Mapping[str, Any]
    environment: Mapping[str, str]
    submission: str
    secret: str
    restart: int
    attempt: int
    report_file: str
    commands: str
    array_job_id: int | None = None
    array_task_id: int | None = None
    family: Family | None = None

    @property
    def geometry(self) -> Geometry:
        return Geometry.from_json(self.details["geometry"])

    @property
    def is_first(self) -> bool:
        """Whether the script is its own: not of the other components of a heterogeneous job, which hold their nodes for the first."""
        return self.family is None or self.family.ids[0] == self.job_id


def description(job: StoredJob) -> str:
    """`job_desc`: by it a submission is found again in the platform's list. Nothing of the user's words stands in it."""
    return DESCRIPTION.format(job_id=job.job_id, submission=job.submission, restart=job.restart, attempt=job.attempt)


def submission_of(description: str) -> str:
    """The submission that a job of the platform's is of; "" for jobs that are not ours."""
    match = SUBMISSION.search(description)
    return match[1] if match else ""


def role_of(request: JobRequest) -> str:
    """mpirun's job is its ranks, or, where the first node's own mpirun starts those, a batch job of that."""
    if request.program == "mpirun":
        return "batch" if request.first["start-by"] == "node" else "exec"
    if request.program == "mlspace":
        return "exec"
    return "batch" if request.script is not None or request.program == "salloc" else "tasks"


def launch_spec(job: StoredJob, cluster: Cluster) -> LaunchSpec:
    """What `launch` must do for the job. On a cluster whose nodes' channel is on this host, srun only needs the allocation held."""
    request, component, geometry = job.request, job.request.first, job.geometry
    role = role_of(request)
    is_held = role == "tasks" and cluster.channel
    has_owner = job.is_first and (is_held or (request.program == "salloc" and cluster.channel and not component["no-shell"]))
    files = job.details["files"]
    signal = component["signal"] or {}
    script = request.script if job.is_first else None
    return LaunchSpec(
        role="batch" if is_held else role,
        job=Job(
            id=job.job_id,
            name=job.name,
            user=job.user,
            group=job.group,
            uid=job.uid,
            gid=job.gid,
            partition=job.partition,
            cluster=cluster.name,
            submit_host=job.alloc_node,
            submit_dir=job.details["submit_dir"],
            nodes=geometry.nodes,
            cpus_per_node=geometry.cpus_per_node,
            tasks_per_node=geometry.tasks_per_node,
            memory_per_node=geometry.memory_mib_per_node if all(geometry.memory_mib_per_node) else (),
            distribution=geometry.distribution,
            gpus_per_node=geometry.gpus_per_node,
            step_gpus=geometry.step_gpus,
            env=variables_of(job),
            restart=job.restart,
            het=place_of(job, cluster),
        ),
        script=None if script is None else Script(script.text, script.arguments, script.path),
        command=() if is_held or request.command is None or not job.is_first else request.command,
        shell=component["shell"] or "",
        env=Env("image" if request.program == "mlspace" else cluster.env_mode, dict(job.environment), named=environment_names(job)),
        work_dir=job.work_dir,
        umask=job.details["umask"],
        rlimits=job.details["rlimits"],
        stdio=Stdio(
            in_=file_of(files, "in"),
            out=file_of(files, "out"),
            err=file_of(files, "err"),
            open_mode=component["open-mode"] or "truncate",
            label=bool(component["label"]),
        ),
        report_file=file_of(job.details, "report") or File(job.report_file),
        limits=Limits(
            seconds=seconds_of(job),
            signal=signal.get("signal"),
            warn=signal.get("warn", Limits.warn),
            batch_only=signal.get("batch_only", False),
            grace=KILL_WAIT_SECONDS,
            no_kill=bool(component["no-kill"]),
            wait_all_nodes=bool(component["wait-all-nodes"]),
        ),
        mpi=component["mpi"] or LaunchSpec.mpi,
        step_options=() if is_held or role != "tasks" else step_options(component),
        hpcx=job.details.get("hpcx", LaunchSpec.hpcx),  # a job of an earlier version has none
        submission=job.submission,
        secret=job.secret,
        owner=OWNER_SECONDS if has_owner else None,
        commands=job.commands,
    )


def variables_of(job: StoredJob) -> dict[str, str]:
    component = job.request.first
    found = job_variables(component, job.geometry, job.request.program)
    if job.family is None:
        return found | array_variables(component, job.array_job_id, job.array_task_id)
    return {**of_component(found), **job.family.variables}


def place_of(job: StoredJob, cluster: Cluster) -> Het | None:
    """Where the others of its heterogeneous job are; the names of pods are those of mlspace-facts §3."""
    family = job.family
    if family is None:
        return None
    offset, master = family.ids.index(job.job_id), f"{family.platform_job}-mpimaster-0"
    hosts = (f"{master}.{family.platform_job}", master) if offset and not cluster.channel else ()
    return Het(family.ids, offset, family.leader, hosts, File(family.meeting))


def step_options(component: Component) -> tuple[str, ...]:
    """The options of an srun that its only step is told where no command line is at hand any more."""
    said = [(option, component[option]) for option in STEP_OPTIONS if component[option] is not None]
    return tuple(f"--{option}={int(value) if isinstance(value, bool) else value}" for option, value in said)


def seconds_of(job: StoredJob) -> int | None:
    """The time limit; or mpirun's --timeout, whichever ends first."""
    limits = [None if job.time_limit is None else job.time_limit * 60, job.request.first["timeout"]]
    return min((limit for limit in limits if limit is not None), default=None)


def environment_names(job: StoredJob) -> list[str]:
    """Variables that win over the image's own: those that the user named one by one."""
    if job.request.program == "mlspace":
        return list(job.environment)
    if job.request.program == "mpirun":
        return list(job.request.first["env"] or {})
    return named(job.request.first["export"])


def file_of(files: Mapping[str, Any], name: str) -> File | None:
    file = files.get(name)
    return File(file["path"], file["inode"], file["owner"]) if file else None


def job_body(job: StoredJob, cluster: Cluster, flags: Mapping[str, str], image: str) -> dict[str, Any]:
    """The body of POST /jobs. Source: mlspace-facts §2: `type`, `region` and `processes_per_worker` are always said."""
    component = job.request.first
    launch = component["launch-bin"] or cluster.delivery.path(job.region)
    body: dict[str, Any] = {
        "script": shlex.quote(launch),
        "base_image": component["image"] or image,
        "instance_type": job.instance_type,
        "region": job.region,
        "type": "binary",
        "n_workers": job.geometry.nodes,
        "processes_per_worker": component["ranks"] or 1,
        "job_desc": description(job),
        "flags": dict(flags),
    }
    for field, option in (("include_nodes", "nodelist"), ("exclude_nodes", "exclude")):
        if component[option]:
            body[field] = component[option]
    for field, value in job.details.get("body", {}).items():  # what its names meant when it was submitted
        if field != "base_image" or not component["image"]:
            body[field] = value
    return {**body, "base_image": cluster.site.image(body["base_image"])}
