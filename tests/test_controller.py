"""The controller's rounds over a real registry: submission exactly once, whatever happens to the answer or to the process."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Lock
from typing import Any

import pytest

from mlspace.cluster.cluster import Cluster, Node, Partition
from mlspace.cluster.delivery import Delivery
from mlspace.controller import controller
from mlspace.controller.dispatch import Dispatcher
from mlspace.controller.sending import Sender
from mlspace.controller.survey import FEW_JOBS
from mlspace.errors import AT_LIMIT, GatewayError, MlspaceError, StateError
from mlspace.gateway.at_once import CONCURRENT_CALLS
from mlspace.gateway.wire import PlatformJob
from mlspace.process_identity import process_identity
from mlspace.queue.backoff import FIRST_SECONDS
from mlspace.queue.room import BACKLOG
from mlspace.slurm.geometry import Geometry
from mlspace.slurm.job import JobView
from mlspace.slurm.request import Component, JobRequest, Script
from mlspace.state.leadership import Deposed, Leadership
from mlspace.state.queue import MOST_REQUEUES, Queue
from mlspace.state.registry import Registry, Submission
from mlspace.translate.job import StoredJob

SECRET = "ab" * 32


def full() -> GatewayError:
    error = GatewayError("no free GPUs")
    error.shortage = AT_LIMIT
    return error


class Platform:
    """MLSpace as the controller sees it. `fail` has the errors of the next calls of run_job; `lose` takes the job and loses the answer."""

    tells_descriptions = True

    def __init__(self) -> None:
        self.jobs: dict[str, PlatformJob] = {}
        self.deleted: list[str] = []
        self.fail: list[GatewayError] = []
        self.lose = False
        self.room: int | None = None  # for so many jobs more
        self.full: set[str] = set()  # instance types
        self.log = b""
        self.calls = 0
        self.one_at_a_time = Lock()

    def run_job(self, body: dict[str, Any]) -> str:
        with self.one_at_a_time:
            self.calls += 1
            if self.fail:
                raise self.fail.pop(0)
            if self.room == 0 or body["instance_type"] in self.full:
                raise full()
            self.room = None if self.room is None else self.room - 1
            name = f"lm-mpi-job-{len(self.jobs)}"
            self.jobs[name] = PlatformJob(name, "pending", "SR006", body["job_desc"])
        if self.lose:
            raise GatewayError("no answer", transient=True, outcome_unknown=True)
        return name

    def list_regions(self, regions: dict[str, bool]) -> dict[str, list[PlatformJob]]:
        return {region: [job for job in self.jobs.values() if with_ended or not job.has_ended] for region, with_ended in regions.items()}

    def job(self, name: str) -> PlatformJob:
        return self.jobs[name]

    def delete_job(self, name: str, region: str) -> None:
        self.deleted.append(name)

    def logs(self, name: str, region: str, tail: int, *, with_times: bool, idle_seconds: float) -> Iterator[bytes]:
        """The stderr of rank 0, newest line first."""
        assert tail
        yield b"".join(b"[1,0]<stderr>:%s\n" % line for line in reversed(self.log.splitlines()))

    def becomes(self, name: str, status: str, **times: int) -> None:
        self.jobs[name] = PlatformJob(name, status, "SR006", self.jobs[name].description, **times)


class World:
    """A registry in a directory, a clock that the test moves, and the platform."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.time = 1_800_000_000.0
        self.platform = Platform()
        self.registry = Registry.open(str(directory))
        nodes = [Node(f"n{number}", 4, 4000) for number in (1, 2)]
        partition = Partition("debug", "SR006", [node.name for node in nodes], default=True)
        self.cluster = Cluster(
            "c", nodes, [partition], def_mem_per_cpu=100, carrier="parts", env_mode="image", delivery=Delivery("/launch"), channel=False
        )
        (directory / "reports").mkdir(exist_ok=True)

    def controller(self) -> controller.Controller:
        """A new one, as every command makes its own."""
        sender = Sender(
            self.registry,
            str(self.directory),
            lambda: self.time,
            lambda: self.platform,  # type: ignore[arg-type,return-value]
            lambda: self.cluster,
            lambda: "image",
            "/bin",
        )
        return controller.Controller(sender)

    def forget_nodes(self) -> None:
        """The platform alone knows what it has."""
        partition = Partition("debug", "SR006", None, default=True)
        self.cluster = Cluster("c", [], [partition], def_mem_per_cpu=100, carrier="parts", env_mode="image", delivery=Delivery("/launch"))

    def wait(self, **columns: Any) -> int:
        """A job in the registry that waits here."""
        job_id = self.add(f"{self.registry.next_job_id():032}")
        self.registry.close_submissions(job_id)
        if columns:
            Queue(self.registry).update(job_id, **columns)
        return job_id

    def dispatch(self, seconds: float = 0.0) -> None:
        """A round of the leader's, so much later, over what waits."""
        self.time += seconds
        work = self.controller()
        Dispatcher(work, work.queue, lambda line: None).round()

    def add(self, submission: str, owner: str | None = None) -> int:
        """A job in the registry whose process has committed it."""
        request = JobRequest("sbatch", [Component()], script=Script("#!/bin/sh\n"))
        geometry = Geometry(
            nodes=1, tasks=1, tasks_requested=False, tasks_per_node=[1], ntasks_per_node=None, cpus_per_task=None, cpus_per_node=[1],
            memory_mib_per_node=[100], mem_per_cpu=100, mem_per_node=None, gpus_per_node=0, distribution="block",
        )  # fmt: skip
        details = {"values": {}, "geometry": geometry.to_json(), "files": {}, "submit_dir": "/w", "umask": 18, "rlimits": {}}
        values = {
            "name": "x",
            "user": "ann",
            "uid": 1,
            "grp": "staff",
            "gid": 1,
            "partition": "debug",
            "state": "PENDING",
            "reason": "None",
            "priority": None,
            "nodes": 1,
            "tasks": 1,
            "tasks_requested": 0,
            "cpus": 1,
            "memory_mib": 100,
            "gpus": 0,
            "batch": 1,
            "requeue": 0,
            "command": "",
            "work_dir": "/w",
            "region": "SR006",
            "instance_type": "cpu.1C.100M",
            "alloc_node": "h",
            "alloc_sid": 1,
            "submit_time": int(self.time),
            "details": json.dumps(details),
        }
        sent = {
            "submission": submission,
            "secret": SECRET,
            "restart": 0,
            "attempt": 1,
            "phase": "committed",
            "region": "SR006",
            "owner": process_identity() if owner is None else owner,
        }
        return self.registry.add(values, json.dumps(request.to_json()), {}, sent)

    def send(self, job_id: int) -> None:
        (submission,) = self.registry.submissions(job_id=job_id)
        self.controller().sender.send(submission)

    def advance(self, seconds: float = 3.0) -> None:
        self.time += seconds
        self.controller().advance()

    def state(self, job_id: int) -> tuple[str, str]:
        job = self.registry.job(job_id)
        assert job is not None
        return job.state, job.reason

    def view(self, job_id: int) -> JobView:
        (job,) = self.registry.jobs(job_ids=[job_id])
        return job

    def report(self, submission: str, secret: str = SECRET, **fields: object) -> None:
        text = json.dumps({"submission": submission, **fields})
        mac = hmac.new(bytes.fromhex(secret), text.encode(), hashlib.sha256).hexdigest()
        with (self.directory / "reports" / submission).open("a") as file:
            file.write(f"\n#mlspace-report 1 {mac} {text}\n")

    def report_to_log(self, submission: str, **fields: object) -> None:
        """As launch does on a node that does not see our state directory."""
        self.report(submission, SECRET, **fields)
        path = self.directory / "reports" / submission
        self.platform.log += path.read_bytes()
        path.unlink()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield World(tmp_path)


