"""sstat's fields: what the tasks of a step that runs have used. Source: sstat(1); sstat 22.05."""

from __future__ import annotations

from mlspace.render.accounting_fields import FIELDS as ACCOUNTING
from mlspace.render.accounting_fields import Field
from mlspace.slurm import duration
from mlspace.slurm.usage import BATCH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlspace.slurm.usage import StepUsage, TaskUsage

DEFAULT = (
    "jobid,maxvmsize,maxvmsizenode,maxvmsizetask,avevmsize,maxrss,maxrssnode,maxrsstask,averss,maxpages,maxpagesnode,maxpagestask,"
    "avepages,mincpu,mincpunode,mincputask,avecpu,ntasks,avecpufreq,reqcpufreqmin,reqcpufreqmax,reqcpufreqgov,consumedenergy,"
    "maxdiskread,maxdiskreadnode,maxdiskreadtask,avediskread,maxdiskwrite,maxdiskwritenode,maxdiskwritetask,avediskwrite,"
    "tresusageinave,tresusageinmax,tresusageinmaxnode,tresusageinmaxtask,tresusageinmin,tresusageinminnode,tresusageinmintask,"
    "tresusageintot,tresusageoutave,tresusageoutmax,tresusageoutmaxnode,tresusageoutmaxtask,tresusageoutmin,tresusageoutminnode,"
    "tresusageoutmintask,tresusageouttot"
)
PROCESSES = "jobid,nodelist,pids"

OWN_WIDTHS = {"Nodelist": 20, "Pids": 20, "JobID": 12, "AveDiskRead": 12, "AveDiskWrite": 12}
WIDTHS = {field.name: field.width for field in ACCOUNTING} | OWN_WIDTHS
"""Those of sacct's fields of the same names, but for a few."""

UNITS = ("", "K", "M", "G", "T", "P")


class Row:
    """A step that runs, or, where processes are listed, one of its nodes. convert: sizes in larger units, where they divide evenly."""

    __slots__ = ("convert", "job_id", "node", "step")

    def __init__(self, job_id: int, step: StepUsage, convert: bool, node: str = "") -> None:
        self.job_id = job_id
        self.step = step
        self.convert = convert
        self.node = node

    def size(self, count: int) -> str:
        unit = 0
        while self.convert and count and count % 1024 == 0 and unit < len(UNITS) - 1:
            count, unit = count // 1024, unit + 1
        return f"{count}{UNITS[unit]}"


class Measure:
    """One of the things that are measured: how a task tells it and how it is written."""

    def __init__(self, name: str, tres: str, of_task: Callable[[TaskUsage], int], write: Callable[[Row, int], str]) -> None:
        self.name = name
        self.tres = tres
        self.of_task = of_task
        self.write = write

    def most(self, row: Row) -> TaskUsage:
        """The first of the tasks that have most; `least` likewise."""
        return max(row.step.tasks, key=self.of_task)

    def least(self, row: Row) -> TaskUsage:
        return min(row.step.tasks, key=self.of_task)

    def total(self, row: Row) -> int:
        return sum(self.of_task(task) for task in row.step.tasks)

    def average(self, row: Row) -> int:
        return self.total(row) // len(row.step.tasks)


