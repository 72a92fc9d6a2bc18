"""Where srun's output goes that comes by the job's log: to its own streams, to files here, as srun always writes them, or nowhere.

The log tells lines apart by stream and not by task, so that what would be several files, or one task's output, is refused.
"""

from __future__ import annotations

from mlspace.errors import MlspaceError, RequestRefused
from mlspace.slurm.filename import batch_values, expand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

    from mlspace.context import Context
    from mlspace.slurm.job import JobView
    from mlspace.slurm.request import Component

OPTIONS = ("output", "error")
STREAMS = {"output": "stdout", "error": "stderr"}

OWN, NONE = ("", "all"), "none"
OF_TASKS = "tnN"
"""Patterns that have another value for each task, or node."""

STEP = 0


class OutputFailed(MlspaceError):
    """A file could not be opened or written: the step ends."""


class StepOutput:
    """What --output, --error and --open-mode say. Raises RequestRefused for what a log cannot do."""

    def __init__(self, context: Context, component: Component) -> None:
        self.context = context
        self.component = component
        self.patterns = {option: component.values.pop(option, None) or "" for option in OPTIONS}  # the nodes write nothing
        for option, pattern in self.patterns.items():
            if pattern.isdecimal() or tells_tasks_apart(pattern):
                raise RequestRefused(
                    f"--{option}={pattern}: this cluster's log does not tell tasks apart",
                    "  one file for all of them does it, or -l, which puts the task's number before each line",
                )
        self.files: dict[str, IO[str] | None] = {}

    def open(self, job: JobView) -> None:
        """Opens the files of the job's one step; standard error without a file of its own goes where standard output does.

        Raises OutputFailed, in Slurm's words.
        """
        opened: dict[str, IO[str]] = {}
        mode = "a" if self.component["open-mode"] == "append" else "w"
        for option, pattern in self.patterns.items():
            if pattern in (*OWN, NONE):
                continue
            path = expand(pattern, step_values(job))
            try:
                if path not in opened:
                    opened[path] = open(path, mode, encoding="utf-8", errors="surrogateescape", newline="")  # noqa: SIM115 - to the end
            except OSError as error:
                raise OutputFailed(f"Could not open {STREAMS[option]} file: {error.strerror}") from error
            self.files[option] = opened[path]

    def take(self, stream: int, rank: int, text: str) -> None:
        """A line of the job's."""
        option = "error" if stream != 1 and self.patterns["error"] else "output"
        pattern = self.patterns[option]
        file = self.files.get(option)
        if file is not None:
            try:
                file.write(text)
                file.flush()
            except OSError as error:
                raise OutputFailed(f"{file.name}: {error.strerror}") from error
        elif pattern != NONE:
            self.context.pass_on(stream, text)


def tells_tasks_apart(pattern: str) -> bool:
    return expand(pattern, dict.fromkeys(OF_TASKS, "0")) != expand(pattern, dict.fromkeys(OF_TASKS, "1"))


def step_values(job: JobView) -> dict[str, str]:
    """What the patterns stand for in the names of a step's files. Source: srun(1), IO Redirection."""
    return {**batch_values(job.job_id, job.name, job.user, ""), "J": f"{job.job_id}.{STEP}", "s": str(STEP)}