def test_a_job_is_sent_once(world: World) -> None:
    job = world.add("a" * 32)
    world.send(job)
    for _ in range(3):
        world.advance()
    assert (world.platform.calls, list(world.platform.jobs), world.platform.deleted) == (1, ["lm-mpi-job-0"], [])
    found = world.registry.job(job)
    assert found is not None
    assert found.platform_job == "lm-mpi-job-0"


def test_a_lost_answer_is_found_in_the_list(world: World) -> None:
    """The job was taken, its answer was lost: it is not sent again."""
    job = world.add("a" * 32)
    world.platform.lose = True
    with pytest.raises(GatewayError):
        world.send(job)
    world.advance()
    found = world.registry.job(job)
    assert found is not None
    assert (world.platform.calls, found.platform_job) == (1, "lm-mpi-job-0")


def test_what_is_not_in_the_list_is_sent_again_after_the_settle_time(world: World) -> None:
    job = world.add("a" * 32)
    world.platform.fail = [GatewayError("no answer", transient=True, outcome_unknown=True)]
    with pytest.raises(GatewayError):
        world.send(job)
    world.advance(world.cluster.settle_seconds - 5)
    assert world.platform.calls == 1
    world.advance(10)
    assert (world.platform.calls, len(world.platform.jobs)) == (2, 1)


def test_a_double_is_deleted(world: World) -> None:
    """A job that shows up late, after the second one was sent."""
    job = world.add("a" * 32)
    world.platform.fail = [GatewayError("no answer", transient=True, outcome_unknown=True)]
    with pytest.raises(GatewayError):
        world.send(job)
    world.platform.jobs["late"] = PlatformJob("late", "pending", "SR006", f"submission {'a' * 32}")
    world.platform.jobs["later"] = PlatformJob("later", "pending", "SR006", f"submission {'a' * 32}")
    world.advance()
    assert (world.platform.calls, world.platform.deleted) == (1, ["later"])
    assert world.registry.doubles(["a" * 32]) == {"later"}


LOST = GatewayError("no answer", transient=True, outcome_unknown=True)


@pytest.mark.parametrize("end", ["runs", "has ended"])
def test_what_takes_effect_after_the_settle_time_is_deleted(world: World, end: str) -> None:
    """Once, by whoever looks next, whether the job that was sent in its place still runs or not; and nothing for ever."""
    job = world.add("a" * 32)
    world.platform.fail = [LOST]
    with pytest.raises(GatewayError):
        world.send(job)
    world.advance(world.cluster.settle_seconds + 1)
    assert world.view(job).platform_job == "lm-mpi-job-0"
    if end == "has ended":
        world.platform.becomes("lm-mpi-job-0", "completed")
        world.advance()
        assert world.state(job)[0] == "COMPLETED"
    world.advance(100)
    world.platform.jobs["late"] = PlatformJob("late", "running", "SR006", world.platform.jobs["lm-mpi-job-0"].description)
    world.advance(controller.WATCH_POLL_SECONDS)
    world.advance(controller.WATCH_POLL_SECONDS)
    assert (world.platform.deleted, world.platform.calls) == (["late"], 2)
    assert world.registry.doubles(["a" * 32]) == {"late"}
    assert world.view(job).platform_job == "lm-mpi-job-0"
    world.platform.jobs["much later"] = PlatformJob("much later", "running", "SR006", f"submission {'a' * 32}")
    world.advance(1000)
    assert world.platform.deleted == ["late"]


