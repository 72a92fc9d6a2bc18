"""Job records: one directory per job, and what is remembered of it while the gateway runs.

    jobs/<name>/job.json     what was submitted; complete before the name exists
                placed.json  the nodes it got; written before its executor starts
                plan.json    what the executor does
                status.json  how it goes; the executor's, and the gateway's only when the executor is gone
                deleted      somebody wants it to end: when, as text
                preempted.json  who took its place: name, uid and priority; until it has ended
                tries.json   how often it was started anew (max_retry)
                lock         held by the executor's processes
                log          time-stamped lines
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import time
import uuid
from typing import TYPE_CHECKING, Any

from mlspace.local.body import PRIORITIES, USUAL_PRIORITY
from mlspace.local.durable import read_json, write_json
from mlspace.local.offers import read_any
from mlspace.local.placement import Share, Wish

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlspace.local.instance import Instance

KEPT_JOBS = 1000
"""Ended jobs that are kept, at least; of more, those that ended over KEPT_SECONDS ago are forgotten, as the platform forgets."""

KEPT_SECONDS = 24 * 3600


class Job:
    """One job. `shares`: its nodes, None while it waits. `ended`: its final status, None before."""

    def __init__(self, directory: str, record: Mapping[str, Any]) -> None:
        self.directory = directory
        self.name: str = record["name"]
        self.uid: str = record["uid"]
        self.sequence: int = record["sequence"]
        self.created_at: float = record["created_at"]
        self.author: str = record["author"]
        self.params: Mapping[str, Any] = record["params"]
        instance = read_any(self.params["instance_type"])
        if instance is None:
            raise ValueError(f"{directory}: no such instance type: {self.params['instance_type']}")
        self.wish = wish_of(self.params, instance)
        self.shares: list[Share] | None = None
        self.ended: Mapping[str, Any] | None = None
        self.running_at = 0.0
        self.retries: int = (read_json(self.path("tries.json")) or {}).get("retries", 0)

    @property
    def rank(self) -> int:
        """Its priority as a number; more is more."""
        return PRIORITIES.index(self.params["priority_class"] or USUAL_PRIORITY)

    @property
    def preemptor(self) -> dict[str, Any] | None:
        """For whom it is ended, or was."""
        return read_json(self.path("preempted.json"))

    def preempt(self, by: Job) -> None:
        priority = by.params["priority_class"] or USUAL_PRIORITY
        write_json(self.path("preempted.json"), {"id": by.uid, "name": by.name, "priority": priority, "type": "job"})

    def wants_retry(self) -> bool:
        """Whether its end is followed by another try: it failed, or was preempted, and max_retry is not used up."""
        has_failed = self.ended is not None and self.ended["state"] in ("failed", "terminated")
        return has_failed and self.retries < (self.params["max_retry"] or 0) and not os.path.exists(self.path("deleted"))

    def begin_again(self) -> None:
        """Wait for nodes once more, under the same name; the log goes on."""
        self.retries += 1
        write_json(self.path("tries.json"), {"retries": self.retries})
        for file in ("status.json", "placed.json", "preempted.json"):
            try:
                os.unlink(self.path(file))
            except FileNotFoundError:
                pass
        self.shares, self.ended, self.running_at = None, None, 0.0

    def path(self, file: str) -> str:
        return os.path.join(self.directory, file)

    @property
    def state(self) -> str:
        """One of the platform's words, in lower case."""
        if self.ended is not None:
            return str(self.ended["state"])
        if self.shares is None or not self.is_running():
            return "pending"
        return "completing" if os.path.exists(self.path("deleted")) else "running"

    def is_running(self) -> bool:
        """Whether the executor has begun; notes the time."""
        if not self.running_at:
            self.running_at = (read_json(self.path("status.json")) or {}).get("running_at", 0.0)
        return self.running_at > 0

    @property
    def completed_at(self) -> float:
        return float(self.ended["completed_at"]) if self.ended is not None else 0.0

    def place(self, shares: list[Share]) -> None:
        write_json(self.path("placed.json"), {"shares": [[share.node, list(share.gpus)] for share in shares]})
        self.shares = shares

    def mark_deleted(self) -> None:
        if not os.path.exists(self.path("deleted")):
            with open(self.path("deleted"), "w", encoding="ascii") as file:
                file.write(f"{int(time.time())}\n")

    def end(self, state: str) -> None:
        """Note the end of a job whose executor cannot: it never started, or is gone."""
        status = read_json(self.path("status.json")) or {}
        status = {**status, "state": state, "completed_at": time.time()}
        self.take_end(status)
        try:
            write_json(self.path("status.json"), status)
        except OSError:
            pass  # a full disk: the next gateway finds neither end nor executor, and comes to the same end

    def take_end(self, status: Mapping[str, Any]) -> None:
        self.running_at = status.get("running_at", 0.0)
        self.ended = status

    def has_executor(self) -> bool:
        """Whether a process holds the job's lock."""
        try:
            fd = os.open(self.path("lock"), os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(fd)
        return False


def wish_of(params: Mapping[str, Any], instance: Instance) -> Wish:
    return Wish(instance, params["n_workers"], frozenset(params["include_nodes"]), frozenset(params["exclude_nodes"]))


class JobStore:
    """The directory of all jobs."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        os.makedirs(directory, 0o700, exist_ok=True)
        self.last_sequence = 0

    def create(self, params: Mapping[str, Any], author: str) -> Job:
        """A new job, on the disk before this returns."""
        self.last_sequence += 1
        name = f"lm-mpi-job-{uuid.UUID(bytes=secrets.token_bytes(16), version=4)}"
        draft = os.path.join(self.directory, f".{name}")
        record = {
            "name": name,
            "uid": str(uuid.uuid4()),
            "sequence": self.last_sequence,
            "created_at": time.time(),
            "author": author,
            "params": params,
        }
        os.mkdir(draft, 0o700)
        try:
            write_json(os.path.join(draft, "job.json"), record, sync=True)
            directory = os.path.join(self.directory, name)
            os.rename(draft, directory)
        except OSError:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        return Job(directory, record)

    def load(self) -> Iterator[Job]:
        """All jobs in order of submission, as the files tell them. Drafts are removed, what cannot be read is left alone."""
        jobs = []
        for name in os.listdir(self.directory):
            directory = os.path.join(self.directory, name)
            if name.startswith("."):
                shutil.rmtree(directory, ignore_errors=True)
                continue
            record = read_json(os.path.join(directory, "job.json"))
            if record is not None:
                try:
                    jobs.append(Job(directory, record))
                except (KeyError, TypeError, ValueError):
                    continue
        jobs.sort(key=lambda job: job.sequence)
        for job in jobs:
            self.restore(job)
            self.last_sequence = max(self.last_sequence, job.sequence)
        yield from self.prune(jobs)

    def restore(self, job: Job) -> None:
        """Bring a loaded job to where its files say it stands."""
        status = read_json(job.path("status.json")) or {}
        if placed := read_json(job.path("placed.json")):
            job.shares = [Share(node, tuple(gpus)) for node, gpus in placed["shares"]]
        if job.has_executor():
            return
        if "completed_at" in status:
            job.take_end(status)
            if job.wants_retry():
                job.begin_again()  # the gateway was killed before it could
        elif not status:
            job.shares = None  # the gateway was killed before the executor started: nothing has run yet
        if job.ended is None and job.shares is None and os.path.exists(job.path("deleted")):
            job.end("deleted")

    def prune(self, jobs: list[Job]) -> Iterator[Job]:
        surplus = sum(job.ended is not None for job in jobs) - KEPT_JOBS
        for job in jobs:
            if surplus > 0 and job.ended is not None and job.completed_at < time.time() - KEPT_SECONDS:
                shutil.rmtree(job.directory, ignore_errors=True)
                surplus -= 1
            else:
                yield job
