"""JobView and StepView: a job and a step as Slurm shows them. What every listing renders, wherever it came from."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

# The columns of the registry's job table that a listing needs, in the order of JobView's arguments.
COLUMNS = (
    "job_id",
    "array_job_id",  # None unless an array's record or element
    "array_task_id",
    "array_spec",  # pending elements of an array's record: "3-99%4"
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
    "exit_code",
    "exit_signal",
    "priority",
    "nice",
    "restart_count",
    "submit_time",  # all times: unix seconds, int, or None
    "eligible_time",
    "start_time",
    "end_time",
    "time_limit",  # minutes; None is UNLIMITED
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
    "region",
    "instance_type",
    "platform_job",  # lm-mpi-job-..., "" before it is known
    "alloc_node",
    "alloc_sid",
    "cancelled_by",  # uid or None
    "details",  # JSON text: the request's values, geometry, files, and the submitter's process; parsed only when asked
)


class JobView:
    """One job. Attributes are COLUMNS; `option`, `geometry` and `stream` look into the details."""

    __slots__ = (*COLUMNS, "_details")

    def __init__(self, values: Sequence[Any]) -> None:
        for column, value in zip(COLUMNS, values):  # noqa: B905 - strict= would cost a check per row of a listing
            setattr(self, column, value)
        self._details: dict[str, Any] | None = None

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def _look(self, part: str, key: str) -> Any:
        if self._details is None:
            import json

            self._details = json.loads(self.details or "{}")
        return self._details.get(part, {}).get(key)

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


STEP_COLUMNS = (
    "job_id",
    "step",  # number; -1 batch
    "name",
    "state",
    "node_list",
    "tasks",
    "start_time",
    "end_time",
    "exit_code",
    "exit_signal",
)


class StepView:
    """One step of a job. Attributes are STEP_COLUMNS."""

    __slots__ = STEP_COLUMNS

    def __init__(self, values: Sequence[Any]) -> None:
        for column, value in zip(STEP_COLUMNS, values):  # noqa: B905
            setattr(self, column, value)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...