def test_a_deletion_that_fails_is_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    job = world.add("a" * 32)
    world.platform.fail = [LOST]
    with pytest.raises(GatewayError):
        world.send(job)
    world.advance(world.cluster.settle_seconds + 1)
    world.platform.jobs["late"] = PlatformJob("late", "running", "SR006", f"submission {'a' * 32}")
    delete = world.platform.delete_job

    def away(name: str, region: str) -> None:
        raise GatewayError("away", transient=True)

    monkeypatch.setattr(world.platform, "delete_job", away)
    with pytest.raises(GatewayError, match="away"):
        world.advance()
    assert world.registry.doubles(["a" * 32]) == set()
    monkeypatch.setattr(world.platform, "delete_job", delete)
    world.advance()
    assert world.platform.deleted == ["late"]


def test_what_was_cancelled_and_shows_up_after_its_time_is_deleted(world: World) -> None:
    job = world.add("a" * 32)
    world.platform.fail = [LOST]
    with pytest.raises(GatewayError):
        world.send(job)
    world.controller().cancel(world.registry.jobs(job_ids=[job]), 1)
    world.advance()
    world.advance(world.cluster.settle_seconds + 1)
    assert world.registry.submissions() == []
    world.platform.jobs["late"] = PlatformJob("late", "running", "SR006", f"submission {'a' * 32}")
    world.advance(controller.WATCH_POLL_SECONDS)
    assert (world.platform.deleted, world.state(job)[0]) == (["late"], "CANCELLED")


def test_a_killed_process_may_have_sent_it_at_its_very_end(world: World) -> None:
    """The settle time begins when it is found dead: nobody knows when it sent what it had claimed."""
    job = world.add("a" * 32, f"{os.uname().nodename} 999999999 1")
    (one,) = world.registry.submissions(job_id=job)
    assert world.registry.claim(one, one.owner, world.time)
    world.advance(world.cluster.settle_seconds + 30)
    assert world.platform.calls == 0
    world.advance(world.cluster.settle_seconds + 1)
    assert (world.platform.calls, len(world.platform.jobs)) == (1, 1)


def test_another_job_of_the_same_description_is_left_alone(world: World) -> None:
    """A user has restarted our job by another client: its request was never lost, so it is none of our doubles."""
    job = world.add("a" * 32)
    world.send(job)
    world.platform.jobs["theirs"] = PlatformJob("theirs", "running", "SR006", f"submission {'a' * 32}")
    for number in range(FEW_JOBS):
        world.send(world.add(f"{number}" * 32))
    world.advance()
    world.advance()
    assert world.platform.deleted == []


def test_a_refusal_for_gpus_that_others_hold_is_tried_again(world: World) -> None:
    job = world.add("a" * 32)
    world.platform.fail = [full(), full()]
    with pytest.raises(GatewayError):
        world.send(job)
    assert world.state(job) == ("PENDING", "AssocGrpGRES")
    assert (world.view(job).system_comment, world.registry.submissions()) == ("no free GPUs", [])
    world.dispatch()
    assert world.platform.calls == 1
    world.dispatch(1.2 * FIRST_SECONDS)
    assert (world.platform.calls, world.state(job)) == (2, ("PENDING", "AssocGrpGRES"))
    world.dispatch(1.2 * FIRST_SECONDS)  # twice that, or nearly
    assert world.platform.calls == 2
    world.dispatch(1.2 * FIRST_SECONDS)
    assert (world.platform.calls, world.state(job), world.view(job).system_comment) == (3, ("PENDING", "None"), None)


def test_one_asks_for_all_that_wait_for_the_same(world: World) -> None:
    """A thousand jobs are no storm of requests; the first comes first, and what goes elsewhere is not kept back."""
    world.forget_nodes()
    here, other = [world.wait(place="a", instance_type="a") for _ in range(1000)], world.wait(place="b", instance_type="b")
    world.platform.full = {"a"}
    world.dispatch()
    assert world.platform.calls <= CONCURRENT_CALLS + 1
    assert world.view(other).platform_job
    assert [world.state(job)[1] for job in (*here[:2], here[-1])] == ["AssocGrpGRES", "Priority", "Priority"]
    assert (world.view(here[0]).system_comment, world.view(here[1]).system_comment) == ("no free GPUs", None)
    asked = world.platform.calls
    world.dispatch(61)
    assert world.platform.calls == asked + 1
    world.platform.full = set()
    world.dispatch(61)
    assert all(world.view(job).platform_job for job in here)


def test_where_there_was_no_room_jobs_are_sent_one_by_one(world: World) -> None:
    world.forget_nodes()
    jobs = [world.wait() for _ in range(4)]
    world.platform.fail = [full()] * 4
    world.dispatch()
    world.platform.fail = []
    world.platform.room = 2
    world.dispatch(61)
    assert [bool(world.view(job).platform_job) for job in jobs] == [True, True, False, False]
    assert [world.state(job)[1] for job in jobs] == ["None", "None", "AssocGrpGRES", "Priority"]
    assert [one.job_id for one in world.registry.submissions()] == jobs[:2]


