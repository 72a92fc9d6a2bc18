"""What the tasks of steps have used of their nodes: of steps that run as `launch usage` tells it (docs/protocol.md §7), of those that
have ended as it has reported it (§5).
"""

from __future__ import annotations

from mlspace.errors import BadValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

BATCH = "batch"

KINDS = {
    "cpu": "cpu_ms",
    "rss": "resident_bytes",
    "vmem": "virtual_bytes",
    "pages": "page_faults",
    "read": "read_bytes",
    "written": "written_bytes",
}
"""What is measured, by its name in reports, and a task's of it."""


class Range:
    """How much of one kind all tasks used together; which task, on which of the step's nodes (from 0), used most and least."""

    __slots__ = ("least", "least_node", "least_task", "most", "most_node", "most_task", "total")

    def __init__(self, total: int, most: int, most_task: int, most_node: int, least: int, least_task: int, least_node: int) -> None:
        self.total = total
        self.most, self.most_task, self.most_node = most, most_task, most_node
        self.least, self.least_task, self.least_node = least, least_task, least_node


class Used:
    """What the tasks of a step used that has ended. ranges: by KINDS."""

    __slots__ = ("ranges", "system_ms", "tasks")

    def __init__(self, tasks: int, system_ms: int, ranges: Mapping[str, Range]) -> None:
        self.tasks = tasks
        self.system_ms = system_ms
        self.ranges = ranges

    @property
    def cpu_ms(self) -> int:
        return self.ranges["cpu"].total

    @property
    def memory_bytes(self) -> int:
        """The most of each task, together: they need not have had it at the same time."""
        return self.ranges["rss"].total


class UsedByJob:
    """What all of a job used; memory is that of the step that had most."""

    __slots__ = ("cpu_ms", "memory_bytes", "system_ms")

    def __init__(self, cpu_ms: int, system_ms: int, memory_bytes: int) -> None:
        self.cpu_ms = cpu_ms
        self.system_ms = system_ms
        self.memory_bytes = memory_bytes


def used_by_job(told: Any, steps: Iterable[Used | None]) -> UsedByJob | None:
    """As the report of its end tells it, where there is one (`told`); else by its steps, as far as they have ended. None: not known."""
    if told is not None:
        return UsedByJob(told["cpu"], told["system"], told["rss"])
    known = [step for step in steps if step is not None]
    if not known:
        return None
    return UsedByJob(sum(one.cpu_ms for one in known), sum(one.system_ms for one in known), max(one.memory_bytes for one in known))


def used(told: Any) -> Used | None:
    """As a report tells it; None where it is not told so."""
    try:
        return Used(int(told["tasks"]), int(told["system"]), {kind: Range(*(int(number) for number in told[kind])) for kind in KINDS})
    except (KeyError, TypeError, ValueError):
        return None


class TaskUsage:
    """One task: where it runs, and what it and the processes below it have used since they began; memory at its most."""

    __slots__ = ("node", "task", *KINDS.values())

    def __init__(self, node: str, task: int, *amounts: int) -> None:
        """amounts: in the order of KINDS. Raises TypeError where they are not as many."""
        if len(amounts) != len(KINDS):
            raise TypeError(f"{len(amounts)} amounts")
        self.node = node
        self.task = task
        for name, amount in zip(KINDS.values(), amounts):  # noqa: B905
            setattr(self, name, amount)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> int: ...


class StepUsage:
    """A step that runs. name: "batch", or its number. processes: those of each of its nodes, in the step's order."""

    __slots__ = ("name", "processes", "tasks")

    def __init__(self, name: str, processes: dict[str, list[int]] | None = None, tasks: list[TaskUsage] | None = None) -> None:
        self.name = name
        self.processes = processes or {}
        self.tasks = tasks or []

    @property
    def order(self) -> int:
        """The batch script comes before the others."""
        return -1 if self.name == BATCH else int(self.name)

    @property
    def nodes(self) -> list[str]:
        return list(self.processes)

    def range(self, kind: str) -> Range:
        """That of KINDS; of several tasks with the same amount the first one is named."""
        return range_of(self.tasks, kind, self.nodes)


def range_of(tasks: Sequence[TaskUsage], kind: str, nodes: Sequence[str]) -> Range:
    amounts = [getattr(task, KINDS[kind]) for task in tasks]
    most, least = max(amounts), min(amounts)
    first, last = tasks[amounts.index(most)], tasks[amounts.index(least)]
    return Range(sum(amounts), most, first.task, nodes.index(first.node), least, last.task, nodes.index(last.node))


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
