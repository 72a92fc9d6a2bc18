"""Session: everything that a command knows of jobs, cluster and Gateway, each opened when it is first needed."""

from __future__ import annotations

import os

from mlspace import jobdir
from mlspace.configuration import config
from mlspace.controller import controller, lease
from mlspace.errors import BadValue, GatewayError, MlspaceError
from mlspace.process_identity import is_below
from mlspace.slurm import state
from mlspace.slurm.job import PLATFORM_PREFIX
from mlspace.state.leadership import Leadership
from mlspace.state.registry import Registry
from mlspace.state.schema import SUBMISSION_PHASES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from mlspace.cluster.cluster import Cluster
    from mlspace.cluster.delivery import Delivery
    from mlspace.configuration.config import Config
    from mlspace.configuration.site import Site
    from mlspace.context import Context
    from mlspace.gateway.catalog import Catalog
    from mlspace.gateway.client import Client
    from mlspace.local.endpoint import Endpoint
    from mlspace.queue.selection import Selected
    from mlspace.slurm.job import JobView
    from mlspace.slurm.occupation import Occupation
    from mlspace.slurm.step import Account, StepView
    from mlspace.slurm.usage import StepUsage
    from mlspace.state.queue import Queue

MIN_JOB_AGE_SECONDS = 300
"""How long squeue, scancel and scontrol know a job that has ended; sacct knows it for ever. Source: slurm.conf(5) MinJobAge."""

LONG_PAUSE_SECONDS = 3.0

NOT_SENT = "none"
"""In the place of a runtime directory's name, for a job that was not sent yet."""


