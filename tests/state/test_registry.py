"""The registry as many processes use it: nothing is lost, nothing is given twice, an end stays an end."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlspace.errors import StateError
from mlspace.slurm import state as states
from mlspace.state import database as module
from mlspace.state import schema
from mlspace.state.queue import Queue
from mlspace.state.registry import WATCH_SECONDS, Registry, Submission
from mlspace.state.schema import FIRST_PRIORITY

ROOT = Path(__file__).resolve().parents[2]
VALUES: dict[str, Any] = {
    "name": "train", "user": "ann", "uid": 1000, "grp": "staff", "gid": 100, "partition": "main", "state": "PENDING", "reason": "None",
    "priority": None, "submit_time": 100, "nodes": 1, "tasks": 1, "tasks_requested": 0, "cpus": 1, "memory_mib": 100, "gpus": 0, "batch": 1,
    "requeue": 1, "command": "job.sh", "work_dir": "/w", "region": "R", "instance_type": "t", "alloc_node": "h", "alloc_sid": 1,
    "details": "{}",
}  # fmt: skip
OUTCOME = {"state": "COMPLETED", "reason": "None", "exit_code": 0, "exit_signal": 0, "start_time": 110, "end_time": 120}


def add(registry: Registry, name: str, environment: dict[str, str] | None = None, **values: Any) -> int:
    """A job whose submission has that name; "me" has it in hand."""
    submission = {"submission": name, "secret": "s", "restart": 0, "attempt": 1, "phase": "committed", "owner": "me", "region": "R"}
    return registry.add({**VALUES, **values}, '{"program": "sbatch"}', environment or {}, submission)


@pytest.fixture
def registry(state: Path) -> Registry:
    return Registry.open(str(state))


def query(state: Path, text: str) -> list[tuple[Any, ...]]:
    """What is in the file, seen from outside."""
    with sqlite3.connect(state / module.FILE) as database:
        rows = database.execute(text).fetchall()
    database.close()
    return rows


def row(registry: Registry, job_id: int, *columns: str) -> tuple[Any, ...]:
    job = registry.job(job_id)
    assert job is not None
    return tuple(getattr(job, column) for column in columns)


# A program of another process; it has `registry`, and add() as here.

PRELUDE = """
import sys
from mlspace.state.registry import Registry
from tests.state.test_registry import OUTCOME, add, seen
registry = Registry.open(sys.argv[1])
"""


@pytest.fixture
def process(state: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """process(program, words...): Python of its own, which waits for a line on its standard input where the program says so."""
    started: list[subprocess.Popen[str]] = []

    def start(program: str, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", PRELUDE + program, str(state), *words]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        started.append(subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True, **pipes))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.communicate()


def together(processes: list[subprocess.Popen[str]]) -> list[str]:
    """Waits until all have said that they are ready, lets them go at once, and returns what they say then."""
    for one in processes:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n", one.communicate()[1]
    for one in processes:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    answers = [one.communicate(timeout=60) for one in processes]
    assert [(one.returncode, error) for one, (_, error) in zip(processes, answers, strict=True)] == [(0, "")] * len(processes)
    return [out for out, _ in answers]


READY = 'print("ready", flush=True); sys.stdin.readline()\n'


# Jobs.


def test_ids_count_up_and_are_never_given_again(registry: Registry, state: Path) -> None:
    assert [add(registry, name) for name in "abc"] == [1, 2, 3]
    registry.remove(3)
    assert add(registry, "d") == 4
    for job_id in (1, 2, 4):
        registry.remove(job_id)
    assert registry.jobs() == []
    assert add(Registry.open(str(state)), "e") == 5


def test_job_is_read_as_it_was_added(registry: Registry, state: Path) -> None:
    job_id = add(registry, "a", {"B": "ü\udcff", "A": ""}, comment="c", time_limit=None)
    other = Registry.open(str(state))
    names = tuple(name for name in VALUES if name != "priority")
    assert row(other, job_id, *names) == tuple(VALUES[name] for name in names)
    assert row(other, job_id, "comment", "time_limit", "exit_code", "start_time", "platform_job") == ("c", None, 0, None, "")
    assert other.stored(job_id) == ('{"program": "sbatch"}', {"B": "ü\udcff", "A": ""})


def test_first_come_has_the_higher_priority(registry: Registry) -> None:
    jobs = [add(registry, name) for name in "ab"]
    assert [row(registry, job, "priority") for job in jobs] == [(FIRST_PRIORITY - 1,), (FIRST_PRIORITY - 2,)]


def test_remove_leaves_nothing(registry: Registry, state: Path) -> None:
    job_id, kept = add(registry, "a"), add(registry, "b")
    registry.add_step(job_id, 0, STEP)
    registry.add_usage(job_id, 0, {0: {"tasks": 1}})
    registry.remove(job_id)
    assert registry.job(job_id) is None
    for table in ("job", "submission", "step", "usage", "history"):
        assert query(state, f"SELECT count(*) FROM {table} WHERE job_id = {job_id}") == [(0,)]
    assert registry.job(kept) is not None


def test_same_environment_is_stored_once(registry: Registry, state: Path) -> None:
    jobs = [add(registry, name, environment) for name, environment in (("a", {"A": "1", "B": "2"}), ("b", {"B": "2", "A": "1"}), ("c", {}))]
    assert query(state, "SELECT count(*) FROM text") == [(3,)]  # and the request
    assert [registry.stored(job)[1] for job in jobs] == [{"A": "1", "B": "2"}] * 2 + [{}]


def test_add_that_fails_leaves_nothing(registry: Registry, state: Path) -> None:
    add(registry, "a")
    with pytest.raises(StateError, match="UNIQUE"):
        add(registry, "a", {"X": "1"})
    for table, rows in {"job": 1, "submission": 1, "text": 2, "history": 1}.items():
        assert query(state, f"SELECT count(*) FROM {table}") == [(rows,)]
    assert add(registry, "b") > 1


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [1, 2, 3, 4]),
        ({"job_ids": [3, 1, 99]}, [1, 3]),
        ({"job_ids": []}, []),
        ({"states": ["RUNNING", "COMPLETED"]}, [2, 3, 4]),
        ({"users": ["bob"]}, [2, 4]),
        ({"users": ["'; DROP TABLE job; --"]}, []),
        ({"ended_since": 500}, [1, 2, 4]),
        ({"ended_since": 501}, [1, 2]),
        ({"states": ["COMPLETED"], "users": ["ann"], "job_ids": [3, 4]}, [3]),
    ],
)
def test_which_jobs(registry: Registry, wanted: dict[str, Any], found: list[int]) -> None:
    for name, user in (("a", "ann"), ("b", "bob"), ("c", "ann"), ("d", "bob")):
        add(registry, name, user=user)
    registry.running(2, 110, "n1")
    registry.ended(3, {**OUTCOME, "end_time": 400})
    registry.ended(4, {**OUTCOME, "end_time": 500})
    assert [job.job_id for job in registry.jobs(**wanted)] == found


# The life of a job.


def history(state: Path) -> list[tuple[Any, ...]]:
    return query(state, "SELECT job_id, time, state, reason FROM history ORDER BY rowid")


def test_life_of_a_job(registry: Registry, state: Path) -> None:
    job = add(registry, "a")
    registry.pending(job, "Resources")
    assert row(registry, job, "state", "reason") == ("PENDING", "Resources")
    registry.running(job, 110, "n[1-2]")
    assert row(registry, job, "state", "reason", "start_time", "node_list") == ("RUNNING", "None", 110, "n[1-2]")
    registry.ended(job, {**OUTCOME, "state": "FAILED", "reason": "NonZeroExitCode", "exit_code": 3, "start_time": 999})
    columns = ("state", "reason", "exit_code", "exit_signal", "start_time", "end_time", "node_list")
    assert row(registry, job, *columns) == ("FAILED", "NonZeroExitCode", 3, 0, 110, 120, "n[1-2]")
    assert history(state) == [(job, 100, "PENDING", "None"), (job, 110, "RUNNING", "None"), (job, 120, "FAILED", "NonZeroExitCode")]


def test_start_that_became_known_with_the_end(registry: Registry) -> None:
    job, without = add(registry, "a"), add(registry, "b")
    registry.ended(job, OUTCOME)
    registry.ended(without, {key: value for key, value in OUTCOME.items() if key != "start_time"})
    assert row(registry, job, "start_time", "end_time") == (110, 120)
    assert row(registry, without, "start_time", "end_time") == (None, 120)


LATE: dict[str, Callable[[Registry, int], None]] = {
    "ended": lambda registry, job: registry.ended(job, {**OUTCOME, "state": "FAILED", "exit_code": 9, "end_time": 999}),
    "running": lambda registry, job: registry.running(job, 999, ""),
    "pending": lambda registry, job: registry.pending(job, "Resources"),
    "cancelling": lambda registry, job: registry.cancelling(job, 7),
}


@pytest.mark.parametrize("change", LATE)
@pytest.mark.parametrize("final", states.FINAL)
def test_end_is_never_overwritten(registry: Registry, state: Path, final: str, change: str) -> None:
    job = add(registry, "a")
    registry.ended(job, {**OUTCOME, "state": final, "reason": "R", "exit_code": 1, "exit_signal": 2})
    before = history(state)
    LATE[change](registry, job)
    columns = ("state", "reason", "exit_code", "exit_signal", "start_time", "end_time", "cancelled_by")
    assert row(registry, job, *columns) == (final, "R", 1, 2, 110, 120, None)
    assert history(state) == before


@pytest.mark.parametrize("final", states.FINAL)
def test_end_closes_all_submissions(registry: Registry, final: str) -> None:
    job, other = add(registry, "a"), add(registry, "b")
    registry.ended(job, {**OUTCOME, "state": final})
    assert [one.job_id for one in registry.submissions()] == [other]
    assert [one.submission for one in registry.submissions(phases=["ended"])] == ["a"]


def test_what_is_known_of_a_running_job_stays(registry: Registry, state: Path) -> None:
    job = add(registry, "a")
    registry.running(job, 110, "")
    registry.running(job, 115, "n1")
    registry.running(job, 118, "n2")
    registry.pending(job, "Resources")
    assert row(registry, job, "state", "reason", "start_time", "node_list") == ("RUNNING", "None", 110, "n1")
    assert len(history(state)) == 2


def test_cancelling_a_job_that_runs(registry: Registry) -> None:
    job = add(registry, "a")
    registry.running(job, 110, "n1")
    registry.cancelling(job, 7)
    registry.running(job, 115, "n1")
    assert row(registry, job, "state", "cancelled_by", "start_time") == ("COMPLETING", 7, 110)


def test_cancelling_a_job_that_waits(registry: Registry) -> None:
    job = add(registry, "a")
    registry.cancelling(job, 7)
    assert row(registry, job, "state", "cancelled_by") == ("PENDING", 7)


# Steps.

STEP = {"step": 0, "name": "s", "state": "COMPLETED", "node_list": "n1", "tasks": 2, "start_time": 1, "end_time": 2, "exit_code": 0}


def test_a_report_that_was_read_earlier_and_is_written_later_begins_no_step_again(registry: Registry) -> None:
    job_id = add(registry, "aa")
    registry.add_step(job_id, 0, {**STEP, "state": "RUNNING", "end_time": None})
    registry.add_step(job_id, 0, STEP)
    registry.add_step(job_id, 0, {**STEP, "state": "RUNNING", "end_time": None})
    (step,) = registry.steps([job_id])
    assert (step.state, step.end_time) == (STEP["state"], STEP["end_time"])


def test_a_step_belongs_to_the_run_that_reported_it(registry: Registry) -> None:
    job_id = add(registry, "aa")
    registry.running(job_id, 110, "n3")
    (job,) = registry.jobs(job_ids=[job_id])
    Queue(registry).requeue(job, {"end_time": 120, "exit_code": 0, "exit_signal": 0}, "requeue")
    registry.add_step(job_id, 0, STEP)
    job = registry.job(job_id)
    assert job is not None
    assert registry.steps([job_id]) == []
    assert list(registry.steps_of_runs([job])) == [(job_id, 0)]
    (run,) = registry.earlier_runs([job])
    assert (run.state, run.node_list, run.restart_count) == ("REQUEUED", "n3", 0)
    assert (run.submit_time, run.start_time, run.end_time) == (100, 110, 120)


def test_steps(registry: Registry) -> None:
    first, second = add(registry, "a"), add(registry, "b")
    registry.add_step(second, 0, STEP)
    registry.add_step(first, 0, {**STEP, "step": 1})
    registry.add_step(first, 0, STEP)
    registry.add_step(first, 0, {**STEP, "step": 1, "exit_code": 3, "exit_signal": 9})
    found = [(one.job_id, one.step, one.exit_code, one.exit_signal) for one in registry.steps([first, second])]
    assert found == [(first, 0, 0, 0), (first, 1, 3, 9), (second, 0, 0, 0)]
    assert [one.job_id for one in registry.steps([second])] == [second]
    assert registry.steps([]) == []


# Submissions.


def test_submissions(registry: Registry) -> None:
    job, _ = add(registry, "z"), add(registry, "a")
    assert [one.submission for one in registry.submissions()] == ["z", "a"]
    (one,) = registry.submissions(job_id=job)
    assert [getattr(one, field) for field in one.FIELDS] == ["z", job, 0, 1, "s", "committed", "me", None, "R", "", "", None]
    registry.close_submissions(job)
    assert registry.submissions(job_id=job) == []


def seen(registry: Registry, name: str, **fields: object) -> Submission:
    """A submission as somebody has seen it who was late, or was told wrong."""
    (one,) = (one for one in registry.submissions(phases=schema.SUBMISSION_PHASES) if one.submission == name)
    for field, value in fields.items():
        setattr(one, field, value)
    return one


def test_claim(registry: Registry) -> None:
    job = add(registry, "a")
    assert not registry.claim(seen(registry, "a", owner="somebody else"), "you", 5.5)
    mine = seen(registry, "a")
    assert registry.claim(mine, "you", 5.5)
    (one,) = registry.submissions(job_id=job)
    assert (one.phase, one.owner, one.posted_at, one.attempt) == ("posting", "you", 5.5, 1)
    assert [getattr(mine, field) for field in one.FIELDS] == [getattr(one, field) for field in one.FIELDS]
    assert not registry.claim(seen(registry, "a", owner="me"), "third", 6.0)
    assert registry.claim(mine, "third", 6.0)  # you died
    assert (mine.attempt, seen(registry, "a").attempt) == (2, 2)
    assert not registry.claim(seen(registry, "a", submission="unknown"), "you", 5.5)


def test_who_has_looked_before_another_attempt_is_too_late(registry: Registry) -> None:
    add(registry, "a")
    first = seen(registry, "a")
    registry.claim(first, "me", 5.0)
    registry.release(first, sent=True, now=6.0)
    late, mine = seen(registry, "a"), seen(registry, "a")
    assert registry.claim(mine, "you", 70.0)
    registry.release(mine, sent=True, now=71.0)  # given up again: as it was, but for the attempt
    assert not registry.claim(late, "me", 72.0)


@pytest.mark.parametrize(("sent", "phase", "lost_at"), [(True, "posting", 7.0), (False, "committed", None)])
def test_release(registry: Registry, sent: bool, phase: str, lost_at: float | None) -> None:
    add(registry, "a")
    mine = seen(registry, "a")
    registry.claim(mine, "you", 5.5)
    registry.release(mine, sent=sent, now=7.0)
    one = seen(registry, "a")
    assert (one.phase, one.owner, one.lost_at) == (phase, "", lost_at)
    registry.release(mine, sent=not sent, now=8.0)  # it is not his any more
    assert seen(registry, "a").phase == phase
    assert registry.claim(one, "third", 6.0)


def test_what_was_lost_once_is_looked_for_whatever_comes_later(registry: Registry) -> None:
    """The second request was certainly not taken; the first may still have been."""
    add(registry, "a")
    mine = seen(registry, "a")
    registry.claim(mine, "me", 5.0)
    registry.release(mine, sent=True, now=6.0)
    again = seen(registry, "a")
    registry.claim(again, "me", 70.0)
    registry.release(again, sent=False, now=71.0)
    one = seen(registry, "a")
    assert (one.phase, one.lost_at, one.attempt) == ("posting", 6.0, 2)


def test_what_was_refused_and_taken_by_another_process_is_that_ones(registry: Registry) -> None:
    """Its refusal has no consequence any more; neither for the job nor for what is told of it."""
    job, other = add(registry, "a"), add(registry, "b")
    mine, theirs = seen(registry, "a"), seen(registry, "b")
    for one in (mine, theirs):
        registry.claim(one, "me", 5.0)
        registry.release(one, sent=False, now=6.0)
    registry.claim(seen(registry, "b"), "you", 7.0)
    assert registry.unless_taken(mine, lambda: registry.remove(job))
    assert not registry.unless_taken(theirs, lambda: registry.remove(other))
    assert (registry.job(job), getattr(registry.job(other), "job_id", None)) == (None, other)
    registry.posted("b", "lm-1")
    assert not registry.unless_taken(theirs, lambda: registry.remove(other))
    assert not registry.unless_taken(mine, lambda: registry.remove(other)), "there is none of that"


def test_what_was_never_claimed_is_ours_to_refuse(registry: Registry) -> None:
    job = add(registry, "a")
    assert registry.unless_taken(seen(registry, "a"), lambda: registry.ended(job, OUTCOME))
    assert row(registry, job, "state") == (OUTCOME["state"],)


def test_doubtful_is_what_had_a_second_attempt_or_was_given_up(registry: Registry) -> None:
    answered, found, twice, cancelled = (add(registry, name) for name in "abcd")
    for name in "abcd":
        registry.claim(seen(registry, name), "me", 5.0)
    for name in "bcd":
        registry.release(seen(registry, name), sent=True, now=6.0)
    registry.claim(seen(registry, "c"), "me", 70.0)
    for name in "abc":
        registry.posted(name, f"lm-{name}")
    registry.ended(cancelled, OUTCOME)
    assert [one.submission for one in registry.doubtful(80.0)] == ["c"], "it is still waited for"
    registry.close_submissions(cancelled)
    assert [one.submission for one in registry.doubtful(80.0)] == ["c", "d"]
    for job in (answered, found, twice):
        registry.ended(job, OUTCOME)
    assert [one.submission for one in registry.doubtful(80.0)] == ["c", "d"]
    assert registry.doubtful(6.0 + WATCH_SECONDS) == []


def test_doubles_are_recorded(registry: Registry) -> None:
    add(registry, "a")
    for _ in range(2):
        registry.double("a", "lm-2", 7.0)
    assert registry.doubles(["a", "b"]) == {"lm-2"}
    assert registry.doubles(["b"]) == set()


def test_what_was_posted_or_has_ended_cannot_be_claimed(registry: Registry) -> None:
    job, _ = add(registry, "a"), add(registry, "b")
    registry.ended(job, OUTCOME)
    registry.posted("b", "lm-1")
    for name in "ab":
        registry.release(seen(registry, name), sent=False, now=1.0)
        for owner in ("me", ""):
            assert not registry.claim(seen(registry, name, owner=owner), "you", 5.5)
            assert not registry.claim(seen(registry, name, owner=owner, phase="committed"), "you", 5.5)


def test_second_platform_job_of_a_submission_is_a_double(registry: Registry) -> None:
    job = add(registry, "a")
    registry.claim(seen(registry, "a"), "me", 5.5)
    assert registry.posted("a", "lm-1")
    assert registry.posted("a", "lm-1")  # found again
    assert not registry.posted("a", "lm-2")
    assert not registry.posted("unknown", "lm-3")
    assert row(registry, job, "platform_job") == ("lm-1",)
    assert [(one.phase, one.platform_job) for one in registry.submissions()] == [("posted", "lm-1")]
    assert [registry.job_of_platform(name) for name in ("lm-1", "lm-2")] == [job, None]


# Asking the platform.


def test_claim_poll(registry: Registry, state: Path) -> None:
    other = Registry.open(str(state))
    assert registry.claim_poll("R", 1000.0, 5)
    assert not other.claim_poll("R", 1004.9, 5)
    assert other.claim_poll("S", 1004.9, 5)
    assert other.claim_poll("R", 1005.0, 5)
    assert not registry.claim_poll("R", 1009.0, 5)


@pytest.mark.parametrize(("back", "turn"), [(0.5, False), (1.0, False), (1.5, True), (3600.0, True)])
def test_claim_poll_after_the_clock_was_set_back(registry: Registry, back: float, turn: bool) -> None:
    registry.claim_poll("R", 10_000.0, 5)
    assert registry.claim_poll("R", 10_000.0 - back, 5) is turn


# Many processes.


def test_twenty_processes_lose_nothing(process: Callable[..., subprocess.Popen[str]], state: Path) -> None:
    """They find no registry: the tables are made by whoever is first."""
    program = 'for k in range(5): print(add(registry, f"{sys.argv[2]}-{k}", {"K": str(k)}))\n'
    early = "sys.argv.append('')\n"
    processes = [process(early + program, str(number)) for number in range(20)]
    out = [one.communicate(timeout=60) for one in processes]
    assert [error for _, error in out if error] == []
    ids = sorted(int(word) for text, _ in out for word in text.split())
    assert ids == list(range(1, 101))
    registry = Registry.open(str(state))
    assert [job.job_id for job in registry.jobs()] == ids
    assert len({one.submission for one in registry.submissions()}) == 100


def test_twenty_processes_at_the_same_moment(process: Callable[..., subprocess.Popen[str]], state: Path) -> None:
    program = READY + 'print(*(add(registry, f"{sys.argv[2]}-{k}") for k in range(5)))\n'
    said = together([process(program, str(number)) for number in range(20)])
    assert sorted(int(word) for line in said for word in line.split()) == list(range(1, 101))
    assert query(state, "SELECT count(*) FROM job JOIN submission USING (job_id) JOIN history USING (job_id)") == [(100,)]


RACES = {
    "claim": 'print(registry.claim(seen(registry, "a", owner="me", phase="committed", attempt=1), sys.argv[2], 1.0))\n',
    "posted": 'print(registry.posted("a", "lm-" + sys.argv[2]))\n',
    "claim_poll": 'print(registry.claim_poll("R", 1000.0, 5))\n',
}


@pytest.mark.parametrize("race", RACES)
def test_one_of_many_processes_wins(process: Callable[..., subprocess.Popen[str]], registry: Registry, race: str) -> None:
    add(registry, "a")
    said = together([process(READY + RACES[race], str(number)) for number in range(6)])
    assert sorted(said) == ["False\n"] * 5 + ["True\n"]
    winner = str(said.index("True\n"))
    (one,) = registry.submissions()
    assert {"claim": one.owner == winner, "posted": one.platform_job == "lm-" + winner, "claim_poll": True}[race]


@pytest.mark.parametrize("local", [True, False])
def test_killed_in_the_middle_of_a_change(
    process: Callable[..., subprocess.Popen[str]], state: Path, monkeypatch: pytest.MonkeyPatch, local: bool
) -> None:
    """The lock goes with the process, and what it had not finished was never there, although much of it is in the file."""
    monkeypatch.setattr(module, "is_local", lambda directory: local)
    registry = Registry.open(str(state))
    add(registry, "a")
    program = (
        "def work(database):\n"
        "    database.execute(\"UPDATE job SET state = 'FAILED', name = ?\", ['x' * 10_000_000])\n"
        "    database.execute('DELETE FROM submission')\n"
        '    print("ready", flush=True); sys.stdin.readline()\n'
        "registry.change(work)\n"
    )
    writer = process(program)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    if local:  # readers do not wait
        assert row(registry, 1, "state", "name") == ("PENDING", "train")
    writer.kill()
    writer.wait(10)
    assert add(registry, "b") == 2
    assert [(job.state, job.name) for job in registry.jobs()] == [("PENDING", "train")] * 2
    assert len(registry.submissions()) == 2
    assert query(state, "PRAGMA integrity_check") == [("ok",)]


def test_killed_writers_leave_whole_jobs(process: Callable[..., subprocess.Popen[str]], state: Path) -> None:
    """Each is killed as soon as it has told of some jobs, which is anywhere in the next; those it told of are all there."""
    told: list[int] = []
    for number in range(6):
        writer = process('for k in range(10**6): print(add(registry, f"{sys.argv[2]}-{k}", {"K": str(k)}), flush=True)\n', str(number))
        assert writer.stdout is not None
        told += [int(writer.stdout.readline()) for _ in range(number + 1)]
        writer.kill()
        told += [int(line) for line in writer.stdout.read().split("\n")[:-1]]  # communicate() forgets what readline() read ahead
        writer.wait(10)
    registry = Registry.open(str(state))
    there = [job.job_id for job in registry.jobs()]
    assert set(told) <= set(there)
    assert len(there) <= len(told) + 6
    assert [one.job_id for one in registry.submissions()] == there
    assert len([registry.stored(job_id) for job_id in there]) == len(there)
    assert query(state, "PRAGMA integrity_check") == [("ok",)]


# The file.


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_the_user_can_read_it(tmp_path: Path, umask: int) -> None:
    old = os.umask(umask)
    try:
        registry = Registry.open(str(tmp_path / "above" / "state"))
        add(registry, "a")
    finally:
        os.umask(old)
    directory = tmp_path / "above" / "state"
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in directory.iterdir()} == {0o600}
    assert registry.path == str(directory / module.FILE)


def test_directory_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    directory = tmp_path / "shared"
    directory.mkdir()
    directory.chmod(0o750)
    Registry.open(str(directory))
    assert stat.S_IMODE(directory.stat().st_mode) == 0o750


def test_empty_file_becomes_a_registry(tmp_path: Path) -> None:
    """Its maker was killed before it had made the tables."""
    (tmp_path / module.FILE).touch()
    assert add(Registry.open(str(tmp_path)), "a") == 1


@pytest.mark.parametrize(("local", "mode"), [(True, "wal"), (False, "delete")])
def test_write_ahead_log_is_for_local_file_systems(state: Path, monkeypatch: pytest.MonkeyPatch, local: bool, mode: str) -> None:
    monkeypatch.setattr(module, "is_local", lambda directory: local)
    assert add(Registry.open(str(state)), "a") == 1
    assert query(state, "PRAGMA journal_mode") == [(mode,)]


def refused(directory: Path) -> tuple[str, ...]:
    with pytest.raises(StateError) as caught:
        Registry.open(str(directory))
    return caught.value.lines


def test_file_that_is_not_a_database(state: Path) -> None:
    state.mkdir()
    (state / module.FILE).write_bytes(b"not a database " * 500)
    error, advice = refused(state)
    assert error == f"{state / module.FILE}: the registry is damaged: file is not a database"
    assert "move it away" in advice
    assert (state / module.FILE).read_bytes() == b"not a database " * 500


def test_schema_of_a_newer_version(registry: Registry, state: Path) -> None:
    add(registry, "a")
    query(state, f"PRAGMA user_version = {schema.VERSION + 1}")
    newer = f"schema {schema.VERSION + 1} is of a newer version of this program, which knows {schema.VERSION}"
    assert refused(state)[0] == f"{state / module.FILE}: {newer}"
    assert query(state, "SELECT count(*) FROM job") == [(1,)]


def columns_of(state: Path, table: str) -> set[str]:
    return {name for _, name, *_ in query(state, f"PRAGMA table_info({table})")}


def test_registry_of_version_1_is_kept(tmp_path: Path) -> None:
    """tests/data/registry-1.sql is what that version left of two real jobs: 1 has ended, 3 waits."""
    old, new = tmp_path / "old", tmp_path / "new"
    for directory in (old, new):
        directory.mkdir()
    with sqlite3.connect(old / module.FILE) as database:
        database.executescript((ROOT / "tests/data/registry-1.sql").read_text())
        database.execute("PRAGMA user_version = 1")
    database.close()
    registry = Registry.open(str(old))
    Registry.open(str(new))
    tables = {name for (name,) in query(new, "SELECT name FROM sqlite_master WHERE type IN ('table', 'index')")}
    assert {name for (name,) in query(old, "SELECT name FROM sqlite_master WHERE type IN ('table', 'index')")} >= tables
    for table in ("job", "text", "submission", "step", "usage", "history", "poll", "queued", "leader"):
        assert columns_of(old, table) == columns_of(new, table)
    first, waiting = registry.jobs(job_ids=[1, 3])
    assert (first.name, first.state, first.exit_code, waiting.state) == ("first", "FAILED", 3, "PENDING")
    assert first.priority > waiting.priority > 0  # 0 would be held
    request, environment = registry.stored(1)
    assert "srun -n2 hostname" in request and environment == {"HOME": "/home/ann"}
    assert [(one.job_id, one.phase) for one in registry.submissions()] == [(3, "posted")]
    assert add(registry, "next") == 4
    assert row(registry, 4, "priority") < row(registry, 3, "priority")


def test_path_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    error, advice = refused(tmp_path / "file" / "state")
    assert error.startswith(str(tmp_path / "file"))
    assert advice == f"  MLSPACE_STATE_DIR names another state directory than {tmp_path / 'file' / 'state'}"


def test_state_directory_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    error, advice = refused(tmp_path / "file")
    assert error == f"{tmp_path / 'file'}: File exists"
    assert "MLSPACE_STATE_DIR" in advice


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("there", [False, True], ids=["new", "there"])
def test_read_only_directory(state: Path, there: bool) -> None:
    state.mkdir()
    if there:
        registry = Registry.open(str(state))
        (state / module.FILE).chmod(0o400)
    state.chmod(0o500)
    try:
        if not there:
            error, advice = refused(state)
            assert error == f"{state / module.FILE}: Permission denied"
        else:
            with pytest.raises(StateError) as caught:
                registry = Registry.open(str(state))
                add(registry, "a")
            error, advice = caught.value.lines
            assert error == f"{state / module.FILE}: cannot be written"
        assert advice == f"  MLSPACE_STATE_DIR names another state directory than {state}"
    finally:
        state.chmod(0o700)


def test_registry_that_is_held_too_long(registry: Registry, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.05)
    waiting = Registry.open(str(state))
    holder = sqlite3.connect(state / module.FILE, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(StateError) as caught:
            add(waiting, "a")
        assert "another process has held the registry" in caught.value.lines[0]
        assert caught.value.lines[1] == "  try again"
    finally:
        holder.close()
    assert add(waiting, "a") == 1


def test_change_has_the_lock_from_its_beginning(registry: Registry, state: Path) -> None:
    """One that reads first and finds then that another was faster could not go on."""
    other = sqlite3.connect(state / module.FILE, timeout=0, isolation_level=None)

    def work(database: sqlite3.Connection) -> None:
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")

    registry.change(work)
    other.execute("BEGIN IMMEDIATE")
    other.close()


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        ("database is locked", ("/s/r: another process has held the registry for more than 60 s", "  try again")),
        ("database or disk is full", ("/s/r: no space left on the device",)),
        (
            "attempt to write a readonly database",
            ("/s/r: cannot be written", "  MLSPACE_STATE_DIR names another state directory than /s"),
        ),
        ("unable to open database file", ("/s/r: cannot be written", "  MLSPACE_STATE_DIR names another state directory than /s")),
        ("disk I/O error", ("/s/r: disk I/O error",)),
    ],
)
def test_what_sqlite_says(said: str, lines: tuple[str, ...]) -> None:
    assert module.damaged("/s/r", sqlite3.OperationalError(said)).lines == lines


def test_damage_found_while_reading(registry: Registry, state: Path) -> None:
    for number in range(50):
        add(registry, f"s{number}", comment="x" * 3000)
    query(state, "PRAGMA wal_checkpoint(TRUNCATE)")
    with (state / module.FILE).open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (state / module.FILE).stat().st_size)
    with pytest.raises(StateError) as caught:
        Registry.open(str(state)).jobs()
    assert "damaged" in caught.value.lines[0]
    assert "move it away" in caught.value.lines[1]
