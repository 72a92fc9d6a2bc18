"""Submissions on their way out: in which order they are sent, and which of them at the same time."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from mlspace.state.registry import Submission


class Outbox:
    """places: where each submission's job is to go. careful: places that have refused a job of late.

    Of submissions that go to one of these each waits for the answer to the one before: none is taken where an earlier one was refused.
    """

    def __init__(self, submissions: Sequence[Submission], places: Mapping[str, str], careful: Collection[str]) -> None:
        self.waiting = list(submissions)
        self.places = places
        self.careful = set(careful)
        self.flying: set[str] = set()  # careful places of which one is on its way
        self.kept: list[Submission] = []
        """Those that were not sent, because their place had no room for an earlier one."""

    def take(self, most: int) -> list[Submission]:
        """The next ones that may be sent now."""
        taken: list[Submission] = []
        left: list[Submission] = []
        for position, one in enumerate(self.waiting):
            if len(taken) == most:
                left += self.waiting[position:]
                break
            place = self.places.get(one.submission, "")
            if place in self.flying:
                left.append(one)
                continue
            if place in self.careful:
                self.flying.add(place)
            taken.append(one)
        self.waiting = left
        return taken

    def answered(self, one: Submission, *, has_room: bool) -> None:
        """The end of the request for one that was taken."""
        place = self.places.get(one.submission, "")
        self.flying.discard(place)
        if not has_room:
            self.kept += [other for other in self.waiting if self.places.get(other.submission, "") == place]
            self.waiting = [other for other in self.waiting if self.places.get(other.submission, "") != place]
            self.careful.add(place)
