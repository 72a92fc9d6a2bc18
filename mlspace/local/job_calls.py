"""Calls about jobs: run, list, look at, end, read."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mlspace.local import answers, logstream
from mlspace.local.body import ALLOCATION, read_body, read_job, read_texts
from mlspace.local.brokenness import failure
from mlspace.local.call import Answer, Call, HungUp, Missing, Stream, Text, not_found, wrong_query
from mlspace.local.habits import looks_like_an_attack
from mlspace.local.shape import REGIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlspace.local.habits import Habits
    from mlspace.local.jobs import Job
    from mlspace.local.scheduler import Scheduler

STATES = (
    *("Completed", "Completing", "Deleted", "Failed", "Pending", "Running"),
    *("Stopped", "Succeeded", "Terminated", "Terminating", "Restarting"),
)

class JobCalls:
    """Answers from the scheduler's jobs, with the platform's habits or without."""

    def __init__(self, scheduler: Scheduler, habits: Habits) -> None:
        self.scheduler = scheduler
        self.habits = habits
        self.regions = tuple(scheduler.pools)

    def run_job(self, call: Call) -> Answer | Text:
        params = read_body(call.json())
        if self.habits.firewall and looks_like_an_attack(params):
            return failure(445, None)
        job = self.scheduler.submit(params, read_job(params, self.regions))
        return Answer({"job_name": job.name, "status": "Pending", "created_at": int(job.created_at)})

    def restart_job(self, call: Call) -> Answer:
        (name,) = read_texts(call.json(), "job_name", only=True)
        old = self.scheduler.find(name)
        if old is None:
            raise Missing({"error_code": 1, "error_message": "not found"})
        job = self.scheduler.submit(old.params, read_job(old.params, self.regions))
        return Answer({"job_name": job.name, "status": "Pending", "created_at": int(job.created_at)})

    def list_jobs(self, call: Call) -> Answer:
        region = call.choice("region", REGIONS)
        wanted = list(call.query.get("status", ()))
        for state in wanted:
            if state not in STATES:
                raise wrong_query("status", f"Input should be one of {', '.join(STATES)}", "enum")
        offset, limit = call.integer("offset", 0, 0), call.integer("limit", 6000, 1)
        start, end = moment(call, "start_date"), moment(call, "end_date")
        authors = call.query.get("job_author", ())
        queue = None if region is None else answers.queue_id(region)
        here = region is not None and call.one("allocation_name") in (None, ALLOCATION) and call.one("queue_id") in (None, queue)
        chosen = [
            job
            for job in (self.scheduler.all_jobs() if here else [])
            if job.params["region"] == region
            and (not authors or job.author in authors)
            and (start is None or job.created_at >= start)
            and (end is None or job.created_at <= end)
            and (not wanted or job.state.capitalize() in wanted)
        ]
        items = [answers.list_item(job) for job in chosen[offset : offset + limit]]
        return Answer({"count": len(chosen), "jobs": items, "status": "ok", "error_code": 0, "error_message": ""})

    def get_job(self, call: Call) -> Answer:
        job = self.shown(call.names["job_name"])
        return Answer(answers.status_body(job) if job else answers.not_found_body(call.names["job_name"]))

    def shown(self, name: str) -> Job | None:
        """The job of that name as its status is told: a new one is not there yet."""
        job = self.scheduler.find(name)
        return None if job is None or time.time() < job.created_at + self.habits.fresh_seconds else job

    def delete_job(self, call: Call) -> Answer:
        if call.choice("region", REGIONS) is None:
            raise wrong_query("region", "Field required", "missing")
        name = call.names["job_name"]
        self.scheduler.delete(name)
        return Answer({"job_name": name, "deleted_at": str(int(time.time())), "status": "deleted", "error_code": 0, "error_message": ""})

    def known(self, call: Call) -> Job | None:
        return self.scheduler.find(call.names["job_name"])

    def pods(self, call: Call) -> Answer:
        job = self.known(call)
        return Answer({"pods": answers.pods(job) if job else []})

    def job_nodes(self, call: Call) -> Answer:
        job = self.known(call)
        return Answer({"node_names": [share.node for share in (job.shares if job else None) or ()]})

    def params(self, call: Call) -> Answer:
        job = self.known(call)
        return Answer(dict(job.params) if job else {})

    def preemptors(self, call: Call) -> Answer:
        job = self.known(call)
        preemptor = job.preemptor if job else None
        return Answer({"preemptors": [preemptor] if preemptor else []})

    def queue_jobs(self, call: Call) -> Answer:
        given = call.names["queue_id"]
        here = [region for region in self.regions if answers.queue_id(region) == given]
        if not here:
            raise not_found("queue_id", given)
        jobs = [job for job in self.scheduler.all_jobs() if job.ended is None and job.params["region"] in here]
        return Answer({"jobs": [answers.queued_job(job) for job in jobs]})

    def logs(self, call: Call) -> Text | Stream:
        if call.choice("region", REGIONS) is None:
            raise wrong_query("region", "Field required", "missing")
        return self.read_log(call.names["job_name"], call.integer("tail", 0, 0), call.boolean("verbose", True))

    def read_log(self, name: str, count: int, verbose: bool) -> Text | Stream:
        """The log. While the job runs it stays open; with a count it is what there is now, the newest line first."""
        job = self.scheduler.find(name)
        if job is None:
            return Text(b'"No such job"')
        if job.state == "pending":
            return Text(f"Job {job.name} in queue. Try later".encode())
        if not job.shares:  # it ended without ever running
            return Text(b"")
        if count:
            return Text(logstream.tail(job.path("log"), count, verbose))
        head = logstream.log_head(job.shares[0].node, job.params["region"])

        def pieces(wait: Callable[[bool], bool]) -> Iterator[bytes]:
            began = time.monotonic()

            def wait_or_break(progress: bool) -> bool:
                if self.habits.break_seconds is not None and time.monotonic() >= began + self.habits.break_seconds:
                    raise HungUp
                return wait(progress)

            yield head
            yield from logstream.follow(job.path("log"), verbose, lambda: job.ended is not None, wait_or_break)

        return Stream(pieces)


def moment(call: Call, name: str) -> float | None:
    """A date of the query in seconds since the epoch: RFC 3339, or as the official CLI sends it, with a blank and no zone (UTC)."""
    from datetime import datetime, timezone

    given = call.one(name)
    if given is None:
        return None
    try:
        value = datetime.fromisoformat(given.strip().replace("Z", "+00:00"))
    except ValueError as error:
        raise wrong_query(name, f"Input should be a valid date: {given}", "datetime_parsing") from error
    return (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).timestamp()
