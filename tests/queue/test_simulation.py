"""A queue of many random jobs under a virtual clock: real registry, real decisions, a platform of the test's own.

Whatever users and platform do: no array runs more elements than its limit, no job starts before what it waits for, none is lost,
none runs twice without having been requeued, and no id is given twice.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mlspace.queue import decision, dependency
from mlspace.queue.facts import Facts
from mlspace.queue.room import Room
from mlspace.slurm import state
from mlspace.slurm.job import JobView
from mlspace.slurm.reason import DEPENDENCY, HELD_USER, NEVER_SATISFIED
from mlspace.state.queue import Queue
from mlspace.state.registry import Registry
from tests.state.test_registry import VALUES

CPUS = 12


class Node:
    cpus, memory_mib, gpus = CPUS, 10_000_000, 0


class Simulation:
    def __init__(self, directory: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.registry = Registry.open(str(directory))
        self.queue = Queue(self.registry)
        self.now = 1000
        self.ids: list[int] = []  # of what was submitted
        self.elements: dict[int, int] = {}  # how many jobs each submission stands for
        self.dropped: Counter[int] = Counter()
        self.runs: Counter[tuple[int, int]] = Counter()  # job id and restart
        self.running: dict[int, int] = {}  # job id -> when it ends

    def submit(self) -> None:
        pick = self.random
        count = pick.choice([1, 1, 2, 7, 30])
        row: dict[str, Any] = {"cpus": pick.randint(1, 4), "nice": pick.choice([0, 0, 5]), "name": pick.choice("abc")}
        row["submit_time"] = self.now
        if count > 1:
            row |= {"array_spec": f"0-{count - 1}", "array_limit": pick.choice([None, 1, 3])}
        if pick.random() < 0.2:
            row |= {"priority": 0, "reason": HELD_USER}
        if pick.random() < 0.2:
            row["begin_time"] = self.now + pick.randint(1, 50)
        if self.ids and pick.random() < 0.4:
            row["dependency"] = self.condition()
        row["details"] = json.dumps({"values": {"kill-on-invalid-dep": pick.random() < 0.5}})
        self.ids.append(self.registry.add({**VALUES, **row}, "{}", {}))
        self.elements[self.ids[-1]] = count

    def condition(self) -> str:
        if self.random.random() < 0.2:
            return "singleton(unfulfilled)"
        kinds = ["after", "afterany", "afterok", "afternotok", "aftercorr"]
        words = []
        for _ in range(self.random.randint(1, 2)):
            target = self.random.choice(self.ids[-8:])
            star = "_*" if self.elements[target] > 1 else ""
            words.append(f"{self.random.choice(kinds)}:{target}{star}(unfulfilled)")
        return self.random.choice(",?").join(words)

    def disturb(self) -> None:
        """What users do."""
        jobs = self.registry.jobs(states=(state.PENDING, state.RUNNING))
        if not jobs:
            return
        job = self.random.choice(jobs)
        act = self.random.random()
        if act < 0.4:
            self.queue.release(job.job_id, int(self.now))
        elif act < 0.6:
            self.queue.hold(job.job_id, HELD_USER)
        elif act < 0.7 and job.array_spec:
            tasks = self.random.sample(job.tasks_waiting, self.random.randint(1, len(job.tasks_waiting) - 1))
            self.queue.drop(job.job_id, tasks)
            self.dropped[job.array_job_id] += len(tasks)
        elif act < 0.75 and not job.array_spec:
            self.queue.update(job.job_id, wish=self.random.choice(["requeue", "requeuehold"]))
        elif act < 0.8:
            self.end(job.job_id, state.CANCELLED)

    def end(self, job_id: int, how: str) -> None:
        self.running.pop(job_id, None)
        outcome = {"state": how, "reason": "None", "exit_code": int(how != state.COMPLETED), "exit_signal": 0, "end_time": self.now}
        self.queue.ended(job_id, outcome) if how != state.CANCELLED else self.registry.ended(job_id, outcome)

    def round(self) -> None:
        waiting, sent = list(self.queue.line({})), self.queue.sent()
        before = {job.job_id: job for job in waiting}
        assert len(before) == len(waiting)
        facts = Facts(self.registry.jobs, sent)
        for action in decision.decide(waiting, facts, Room([Node()], sent), self.now):  # type: ignore[list-item]
            job = action.job
            if isinstance(action, decision.Start):
                self.start(job, action.tasks)
            elif isinstance(action, decision.Split):
                self.queue.split(job.job_id, job.tasks_waiting)
            elif isinstance(action, decision.Explain):
                self.queue.decide(job.job_id, **action.columns)
            else:
                self.end(job.job_id, state.CANCELLED)

    def start(self, job: JobView, tasks: Any) -> None:
        assert not job.is_held
        assert job.begin_time is None or job.begin_time <= self.now
        for job_id in self.queue.split(job.job_id, tasks) if tasks else [job.job_id]:
            element = self.registry.job(job_id)
            assert element is not None
            if job.dependency:  # asked anew: by what is true at this moment
                assert dependency.evaluate(element, Facts(self.registry.jobs, ()), self.now)[1] == dependency.MET
            submission = {"submission": f"{job_id}.{element.restart_count}.{self.now}", "secret": "s", "phase": "posted", "region": "R"}
            if self.random.random() < 0.02:
                continue  # the controller was killed here
            if self.queue.start(job_id, submission, self.now):
                self.runs[job_id, element.restart_count] += 1
                self.registry.running(job_id, self.now, "n1")
                self.running[job_id] = self.now + self.random.randint(1, 20)

    def check(self) -> None:
        active: Counter[int] = Counter()
        for job in self.registry.jobs(states=(state.RUNNING,)):
            active[job.array_job_id or 0] += 1
            if job.array_limit:
                assert active[job.array_job_id] <= job.array_limit
        assert all(count == 1 for count in self.runs.values())

    def count(self) -> int:
        """How many jobs the registry stands for."""
        return sum(max(1, len(job.tasks_waiting)) for job in self.registry.jobs())


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_lost_and_nothing_starts_too_early(seed: int, tmp_path: Path) -> None:
    world = Simulation(tmp_path, seed)
    for step in range(160):
        world.now += world.random.randint(0, 3)
        if step < 60 and world.random.random() < 0.5:
            world.submit()
        if step < 120:
            world.disturb()
        for job_id in [job_id for job_id, end in world.running.items() if end <= world.now]:
            world.end(job_id, world.random.choice([state.COMPLETED, state.COMPLETED, state.FAILED]))
        world.round()
        world.check()
        assert world.count() == sum(world.elements.values()) - sum(world.dropped.values())
    for _ in range(400):  # no user any more: what can run does
        world.now += 5
        for job in world.registry.jobs(states=(state.PENDING,)):
            world.queue.release(job.job_id, int(world.now))
        for job_id in [job_id for job_id, end in world.running.items() if end <= world.now]:
            world.end(job_id, state.COMPLETED)
        world.round()
        world.check()
    left = world.registry.jobs(states=(state.PENDING, state.RUNNING))
    assert {job.reason for job in left} <= {NEVER_SATISFIED, DEPENDENCY}
    assert world.runs
    blockers = {job.job_id for job in left} | {job.array_job_id for job in left}
    for job in left:
        if job.reason == DEPENDENCY:  # it waits for one that never will
            assert job.dependency.startswith("singleton") or set(dependency.targets(job.dependency)) & blockers