def test_the_end_of_a_job_makes_room(world: World) -> None:
    first = world.add("a" * 32)
    world.send(first)
    waiting = world.wait()
    for _ in range(8):
        world.platform.fail = [full()]
        world.dispatch(75)  # longer than any pause
    assert world.platform.fail == []
    world.report("a" * 32, event="end", state="COMPLETED", reason="None", start=1.0, end=world.time + 10, code=0, signal=0)
    world.advance(10)
    world.dispatch()
    assert (world.state(first)[0], world.view(waiting).platform_job) == ("COMPLETED", "lm-mpi-job-1")


def test_a_refusal_for_good_ends_the_job_with_the_platforms_words(world: World) -> None:
    job = world.wait()
    world.platform.fail = [GatewayError("The image='x' does not exist.", status=409)]
    world.dispatch()
    assert (world.state(job), world.view(job).system_comment) == (("FAILED", "JobLaunchFailure"), "The image='x' does not exist.")


@pytest.mark.parametrize("owner", ["", f"{os.uname().nodename} 999999999 1"], ids=["given up", "killed"])
def test_what_a_killed_process_has_committed_is_sent_by_the_next(world: World, owner: str) -> None:
    world.add("a" * 32, owner)
    world.advance()
    world.advance()
    assert world.platform.calls == 1


def test_what_another_process_is_sending_is_left_to_it(world: World) -> None:
    job = world.add("a" * 32)  # its owner is this process, which lives
    world.advance()
    assert (world.platform.calls, world.state(job)) == (0, ("PENDING", "None"))


def test_a_refusal_found_out_later_ends_the_job(world: World) -> None:
    job = world.add("a" * 32, "")
    world.platform.fail = [GatewayError("no such image")]
    world.advance()
    assert world.state(job) == ("FAILED", "JobLaunchFailure")


def test_a_refusal_of_what_another_process_has_taken_since_ends_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    job = world.add("a" * 32, "")
    world.platform.fail = [GatewayError("no such image")]
    give_up = world.registry.release

    def release(one: Submission, *, sent: bool, now: float) -> None:
        give_up(one, sent=sent, now=now)
        monkeypatch.undo()
        world.send(job)  # another one is at once there

    monkeypatch.setattr(world.registry, "release", release)
    world.advance()
    assert (world.state(job), world.view(job).platform_job) == (("PENDING", "None"), "lm-mpi-job-0")