class Session:
    """One command's view. Methods raise MlspaceError."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.state_dir = config.state_directory(context.environ, context.user.home)
        self._config: Config | None = None
        self._registry: Registry | None = None
        self._cluster: Cluster | None = None
        self._client: Client | None = None
        self._client_url = ""
        self._controller: controller.Controller | None = None
        self._has_warned = False

    # What there is.

    @property
    def config(self) -> Config:
        if self._config is None:
            self._config = config.read_for(self.context)
        return self._config

    @property
    def registry(self) -> Registry:
        if self._registry is None:
            self._registry = Registry.open(self.state_dir)
            self.context.on_leaving(self._registry.close)
        return self._registry

    @property
    def queue(self) -> Queue:
        return self.controller.queue

    @property
    def leadership(self) -> Leadership:
        return Leadership(self.registry)

    @property
    def controller(self) -> controller.Controller:
        if self._controller is None:
            from mlspace.controller.sending import Sender
            from mlspace.installation import commands_directory

            sender = Sender(
                self.registry,
                self.state_dir,
                self.context.now,
                self.gateway,
                lambda: self.cluster,
                lambda: self.config["image"],
                commands_directory(),
            )
            self._controller = controller.Controller(sender)
        return self._controller

    @property
    def cluster(self) -> Cluster:
        if self._cluster is None:
            self._cluster = self._remote_cluster() if self.config.is_remote else self._local_cluster()
        return self._cluster

    def gateway(self) -> Client:
        """The client of the configured Gateway, or of the embedded one, which is started if it must: each time, it may have been killed."""
        local = None if self.config.is_remote else self._endpoint()
        url = self.config["endpoint"] if local is None else local.url
        if self._client is None or self._client_url != url:
            if local is None:
                from mlspace.gateway.opening import open_client

                self._client = open_client(self.config, self.state_dir, self._tell_of_pause)
            else:
                from mlspace.gateway.opening import client_at

                words = (local.client_id, local.client_secret, local.api_key, local.workspace_id)
                self._client = client_at(url, words, self.state_dir)
            self._client_url = url
        return self._client

    def _tell_of_pause(self, error: GatewayError, seconds: float) -> None:
        """A person who waits is told why; not of what passes in a breath."""
        if seconds >= LONG_PAUSE_SECONDS:
            self.context.warn(f"{self.context.program}: {error.lines[0]}; trying again in {seconds:.0f} s")

    @property
    def workspace_id(self) -> str:
        return self.config["workspace_id"] if self.config.is_remote else self._endpoint().workspace_id

    @property
    def local_directory(self) -> str:
        return os.path.join(self.state_dir, "local")

    def _endpoint(self) -> Endpoint:
        from mlspace.local import daemon, endpoint

        directory = self.local_directory
        if not self.is_inside_job:
            self.registry  # noqa: B018 - makes the state directory, or says why it cannot be
            return daemon.ensure_running(directory, self.context.environ)
        # What is started inside a job ends with it; so a job leaves what it cannot do to the next command outside.
        living = endpoint.read_living(directory)
        if living is None:
            raise GatewayError("the embedded MLSpace is not running, and is not started from inside a job", transient=True)
        return living

    def _local_cluster(self) -> Cluster:
        from mlspace.cluster.cluster import Cluster
        from mlspace.cluster.delivery import Delivery
        from mlspace.installation import launcher_path

        local, site = self._endpoint(), self.site
        return Cluster.from_shape(local.shape, local.node_names, delivery=Delivery(launcher_path(self.context.environ)), site=site)

    def _remote_cluster(self) -> Cluster:
        from mlspace.cluster.cluster import SETTLE_SECONDS, Cluster

        site, told = self.site, self.config["settle_seconds"]
        settle_seconds = float(told) if told else SETTLE_SECONDS
        return Cluster.from_catalog(
            self.catalog(),
            region=self.config["region"],
            delivery=self._delivery(),
            settle_seconds=settle_seconds,
            site=site,
        )

    def _delivery(self) -> Delivery:
        from mlspace.cluster.delivery import Delivery, storages
        from mlspace.installation import launcher_path

        environ, rows = self.context.environ, self.site.sections["regions"]
        by_hand = {region: row["launch"] for region, row in rows.items() if "launch" in row}
        seen = storages(rows, environ.get("CLUSTER_KEY", ""), self.context.home)
        return Delivery(self.config["launch"], by_hand, seen, lambda: launcher_path(environ), self.config.own_file)

    def catalog(self, *, anew: bool = False) -> Catalog:
        """What the Gateway has and offers, some minutes old at most; anew: of this moment."""
        from mlspace.cluster import catalogue
        from mlspace.gateway.catalog import Place

        values, rows = self.config, self.site.sections["partitions"].values()
        places = [Place(row.get("region", values["region"]), row.get("allocation", ""), row.get("queue", "")) for row in rows]
        asked = [place for place in places if place.region]
        whose = hash_of(values["endpoint"], values["workspace_id"], *("/".join(place) for place in asked))
        kept = catalogue.Kept(os.path.join(self.state_dir, f"catalog-{whose}.json"), self.context.now())
        found = None if anew else kept.read()
        if found is None:
            found = catalogue.read(self.gateway(), self.workspace_id, asked)
            kept.write(found)
        return found

    @property
    def site(self) -> Site:
        """The names that the configuration gives."""
        from mlspace.configuration.site import Site

        return Site.read(self.config.sections, file=self.config.own_file, unknown=self.config["unknown_names"])

    @property
    def is_inside_job(self) -> bool:
        """Whether this process belongs to a job on this host, and so ends with it; what runs under salloc does not."""
        environ = self.context.environ
        job_id = environ.get("SLURM_JOB_ID", "")
        directories = jobdir.of_job(environ, self.context.user.uid, job_id) if job_id else filter(None, [environ.get(jobdir.OWN)])
        return any(is_below(jobdir.launch_of(directory)) for directory in directories)

    # What becomes of it.

    def refresh(self) -> None:
        """Brings the registry up to date, as far as that is due. What goes wrong is said, once, and not raised."""
        try:
            self.controller.advance()
        except MlspaceError as error:
            if not self.is_inside_job:
                self.warn_of(error)

    def warn_of(self, error: MlspaceError) -> None:
        """Says, once, that we do not know how things are."""
        if not self._has_warned:
            self.context.warn(f"{self.context.program}: warning: what is known of the jobs may be old: {error.lines[0]}")
        self._has_warned = True

    def job(self, job_id: int) -> JobView:
        job = self.registry.job(job_id)
        if job is None:
            raise MlspaceError("Invalid job id specified")
        return job

    def recent_jobs(
        self, job_ids: Collection[int] | None = None, users: Collection[str] | None = None, family_ids: Collection[int] | None = None
    ) -> list[JobView]:
        """The jobs that Slurm's controller would know: those that have not ended, and those that ended a short time ago."""
        since = self.context.now() - MIN_JOB_AGE_SECONDS
        return self.registry.jobs(job_ids=job_ids, family_ids=family_ids, users=users, ended_since=since)

    def running_steps(self, jobs: Sequence[JobView]) -> list[tuple[JobView, StepView]]:
        """The jobs' steps that run now, each with its job, the batch scripts, which are steps too, before the others."""
        from mlspace.slurm.step import batch_step

        by_id = {job.job_id: job for job in jobs if job.start_time is not None and job.end_time is None}
        steps = [batch_step(job) for job in by_id.values() if job.batch]
        steps += [step for step in self.registry.steps(list(by_id)) if step.end_time is None]
        return [(by_id[step.job_id], step) for step in steps]

    def occupation(self) -> Occupation:
        """What the running jobs take of each node."""
        from mlspace.slurm.occupation import HOLDING, Occupation

        self.refresh()
        return Occupation(self.registry.jobs(states=HOLDING))

    def job_id(self, text: str) -> int:
        """The job's id from what a user wrote: "12", or the platform's name of the job. Raises BadValue."""
        if not text.startswith(PLATFORM_PREFIX):
            from mlspace.queue import selection

            return selection.number(text)
        found = self.registry.job_of_platform(text)
        if found is None:
            raise BadValue(text)
        return found

    def select(self, text: str) -> list[Selected]:
        """What a user means by "12" (a job, or all of an array), "12_3" or "12_[1-3,7]"; nothing where there is no such job.

        Raises BadValue for what is no job id.
        """
        from mlspace.queue import selection

        if text.startswith(PLATFORM_PREFIX):
            job_id = self.job_id(text)
            return selection.choose(self.registry.jobs(job_ids=[job_id]), job_id, None)
        job_id, tasks = selection.read(text)
        rows = self.registry.jobs(array_job_ids=[job_id])
        if all(row.job_id != job_id for row in rows):
            rows += self.registry.jobs(job_ids=[job_id])
        return selection.choose(rows, job_id, tasks)

    def cancel(self, jobs: Sequence[JobView]) -> None:
        """Ends jobs; one that has ended already stays as it is."""
        self.outlive_own_job()
        active = [job for job in jobs if job.state not in state.FINAL]
        for job in active:
            if job.state == state.RUNNING:
                self.tell_why(job, "CANCELLED")
        self.controller.cancel(active, self.context.user.uid)

    def cancel_selected(self, selected: Sequence[Selected]) -> None:
        """As `cancel`; elements that wait in an array's record are taken out of it, and nothing more is heard of them, as in Slurm."""
        for one in selected:
            if one.tasks is not None:
                self.queue.drop(one.job.job_id, one.tasks)
        self.cancel([one.job for one in selected if one.tasks is None])
        meant = {(one.job.array_job_id, task) for one in selected for task in one.tasks or one.job.tasks_waiting}
        if meant:  # the controller may have given some of them a row of their own in the meantime
            known = {one.job.job_id for one in selected}
            rows = self.registry.jobs(array_job_ids={array for array, _ in meant}, states=state.ACTIVE)
            late = [row for row in rows if row.job_id not in known and (row.array_job_id, row.array_task_id) in meant]
            late += [row for row in rows if row.array_spec and all((row.array_job_id, task) in meant for task in row.tasks_waiting)]
            self.cancel(late)

    def requeue(self, job: JobView, wish: str) -> bool:
        """Ends a job's run, to be followed by another one; False where it waits for that already."""
        self.outlive_own_job()
        self.tell_why(job, "JOB REQUEUE")
        return self.controller.requeue(job, wish)

    def tell_why(self, job: JobView, why: str) -> None:
        """Leaves word for the job's `launch`, where it is on this host, why it is about to be ended (docs/protocol.md §4).

        It starts no more steps then, also before the platform has told it to end.
        """
        try:
            with open(os.path.join(self.runtime_directory(job.job_id), "why"), "w", encoding="ascii") as file:
                file.write(why)
        except OSError:
            pass  # it is elsewhere, or runs no more

    def outlive_own_job(self) -> None:
        """What is called inside a job may be about to end that: programs that have themselves requeued read the exit code (submitit)."""
        if self.is_inside_job:
            self.context.outlive()

    def recall(self, job: JobView) -> None:
        """Takes a job back that the platform has, and has not started: it waits here again, and can be held and changed."""
        if job.is_pending:
            self.controller.recall(job)

    def summon(self) -> None:
        """Sees to it that somebody carries on with what waits when this command has gone (mlspace/controller/background.py).

        Not from inside a job, which would take it with it at its end: there, somebody outside has been summoned for the job itself.
        """
        if not self.is_inside_job and not lease.is_sure(self.leadership.term(), self.context.now()):
            from mlspace.controller import background

            try:
                background.start(self.state_dir, self.context.environ)
            except OSError as error:  # what was asked for is in the registry all the same
                self.context.warn(f"{self.context.program}: warning: the controller could not be started: {error.strerror}")

    def runtime_directory(self, job_id: int) -> str:
        """Where the job's first node has its runtime directory, on this host (docs/protocol.md §4)."""
        submissions = self.registry.submissions(phases=SUBMISSION_PHASES, job_id=job_id)
        name = f"{job_id}.{submissions[-1].submission[:8]}.0" if submissions else NOT_SENT
        return os.path.join(jobdir.shared_root(self.context.user.uid), name)

    def is_recent(self, job: JobView) -> bool:
        """Whether Slurm's controller would still know the job; see recent_jobs."""
        return job.end_time is None or bool(job.end_time >= self.context.now() - MIN_JOB_AGE_SECONDS)

    def signal(self, jobs: Sequence[JobView], number: int, receiver: str) -> list[int | None]:
        """Signals jobs on this host; receiver: whom of each, as `launch signal --to` has it.

        Returns for each how many steps and processes got it; None where no launch answers, as of a job that has just ended.
        """
        import subprocess

        from mlspace.installation import launcher_path

        words = [launcher_path(self.context.environ), "signal", f"--signal={number}", f"--to={receiver}"]
        done = subprocess.run([*words, *(self.runtime_directory(job.job_id) for job in jobs)], stdout=subprocess.PIPE, check=False)
        answers = done.stdout.decode().split()
        if len(answers) != len(jobs):
            raise MlspaceError(f"the launcher ended with {done.returncode} instead of sending a signal")
        return [None if answer == "gone" else int(answer) for answer in answers]

    def accounts(self, jobs: Sequence[JobView]) -> list[Account]:
        """Runs of jobs, with their steps and what these used."""
        from mlspace.state.accounts import accounts

        return accounts(self.registry, jobs)

    def usage(self, job_id: int) -> list[StepUsage] | None:
        """What the job's steps that run have used; None where no launch answers here, as where its nodes are out of reach."""
        import subprocess

        from mlspace.installation import launcher_path
        from mlspace.slurm import usage

        directory = self.runtime_directory(job_id)
        if str(job_id) == self.context.environ.get("SLURM_JOB_ID"):
            directory = self.context.environ.get(jobdir.OWN) or directory
        done = subprocess.run([launcher_path(self.context.environ), "usage", directory], stdout=subprocess.PIPE, check=False)
        return usage.read(done.stdout.decode()) if done.returncode == 0 else None

    def step_environment(self) -> Mapping[str, str]:
        """Our own environment for `launch srun` and `launch hold`, without what must not reach a job."""
        return {name: value for name, value in self.context.environ.items() if name not in config.SECRET_VARIABLES}


def hash_of(*words: str) -> str:
    """Part of a file's name, another one for other words."""
    import hashlib

    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]
