"""What the components of a heterogeneous job owe each other, row by row."""

from __future__ import annotations

from typing import Any

import pytest

from mlspace.slurm import hetjob
from mlspace.slurm.job import COLUMNS, JobView

NOW = 1000


def component(offset: int, state: str, **values: Any) -> JobView:
    row = {"job_id": 7 + offset, "het_job_id": 7, "het_offset": offset, "state": state, "wish": "", "dependency": "", "priority": 10}
    row |= {"nodes": 1, "cpus": 2, "memory_mib": 100, "gpus": 1, "time_limit": 5, **values}
    return JobView([row.get(column) for column in COLUMNS])


ENDED = {"end_time": NOW - 1}
LONG_ENDED = {"end_time": NOW - 60}


@pytest.mark.parametrize(
    ("members", "ending"),
    [
        ([component(0, "RUNNING"), component(1, "RUNNING")], []),
        ([component(0, "FAILED", **ENDED), component(1, "RUNNING")], [8]),
        # Its own report may be a moment behind.
        ([component(0, "RUNNING"), component(1, "FAILED", **ENDED)], []),
        ([component(0, "RUNNING"), component(1, "NODE_FAIL", **LONG_ENDED), component(2, "PENDING")], [7, 9]),
        # Cancelled by itself, it leaves the others alone; but not the first.
        ([component(0, "RUNNING"), component(1, "CANCELLED", cancelled_by=0, **LONG_ENDED)], []),
        ([component(0, "CANCELLED", cancelled_by=0, **ENDED), component(1, "RUNNING")], [8]),
    ],
)
def test_they_end_together(members: list[JobView], ending: list[int]) -> None:
    assert [job.job_id for job in hetjob.to_end(members, NOW)] == ending


@pytest.mark.parametrize(
    ("members", "sent", "back"),
    [
        ([component(0, "PENDING"), component(1, "PENDING")], [7, 8], []),
        ([component(0, "PENDING"), component(1, "PENDING")], [], []),
        ([component(0, "PENDING"), component(1, "PENDING")], [7], [7]),
        ([component(0, "PENDING", wish="recall"), component(1, "PENDING")], [7], []),
        ([component(0, "PENDING", cancelled_by=0), component(1, "PENDING")], [7], []),
        ([component(0, "RUNNING"), component(1, "CANCELLED", cancelled_by=0, **ENDED)], [7], []),
    ],
)
def test_all_are_sent_or_none(members: list[JobView], sent: list[int], back: list[int]) -> None:
    assert [job.job_id for job in hetjob.to_take_back(members, sent)] == back


def test_they_wait_as_one() -> None:
    first = component(0, "PENDING", dependency="afterok:1(unfulfilled)", begin_time=50)
    second = component(1, "PENDING", dependency="afterok:1(unfulfilled)", begin_time=90, priority=0, time_limit=9, deadline=5000)
    whole = hetjob.as_one([first, second])
    assert (whole.job_id, whole.dependency) == (7, "afterok:1(unfulfilled)")
    assert (whole.begin_time, whole.deadline, whole.time_limit) == (90, 5000, 9)
    assert (whole.nodes, whole.cpus, whole.memory_mib, whole.gpus, whole.is_held) == (2, 4, 200, 2, True)
