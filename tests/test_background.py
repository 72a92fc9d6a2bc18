"""The background controller where things go wrong: a full disk, a registry that was moved away, a gateway that was killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from mlspace.context import Context, User
from mlspace.controller import background, leader, log
from mlspace.errors import StateError
from mlspace.queue.selection import Selected
from mlspace.session import Session
from mlspace.slurm import state as states
from mlspace.state.registry import Registry
from tests.conftest import Cli, Result, stop_gateway, wait_until
from tests.state.test_registry import OUTCOME, VALUES


class Clock(Context):
    """Time passes by sleeping alone; `then` is called at each sleep."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__({"MLSPACE_STATE_DIR": str(state_dir)}, str(state_dir.parent), user=User("ann", 1, "staff", 1, "/"))
        self.time = 1000.0
        self.then: Callable[[], None] = lambda: None

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def uptime(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        self.then()


@pytest.fixture
def clock(state: Path) -> Clock:
    Registry.open(str(state))
    return Clock(state)


def leader_of(clock: Clock) -> leader.Leader:
    return leader.Leader(Session(clock), log.Log(clock.environ["MLSPACE_STATE_DIR"], clock))


def add(clock: Clock, **values: object) -> int:
    return Registry.open(clock.environ["MLSPACE_STATE_DIR"]).add({**VALUES, **values}, "{}", {})


def test_it_goes_when_nothing_is_left_to_wait_for(clock: Clock) -> None:
    add(clock, priority=0)
    leader_of(clock).lead()
    assert leader.IDLE_SECONDS <= clock.time - 1000 < leader.IDLE_SECONDS + 2
    assert not Session(clock).leadership.term().owner


@pytest.mark.parametrize("another", [False, True])
def test_it_goes_when_its_registry_does(clock: Clock, state: Path, another: bool) -> None:
    add(clock, dependency="singleton(unfulfilled)", begin_time=10**9)

    def remove() -> None:
        stop_gateway(state)  # afterwards nothing would tell where it is
        shutil.rmtree(state)
        if another:
            Registry.open(str(state))
        clock.then = lambda: None

    clock.then = remove
    leader_of(clock).lead()
    assert clock.time < 1000 + leader.ROUND_SECONDS + 1


def test_it_bears_a_registry_that_cannot_be_written_for_a_while(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    job = add(clock, begin_time=10**9)
    lead = leader_of(clock)
    ask = lead.queue.is_unfinished
    failures = [StateError("no space left on the device")] * 5

    def is_unfinished(now: float) -> bool:
        if failures:
            raise failures.pop()
        return ask(now)

    monkeypatch.setattr(lead.queue, "is_unfinished", is_unfinished)
    clock.then = lambda: None if failures else Session(clock).registry.ended(job, OUTCOME)
    lead.lead()
    assert not failures
    assert not Session(clock).leadership.term().owner


def test_it_does_not_bear_that_for_ever(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    lead = leader_of(clock)

    def full(now: float) -> bool:
        raise StateError("no space left on the device")

    monkeypatch.setattr(lead.queue, "is_unfinished", full)
    lead.lead()
    assert leader.TROUBLE_SECONDS <= clock.time - 1000 < leader.TROUBLE_SECONDS + 5


def test_its_log_is_bounded_and_says_nothing_twice(clock: Clock, state: Path) -> None:
    path = state / log.FILE
    path.write_bytes(b"x" * (log.LONGEST_LOG + 1))
    made = log.Log(str(state), clock)
    made.say("a line")
    made.say("a line")
    assert path.read_text() == f"{log.last_line(str(state))}\n"
    assert log.last_line(str(state)).endswith(" a line")
    path.write_bytes(b"x" * log.LONGEST_LOG)
    made.say("another line")
    assert path.stat().st_size > log.LONGEST_LOG


def test_a_killed_gateway_is_started_again_by_the_controller(cli: Cli) -> None:
    script = "echo >started.$SLURM_ARRAY_TASK_ID; while [ ! -e go ]; do sleep 0.05; done"
    cli("sbatch", "--array=1-3%1", "-o", "/dev/null", "--wrap", script)
    wait_until(lambda: list(cli.directory.glob("started.*")), "the first element")
    endpoint = Path(cli.env["MLSPACE_STATE_DIR"]) / "local" / "endpoint.json"
    os.kill(json.loads(endpoint.read_text())["pid"], signal.SIGKILL)
    (cli.directory / "go").touch()
    wait_until(lambda: len(list(cli.directory.glob("started.*"))) == 3, "the others, without any command")
    wait_until(lambda: not cli("squeue", "-h").stdout, "the end")


def test_what_is_split_off_while_an_array_is_cancelled_is_cancelled_too(clock: Clock) -> None:
    session = Session(clock)
    record = add(clock, array_spec="1-6")
    (seen,) = session.registry.jobs()
    session.queue.split(record, [1, 2])
    session.cancel_selected([Selected(seen, [1, 3])])
    assert [(job.label, job.state) for job in session.registry.jobs()] == [
        ("1_[4-6]", "PENDING"),
        ("1_1", "CANCELLED"),
        ("1_2", "PENDING"),
    ]
    session.cancel_selected([Selected(seen)])
    assert {job.state for job in session.registry.jobs()} == {"CANCELLED"}


def test_all_that_waits_of_an_array_is_cancelled_though_more_waited_when_it_was_chosen(clock: Clock) -> None:
    session = Session(clock)
    record = add(clock, array_spec="1-3")
    (seen,) = session.registry.jobs()
    session.queue.split(record, [3])
    session.cancel_selected([Selected(seen, [1, 2])])
    assert {job.array_task_id: job.state for job in session.registry.jobs()} == {None: "CANCELLED", 3: "PENDING"}


def test_a_job_is_accepted_that_cannot_be_sent_yet_for_a_full_disk(
    run: Callable[..., Result], state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> bool:
        raise StateError("no space left on the device")

    monkeypatch.setattr(Registry, "claim", full)
    monkeypatch.setattr(background, "start", lambda *arguments: None)
    done = run("sbatch", "--wrap", "true")
    assert (done.stdout, done.stderr, done.code) == ("Submitted batch job 1\n", "sbatch: warning: no space left on the device\n", 0)
    monkeypatch.undo()
    (job,) = Registry.open(str(state)).jobs()
    assert job.state == states.PENDING


def test_a_job_is_accepted_though_the_controller_cannot_be_started(run: Callable[..., Result], state: Path) -> None:
    (state / log.FILE).mkdir(parents=True)
    done = run("sbatch", "-H", "--wrap", "true")
    assert (done.stdout, done.code) == ("Submitted batch job 1\n", 0)
    assert "the controller could not be started: Is a directory" in done.stderr
