"""The scheduler: jobs from submission to end. Higher priority first, then strictly first come, first served, among jobs that want the
same nodes. Where a job of lower priority runs on what a waiting one needs, it is terminated, and, with max_retry, waits again.

A later job runs before a waiting one only on nodes that the waiting one cannot use (include_nodes, exclude_nodes). Durations are not
known here, so anything else could delay it. A job that cannot fit even the empty cluster is refused, or, when the cluster shrank
since, waits without holding anybody up.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from mlspace.local import processes
from mlspace.local.body import Refused
from mlspace.local.durable import read_json, write_json
from mlspace.local.jobs import wish_of
from mlspace.local.plan import make_plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlspace.local.instance import Instance
    from mlspace.local.jobs import Job, JobStore
    from mlspace.local.names import Naming
    from mlspace.local.placement import Pool, Wish
    from mlspace.local.plan import Account

PACKAGE_PARENT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXECUTOR = "import sys; sys.path.insert(0, sys.argv[1]); from mlspace.local.executor import main; main(sys.argv[2], int(sys.argv[3]))"
RETRY_SECONDS = 5.0
"""Until a job that could not be started, for want of disk space or processes, is tried again."""

STATUS_SECONDS = 2.0
"""An executor that was just started has told its pids by then."""


class Rules(NamedTuple):
    """How the gateway treats jobs. gpu_quota: GPUs that the workspace may have at a time; what wants more is refused, not queued.

    repeats_tags: see Log.
    """

    grace_seconds: float = 40.0
    gpu_quota: int | None = None
    repeats_tags: bool = False


class Scheduler:
    """All jobs of this gateway. Every method may be called from any thread."""

    def __init__(self, store: JobStore, pools: Sequence[Pool], naming: Naming, account: Account, rules: Rules) -> None:
        self.store = store
        self.pools = {pool.region: pool for pool in pools}
        self.naming = naming
        self.account = account
        self.rules = rules
        self.lock = threading.RLock()
        self.jobs: dict[str, Job] = {}
        self.waiting: list[Job] = []
        self.running: dict[str, subprocess.Popen[bytes] | None] = {}  # by name; None for those an earlier gateway started

    def adopt(self) -> None:
        """Take over what an earlier gateway left: waiting, running, ended."""
        with self.lock:
            for job in self.store.load():
                if job.params["region"] not in self.pools:
                    continue  # it was served by an earlier gateway with other offers; its files stay
                self.jobs[job.name] = job
                if job.ended is not None:
                    continue
                if job.shares is None:
                    self.waiting.append(job)
                else:
                    self.pool_of(job).adopt(job.shares, job.wish.instance)
                    self.watch(job, None)
                    if os.path.exists(job.path("deleted")):
                        self.signal(job)  # the earlier gateway may have been killed before it could
            self.advance()

    def submit(self, params: Mapping[str, Any], instance: Instance) -> Job:
        """A new job; Refused where it can never run."""
        with self.lock:
            self.admit(self.pools[params["region"]], wish_of(params, instance))
            job = self.store.create(params, f"{self.account.name}@localhost")
            self.jobs[job.name] = job
            self.waiting.append(job)
            self.advance()
            return job

    def pool_of(self, job: Job) -> Pool:
        """Where it runs. A region that is not served any more has no pool: its jobs are forgotten by `adopt`."""
        return self.pools[job.params["region"]]

    def admit(self, pool: Pool, wish: Wish) -> None:
        if not pool.has(wish.instance):
            offered = ", ".join(each.key for each in pool.types())
            raise Refused(f"instance type {wish.instance.key} does not exist in {pool.region}; what would work: {offered}")
        if not pool.can_ever_fit(wish):
            raise Refused(f"{wish.workers} x {wish.instance.key} does not fit {pool.describe()}")
        if self.rules.gpu_quota is not None and wish.instance.gpus:
            used = sum(job.wish.workers * job.wish.instance.gpus for job in self.jobs.values() if job.ended is None)
            free = max(0, self.rules.gpu_quota - used)
            if wish.workers * wish.instance.gpus > free:
                raise Refused(f"WORKSPACE_GPU_LIMIT_REACHED_ONLY_{free}_FREE", 400, 1)

    def advance(self) -> None:
        """Start what can start now."""
        with self.lock:
            reserved: dict[str, set[str]] = {region: set() for region in self.pools}
            for job in sorted(self.waiting, key=lambda job: (-job.rank, job.sequence)):
                pool, kept = self.pool_of(job), reserved[job.params["region"]]
                if len(kept) == pool.reservable:
                    continue
                shares = pool.place(job.wish, kept)
                if shares is not None:
                    try:
                        job.place(shares)
                        executor = self.start(job)
                    except OSError as error:  # a full disk, no more processes: it waits on
                        job.shares = None
                        pool.release(shares, job.wish.instance)
                        self.retry(f"{job.name} cannot be started: {error}")
                        return
                    self.waiting.remove(job)
                    self.watch(job, executor)
                elif pool.can_ever_fit(job.wish):
                    kept |= pool.eligible(job.wish)
                    self.preempt_for(job, pool)

    def preempt_for(self, job: Job, pool: Pool) -> None:
        """Have jobs of lower priority end, as few and as new ones as there must, if that makes room for this one."""
        lower = [
            other
            for other in (self.jobs[name] for name in self.running)
            if other.rank < job.rank and other.params["region"] == pool.region and other.ended is None and other.shares
        ]
        victims = choose_victims(job, sorted(lower, key=lambda other: (other.rank, -other.sequence)), pool)
        for other in victims:
            if other.preemptor is None:
                other.preempt(job)
                threading.Thread(target=self.signal, args=(other,), daemon=True).start()  # it may have to wait for the executor's pids

    def retry(self, complaint: str) -> None:
        sys.stderr.write(f"{complaint}\n")
        sys.stderr.flush()
        timer = threading.Timer(RETRY_SECONDS, self.advance)
        timer.daemon = True
        timer.start()

    def start(self, job: Job) -> subprocess.Popen[bytes]:
        """Start the job's executor, detached. Raises OSError."""
        assert job.shares is not None
        plan = make_plan(
            job.name,
            job.params,
            job.wish.instance,
            job.shares,
            self.naming,
            self.account,
            self.rules.grace_seconds,
            repeats_tags=self.rules.repeats_tags,
        )
        write_json(job.path("plan.json"), plan)
        lock = os.open(job.path("lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)  # on the open file, which the executor inherits: held from before it starts until it has ended
            return subprocess.Popen(
                [sys.executable, "-IS", "-c", EXECUTOR, PACKAGE_PARENT, job.directory, str(lock)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={processes.SERVICE_VARIABLE: job.name, "LANG": "C.UTF-8"},
                pass_fds=[lock],
                start_new_session=True,
            )
        finally:
            os.close(lock)

    def watch(self, job: Job, executor: subprocess.Popen[bytes] | None) -> None:
        self.running[job.name] = executor
        threading.Thread(target=self.await_end, args=(job, executor), daemon=True).start()

    def await_end(self, job: Job, executor: subprocess.Popen[bytes] | None) -> None:
        """Free the job's nodes when its executor has ended: the kernel wakes us when the last holder of the lock is gone."""
        lock = os.open(job.path("lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
        finally:
            os.close(lock)
        if executor is not None:
            executor.wait()
        with self.lock:
            status = read_json(job.path("status.json")) or {}
            if "completed_at" in status:
                job.take_end(status)
            else:
                job.end("deleted" if os.path.exists(job.path("deleted")) else "failed")
            del self.running[job.name]
            self.pool_of(job).release(job.shares or [], job.wish.instance)
            if job.wants_retry():
                job.begin_again()
                self.waiting.append(job)
            self.advance()

    def delete(self, name: str) -> None:
        """Make the job end as soon as it may; whatever name is given, and however often."""
        with self.lock:
            job = self.jobs.get(name)
            if job is None or job.ended is not None:
                return
            job.mark_deleted()
            if job in self.waiting:
                self.waiting.remove(job)
                job.end("deleted")
                self.advance()
                return
        self.signal(job)

    def signal(self, job: Job) -> None:
        """SIGTERM to the executor. Its pids are in its status; one that has just been started has a process of ours."""
        executor = self.running.get(job.name)
        if executor is not None:
            executor.terminate()
            return
        deadline = time.monotonic() + STATUS_SECONDS
        while job.has_executor():
            status = read_json(job.path("status.json")) or {}
            for role in ("guardian", "supervisor"):
                if role in status and self.is_executor(status[role], job):
                    processes.send(status[role], signal.SIGTERM)
                    return
            if time.monotonic() > deadline:
                return
            time.sleep(0.02)

    def is_executor(self, pid: int, job: Job) -> bool:
        """Whether that process is this job's executor, not another one that got its number."""
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                return os.fsencode(job.directory) in file.read().split(b"\0")
        except OSError:
            return False

    def end_all(self) -> None:
        """Make all jobs end, and wait for it."""
        for job in self.all_jobs():
            self.delete(job.name)
        while self.unfinished:
            time.sleep(0.02)

    def find(self, name: str) -> Job | None:
        with self.lock:
            return self.jobs.get(name)

    def all_jobs(self) -> list[Job]:
        """Newest first."""
        with self.lock:
            return list(reversed(self.jobs.values()))

    @property
    def unfinished(self) -> int:
        with self.lock:
            return len(self.waiting) + len(self.running)


def choose_victims(job: Job, others: Sequence[Job], pool: Pool) -> list[Job]:
    """Who of the others must end so that the job fits, the first of them first; nobody where that does not help.

    The pool is as before afterwards: they have their nodes until they have ended.
    """

    def fits() -> bool:
        shares = pool.place(job.wish)
        if shares is not None:
            pool.release(shares, job.wish.instance)
        return shares is not None

    victims: list[Job] = []
    for other in others:
        victims.append(other)
        pool.release(other.shares or [], other.wish.instance)
        if fits():
            break
    is_enough = fits()
    spared = []
    for other in victims:
        pool.adopt(other.shares or [], other.wish.instance)
        if is_enough and fits():
            spared.append(other)
        elif is_enough:
            pool.release(other.shares or [], other.wish.instance)
    for other in victims:
        if is_enough and other not in spared:
            pool.adopt(other.shares or [], other.wish.instance)
    return [other for other in victims if other not in spared] if is_enough else []
