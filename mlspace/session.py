"""Session: everything that a command knows of jobs, cluster and Gateway, each opened when it is first needed."""

from __future__ import annotations

from mlspace import jobdir
from mlspace.configuration import config
from mlspace.controller import controller, lease
from mlspace.errors import BadValue, MlspaceError
from mlspace.launches import Launches
from mlspace.platform import Platform
from mlspace.process_identity import is_below
from mlspace.slurm import state
from mlspace.slurm.job import PLATFORM_PREFIX
from mlspace.state.leadership import Leadership
from mlspace.state.registry import Registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from mlspace.cluster.cluster import Cluster
    from mlspace.configuration.config import Config
    from mlspace.context import Context
    from mlspace.gateway.client import Client
    from mlspace.queue.selection import Selected
    from mlspace.slurm.job import JobView
    from mlspace.slurm.occupation import Occupation
    from mlspace.slurm.step import Account, StepView
    from mlspace.state.queue import Queue

MIN_JOB_AGE_SECONDS = 300
"""How long squeue, scancel and scontrol know a job that has ended; sacct knows it for ever. Source: slurm.conf(5) MinJobAge."""


class Session:
    """One command's view. Methods raise MlspaceError."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.state_dir = config.state_directory(context.environ, context.user.home)
        self.platform = Platform(
            context, self.state_dir, lambda: self.registry, lambda: not self.is_inside_job, lambda: self.is_led_elsewhere
        )
        self._registry: Registry | None = None
        self._controller: controller.Controller | None = None
        self._has_warned = False

    # What there is.

    @property
    def config(self) -> Config:
        return self.platform.config

    @property
    def cluster(self) -> Cluster:
        return self.platform.cluster

    def gateway(self) -> Client:
        return self.platform.gateway()

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
    def launches(self) -> Launches:
        return Launches(self.context, self.registry)

    @property
    def leadership(self) -> Leadership:
        return Leadership(self.registry)

    @property
    def is_led_elsewhere(self) -> bool:
        """Whether a controller on another host leads: what is sent, and asked for, is its to do, and commands here leave wishes.

        Not inside a job, whose node has a name of its own, also where it is this host.
        """
        return not self.is_inside_job and lease.is_elsewhere(self.leadership.term())

    @property
    def controller(self) -> controller.Controller:
        if self._controller is None:
            from mlspace.controller.sending import Sender
            from mlspace.installation import commands_directory

            sender = Sender(
                self.registry,
                self.state_dir,
                self.context.now,
                self.platform.gateway,
                lambda: self.cluster,
                lambda: self.config["image"],
                commands_directory(),
            )
            self._controller = controller.Controller(sender, lambda: self.is_led_elsewhere)
        return self._controller

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
            if self.leadership.term().owner:  # where nobody leads, nobody has to because somebody looks
                self.summon()
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
        steps = [batch_step(job) for job in by_id.values() if job.runs_script]
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
        """What a user means by "12" (a job, or all of an array or heterogeneous job), "12_3", "12_[1-3,7]" or "12+1"; nothing where there
        is no such job.

        Raises BadValue for what is no job id.
        """
        from mlspace.queue import selection

        if text.startswith(PLATFORM_PREFIX):
            job_id = self.job_id(text)
            return selection.choose(self.registry.jobs(job_ids=[job_id]), job_id, None)
        leader, plus, offset = text.partition("+")
        if plus:
            wanted = selection.number(offset) if offset.strip("0") else 0
            return [selection.Selected(row) for row in self.registry.components([selection.number(leader)]) if row.het_offset == wanted]
        job_id, tasks = selection.read(text)
        rows = self.registry.jobs(array_job_ids=[job_id]) + self.registry.components([job_id])
        if all(row.job_id != job_id for row in rows):
            rows += self.registry.jobs(job_ids=[job_id])
        return selection.choose(rows, job_id, tasks)

    def cancel(self, jobs: Sequence[JobView]) -> None:
        """Ends jobs; one that has ended already stays as it is."""
        self.outlive_own_job()
        active = [job for job in jobs if job.state not in state.FINAL]
        for job in active:
            if job.state == state.RUNNING:
                self.launches.tell_why(job, "CANCELLED")
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
        self.launches.tell_why(job, "JOB REQUEUE")
        return self.controller.requeue(job, wish)

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

    def is_recent(self, job: JobView) -> bool:
        """Whether Slurm's controller would still know the job; see recent_jobs."""
        return job.end_time is None or bool(job.end_time >= self.context.now() - MIN_JOB_AGE_SECONDS)

    def accounts(self, jobs: Sequence[JobView]) -> list[Account]:
        """Runs of jobs, with their steps and what these used."""
        from mlspace.state.accounts import accounts

        return accounts(self.registry, jobs)

    def ended_before(self, time: int) -> list[int]:
        """The jobs that ended before that time (unix seconds), and that nobody waits for."""
        from mlspace.queue import dependency
        from mlspace.state.pruning import ended_before

        waiting = self.registry.jobs(states=state.ACTIVE)
        return ended_before(self.registry, time, {job_id for job in waiting for job_id in dependency.targets(job.dependency)})

    def forget(self, job_ids: Sequence[int]) -> None:
        """Takes jobs that have ended out of the registry, for good."""
        from mlspace.state.files import forget_files, forget_outputs
        from mlspace.state.pruning import prune

        for submission in prune(self.registry, job_ids) if job_ids else ():
            forget_files(self.state_dir, submission)
            forget_outputs(self.state_dir, submission)

    def step_environment(self) -> Mapping[str, str]:
        """Our own environment for `launch srun` and `launch hold`, without what must not reach a job."""
        return {name: value for name, value in self.context.environ.items() if name not in config.SECRET_VARIABLES}
