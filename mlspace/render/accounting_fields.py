"""sacct's fields: name, width, and how a job and a step show it. Source: sacct(1); sacct 22.05."""

from __future__ import annotations

from mlspace.render.accounting_row import NO_NODES, NOT_YET, STATE_LATER, Row, tres
from mlspace.render.measures import VALUES
from mlspace.slurm import duration
from mlspace.slurm.accounting import ASSOCIATION, STARTED_BY, reason_of
from mlspace.slurm.job import CLUSTER_NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mlspace.slurm.job import JobView
    from mlspace.slurm.usage import Used, UsedByJob


class Field:
    """A column: width, and the text of a row. `left`: the text stands on the left; `steps`: a job's needs to know its steps."""

    __slots__ = ("left", "name", "steps", "value", "width")

    def __init__(self, name: str, width: int, value: Callable[[Any], str], left: bool = False, steps: bool = False) -> None:
        self.name = name
        self.width = width
        self.value = value
        self.left = left
        self.steps = steps


def of_job(value: Callable[[JobView], object]) -> Callable[[Row], str]:
    """A field that steps leave empty."""
    return lambda row: str(value(row.job)) if row.step is None else ""


def not_recorded(row: Row) -> str:
    """What would need accounting on the nodes (JobAcctGatherType)."""
    return ""


def measured(name: str, width: int) -> Field:
    """What the tasks of a step used; empty of a job, as in Slurm, and of a step that runs, or of which nothing was reported.

    Addresses of a step that ended before they were looked at are not known either.
    """
    value = VALUES[name]

    def shown(row: Row) -> str:
        used = row.measured
        return "" if used is None or ("VMSize" in name and not used.range("vmem").most) else value(used)

    return Field(name, width, shown)


def cpu_time(milliseconds: Callable[[Used | UsedByJob], int]) -> Callable[[Row], str]:
    """A part of the CPU time: "00:03.094", "01:00:00" without thousandths; "00:00:00" also where it is not known."""
    return lambda row: duration.format_fine(milliseconds(row.used) if row.used is not None else 0)


def identity(row: Row) -> str:
    label: str = row.job.label
    if row.job.array_spec and row.manner.list_length:
        label = f"{row.job.array_job_id}_[{shortened(row.job.array_tasks, row.manner.list_length)}]"
    return label if row.step is None else f"{label}.{row.step.name_in_job}"


def shortened(elements: str, length: int) -> str:
    """The elements of an array, "0,2,4,...%3" where they take more than `length` characters. Source: sacct 22.05, SLURM_BITSTR_LEN."""
    indexes, percent, limit = elements.partition("%")
    if len(indexes) < length:
        return elements
    kept = indexes[: max(0, length - len("...") - 1)].rpartition(",")[0]
    return f"{kept}{',' * bool(kept)}...{percent}{limit}"


def raw_identity(row: Row) -> str:
    return str(row.job.job_id) if row.step is None else f"{row.job.job_id}.{row.step.name_in_job}"


def requested(row: Row) -> str:
    job = row.job
    memory = row.manner.memory(job.shown_memory_mib)
    return tres(job.shown_cpus, memory, job.nodes, job.shown_gpus, billing=True) if row.step is None else ""


def time_limit(show: Callable[[int | None], str]) -> Callable[[Row], str]:
    """show: minutes, or None for no limit, as the field has them."""

    def limit(row: Row) -> str:
        job = row.job
        if row.step is not None:
            return ""
        return "Partition_Limit" if job.is_pending and job.option("time") is None else show(job.time_limit)

    return limit


def waited(row: Row) -> int:
    """Seconds from when the job could start to when it did."""
    job = row.job
    until = row.manner.now if job.start_time is None and job.end_time is None else job.start_time or job.end_time
    return max(0, int(until) - int(job.eligible_time or until))


def of_allocation(value: Callable[[Row], object]) -> Callable[[Row], str]:
    """As of_job, where the row is needed too."""
    return lambda row: str(value(row)) if row.step is None else ""


