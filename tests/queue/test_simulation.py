"""A queue of many random jobs under a virtual clock: real registry, real decisions, a platform of the test's own.

Whatever users and platform do: no array runs more elements than its limit, no job starts before what it waits for, none is lost,
none runs twice without having been requeued, and no id is given twice. Nodes fail, jobs are preempted, places have no room for a while,
the controller is killed between any two of its writes.
"""

from __future__ import annotations

import json
import os
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
from mlspace.slurm.reason import DEPENDENCY, HELD_USER, NEVER_SATISFIED, RESOURCES
from mlspace.state.places import Places
from mlspace.state.queue import Queue
from mlspace.state.registry import Registry, Submission
from tests.state.test_registry import VALUES

CPUS = 12
PLACES = ("R/a//", "R/b//")


class Node:
    cpus, memory_mib, gpus = CPUS, 10_000_000, 0


class Simulation:
    def __init__(self, directory: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.registry = Registry.open(str(directory))
        self.queue = Queue(self.registry)
        self.now = 1000
        self.ids: list[int] = []  # of what was submitted
        self.places = Places(self.registry)
        self.highest = self.sends = 0  # id; submissions
        self.full: dict[str, bool] = dict.fromkeys(PLACES, False)
        self.elements: dict[int, int] = {}  # how many jobs each submission stands for
        self.dropped: Counter[int] = Counter()
        self.runs: Counter[tuple[int, int]] = Counter()  # job id and restart
        self.running: dict[int, int] = {}  # job id -> when it ends

    def submit(self) -> None:
        pick = self.random
        count = pick.choice([1, 1, 2, 7, 30])
        row: dict[str, Any] = {"cpus": pick.randint(1, 4), "nice": pick.choice([0, 0, 5]), "name": pick.choice("abc")}
        row |= {"submit_time": self.now, "place": pick.choice(PLACES), "requeue": pick.randint(0, 1), "batch": 1}
        if pick.random() < 0.1:
            row["deadline"] = self.now + pick.randint(20, 400)
        if count > 1:
            row |= {"array_spec": f"0-{count - 1}", "array_limit": pick.choice([None, 1, 3])}
        if pick.random() < 0.2:
            row |= {"priority": 0, "reason": HELD_USER}
        if pick.random() < 0.2:
            row["begin_time"] = self.now + pick.randint(1, 50)
        if self.ids and pick.random() < 0.4:
            row["dependency"] = self.condition()
        row["details"] = json.dumps({"values": {"kill-on-invalid-dep": pick.random() < 0.5}})
        new = self.registry.add({**VALUES, **row}, "{}", {})
        assert new > self.highest
        self.ids.append(new)
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
        for left in self.registry.submissions(phases=("committed",)):  # by a controller that was killed
            job = self.registry.job(left.job_id)
            assert job is not None
            self.send(left, job)
        waiting, sent = [job.job_id for job in self.queue.line({})], self.queue.sent()
        assert len(set(waiting)) == len(waiting)
        facts = Facts(self.registry.jobs, sent)
        nodes = [Node()] if self.now % 200 < 150 else []  # sometimes the platform alone knows what it has
        room = Room(nodes, sent, self.places.known(self.now), self.now)  # type: ignore[arg-type]
        for action in decision.decide(self.queue.line(room.blocked), facts, room, self.now):
            job = action.job
            if isinstance(action, decision.Start):
                self.start(job, action.tasks)
            elif isinstance(action, decision.Split):
                self.queue.split(job.job_id, job.tasks_waiting)
            elif isinstance(action, decision.Explain):
                self.queue.decide(job.job_id, **action.columns)
            else:
                self.end(job.job_id, action.state)

    def start(self, job: JobView, tasks: Any) -> None:
        assert not job.is_held
        assert job.begin_time is None or job.begin_time <= self.now
        assert job.deadline is None or job.deadline >= self.now
        for job_id in self.queue.split(job.job_id, tasks) if tasks else [job.job_id]:
            element = self.registry.job(job_id)
            assert element is not None
            if job.dependency:  # asked anew: by what is true at this moment
                assert dependency.evaluate(element, Facts(self.registry.jobs, ()), self.now)[1] == dependency.MET
            self.sends += 1
            submission = {"submission": f"{job_id}.{self.sends}", "secret": "s", "phase": "committed", "owner": "me", "region": "R"}
            if self.random.random() < 0.02:
                continue  # the controller was killed here
            if self.queue.start(job_id, submission, self.now):
                (sent,) = self.registry.submissions(job_id=job_id)
                if self.random.random() < 0.02:
                    continue  # or here, and a later round sends it
                self.send(sent, element)

    def send(self, sent: Submission, job: JobView) -> None:
        """The platform takes it, or has no room where it is to go."""
        assert self.registry.claim(sent, "me", self.now)
        if self.full[job.place]:
            self.places.refused(sent, RESOURCES, "no room", self.now, self.random.random())
            return
        assert self.registry.posted(sent.submission, f"p.{sent.submission}")
        self.runs[job.job_id, job.restart_count] += 1
        self.registry.running(job.job_id, self.now, "n1")
        self.running[job.job_id] = self.now + self.random.randint(1, 20)

    def check(self) -> None:
        self.highest = max([self.highest, *(job.job_id for job in self.registry.jobs())])
        active: Counter[int] = Counter()
        for job in self.registry.jobs(states=(state.RUNNING,)):
            active[job.array_job_id or 0] += 1
            if job.array_limit:
                assert active[job.array_job_id] <= job.array_limit
        assert all(count == 1 for count in self.runs.values())

    def count(self) -> int:
        """How many jobs the registry stands for."""
        return sum(max(1, len(job.tasks_waiting)) for job in self.registry.jobs())


STEPS, CYCLE = int(os.environ.get("SIMULATION_STEPS", 960)), 160
FIRST_SEED = int(os.environ.get("SIMULATION_SEED", 0))


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + STEPS // CYCLE))
def test_nothing_is_lost_and_nothing_starts_too_early(seed: int, tmp_path: Path) -> None:
    """SIMULATION_STEPS: of all seeds together; the long form of tests/long has 100,000."""
    world = Simulation(tmp_path, seed)
    for step in range(CYCLE):
        world.now += world.random.randint(0, 3)
        if step < 60 and world.random.random() < 0.5:
            world.submit()
        if step < 120:
            world.disturb()
            world.full[world.random.choice(PLACES)] = world.random.random() < 0.3
        for job_id in [job_id for job_id, end in world.running.items() if end <= world.now]:
            world.end(job_id, world.random.choice([state.COMPLETED] * 3 + [state.FAILED, state.NODE_FAIL, state.PREEMPTED]))
        world.round()
        world.check()
        assert world.count() == sum(world.elements.values()) - sum(world.dropped.values())
    world.full = dict.fromkeys(PLACES, False)
    for _ in range(400):  # no user any more, and room everywhere: what can run does
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