def test_who_was_stopped_between_the_claim_and_the_request_sends_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others may think it dead by then, and have sent the job themselves."""
    job = world.add("a" * 32)
    stopped = world.controller().sender
    prepare = stopped.prepare

    def prepare_slowly(stored: StoredJob) -> dict[str, object]:
        world.time += 200
        return prepare(stored)

    monkeypatch.setattr(stopped, "prepare", prepare_slowly)
    (submission,) = world.registry.submissions()
    with pytest.raises(GatewayError, match="stopped"):
        stopped.send(submission)
    assert world.platform.calls == 0
    world.advance()
    assert (world.platform.calls, world.view(job).platform_job) == (1, "lm-mpi-job-0")


@pytest.mark.parametrize("is_sent_again", [True, False])
def test_what_a_leader_sent_whose_term_has_ended_is_kept_once(
    world: World, monkeypatch: pytest.MonkeyPatch, is_sent_again: bool
) -> None:
    """Its answer comes when another one leads, which may have given up waiting for it, and may not."""
    job = world.add("a" * 32)
    old, other = Leadership(world.registry), Registry.open(str(world.directory))
    assert old.take(old.term(), "old", lambda: world.time)
    run_job = world.platform.run_job

    def run_slowly(body: dict[str, Any]) -> str:
        new = Leadership(other)
        assert new.take(new.term(), "new", lambda: world.time)
        if is_sent_again:
            assert other.posted("a" * 32, run_job(body))
        return run_job(body)

    monkeypatch.setattr(world.platform, "run_job", run_slowly)
    with pytest.raises(Deposed):
        world.send(job)
    assert world.platform.deleted == (["lm-mpi-job-1"] if is_sent_again else [])
    old.leave()
    (submission,) = world.registry.submissions()
    if not is_sent_again:
        world.registry.release(submission, sent=True, now=world.time)  # as the new one does when it finds the process gone
    world.advance()
    assert world.view(job).platform_job == "lm-mpi-job-0"


def test_a_gateway_that_is_away_costs_nothing(world: World) -> None:
    job = world.add("a" * 32, "")
    world.platform.fail = [GatewayError("away", transient=True), GatewayError("away", transient=True)]
    for _ in range(2):
        with pytest.raises(GatewayError, match="away"):
            world.advance()
    world.advance()
    assert (world.state(job)[0], len(world.platform.jobs)) == ("PENDING", 1)


def test_a_gateway_that_is_away_is_asked_for_one_job_and_not_for_each(world: World) -> None:
    for number in range(5):
        world.add(f"{number}" * 32, "")
    world.platform.fail = [GatewayError("away", status=502, transient=True)]
    with pytest.raises(GatewayError, match="away"):
        world.advance()
    assert world.platform.calls == 1
    world.advance()
    assert len(world.platform.jobs) == 5


def test_an_error_of_one_job_keeps_no_other_from_being_sent(world: World) -> None:
    for number in range(3):
        world.add(f"{number}" * 32, "")
    world.platform.fail = [GatewayError("some are there each time", status=500, transient=True)]
    world.advance()
    assert len(world.platform.jobs) == 2


def test_reports_are_taken_over_and_forged_ones_are_not(world: World) -> None:
    job = world.add("a" * 32)
    world.send(job)
    with (world.directory / "reports" / ("a" * 32)).open("w") as file:
        file.write(f'\n#mlspace-report 1 {"0" * 64} {{"event":"end","submission":"{"a" * 32}","state":"COMPLETED"}}\n')
    world.advance()
    assert world.state(job)[0] == "PENDING"
    world.report("a" * 32, event="start", time=1_800_000_001.5, nodes="n1")
    world.report("a" * 32, event="step", step=0, name="true", nodes="n1", tasks=2, start=1_800_000_002.0, state="RUNNING")
    world.advance()
    assert world.state(job) == ("RUNNING", "None")
    assert [(step.name, step.state, step.end_time) for step in world.registry.steps([job])] == [("true", "RUNNING", None)]
    end = {"end": 1_800_000_009.0, "code": 3, "signal": 0}
    world.report("a" * 32, event="step", step=0, name="true", nodes="n1", tasks=2, start=1_800_000_002.0, state="FAILED", **end)
    world.report("a" * 32, event="end", state="FAILED", reason="NonZeroExitCode", start=1_800_000_001.5, **end)
    world.advance()
    found = world.registry.job(job)
    assert found is not None
    assert (found.state, found.reason, found.exit_code, found.start_time, found.end_time) == (
        *("FAILED", "NonZeroExitCode", 3),
        *(1_800_000_001, 1_800_000_009),
    )
    assert [(step.state, step.exit_code) for step in world.registry.steps([job])] == [("FAILED", 3)]
    assert not (world.directory / "reports" / ("a" * 32)).exists()


def test_an_end_that_the_log_tells_first_loses_no_step(world: World) -> None:
    """Of a job whose log is followed, and whose node writes its reports to our file, too: steps are in the file alone."""
    job = world.add("a" * 32)
    world.send(job)
    (submission,) = world.registry.submissions(job_id=job)
    times = {"start": 1_800_000_002.0, "end": 1_800_000_003.0, "code": 0, "signal": 0, "state": "COMPLETED"}
    world.report("a" * 32, event="end", reason="None", **times)
    path = world.directory / "reports" / ("a" * 32)
    log = path.read_bytes()
    path.unlink()
    world.report("a" * 32, event="step", step=0, name="true", nodes="n1", tasks=2, **times)
    assert world.controller().reports.take_log(submission, world.view(job), log)
    assert (world.state(job)[0], [step.state for step in world.registry.steps([job])]) == ("COMPLETED", ["COMPLETED"])


def test_a_step_that_was_running_when_the_job_ended_is_cancelled(world: World) -> None:
    job = world.add("a" * 32)
    world.send(job)
    world.report("a" * 32, event="step", step=0, name="true", nodes="n1", tasks=2, start=1_800_000_002.0, state="RUNNING")
    world.report("a" * 32, event="end", state="FAILED", reason="x", start=1.0, end=2.0, code=1, signal=0)
    world.advance()
    assert [(step.state, step.exit_signal) for step in world.registry.steps([job])] == [("CANCELLED", 15)]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("inqueue", ("PENDING", "Resources")),
        ("running", ("RUNNING", "None")),
        ("completed", ("COMPLETED", "None")),
        ("failed", ("FAILED", "NonZeroExitCode")),
        ("terminated", ("PREEMPTED", "None")),
        ("job not found", ("PENDING", "None")),
        ("a status of next year", ("PENDING", "None")),
    ],
)
def test_the_platforms_status(world: World, status: str, expected: tuple[str, str]) -> None:
    job = world.add("a" * 32)
    world.send(job)
    world.platform.becomes("lm-mpi-job-0", status, running_at=1_800_000_001, completed_at=1_800_000_002)
    world.advance()
    assert world.state(job) == expected


def test_the_platform_is_asked_at_most_every_two_seconds(world: World) -> None:
    job = world.add("a" * 32)
    world.send(job)
    world.advance()
    world.platform.becomes("lm-mpi-job-0", "completed")
    world.advance(1)
    assert world.state(job)[0] == "PENDING"
    world.advance(1.1)
    assert world.state(job)[0] == "COMPLETED"


def test_cancelling(world: World) -> None:
    """A pending job has ended at once; a running one when the platform says so, and it is asked again as long as it does not."""
    pending, running = world.add("a" * 32), world.add("b" * 32)
    world.send(pending)
    world.send(running)
    world.registry.running(running, 1_800_000_001, "n1")
    jobs = world.registry.jobs(job_ids=[pending, running])
    world.controller().cancel(jobs, 1)
    assert sorted(world.platform.deleted) == ["lm-mpi-job-0", "lm-mpi-job-1"]
    assert (world.state(pending)[0], world.state(running)[0]) == ("CANCELLED", "COMPLETING")
    world.platform.becomes("lm-mpi-job-1", "running")
    world.advance()
    assert world.platform.deleted.count("lm-mpi-job-1") == 2
    world.platform.becomes("lm-mpi-job-1", "failed")
    world.advance()
    assert world.state(running) == ("CANCELLED", "None")


def test_a_job_that_was_cancelled_on_its_way_is_deleted_when_it_arrives(world: World) -> None:
    job = world.add("a" * 32)
    world.controller().cancel(world.registry.jobs(job_ids=[job]), 1)
    (submission,) = world.registry.submissions(job_id=job, phases=("ended",))
    world.controller().sender.adopt(submission, "lm-mpi-job-9")
    assert (world.state(job)[0], world.platform.deleted) == ("CANCELLED", ["lm-mpi-job-9"])


def test_a_job_that_was_cancelled_after_its_answer_was_lost_is_found_and_deleted(world: World) -> None:
    job = world.add("a" * 32)
    world.platform.lose = True
    with pytest.raises(GatewayError):
        world.send(job)
    world.controller().cancel(world.registry.jobs(job_ids=[job]), 1)
    assert world.state(job)[0] == "CANCELLED"
    world.advance()
    assert world.platform.deleted == ["lm-mpi-job-0"]
    world.advance()
    assert (world.platform.calls, world.registry.submissions()) == (1, [])


def test_what_was_cancelled_and_never_shows_up_is_not_sent_again(world: World) -> None:
    job = world.add("a" * 32)
    world.platform.fail = [GatewayError("no answer", transient=True, outcome_unknown=True)]
    with pytest.raises(GatewayError):
        world.send(job)
    world.controller().cancel(world.registry.jobs(job_ids=[job]), 1)
    world.advance()
    world.advance(world.cluster.settle_seconds)
    assert (world.platform.calls, world.registry.submissions()) == (1, [])


@pytest.mark.parametrize(("cancelled", "expected"), [(False, "NODE_FAIL"), (True, "CANCELLED")])
def test_a_job_that_the_platform_has_forgotten_has_ended(world: World, cancelled: bool, expected: str) -> None:
    job = world.add("a" * 32)
    world.send(job)
    world.registry.running(job, 1_800_000_001, "n1")
    if cancelled:
        world.controller().cancel(world.registry.jobs(job_ids=[job]), 1)
    world.platform.becomes("lm-mpi-job-0", "job not found")
    world.advance()
    assert world.state(job)[0] in ("RUNNING", "COMPLETING")
    world.advance(world.cluster.settle_seconds)
    assert world.state(job)[0] == expected


def test_one_job_in_trouble_keeps_no_other_from_its_turn(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, good, waiting = world.add("a" * 32), world.add("b" * 32), world.add("c" * 32, "")
    world.send(broken)
    world.send(good)
    world.platform.becomes("lm-mpi-job-1", "completed")
    ask = world.platform.job

    def job(name: str) -> PlatformJob:
        if name == "lm-mpi-job-0":
            raise GatewayError("may not see that one")
        return ask(name)

    monkeypatch.setattr(world.platform, "job", job)
    world.cluster.delivery = Delivery("", binary=lambda: __file__)  # so that nothing can be submitted
    with pytest.raises(MlspaceError, match="would not find the launcher"):
        world.advance()
    assert (world.state(good)[0], world.state(broken)[0], world.state(waiting)[0]) == ("COMPLETED", "PENDING", "PENDING")
    world.cluster.delivery = Delivery("/launch")
    with pytest.raises(GatewayError, match="may not see"):
        world.advance()
    assert len(world.platform.jobs) == 3


def test_what_cannot_be_described_was_not_sent(world: World) -> None:
    job = world.add("a" * 32)
    world.cluster.delivery = Delivery("", binary=lambda: __file__)
    with pytest.raises(MlspaceError):
        world.send(job)
    assert [(one.phase, one.owner) for one in world.registry.submissions()] == [("committed", "")]


@pytest.mark.parametrize(
    ("status", "scancel", "expected"),
    [
        ("failed", False, ("NODE_FAIL", "NodeDown")),
        ("deleted", False, ("CANCELLED", "None")),
        ("failed", True, ("CANCELLED", "None")),
    ],
)
def test_a_job_that_was_terminated_is_cancelled_only_if_somebody_wanted_that(
    world: World, status: str, scancel: bool, expected: tuple[str, str]
) -> None:
    job = world.add("a" * 32)
    world.send(job)
    world.registry.running(job, 1_800_000_001, "n1")
    if scancel:
        world.controller().cancel(world.registry.jobs(job_ids=[job]), 1)
    world.report("a" * 32, event="end", state="CANCELLED", reason="Terminated", start=1.0, end=2.0, code=0, signal=15)
    world.platform.becomes("lm-mpi-job-0", "running")
    world.advance()
    assert (world.state(job) == expected) == scancel  # who has cancelled it need not wait for the platform's word
    world.platform.becomes("lm-mpi-job-0", status)
    world.advance()
    assert world.state(job) == expected


def test_a_report_that_only_the_log_has(world: World) -> None:
    job = world.add("a" * 32)
    world.send(job)
    world.report_to_log("a" * 32, event="start", time=1_800_000_001.5, nodes="n1")
    world.report_to_log("a" * 32, event="end", state="FAILED", reason="NonZeroExitCode", start=1.0, end=2.0, code=47, signal=0)
    world.platform.log += b"mpirun detected that one or more processes exited with non-zero status\n"
    world.platform.becomes("lm-mpi-job-0", "failed")
    world.advance()
    assert (world.state(job), world.view(job).exit_code) == (("FAILED", "NonZeroExitCode"), 47)


@pytest.mark.parametrize(("status", "expected"), [("failed", "NODE_FAIL"), ("succeeded", "COMPLETED"), ("terminated", "PREEMPTED")])
@pytest.mark.parametrize("place", ["file", "log"])
def test_a_launch_that_has_told_its_start_only(world: World, status: str, expected: str, place: str) -> None:
    """It was killed, where the platform does not know better."""
    job = world.add("a" * 32)
    world.send(job)
    report = world.report if place == "file" else world.report_to_log
    report("a" * 32, event="start", time=1_800_000_001.5, nodes="n1")
    world.platform.becomes("lm-mpi-job-0", status)
    world.advance()
    assert world.state(job)[0] == expected


def test_a_job_that_has_lost_a_node_is_deleted(world: World) -> None:
    """The platform's mpirun may wait for that node for minutes."""
    job = world.add("a" * 32)
    world.send(job)
    world.report("a" * 32, event="end", state="NODE_FAIL", reason="NodeDown", start=1.0, end=2.0, code=0, signal=15)
    world.advance()
    assert world.state(job) == ("NODE_FAIL", "NodeDown")
    assert world.platform.deleted == ["lm-mpi-job-0"]


