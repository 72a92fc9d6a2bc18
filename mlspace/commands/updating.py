"""`scontrol update JobId=... Key=Value...`: what can be changed of a job that waits, or runs.

A job that MLSpace has but has not started is taken back, changed, and sent again. What MLSpace has started keeps its nodes and its
time limit, which `launch` watches over on the node.
"""

from __future__ import annotations

from mlspace.commands.changing import NOT_PENDING, NOT_SUPPORTED, Refused, apply, check_unfinished
from mlspace.errors import BadValue, MlspaceError, RequestRefused, UsageError
from mlspace.slurm import count, duration, reason, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from mlspace.commands.controlling import Call
    from mlspace.slurm.job import JobView

    # Takes the words' value and the job; gives columns of its row. Raises Refused, or BadValue for a value that is none.
    Setter = Callable[[Call, JobView, Any], dict[str, Any]]

FOR_ADMINISTRATORS = ("nodename", "partition", "partitionname", "reservationname", "stepid", "frontendname", "powercap", "slurmctlddebug")

PERMISSION = "Access/permission denied"
TOO_MANY_NODES = "Requested partition configuration not available now"
CIRCULAR = "Circular job dependency"
DEPENDENCY_PROBLEM = "Job dependency problem"


class Field:
    """One thing of a job that can be changed.

    shortest: letters that its name must be given with at least. of_running: whether a job that runs takes it, too.
    """

    __slots__ = ("of_running", "setter", "shortest")

    def __init__(self, shortest: int, setter: Setter, *, of_running: bool = False) -> None:
        self.shortest = shortest
        self.setter = setter
        self.of_running = of_running


def update(call: Call, words: Sequence[str]) -> int:
    ids, name, changes = read(words)
    if ids is None and name is None:
        raise no_entity(words)
    if ids is None and not call.session.registry.jobs(names=[name or ""], states=state.ACTIVE):
        raise MlspaceError(f"No jobs with name '{name}'")
    if not changes:
        raise UsageError("No changes specified")

    def work(job: JobView) -> None:
        check_unfinished(job)
        if not job.is_pending and not all(field.of_running for field, _ in changes):
            raise Refused(NOT_PENDING)
        for field, value in changes:
            columns = field.setter(call, call.session.job(job.job_id), value)
            if columns:
                call.session.queue.update(job.job_id, **columns)
        call.session.recall(job)  # behind the changes: it may be sent again at once

    try:
        return int(apply(call, [f"jobid={ids}" if ids is not None else f"name={name}"], work).failed)
    except BadValue as error:
        raise MlspaceError(*error.lines) from error


def read(words: Sequence[str]) -> tuple[str | None, str | None, list[tuple[Field, str]]]:
    """Ids, the name that selects jobs where there are no ids, and the changes: fields with their values."""
    ids = name = None
    changes: list[tuple[Field, str]] = []
    has_ids = any("jobid".startswith(word.partition("=")[0].lower()) and len(word.partition("=")[0]) >= 3 for word in words)
    for word in words:
        key, equals, value = word.partition("=")
        lower = key.lower()
        if not equals and lower == "nice":
            value = str(DEFAULT_NICE)
        elif not equals:
            raise UsageError(f"Invalid input: {word}", "Request aborted")
        if not has_ids and lower in FOR_ADMINISTRATORS:
            raise MlspaceError(f"update {key}: there is nothing to administer here")
        if len(lower) >= 3 and "jobid".startswith(lower):
            ids = value
        elif lower in ("jobname", "name") and not has_ids:
            name = value
        else:
            field = field_of(lower.removesuffix("+").removesuffix("-"), word)
            if lower[-1:] in ("+", "-"):
                raise MlspaceError(f"Option {word} does not accept [+|-]= syntax")
            changes.append((field, value))
    return ids, name, changes


def field_of(key: str, word: str) -> Field:
    for name, field in FIELDS.items():
        if len(key) >= field.shortest and name.lower().startswith(key):
            return field
    raise UsageError(f"Update of this parameter is not supported: {word}", "Request aborted")


def no_entity(words: Sequence[str]) -> UsageError:
    return UsageError(
        "No valid entity in update command",
        'Input line must include "NodeName", "PartitionName", "Reservation", "JobId", or "SlurmctldDebug"',
    )


# What a value becomes.

DEFAULT_NICE = 100


def text(column: str) -> Setter:
    return lambda call, job, value: {column: value}