def seconds(row: Row, milliseconds: int) -> str:
    return duration.format_long(milliseconds // 1000)


CPU = Measure("CPU", "cpu", lambda task: task.cpu_ms, seconds)
ENERGY = Measure("Energy", "energy", lambda task: 0, lambda row, count: str(count))
"""It is not measured, as where Slurm has no AcctGatherEnergyType."""
DISK_READ = Measure("DiskRead", "fs/disk", lambda task: task.read_bytes, Row.size)
DISK_WRITE = Measure("DiskWrite", "fs/disk", lambda task: task.written_bytes, Row.size)
RSS = Measure("RSS", "mem", lambda task: task.resident_bytes, Row.size)
PAGES = Measure("Pages", "pages", lambda task: task.page_faults, lambda row, count: str(count))
VM_SIZE = Measure("VMSize", "vmem", lambda task: task.virtual_bytes, Row.size)

IN = (CPU, ENERGY, DISK_READ, RSS, PAGES, VM_SIZE)
OUT = (ENERGY, DISK_WRITE)


def average(measure: Measure) -> Field:
    return made(f"Ave{measure.name}", lambda row: measure.write(row, measure.average(row)))


def extreme(measure: Measure, word: str) -> Iterator[Field]:
    """The "Max" or "Min" of something, and which task on which node has that."""
    find = measure.most if word == "Max" else measure.least
    yield made(f"{word}{measure.name}", lambda row: measure.write(row, measure.of_task(find(row))))
    yield made(f"{word}{measure.name}Node", lambda row: find(row).node)
    yield made(f"{word}{measure.name}Task", lambda row: str(find(row).task))


def together(name: str, measures: tuple[Measure, ...]) -> Iterator[Field]:
    """TRESUsageIn… or …Out…: the same of several measures in one field. Numbers of tasks are written as what is measured is."""

    def joined(write: Callable[[Row, Measure], str], of: tuple[Measure, ...] = measures) -> Callable[[Row], str]:
        return lambda row: ",".join(f"{measure.tres}={write(row, measure)}" for measure in of)

    with_task = tuple(measure for measure in measures if measure is not ENERGY)
    yield made(f"{name}Ave", joined(lambda row, measure: measure.write(row, measure.average(row))))
    for word, find in (("Max", Measure.most), ("Min", Measure.least)):
        yield made(f"{name}{word}", joined(lambda row, measure, find=find: measure.write(row, measure.of_task(find(measure, row)))))  # type: ignore[misc]
        yield made(f"{name}{word}Node", joined(lambda row, measure, find=find: find(measure, row).node))  # type: ignore[misc]
        yield made(
            f"{name}{word}Task",
            joined(lambda row, measure, find=find: measure.write(row, find(measure, row).task), with_task),  # type: ignore[misc]
        )
    yield made(f"{name}Tot", joined(lambda row, measure: measure.write(row, measure.total(row))))


def made(name: str, value: Callable[[Row], str]) -> Field:
    return Field(name, WIDTHS[name], value, left=name == "JobID")


def frequency(row: Row) -> str:
    """What srun's --cpu-freq asked for, which nothing here sets."""
    return "0" if row.step.name == BATCH else "Unknown"


FIELDS = (
    average(CPU),
    made("AveCPUFreq", lambda row: "0"),  # it is not measured
    average(DISK_READ),
    average(DISK_WRITE),
    average(PAGES),
    average(RSS),
    average(VM_SIZE),
    made("ConsumedEnergy", lambda row: "0"),
    made("ConsumedEnergyRaw", lambda row: "0"),
    made("JobID", lambda row: f"{row.job_id}.{row.step.name}"),
    *extreme(DISK_READ, "Max"),
    *extreme(DISK_WRITE, "Max"),
    *extreme(PAGES, "Max"),
    *extreme(RSS, "Max"),
    *extreme(VM_SIZE, "Max"),
    *extreme(CPU, "Min"),
    made("Nodelist", lambda row: row.node or fold_nodes(row)),
    made("NTasks", lambda row: str(len(row.step.tasks))),
    made("Pids", lambda row: ",".join(str(pid) for pid in processes(row))),
    *(made(name, frequency) for name in ("ReqCPUFreq", "ReqCPUFreqMin", "ReqCPUFreqMax", "ReqCPUFreqGov")),
    *together("TRESUsageIn", IN),
    *together("TRESUsageOut", OUT),
)
"""In the order of --helpformat."""


def fold_nodes(row: Row) -> str:
    from mlspace.slurm.hostlist import fold_hosts

    return fold_hosts(list(row.step.processes))


def processes(row: Row) -> list[int]:
    nodes = [row.node] if row.node else list(row.step.processes)
    return [pid for node in nodes for pid in row.step.processes[node]]


def rows(job_id: int, step: StepUsage, fields: list[Field], convert: bool) -> list[Row]:
    """A step, or each of its nodes where processes are listed."""
    if any(field.name == "Pids" for field in fields):
        return [Row(job_id, step, convert, node) for node in step.processes]
    return [Row(job_id, step, convert)]
