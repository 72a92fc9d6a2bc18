"""Checks of logs."""

from __future__ import annotations

from mlspace.doctor.check import Check, NothingToSee, Service, shown
from mlspace.doctor.jobs import NEVER_WAS
from mlspace.gateway.loglines import FIRST_TAG, NO_SUCH_JOB, NODES_INFO, STAMP, UNTAGGED, program_lines, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

TAIL = 5
SNAPSHOT_SECONDS = 10.0
KIND = "text/plain; charset=utf-8"


def log_of(service: Service, tail: int = 0, *, with_times: bool) -> bytes:
    """The lines of a job that has ended, without the platform's head."""
    job = service.ended_job()
    params = {"region": job["region"], "tail": tail, "verbose": str(with_times).lower()}
    answer = service.get(f"/jobs/{job['job_name']}/logs", params, idle_seconds=SNAPSHOT_SECONDS)
    if NO_SUCH_JOB.fullmatch(answer.body):
        raise NothingToSee("the log of the last job is not kept any more")
    return NODES_INFO.sub(b"", answer.body)


def without_region(service: Service) -> Iterator[str]:
    answer = service.get(f"/jobs/{NEVER_WAS}/logs")
    if answer.status != 422:
        yield f"expected HTTP 422; got {shown(answer)}"


def of_no_job(service: Service) -> Iterator[str]:
    if not service.regions:
        raise NothingToSee("there is no region")
    answer = service.get(f"/jobs/{NEVER_WAS}/logs", {"region": service.regions[0]})
    if answer.status != 200 or not NO_SUCH_JOB.fullmatch(answer.body):
        yield f'expected HTTP 200 and "No such job"; got {shown(answer)}'


def head(service: Service) -> Iterator[str]:
    job = service.ended_job()
    answer = service.get(f"/jobs/{job['job_name']}/logs", {"region": job["region"], "verbose": "false"}, idle_seconds=SNAPSHOT_SECONDS)
    if NO_SUCH_JOB.fullmatch(answer.body):
        raise NothingToSee("the log of the last job is not kept any more")
    if not NODES_INFO.match(answer.body):
        yield f"it begins otherwise: {shown(answer)}"
    if answer.kind != KIND:
        yield f"the content type is {answer.kind}, not {KIND}"


def stamps(service: Service) -> Iterator[str]:
    bare = [line[:60] for line in split(log_of(service, with_times=True)) if not STAMP.match(line)]
    if bare:
        yield f"{len(bare)} lines have no time in front, as {bare[0]!r}"
    stamped = [line[:60] for line in split(log_of(service, with_times=False)) if STAMP.match(line)]
    if stamped:
        yield f"{len(stamped)} lines have a time that was not asked for, as {stamped[0]!r}"


def tail(service: Service) -> Iterator[str]:
    whole = split(log_of(service, with_times=False))
    if len(whole) < 2:
        raise NothingToSee("the log of the last job has no two lines")
    last = split(log_of(service, min(TAIL, len(whole)), with_times=False))
    expected = whole[-TAIL:][::-1]
    if last == expected[::-1] != expected:
        yield "the last lines come in the order of time, not the newest first"
    elif last != expected:
        yield f"the last lines are not those of the whole log: {last[:1]} instead of {expected[:1]}"


def tags(service: Service) -> Iterator[str]:
    raw = log_of(service, with_times=False)
    tagged = sum(bool(FIRST_TAG.match(line)) for line in split(raw))
    if not tagged:
        raise NothingToSee("the last job's lines have no ranks: it may be of another type than binary")
    others = [line.text[:60] for line in program_lines(raw) if line.stream == UNTAGGED and line.text.strip()]
    if len(others) > tagged:
        yield f"{len(others)} lines are of no rank, as {others[0]!r}"


CHECKS = (
    Check("a log without a region", "4.6", without_region),
    Check("the log of no job", "4.6", of_no_job),
    Check("how a log begins", "4.6", head),
    Check("times in a log", "4.6", stamps),
    Check("the end of a log", "4.6", tail),
    Check("ranks in a log", "2.1", tags),
)
