"""sstat's fields: what the tasks of a step that runs have used. Source: sstat(1); sstat 22.05."""

from __future__ import annotations

from mlspace.render.accounting_fields import FIELDS as ACCOUNTING
from mlspace.render.accounting_fields import Field
from mlspace.render.measures import VALUES, converted
from mlspace.slurm.usage import BATCH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mlspace.slurm.usage import Range, StepUsage

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


class Row:
    """A step that runs, or, where processes are listed, one of its nodes. convert: sizes in larger units, where they divide evenly."""

    __slots__ = ("convert", "job_id", "node", "step")

    def __init__(self, job_id: int, step: StepUsage, convert: bool, node: str = "") -> None:
        self.job_id = job_id
        self.step = step
        self.convert = convert
        self.node = node

    @property
    def tasks(self) -> int:
        return len(self.step.tasks)

    @property
    def nodes(self) -> list[str]:
        return self.step.nodes

    def range(self, kind: str) -> Range:
        return self.step.range(kind)

    def size(self, count: int) -> str:
        return converted(count) if self.convert else str(count)


def frequency(row: Row) -> str:
    """What srun's --cpu-freq asked for, which nothing here sets."""
    return "0" if row.step.name == BATCH else "Unknown"


OTHERS: dict[str, Callable[[Row], str]] = {
    "AveCPUFreq": lambda row: "0",  # it is not measured
    "ConsumedEnergy": lambda row: "0",
    "ConsumedEnergyRaw": lambda row: "0",
    "JobID": lambda row: f"{row.job_id}.{row.step.name}",
    "Nodelist": lambda row: row.node or fold_nodes(row),
    "NTasks": lambda row: str(row.tasks),
    "Pids": lambda row: ",".join(str(pid) for pid in processes(row)),
    **dict.fromkeys(("ReqCPUFreq", "ReqCPUFreqMin", "ReqCPUFreqMax", "ReqCPUFreqGov"), frequency),
}
"""What is not measured of tasks."""

NAMES = (
    "AveCPU,AveCPUFreq,AveDiskRead,AveDiskWrite,AvePages,AveRSS,AveVMSize,ConsumedEnergy,ConsumedEnergyRaw,JobID,"
    "MaxDiskRead,MaxDiskReadNode,MaxDiskReadTask,MaxDiskWrite,MaxDiskWriteNode,MaxDiskWriteTask,MaxPages,MaxPagesNode,MaxPagesTask,"
    "MaxRSS,MaxRSSNode,MaxRSSTask,MaxVMSize,MaxVMSizeNode,MaxVMSizeTask,MinCPU,MinCPUNode,MinCPUTask,Nodelist,NTasks,Pids,"
    "ReqCPUFreq,ReqCPUFreqMin,ReqCPUFreqMax,ReqCPUFreqGov,"
    "TRESUsageInAve,TRESUsageInMax,TRESUsageInMaxNode,TRESUsageInMaxTask,TRESUsageInMin,TRESUsageInMinNode,TRESUsageInMinTask,"
    "TRESUsageInTot,TRESUsageOutAve,TRESUsageOutMax,TRESUsageOutMaxNode,TRESUsageOutMaxTask,TRESUsageOutMin,TRESUsageOutMinNode,"
    "TRESUsageOutMinTask,TRESUsageOutTot"
)
"""The fields, in the order of --helpformat."""

FIELDS = tuple(Field(name, WIDTHS[name], OTHERS.get(name) or VALUES[name], left=name == "JobID") for name in NAMES.split(","))


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
