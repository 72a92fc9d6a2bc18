"""squeue's letters: header, and how a job shows them. Source: squeue(1) --format; squeue 22.05.

The names of --Format are in render/squeue_names.py, the fields of a step in render/squeue_steps.py.
"""

from __future__ import annotations

from mlspace.render.format import UNSET, Field
from mlspace.slurm import duration, state
from mlspace.slurm.size import format_memory
from mlspace.slurm.timestamp import format_timestamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from mlspace.slurm.job import JobView

DEFAULT = "%.18i %.9P %.8j %.8u %.2t %.10M %.6D %R"
LONG = "%.18i %.9P %.8j %.8u %.8T %.10M %.9l %.6D %R"
START = "%.18i %.9P %.8j %.8u %.2t %.19S %.6D %20Y %R"

SORT = "P,t,-p"
START_SORT = "S"

UNSORTABLE = "aAEFkKoqrRswWxXyYZ"
"""Fields that --sort refuses."""

NOT_YET = "N/A"
ANY = "*"

HIGHEST_PRIORITY = 2**32 - 1
SPEC_LENGTH = 64
"""Room for the indices of an array, with the end of a C string. Source: squeue(1) SLURM_BITSTR_LEN."""

WITH_REASON = (*state.WAITING, state.TIMEOUT, state.OUT_OF_MEMORY, state.DEADLINE, state.FAILED)
"""States that NODELIST(REASON) explains; the others show their nodes."""


class View:
    """How rows are shown: the moment (unix seconds), SLURM_TIME_FORMAT, the length of an array's indices (0: any), sizes as asked for."""

    __slots__ = ("as_asked", "now", "spec_length", "time_format")

    def __init__(self, now: float, time_format: str = "", *, spec_length: int = SPEC_LENGTH, as_asked: bool = False) -> None:
        self.now = now
        self.time_format = time_format
        self.spec_length = spec_length
        self.as_asked = as_asked


class JobRow:
    """A job in a view. family: ids of the components of its heterogeneous job."""

    __slots__ = ("family", "job", "view")

    def __init__(self, job: JobView, view: View, family: Sequence[int] = ()) -> None:
        self.job = job
        self.view = view
        self.family = family

    @property
    def now(self) -> float:
        return self.view.now

    def time(self, moment: float | None, missing: str = NOT_YET) -> str:
        return format_timestamp(moment, self.view.time_format, missing, self.view.now)

    def size(self, mib: int) -> str:
        return f"{mib}M" if self.view.as_asked and mib else format_memory(mib)

    @property
    def seconds_left(self) -> int | None:
        if self.job.time_limit is None:
            return None
        return max(0, int(self.job.time_limit) * 60 - self.job.elapsed(self.now))

    @property
    def start(self) -> int | None:
        """When it started, or will at the earliest."""
        job = self.job
        if job.shown_start is None and job.begin_time and job.begin_time > self.now:
            return int(job.begin_time)
        return None if job.shown_start is None else int(job.shown_start)

    @property
    def eligible(self) -> int | None:
        """Since when, or from when on, nothing but resources keeps it from starting."""
        moment = self.job.eligible_time or self.job.begin_time
        return None if moment is None else int(moment)

    @property
    def end(self) -> str:
        """When it ended, or will at the latest."""
        job = self.job
        if job.end_time is not None:
            return self.time(job.end_time)
        if self.start is None:
            return NOT_YET
        return "NONE" if job.time_limit is None else self.time(self.start + job.time_limit * 60)

    @property
    def place(self) -> str:
        """NODELIST(REASON)."""
        job = self.job
        if job.state in WITH_REASON and (job.is_pending or job.reason != "None"):
            return f"({job.reason})"
        return str(job.node_list)

    @property
    def spec(self) -> str:
        """The indices of an array that the row stands for, cut where they are many; "" where it is none's."""
        text: str = self.job.array_tasks
        length = self.view.spec_length
        indices, percent, limit = text.partition("%")
        if not self.job.array_spec or not length or len(indices) <= length - 3:
            return text
        return f"{indices[: max(0, length - 4)]}...{percent}{limit}"

    @property
    def host(self) -> str:
        """EXEC_HOST: where the batch script runs, or srun."""
        return str(self.job.first_node if self.job.batch else self.job.alloc_node)

    @property
    def family_set(self) -> str:
        """The ids of its heterogeneous job, folded; "" of any other."""
        from mlspace.slurm.array import fold

        return fold(self.family)

    def elements(self) -> list[JobRow]:
        """A row for each element of an array's record; of any other job, itself."""
        tasks = self.job.tasks_waiting
        return [JobRow(self.job.with_tasks([task]), self.view, self.family) for task in tasks] or [self]

    @property
    def label(self) -> str:
        """The id that users see."""
        return f"{self.job.array_job_id}_[{self.spec}]" if self.job.array_spec else self.job.label


