"""squeue's fields: letter, header, and how a job or a step shows it. Source: squeue(1) --format; squeue 22.05."""

from __future__ import annotations

from mlspace.render.format import Field
from mlspace.slurm import duration, state
from mlspace.slurm.size import format_memory
from mlspace.slurm.timestamp import format_timestamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlspace.slurm.job import JobView, StepView

DEFAULT = "%.18i %.9P %.8j %.8u %.2t %.10M %.6D %R"
LONG = "%.18i %.9P %.8j %.8u %.8T %.10M %.9l %.6D %R"
START = "%.18i %.9P %.8j %.8u %.2t %.19S %.6D %20Y %R"
STEPS = "%.15i %.8j %.9P %.8u %.9M %N"

SORT = "P,t,-p"
START_SORT = "S"
STEP_SORT = "P,i"

UNSORTABLE = "aAEFkKoqrRswWxXyYZ"
"""Fields that --sort refuses."""

NONE = "(null)"
NOT_YET = "N/A"
ANY = "*"

PRIORITY_RANGE = 2**32
LATE = 2**62
"""A time after all others, for jobs that have none."""

WITH_REASON = (state.PENDING, state.TIMEOUT, state.OUT_OF_MEMORY, state.DEADLINE, state.FAILED)
"""States that NODELIST(REASON) explains; the others show their nodes."""


class JobRow:
    """A job at a moment: unix seconds, and how times are written (SLURM_TIME_FORMAT)."""

    __slots__ = ("job", "now", "time_format")

    def __init__(self, job: JobView, now: float, time_format: str) -> None:
        self.job = job
        self.now = now
        self.time_format = time_format

    def time(self, moment: float | None, missing: str = NOT_YET) -> str:
        return format_timestamp(moment, self.time_format, missing)

    @property
    def seconds_left(self) -> int | None:
        if self.job.time_limit is None:
            return None
        return max(0, int(self.job.time_limit) * 60 - self.job.elapsed(self.now))

    @property
    def end(self) -> str:
        """When it ended, or will at the latest."""
        job = self.job
        if job.end_time is not None:
            return self.time(job.end_time)
        if job.start_time is None:
            return NOT_YET
        return "NONE" if job.time_limit is None else self.time(job.start_time + job.time_limit * 60)

    @property
    def place(self) -> str:
        """NODELIST(REASON)."""
        job = self.job
        if job.state in WITH_REASON and (job.is_pending or job.reason != "None"):
            return f"({job.reason})"
        return str(job.node_list)


def limit(row: JobRow) -> str:
    return duration.format_limit(row.job.time_limit)


def left(row: JobRow) -> str:
    seconds = row.seconds_left
    return "UNLIMITED" if seconds is None else duration.format_short(seconds)


def memory(row: JobRow) -> str:
    mib = row.job.geometry("mem_per_cpu") or row.job.geometry("mem_per_node") or 0
    return format_memory(mib)


def sharing(row: JobRow) -> str:
    return "NO" if row.job.option("exclusive") else "YES" if row.job.option("exclusive") is False else "OK"


def gres_per_node(row: JobRow) -> str:
    gpus = row.job.geometry("gpus_per_node")
    return f"gres:gpu:{gpus}" if gpus else NOT_YET


def hosts(row: JobRow, option: str) -> str:
    from mlspace.slurm.hostlist import fold_hosts

    return fold_hosts(row.job.option(option) or [])


