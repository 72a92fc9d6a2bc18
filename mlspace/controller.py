"""What slurmctld does, one round at a time: sends what is to be sent, learns what has started and ended, writes it down.

Any command may call a round. Nothing is kept in memory between rounds that the registry does not have, so that a process that is
killed anywhere leaves nothing undone that the next one would not find.
"""

from __future__ import annotations

from functools import partial

from mlspace.errors import GatewayError, MlspaceError
from mlspace.owner import is_alive, process_identity
from mlspace.reports import Reports, is_unwanted
from mlspace.sending import CONCURRENT_CALLS, Sender
from mlspace.slurm import reason, state
from mlspace.state.files import forget_files
from mlspace.state.queue import RECALL, Queue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from mlspace.cluster import Cluster
    from mlspace.gateway.client import Client
    from mlspace.gateway.wire import PlatformJob
    from mlspace.slurm.job import JobView
    from mlspace.state.registry import Registry, Submission

POLL_SECONDS = 2.0
"""What squeue shows is at most that old (design §4)."""

FEW_JOBS = 4
"""Up to so many jobs are asked about one by one; more by one list."""



class Controller:
    """Advances the jobs of one registry. `gateway` and `cluster` are called when they are needed, and not before."""

    def __init__(
        self,
        registry: Registry,
        state_dir: str,
        now: Callable[[], float],
        gateway: Callable[[], Client],
        cluster: Callable[[], Cluster],
        image: Callable[[], str],
        commands: str,
    ) -> None:
        self.registry = registry
        self.queue = Queue(registry)
        self.state_dir = state_dir
        self.now = now
        self.gateway = gateway
        self.cluster = cluster
        self.sender = Sender(registry, state_dir, now, gateway, cluster, image, commands)
        self.reports = Reports(self.queue, state_dir, gateway, cluster, self.delete)

    # One round.

    def advance(self) -> None:
        """One round: report files, submissions that nobody works on, and, at most every POLL_SECONDS, the platform.

        What goes wrong with one job keeps no other from its turn. Raises the first MlspaceError, when all have had theirs.
        """
        open_ones = self.registry.submissions()
        if not open_ones:
            return
        jobs = {job.job_id: job for job in self.registry.jobs(job_ids=[submission.job_id for submission in open_ones])}
        open_ones = [one for one in open_ones if one.job_id in jobs]  # one may have been refused, and removed, a moment ago
        ended = {one.submission for one in open_ones if self.reports.read(one, jobs[one.job_id])}
        rest = [one for one in open_ones if one.submission not in ended]
        problems: list[MlspaceError] = []
        for submission in rest:
            if submission.phase != "posted" and self.is_abandoned(submission):
                try:
                    self.repair(submission, jobs[submission.job_id])
                except MlspaceError as error:
                    problems.append(error)
        by_region: dict[str, list[Submission]] = {}
        for submission in rest:
            if submission.phase == "posted":
                by_region.setdefault(submission.region, []).append(submission)
        for region, submissions in by_region.items():
            if self.registry.claim_poll(region, self.now(), POLL_SECONDS * len(by_region)):
                problems += self.poll(region, submissions, jobs)
        if problems:
            raise problems[0]

    def is_abandoned(self, submission: Submission) -> bool:
        """Whether nobody is sending it: its process is gone, or is this one, which could not write down what became of it."""
        return submission.submission in self.sender.undertaken or not is_alive(submission.owner, submission.posted_at, self.now())

    def repair(self, submission: Submission, job: JobView) -> None:
        """A submission whose process died, or whose answer was lost; of a job that may have been cancelled since."""
        if submission.phase == "posting":
            found = [one for one in self.gateway().list_jobs(submission.region) if submission.submission in one.description]
            for one in found:
                self.sender.adopt(submission, one.name)
            if found or not self.is_settled(submission):
                return
        if job.state in state.FINAL:
            self.registry.close_submissions(job.job_id)
            return
        try:
            self.sender.send(submission, submission.owner)
        except GatewayError as error:
            if not error.transient and not error.outcome_unknown:
                self.registry.ended(job.job_id, refused(int(self.now())))

    def is_settled(self, submission: Submission) -> bool:
        """Whether the platform has had the time that a job may take to show up."""
        return self.now() >= (submission.posted_at or 0) + self.cluster().settle_seconds

    def poll(self, region: str, submissions: list[Submission], jobs: dict[int, JobView]) -> list[GatewayError]:
        """Asks the platform about jobs of a region, and writes down what it says. Few jobs are asked about one by one."""
        client = self.gateway()
        problems = []
        known: dict[str, PlatformJob] = {}
        try:
            if len(submissions) > FEW_JOBS:
                known = {one.name: one for one in client.list_jobs(region)}
        except GatewayError as error:
            return [error]
        for submission in submissions:
            try:
                platform = known.get(submission.platform_job) or client.job(submission.platform_job)
                self.note(submission, jobs[submission.job_id], platform)
            except GatewayError as error:
                problems.append(error)
        return problems

    def note(self, submission: Submission, job: JobView, platform: PlatformJob) -> None:
        """One job's platform status. A report knows more than the platform: it is looked for once more before an end is believed."""
        from mlspace.translate import status

        if is_unwanted(job) and platform.status not in status.ENDED:
            self.delete([submission])  # the request before may have been lost
        if platform.status in status.PENDING:
            self.queue.in_run(submission.submission, partial(self.registry.pending, job.job_id, reason.RESOURCES))
        elif platform.status in status.RUNNING and job.state == state.PENDING and not self.cluster().channel:
            nodes = node_names(submission.platform_job, job.nodes)
            self.queue.in_run(
                submission.submission, partial(self.registry.running, job.job_id, platform.running_at or int(self.now()), nodes)
            )
        is_gone = platform.status == status.NOT_FOUND and self.is_settled(submission)
        if (is_gone or platform.status in status.ENDED) and not self.reports.read(submission, job, platform.status):
            log = b"" if is_gone or self.cluster().channel else self.reports.log(submission)
            if self.reports.take(submission, job, log, platform.status):
                return
            end_time = platform.completed_at or int(self.now())
            # Where `launch` has begun, or would have reported it, an end without a report means that it was killed.
            has_begun = self.cluster().channel or (platform.status == status.FAILED and self.reports.has_begun(submission, log))
            is_lost = is_gone or (platform.status not in status.WANTED and has_begun)
            outcome = lost(end_time) if is_lost else status.outcome_of(platform.status, end_time) or lost(end_time)
            if job.cancelled_by is not None:
                outcome |= {"state": state.CANCELLED, "reason": reason.NONE}
            self.queue.in_run(submission.submission, partial(self.queue.ended, job.job_id, outcome))

    # Cancelling.

    def cancel(self, jobs: Sequence[JobView], uid: int) -> None:
        """Ends jobs: at once if nothing was sent, else the platform is asked to; a running one is over when it says so.

        Raises the first GatewayError, when all have been tried; what could not be asked for is asked again in later rounds.
        """
        registry = self.registry
        registry.together(partial(registry.cancelling, job.job_id, uid) for job in jobs)
        mine = {job.job_id: self.registry.submissions(job_id=job.job_id, phases=("posted",)) for job in jobs}
        failures = self.delete([submission for submissions in mine.values() for submission in submissions])
        asked = [job for job in jobs if failures.keys().isdisjoint(one.submission for one in mine[job.job_id])]
        # As in Slurm, a job that waited shows to its end why.
        registry.together(
            partial(registry.ended, job.job_id, ended_without_run(state.CANCELLED, job.reason, int(self.now())))
            for job in asked
            if job.is_pending
        )
        for job in asked:
            if job.is_pending:
                for submission in mine[job.job_id]:
                    forget_files(self.state_dir, submission.submission)
        for error in failures.values():
            raise GatewayError(*error.lines, "  the request is kept: it is sent again by the next commands", transient=error.transient)

    def recall(self, job: JobView) -> None:
        """Takes back what was sent of a job that has not started. Raises GatewayError; then a later round does it."""
        sent = self.registry.submissions(job_id=job.job_id, phases=("posted",))
        if any(self.reports.read(submission, job) for submission in sent):
            return  # it has begun, and ended, since the caller looked
        if not sent or not self.queue.wish(job, RECALL):
            return
        for error in self.delete(sent).values():
            raise error
        for submission in sent:
            self.queue.in_run(submission.submission, partial(self.queue.taken_back, job.job_id))
            forget_files(self.state_dir, submission.submission)

    def requeue(self, job: JobView, wish: str) -> bool:
        """Ends the job's run, to be followed by another one; wish: see JobView. Of a job that has ended, the next one waits at once.

        False where it waits already.
        """
        if self.queue.wish(job, wish):
            for error in self.delete(self.registry.submissions(job_id=job.job_id, phases=("posted",))).values():
                raise error
            return True
        now = self.registry.job(job.job_id)
        if now is None or now.state not in state.FINAL:
            return False
        return self.queue.requeue(now, ended_again(now, int(self.now())), wish)

    def delete(self, submissions: Sequence[Submission]) -> dict[str, GatewayError]:
        """Asks the platform to end the jobs of these submissions, several at a time; the errors by submission."""
        if not submissions:
            return {}
        from concurrent.futures import ThreadPoolExecutor

        client, failures = self.gateway(), {}
        with ThreadPoolExecutor(min(CONCURRENT_CALLS, len(submissions))) as pool:
            calls = {one.submission: pool.submit(client.delete_job, one.platform_job, one.region) for one in submissions}
        for submission, call in calls.items():
            try:
                call.result()
            except GatewayError as error:
                failures[submission] = error
        return failures