def time_limit(call: Call, job: JobView, value: str) -> dict[str, Any]:
    """ "30", "+10", "-5": minutes, more, less."""
    sign = value[:1] if value[:1] in ("+", "-") else ""
    try:
        minutes = duration.minutes(value[len(sign) :])
    except BadValue:
        raise BadValue(value, "Invalid TimeLimit value") from None
    if sign:
        if job.time_limit is None or minutes is None:
            raise BadValue(value, f"Invalid TimeLimit value: job {job.job_id} has no limit to count from")
        minutes = job.time_limit + minutes if sign == "+" else max(1, job.time_limit - minutes)
    if minutes == job.time_limit:
        return {}
    if not job.is_pending:
        raise Refused(NOT_SUPPORTED)
    return reshape("time")(call, job, minutes) | {"time_limit": minutes}


def time_min(call: Call, job: JobView, value: str) -> dict[str, Any]:
    try:
        return {"time_min": duration.minutes(value)}
    except BadValue:
        raise BadValue(value, "Invalid TimeMin value") from None


def nice(call: Call, job: JobView, value: str) -> dict[str, Any]:
    """As scontrol reads it: what is no number is 0. It counts from the job's place without it."""
    try:
        number = count.integer(value)
    except BadValue:
        number = 0
    if job.priority == 0:
        return {"nice": number}
    return {"nice": number, "priority": max(1, job.priority + job.nice - number)}


def priority(call: Call, job: JobView, value: str) -> dict[str, Any]:
    try:
        number = count.natural(value)
    except BadValue:
        raise BadValue(value, f"Invalid Priority value: {value}") from None
    if number == 0:
        return {"priority": 0, "reason": reason.HELD_USER}
    return {"priority": number} | ({"state": state.PENDING} if job.state == state.SPECIAL_EXIT else {})


def start_time(call: Call, job: JobView, value: str) -> dict[str, Any]:
    moment = read_time(call, value)
    now = call.context.now()
    return {"begin_time": moment if moment > now else None, "eligible_time": moment if moment > now else None}


def deadline(call: Call, job: JobView, value: str) -> dict[str, Any]:
    return {"deadline": read_time(call, value)}


def read_time(call: Call, value: str) -> int:
    from mlspace.slurm.timestamp import parse

    try:
        return parse(value, call.context.now())
    except BadValue:
        raise UsageError(f"Invalid time specification (pos=0): {value}", "No changes specified") from None


def dependency(call: Call, job: JobView, value: str) -> dict[str, Any]:
    from mlspace.queue import dependency as waiting
    from mlspace.queue.facts import Facts
    from mlspace.slurm.dependency import conditions

    facts = Facts(call.session.registry.jobs, ())
    try:
        read = conditions(value)
    except BadValue:
        raise Refused(DEPENDENCY_PROBLEM) from None
    told = waiting.describe(read, facts)
    if job.job_id in waiting.targets(told):
        raise Refused(DEPENDENCY_PROBLEM)
    if waiting.depends_on(told, job, facts):
        raise Refused(CIRCULAR)
    columns: dict[str, Any] = {"dependency": told, "eligible_time": None if told else job.begin_time}
    if not job.is_held:
        columns["reason"] = reason.DEPENDENCY if told else reason.NONE
    return columns


def throttle(call: Call, job: JobView, value: str) -> dict[str, Any]:
    """Of the whole array, whichever of its rows is named."""
    number = count.natural(value) or None
    if job.array_job_id is not None:
        for one in call.session.registry.jobs(array_job_ids=[job.array_job_id]):
            call.session.queue.update(one.job_id, array_limit=number)
    return {}


def flag(call: Call, job: JobView, value: str) -> dict[str, Any]:
    """A number; words that mean yes or no are none here."""
    try:
        return {"requeue": int(count.natural(value) != 0)}
    except BadValue:
        raise BadValue(value, f"Invalid Requeue value: {value}") from None


def stream(name: str) -> Setter:
    """A file of the job's; a relative name is in its directory."""

    def work(call: Call, job: JobView, value: str) -> dict[str, Any]:
        import json

        from mlspace import submission

        details = json.loads(job.details)
        path = value if value.startswith("/") else f"{job.work_dir}/{value}"
        details["files"][name] = submission.seen_file(path)
        return {"details": json.dumps(details)}

    return work