@pytest.mark.parametrize(("status", "how"), [("failed", "NODE_FAIL"), ("terminated", "PREEMPTED")])
def test_a_job_that_could_not_help_it_is_run_again(world: World, status: str, how: str) -> None:
    """So often, and then it is held: it may be what its nodes die of."""
    job = world.add("a" * 32)
    Queue(world.registry).update(job, requeue=1)
    world.send(job)
    for number in range(MOST_REQUEUES + 1):
        (run,) = world.registry.submissions()
        world.report(run.submission, run.secret, event="start", time=world.time, nodes="n1")
        world.platform.becomes(run.platform_job, status)
        world.advance(10)
        if number < MOST_REQUEUES:
            assert (world.state(job), world.view(job).restart_count) == (("PENDING", "None"), number + 1)
        world.dispatch()
    assert (world.state(job), world.view(job).priority) == (("PENDING", "JobHoldMaxRequeue"), 0)
    assert [one.state for one in world.registry.earlier_runs([world.view(job)])] == [how] * (MOST_REQUEUES + 1)


@pytest.mark.parametrize(("end", "expected"), [("CANCELLED", ("DEADLINE", "DeadLine")), ("COMPLETED", ("COMPLETED", "None"))])
def test_a_job_that_runs_ends_at_its_deadline(world: World, end: str, expected: tuple[str, str]) -> None:
    job = world.add("a" * 32)
    Queue(world.registry).update(job, deadline=int(world.time) + 60)
    world.send(job)
    world.report("a" * 32, event="start", time=world.time, nodes="n1")
    world.advance()
    world.dispatch()
    assert world.platform.deleted == []
    world.dispatch(60)
    assert world.platform.deleted == ["lm-mpi-job-0"]
    world.report("a" * 32, event="end", state=end, reason="None", start=1.0, end=2.0, code=0, signal=15 * (end == "CANCELLED"))
    world.advance()
    assert world.state(job) == expected


