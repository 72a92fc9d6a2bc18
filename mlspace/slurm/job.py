"""JobView: a job as Slurm shows it. What every listing renders, wherever it came from; step.py has its steps."""

from __future__ import annotations

from mlspace.slurm import array, state
from mlspace.slurm.gres import count_of
from mlspace.slurm.hostlist import expand_hosts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

PLATFORM_PREFIX = "lm-"
"""What the platform's own names of jobs begin with (mlspace-facts §4.1)."""

# The columns of the registry's job table that a listing needs, in the order of JobView's arguments.
COLUMNS = (
    "job_id",
    "array_job_id",  # None unless an array's record or element
    "array_task_id",
    "array_spec",  # elements that wait, in an array's record: "3-99"; one that has a row of its own has array_task_id instead
    "array_limit",  # how many may run at once: 4 of --array=0-99%4; None: any number
    "het_job_id",
    "het_offset",
    "name",
    "user",
    "uid",
    "grp",
    "gid",
    "account",
    "partition",
    "qos",
    "state",
    "reason",  # "None", "Resources", "NonZeroExitCode", ...
    "dependency",  # what it waits for, as squeue's %E: "afterok:12(unfulfilled),singleton(unfulfilled)"; "" for nothing
    "wish",  # what follows its run: "requeue", "requeuehold", "special", "deadline"; "recall", "together" (state/queue.py); "": the end
    "exit_code",
    "exit_signal",
    "priority",  # 0 is held
    "nice",
    "restart_count",
    "submit_time",  # all times: unix seconds, int, or None
    "begin_time",  # of --begin, or None
    "eligible_time",  # since when nothing but resources keeps it from starting; None while it is held or waits for others
    "start_time",
    "end_time",
    "time_limit",  # minutes; None is UNLIMITED
    "time_min",  # minutes, or None
    "deadline",
    "nodes",
    "node_list",  # folded, "" while pending
    "tasks",
    "tasks_requested",  # 1 if -n or --ntasks-per-node was given
    "cpus",
    "cpus_per_task",
    "memory_mib",  # of the whole job
    "gpus",  # of the whole job
    "batch",  # 1 for sbatch
    "requeue",
    "command",  # script with its arguments, "" for --wrap
    "work_dir",
    "comment",
    "system_comment",  # what the platform said of it: why it has no room, why it was refused; or None
    "region",
    "instance_type",
    "place",  # what it competes for with others: region, instance type, allocation and queue
    "platform_job",  # lm-mpi-job-..., "" before it is known
    "alloc_node",
    "alloc_sid",
    "cancelled_by",  # uid or None
    "details",  # JSON text: the request's values, geometry, files, and the submitter's process; parsed only when asked
)


LAST = 2**32
"""Behind every index of an array, in an order."""

CLUSTER_NAME = "mlspace"

DEFAULT_QOS = "normal"
"""What Slurm shows of a job that asked for none."""


