"""The older version of the Gateway, as a Jupyter server calls it: no token, an api key and a namespace (mlspace-facts §1.4).

No document describes it. Requests and answers are those of the clients that people have published; where those differ, both are taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlspace.local.body import BodyError, Problem, read_texts
from mlspace.local.call import Answer, Call, Missing, Text

if TYPE_CHECKING:
    from mlspace.local.account_calls import AccountCalls
    from mlspace.local.call import Stream
    from mlspace.local.job_calls import JobCalls
    from mlspace.local.jobs import Job

STATES = {"pending": "Inqueue", "deleted": "Cancelled"}
"""States that have other names here; a job that has nodes and has not begun is Starting."""


def state_of(job: Job) -> str:
    state = job.state
    return "Starting" if state == "pending" and job.shares else STATES.get(state, state.capitalize())


class OlderCalls:
    """The same jobs as version 2 has."""

    def __init__(self, jobs: JobCalls, account: AccountCalls) -> None:
        self.jobs = jobs
        self.account = account

    def run_job(self, call: Call) -> Answer | Text:
        return self.jobs.run_job(call)

    def job_list(self, call: Call) -> Answer:
        region = body_of(call).get("region")
        jobs = [job for job in self.jobs.scheduler.all_jobs() if region in (None, "", job.params["region"])]
        return Answer([{"created_at": int(job.created_at), "job_name": job.name, "status": state_of(job)} for job in jobs])

    def job_status(self, call: Call) -> Answer:
        (name,) = read_texts(call.json(), "job_name")
        return self.status(name)

    def job_status_by_query(self, call: Call) -> Answer:
        """An older form still."""
        name = call.one("job")
        if name is None:
            raise BodyError([Problem(("query", "job"), "Field required", "missing")])
        return self.status(name)

    def status(self, name: str) -> Answer:
        job = self.jobs.shown(name)
        return Answer({"job_status": state_of(job) if job else "job not found"})

    def read_logs(self, call: Call) -> Text | Stream:
        body = body_of(call)
        (name,) = read_texts(body, "job_name")
        tail, verbose = body.get("tail") or 0, body.get("verbose", True)
        if not isinstance(tail, int) or isinstance(tail, bool) or tail < 0:
            raise BodyError([Problem(("body", "tail"), "Input should be a valid integer, at least 0", "int_parsing")])
        if not isinstance(verbose, bool):
            raise BodyError([Problem(("body", "verbose"), "Input should be a valid boolean", "bool_parsing")])
        return self.jobs.read_log(name, tail, verbose)

    def delete_job(self, call: Call) -> Text:
        (name,) = read_texts(call.json(), "job_name")
        self.jobs.scheduler.delete(name)
        return Text(f'Job "{name}" deleted'.encode())

    def clusters(self, call: Call) -> Answer:
        return Answer([{"cluster_key": region, "mt": True} for region in self.jobs.regions])

    def instance_types(self, call: Call) -> Answer:
        region = call.names["cluster_key"]
        if region not in self.jobs.regions:
            raise Missing(None)
        kinds = [each for each, _ in self.account.types(region)]
        types = [{"key": each.key, "gpu": each.gpus, "cpu": each.cpus, "memory": max(1, each.memory_mib // 1024)} for each in kinds]
        return Answer({"instance_types": types})


def body_of(call: Call) -> dict[str, object]:
    """The body, an object; nothing at all stands for an empty one. Raises BodyError."""
    body = call.json() if call.body else {}
    read_texts(body)
    return dict(body)
