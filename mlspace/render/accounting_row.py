"""A job or a step as sacct sees it: what is derived from what the registry knows, and in which manner it is shown."""

from __future__ import annotations

from mlspace.render.measures import converted
from mlspace.slurm import state
from mlspace.slurm.hostlist import expand_hosts
from mlspace.slurm.size import format_memory
from mlspace.slurm.step import derived_exit, held_by
from mlspace.slurm.timestamp import format_timestamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.slurm.accounting import Window
    from mlspace.slurm.job import JobView
    from mlspace.slurm.step import StepView
    from mlspace.slurm.usage import Range, Used, UsedByJob

NOT_YET = "Unknown"
NO_NODES = "None assigned"
STATE_LATER = "None"

LIST_LENGTH = 64
"""Characters that the element list of an array may have. Source: sacct(1) SLURM_BITSTR_LEN."""

UNITS = {unit: 1024**power for power, unit in enumerate("KMGTP", 1)}
"""Bytes of each unit that --units takes."""


class Manner:
    """How values are shown: at which moment, SLURM_TIME_FORMAT, the unit of --units ("" to convert where it divides evenly, "M" not to),
    the window that --truncate cuts times to, and how long the element list of an array may be.
    """

    __slots__ = ("list_length", "now", "time_format", "unit", "window")

    def __init__(
        self, now: float, time_format: str = "", unit: str = "", window: Window | None = None, list_length: int = LIST_LENGTH
    ) -> None:
        self.now = now
        self.time_format = time_format
        self.unit = unit
        self.window = window
        self.list_length = list_length

    def memory(self, mib: int) -> str:
        """ "800M", "0.78G", "819200K"."""
        if not self.unit:
            return format_memory(mib)
        return self.size(mib * UNITS["M"])

    def size(self, count: int) -> str:
        """Bytes: "59152K", "57.77M"."""
        if not self.unit:
            return converted(count)
        size = count / UNITS[self.unit]
        return f"{size:.0f}{self.unit}" if size == int(size) else f"{size:.2f}{self.unit}"


class StepUsed:
    """What the tasks of a step used that has ended, to be shown (Measured of render/measures.py)."""

    __slots__ = ("manner", "nodes", "tasks", "used")

    def __init__(self, used: Used, nodes: Sequence[str], manner: Manner) -> None:
        self.used = used
        self.tasks = used.tasks
        self.nodes = nodes
        self.manner = manner

    def range(self, kind: str) -> Range:
        return self.used.ranges[kind]

    def size(self, count: int) -> str:
        return self.manner.size(count)


class Row:
    """A job, or one of its steps, shown in some manner. Of a job, `steps` are all that it has, and `used` is what they used, as

    far as they were asked for.
    """

    __slots__ = ("job", "manner", "step", "steps", "used")

    def __init__(
        self,
        job: JobView,
        step: StepView | None,
        manner: Manner,
        steps: Sequence[StepView] = (),
        used: UsedByJob | None = None,
    ) -> None:
        self.job = job
        self.step = step
        self.manner = manner
        self.steps = steps
        self.used: Used | UsedByJob | None = used if step is None else step.used

    def time(self, moment: float | None, missing: str = NOT_YET) -> str:
        return format_timestamp(moment, self.manner.time_format, missing)

    @property
    def start(self) -> int | None:
        moment: int | None = self.job.start_time if self.step is None else self.step.start_time
        return self._clipped(moment)

    @property
    def end(self) -> int | None:
        moment: int | None = self.job.end_time if self.step is None else self.step.end_time
        return self._clipped(moment)

    def _clipped(self, moment: int | None) -> int | None:
        return moment if self.manner.window is None else self.manner.window.clip(moment)

    @property
    def seconds(self) -> int:
        return 0 if self.start is None else max(0, int(self.end or self.manner.now) - int(self.start))

    @property
    def node_list(self) -> str:
        return str(self.job.node_list if self.step is None else self.step.node_list)

    @property
    def nodes(self) -> int:
        """How many nodes; of a job that waits, as many as it asks for."""
        return len(expand_hosts(self.node_list)) or int(self.job.nodes)

    @property
    def measured(self) -> StepUsed | None:
        """What the tasks of the step used; None of a job, and where it is not known."""
        return None if self.step is None or self.step.used is None else StepUsed(self.step.used, self.step.nodes, self.manner)

    @property
    def cpus(self) -> int:
        return self.job.shown_cpus if self.step is None else held_by(self.step, self.job)[0]

    @property
    def state(self) -> str:
        if self.step is not None:
            return accounted(self.step.state)
        job = self.job
        word = accounted(state.CANCELLED if job.state == state.COMPLETING and job.cancelled_by is not None else job.state)
        return f"{word} by {job.cancelled_by}" if word == state.CANCELLED and job.cancelled_by is not None else word

    @property
    def exit_code(self) -> str:
        if self.step is not None:
            return exit_words(self.step.exit_code, self.step.exit_signal)
        # A cancelled or timed-out job's own code is 0:0 in the accounting; its batch step has the signal.
        ended_by_us = self.job.state in (state.CANCELLED, state.TIMEOUT)
        return "0:0" if ended_by_us else exit_words(self.job.exit_code, self.job.exit_signal)

    @property
    def derived_exit(self) -> tuple[int, int]:
        """Highest code of srun's steps, and its signal. Those that ended with a job that was ended do not count."""
        if self.job.state in (state.CANCELLED, state.TIMEOUT):
            return 0, 0
        return derived_exit(self.steps)

    @property
    def tres(self) -> str:
        """What is allocated, by name: "billing=8,cpu=8,gres/gpu=2,mem=800M,node=2"; a step has no billing."""
        job = self.job
        if job.start_time is None and self.step is None:
            return ""
        cpus, mib, gpus = (self.cpus, job.memory_mib, job.gpus) if self.step is None else held_by(self.step, job)
        return tres(cpus, self.manner.memory(mib), self.nodes, gpus, billing=self.step is None)


def exit_words(code: int, signal: int) -> str:
    """ "3:0", "0:15". A code of 128 or more, which a shell gives for a signal, is shown without the 128: "9:0".

    Source: compat/captures/*/batch/code_of_a_signal.
    """
    return f"{code - 128 if code >= 128 else code}:{signal}"


def accounted(word: str) -> str:
    """A state as accounting keeps it: what is of a moment has not begun, or not ended, there."""
    return state.RUNNING if word in (state.COMPLETING, state.CONFIGURING) else word


def tres(cpus: int, memory: str, nodes: int, gpus: int, *, billing: bool) -> str:
    words = [f"billing={cpus}"] if billing else []
    words.append(f"cpu={cpus}")
    if gpus:
        words.append(f"gres/gpu={gpus}")
    return ",".join([*words, f"mem={memory}", f"node={nodes}"])
