"""Session: everything that a command knows of jobs, cluster and Gateway, each opened when it is first needed."""

from __future__ import annotations

import os

from mlspace import config, controller
from mlspace.errors import BadValue, GatewayError, MlspaceError, RequestRefused
from mlspace.slurm import state
from mlspace.state.registry import Registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Any

    from mlspace.cluster import Cluster, Partition
    from mlspace.config import Config
    from mlspace.context import Context
    from mlspace.gateway.client import Client
    from mlspace.local.endpoint import Endpoint
    from mlspace.slurm.geometry import Geometry
    from mlspace.slurm.job import JobView
    from mlspace.slurm.occupation import Occupation
    from mlspace.slurm.request import JobRequest

LOOK_SECONDS = 0.02
"""Between two looks for a report; a look is one stat."""

MIN_JOB_AGE_SECONDS = 300
"""How long squeue, scancel and scontrol know a job that has ended; sacct knows it for ever. Source: slurm.conf(5) MinJobAge."""

LONGEST_ID = 10
PLATFORM_PREFIX = "lm-"
"""What the platform's own names of jobs begin with (mlspace-facts §4.1)."""

LIMITS = ("AS", "CORE", "CPU", "DATA", "FSIZE", "MEMLOCK", "NOFILE", "NPROC", "RSS", "STACK")
"""Soft limits that travel with a job, as Slurm's PropagateResourceLimits=ALL."""


