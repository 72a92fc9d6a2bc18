"""sacct's fields: name, width, and how a job and a step show it. Source: sacct(1); sacct 22.05."""

from __future__ import annotations

from mlspace.slurm import duration, state
from mlspace.slurm.hostlist import expand_hosts
from mlspace.slurm.size import format_memory
from mlspace.slurm.timestamp import format_timestamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mlspace.slurm.job import JobView, StepView

DEFAULT = "jobid,jobname,partition,account,alloccpus,state,exitcode"
BRIEF = "jobid,state,exitcode"
LONG = (
    "jobid,jobidraw,jobname,partition,maxvmsize,maxvmsizenode,maxvmsizetask,avevmsize,maxrss,maxrssnode,maxrsstask,averss,maxpages,"
    "maxpagesnode,maxpagestask,avepages,mincpu,mincpunode,mincputask,avecpu,ntasks,alloccpus,elapsed,state,exitcode,avecpufreq,"
    "reqcpufreqmin,reqcpufreqmax,reqcpufreqgov,reqmem,consumedenergy,maxdiskread,maxdiskreadnode,maxdiskreadtask,avediskread,"
    "maxdiskwrite,maxdiskwritenode,maxdiskwritetask,avediskwrite,reqtres,alloctres,tresusageinave,tresusageinmax,tresusageinmaxnode,"
    "tresusageinmaxtask,tresusageinmin,tresusageinminnode,tresusageinmintask,tresusageintot,tresusageoutmax,tresusageoutmaxnode,"
    "tresusageoutmaxtask,tresusageoutave,tresusageouttot"
)

NOT_YET = "Unknown"
NO_NODES = "None assigned"
STATE_LATER = "None"


class Row:
    """A job, or one of its steps, at a moment."""

    __slots__ = ("job", "now", "step", "time_format")

    def __init__(self, job: JobView, step: StepView | None, now: float, time_format: str) -> None:
        self.job = job
        self.step = step
        self.now = now
        self.time_format = time_format

    def time(self, moment: float | None, missing: str = NOT_YET) -> str:
        return format_timestamp(moment, self.time_format, missing)

    @property
    def start(self) -> int | None:
        moment: int | None = self.job.start_time if self.step is None else self.step.start_time
        return moment

    @property
    def end(self) -> int | None:
        moment: int | None = self.job.end_time if self.step is None else self.step.end_time
        return moment

    @property
    def seconds(self) -> int:
        return 0 if self.start is None else max(0, int(self.end or self.now) - int(self.start))

    @property
    def node_list(self) -> str:
        return str(self.job.node_list if self.step is None else self.step.node_list)

    @property
    def nodes(self) -> int:
        """How many nodes; of a job that waits, as many as it asks for."""
        return len(expand_hosts(self.node_list)) or int(self.job.nodes)

    def share(self, numbers: Sequence[int]) -> int:
        """The sum over the nodes of this row, of numbers for each node of the job."""
        mine = set(expand_hosts(self.node_list))
        names = expand_hosts(self.job.node_list)
        return sum(number for name, number in zip(names, numbers) if name in mine)  # noqa: B905 - the nodes may not be known yet

    @property
    def cpus(self) -> int:
        return self.job.shown_cpus if self.step is None else self.share(self.job.geometry("cpus_per_node") or [])

    @property
    def state(self) -> str:
        if self.step is not None:
            return str(self.step.state)
        job = self.job
        return f"{job.state} by {job.cancelled_by}" if job.state == state.CANCELLED and job.cancelled_by is not None else str(job.state)

    @property
    def exit_code(self) -> str:
        if self.step is not None:
            return f"{self.step.exit_code}:{self.step.exit_signal}"
        # A cancelled or timed-out job's own code is 0:0 in the accounting; its batch step has the signal.
        ended_by_us = self.job.state in (state.CANCELLED, state.TIMEOUT)
        return "0:0" if ended_by_us else f"{self.job.exit_code}:{self.job.exit_signal}"

    @property
    def tres(self) -> str:
        """What is allocated, by name: "billing=8,cpu=8,gres/gpu=2,mem=800M,node=2"; a step has no billing."""
        if self.start is None and self.step is None:
            return ""
        job = self.job
        mib = job.memory_mib if self.step is None else self.share(job.geometry("memory_mib_per_node") or [])
        gpus = (job.geometry("gpus_per_node") or 0) * self.nodes
        return tres(self.cpus, mib, self.nodes, gpus, billing=self.step is None)


