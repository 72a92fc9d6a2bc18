"""Jobs that wait here, as rows: arrays split up and cut, holds and requeues."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlspace.slurm.job import JobView
from mlspace.slurm.reason import HELD_USER
from mlspace.state.queue import FEW, RECALL, Queue
from mlspace.state.registry import Registry
from mlspace.state.schema import FIRST_PRIORITY
from tests.state.test_registry import OUTCOME, VALUES

NOW = 1_800_000_000

SUBMISSION = {"secret": "s", "restart": 0, "attempt": 1, "phase": "committed", "owner": "me", "region": "R"}


@pytest.fixture
def queue(state: Path) -> Queue:
    return Queue(Registry.open(str(state)))


def add(queue: Queue, **values: Any) -> int:
    return queue.registry.add({**VALUES, **values}, "{}", {})


def job(queue: Queue, job_id: int) -> JobView:
    found = queue.registry.job(job_id)
    assert found is not None
    return found


def start(queue: Queue, job_id: int, name: str) -> bool:
    return queue.start(job_id, {**SUBMISSION, "submission": name}, 200)


def labels(queue: Queue) -> list[str]:
    return [one.label for one in queue.registry.jobs()]


def test_an_array_is_one_row_however_many_elements_it_has(queue: Queue) -> None:
    record = add(queue, array_spec="0-9999", array_limit=4)
    assert labels(queue) == ["1_[0-9999%4]"]
    assert job(queue, record).array_job_id == record
    assert len(job(queue, record).tasks_waiting) == 10_000


def test_elements_get_ids_of_their_own_and_the_last_one_the_arrays(queue: Queue) -> None:
    record = add(queue, array_spec="0,2,4")
    assert queue.split(record, [0]) == [2]
    assert labels(queue) == ["1_[2,4]", "1_0"]
    assert queue.split(record, [2, 4]) == [3, 1]
    assert labels(queue) == ["1_4", "1_0", "1_2"]
    assert queue.registry.stored(3) == ("{}", {})
    assert {one.array_job_id for one in queue.registry.jobs()} == {1}


def test_a_record_of_one_element_is_that_element(queue: Queue) -> None:
    record = add(queue, array_spec="1-2")
    queue.split(record, [1])
    assert (job(queue, record).array_task_id, job(queue, record).array_spec) == (2, None)
    assert job(queue, add(queue, array_task_id=5)).label == "3_5"


def test_what_does_not_wait_in_the_record_is_not_split_off(queue: Queue) -> None:
    record = add(queue, array_spec="1-3")
    assert queue.split(record, [7]) == []
    queue.drop(record, [2])
    assert queue.split(record, [2]) == []
    assert labels(queue) == ["1_[1,3]"]
    queue.drop(record, [1, 3])  # the last ones end with the record
    assert labels(queue) == ["1_[1,3]"]


def test_an_array_that_ends_whole_is_shown_with_its_elements(queue: Queue) -> None:
    record = add(queue, array_spec="1-3")
    queue.registry.ended(record, OUTCOME)
    assert labels(queue) == ["1_[1-3]"]
    assert job(queue, record).array_job_id == 1


def test_a_job_is_started_once(queue: Queue) -> None:
    plain = add(queue)
    assert [one.job_id for one in queue.line({})] == [plain]
    assert start(queue, plain, "a")
    assert not start(queue, plain, "b")
    assert not queue.has_line()
    assert [one.job_id for one in queue.sent()] == [plain]


def test_a_record_and_a_held_job_are_not_started(queue: Queue) -> None:
    assert not start(queue, add(queue, array_spec="1-3"), "a")
    assert not start(queue, add(queue, priority=0), "b")


def test_what_waits_comes_in_the_order_of_priority(queue: Queue) -> None:
    later, nice, _held, first = add(queue), add(queue, nice=10), add(queue, priority=0), add(queue, priority=2**32 - 2)
    last = add(queue)
    assert [one.job_id for one in queue.line({})] == [first, later, last, nice]
    assert [job(queue, one).priority - FIRST_PRIORITY for one in (later, nice, last)] == [-1, -12, -3]


def test_who_waits_behind_others_and_for_nothing_else_is_passed_over(queue: Queue) -> None:
    """However many they are: a look at a long queue reads those alone of which there may be something to decide."""
    behind = {"reason": "Priority", "place": "a"}
    elsewhere = add(queue, **{**behind, "place": "b"})
    others = [add(queue, **behind, **columns) for columns in ({}, {"array_limit": 1, "array_spec": "1-2"}, {"begin_time": 1}, {})]
    new = add(queue, place="a")
    assert [one.job_id for one in queue.line({"a": None})] == [elsewhere, others[1], others[2], new]
    assert [one.job_id for one in queue.line({"": None})] == [others[1], others[2], new]
    for _ in range(FEW):
        add(queue, **behind)
    blocked: dict[str, object] = {}
    seen = 0
    for _ in queue.line(blocked):
        seen += 1
        blocked["a"] = None  # the rest is read with that in mind
    assert seen == FEW


def test_a_released_job_gets_the_next_place(queue: Queue) -> None:
    held, other = add(queue, priority=0, reason=HELD_USER), add(queue)
    queue.release(held, NOW)
    queue.release(other, NOW)  # it is not held, and keeps its place
    assert [(one.job_id, one.reason) for one in queue.line({})] == [(other, "None"), (held, "None")]
    queue.hold(held, HELD_USER)
    assert job(queue, held).is_held


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"begin_time": NOW + 60}, "BeginTime"),
        ({"begin_time": NOW - 60}, "None"),
        ({"dependency": "afterok:1(unfulfilled)", "begin_time": NOW + 60}, "Dependency"),
    ],
)
def test_a_released_job_waits_for_what_a_new_one_would(queue: Queue, columns: dict[str, Any], reason: str) -> None:
    held = add(queue, priority=0, reason=HELD_USER, **columns)
    queue.release(held, NOW)
    assert job(queue, held).reason == reason


def test_a_requeued_job_keeps_its_id_and_counts(queue: Queue) -> None:
    plain = add(queue)
    start(queue, plain, "a")
    queue.registry.running(plain, 105, "n1")
    queue.update(plain, wish="requeue")
    queue.ended(plain, OUTCOME)
    again = job(queue, plain)
    assert (again.state, again.restart_count, again.start_time, again.node_list, again.submit_time) == ("PENDING", 1, None, "", 120)
    assert start(queue, plain, "b")
    (submission,) = queue.registry.submissions(job_id=plain)
    assert (submission.restart, submission.attempt) == (1, 1)
    queue.ended(plain, OUTCOME)
    assert job(queue, plain).state == "COMPLETED"


def test_a_cancelled_job_is_not_requeued(queue: Queue) -> None:
    plain = add(queue)
    start(queue, plain, "a")
    queue.update(plain, wish="requeue")
    queue.registry.cancelling(plain, 1)
    queue.ended(plain, OUTCOME)
    assert job(queue, plain).state == "COMPLETED"


def test_of_two_who_requeue_an_ended_job_one_does(queue: Queue) -> None:
    plain = add(queue)
    start(queue, plain, "a")
    queue.registry.ended(plain, OUTCOME)
    seen = job(queue, plain)
    assert queue.requeue(seen, OUTCOME, "requeue")
    assert start(queue, plain, "b")
    assert not queue.requeue(seen, OUTCOME, "requeue")
    assert [one.submission for one in queue.registry.submissions(job_id=plain)] == ["b"]


def test_a_wish_is_for_the_run_that_was_seen(queue: Queue) -> None:
    plain = add(queue)
    start(queue, plain, "a")
    waiting = job(queue, plain)
    queue.registry.running(plain, 105, "n1")
    running = job(queue, plain)
    assert not queue.wish(waiting, RECALL)  # it has started
    assert queue.wish(running, "requeue")
    queue.ended(plain, OUTCOME)
    assert not queue.wish(running, "requeue")  # it waits for the next run
    assert job(queue, plain).wish == ""


def test_a_job_that_was_called_back_waits_when_the_platform_has_it_no_more(queue: Queue) -> None:
    plain = add(queue)
    start(queue, plain, "a")
    assert queue.wish(job(queue, plain), RECALL)
    queue.ended(plain, OUTCOME | {"state": "CANCELLED"})  # somebody who looked has seen it gone
    again = job(queue, plain)
    assert (again.state, again.restart_count, again.wish) == ("PENDING", 0, "")
    assert queue.has_line()


@pytest.mark.parametrize(("outcome", "expected"), [("COMPLETED", ("COMPLETED", 0)), ("CANCELLED", ("PENDING", 1))])
def test_a_job_that_began_while_it_was_called_back_runs_again_if_that_ended_it(
    queue: Queue, outcome: str, expected: tuple[str, int]
) -> None:
    plain = add(queue)
    start(queue, plain, "a")
    assert queue.wish(job(queue, plain), RECALL)
    queue.registry.running(plain, 105, "n1")
    queue.ended(plain, OUTCOME | {"state": outcome})
    assert (job(queue, plain).state, job(queue, plain).restart_count) == expected
