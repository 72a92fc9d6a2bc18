"""submitit as its users call it: functions, tasks, failures, cancelling, arrays, checkpoints."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Cli
from tests.programs.conftest import SCRIPTS, Environment

Call = Callable[[str], Any]


@pytest.fixture
def user(submitit: Environment, inside: Callable[[Environment], Cli]) -> Call:
    """What scripts/submitit_jobs.py says of one of its functions."""
    cli = inside(submitit)

    def call(name: str) -> Any:
        words = [submitit.python, SCRIPTS / "submitit_jobs.py", name]
        done = subprocess.run(words, cwd=cli.directory, env=cli.env, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    return call


def test_a_function(user: Call) -> None:
    assert user("function")[1:] == [12, "COMPLETED", True]


def test_tasks_on_two_nodes(user: Call) -> None:
    """Each reads its place from SLURM_*: nodes, tasks, node, rank, rank on the node."""
    nodes = ["n1", "n2"]
    assert user("tasks") == [[nodes[rank // 2], nodes, [2, 4, rank // 2, rank, rank % 2]] for rank in range(4)]


def test_a_failure_comes_with_its_traceback(user: Call) -> None:
    assert user("failure") == ["FailedJobError", True, "FAILED"]


def test_cancelling(user: Call) -> None:
    assert user("cancel") == ["RUNNING", "CANCELLED", True]


def test_an_array(user: Call) -> None:
    ids, sums, states = user("array")
    array = ids[0].split("_")[0]
    assert (ids, sums, states) == ([f"{array}_{task}" for task in range(4)], [11, 22, 33, 44], ["COMPLETED"] * 4)


def test_an_array_with_a_failure(user: Call) -> None:
    assert user("array_failure") == [1.0, "FailedJobError", 1.0]


def test_cancelling_an_array_task(user: Call) -> None:
    assert user("array_cancel") == ["CANCELLED", "RUNNING"]


def test_preemption_goes_on_from_the_checkpoint(user: Call) -> None:
    """The signal reaches the task, which has itself requeued; the id stays, and the second start knows what the first did."""
    _, starts, restart, state = user("preemption")
    assert (starts, restart, state) == (2, "1", "COMPLETED")


def test_too_many_timeouts_are_a_failure(user: Call) -> None:
    assert user("timeout") == ["FailedJobError", True]
