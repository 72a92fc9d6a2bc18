"""Mail about jobs: which events there are, and what a mail program is told of one. Source: sbatch(1) --mail-type; slurmctld 22.05.8,
whose calls of a MailProg that kept its words and environment are in tests/slurm/test_mail.py.
"""

from __future__ import annotations

from mlspace.slurm import duration, state
from mlspace.slurm.environment import array_variables
from mlspace.slurm.layout import fold_counts
from mlspace.slurm.mailtype import EVENTS_OF_ALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mlspace.slurm.job import JobView

BEGIN, END, FAIL, REQUEUE = "BEGIN", "END", "FAIL", "REQUEUE"
INVALID_DEPEND, TIME_LIMIT, ARRAY_TASKS = "INVALID_DEPEND", "TIME_LIMIT", "ARRAY_TASKS"

PARTS = {"TIME_LIMIT_50": 50, "TIME_LIMIT_80": 80, "TIME_LIMIT_90": 90}
"""Percent of a job's time limit."""

WORDS = {
    BEGIN: "Began",
    END: "Ended",
    FAIL: "Failed",
    REQUEUE: "Requeued",
    INVALID_DEPEND: "Invalid dependency",
    TIME_LIMIT: "Reached time limit",
    **{event: f"Reached {percent}% of time limit" for event, percent in PARTS.items()},
}
"""What the subject calls an event. STAGE_OUT is not here: there are no burst buffers to stage out of."""

WELL = (state.COMPLETED, state.CANCELLED)
"""Ends that are no failure."""

NOWHERE = "(null)"
"""The node list of a job that has none."""


def wanted(job: JobView) -> set[str]:
    """The events that the job's mail is wanted of, and ARRAY_TASKS."""
    types = set(job.option("mail-type") or ())
    return types | set(EVENTS_OF_ALL) if "ALL" in types else types


def recipient(job: JobView) -> str:
    return str(job.option("mail-user") or job.user)


def is_summed_up(job: JobView) -> bool:
    """Whether the beginning and the end of the job's array are told of as one."""
    return job.array_job_id is not None and ARRAY_TASKS not in wanted(job)


def of_state(word: str, types: set[str], *, failed: bool | None = None) -> list[str]:
    """The events that a job's coming into a state is, as far as they are wanted.

    failed: of an array, whether any of its elements has. Who wants to know of ends alone hears of failures, too, as an end.
    """
    if word == state.RUNNING:
        found = [BEGIN]
    elif word == state.REQUEUED:
        found = [REQUEUE]
    elif word in state.FINAL:
        is_bad = word not in WELL if failed is None else failed
        found = [FAIL if is_bad and FAIL in types else END, *([TIME_LIMIT] if word == state.TIMEOUT else [])]
    else:
        found = []
    return [event for event in found if event in types]


class Elements:
    """How the elements of an array have ended. statuses: as wait(2) gives them."""

    __slots__ = ("has_failed", "least", "most")

    def __init__(self, statuses: Sequence[int], *, has_failed: bool) -> None:
        self.least = min(statuses, default=0)
        self.most = max(statuses, default=0)
        self.has_failed = has_failed