def reshape(option: str, parse: Callable[[str], Any] | None = None, field: str = "") -> Setter:
    """An option of the request: the job is decided anew with it, and refused as it would have been.

    field: as scontrol calls it where a value is none.
    """

    def work(call: Call, job: JobView, value: Any) -> dict[str, Any]:
        from mlspace import submission

        try:
            wanted = parse(value) if parse is not None and isinstance(value, str) else value
            return submission.changed(call.session, job, {option: wanted})
        except BadValue:
            raise BadValue(value, f"Invalid {field or option} value: {value}") from None
        except RequestRefused as error:
            raise Refused(error.reason or error.lines[-1].rpartition(": ")[2]) from None

    return work


def nodes(call: Call, job: JobView, value: str) -> dict[str, Any]:
    """A job that runs keeps its nodes."""
    if not job.is_pending:
        if value == str(job.nodes):
            return {}
        raise Refused(NOT_SUPPORTED)
    try:
        return reshape("nodes", count.node_range)(call, job, value)
    except Refused:
        raise Refused(TOO_MANY_NODES) from None


def not_here(sentence: str) -> Setter:
    def work(call: Call, job: JobView, value: str) -> dict[str, Any]:
        raise Refused(sentence)

    return work


def parsed(module: str, function: str) -> Callable[[str], Any]:
    """A parser of mlspace.slurm, loaded when it is needed."""

    def parse(value: str) -> Any:
        from importlib import import_module

        return getattr(import_module(f"mlspace.slurm.{module}"), function)(value)

    return parse


# The first one that a name is the beginning of is meant. Source: scontrol 22.05.
FIELDS = {
    "Account": Field(1, reshape("account", str)),
    "ArrayTaskThrottle": Field(10, throttle, of_running=True),
    "BurstBuffer": Field(1, not_here(NOT_SUPPORTED)),
    "Comment": Field(3, text("comment"), of_running=True),
    "Contiguous": Field(3, reshape("contiguous", parsed("reading", "yes_no"))),
    "CoreSpec": Field(4, not_here(PERMISSION)),
    "Deadline": Field(3, deadline),
    "Dependency": Field(1, dependency),
    "EligibleTime": Field(2, start_time),
    "ExcNodeList": Field(3, reshape("exclude", parsed("hostlist", "node_names"))),
    "Features": Field(1, not_here("Invalid feature specification")),
    "Gres": Field(2, reshape("gres", parsed("gres", "resources"))),
    "JobName": Field(4, text("name"), of_running=True),
    "Licenses": Field(1, not_here("Invalid license specification")),
    "MinCPUsNode": Field(4, reshape("mincpus", parsed("count", "natural"), "MinCPUsNode")),
    "MinMemoryCPU": Field(10, reshape("mem-per-cpu", parsed("size", "memory"), "MinMemoryCPU")),
    "MinMemoryNode": Field(10, reshape("mem", parsed("size", "memory"), "MinMemoryNode")),
    "MinTmpDiskNode": Field(5, reshape("tmp", parsed("size", "memory"), "MinTmpDiskNode")),
    "Name": Field(2, text("name"), of_running=True),
    "Nice": Field(2, nice, of_running=True),
    "NodeList": Field(8, reshape("nodelist", parsed("hostlist", "node_names"))),
    "NumCPUs": Field(6, reshape("mincpus", parsed("count", "natural"))),
    "NumNodes": Field(8, nodes, of_running=True),
    "NumTasks": Field(8, reshape("ntasks", parsed("count", "natural"), "NumTasks")),
    "Partition": Field(2, reshape("partition", str)),
    "Priority": Field(2, priority, of_running=True),
    "QOS": Field(1, reshape("qos", str)),
    "ReqNodeList": Field(8, reshape("nodelist", parsed("hostlist", "node_names"))),
    "Requeue": Field(4, flag, of_running=True),
    "ReservationName": Field(3, not_here("Requested reservation is invalid")),
    "StartTime": Field(2, start_time),
    "StdErr": Field(6, stream("err")),
    "StdIn": Field(5, stream("in")),
    "StdOut": Field(6, stream("out")),
    "ThreadSpec": Field(4, not_here(PERMISSION)),
    "TimeLimit": Field(5, time_limit, of_running=True),
    "TimeMin": Field(5, time_min),
    "TresPerNode": Field(11, reshape("gres", parsed("gres", "resources"))),
    "WCKey": Field(1, reshape("wckey", str)),
    "WorkDir": Field(2, text("work_dir")),
}
