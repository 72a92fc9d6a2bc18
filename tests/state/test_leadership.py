"""Who leads, as the registry has it: terms that follow one another, and writes that a term's end makes impossible."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from mlspace.slurm.reason import HELD_USER
from mlspace.state import schema
from mlspace.state.database import Outdated
from mlspace.state.leadership import STOP, Deposed, Leadership
from mlspace.state.queue import Queue
from mlspace.state.registry import Registry
from tests.state.test_queue import start
from tests.state.test_registry import OUTCOME, VALUES


@pytest.fixture
def registry(state: Path) -> Registry:
    return Registry.open(str(state))


def take(state: Path, owner: str) -> tuple[Leadership, bool]:
    """A process of its own that finds the leader gone."""
    leadership = Leadership(Registry.open(str(state)))
    return leadership, leadership.take(leadership.term(), owner, lambda: 5.0)


def test_terms_follow_one_another(registry: Registry, state: Path) -> None:
    assert Leadership(registry).term().owner == ""
    for epoch, owner in enumerate(("a", "b"), 1):
        assert take(state, owner)[1]
        term = Leadership(registry).term()
        assert (term.owner, term.epoch, term.since, term.seen) == (owner, epoch, 5.0, 5.0)


def test_of_two_who_find_the_leader_gone_one_leads(registry: Registry, state: Path) -> None:
    one, other = Leadership(registry), Leadership(Registry.open(str(state)))
    seen = one.term()
    assert one.take(seen, "a", lambda: 5.0)
    assert not other.take(seen, "b", lambda: 5.0)
    other.registry.add(VALUES, "{}", {})  # it has no part in the other's term


def test_a_leader_that_has_written_since_it_was_seen_is_not_deposed(registry: Registry, state: Path) -> None:
    leader, _ = take(state, "a")
    seen = Leadership(registry).term()
    leader.registry.add(VALUES, "{}", {})
    assert not Leadership(registry).take(seen, "b", lambda: 9.0)
    seen = Leadership(registry).term()
    leader.beat()
    assert not Leadership(registry).take(seen, "b", lambda: 9.0)


def test_a_deposed_leader_writes_nothing(registry: Registry, state: Path) -> None:
    queue, (old, _) = Queue(registry), take(state, "a")
    job = registry.add(VALUES, "{}", {})
    start(queue, job, "s")
    (submission,) = registry.submissions()
    assert take(state, "b")[1]
    attempts = (
        lambda: old.registry.claim(submission, "a", 6.0),
        lambda: old.registry.ended(job, OUTCOME),
        lambda: Queue(old.registry).hold(job, HELD_USER),
        lambda: old.registry.add(VALUES, "{}", {}),
        lambda: old.retire(6.0, is_told=True),
        old.beat,
    )
    for attempt in attempts:
        with pytest.raises(Deposed):
            attempt()
    assert [(one.job_id, one.state) for one in registry.jobs()] == [(job, "PENDING")]
    assert [one.phase for one in registry.submissions()] == ["committed"]
    assert Leadership(registry).term().owner == "b"


def test_a_change_that_fails_is_no_beat(registry: Registry, state: Path) -> None:
    leader, _ = take(state, "a")
    before = leader.term().beat

    def fail(_: object) -> None:
        raise ValueError

    with pytest.raises(ValueError):
        leader.registry.change(fail)
    assert leader.term().beat == before


def test_nobody_retires_while_something_waits(registry: Registry, state: Path) -> None:
    leader, _ = take(state, "a")
    held, plain = (registry.add({**VALUES, "priority": priority}, "{}", {}) for priority in (0, None))
    assert not leader.retire(6.0)
    start(Queue(registry), plain, "s")
    Queue(registry).hold(plain, HELD_USER)  # it comes too late: the platform may have it
    assert not leader.retire(6.0)
    registry.ended(plain, OUTCOME)
    assert leader.retire(6.0)  # a held job waits for its user
    assert (Leadership(registry).term().owner, Leadership(registry).term().epoch) == ("", 1)
    leader.registry.ended(held, OUTCOME)  # as anybody may


def test_one_that_is_told_to_retires_whatever_waits(registry: Registry, state: Path) -> None:
    leader, _ = take(state, "a")
    registry.add(VALUES, "{}", {})
    term = Leadership(registry).term()
    assert Leadership(registry).wish(term, STOP)
    assert leader.term().wish == STOP
    assert leader.retire(6.0, is_told=True)
    assert not Leadership(registry).wish(term, STOP)
    assert leader.take(leader.term(), "a", lambda: 7.0)
    assert leader.term().wish == ""


def test_a_registry_that_a_newer_version_has_taken_over_is_not_written(registry: Registry, state: Path) -> None:
    leader, _ = take(state, "a")
    with sqlite3.connect(state / "registry.sqlite") as database:
        database.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    database.close()
    for one in (registry, leader.registry):
        with pytest.raises(Outdated):
            one.add(VALUES, "{}", {})


def test_an_upgrade_ends_the_term_of_an_older_version(registry: Registry, state: Path) -> None:
    take(state, "a")
    with sqlite3.connect(state / "registry.sqlite") as database:
        database.executescript(
            "DROP INDEX job_in_line; DROP TABLE place; ALTER TABLE job DROP COLUMN place; ALTER TABLE job DROP COLUMN system_comment;"
            "DROP TABLE usage; DROP TABLE mail; DROP TABLE mailed; DROP TABLE leader;"
            "CREATE TABLE leader (owner TEXT NOT NULL, seen REAL NOT NULL); INSERT INTO leader VALUES ('a', 1);"
            "PRAGMA user_version = 4"
        )
    database.close()
    new = Leadership(Registry.open(str(state)))
    assert (new.term().owner, new.term().epoch) == ("", 1)
    assert new.take(new.term(), "b", lambda: 5.0)