def listed(jobs: Iterable[JobView]) -> list[JobView]:
    """Jobs in the order in which Slurm's controller has them: an array's elements before the record of those that wait."""
    return sorted(jobs, key=lambda job: (job.array_job_id or job.job_id, job.array_task_id is None, job.job_id))


def limit(row: JobRow) -> str:
    return duration.format_limit(row.job.time_limit)


def left(row: JobRow) -> str:
    seconds = row.seconds_left
    return "UNLIMITED" if seconds is None else duration.format_short(seconds)


def has_no_limit(row: JobRow) -> bool:
    return row.job.time_limit is None


def memory_mib(row: JobRow) -> int:
    return int(row.job.geometry("mem_per_cpu") or row.job.geometry("mem_per_node") or 0)


def sharing(row: JobRow) -> str:
    exclusive = row.job.option("exclusive")
    if isinstance(exclusive, str):
        return exclusive.upper()
    return "NO" if exclusive else "YES" if exclusive is False else "OK"


def gres_per_node(row: JobRow) -> str:
    from mlspace.slurm.gres import format_resources

    asked = [*(row.job.option("gpus-per-node") or []), *(row.job.option("gres") or [])]
    return format_resources(asked) or NOT_YET


def hosts(row: JobRow, option: str) -> str:
    from mlspace.slurm.hostlist import fold_hosts

    return fold_hosts(row.job.option(option) or [])


def asked(row: JobRow, option: str) -> str:
    """A count that was asked for, or "*"."""
    number = row.job.option(option)
    return ANY if number is None else str(number)


def shape(row: JobRow) -> str:
    return ":".join(asked(row, option) for option in ("sockets-per-node", "cores-per-socket", "threads-per-core"))


def same(row: JobRow) -> int:
    """Sort key of a field by which --sort, though it takes it, does not sort."""
    return 0


def many(row: JobRow, option: str) -> int:
    number = row.job.option(option)
    return 2**16 if number is None else int(number)


def by_start(rows: list[Any], descending: bool) -> None:
    """Those without a start stand last, in reverse, whichever way."""
    known = [row for row in rows if row.start]
    unknown = [row for row in rows if not row.start]
    known.sort(key=lambda row: row.start, reverse=descending)
    rows[:] = known + unknown[::-1]


def by_nodes(rows: list[Any], descending: bool) -> None:
    """Those without nodes stand last, in reverse; first where descending."""
    placed = [row for row in rows if row.job.node_list]
    waiting = [row for row in rows if not row.job.node_list]
    placed.sort(key=lambda row: natural(row.job.first_node), reverse=descending)
    rows[:] = waiting + placed if descending else placed + waiting[::-1]


def natural(name: str) -> tuple[str, int]:
    """A host's name as what it is sorted by: n9 before n10."""
    stem = name.rstrip("0123456789")
    return stem, int(name[len(stem) :] or 0)


