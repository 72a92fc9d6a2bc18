"""Decisions about jobs that wait, one look at a time."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlspace.errors import BadValue
from mlspace.queue import decision, dependency, selection
from mlspace.queue.facts import Facts
from mlspace.queue.room import BACKLOG, GROWTH, LARGEST_BACKLOG, Room
from mlspace.slurm.dependency import conditions
from mlspace.slurm.job import COLUMNS, JobView
from mlspace.state.places import Place

NOW = 1000.0


def job(job_id: int, **values: Any) -> JobView:
    details = json.dumps({"values": values.pop("options", {})})
    row = {"job_id": job_id, "state": "PENDING", "reason": "None", "dependency": "", "priority": 10, "user": "ann", "name": "x", "cpus": 1}
    row |= {"memory_mib": 1, "gpus": 0, "eligible_time": 900, "details": details, "platform_job": "", **values}
    return JobView([row.get(column) for column in COLUMNS])


def facts(*jobs: JobView) -> Facts:
    def ask(**wanted: Any) -> list[JobView]:
        columns = {"job_ids": "job_id", "array_job_ids": "array_job_id", "users": "user", "names": "name", "states": "state"}
        return [one for one in jobs if all(getattr(one, columns[name]) in values for name, values in wanted.items())]

    return Facts(ask, [one for one in jobs if one.state == "RUNNING"])


def decide(waiting: list[JobView], *others: JobView, now: float = NOW) -> list[str]:
    """What is done, in words: "start 3", "3: Resources"."""
    words = []
    for action in decision.decide(waiting, facts(*waiting, *others), Room([], others), now):
        number = action.job.job_id
        if isinstance(action, decision.Start):
            words.append(f"start {number}" + (f" {list(action.tasks)}" if action.tasks else ""))
        elif isinstance(action, decision.Explain):
            words.append(f"{number}: " + " ".join(f"{name}={value}" for name, value in action.columns.items()))
        elif isinstance(action, decision.End):
            words.append(f"end {number} {action.state} {action.reason}")
        else:
            words.append(f"split {number}")
    return words


def next_look(waiting: list[JobView], *others: JobView) -> float | None:
    return decision.next_look(waiting, facts(*waiting, *others), NOW)


def ended(job_id: int, how: str = "COMPLETED", **values: Any) -> JobView:
    return job(job_id, state=how, start_time=900, end_time=950, **values)


RUNNING = {"state": "RUNNING", "start_time": 940}
OTHER_ARRAY = job(1, array_job_id=1, array_spec="1-2")
HALF_ENDED = [ended(9, array_job_id=9, array_task_id=1), job(10, array_job_id=9, array_task_id=0, **RUNNING)]
ARRAY = {"array_job_id": 5, "array_spec": "0-9", "array_limit": 2, "eligible_time": None}


@pytest.mark.parametrize(
    ("waiting", "others", "done"),
    [
        (job(1), [], ["start 1"]),
        (job(1, priority=0), [], []),
        (job(1, begin_time=1001), [], ["1: reason=BeginTime eligible_time=1001"]),
        (job(1, begin_time=1000), [], ["start 1"]),
        (job(5, **ARRAY), [], ["start 5 [0, 1]", "5: reason=JobArrayTaskLimit"]),
        (job(5, **ARRAY), [job(6, array_job_id=5, array_task_id=10, **RUNNING)], ["start 5 [0]", "5: reason=JobArrayTaskLimit"]),
        (job(1, deadline=1000, time_limit=1), [], ["end 1 DEADLINE DeadLine"]),
        (job(1, deadline=1200, time_limit=10, time_min=2), [], ["start 1"]),
        (job(5, array_job_id=5, array_spec="1-2", dependency="aftercorr:1_*(unfulfilled)"), [OTHER_ARRAY], ["split 5"]),
    ],
)  # fmt: skip
def test_one_look(waiting: JobView, others: list[JobView], done: list[str]) -> None:
    assert decide([waiting], *others) == done


@pytest.mark.parametrize(
    ("text", "others", "left", "met"),
    [
        ("afterok:9(unfulfilled)", [], "", "met"),  # nobody knows it
        ("afterok:9(unfulfilled)", [ended(9)], "", "met"),
        ("afterok:9(unfulfilled)", [ended(9, "FAILED")], "afterok:9(failed)", "failed"),
        ("afterok:9(unfulfilled)", [job(9, **RUNNING)], "afterok:9(unfulfilled)", "unfulfilled"),
        ("afternotok:9(unfulfilled)", [ended(9)], "afternotok:9(failed)", "failed"),
        ("afternotok:9(unfulfilled)", [ended(9, "TIMEOUT")], "", "met"),
        ("afterany:9(unfulfilled)", [ended(9, "CANCELLED")], "", "met"),
        ("after:9(unfulfilled)", [job(9)], "after:9(unfulfilled)", "unfulfilled"),
        ("after:9(unfulfilled)", [job(9, **RUNNING)], "", "met"),
        ("after:9+1(unfulfilled)", [job(9, **RUNNING)], "", "met"),
        ("after:9+2(unfulfilled)", [job(9, **RUNNING)], "after:9+2(unfulfilled)", "unfulfilled"),
        ("afterok:8(unfulfilled),afterok:9(unfulfilled)", [ended(8), job(9)], "afterok:9(unfulfilled)", "unfulfilled"),
        ("afterok:8(unfulfilled)?afterok:9(unfulfilled)", [ended(8), job(9)], "", "met"),
        (
            "afterok:8(unfulfilled)?afterok:9(unfulfilled)",
            [ended(8, "FAILED"), job(9)],
            "afterok:8(failed)?afterok:9(unfulfilled)",
            "unfulfilled",
        ),
        ("singleton(unfulfilled)", [job(9)], "", "met"),  # it came later
        ("singleton(unfulfilled)", [job(9, **RUNNING)], "singleton(unfulfilled)", "unfulfilled"),
        ("singleton(unfulfilled)", [job(1)], "singleton(unfulfilled)", "unfulfilled"),
        ("singleton(unfulfilled)", [job(1, name="other"), job(2, user="bob")], "", "met"),
        ("afterany:9_*(unfulfilled)", HALF_ENDED, "afterany:9_*(unfulfilled)", "unfulfilled"),
        ("afterany:9_1(unfulfilled)", HALF_ENDED, "", "met"),
        ("afterany:9_4(unfulfilled)", [job(9, array_job_id=9, array_spec="3-5")], "afterany:9_4(unfulfilled)", "unfulfilled"),
    ],
)  # fmt: skip
def test_dependencies(text: str, others: list[JobView], left: str, met: str) -> None:
    waiting = job(5, dependency=text)
    assert dependency.evaluate(waiting, facts(waiting, *others), NOW) == (left, met)


def test_elements_correspond() -> None:
    array = [ended(9, array_job_id=9, array_task_id=1), job(10, array_job_id=9, array_task_id=2, **RUNNING)]
    for task, met in ((1, "met"), (2, "unfulfilled"), (3, "met")):
        element = job(20, array_job_id=20, array_task_id=task, dependency="aftercorr:9_*(unfulfilled)")
        assert dependency.evaluate(element, facts(*array), NOW)[1] == met


def test_no_job_waits_for_itself() -> None:
    """An id that nobody had yet when it was named may have become the job's own."""
    alone = job(1, dependency="afterok:1(unfulfilled)")
    assert dependency.evaluate(alone, facts(alone), NOW) == ("", "met")
    elements = [job(2, array_job_id=4, array_task_id=1, dependency="aftercorr:4(unfulfilled)"), job(4, array_job_id=4, array_task_id=2)]
    assert dependency.evaluate(elements[0], facts(*elements), NOW) == ("", "met")


