"""A step's fields in squeue -s: letters of -o and names of -O. Source: squeue(1); squeue 22.05."""

from __future__ import annotations

from mlspace.render.format import UNSET, Field
from mlspace.render.squeue import NOT_YET, JobRow, View, natural, same
from mlspace.slurm import duration
from mlspace.slurm.hostlist import expand_hosts
from mlspace.slurm.job import CLUSTER_NAME
from mlspace.slurm.step import BATCH, held_by

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlspace.slurm.job import JobView
    from mlspace.slurm.step import StepView

DEFAULT = "%.15i %.8j %.9P %.8u %.9M %N"
SORT = "P,i"


class StepRow(JobRow):
    """A step of a job in a view."""

    __slots__ = ("step",)

    def __init__(self, job: JobView, step: StepView, view: View) -> None:
        super().__init__(job, view)
        self.step = step

    @property
    def seconds(self) -> int:
        return max(0, int(self.step.end_time or self.now) - int(self.step.start_time))

    @property
    def name(self) -> str:
        label = str(self.job.job_id) if self.step.step == BATCH and self.job.het_job_id is not None else self.job.label
        return f"{label}.{self.step.name_in_job}"

    @property
    def cpus(self) -> int:
        """Slurm counts none for the batch script."""
        return 0 if self.step.step == BATCH else held_by(self.step, self.job)[0]

    @property
    def limit(self) -> str:
        seconds = self.step.limit_seconds
        return "UNLIMITED" if seconds is None else duration.format_short(seconds)


LETTERS = {
    "A": Field("TASKS", lambda row: str(row.step.tasks), same),
    "b": Field("TRES_PER_JOB", lambda row: UNSET),
    "i": Field("STEPID", lambda row: row.name, lambda row: (*row.job.order, row.step.step % 2**32)),
    "j": Field("NAME", lambda row: row.step.name, same),
    "l": Field("TIME_LIMIT", lambda row: row.limit, same),
    "M": Field("TIME", lambda row: duration.format_short(row.seconds), lambda row: row.seconds, cut_value=False),
    "N": Field(
        "NODELIST",
        lambda row: row.step.node_list,
        lambda row: natural(expand_hosts(row.step.node_list)[0]) if row.step.node_list else ("", 0),
        cut_header=False,
        cut_value=False,
    ),
    "P": Field("PARTITION", lambda row: row.job.partition),
    "S": Field("START_TIME", lambda row: row.time(row.step.start_time), lambda row: row.step.start_time),
    "u": Field("USER", lambda row: row.job.user),
    "U": Field("UID", lambda row: str(row.job.uid), lambda row: row.job.uid),
}


def unset(header: str) -> Field:
    """A field that steps here never have."""
    return Field(header, lambda row: UNSET)


NAMES = {
    "arrayjobid": Field("ARRAY_JOB_ID", lambda row: str(row.job.array_job_id or 0)),
    "arraytaskid": Field("ARRAY_TASK_ID", lambda row: row.job.array_tasks or NOT_YET),
    "cluster": Field("CLUSTER", lambda row: CLUSTER_NAME),
    "container": unset("CONTAINER"),
    "cpufreq": Field("CPU_FREQ", lambda row: "0-0:0" if row.step.step == BATCH else "Unknown-Unknown:Unknown"),
    "cpus-per-tres": unset("CPUS_PER_TRES"),
    "gres": unset("TRES_PER_JOB"),
    "jobid": Field("JOB_ID", lambda row: str(row.job.job_id)),
    "mem-per-tres": unset("MEM_PER_TRES"),
    "network": unset("NETWORK"),
    "nodes": LETTERS["N"],
    "numcpus": Field("NUM_CPUS", lambda row: str(row.cpus)),
    "numtasks": LETTERS["A"],
    "partition": LETTERS["P"],
    "resvports": unset("RESERVED_PORTS"),
    "starttime": LETTERS["S"],
    "stepid": LETTERS["i"],
    "stepname": LETTERS["j"],
    "stepstate": Field("STATE", lambda row: row.step.state),
    "timelimit": LETTERS["l"],
    "timeused": LETTERS["M"],
    "tres-bind": unset("TRES_BIND"),
    "tres-freq": unset("TRES_FREQ"),
    "tres-per-job": unset("TRES_PER_STEP"),
    "tres-per-node": unset("TRES_PER_JOB"),
    "tres-per-socket": unset("TRES_PER_SOCKET"),
    "tres-per-step": unset("TRES_PER_STEP"),
    "tres-per-task": unset("TRES_PER_TASK"),
    "userid": LETTERS["U"],
    "username": LETTERS["u"],
}