def tres(cpus: int, memory_mib: int, nodes: int, gpus: int, *, billing: bool) -> str:
    words = [f"billing={cpus}"] if billing else []
    words.append(f"cpu={cpus}")
    if gpus:
        words.append(f"gres/gpu={gpus}")
    return ",".join([*words, f"mem={format_memory(memory_mib)}", f"node={nodes}"])


class Field:
    """A column: width, and the text of a row; `left`: the text stands on the left."""

    __slots__ = ("left", "name", "value", "width")

    def __init__(self, name: str, width: int, value: Callable[[Row], str], left: bool = False) -> None:
        self.name = name
        self.width = width
        self.value = value
        self.left = left


def of_job(value: Callable[[JobView], object]) -> Callable[[Row], str]:
    """A field that steps leave empty."""
    return lambda row: str(value(row.job)) if row.step is None else ""


def not_recorded(row: Row) -> str:
    """What would need accounting on the nodes (JobAcctGatherType)."""
    return ""


def identity(row: Row) -> str:
    return row.job.label if row.step is None else f"{row.job.label}.{row.step.name_in_job}"


def raw_identity(row: Row) -> str:
    return str(row.job.job_id) if row.step is None else f"{row.job.job_id}.{row.step.name_in_job}"


def requested(row: Row) -> str:
    job = row.job
    return tres(job.shown_cpus, job.shown_memory_mib, job.nodes, job.shown_gpus, billing=True) if row.step is None else ""


def time_limit(row: Row) -> str:
    job = row.job
    if row.step is not None:
        return ""
    if job.is_pending and job.option("time") is None:
        return "Partition_Limit"
    return duration.format_limit(job.time_limit, long=True)


def waited(row: Row) -> str:
    job = row.job
    if row.step is not None:
        return ""
    until = row.now if job.start_time is None and job.end_time is None else job.start_time or job.end_time
    return duration.format_long(max(0, int(until) - int(job.eligible_time or until)))


