"""What is free: how much of what waits here the platform can start now, as far as that can be known from here.

Where the nodes are known, as many jobs are sent as their CPUs, memory and GPUs can hold; elsewhere the platform alone knows, and more and
more are sent as long as it takes them. The rest waits here, where it can be held, changed and cancelled without asking anybody.
"""

from __future__ import annotations

from mlspace.slurm import reason, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlspace.cluster.cluster import Node
    from mlspace.slurm.job import JobView

BACKLOG = 16
"""So many jobs may be at the platform without having started, whatever it says."""

GROWTH = 3
"""So many more for each job that it has taken and not ended, as long as it refuses none for want of GPUs: it has a queue of its own, and
a thousand jobs do not wait for each other's start; and where it has no room, no more than a few are sent in vain."""

LARGEST_BACKLOG = 2000
"""Its list of them is read every few seconds, and each would have to be cancelled by a request of its own."""


class Room:
    """active: the jobs that were sent and have not ended. nodes: those of the cluster, none where they are not known."""

    def __init__(self, nodes: Iterable[Node], active: Iterable[JobView]) -> None:
        known = list(nodes)
        self.is_known = bool(known)
        self.cpus = sum(node.cpus for node in known)
        self.memory_mib = sum(node.memory_mib for node in known)
        self.gpus = sum(node.gpus for node in known)
        self.backlog = taken = refused = 0
        self.is_empty = True
        for job in active:
            self._add(job)
            self.backlog += job.state == state.PENDING
            refused += job.reason == reason.GPU_LIMIT
            taken += 1
        self.largest_backlog = BACKLOG if self.is_known or refused else min(BACKLOG + GROWTH * taken, LARGEST_BACKLOG)

    def take(self, job: JobView) -> bool:
        """Whether there is room for the job, or one element of it; it is taken then. A job that finds nobody else always has room."""
        if self.backlog >= self.largest_backlog:
            return False
        fits = job.cpus <= self.cpus and job.memory_mib <= self.memory_mib and job.gpus <= self.gpus
        if self.is_known and not fits and not self.is_empty:
            return False
        self._add(job)
        self.backlog += 1
        return True

    def _add(self, job: JobView) -> None:
        self.cpus -= job.cpus
        self.memory_mib -= job.memory_mib
        self.gpus -= job.gpus
        self.is_empty = False