class JobView:
    """One job. Attributes are COLUMNS; `option`, `geometry` and `stream` look into the details."""

    __slots__ = (*COLUMNS, "_details")

    def __init__(self, values: Sequence[Any]) -> None:
        for column, value in zip(COLUMNS, values):  # noqa: B905 - strict= would cost a check per row of a listing
            setattr(self, column, value)
        self._details: dict[str, Any] | None = None

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def _parsed(self) -> dict[str, Any]:
        if self._details is None:
            import json

            self._details = json.loads(self.details or "{}")
        return self._details

    def _look(self, part: str, key: str) -> Any:
        return self._parsed().get(part, {}).get(key)

    @property
    def submit_line(self) -> str:
        """The command line that submitted the job."""
        return str(self._parsed().get("submit_line", ""))

    def option(self, long: str) -> Any:
        """The parsed value of an option of the request, by its long name, or None."""
        return self._look("values", long)

    def geometry(self, field: str) -> Any:
        """A field of the job's Geometry, `cpus_per_node` for one."""
        return self._look("geometry", field)

    def stream(self, name: str) -> str:
        """Path of "in", "out" or "err", its patterns expanded; "" where there is none."""
        from mlspace.slurm.filename import batch_values, expand

        file = self._look("files", name)
        if not file:
            return ""
        host = self.node_list or self.alloc_node
        return expand(file["path"], batch_values(self.job_id, self.name, self.user, host, self.array_job_id, self.array_task_id))

    def stream_pattern(self, name: str) -> str:
        """As `stream`, its patterns as they were written."""
        file = self._look("files", name)
        return str(file["path"]) if file else ""

    @property
    def wait_status(self) -> int:
        """Exit code and signal in one number, as wait(2) gives them."""
        return int(self.exit_code << 8 | self.exit_signal)

    @property
    def label(self) -> str:
        """The id that users see: "7", "7_3" an array's element, "7_[4-9%2]" its elements that wait, "7+1" a component."""
        if self.array_spec:
            return f"{self.array_job_id}_[{self.array_tasks}]"
        if self.array_task_id is not None:
            return f"{self.array_job_id}_{self.array_task_id}"
        return str(self.job_id) if self.het_job_id is None else f"{self.het_job_id}+{self.het_offset}"

    @property
    def order(self) -> tuple[int, int]:
        """By which jobs are sorted by id: an array's elements together, those that wait behind the others."""
        leader = self.array_job_id or self.het_job_id or self.job_id
        place = self.array_task_id if self.array_task_id is not None else self.het_offset
        return leader, LAST if place is None else place

    def with_tasks(self, wanted: Iterable[int], limit: int | None = None) -> JobView:
        """An array's record, as if of the elements that wait only these did: one stands as an element of its own."""
        indices = sorted(wanted)
        if len(indices) == 1:
            return self.but(array_limit=limit, array_spec=None, array_task_id=indices[0])
        return self.but(array_limit=limit, array_spec=array.fold(indices))

    def as_requested(self) -> JobView:
        """The job as it waited, or would: what it asked for, not what it was given."""
        return self.but(state=state.PENDING)

    def but(self, **columns: Any) -> JobView:
        """The job with these columns instead of its own."""
        values = {column: getattr(self, column) for column in COLUMNS} | columns
        return JobView(list(values.values()))

    @property
    def array_tasks(self) -> str:
        """The indices that the row stands for: "3-99%4" those that wait, "7" an element; "" of no array."""
        if self.array_spec:
            return f"{self.array_spec}%{self.array_limit}" if self.array_limit else str(self.array_spec)
        return "" if self.array_task_id is None else str(self.array_task_id)

    @property
    def tasks_waiting(self) -> list[int]:
        """The indices of an array's record; none of any other job."""
        return array.unfold(self.array_spec) if self.array_spec else []

    @property
    def is_held(self) -> bool:
        return self.is_pending and self.priority == 0

    @property
    def runs_script(self) -> bool:
        """Whether a batch script runs in it, as in the first component of a heterogeneous job alone."""
        return bool(self.batch and not self.het_offset)

    @property
    def is_pending(self) -> bool:
        return self.state in state.WAITING

    @property
    def is_over(self) -> bool:
        """Whether nothing more can be done to it: it has ended, or is about to."""
        return self.state in state.FINAL or self.state == state.COMPLETING

    @property
    def first_node(self) -> str:
        """Where the batch script runs; "" while the job waits."""
        names = expand_hosts(self.node_list) if self.node_list else []
        return names[0] if names else ""

    def shares(self) -> Iterator[tuple[str, int, int, int]]:
        """Name, and the CPUs, memory (MiB) and GPUs that the job has of it, of each of its nodes; nothing while it has none."""
        cpus, memory = self.geometry("cpus_per_node") or [], self.geometry("memory_mib_per_node") or []
        gpus = self.geometry("gpus_by_node") or [self.geometry("gpus_per_node") or 0] * len(cpus)
        yield from zip(expand_hosts(self.node_list) if self.node_list else [], cpus, memory, gpus)  # noqa: B905 - they may be unknown yet

    def runs_on(self, names: Iterable[str]) -> bool:
        """Whether the job has, or had, one of these nodes."""
        return not set(names).isdisjoint(expand_hosts(self.node_list))

    @property
    def shown_qos(self) -> str:
        return self.qos or DEFAULT_QOS

    @property
    def shown_start(self) -> int | None:
        """When it started; the end of a job that ended without having run. Source: scontrol, squeue 22.05."""
        moment: int | None = self.end_time if self.start_time is None else self.start_time
        return moment

    def elapsed(self, now: float) -> int:
        """Seconds that the job has run."""
        if self.start_time is None:
            return 0
        return max(0, int(self.end_time or now) - int(self.start_time))

    @property
    def least_cpus_per_node(self) -> int:
        """CPUs that a node must have at least. Source: Slurm 22.05, pn_min_cpus."""
        per_task = self.cpus_per_task or 1
        return max(self.option("mincpus") or 1, per_task * (self.option("ntasks-per-node") or 1))

    @property
    def shown_nodes(self) -> int:
        """Those that were given; while the job waits, the least of those that it takes."""
        if self.nodes == 1 or not self.is_pending:  # without a look into the details, which costs time
            return int(self.nodes)
        asked = self.option("nodes")
        return max(int(asked[0]), len(self.option("nodelist") or ())) if asked else int(self.nodes)

    @property
    def shown_tasks(self) -> int:
        """As shown_nodes, where their number follows from that of the nodes."""
        per_node = self.option("ntasks-per-node")
        if not self.is_pending or not per_node or self.option("ntasks"):
            return int(self.tasks)
        return int(per_node * self.shown_nodes)

    @property
    def shown_cpus(self) -> int:
        """Those that were given; while the job waits, those that were asked for."""
        if not self.is_pending:
            return int(self.cpus)
        return int(max(self.shown_tasks * (self.cpus_per_task or 1), self.shown_nodes * self.least_cpus_per_node))

    @property
    def shown_gpus(self) -> int:
        """As shown_cpus: whole nodes bring their GPUs only when they are given."""
        if not self.is_pending:
            return int(self.gpus)
        asked = {name: count_of("gpu", self.option(name)) for name in ("gpus", "gpus-per-node", "gres", "gpus-per-task")}
        per_node = asked["gpus-per-node"] or asked["gres"]
        return asked["gpus"] or per_node * self.shown_nodes or asked["gpus-per-task"] * self.shown_tasks

    @property
    def shown_memory_mib(self) -> int:
        per_cpu, per_node = self.geometry("mem_per_cpu"), self.geometry("mem_per_node")
        if self.is_pending and (per_cpu or per_node):
            return int(per_cpu * self.shown_cpus if per_cpu else per_node * self.shown_nodes)
        return int(self.memory_mib)