def test_a_dependency_that_failed_ends_the_job_where_that_was_asked_for() -> None:
    waiting = job(1, dependency="afterok:9(unfulfilled)", options={"kill-on-invalid-dep": True})
    told = "1: reason=DependencyNeverSatisfied dependency=afterok:9(failed) eligible_time=None"
    assert decide([waiting], ended(9, "FAILED")) == [told, "end 1 CANCELLED DependencyNeverSatisfied"]


def test_the_text_of_a_dependency() -> None:
    known = facts(job(9, array_job_id=9, array_spec="1-2"), job(8))
    for words, text in [
        ("afterok:9:8,after:8+5", "afterok:9_*(unfulfilled),afterok:8(unfulfilled),after:8+5(unfulfilled)"),
        ("9_2?singleton", "afterany:9_2(unfulfilled)?singleton(unfulfilled)"),
        ("", ""),
    ]:
        assert dependency.describe(conditions(words), known) == text


def test_a_job_cannot_wait_for_itself() -> None:
    known = facts(job(1, dependency="afterok:2(unfulfilled)"), job(2))
    assert dependency.depends_on("afterok:1(unfulfilled)", job(2), known)
    assert dependency.depends_on("afterok:2(unfulfilled)", job(2), known)
    assert not dependency.depends_on("afterok:2(unfulfilled)", job(1), known)


def test_an_element_came_with_its_array() -> None:
    """Elements of a later array that were split up earlier have smaller ids, and do not come before it."""
    element = job(9, array_job_id=1, array_task_id=0, dependency="singleton(unfulfilled)")
    later = job(4, array_job_id=3, array_task_id=0, dependency="singleton(unfulfilled)")
    assert decide([element, later]) == ["start 9", "4: reason=Dependency eligible_time=None"]


def test_of_two_that_are_alone_one_starts() -> None:
    """Although the one that starts first came later; also when it waits at the platform still."""
    alone = {"dependency": "singleton(unfulfilled)"}
    assert decide([job(2, priority=11), job(1, **alone)]) == ["start 2", "1: reason=Dependency eligible_time=None"]
    room, sent = Room([], []), job(2)
    known = Facts(lambda **_: [sent, job(1, **alone)], [sent])
    (waits,) = decision.decide([job(1, **alone)], known, room, NOW)
    assert isinstance(waits, decision.Explain)


