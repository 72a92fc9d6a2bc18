"""Who may lead: how a process becomes the leader of a registry, shows that it lives, and stops being it.

Of processes on this host the kernel tells whether they live. Of one on another host, or a stopped one, only the beat of its term tells:
it has gone when that has not moved for a lease, by the clock of whoever watches. So clocks that differ make no two leaders.
"""

from __future__ import annotations

import os

from mlspace.process_identity import host_name, host_of, is_seen_alive, process_identity
from mlspace.state.leadership import STOP, Leadership

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlspace.context import Context
    from mlspace.state.leadership import Term
    from mlspace.state.registry import Registry

LEASE_SECONDS = 60.0
"""A beat that has not moved for so long is nobody's any more. A round's longest silence is a call that the Gateway does not answer."""

BEAT_SECONDS = 10.0
"""At the latest by then a leader that has nothing to write says that it lives."""

LOOK_SECONDS = 0.25

LOCK = "controller.lock"
"""Held by the one process of a host that watches the beat of a leader."""


def is_sure(term: Term, now: float) -> bool:
    """Whether the term has a leader that lives, as far as one look can tell. Where that is wrong, somebody watches for a lease in vain."""
    seen = is_seen_alive(term.owner)
    return abs(now - (term.seen or 0)) < LEASE_SECONDS if seen is None else seen


def is_elsewhere(term: Term) -> bool:
    """Whether the leader is on another host: all that is done for the registry is its to do, until one of this host takes over."""
    return bool(term.owner) and host_of(term.owner) != host_name()


class Lease:
    """A process's claim to lead."""

    def __init__(self, registry: Registry, context: Context) -> None:
        self.context = context
        self.leadership = Leadership(registry)
        self.identity = process_identity()
        self.lock_path = os.path.join(os.path.dirname(registry.path), LOCK)
        self.beat_at = 0.0  # monotonic
        self.is_unwanted = False  # somebody has asked us to go: a wish in the registry, or a signal

    def win(self) -> bool:
        """Whether this process leads from here on. Waits a lease where nobody can tell whether the leader lives."""
        term = self.leadership.term()
        seen = is_seen_alive(term.owner)
        return self.take(term) if seen is False else seen is None and self.outwait(term)

    def outwait(self, first: Term) -> bool:
        """Whether we lead after a term of which nothing was seen for a lease; one process of a host watches."""
        import fcntl

        lock = os.open(self.lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            begun = self.context.monotonic()
            while self.context.monotonic() - begun < LEASE_SECONDS and not self.is_unwanted:
                self.context.sleep(LOOK_SECONDS)
                term = self.leadership.term()
                if (term.epoch, term.beat) != (first.epoch, first.beat):
                    return False
                if is_seen_alive(term.owner) is False:
                    break
            return not self.is_unwanted and self.take(first)
        except BlockingIOError:
            return False
        finally:
            os.close(lock)

    def take(self, term: Term) -> bool:
        self.beat_at = self.context.monotonic()
        return self.leadership.take(term, self.identity, self.context.now)

    def holds(self) -> bool:
        """Whether we lead still; learns whether we are to."""
        self.renew()
        term = self.leadership.term()
        self.is_unwanted |= term.wish == STOP
        return term.owner == self.identity

    def renew(self) -> None:
        """Says to the others that we live, when it is time to."""
        now = self.context.monotonic()
        if now - self.beat_at >= BEAT_SECONDS:
            self.leadership.beat()
            self.beat_at = now

    def leave_word(self) -> None:
        """We are to go, when that does no harm."""
        self.is_unwanted = True

    def retire(self, *, is_told: bool = False) -> bool:
        return self.leadership.retire(self.context.now(), is_told=is_told)
