"""Checks of jobs: lists, states, and what is told of one."""

from __future__ import annotations

import re

from mlspace.doctor.check import Check, NothingToSee, Service, content, is_object, lacks, once, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

LISTED = (
    *("Completed", "Completing", "Deleted", "Failed", "Pending", "Running", "Stopped", "Succeeded", "Terminated", "Terminating"),
    "Restarting",
)
NAME = re.compile(r"lm-mpi-job-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
DURATION = re.compile(r"\d+s")
NEVER_WAS = "lm-mpi-job-00000000-0000-4000-8000-000000000000"


def list_without_region(service: Service) -> Iterator[str]:
    answer = service.get("/jobs")
    yield from is_object(answer, count=int, jobs=list)
    found = content(answer)
    if isinstance(found, dict) and (found.get("count") or found.get("jobs")):
        yield f"it has {found.get('count')} jobs; expected none"


def lists(service: Service) -> Iterator[str]:
    if not service.regions:
        raise NothingToSee("there is no region")
    for region in service.regions:
        answer = service.get("/jobs", {"region": region, "limit": 100, "offset": 0})
        yield from is_object(answer, count=int, jobs=list, status=str, error_code=int)
        found = content(answer)
        jobs = found.get("jobs") if answer.status == 200 and isinstance(found, dict) else None
        for job in jobs or ():
            service.jobs.append(job)
            yield from listed(job)


def listed(job: object) -> Iterator[str]:
    yield from lacks(job, job_name=str, status=str, region=str, created_dt=str)
    if not isinstance(job, dict):
        return
    if job.get("status") not in LISTED:
        yield f"there is a new status, {job.get('status')}"
    if not NAME.fullmatch(str(job.get("job_name"))):
        yield f"a job is called {job.get('job_name')}"
    for field in ("created_dt", "updated_dt", "completed_dt"):
        if job.get(field) and not TIME.fullmatch(str(job[field])):
            yield f"{field} is written as {job[field]}"


def never_was(service: Service) -> Iterator[str]:
    answer = service.get(f"/jobs/{NEVER_WAS}")
    yield from is_object(answer, job_name=str, status=str, error_code=int)
    found = content(answer)
    if isinstance(found, dict) and (found.get("status"), found.get("error_code")) != ("job not found", 0):
        yield f'expected the status "job not found" and error_code 0; got {shown(answer)}'


def state(service: Service) -> Iterator[str]:
    job = service.ended_job()
    answer = service.get(f"/jobs/{job['job_name']}")
    yield from is_object(answer, uid=str, job_name=str, status=str, created_at=int, pending_at=int, running_at=int, completed_at=int)
    found = content(answer)
    if isinstance(found, dict):
        if found.get("status") != str(job["status"]).lower():
            yield f"the list says {job['status']}, the job itself {found.get('status')}"
        if found.get("duration") is not None and not DURATION.fullmatch(str(found["duration"])):
            yield f"duration is written as {found['duration']}"


def details(service: Service) -> Iterator[str]:
    name = service.ended_job()["job_name"]
    pods = service.get(f"/jobs/elastic/{name}/pods")
    yield from is_object(pods, pods=list)
    for pod in (content(pods) or {}).get("pods", ()):
        yield from lacks(pod, uid=str, job_name=str, job_version=str, duration=(int, float))
        if not re.fullmatch(r"mpi(master-0|worker-\d+)", str(pod.get("job_version"))):
            yield f"a pod is called {pod.get('job_version')}"
    yield from is_object(service.get(f"/jobs/{name}/nodes"), node_names=list)
    yield from is_object(service.get(f"/jobs/{name}/params"), script=str, instance_type=str)
    yield from is_object(service.get(f"/jobs/{name}/preemptors"), preemptors=list)


def unknown_call(service: Service) -> Iterator[str]:
    answer = service.get("/no-such-call")
    if answer.status != 404 or content(answer) is None:
        yield f"expected HTTP 404 and JSON; got {shown(answer)}"


CHECKS = (
    Check("a list without a region", "4.7", list_without_region),
    Check("lists of jobs", "4.7", lambda service: once(lists(service))),
    Check("a job that never was", "4.1", never_was),
    Check("a job's state", "4.1", state),
    Check("pods, nodes, parameters, preemptors", "4.4", lambda service: once(details(service))),
    Check("a call that there is not", "4.5", unknown_call),
)