def test_who_comes_first_is_not_overtaken() -> None:
    running = [job(number, **RUNNING) for number in range(100, 100 + 3)]

    class Node:
        cpus, memory_mib, gpus = 4, 100, 0

    waiting = [job(1, cpus=2), job(2, cpus=1), job(3, cpus=1, reason="Priority")]
    actions = list(decision.decide(waiting, facts(*waiting, *running), Room([Node()], running), NOW))  # type: ignore[list-item]
    assert [(action.job.job_id, action.columns) for action in actions if isinstance(action, decision.Explain)] == [
        (1, {"reason": "Resources"}),
        (2, {"reason": "Priority"}),
    ]


def test_where_nothing_is_known_a_few_are_sent() -> None:
    waiting = [job(number) for number in range(1, BACKLOG + 5)]
    assert sum(word.startswith("start") for word in decide(waiting)) == BACKLOG


@pytest.mark.parametrize(
    ("active", "room"),
    [
        ([], BACKLOG),
        ([{}] * 16, GROWTH * 16),  # all that were sent still wait there
        ([RUNNING] * 16, BACKLOG + GROWTH * 16),
        ([RUNNING] * 5000, LARGEST_BACKLOG),
    ],
)
def test_more_are_sent_as_long_as_the_platform_takes_them(active: list[dict[str, Any]], room: int) -> None:
    here = Room((), [job(number, **columns) for number, columns in enumerate(active, start=1)])
    assert sum(here.take(job(number)) for number in range(10_000, 12_000)) == room


def test_a_full_place_is_asked_by_its_first_job_when_it_is_time() -> None:
    places = {"a": Place(("a", 3, NOW - 10, NOW, "AssocGrpGRES", "ONLY_1_FREE")), "c": Place(("c", 1, NOW, NOW + 7, "Resources", "no"))}
    room = Room((), [job(9, place="b")], places, NOW)
    jobs = [job(number, place=place) for number, place in enumerate("aacab", start=1)]
    assert [room.take(one) for one in jobs] == [True, False, False, False, True]
    assert [room.why_blocked(one) for one in jobs[1:4]] == [("AssocGrpGRES", "ONLY_1_FREE"), ("Resources", "no"), ("Priority", None)]
    assert room.next_try() == NOW + 7
    assert not Room((), [job(9, place="a")], places, NOW).take(jobs[0])  # it is being asked


def test_the_next_look_by_the_clock() -> None:
    waiting = [job(1, begin_time=1500), job(2, deadline=1200), job(3, begin_time=1100, priority=0), job(4, begin_time=900)]
    assert next_look(waiting) == 1200 + decision.MARGIN_SECONDS
    assert next_look([job(1, deadline=1900, time_limit=10)]) == 1300 + decision.MARGIN_SECONDS
    assert next_look([job(1)]) is None


def test_a_delay_behind_a_beginning_ends_by_the_clock() -> None:
    waiting = [job(1, dependency="after:9+2(unfulfilled)?after:8_*+1(unfulfilled),after:7+1(unfulfilled),singleton(unfulfilled)")]
    array = {"array_job_id": 8, **RUNNING}
    elements = [job(8, array_task_id=1, **array), job(10, array_task_id=2, **{**array, "start_time": 970})]
    assert next_look(waiting) is None
    assert next_look(waiting, job(9, **RUNNING), job(7)) == RUNNING["start_time"] + 120
    assert next_look(waiting, job(9, **RUNNING), *elements) == 970 + 60


@pytest.mark.parametrize(
    ("text", "meant"),
    [("12", (12, None)), ("12_3", (12, [3])), ("12_[1-3,7]", (12, [1, 2, 3, 7])), ("12_*", (12, None)), ("12_[1-5:2%4]", (12, [1, 3, 5]))],
)
def test_ids_as_users_write_them(text: str, meant: tuple[int, list[int] | None]) -> None:
    assert selection.read(text) == meant


@pytest.mark.parametrize("text", ["", "x", "0", "-1", "12_", "12_x", "12_[", "12_[]", "12_[1-", "12.0", "99999999999", "1_2_3"])
def test_what_is_no_id(text: str) -> None:
    with pytest.raises(BadValue):
        selection.read(text)


def test_an_id_stands_for_a_whole_array_and_an_index_for_an_element() -> None:
    record, element, other = job(5, array_job_id=5, array_spec="3-5"), job(6, array_job_id=5, array_task_id=1), job(7)
    rows = [record, element, other]
    assert [one.label for one in selection.choose(rows, 5, None)] == ["5_[3-5]", "5_1"]
    assert [one.label for one in selection.choose(rows, 6, None)] == ["5_1"]
    assert [(one.label, one.tasks) for one in selection.choose(rows, 5, [1, 3, 4, 9])] == [("5_[3-4]", [3, 4]), ("5_1", None)]
    assert [one.tasks for one in selection.choose(rows, 5, [3, 4, 5])] == [None]


def test_lists_of_ids() -> None:
    assert selection.items("1,2_[3,5-7],,4_*") == ["1", "2_[3,5-7]", "4_*"]
