"""--dependency over the registry's rows: what is met, what never will be, and the text that squeue's %E shows of the rest.

The text is all that is kept: "afterok:12(unfulfilled),after:13_2+5(unfulfilled)"; `?` between them where any one will do.
Source: sbatch(1) --dependency; Slurm 22.05.
"""

from __future__ import annotations

from mlspace.slurm import state
from mlspace.slurm.dependency import SINGLETON

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from mlspace.queue.facts import Facts
    from mlspace.slurm.job import JobView

MET = "met"
WAITING = "unfulfilled"
NEVER = "failed"

CORRESPONDING = "aftercorr"


def describe(conditions: Mapping[str, Any], facts: Facts) -> str:
    """The text for what slurm.dependency.conditions read. "12" is written "12_*" where it is an array."""
    words = []
    for condition in conditions.get("conditions", ()):
        kind = condition["type"]
        if kind == SINGLETON:
            words.append(f"{SINGLETON}({WAITING})")
        for target in condition["jobs"]:
            task = "" if target["task"] is None else str(target["task"])
            if not task and is_array(facts, target["job"]):
                task = "*"
            delay = f"+{target['delay']}" if target["delay"] else ""
            words.append(f"{kind}:{target['job']}{'_' + task if task else ''}{delay}({WAITING})")
    return ("," if conditions.get("all", True) else "?").join(words)


def depends_on(text: str, job: JobView, facts: Facts) -> bool:
    """Whether a dependency leads back to the job itself, directly or by what others wait for."""
    seen: set[int] = set()
    todo = targets(text)
    while todo:
        number = todo.pop()
        if number in (job.job_id, job.array_job_id):
            return True
        if number not in seen:
            seen.add(number)
            for row in facts.find(number, ""):
                todo += targets(row.dependency) if row.is_pending else []
    return False


def targets(text: str) -> list[int]:
    """The job ids in a dependency's text."""
    words = text.replace("?", ",").split(",") if text else []
    return [int(word.partition(":")[2].partition("(")[0].partition("+")[0].partition("_")[0]) for word in words if ":" in word]


def needs_elements(text: str) -> bool:
    """Whether each element of an array waits for something of its own."""
    return CORRESPONDING in text


def evaluate(job: JobView, facts: Facts, now: float) -> tuple[str, str]:
    """What is left of job.dependency as text, and MET, WAITING or NEVER."""
    text = job.dependency
    if not text:
        return "", MET
    is_any = "?" in text
    left, states = [], []
    for word in text.split("?" if is_any else ","):
        condition = word.partition("(")[0]
        found = test(condition, job, facts, now)
        states.append(found)
        if found != MET:
            left.append(f"{condition}({found})")
    if is_any:
        if MET in states:
            return "", MET
        return "?".join(left), WAITING if WAITING in states else NEVER
    if NEVER in states:
        return ",".join(left), NEVER
    return ",".join(left), WAITING if left else MET


def test(condition: str, job: JobView, facts: Facts, now: float) -> str:
    """One condition: "afterok:12_3", "after:12+5", "singleton". A job that nobody knows keeps nobody waiting, as in Slurm."""
    kind, _, target = condition.partition(":")
    if kind == SINGLETON:
        return WAITING if any(comes_before(other, job, facts) for other in facts.same_name(job)) else MET
    name, _, delay = target.partition("+")
    number, _, task = name.partition("_")
    if kind == CORRESPONDING and job.array_task_id is not None and is_array(facts, int(number)):
        task = str(job.array_task_id)
    rows = [row for row in facts.find(int(number), task) if not is_own(row, job)]
    if not rows:
        return MET
    return TESTS[kind](rows, int(delay or 0) * 60, now)


def is_own(row: JobView, job: JobView) -> bool:
    """Whether it is the job itself, or of its array: a dependency on an id that nobody had yet may have become one on that."""
    return bool(row.job_id == job.job_id or (job.array_job_id is not None and row.array_job_id == job.array_job_id))


def is_array(facts: Facts, job_id: int) -> bool:
    """Whether it is the id of an array, not of one of its elements."""
    return any(row.array_job_id == job_id for row in facts.find(job_id, ""))


def comes_before(other: JobView, job: JobView, facts: Facts) -> bool:
    """Whether a singleton waits for this job: one that has begun, or came earlier; never for elements of its own array."""
    if is_own(other, job):
        return False
    return facts.has_begun(other) or came(other) < came(job)


def came(job: JobView) -> int:
    """In which order jobs came: elements with their array, whenever they got an id of their own."""
    return int(job.array_job_id or job.job_id)


def moments(text: str, facts: Facts) -> list[float]:
    """When delays behind the beginning of jobs are over, in unix seconds: of those that have begun."""
    found: list[float] = []
    for word in text.replace("?", ",").split(","):
        name, _, delay = word.partition("(")[0].partition(":")[2].partition("+")
        number, _, task = name.partition("_")
        rows = facts.find(int(number), task) if delay else []
        if rows and not has_to_begin(rows):
            found.append(begun(rows) + int(delay) * 60)
    return found


def has_to_begin(rows: Sequence[JobView]) -> bool:
    return any(row.is_pending or row.state == state.CONFIGURING for row in rows)


def begun(rows: Sequence[JobView]) -> float:
    """When the last of them began, or ended without."""
    return float(max(row.start_time or row.end_time or 0 for row in rows))


def after(rows: Sequence[JobView], delay_seconds: int, now: float) -> str:
    if has_to_begin(rows):
        return WAITING
    return MET if now >= begun(rows) + delay_seconds else WAITING


def after_any(rows: Sequence[JobView], delay_seconds: int, now: float) -> str:
    return MET if all(row.state in state.FINAL for row in rows) else WAITING


def after_ok(rows: Sequence[JobView], delay_seconds: int, now: float) -> str:
    if any(row.state in state.FINAL and row.state != state.COMPLETED for row in rows):
        return NEVER
    return after_any(rows, delay_seconds, now)


def after_not_ok(rows: Sequence[JobView], delay_seconds: int, now: float) -> str:
    if after_any(rows, delay_seconds, now) == WAITING:
        return WAITING
    return MET if any(row.state != state.COMPLETED for row in rows) else NEVER


TESTS: dict[str, Callable[[Sequence[JobView], int, float], str]] = {
    "after": after,
    "afterany": after_any,
    "afterburstbuffer": after_any,
    "afternotok": after_not_ok,
    "afterok": after_ok,
    CORRESPONDING: after_ok,
}
