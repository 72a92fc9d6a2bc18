"""What running jobs take of each node: for sinfo's states and what scontrol shows of a node."""

from __future__ import annotations

from mlspace.slurm import state
from mlspace.slurm.nodestate import ALLOCATED, IDLE, MIXED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlspace.slurm.job import JobView

HOLDING = (state.CONFIGURING, state.RUNNING, state.COMPLETING, state.SUSPENDED)
"""States in which a job has its nodes."""


class Taken:
    """CPUs, memory (MiB) and GPUs of one node that jobs have."""

    __slots__ = ("cpus", "gpus", "memory_mib")

    def __init__(self) -> None:
        self.cpus = 0
        self.memory_mib = 0
        self.gpus = 0

    def node_state(self, cpus: int) -> str:
        """The state of a node with so many CPUs. Source: Slurm 22.05, select/cons_tres: by its CPUs alone."""
        if self.cpus >= cpus:
            return ALLOCATED
        return MIXED if self.cpus else IDLE


class Occupation:
    """`occupation[node]` is what the jobs have of that node; a node that nobody uses has nothing taken."""

    def __init__(self, jobs: Iterable[JobView]) -> None:
        self._nodes: dict[str, Taken] = {}
        for job in jobs:
            if job.state in HOLDING:
                self._add(job)

    def __getitem__(self, node: str) -> Taken:
        return self._nodes.get(node) or Taken()

    def _add(self, job: JobView) -> None:
        for name, cpus, memory_mib, gpus in job.shares():
            self.take(name, cpus, memory_mib, gpus)

    def take(self, name: str, cpus: int, memory_mib: int, gpus: int) -> None:
        taken = self._nodes.setdefault(name, Taken())
        taken.cpus += cpus
        taken.memory_mib += memory_mib
        taken.gpus += gpus