def test_a_preempted_job_that_may_not_be_run_again(world: World) -> None:
    """Its launch has reported the signal that ended it."""
    job = world.add("a" * 32)
    world.send(job)
    world.report("a" * 32, event="end", state="CANCELLED", reason="Terminated", start=1.0, end=2.0, code=0, signal=15)
    world.platform.becomes("lm-mpi-job-0", "terminated")
    world.advance()
    assert world.state(job) == ("PREEMPTED", "None")


def test_a_launcher_that_was_killed_has_left_no_report(world: World) -> None:
    job = world.add("a" * 32)
    world.send(job)
    world.cluster.channel = True
    world.report("a" * 32, event="start", time=1_800_000_001.5, nodes="n1")
    world.platform.becomes("lm-mpi-job-0", "failed")
    world.advance()
    assert world.state(job) == ("NODE_FAIL", "NodeDown")


def test_an_end_that_is_seen_twice_leaves_the_next_run_alone(world: World) -> None:
    """sbatch --wait and the background controller read the same report; one of them when the job runs again already."""
    job = world.add("a" * 32)
    world.send(job)
    late = world.controller()
    (first,) = world.registry.submissions(job_id=job)
    world.report("a" * 32, event="start", time=1_800_000_001.5, nodes="n1")
    world.advance()
    world.controller().requeue(world.view(job), "requeue")
    seen = world.view(job)
    report = {"event": "end", "state": "CANCELLED", "reason": "Terminated", "start": 1.0, "end": 2.0, "code": 0, "signal": 15}
    world.report("a" * 32, **report)
    lines = (world.directory / "reports" / ("a" * 32)).read_bytes()
    world.advance()
    assert (world.state(job), world.view(job).restart_count) == (("PENDING", "None"), 1)
    assert late.reports.take(first, seen, lines)
    late.reports.take(first, world.view(job), lines)  # its start, too, is old news
    assert (world.state(job), world.view(job).restart_count) == (("PENDING", "None"), 1)


def test_a_job_that_has_begun_since_somebody_looked_is_not_called_back(world: World) -> None:
    """`scontrol update` and hold, of a job that was still waiting when they read it."""
    job = world.add("a" * 32)
    world.send(job)
    seen = world.view(job)
    world.report("a" * 32, event="start", time=1_800_000_001.5, nodes="n1")
    world.controller().recall(seen)
    assert (world.state(job)[0], world.view(job).wish, world.platform.deleted) == ("RUNNING", "", [])
    world.report("a" * 32, event="end", state="COMPLETED", reason="None", start=1.0, end=2.0, code=0, signal=0)
    world.controller().recall(seen)
    assert (world.state(job)[0], world.view(job).restart_count) == ("COMPLETED", 0)