FIELDS = {
    "a": Field("ACCOUNT", lambda row: row.job.account or UNSET),
    "A": Field("JOBID", lambda row: str(row.job.job_id), lambda row: row.job.job_id),
    "b": Field("TRES_PER_NODE", gres_per_node),
    "B": Field("EXEC_HOST", lambda row: row.host or "n/a", lambda row: row.host),
    "c": Field("MIN_CPUS", lambda row: str(row.job.least_cpus_per_node), same),
    "C": Field("CPUS", lambda row: str(row.job.shown_cpus), lambda row: row.job.shown_cpus),
    "d": Field("MIN_TMP_DISK", lambda row: row.size(row.job.option("tmp") or 0), lambda row: row.job.option("tmp") or 0),
    "D": Field("NODES", lambda row: str(row.job.shown_nodes), lambda row: row.job.shown_nodes),
    "e": Field("END_TIME", lambda row: row.end, lambda row: row.job.end_time or row.start or 0),
    "E": Field("DEPENDENCY", lambda row: row.job.dependency or UNSET),
    "f": Field("FEATURES", lambda row: row.job.option("constraint") or UNSET),
    "F": Field("ARRAY_JOB_ID", lambda row: str(row.job.array_job_id or row.job.job_id)),
    "g": Field("GROUP", lambda row: row.job.grp),
    "G": Field("GROUP", lambda row: str(row.job.gid), lambda row: row.job.gid),
    "h": Field("OVER_SUBSCRIBE", sharing, same),
    "H": Field("SOCKETS_PER_NODE", lambda row: asked(row, "sockets-per-node"), lambda row: many(row, "sockets-per-node")),
    "i": Field("JOBID", lambda row: row.label, lambda row: row.job.order),
    "I": Field("CORES_PER_SOCKET", lambda row: asked(row, "cores-per-socket"), lambda row: many(row, "cores-per-socket")),
    "j": Field("NAME", lambda row: row.job.name),
    "J": Field("THREADS_PER_CORE", lambda row: asked(row, "threads-per-core"), lambda row: many(row, "threads-per-core")),
    "k": Field("COMMENT", lambda row: row.job.comment or UNSET),
    "K": Field("ARRAY_TASK_ID", lambda row: row.spec or NOT_YET),
    "l": Field("TIME_LIMIT", limit, lambda row: row.job.time_limit or duration.LONGEST_SECONDS, cut_value=has_no_limit),
    "L": Field("TIME_LEFT", left, lambda row: duration.LONGEST_SECONDS if has_no_limit(row) else row.seconds_left, cut_value=has_no_limit),
    "m": Field("MIN_MEMORY", lambda row: row.size(memory_mib(row)), memory_mib),
    "M": Field("TIME", lambda row: duration.format_short(row.job.elapsed(row.now)), lambda row: row.job.elapsed(row.now), cut_value=False),
    "n": Field("REQ_NODES", lambda row: hosts(row, "nodelist"), same),
    "N": Field("NODELIST", lambda row: row.job.node_list, sort=by_nodes, cut_header=False, cut_value=False),
    "o": Field("COMMAND", lambda row: row.job.command or UNSET),
    "O": Field("CONTIGUOUS", lambda row: str(int(bool(row.job.option("contiguous")))), same),
    "p": Field("PRIORITY", lambda row: f"{row.job.priority / HIGHEST_PRIORITY:.14f}", lambda row: row.job.priority),
    "P": Field("PARTITION", lambda row: row.job.partition),
    "q": Field("QOS", lambda row: row.job.shown_qos),
    "Q": Field("PRIORITY", lambda row: str(row.job.priority), lambda row: row.job.priority),
    "r": Field("REASON", lambda row: row.job.reason),
    "R": Field("NODELIST(REASON)", lambda row: row.place, cut_header=False, cut_value=lambda row: not row.job.node_list),
    "s": Field("", lambda row: ""),
    "S": Field("START_TIME", lambda row: row.time(row.start), sort=by_start),
    "t": Field("ST", lambda row: state.SHORT[row.job.state]),
    "T": Field("STATE", lambda row: row.job.state),
    "u": Field("USER", lambda row: row.job.user),
    "U": Field("UID", lambda row: str(row.job.uid), lambda row: row.job.uid),
    "v": Field("RESERVATION", lambda row: UNSET),
    "V": Field("SUBMIT_TIME", lambda row: row.time(row.job.submit_time), lambda row: row.job.submit_time),
    "w": Field("WCKEY", lambda row: row.job.option("wckey") or UNSET),
    "W": Field("LICENSES", lambda row: row.job.option("licenses") or UNSET),
    "x": Field("EXC_NODES", lambda row: hosts(row, "exclude")),
    "X": Field("CORE_SPEC", lambda row: NOT_YET),
    "y": Field("NICE", lambda row: str(row.job.nice), lambda row: row.job.nice),
    "Y": Field("SCHEDNODES", lambda row: UNSET, cut_header=False, cut_value=False),
    "z": Field("S:C:T", shape, lambda row: many(row, "sockets-per-node")),
    "Z": Field("WORK_DIR", lambda row: row.job.work_dir),
}
