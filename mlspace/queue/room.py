"""What is free: how much of what waits here the platform can start now, as far as that can be known from here.

Where the nodes are known, as many jobs are sent as their CPUs, memory and GPUs can hold; elsewhere the platform alone knows, and more and
more are sent as long as it takes them. Where it has refused one for what others hold, only the first asks again, after a while. The rest
waits here, where it can be held, changed and cancelled without asking anybody.
"""

from __future__ import annotations

from mlspace.slurm import reason, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlspace.cluster.cluster import Node
    from mlspace.slurm.job import JobView
    from mlspace.state.places import Place

BACKLOG = 16
"""So many jobs may be at the platform without having started, whatever it says."""

GROWTH = 3
"""So many more for each job that it has taken and not ended: it has a queue of its own, and a thousand jobs do not wait for each
other's start."""

LARGEST_BACKLOG = 2000
"""Its list of them is read every few seconds, and each would have to be cancelled by a request of its own."""

NO_PLACES: Mapping[str, Place] = {}


class Room:
    """active: the jobs that were sent and have not ended. nodes: those of the cluster, none where they are not known.

    places: those that have refused a job of late, by name (state/places.py).
    """

    def __init__(self, nodes: Iterable[Node], active: Iterable[JobView], places: Mapping[str, Place] = NO_PLACES, now: float = 0.0) -> None:
        known = list(nodes)
        self.is_known = bool(known)
        self.now = now
        self.places = places
        self.cpus = sum(node.cpus for node in known)
        self.memory_mib = sum(node.memory_mib for node in known)
        self.gpus = sum(node.gpus for node in known)
        self.is_empty = True
        self.backlog: dict[str, int] = {}
        self.taken: dict[str, int] = {}
        self.blocked: dict[str, JobView] = {}
        """Of each place where somebody found no room, who: nobody behind it gets what it waits for."""
        self.asked: set[str] = set()
        """Places where it is being asked whether there is room again."""
        for job in active:
            self._add(job)
            place = self.place(job)
            self.taken[place] = self.taken.get(place, 0) + 1
            self.backlog[place] = self.backlog.get(place, 0) + (job.state == state.PENDING)
            if not job.platform_job:
                self.asked.add(job.place)

    def place(self, job: JobView) -> str:
        """What the job competes for: with all others where nodes are known."""
        return "" if self.is_known else job.place

    def take(self, job: JobView) -> bool:
        """Whether there is room for the job, or one element of it; it is taken then. A job that finds nobody else always has room.

        Where a job found none, there is none for those that come behind it.
        """
        place = self.place(job)
        if place in self.blocked:
            return False
        if not self._has_room(job, place):
            self.blocked[place] = job
            return False
        self._add(job)
        self.backlog[place] = self.backlog.get(place, 0) + 1
        return True

    def _has_room(self, job: JobView, place: str) -> bool:
        refusing = self.places.get(job.place)
        if refusing is not None and refusing.is_full:
            if job.place in self.asked or self.now < refusing.next_try:
                return False
            self.asked.add(job.place)  # the first one asks for all
        if self.backlog.get(place, 0) >= self._largest_backlog(place):
            return False
        fits = job.cpus <= self.cpus and job.memory_mib <= self.memory_mib and job.gpus <= self.gpus
        return fits or not self.is_known or self.is_empty

    def _largest_backlog(self, place: str) -> int:
        return BACKLOG if self.is_known else min(BACKLOG + GROWTH * self.taken.get(place, 0), LARGEST_BACKLOG)

    def why_blocked(self, job: JobView) -> tuple[str, str | None]:
        """Why a job waits that found no room: Slurm's reason, and what the platform has said."""
        if self.blocked.get(self.place(job)) is not job:
            return reason.PRIORITY, None
        refusing = self.places.get(job.place)
        return (refusing.reason, refusing.words) if refusing is not None and refusing.is_full else (reason.RESOURCES, None)

    def next_try(self) -> float | None:
        """When a place is asked again that somebody waits for, unix seconds."""
        moments = [self.places[job.place].next_try for job in self.blocked.values() if job.place in self.places]
        return min((moment for moment in moments if moment > self.now), default=None)

    def _add(self, job: JobView) -> None:
        self.cpus -= job.cpus
        self.memory_mib -= job.memory_mib
        self.gpus -= job.gpus
        self.is_empty = False