class Session:
    """One command's view. Methods raise MlspaceError."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.state_dir = config.state_directory(context.environ, context.user.home)
        self._config: Config | None = None
        self._registry: Registry | None = None
        self._cluster: Cluster | None = None
        self._client: Client | None = None
        self._controller: controller.Controller | None = None

    # What there is.

    @property
    def config(self) -> Config:
        if self._config is None:
            self._config = config.read(self.context.environ, self.context.environ.get("HOME") or self.context.user.home)
        return self._config

    @property
    def registry(self) -> Registry:
        if self._registry is None:
            self._registry = Registry.open(self.state_dir)
        return self._registry

    @property
    def controller(self) -> controller.Controller:
        if self._controller is None:
            from mlspace.installation import commands_directory

            self._controller = controller.Controller(
                self.registry,
                self.state_dir,
                self.context.now,
                self.gateway,
                lambda: self.cluster,
                lambda: self.config["image"],
                commands_directory(),
            )
        return self._controller

    @property
    def cluster(self) -> Cluster:
        if self._cluster is None:
            self._cluster = self._catalog() if self.config.is_remote else self._local_cluster()
        return self._cluster

    def gateway(self) -> Client:
        """The client of the configured Gateway, or of the embedded one, which is started if it must."""
        if self._client is None:
            from mlspace.gateway.client import Client
            from mlspace.gateway.transport import Credentials, Transport

            if self.config.is_remote:
                values = self.config
                words = (values["client_id"], values["client_secret"], values["api_key"], values["workspace_id"], values["access_token"])
                url = values["endpoint"]
            else:
                local = self._endpoint()
                words = (local.client_id, local.client_secret, local.api_key, local.workspace_id, "")
                url = local.url
            self._client = Client(Transport(url, Credentials(*words), self.state_dir))
        return self._client

    @property
    def _local_directory(self) -> str:
        return os.path.join(self.state_dir, "local")

    def _endpoint(self) -> Endpoint:
        from mlspace.local import daemon, endpoint

        directory = self._local_directory
        if not self.is_inside_job:
            self.registry  # noqa: B018 - makes the state directory, or says why it cannot be
            return daemon.ensure_running(directory, self.context.environ)
        # What is started inside a job ends with it; so a job leaves what it cannot do to the next command outside.
        living = endpoint.read_living(directory)
        if living is None:
            raise GatewayError("the embedded MLSpace is not running, and is not started from inside a job", transient=True)
        return living

    def _local_cluster(self) -> Cluster:
        from mlspace.cluster import Cluster
        from mlspace.installation import launcher_path

        local = self._endpoint()
        launch = launcher_path(self.context.environ)
        return Cluster.from_shape(local.shape, local.node_names, launch=launch, spec_dir=os.path.join(self.state_dir, "specs"))

    def _catalog(self) -> Cluster:
        from mlspace.cluster import Cluster

        launch = self.config["launch"]
        if not launch:
            raise MlspaceError(
                "MLSPACE_LAUNCH is not set: the path at which the jobs of the region see the launcher",
                "  copy .venv/bin/launch to that region's storage, /home/jovyan/launch for one, and set it to that path",
            )
        return Cluster.from_catalog(self.gateway().configs(), region=self.config["region"], launch=launch)

    @property
    def is_inside_job(self) -> bool:
        """Whether this process belongs to a job on this host."""
        environ = self.context.environ
        if os.path.isdir(environ.get("MLSPACE_JOB_DIR", "") or "/nonexistent"):
            return True
        prefix = f"{environ.get('SLURM_JOB_ID', '')}."
        return len(prefix) > 1 and any(name.startswith(prefix) for name in names_in(runtime_root(self.context.user.uid)))

    # What is asked for.

    def partition(self, request: JobRequest) -> Partition:
        name = request.first["partition"]
        partition = self.cluster.partition(name)
        if partition is None:
            from mlspace.slurm.demand import FAILED

            known = ", ".join(one.name for one in self.cluster.partitions)
            raise RequestRefused(
                f"invalid partition specified: {name}",
                f"{FAILED[request.program]}Invalid partition name specified",
                f"  the partitions here are {known}",
            )
        return partition

    def decide(self, request: JobRequest) -> Geometry:
        """What the request gets on this cluster; what Slurm would warn of is said."""
        from mlspace.slurm.geometry import decide

        geometry = decide(request.first, self.cluster.limits(self.partition(request)), request.program)
        for warning in geometry.warnings:
            self.context.warn(f"{request.program}: {warning}")
        return geometry

    def submit(self, request: JobRequest, geometry: Geometry) -> int:
        """Submits; returns the job's id. The job is in the registry before anything is sent, and stays there unless it is refused."""
        import json

        from mlspace.slurm.demand import FAILED

        values, environment = self.describe(request, geometry)
        submission = new_submission(values["region"])
        job_id = self.registry.add(values, json.dumps(request.to_json()), environment, submission)
        os.makedirs(os.path.join(self.state_dir, "reports"), mode=0o700, exist_ok=True)
        sent = self.registry.submissions(job_id=job_id)[0]
        try:
            self.controller.send(sent, sent.owner)
        except GatewayError as error:
            if error.outcome_unknown or (error.transient and not self.config.is_remote):
                return job_id  # a later round sends it, or finds it
            self.registry.remove(job_id)
            raise MlspaceError(f"{FAILED[request.program]}{error.lines[0]}", *error.lines[1:]) from error
        except MlspaceError:
            self.registry.remove(job_id)
            raise
        return job_id

    def preview(self, request: JobRequest, geometry: Geometry) -> dict[str, Any]:
        """What would be sent to submit the request, as the next job. Nothing is sent, nothing is written."""
        from mlspace.state.registry import Submission

        values, environment = self.describe(request, geometry)
        submission = new_submission(values["region"])
        columns = {**values, "details": json_of(values["details"]), "job_id": self.registry.next_job_id()}
        sent = Submission([submission.get(field, "") for field in Submission.FIELDS])
        return self.controller.body(self.controller.stored_job(columns, request, environment, sent), write=False)

    def describe(self, request: JobRequest, geometry: Geometry) -> tuple[dict[str, Any], dict[str, str]]:
        """Columns of the registry's job table for a new job, and the environment that travels with it."""
        import json

        from mlspace.slurm.gres import count_of

        context, component = self.context, request.first
        user, partition, now = context.user, self.partition(request), int(context.now())
        work_dir = os.path.normpath(os.path.join(context.cwd, component["chdir"] or ""))
        script = request.script
        command = "" if script is None else " ".join([script.path, *script.arguments]) if script.path else ""
        details = {
            "values": component.values,
            "geometry": geometry.to_json(),
            "files": self._files(request, work_dir),
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
            "account": component["account"],
            "partition": partition.name,
            "qos": component["qos"],
            "state": state.PENDING,
            "reason": "None",
            "priority": 0,
            "nice": component["nice"] or 0,
            "submit_time": now,
            "eligible_time": now,
            "time_limit": component.values.get("time", partition.max_time),
            "nodes": geometry.nodes,
            "tasks": geometry.tasks,
            "tasks_requested": int(geometry.tasks_requested),
            "cpus": sum(geometry.cpus_per_node),
            "cpus_per_task": geometry.cpus_per_task,
            "memory_mib": sum(geometry.memory_mib_per_node),
            "gpus": geometry.gpus_per_node * geometry.nodes or count_of("gpu", component["gres"]),
            "batch": int(request.script is not None),
            "requeue": int(component["requeue"] is not False),
            "command": command,
            "work_dir": work_dir,
            "comment": component["comment"],
            "region": component["region"] or partition.region,
            "instance_type": self._instance_type(request, geometry, partition),
            "alloc_node": context.host,
            "alloc_sid": os.getsid(0),
            "details": json.dumps(details),
        }
        return values, self._environment(request)

    def _instance_type(self, request: JobRequest, geometry: Geometry, partition: Partition) -> str:
        from mlspace.translate import placement

        if request.first["instance-type"]:
            told: str = request.first["instance-type"]
            return told
        types = self.cluster.instance_types
        return placement.parametric(geometry) if types is None else placement.smallest(geometry, types[partition.region], partition.region)

    def _environment(self, request: JobRequest) -> dict[str, str]:
        from mlspace.slurm.export import exported

        component, environ = request.first, self.context.environ
        if request.program == "mlspace":
            return dict(component["env"] or {})
        variables = exported(environ, component["export"], request.program)
        for name in config.SECRET_VARIABLES:
            variables.pop(name, None)
        variables.pop("MLSPACE_JOB_DIR", None)
        if "MLSPACE_STATE_DIR" in environ:
            variables["MLSPACE_STATE_DIR"] = environ["MLSPACE_STATE_DIR"]
        return variables

    def _files(self, request: JobRequest, work_dir: str) -> dict[str, Any]:
        """The files of the job's streams, as they are seen from here. A step's own are srun's matter."""
        component = request.first
        if request.script is None:
            return {}
        patterns = {"in": component["input"], "out": component["output"] or "slurm-%j.out", "err": component["error"]}
        return {name: seen_file(os.path.join(work_dir, pattern)) for name, pattern in patterns.items() if pattern}

    # What becomes of it.

    def refresh(self) -> None:
        """Brings the registry up to date, as far as that is due. A Gateway that cannot be reached is said, not raised."""
        try:
            self.controller.advance()
        except GatewayError as error:
            if not self.is_inside_job:
                self.context.warn(f"warning: {error.lines[0]}; what is shown may be old")

    def job(self, job_id: int) -> JobView:
        job = self.registry.job(job_id)
        if job is None:
            raise MlspaceError("Invalid job id specified")
        return job

    def recent_jobs(self, job_ids: Collection[int] | None = None, users: Collection[str] | None = None) -> list[JobView]:
        """The jobs that Slurm's controller would know: those that have not ended, and those that ended a short time ago."""
        since = self.context.now() - MIN_JOB_AGE_SECONDS
        return self.registry.jobs(job_ids=job_ids, users=users, ended_since=since)

    def occupation(self) -> Occupation:
        """What the running jobs take of each node."""
        from mlspace.slurm.occupation import HOLDING, Occupation

        self.refresh()
        return Occupation(self.registry.jobs(states=HOLDING))

    def machine(self) -> dict[str, str]:
        """What scontrol tells of the host behind a node, by its keys; nothing where the nodes are elsewhere."""
        if self.config.is_remote:
            return {}
        from mlspace.local import endpoint
        from mlspace.slurm.timestamp import format_timestamp

        kernel = os.uname()
        facts = {"Arch": kernel.machine, "OS": f"{kernel.sysname} {kernel.release} {kernel.version}"}
        facts["CPULoad"] = f"{os.getloadavg()[0]:.2f}"
        facts["FreeMem"] = str(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20)
        time_format = self.context.environ.get("SLURM_TIME_FORMAT", "")
        facts["BootTime"] = format_timestamp(int(self.context.now() - self.context.uptime()), time_format)
        begun = endpoint.published_at(self._local_directory)
        facts["SlurmdStartTime"] = "None" if begun is None else format_timestamp(begun, time_format)
        return facts

    def job_id(self, text: str) -> int:
        """The job's id from what a user wrote: "12", or the platform's name of the job. Raises BadValue."""
        if text.isascii() and text.isdigit() and len(text) <= LONGEST_ID:
            return int(text)
        found = self.registry.job_of_platform(text) if text.startswith(PLATFORM_PREFIX) else None
        if found is None:
            raise BadValue(text)
        return found

    def wait(self, job_id: int) -> JobView:
        """The job when it has ended. Its report is seen at once; the platform is asked every two seconds."""
        next_round = 0.0
        report = self.report_file(job_id)
        size = 0
        while True:
            job = self.job(job_id)
            if job.state in state.FINAL:
                return job
            while size == (size := file_size(report)) and self.context.monotonic() < next_round:
                self.context.sleep(LOOK_SECONDS)
            self.refresh()
            next_round = self.context.monotonic() + controller.POLL_SECONDS

    def report_file(self, job_id: int) -> str:
        submissions = self.registry.submissions(job_id=job_id)
        return self.controller.report_path(submissions[-1].submission) if submissions else ""

    def cancel(self, jobs: Sequence[JobView]) -> None:
        """Ends jobs; one that has ended already stays as it is."""
        self.controller.cancel([job for job in jobs if job.state not in state.FINAL], self.context.user.uid)

    def runtime_directory(self, job_id: int) -> str:
        """Where the job's first node has its runtime directory, on this host (docs/protocol.md §4)."""
        submission = self.registry.submissions(phases=("committed", "posting", "posted", "ended"), job_id=job_id)[-1]
        return os.path.join(runtime_root(self.context.user.uid), f"{job_id}.{submission.submission[:8]}.0")

    def step_environment(self) -> Mapping[str, str]:
        """Our own environment for `launch srun`, without what must not reach a job."""
        return {name: value for name, value in self.context.environ.items() if name not in config.SECRET_VARIABLES}

    def follow(self, job_id: int) -> int:
        """Prints the job's log until it has ended; returns its exit code. Where the nodes cannot be reached, that is srun's output."""
        from mlspace.gateway.logs import follow
        from mlspace.translate.status import REPORT_MARK

        job = self.job(job_id)
        while not job.platform_job:
            self.context.sleep(controller.POLL_SECONDS)
            self.refresh()
            job = self.job(job_id)
        submission = self.registry.submissions(job_id=job_id)[-1]
        for stream, line in follow(self.gateway(), job.platform_job, job.region, self.context.sleep):
            if line.startswith(REPORT_MARK):
                self.controller.take_reports(submission, job, line)
                continue
            target = self.context.stdout if stream == 1 else self.context.stderr
            target.write(line.decode("utf-8", "surrogateescape"))
            target.flush()
        ended = self.wait(job_id)
        code: int = 128 + ended.exit_signal if ended.exit_signal else ended.exit_code
        return code or int(ended.state != state.COMPLETED)


def new_submission(region: str) -> dict[str, Any]:
    """Columns of the registry's submission table for a first attempt, which this process sends."""
    import secrets

    return {
        "submission": secrets.token_hex(16),
        "secret": secrets.token_hex(32),
        "restart": 0,
        "attempt": 1,
        "phase": "committed",
        "owner": controller.process_identity(),
        "region": region,
    }


def json_of(text: str) -> Any:
    import json

    return json.loads(text)


def runtime_root(uid: int) -> str:
    return f"/tmp/mlspace-{uid}"


def names_in(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []


def file_size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


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