class Mail:
    """A mail about a job, as it was when the event happened. array: of one that sums up an array's ends; is_array: sums up any event."""

    __slots__ = ("array", "derived", "event", "is_array", "job", "state", "time")

    def __init__(self, job: JobView, event: str, word: str, time: int, *, is_array: bool = False, array: Elements | None = None) -> None:
        self.job = job
        self.derived = 0  # the highest exit code of its steps
        self.event = event
        self.state = word
        self.time = time
        self.is_array = is_array
        self.array = array

    @property
    def argv(self) -> list[str]:
        """What follows the mail program's name."""
        return ["-s", self.subject, recipient(self.job)]

    @property
    def subject(self) -> str:
        """ "Slurm Job_id=5 Name=train Ended, Run time 00:01:00, COMPLETED, ExitCode 0"."""
        job, word = self.job, WORDS[self.event]
        if self.is_array:
            return f"Slurm Array Summary Job_id={job.array_job_id}_* ({job.array_job_id}) Name={job.name} {word}{self._how_all()}"
        what = "" if job.array_task_id is None else "Array Task "
        label = f"{job.array_job_id}_{job.array_task_id} ({job.job_id})" if job.array_task_id is not None else job.label.partition("+")[0]
        return f"Slurm {what}Job_id={label} Name={job.name} {word}{self._time()}{self._how()}"

    def _seconds(self) -> int | None:
        """How long it waited, or ran; None for an event that tells of neither."""
        job = self.job
        if self.event == BEGIN:
            return max(0, self.time - int(job.submit_time))
        if self.event == INVALID_DEPEND:
            return None
        return 0 if job.start_time is None else max(0, self.time - int(job.start_time))

    def _time(self) -> str:
        seconds = self._seconds()
        if seconds is None:
            return ""
        return f", {'Queued' if self.event == BEGIN else 'Run'} time {duration.format_long(seconds)}"

    def _how(self) -> str:
        """The end of one job. One that a signal ended has no exit code."""
        if self.event not in (END, FAIL):
            return ""
        code, signal = self._exit()
        return f", {self.state}" + ("" if signal else f", ExitCode {code}")

    def _how_all(self) -> str:
        """The ends of an array's elements."""
        if self.array is None:
            return ""
        least, most = self.array.least, self.array.most
        for status, word in ((most, "MaxSignal"), (least, "MinSignal")):
            if status & 0x7F:
                return f", Mixed, {word} [{status & 0x7F}]"
        word = "Mixed" if least == 0 and most > 0 else self.state
        return f", {word}, ExitCode [{least >> 8}-{most >> 8}]"

    def _exit(self) -> tuple[int, int]:
        """As in accounting, a job that was cancelled or ran out of time has no code of its own."""
        job = self.job
        return (0, 0) if self.state in (state.CANCELLED, state.TIMEOUT) else (job.exit_code, job.exit_signal)

    def environment(self, cluster: str) -> dict[str, str]:
        """The SLURM_* variables of the mail program."""
        job = self.job
        found: dict[str, Any] = {
            "CLUSTER_NAME": cluster,
            "JOBID": job.job_id,
            "JOB_ACCOUNT": job.account,
            "JOB_GID": job.gid,
            "JOB_GROUP": job.grp,
            "JOB_ID": job.job_id,
            "JOB_MAIL_TYPE": WORDS[self.event],
            "JOB_NAME": job.name,
            "JOB_NODELIST": job.node_list or NOWHERE,
            "JOB_PARTITION": job.partition,
            "JOB_RESTART_COUNT": job.restart_count,
            "JOB_STATE": self.state,
            "JOB_STDIN": job.stream("in") or "/dev/null",
            "JOB_UID": job.uid,
            "JOB_USER": job.user,
            "JOB_WORK_DIR": job.work_dir,
        }
        if job.node_list:
            counts = job.geometry("cpus_per_node")
            found |= {"JOB_NUM_NODES": job.nodes, "JOB_CPUS_PER_NODE": fold_counts(counts) if counts else job.cpus}
        if self.event == BEGIN and not self.is_array:
            found["JOB_QUEUED_TIME"] = duration.format_long(self._seconds() or 0)
        elif self.event != BEGIN and job.start_time is not None:
            found["JOB_RUN_TIME"] = duration.format_long(self._seconds() or 0)
        if self.event in (END, FAIL):
            code, signal = self._exit()
            found |= {"JOB_EXIT_CODE": code << 8 | signal, "JOB_EXIT_CODE2": f"{code}:{signal}", "JOB_DERIVED_EC": self.derived}
            found["JOB_EXIT_CODE_MAX"] = code if self.array is None else self.array.most >> 8
            found |= {} if self.array is None else {"JOB_EXIT_CODE_MIN": self.array.least >> 8}
        variables = {f"SLURM_{name}": str(value) for name, value in found.items() if value is not None}
        return variables | array_variables({"array": job.option("array")}, job.array_job_id, job.array_task_id)  # type: ignore[arg-type]