FIELDS = [
    Field("Account", 10, lambda row: row.job.account or ""),
    Field("AdminComment", 15, not_recorded),
    Field("AllocCPUS", 10, lambda row: str(row.cpus)),
    Field("AllocNodes", 10, lambda row: str(row.nodes if row.start is not None else 0)),
    Field("AllocTRES", 10, lambda row: row.tres),
    Field("AssocID", 7, not_recorded),
    Field("AveCPU", 10, not_recorded),
    Field("AveCPUFreq", 10, not_recorded),
    Field("AveDiskRead", 14, not_recorded),
    Field("AveDiskWrite", 14, not_recorded),
    Field("AvePages", 10, not_recorded),
    Field("AveRSS", 10, not_recorded),
    Field("AveVMSize", 10, not_recorded),
    Field("BlockID", 16, not_recorded),
    Field("Cluster", 10, lambda row: "mlspace"),
    Field("Comment", 14, of_job(lambda job: job.comment or "")),
    Field("Constraints", 19, of_job(lambda job: job.option("constraint") or "")),
    Field("ConsumedEnergy", 14, not_recorded),
    Field("ConsumedEnergyRaw", 17, not_recorded),
    Field("Container", 19, of_job(lambda job: job.option("image") or "")),
    Field("CPUTime", 10, lambda row: duration.format_long(row.seconds * row.cpus)),
    Field("CPUTimeRAW", 10, lambda row: str(row.seconds * row.cpus)),
    Field("DBIndex", 10, lambda row: str(row.job.job_id)),
    Field("DerivedExitCode", 15, of_job(lambda job: "0:0")),
    Field("Elapsed", 10, lambda row: duration.format_long(row.seconds)),
    Field("ElapsedRaw", 10, lambda row: str(row.seconds)),
    Field("Eligible", 19, lambda row: row.time(row.job.eligible_time)),
    Field("End", 19, lambda row: row.time(row.end)),
    Field("ExitCode", 8, lambda row: row.exit_code),
    Field("Flags", 19, of_job(lambda job: "SchedMain" if job.start_time else "")),
    Field("GID", 6, of_job(lambda job: job.gid)),
    Field("Group", 9, of_job(lambda job: job.grp)),
    Field("JobID", 12, identity, left=True),
    Field("JobIDRaw", 12, raw_identity, left=True),
    Field("JobName", 10, lambda row: row.job.name if row.step is None else row.step.name),
    Field("Layout", 9, lambda row: "" if row.step is None else "Unknown" if row.step.name_in_job == "batch" else "Cyclic"),
    Field("MaxDiskRead", 12, not_recorded),
    Field("MaxDiskReadNode", 15, not_recorded),
    Field("MaxDiskReadTask", 15, not_recorded),
    Field("MaxDiskWrite", 12, not_recorded),
    Field("MaxDiskWriteNode", 16, not_recorded),
    Field("MaxDiskWriteTask", 16, not_recorded),
    Field("MaxPages", 8, not_recorded),
    Field("MaxPagesNode", 12, not_recorded),
    Field("MaxPagesTask", 14, not_recorded),
    Field("MaxRSS", 10, not_recorded),
    Field("MaxRSSNode", 10, not_recorded),
    Field("MaxRSSTask", 10, not_recorded),
    Field("MaxVMSize", 10, not_recorded),
    Field("MaxVMSizeNode", 14, not_recorded),
    Field("MaxVMSizeTask", 14, not_recorded),
    Field("McsLabel", 12, not_recorded),
    Field("MinCPU", 10, not_recorded),
    Field("MinCPUNode", 10, not_recorded),
    Field("MinCPUTask", 10, not_recorded),
    Field("NCPUS", 10, lambda row: str(row.cpus)),
    Field("NNodes", 8, lambda row: str(row.nodes)),
    Field("NodeList", 15, lambda row: row.node_list or NO_NODES),
    Field("NTasks", 8, lambda row: "" if row.step is None else str(row.step.tasks)),
    Field("Partition", 10, of_job(lambda job: job.partition)),
    Field("Priority", 10, of_job(lambda job: job.priority)),
    Field("QOS", 10, of_job(lambda job: job.shown_qos)),
    Field("QOSRAW", 6, of_job(lambda job: 1)),
    Field("Reason", 22, of_job(lambda job: "None" if job.start_time else job.reason)),
    Field("ReqCPUFreq", 10, lambda row: NOT_YET),
    Field("ReqCPUFreqGov", 13, lambda row: NOT_YET),
    Field("ReqCPUFreqMax", 13, lambda row: NOT_YET),
    Field("ReqCPUFreqMin", 13, lambda row: NOT_YET),
    Field("ReqCPUS", 8, lambda row: str(row.cpus)),
    Field("ReqMem", 10, of_job(lambda job: format_memory(job.shown_memory_mib))),
    Field("ReqNodes", 8, lambda row: str(row.nodes)),
    Field("ReqTRES", 10, requested),
    Field("Reservation", 20, not_recorded),
    Field("ReservationId", 8, not_recorded),
    Field("Reserved", 10, waited),
    Field("ResvCPU", 10, waited),
    Field("ResvCPURAW", 10, not_recorded),
    Field("Start", 19, lambda row: row.time(row.start, NOT_YET if row.job.end_time is None else STATE_LATER)),
    Field("State", 10, lambda row: row.state),
    Field("Submit", 19, lambda row: row.time(row.job.submit_time if row.step is None else row.step.start_time)),
    Field("SubmitLine", 20, of_job(lambda job: job.submit_line)),
    Field("Suspended", 10, lambda row: "00:00:00"),
    Field("SystemComment", 15, not_recorded),
    Field("SystemCPU", 10, lambda row: "00:00:00"),
    Field("Timelimit", 10, time_limit),
    Field("TimelimitRaw", 10, of_job(lambda job: "UNLIMITED" if job.time_limit is None else job.time_limit)),
    Field("TotalCPU", 10, lambda row: "00:00:00"),
    Field("TRESUsageInAve", 14, not_recorded),
    Field("TRESUsageInMax", 14, not_recorded),
    Field("TRESUsageInMaxNode", 18, not_recorded),
    Field("TRESUsageInMaxTask", 18, not_recorded),
    Field("TRESUsageInMin", 14, not_recorded),
    Field("TRESUsageInMinNode", 18, not_recorded),
    Field("TRESUsageInMinTask", 18, not_recorded),
    Field("TRESUsageInTot", 14, not_recorded),
    Field("TRESUsageOutAve", 15, not_recorded),
    Field("TRESUsageOutMax", 15, not_recorded),
    Field("TRESUsageOutMaxNode", 19, not_recorded),
    Field("TRESUsageOutMaxTask", 19, not_recorded),
    Field("TRESUsageOutMin", 15, not_recorded),
    Field("TRESUsageOutMinNode", 19, not_recorded),
    Field("TRESUsageOutMinTask", 19, not_recorded),
    Field("TRESUsageOutTot", 15, not_recorded),
    Field("UID", 6, of_job(lambda job: job.uid)),
    Field("User", 9, of_job(lambda job: job.user)),
    Field("UserCPU", 10, lambda row: "00:00:00"),
    Field("WCKey", 10, of_job(lambda job: job.option("wckey") or "")),
    Field("WCKeyID", 10, not_recorded),
    Field("WorkDir", 20, of_job(lambda job: job.work_dir)),
]

