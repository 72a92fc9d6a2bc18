"""scontrol listpids and pidinfo: the processes of jobs on this host, as /proc shows them below each job's `launch`."""

from __future__ import annotations

import os

from mlspace import jobdir
from mlspace.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlspace.commands.controlling import Call

HEADER = "PID      JOBID    STEPID   LOCALID GLOBALID"
NO_TASK = "-"


class Process:
    """A process of a job: its step ("batch" or a number), node, and the task that it is, or None where a task has started it."""

    __slots__ = ("global_id", "is_task", "job_id", "local_id", "node", "pid", "step")

    def __init__(self, pid: int, environ: dict[str, str], is_task: bool) -> None:
        self.pid = pid
        self.job_id = environ.get("SLURM_JOB_ID", "")
        self.step = environ.get("SLURM_STEP_ID", "") if "SLURM_STEP_ID" in environ else "batch"
        self.node = environ.get("SLURMD_NODENAME", "")
        self.is_task = is_task
        self.local_id = environ.get("SLURM_LOCALID", "0") if is_task else NO_TASK
        self.global_id = environ.get("SLURM_PROCID", "0") if is_task else NO_TASK

    def row(self) -> str:
        return f"{self.pid:<8} {self.job_id:<8} {self.step:<8} {self.local_id:<7} {self.global_id:<8}"

    @property
    def order(self) -> tuple[int, int, bool, int]:
        step = int(self.step) if self.step.isdigit() else -1
        return int(self.job_id or 0), step, not self.is_task, self.pid


def list_pids(call: Call, words: Sequence[str]) -> int:
    """`listpids [JOBID[.STEPID] [NODE]]`. The header is printed whatever there is."""
    given, node = words[0] if words else "", words[1] if len(words) > 1 else None
    job, _, step = given.partition(".")
    if given and given != "*" and not (job.isascii() and job.isdigit()):
        raise UsageError(f'"{given}" does not look like a jobid')
    everywhere = given in ("", "*")
    found = [
        process
        for process in of_jobs(call, None if everywhere else job)
        if (not step or process.step == step) and (node is None or process.node == node)
    ]
    call.context.print(HEADER)
    for process in sorted(found, key=lambda process: process.order):
        call.context.print(process.row())
    if found:
        return 0
    call.context.flush()
    where = f"on node {node or '(null)'}."
    if everywhere:
        missing = "No job steps exist on this node."
    elif step and any(of_jobs(call, job)):
        missing = f"StepId={given} does not exist {where}"
    elif any(of_jobs(call, None)):
        missing = f"There are no steps for job {job} {where}"
    else:
        missing = f"JobId={job} does not exist {where}"
    call.context.warn(missing)
    return 1


def print_job_of_pid(call: Call, words: Sequence[str]) -> int:
    """`pidinfo PID`."""
    from mlspace.slurm.timestamp import format_timestamp

    pid = int(words[0]) if words[0].isascii() and words[0].isdigit() else 0
    process = next((process for process in of_jobs(call, None) if process.pid == pid), None)
    job = call.session.registry.job(int(process.job_id)) if process else None
    if job is None:
        raise UsageError("Failed to locate job for requested pid")
    end = None if job.time_limit is None or job.start_time is None else job.start_time + job.time_limit * 60
    call.context.print(f"Slurm JobId={job.job_id} ends at {format_timestamp(end, call.time_format, 'Unknown')}")
    if end is not None:
        call.context.print(f"slurm_get_rem_time is {max(0, int(end - call.context.now()))}")
    return 0


def of_jobs(call: Call, job: str | None) -> Iterator[Process]:
    """The processes of a job, None for every one: all that a `launch` of a live runtime directory has started (docs/protocol.md §4)."""
    children = all_children()
    for launch in launchers(call, job):
        for child in children.get(launch, []):
            yield from descend(child, children, is_task=True)


def descend(pid: int, children: dict[int, list[int]], *, is_task: bool) -> Iterator[Process]:
    environ = environment(pid)
    if environ.get("SLURM_JOB_ID"):
        yield Process(pid, environ, is_task)
        is_task = False
    for child in children.get(pid, []):
        yield from descend(child, children, is_task=is_task)


def launchers(call: Call, job: str | None) -> list[int]:
    """Process ids of the `launch` of each node of our jobs, or of the one, as their runtime directories name them."""
    environ, uid = call.context.environ, call.context.user.uid
    sent = call.session.registry.submissions(job_id=None if job is None else int(job))
    prefixes = tuple(f"{one.job_id}.{one.submission[:8]}." for one in sent)
    directories = {
        os.path.join(root, name)
        for root in jobdir.roots(environ, uid)
        for name in jobdir.names_in(root)
        if name.startswith(prefixes)
    }
    if environ.get(jobdir.OWN) and job in (None, environ.get("SLURM_JOB_ID")):
        directories.add(environ[jobdir.OWN])  # inside it, also on a node that does not see the registry
    return [pid for pid in map(jobdir.launch_of, sorted(directories)) if pid]


def all_children() -> dict[int, list[int]]:
    """Process id -> those of its children."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            fields = read(f"/proc/{name}/stat").rpartition(")")[2].split()
            if len(fields) > 1:
                children.setdefault(int(fields[1]), []).append(int(name))
    return children


def environment(pid: int) -> dict[str, str]:
    """Of a process, as it was started; nothing for one that has ended or is another user's."""
    pairs = (entry.partition("=") for entry in read(f"/proc/{pid}/environ").split("\0"))
    return {name: value for name, _, value in pairs}


def read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""