def new_submission(region: str) -> dict[str, Any]:
    """Columns of the registry's submission table for an attempt that this process sends."""
    import secrets

    return {
        "submission": secrets.token_hex(16),
        "secret": secrets.token_hex(32),
        "restart": 0,
        "attempt": 1,
        "phase": "committed",
        "owner": process_identity(),
        "region": region,
    }


def ended_without_run(state: str, reason: str, end_time: int) -> dict[str, object]:
    return {"state": state, "reason": reason, "exit_code": 0, "exit_signal": 0, "end_time": end_time}


def ended_again(job: JobView, now: int) -> dict[str, object]:
    """The end of a job that had ended before: its last run stays as it is."""
    return {"end_time": now, "exit_code": job.exit_code, "exit_signal": job.exit_signal}


def lost(end_time: int) -> dict[str, object]:
    """A job that the platform knows no more, and that has not reported its end."""
    return {"state": state.NODE_FAIL, "reason": reason.NODE_DOWN, "exit_code": 1, "exit_signal": 0, "end_time": end_time}


def refused(end_time: int) -> dict[str, object]:
    """A submission that the platform refuses for good, found out after its command had gone."""
    return {"state": state.FAILED, "reason": reason.LAUNCH_FAILURE, "exit_code": 1, "exit_signal": 0, "end_time": end_time}


def node_names(platform_job: str, nodes: int) -> str:
    """Pods of a platform job by its naming rule (mlspace-facts §3): the master is node 0."""
    workers = {1: "", 2: f",{platform_job}-mpiworker-0"}.get(nodes, f",{platform_job}-mpiworker-[0-{nodes - 2}]")
    return f"{platform_job}-mpimaster-0{workers}"
