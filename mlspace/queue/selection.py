"""Which jobs a user means by "12", "12_3" or "12_[1-3,7]": rows of the registry, and elements of an array that have no row yet."""

from __future__ import annotations

from mlspace.errors import BadValue
from mlspace.slurm import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mlspace.slurm.job import JobView

LONGEST_ID = 10


class Selected:
    """A job, or some of the elements that wait in an array's record: those in `tasks`, which is None for all that the row is."""

    __slots__ = ("job", "tasks")

    def __init__(self, job: JobView, tasks: Sequence[int] | None = None) -> None:
        self.job = job
        self.tasks = tasks

    @property
    def label(self) -> str:
        """As squeue -j shows it: "12_[1-3,7]"."""
        if self.tasks is None:
            return self.job.label
        text = array.fold(self.tasks)
        return f"{self.job.array_job_id}_{text}" if len(self.tasks) == 1 else f"{self.job.array_job_id}_[{text}]"


def number(text: str) -> int:
    """A job id as it is written: decimal digits, not too many. Raises BadValue."""
    if text.isascii() and text.isdigit() and len(text) <= LONGEST_ID and int(text) > 0:
        return int(text)
    raise BadValue(text)


def read(text: str) -> tuple[int, list[int] | None]:
    """Job id and array indices: "12" -> 12, None; "12_3" -> 12, [3]; "12_[1-3,7]" -> 12, [1, 2, 3, 7]; "12_*" -> 12, None.

    Raises BadValue for anything else.
    """
    leader, underscore, rest = text.partition("_")
    job_id = number(leader)
    if not underscore or rest == "*":
        return job_id, None
    if rest.startswith("[") and rest.endswith("]"):
        rest = rest[1:-1]
    elif not rest.isdigit():
        raise BadValue(text)
    return job_id, array.indices(array.specification(rest)["ranges"])


def items(text: str) -> list[str]:
    """The parts of a list with commas, those within brackets left alone: "1,2_[3,5]" -> "1", "2_[3,5]"; empty ones dropped."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "[") - (character == "]")
        if character == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part for part in parts if part]


def choose(rows: Iterable[JobView], job_id: int, tasks: Sequence[int] | None) -> list[Selected]:
    """Those of `rows` that are meant by what `read` gave. Without tasks: the job of that id, and all of the array of that id."""
    if tasks is None:
        return [Selected(row) for row in rows if job_id in (row.job_id, row.array_job_id, row.het_job_id)]
    wanted, found = set(tasks), []
    for row in rows:
        if row.array_job_id != job_id:
            continue
        if row.array_task_id is not None:
            if row.array_task_id in wanted:
                found.append(Selected(row))
            continue
        waiting = row.tasks_waiting
        meant = [task for task in waiting if task in wanted]
        if meant:
            found.append(Selected(row, None if len(meant) == len(waiting) else meant))
    return found
