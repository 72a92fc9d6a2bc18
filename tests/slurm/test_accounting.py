"""Which jobs sacct shows: by what --jobs says, by time, by state."""

from __future__ import annotations

from typing import Any

import pytest

from mlspace.errors import BadValue, UsageError
from mlspace.slurm import accounting
from mlspace.slurm.job import COLUMNS, JobView


def job(job_id: int = 7, **columns: Any) -> JobView:
    times = {"submit_time": 100, "eligible_time": 100}
    return JobView([{"job_id": job_id, **times, **columns}.get(column) for column in COLUMNS])


def no_platform_job(name: str) -> int:
    raise BadValue(name)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("7", True),
        ("07", True),
        ("6,7", True),
        ("7x", True),
        ("7.batch", True),
        ("8", False),
        ("77", False),
        ("7_3", False),
        ("7+0", False),
    ],
)
def test_names_a_job(text: str, meant: bool) -> None:
    assert any(one.matches(job()) for one in accounting.read_wanted(text, no_platform_job)) is meant


@pytest.mark.parametrize(
    ("text", "meant"), [("5", True), ("5_3", True), ("9", True), ("5_4", False), ("5_3.0", True), ("5+3", False), ("3", False)]
)
def test_names_an_element_of_an_array(text: str, meant: bool) -> None:
    element = job(9, array_job_id=5, array_task_id=3)
    assert any(one.matches(element) for one in accounting.read_wanted(text, no_platform_job)) is meant


@pytest.mark.parametrize(
    ("text", "whole", "meant"),
    [("8", None, True), ("8", False, False), ("8+1", None, True), ("8+0", None, False), ("9", False, True)],
)
def test_names_a_component(text: str, whole: bool | None, meant: bool) -> None:
    component = job(9, het_job_id=8, het_offset=1)
    assert any(one.matches(component, whole) for one in accounting.read_wanted(text, no_platform_job)) is meant


@pytest.mark.parametrize("text", ["", ",", "0", "0.batch"])
def test_names_no_job_in_particular(text: str) -> None:
    assert accounting.read_wanted(text, no_platform_job) == []


def test_knows_the_platforms_names() -> None:
    (one,) = accounting.read_wanted("lm-mpi-job-1.batch", {"lm-mpi-job-1": 7}.__getitem__)
    assert (one.job_id, one.step) == (7, -1)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("abc", "Bad job/step specified: abc"),
        ("1,-2", "Bad job/step specified: -2"),
        ("7.", "Bad step specified: 7"),
        ("7.x", "Bad step specified: 7"),
        ("7_", "Bad job array element specified: 7"),
        ("7_x.0", "Bad job array element specified: 7"),
        ("7+", "Bad hetjob offset specified: 7"),
    ],
)
def test_refuses(text: str, line: str) -> None:
    with pytest.raises(UsageError) as refused:
        accounting.read_wanted(text, no_platform_job)
    assert refused.value.lines == (f"sacct: fatal: {line}",)


WAITS, RUNS = {"state": "PENDING"}, {"state": "RUNNING", "start_time": 200}
ENDED = {"state": "FAILED", "start_time": 200, "end_time": 300}
HELD = {"state": "PENDING", "eligible_time": None}


@pytest.mark.parametrize(
    ("columns", "begin", "end", "states", "is_held"),
    [
        (WAITS, 150, 160, [], True),
        (WAITS, 50, 90, [], False),
        (ENDED, 300, 400, [], True),
        (ENDED, 301, 400, [], False),
        (HELD, 0, 400, [], False),
        (WAITS, 150, 160, ["PENDING"], True),
        (RUNS, 150, 160, ["PENDING"], True),
        (RUNS, 210, 220, ["PENDING"], False),
        (RUNS, 210, 220, ["RUNNING"], True),
        (RUNS, 150, 160, ["RUNNING"], False),
        (ENDED, 250, 260, ["RUNNING"], True),
        (ENDED, 250, 260, ["FAILED"], False),
        (ENDED, 250, 300, ["FAILED"], True),
        (ENDED, 250, 300, ["COMPLETED", "TIMEOUT"], False),
        (HELD, 0, 400, ["PENDING"], False),
    ],
)
def test_holds_jobs_of_the_time_asked_for(columns: dict[str, Any], begin: int, end: int, states: list[str], is_held: bool) -> None:
    assert accounting.Window(begin, end).holds(job(**columns), states, by_id=False) is is_held


def test_shows_a_job_that_is_held_where_it_is_asked_for() -> None:
    assert accounting.Window(0, 400).holds(job(**HELD), [], by_id=True)


def test_lists_an_array_together_and_what_is_left_of_it_last() -> None:
    first, second = job(11, array_job_id=5, array_task_id=0), job(12, array_job_id=5, array_task_id=1)
    rest, between = job(5, array_job_id=5, array_spec="2-9"), job(6)
    assert sorted([second, between, rest, first], key=accounting.shown_first) == [first, second, rest, between]