def test_what_a_full_disk_kept_from_being_written_down_is_seen_to_by_the_same_process(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = world.add("a" * 32)
    work = world.controller()

    def full(*arguments: object, **named: object) -> None:
        raise StateError("no space left on the device")

    (submission,) = world.registry.submissions(job_id=job)
    with monkeypatch.context() as patch:
        patch.setattr(world.registry, "posted", full)
        with pytest.raises(StateError):
            work.sender.send(submission)
    work.advance()
    assert (world.platform.calls, world.view(job).platform_job) == (1, "lm-mpi-job-0")


def test_many_are_sent_at_once_and_one_in_trouble_keeps_no_other_back(world: World) -> None:
    jobs = [world.add(f"{number:032}") for number in range(20)]
    world.platform.fail = [GatewayError("no"), GatewayError("later", transient=True)]
    failures = world.controller().sender.send_all(world.registry.submissions())
    assert sorted(error.lines[0] for error in failures.values()) == ["later", "no"]
    names = [world.view(job).platform_job for job in jobs]
    assert len({name for name in names if name}) == 18
    world.advance()  # both are still to be sent
    assert len({world.view(job).platform_job for job in jobs}) == 20
    assert world.platform.calls == 22


def test_requests_are_on_their_way_at_the_same_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each waits until as many as there may be have come; and the next goes out as soon as one is answered."""
    for number in range(2 * CONCURRENT_CALLS):
        world.add(f"{number:032}")
    together = Barrier(CONCURRENT_CALLS)
    run_job = world.platform.run_job

    def slow(body: dict[str, Any]) -> str:
        together.wait(20)
        return run_job(body)

    monkeypatch.setattr(world.platform, "run_job", slow)
    assert world.controller().sender.send_all(world.registry.submissions()) == {}
    assert len(world.platform.jobs) == 2 * CONCURRENT_CALLS


@pytest.mark.parametrize("was_lost", [False, True])
def test_what_an_outage_kept_back_is_sent_at_the_same_time(world: World, monkeypatch: pytest.MonkeyPatch, *, was_lost: bool) -> None:
    """Be it that nobody sent it, or that its request was lost: after the first each waits until as many as there may be have come."""
    for number in range(1 + CONCURRENT_CALLS):
        world.add(f"{number:032}", "")
    if was_lost:
        for one in world.registry.submissions():
            assert world.registry.claim(one, "", world.time)
            world.registry.release(one, sent=True, now=world.time)
        world.time += 61
    together = Barrier(CONCURRENT_CALLS)
    run_job = world.platform.run_job

    def slow(body: dict[str, Any]) -> str:
        if world.platform.calls:
            together.wait(20)
        return run_job(body)

    monkeypatch.setattr(world.platform, "run_job", slow)
    world.advance()
    assert len(world.platform.jobs) == 1 + CONCURRENT_CALLS


def test_a_lost_answer_among_many_is_no_outage_and_as_many_as_fly_are(world: World) -> None:
    away = GatewayError("away", status=502, transient=True)
    for number in range(5 * CONCURRENT_CALLS):
        world.add(f"{number:032}", "")
    world.platform.fail = [away] * 3
    work = world.controller()
    assert len(work.sender.send_all(world.registry.submissions())) == 3
    assert len(world.platform.jobs) == 5 * CONCURRENT_CALLS - 3
    for number in range(5 * CONCURRENT_CALLS):
        world.add(f"1{number:031}", process_identity())  # as the dispatcher makes them
    world.platform.fail = [away] * 1000
    world.platform.calls = 0
    work.sender.send_all(world.registry.submissions(phases=("committed",)))
    assert CONCURRENT_CALLS <= world.platform.calls < 3 * CONCURRENT_CALLS
    world.platform.fail = []
    work.advance()  # the same process sends what it has not sent
    assert len(world.platform.jobs) == 10 * CONCURRENT_CALLS


def test_all_that_the_platform_takes_is_sent_in_one_round(world: World) -> None:
    """More and more of it."""
    world.forget_nodes()
    for _ in range(10 * BACKLOG):
        world.wait()
    world.dispatch()
    assert len(world.platform.jobs) == 10 * BACKLOG


def test_a_job_is_not_failed_because_the_registry_could_not_be_written(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    job = world.add("a" * 32)
    world.registry.close_submissions(job)  # it waits here
    work = world.controller()
    log: list[str] = []

    def full(*arguments: object, **named: object) -> None:
        raise StateError("no space left on the device")

    with monkeypatch.context() as patch:
        patch.setattr(world.registry, "claim", full)
        Dispatcher(work, work.queue, log.append).round()
    assert log == [f"job {job}: no space left on the device"]
    assert world.state(job)[0] == "PENDING"
    work.advance()
    assert world.view(job).platform_job == "lm-mpi-job-0"


def test_a_job_that_is_found_when_its_run_is_over_is_not_taken_for_the_next_run(world: World) -> None:
    """The answer was lost, the report was not; and the job was requeued before anybody found it in the platform's list."""
    job = world.add("a" * 32)
    world.platform.lose = True
    with pytest.raises(GatewayError):
        world.send(job)
    (first,) = world.registry.submissions(job_id=job)
    world.report("a" * 32, event="end", state="COMPLETED", reason="None", start=1.0, end=2.0, code=0, signal=0)
    assert world.controller().reports.read(first, world.view(job))
    assert world.controller().requeue(world.view(job), "requeue")
    world.controller().sender.adopt(first, "lm-mpi-job-0")
    assert (world.state(job), world.registry.submissions(), world.platform.deleted) == (("PENDING", "None"), [], ["lm-mpi-job-0"])


def test_a_job_that_is_cancelled_before_it_starts_leaves_no_file(world: World) -> None:
    world.cluster.carrier = "file"
    job, late = world.add("a" * 32), world.add("b" * 32)
    world.send(job)
    assert len(list((world.directory / "specs").iterdir())) == 1
    world.controller().cancel([world.view(job), world.view(late)], 1)
    world.controller().sender.send_all(world.registry.submissions())
    assert list((world.directory / "specs").iterdir()) == []
