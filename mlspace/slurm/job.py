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
    "tasks_requested",  # 1 if -n or --ntasks-per-node was given
    "alloc_node",
    "alloc_sid",
    "cancelled_by",  # uid or None
    "request",  # JSON text of the JobRequest's component with what else a listing may want; parsed only when asked
)


class JobView:
    """One job. Attributes are COLUMNS; `detail(key)` reads the stored request's component."""

    __slots__ = (*COLUMNS, "_request")

    def __init__(self, values: Sequence[Any]) -> None:
        for column, value in zip(COLUMNS, values):  # noqa: B905 - strict= would cost a check per row of a listing
            setattr(self, column, value)
        self._request: dict[str, Any] | None = None

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def detail(self, option: str) -> Any:
        """The parsed value of an option of the request, by its long name, or None."""
        if self._request is None:
            import json

            self._request = json.loads(self.request or "{}")
        return self._request.get(option)


STEP_COLUMNS = (
    "job_id",
    "step",  # number; -1 batch, -2 extern
    "name",
    "state",
    "node_list",
    "nodes",
    "tasks",
    "cpus",
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
