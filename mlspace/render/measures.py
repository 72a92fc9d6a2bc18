"""What tasks have used, as sstat and sacct show it: most, least, average and sum of each kind. Source: sstat(1), sacct(1); 22.05."""

from __future__ import annotations

from mlspace.slurm import duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Protocol

    from mlspace.slurm.usage import Range

    class Measured(Protocol):
        """A step in a list. tasks: how many there are."""

        @property
        def tasks(self) -> int: ...

        @property
        def nodes(self) -> Sequence[str]: ...

        def range(self, kind: str) -> Range: ...

        def size(self, count: int) -> str:
            """Bytes as the list shows them."""

    Value = Callable[[Measured], str]

UNITS = ("", "K", "M", "G", "T", "P")


def converted(count: int) -> str:
    """Bytes in the largest unit that divides them evenly: "5M", "1748651"."""
    unit = 0
    while count and count % 1024 == 0 and unit < len(UNITS) - 1:
        count, unit = count // 1024, unit + 1
    return f"{count}{UNITS[unit]}"


class Measure:
    """One of the things that are measured. kind: of slurm/usage.py, "" for what is not; tres: its name beside others in one field."""

    def __init__(self, name: str, tres: str, kind: str, write: Callable[[Measured, int], str]) -> None:
        self.name = name
        self.tres = tres
        self.kind = kind
        self.write = write

    def total(self, row: Measured) -> str:
        return self.write(row, row.range(self.kind).total if self.kind else 0)

    def average(self, row: Measured) -> str:
        return self.write(row, row.range(self.kind).total // row.tasks if self.kind else 0)

    def most(self, row: Measured) -> str:
        return self.write(row, row.range(self.kind).most if self.kind else 0)

    def most_node(self, row: Measured) -> str:
        return row.nodes[row.range(self.kind).most_node if self.kind else 0]

    def most_task(self, row: Measured) -> int:
        return row.range(self.kind).most_task

    def least(self, row: Measured) -> str:
        return self.write(row, row.range(self.kind).least if self.kind else 0)

    def least_node(self, row: Measured) -> str:
        return row.nodes[row.range(self.kind).least_node if self.kind else 0]

    def least_task(self, row: Measured) -> int:
        return row.range(self.kind).least_task


def seconds(row: Measured, milliseconds: int) -> str:
    return duration.format_long(milliseconds // 1000)


def size(row: Measured, count: int) -> str:
    return row.size(count)


def plain(row: Measured, count: int) -> str:
    return str(count)


CPU = Measure("CPU", "cpu", "cpu", seconds)
ENERGY = Measure("Energy", "energy", "", plain)
"""It is not measured, as where Slurm has no AcctGatherEnergyType."""
DISK_READ = Measure("DiskRead", "fs/disk", "read", size)
DISK_WRITE = Measure("DiskWrite", "fs/disk", "written", size)
RSS = Measure("RSS", "mem", "rss", size)
PAGES = Measure("Pages", "pages", "pages", plain)
VM_SIZE = Measure("VMSize", "vmem", "vmem", size)

IN = (CPU, ENERGY, DISK_READ, RSS, PAGES, VM_SIZE)
OUT = (ENERGY, DISK_WRITE)


def extreme(measure: Measure, word: str) -> Iterator[tuple[str, Value]]:
    """The "Max" or "Min" of something, and which task on which node has that."""
    is_most = word == "Max"
    yield f"{word}{measure.name}", measure.most if is_most else measure.least
    yield f"{word}{measure.name}Node", measure.most_node if is_most else measure.least_node
    task = measure.most_task if is_most else measure.least_task
    yield f"{word}{measure.name}Task", lambda row: str(task(row))


def together(name: str, measures: tuple[Measure, ...]) -> Iterator[tuple[str, Value]]:
    """TRESUsageIn… or …Out…: the same of several measures in one field. Numbers of tasks are written as what is measured is."""

    def joined(write: Callable[[Measure, Measured], object], of: tuple[Measure, ...] = measures) -> Value:
        return lambda row: ",".join(f"{measure.tres}={write(measure, row)}" for measure in of)

    with_task = tuple(measure for measure in measures if measure is not ENERGY)
    yield f"{name}Ave", joined(Measure.average)
    yield f"{name}Max", joined(Measure.most)
    yield f"{name}MaxNode", joined(Measure.most_node)
    yield f"{name}MaxTask", joined(lambda measure, row: measure.write(row, measure.most_task(row)), with_task)
    yield f"{name}Min", joined(Measure.least)
    yield f"{name}MinNode", joined(Measure.least_node)
    yield f"{name}MinTask", joined(lambda measure, row: measure.write(row, measure.least_task(row)), with_task)
    yield f"{name}Tot", joined(Measure.total)


VALUES: dict[str, Value] = {
    **{f"Ave{measure.name}": measure.average for measure in (CPU, DISK_READ, DISK_WRITE, PAGES, RSS, VM_SIZE)},
    **{name: value for measure in (DISK_READ, DISK_WRITE, PAGES, RSS, VM_SIZE) for name, value in extreme(measure, "Max")},
    **dict(extreme(CPU, "Min")),
    **dict(together("TRESUsageIn", IN)),
    **dict(together("TRESUsageOut", OUT)),
}
"""By the names of the fields."""