JOB_FIELDS = {
    "a": Field("ACCOUNT", lambda row: row.job.account or NONE),
    "A": Field("JOBID", lambda row: str(row.job.job_id), lambda row: row.job.job_id),
    "b": Field("TRES_PER_NODE", gres_per_node),
    "B": Field("EXEC_HOST", lambda row: row.job.first_node or "n/a"),
    "c": Field("MIN_CPUS", lambda row: str(row.job.least_cpus_per_node), lambda row: row.job.least_cpus_per_node),
    "C": Field("CPUS", lambda row: str(row.job.shown_cpus), lambda row: row.job.shown_cpus),
    "d": Field("MIN_TMP_DISK", lambda row: str(row.job.option("tmp") or 0)),
    "D": Field("NODES", lambda row: str(row.job.nodes), lambda row: row.job.nodes),
    "e": Field("END_TIME", lambda row: row.end),
    "E": Field("DEPENDENCY", lambda row: NONE),
    "f": Field("FEATURES", lambda row: row.job.option("constraint") or NONE),
    "F": Field("ARRAY_JOB_ID", lambda row: str(row.job.array_job_id or row.job.job_id)),
    "g": Field("GROUP", lambda row: row.job.grp),
    "G": Field("GROUP", lambda row: str(row.job.gid), lambda row: row.job.gid),
    "h": Field("OVER_SUBSCRIBE", sharing),
    "H": Field("SOCKETS_PER_NODE", lambda row: ANY),
    "i": Field("JOBID", lambda row: row.job.label, lambda row: row.job.job_id),
    "I": Field("CORES_PER_SOCKET", lambda row: ANY),
    "j": Field("NAME", lambda row: row.job.name),
    "J": Field("THREADS_PER_CORE", lambda row: ANY),
    "k": Field("COMMENT", lambda row: row.job.comment or NONE),
    "K": Field("ARRAY_TASK_ID", lambda row: NOT_YET if row.job.array_task_id is None else str(row.job.array_task_id)),
    "l": Field("TIME_LIMIT", limit, lambda row: row.job.time_limit or duration.LONGEST_SECONDS),
    "L": Field("TIME_LEFT", left, lambda row: duration.LONGEST_SECONDS if row.seconds_left is None else row.seconds_left),
    "m": Field("MIN_MEMORY", memory),
    "M": Field(
        "TIME", lambda row: duration.format_short(row.job.elapsed(row.now)), lambda row: row.job.elapsed(row.now), cut_value=False
    ),
    "n": Field("REQ_NODES", lambda row: hosts(row, "nodelist")),
    "N": Field("NODELIST", lambda row: row.job.node_list, cut_header=False, cut_value=False),
    "o": Field("COMMAND", lambda row: row.job.command or NONE),
    "O": Field("CONTIGUOUS", lambda row: str(int(bool(row.job.option("contiguous"))))),
    "p": Field("PRIORITY", lambda row: f"{row.job.priority / PRIORITY_RANGE:.14f}", lambda row: row.job.priority),
    "P": Field("PARTITION", lambda row: row.job.partition),
    "q": Field("QOS", lambda row: row.job.shown_qos),
    "Q": Field("PRIORITY", lambda row: str(row.job.priority), lambda row: row.job.priority),
    "r": Field("REASON", lambda row: row.job.reason),
    "R": Field("NODELIST(REASON)", lambda row: row.place, cut_header=False, cut_value=lambda row: not row.job.node_list),
    "s": Field("", lambda row: ""),
    "S": Field("START_TIME", lambda row: row.time(row.job.start_time), lambda row: row.job.start_time or LATE),
    "t": Field("ST", lambda row: state.SHORT[row.job.state]),
    "T": Field("STATE", lambda row: row.job.state),
    "u": Field("USER", lambda row: row.job.user),
    "U": Field("UID", lambda row: str(row.job.uid), lambda row: row.job.uid),
    "v": Field("RESERVATION", lambda row: NONE),
    "V": Field("SUBMIT_TIME", lambda row: row.time(row.job.submit_time), lambda row: row.job.submit_time),
    "w": Field("WCKEY", lambda row: row.job.option("wckey") or NONE),
    "W": Field("LICENSES", lambda row: NONE),
    "x": Field("EXC_NODES", lambda row: hosts(row, "exclude")),
    "X": Field("CORE_SPEC", lambda row: NOT_YET),
    "y": Field("NICE", lambda row: str(row.job.nice), lambda row: row.job.nice),
    "Y": Field("SCHEDNODES", lambda row: NONE, cut_header=False, cut_value=False),
    "z": Field("S:C:T", lambda row: "*:*:*"),
    "Z": Field("WORK_DIR", lambda row: row.job.work_dir),
}


class StepRow(JobRow):
    """A step of a job at a moment."""

    __slots__ = ("step",)

    def __init__(self, job: JobView, step: StepView, now: float, time_format: str) -> None:
        super().__init__(job, now, time_format)
        self.step = step

    @property
    def seconds(self) -> int:
        return max(0, int(self.step.end_time or self.now) - int(self.step.start_time))


STEP_FIELDS = {
    "A": Field("TASKS", lambda row: str(row.step.tasks), lambda row: row.step.tasks),
    "i": Field("STEPID", lambda row: f"{row.job.label}.{row.step.name_in_job}", lambda row: (row.job.job_id, row.step.step % 2**32)),
    "j": Field("NAME", lambda row: row.step.name),
    "l": Field("TIME_LIMIT", lambda row: "UNLIMITED"),
    "M": Field("TIME", lambda row: duration.format_short(row.seconds), lambda row: row.seconds, cut_value=False),
    "N": Field("NODELIST", lambda row: row.step.node_list, cut_header=False, cut_value=False),
    "P": Field("PARTITION", lambda row: row.job.partition),
    "S": Field("START_TIME", lambda row: row.time(row.step.start_time), lambda row: row.step.start_time),
    "u": Field("USER", lambda row: row.job.user),
    "U": Field("UID", lambda row: str(row.job.uid), lambda row: row.job.uid),
}
