"""What srun's tasks may run on: --cpu-bind and what implies it, with launch's own CPUs as those of its node."""

from __future__ import annotations

import os

import pytest

from tests.launcher.helpers.runtime import Runtime, batch, without_reports

TELL = """grep Cpus_allowed_list /proc/self/status | tr -d '\\t'"""


def lists_of(runtime: Runtime, options: str) -> tuple[list[str], str]:
    """Where two tasks may run, in their order, and what stands on standard error."""
    script = f'#!/bin/sh\nsrun -O -n2 -l {options} sh -c "{TELL}"\n'
    code, node = runtime.run(batch(script))
    assert code == 0
    return [line.partition(":")[2].removeprefix(" Cpus_allowed_list:") for line in sorted(node.stdout.splitlines())], without_reports(
        node.stderr
    )


@pytest.fixture
def cpus() -> list[int]:
    own = sorted(os.sched_getaffinity(0))
    if len(own) < 2:
        pytest.skip("this machine has one CPU")
    return own


def test_tasks_are_bound_to_the_cpus_that_a_map_names(runtime: Runtime, cpus: list[int]) -> None:
    assert lists_of(runtime, "--cpu-bind=map_cpu:1,0") == ([f"{cpus[1]}", f"{cpus[0]}"], "")


def test_nothing_is_bound_that_nobody_asked_for(runtime: Runtime, cpus: list[int]) -> None:
    (first, second), errors = lists_of(runtime, "")
    assert first == second != f"{cpus[0]}"
    assert errors == ""


def test_a_cpu_that_is_not_there_is_said_once(runtime: Runtime, cpus: list[int]) -> None:
    (first, second), errors = lists_of(runtime, "--cpu-bind=map_cpu:5000,5001")
    assert first == second != f"{cpus[0]}"
    assert errors.count("CPU 5000,5001 is not there: this machine has") == 1