def derived_exit_code(row: Row) -> str:
    """The highest that a step of srun ended with."""
    return "{}:{}".format(*row.derived_exit)


def energy(row: Row) -> str:
    """None is measured: what Slurm 22.05 shows then, which is nothing of a job with one step, and of one whose steps still run."""
    if row.step is not None:
        return "0"
    return "" if len(row.steps) == 1 or any(step.end_time is None for step in row.steps) else "0"


def frequency(row: Row) -> str:
    """What no job asks for: the batch step's is 0 in Slurm 22.05, the others' unknown."""
    return "0" if row.step is not None and row.step.name_in_job == "batch" else NOT_YET


def flags(row: Row) -> str:
    """Who started the job, and that it is accounted; spelled as in Slurm 22.05."""
    return f"{STARTED_BY},StartRecieved" if row.job.start_time is not None else "StartRecieved"


FIELDS = [
    Field("Account", 10, lambda row: row.job.account or ""),
    Field("AdminComment", 15, not_recorded),
    Field("AllocCPUS", 10, lambda row: str(row.cpus)),
    Field("AllocNodes", 10, lambda row: str(row.nodes if row.start is not None else 0)),
    Field("AllocTRES", 10, lambda row: row.tres),
    Field("AssocID", 7, lambda row: ASSOCIATION),
    measured("AveCPU", 10),
    Field("AveCPUFreq", 10, lambda row: "" if row.step is None else "0"),
    measured("AveDiskRead", 14),
    measured("AveDiskWrite", 14),
    measured("AvePages", 10),
    measured("AveRSS", 10),
    measured("AveVMSize", 10),
    Field("BlockID", 16, not_recorded),
    Field("Cluster", 10, lambda row: CLUSTER_NAME),
    Field("Comment", 14, of_job(lambda job: job.comment or "")),
    Field("Constraints", 19, of_job(lambda job: job.option("constraint") or "")),
    Field("ConsumedEnergy", 14, energy, steps=True),
    Field("ConsumedEnergyRaw", 17, energy, steps=True),
    Field("Container", 19, of_job(lambda job: job.option("image") or "")),
    Field("CPUTime", 10, lambda row: duration.format_long(row.seconds * row.cpus)),
    Field("CPUTimeRAW", 10, lambda row: str(row.seconds * row.cpus)),
    Field("DBIndex", 10, lambda row: str(row.job.job_id), left=True),
    Field("DerivedExitCode", 15, of_allocation(derived_exit_code), steps=True),
    Field("Elapsed", 10, lambda row: duration.format_long(row.seconds)),
    Field("ElapsedRaw", 10, lambda row: str(row.seconds)),
    Field("Eligible", 19, lambda row: row.time(row.job.eligible_time if row.step is None else row.step.start_time)),
    Field("End", 19, lambda row: row.time(row.end)),
    Field("ExitCode", 8, lambda row: row.exit_code),
    Field("Flags", 19, of_allocation(flags)),
    Field("GID", 6, of_job(lambda job: job.gid)),
    Field("Group", 9, of_job(lambda job: job.grp)),
    Field("JobID", 12, identity, left=True),
    Field("JobIDRaw", 12, raw_identity, left=True),
    Field("JobName", 10, lambda row: row.job.name if row.step is None else row.step.name),
    Field("Layout", 9, lambda row: "" if row.step is None else "Unknown" if row.step.name_in_job == "batch" else "Cyclic"),
    measured("MaxDiskRead", 12),
    measured("MaxDiskReadNode", 15),
    measured("MaxDiskReadTask", 15),
    measured("MaxDiskWrite", 12),
    measured("MaxDiskWriteNode", 16),
    measured("MaxDiskWriteTask", 16),
    measured("MaxPages", 8),
    measured("MaxPagesNode", 12),
    measured("MaxPagesTask", 14),
    measured("MaxRSS", 10),
    measured("MaxRSSNode", 10),
    measured("MaxRSSTask", 10),
    measured("MaxVMSize", 10),
    measured("MaxVMSizeNode", 14),
    measured("MaxVMSizeTask", 14),
    Field("McsLabel", 12, not_recorded),
    measured("MinCPU", 10),
    measured("MinCPUNode", 10),
    measured("MinCPUTask", 10),
    Field("NCPUS", 10, lambda row: str(row.cpus)),
    Field("NNodes", 8, lambda row: str(row.nodes)),
    Field("NodeList", 15, lambda row: row.node_list or NO_NODES),
    Field("NTasks", 8, lambda row: "" if row.step is None else str(row.step.tasks)),
    Field("Partition", 10, of_job(lambda job: job.partition)),
    Field("Priority", 10, of_job(lambda job: job.priority)),
    Field("QOS", 10, of_job(lambda job: job.shown_qos)),
    Field("QOSRAW", 6, of_job(lambda job: 1)),
    Field("Reason", 22, of_job(reason_of)),
    Field("ReqCPUFreq", 10, frequency),
    Field("ReqCPUFreqGov", 13, frequency),
    Field("ReqCPUFreqMax", 13, frequency),
    Field("ReqCPUFreqMin", 13, frequency),
    Field("ReqCPUS", 8, lambda row: str(row.cpus)),
    Field("ReqMem", 10, of_allocation(lambda row: row.manner.memory(row.job.shown_memory_mib))),
    Field("ReqNodes", 8, lambda row: str(row.nodes)),
    Field("ReqTRES", 10, requested),
    Field("Reservation", 20, not_recorded),
    Field("ReservationId", 8, not_recorded),
    Field("Reserved", 10, of_allocation(lambda row: duration.format_long(waited(row)))),
    Field("ResvCPU", 10, of_allocation(lambda row: duration.format_long(waited(row) * row.cpus))),
    Field("ResvCPURAW", 10, of_allocation(lambda row: waited(row) * row.cpus)),
    Field("Start", 19, lambda row: row.time(row.start, NOT_YET if row.job.end_time is None else STATE_LATER)),
    Field("State", 10, lambda row: row.state),
    Field("Submit", 19, lambda row: row.time(row.job.submit_time if row.step is None else row.step.start_time)),
    Field("SubmitLine", 20, of_job(lambda job: job.submit_line)),
    Field("Suspended", 10, lambda row: "00:00:00"),
    Field("SystemComment", 15, lambda row: row.job.system_comment or ""),
    Field("SystemCPU", 10, cpu_time(lambda used: used.system_ms), steps=True),
    Field("Timelimit", 10, time_limit(lambda minutes: duration.format_limit(minutes, long=True))),
    Field("TimelimitRaw", 10, time_limit(lambda minutes: "UNLIMITED" if minutes is None else str(minutes))),
    Field("TotalCPU", 10, cpu_time(lambda used: used.cpu_ms), steps=True),
    measured("TRESUsageInAve", 14),
    measured("TRESUsageInMax", 14),
    measured("TRESUsageInMaxNode", 18),
    measured("TRESUsageInMaxTask", 18),
    measured("TRESUsageInMin", 14),
    measured("TRESUsageInMinNode", 18),
    measured("TRESUsageInMinTask", 18),
    measured("TRESUsageInTot", 14),
    measured("TRESUsageOutAve", 15),
    measured("TRESUsageOutMax", 15),
    measured("TRESUsageOutMaxNode", 19),
    measured("TRESUsageOutMaxTask", 19),
    measured("TRESUsageOutMin", 15),
    measured("TRESUsageOutMinNode", 19),
    measured("TRESUsageOutMinTask", 19),
    measured("TRESUsageOutTot", 15),
    Field("UID", 6, of_job(lambda job: job.uid)),
    Field("User", 9, of_job(lambda job: job.user)),
    Field("UserCPU", 10, cpu_time(lambda used: used.cpu_ms - used.system_ms), steps=True),
    Field("WCKey", 10, of_job(lambda job: job.option("wckey") or "")),
    Field("WCKeyID", 10, of_job(lambda job: 0)),
    Field("WorkDir", 20, of_job(lambda job: job.work_dir)),
]
