"""What the tasks of steps have used of their nodes, as `launch usage` tells it (docs/protocol.md §7)."""

from __future__ import annotations

from dataclasses import dataclass, field

from mlspace.errors import BadValue

BATCH = "batch"


@dataclass(frozen=True)
class TaskUsage:
    """One task: where it runs, and what it and the processes below it have used since they began; memory at its most."""

    node: str
    task: int
    cpu_ms: int
    resident_bytes: int
    virtual_bytes: int
    page_faults: int
    read_bytes: int
    written_bytes: int


@dataclass
class StepUsage:
    """A step that runs. name: "batch", or its number. processes: those of each of its nodes, in the step's order."""

    name: str
    processes: dict[str, list[int]] = field(default_factory=dict)
    tasks: list[TaskUsage] = field(default_factory=list)

    @property
    def order(self) -> int:
        """The batch script comes before the others."""
        return -1 if self.name == BATCH else int(self.name)


def read(text: str) -> list[StepUsage]:
    """The steps, of which tasks run, in Slurm's order. Raises BadValue for a line that `launch usage` does not write."""
    steps: dict[str, StepUsage] = {}
    for line in text.splitlines():
        try:
            name, node, processes, *tasks = line.split(" ")
            step = steps.setdefault(name, StepUsage(name if name == BATCH else str(int(name))))
            step.processes[node] = [] if processes == "-" else [int(pid) for pid in processes.split(",")]
            step.tasks += [TaskUsage(node, *(int(number) for number in task.split(":"))) for task in tasks]
        except (ValueError, TypeError) as error:
            raise BadValue(line) from error
    return sorted((step for step in steps.values() if step.tasks), key=lambda step: step.order)
