"""StepView: a step of a job as Slurm shows it; the batch script is one, too."""

from __future__ import annotations

from mlspace.slurm import state
from mlspace.slurm.hostlist import expand_hosts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from mlspace.slurm.job import JobView
    from mlspace.slurm.usage import Used, UsedByJob

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
    "cpus",  # this and the next two: what it holds; None where that is not known
    "gpus",
    "memory_mib",  # None, too, of one that has all memory of the job on its nodes
    "distribution",  # as SLURM_DISTRIBUTION spells it; "" where that is not known
    "limit_seconds",  # None: the job's
    "srun",  # host and process id, "n1:77"; "" where that is not known
)

BATCH = -1
WHOLE_JOB = -2
"""Among steps, where all of them are meant."""


class StepView:
    """One step of a job. Attributes are STEP_COLUMNS; BATCH is the step of the batch script itself."""

    __slots__ = (*STEP_COLUMNS, "used")

    def __init__(self, values: Sequence[Any]) -> None:
        self.used: Used | None = None  # where it is known and was asked for
        for column, value in zip(STEP_COLUMNS, values):  # noqa: B905
            setattr(self, column, value)

    @property
    def nodes(self) -> list[str]:
        return expand_hosts(self.node_list) if self.node_list else []

    @property
    def name_in_job(self) -> str:
        """ "batch", or the step's number."""
        return "batch" if self.step == BATCH else str(self.step)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


class Account:
    """A run of a job, with its steps, the batch script first, and what they used; None where that is not known."""

    __slots__ = ("job", "steps", "used")

    def __init__(self, job: JobView, steps: Sequence[StepView] = (), used: UsedByJob | None = None) -> None:
        self.job = job
        self.steps = steps
        self.used = used


def batch_step(job: JobView) -> StepView:
    """The batch script as a step of its job, which has started."""
    cancelled = job.state in (state.CANCELLED, state.REQUEUED)
    signal = job.exit_signal or (15 if cancelled or job.state == state.TIMEOUT else 0)
    # Slurm 22.05: the script of a job that ran out of time, too, was cancelled, and so is what a signal ended.
    step_state = state.CANCELLED if cancelled or job.state == state.TIMEOUT or job.exit_signal else job.state
    return StepView(
        [job.job_id, BATCH, "batch", step_state, job.first_node, 1, job.start_time, job.end_time, job.exit_code, signal]
        + [None, None, None, "", None, ""]
    )


def held_by(step: StepView, job: JobView) -> tuple[int, int, int]:
    """CPUs, memory in MiB and GPUs that a step has: as its `launch` tells; else all that the job has on its nodes."""
    names = set(step.nodes)
    mine = [numbers for name, *numbers in job.shares() if name in names]
    cpus, mib, gpus = (sum(numbers[part] for numbers in mine) for part in range(3))
    if step.cpus is None:
        return cpus, mib, gpus
    return step.cpus, mib if step.memory_mib is None else step.memory_mib, step.gpus


def derived_exit(steps: Iterable[StepView]) -> tuple[int, int]:
    """Highest code of srun's steps, and its signal."""
    return max(((step.exit_code or 0, step.exit_signal or 0) for step in steps if step.step >= 0), default=(0, 0))
