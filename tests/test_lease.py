"""One controller leads, also where two hosts share the registry: each with a clock of its own, and no sight of the other's processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlspace import process_identity
from mlspace.controller import lease
from mlspace.controller.lease import BEAT_SECONDS, LEASE_SECONDS, Lease
from mlspace.state.leadership import Deposed, Leadership
from mlspace.state.registry import Registry
from tests.state.test_registry import VALUES
from tests.test_background import Clock


class Host:
    """A host with its name, its clock, and one controller on it, whose code runs between `with host:` and the end of that."""

    def __init__(self, name: str, state: Path, monkeypatch: pytest.MonkeyPatch, ahead: float = 0.0) -> None:
        self.name = name
        self.monkeypatch = monkeypatch
        self.clock = Clock(state)
        self.clock.time += ahead
        self.registry = Registry.open(str(state))
        with self:
            self.lease = Lease(self.registry, self.clock)

    def __enter__(self) -> None:
        self.before = process_identity.host_name
        self.monkeypatch.setattr(process_identity, "host_name", lambda: self.name)
        self.monkeypatch.setattr(lease, "host_name", lambda: self.name)

    def __exit__(self, *_: object) -> None:
        self.monkeypatch.setattr(process_identity, "host_name", self.before)
        self.monkeypatch.setattr(lease, "host_name", self.before)

    def win(self) -> bool:
        with self:
            return self.lease.win()


@pytest.mark.parametrize("ahead", [0.0, 50.0, -50.0, 3600.0, -3600.0])
def test_a_leader_on_another_host_that_beats_stays_whatever_the_clocks_say(
    state: Path, monkeypatch: pytest.MonkeyPatch, ahead: float
) -> None:
    a, b = Host("a", state, monkeypatch), Host("b", state, monkeypatch, ahead)
    assert a.win()

    def pass_by() -> None:
        a.clock.time += lease.LOOK_SECONDS
        with a:
            assert a.lease.holds()

    b.clock.then = pass_by
    begun = b.clock.time
    assert not b.win()
    assert b.clock.time - begun <= BEAT_SECONDS + 1
    assert Leadership(b.registry).term().epoch == 1


def test_a_leader_on_another_host_that_does_not_beat_is_followed_after_a_lease(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = Host("a", state, monkeypatch), Host("b", state, monkeypatch, -3600.0)
    assert a.win()
    begun = b.clock.time
    assert b.win()
    assert LEASE_SECONDS <= b.clock.time - begun <= LEASE_SECONDS + 1
    a.clock.time += LEASE_SECONDS + 1  # it wakes up
    with a, pytest.raises(Deposed):
        a.lease.holds()
    with pytest.raises(Deposed):
        a.registry.add(VALUES, "{}", {})
    assert b.registry.jobs() == []


def test_one_process_of_a_host_watches(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b, other = Host("a", state, monkeypatch), Host("b", state, monkeypatch), Host("b", state, monkeypatch)
    assert a.win()
    seen: list[bool] = []
    b.clock.then = lambda: seen.append(other.win())
    assert b.win()
    assert seen
    assert not any(seen)


def test_who_is_told_to_go_watches_no_longer(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = Host("a", state, monkeypatch), Host("b", state, monkeypatch)
    assert a.win()
    b.clock.then = b.lease.leave_word
    assert not b.win()
    assert Leadership(b.registry).term().epoch == 1


def test_a_dead_leader_on_this_host_is_followed_at_once(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = Host("a", state, monkeypatch), Host("a", state, monkeypatch)
    a.lease.identity = "a 999999999 1"
    assert a.win()
    begun = b.clock.time
    assert b.win()
    assert b.clock.time == begun


def test_a_living_leader_on_this_host_is_not_watched(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = Host("a", state, monkeypatch), Host("a", state, monkeypatch)
    assert a.win()
    begun = b.clock.time
    assert not b.win()
    assert b.clock.time == begun


def test_of_a_leader_on_another_host_one_look_tells_little(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = Host("a", state, monkeypatch), Host("b", state, monkeypatch)
    assert a.win()
    term = Leadership(b.registry).term()
    with b:
        assert lease.is_elsewhere(term)
        assert lease.is_sure(term, b.clock.time + 50)
        assert not lease.is_sure(term, b.clock.time + LEASE_SECONDS)
    with a:
        assert not lease.is_elsewhere(term)
        assert lease.is_sure(term, a.clock.time + 3600)  # its process lives