BY_NAME = {field.name.lower(): field for field in FIELDS}


class Column:
    """A field in a list, with its width and side."""

    __slots__ = ("field", "left", "width")

    def __init__(self, field: Field, width: int, left: bool) -> None:
        self.field = field
        self.width = width
        self.left = left

    def fit(self, text: str) -> str:
        """A text that is too long ends in a +."""
        if len(text) > self.width:
            text = text[: self.width - 1] + "+"
        return text.ljust(self.width) if self.left else text.rjust(self.width)


def read_format(text: str) -> list[Column] | str:
    """Columns of "jobid%20,state,elapsed%-10"; the item that is no field, as it was written, if there is one.

    A field may be abbreviated. Source: sacct(1) --format; sacct 22.05.
    """
    columns: list[Column] = []
    for item in text.split(","):
        name, percent, size = item.strip().partition("%")
        if not name:
            continue
        found = find(name.lower())
        if name.lower() == "all":
            columns += [Column(field, field.width, field.left) for field in FIELDS]
            continue
        digits = size.removeprefix("-")
        if found is None or (percent and not digits.isdigit()):
            return item
        left = size.startswith("-") if percent else found.left
        columns.append(Column(found, int(digits) if percent else found.width, left))
    return columns


def find(name: str) -> Field | None:
    return BY_NAME.get(name) or next((field for key, field in BY_NAME.items() if key.startswith(name)), None)


def lines(columns: Sequence[Column], rows: Iterable[Row], header: bool) -> list[str]:
    """The table, in columns with a blank behind each."""
    names = [column.fit(column.field.name[: column.width]) for column in columns]
    rules = ["-" * column.width for column in columns]
    cells = [[column.fit(column.field.value(row)) for column in columns] for row in rows]
    return [" ".join(line) + " " for line in ([names, rules] if header else []) + cells]


def parsable(columns: Sequence[Column], rows: Iterable[Row], header: bool, delimiter: str, ending: bool) -> list[str]:
    """The table with a delimiter between the fields, and behind the last one if `ending`."""
    cells = [[column.field.value(row) for column in columns] for row in rows]
    names = [[column.field.name for column in columns]] if header else []
    return [delimiter.join(line) + delimiter * ending for line in names + cells]


def field_names() -> list[str]:
    """--helpformat: four names a line."""
    names = [field.name for field in FIELDS]
    return [" ".join(f"{name:<19}" for name in names[start : start + 4]) for start in range(0, len(names), 4)]
