"""What seff tells of a job: how much it used of what it had. Format: the seff of Slurm's contribs, as sites document it."""

from __future__ import annotations

from mlspace.render.accounting_row import Manner, Row
from mlspace.slurm import duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlspace.slurm.step import Account
    from mlspace.slurm.usage import UsedByJob

UNKNOWN = "unknown"
UNITS = ("KB", "MB", "GB", "TB", "PB", "EB")


def lines(account: Account, cluster: str, now: float) -> Iterator[str]:
    """The report. What a job that runs has used so far is that of its steps that have ended, unless `account` knows more."""
    job, row = account.job, Row(account.job, None, Manner(now))
    yield f"Job ID: {job.job_id}"
    if job.array_job_id is not None:
        yield f"Array Job ID: {job.label}"
    if job.het_job_id is not None:
        yield f"Het Job ID: {job.label}"
    yield f"Cluster: {cluster}"
    yield f"User/Group: {job.user}/{job.grp}"
    yield f"State: {state_of(row)}"
    yield from shape(row)
    if job.start_time is None:
        yield f"Efficiency not available for jobs in the {job.state} state."
        return
    used, seconds = account.used, row.seconds
    yield f"CPU Utilized: {duration.format_long(used.cpu_ms // 1000) if used else UNKNOWN}"
    whole = seconds * row.cpus
    yield f"CPU Efficiency: {share(used.cpu_ms / 1000 if used else None, whole)} of {duration.format_long(whole)} core-walltime"
    yield f"Job Wall-clock time: {duration.format_long(seconds)}"
    yield f"Memory Utilized: {memory_used(account, used)}"
    yield f"Memory Efficiency: {memory_share(row, used)}"
    if job.end_time is None:
        yield f"WARNING: Efficiency statistics may be misleading for {job.state} jobs."


def state_of(row: Row) -> str:
    """ "COMPLETED (exit code 0)"; a signal that ended it stands behind the code, as it does nowhere in Slurm's own."""
    job = row.job
    word = row.state.partition(" ")[0]
    if job.end_time is None:
        return word
    code, _, signal = row.exit_code.partition(":")
    return f"{word} (exit code {code}{f', signal {signal}' if signal != '0' else ''})"


def shape(row: Row) -> Iterator[str]:
    if row.nodes == row.cpus == 1:
        yield "Cores: 1"
    else:
        yield f"Nodes: {row.nodes}"
        yield f"Cores per node: {row.cpus // row.nodes}"


def share(part: float | None, whole: float) -> str:
    if part is None:
        return UNKNOWN
    return f"{100 * part / whole if whole else 0:.2f}%"


def memory_used(account: Account, used: UsedByJob | None) -> str:
    """That of the step with most. Tasks need not have had their most at the same time: of several it is an estimate from above."""
    if used is None:
        return UNKNOWN
    most = max(account.steps, key=lambda step: step.used.memory_bytes if step.used else 0, default=None)
    several = most is not None and most.used is not None and most.used.tasks > 1
    return size(used.memory_bytes) + (" (estimated maximum)" if several else "")


def memory_share(row: Row, used: UsedByJob | None) -> str:
    """ "0.53% of 200.00 MB (100.00 MB/node)"."""
    job = row.job
    whole = job.memory_mib * 1024**2
    per_core = bool(job.geometry("mem_per_cpu"))
    each, what = (whole / max(1, row.cpus), "core") if per_core else (whole / max(1, row.nodes), "node")
    return f"{share(used.memory_bytes if used else None, whole)} of {size(whole)} ({size(each)}/{what})"


def size(count: float) -> str:
    """Bytes: "60.57 MB"; the smallest unit is MB where there is nothing."""
    if not count:
        return "0.00 MB"
    amount, unit = count / 1024, 0
    while amount >= 1024 and unit < len(UNITS) - 1:
        amount, unit = amount / 1024, unit + 1
    return f"{amount:.2f} {UNITS[unit]}"
