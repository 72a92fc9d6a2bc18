"""What slurmctld does, one round at a time: sends what is to be sent, learns what has started and ended, writes it down.

Any command may call a round. Nothing is kept in memory between rounds that the registry does not have, so that a process that is
killed anywhere leaves nothing undone that the next one would not find.
"""

from __future__ import annotations

from functools import partial

from mlspace.controller import outcomes
from mlspace.controller.families import Families
from mlspace.controller.reports import Reports, is_unwanted
from mlspace.errors import GatewayError, MlspaceError
from mlspace.process_identity import is_alive, process_identity
from mlspace.slurm import reason, state
from mlspace.state.files import forget_files
from mlspace.state.queue import EXPIRE, RECALL, TOGETHER, Queue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from mlspace.controller.sending import Sender
    from mlspace.controller.survey import Found
    from mlspace.gateway.wire import PlatformJob
    from mlspace.slurm.job import JobView
    from mlspace.state.registry import Submission

POLL_SECONDS = 2.0
"""Between two questions about a region: what squeue shows is at most that old, times the number of regions with unfinished jobs."""

WATCH_POLL_SECONDS = 10.0
"""The same of a region where there is nothing but lost requests to look for."""

KEPT = "  the request is kept: it is sent again by the next commands"

UNSENT = (RECALL, TOGETHER)
"""Wishes of what is not sent any more: of a heterogeneous job of which not all could be sent, or which has ended meanwhile."""

CLOCK_SECONDS = 120.0
"""The platform's clock and ours may differ by so much."""


class Controller:
    """Advances the jobs of one registry, that of `sender`.

    is_led_elsewhere: whether a controller on another host leads. Then nothing is asked of the platform from here, and what is wanted is
    written down for that one, whose next rounds carry it out.
    """

    def __init__(self, sender: Sender, is_led_elsewhere: Callable[[], bool] = lambda: False) -> None:
        self.sender = sender
        self.is_led_elsewhere = is_led_elsewhere
        self.registry, self.state_dir, self.now = sender.registry, sender.state_dir, sender.now
        self.gateway, self.cluster = sender.gateway, sender.cluster
        self.queue = Queue(self.registry)
        self.reports = Reports(self.queue, self.state_dir, self.gateway, self.cluster, self.delete)
        self.families = Families(self.queue, self.state_dir, self.now, self.delete)

    # One round.

    def advance(self, *, asks: bool = True) -> None:
        """One round: report files, submissions that nobody works on, and, at most every POLL_SECONDS, the platform.

        What goes wrong with one job keeps no other from its turn, unless it is the Gateway, which would not answer for them either.
        Raises the first MlspaceError, when all have had theirs. asks: whether the Gateway is called at all.
        """
        open_ones, doubtful = self.registry.submissions(), self.registry.doubtful(self.now())
        if not open_ones and not doubtful:
            return
        jobs = {job.job_id: job for job in self.registry.jobs(job_ids=[submission.job_id for submission in open_ones])}
        open_ones = [one for one in open_ones if one.job_id in jobs]  # one may have been refused, and removed, a moment ago
        ended = {one.submission for one in open_ones if self.reports.read(one, jobs[one.job_id])}
        if not asks or self.is_led_elsewhere():
            return
        rest = [one for one in open_ones if one.submission not in ended]
        to_ask = [one for one in rest if one.phase == "posted"]
        to_send: list[Submission] = []
        for submission in rest:
            if submission.phase != "posted" and self.is_abandoned(submission):
                (to_ask if submission.phase == "posting" else to_send).append(submission)
        problems = self.send_again(to_send, jobs)
        problems += self.poll(to_ask, doubtful, jobs)
        try:
            self.families.settle(job.het_job_id for job in jobs.values() if job.het_job_id is not None)
        except MlspaceError as error:
            problems.append(error)
        if problems:
            raise problems[0]

    def is_abandoned(self, submission: Submission) -> bool:
        """Whether nobody is sending it: its process is gone, or is this one, which could not write down what became of it."""
        return submission.submission in self.sender.undertaken or not is_alive(submission.owner, submission.posted_at, self.now())

    def send_again(self, submissions: Sequence[Submission], jobs: Mapping[int, JobView]) -> list[MlspaceError]:
        """Sends what nobody has sent, or what did not come to be; not for jobs that have ended in the meantime.

        The first one goes alone: raises GatewayError where nobody is answered, which the others need not be told, too. Returns what else
        went wrong, but for what is one job's end, or passes.
        """
        for one in submissions:
            if jobs[one.job_id].state in state.FINAL:
                self.registry.close_submissions(one.job_id)
            elif jobs[one.job_id].wish in UNSENT:
                self.queue.without_run(jobs[one.job_id], int(self.now()))
        waiting = [one for one in submissions if jobs[one.job_id].state not in state.FINAL and jobs[one.job_id].wish not in UNSENT]
        problems: list[MlspaceError] = []
        for some in (waiting[:1], waiting[1:]):
            failures = self.sender.send_all(some) if some else {}
            for one in some:
                error = failures.get(one.submission)
                if some[0] is waiting[0] and isinstance(error, GatewayError) and error.is_away:
                    raise error
                if isinstance(error, GatewayError) and not error.passes:
                    self.refuse(one, error)
                elif error is not None and not isinstance(error, GatewayError):
                    problems.append(error)
        return problems

    def refuse(self, submission: Submission, error: MlspaceError) -> None:
        """The end of a job that the platform, or the configuration, has refused for good."""
        end = partial(self.registry.ended, submission.job_id, outcomes.refused(int(self.now()), error.lines[0]))
        self.registry.unless_taken(submission, end)

    def poll(self, to_ask: Sequence[Submission], doubtful: Sequence[Submission], jobs: dict[int, JobView]) -> list[MlspaceError]:
        """Asks the platform about the jobs of the regions whose turn it is, and writes down what it says."""
        from mlspace.controller.survey import Wanted, survey

        regions = {one.region for one in to_ask}
        wanted = {}
        for region in regions | {one.region for one in doubtful}:
            seconds = POLL_SECONDS * len(regions) if region in regions else WATCH_POLL_SECONDS
            if self.registry.claim_poll(region, self.now(), seconds):
                has_lost = any(one.region == region for one in (*(one for one in to_ask if one.phase == "posting"), *doubtful))
                names = [one.platform_job for one in to_ask if one.region == region and one.phase == "posted"]
                wanted[region] = Wanted(names, has_lost=has_lost)
        asked_at = self.now()
        problems: list[MlspaceError] = []
        try:
            found = survey(self.gateway(), wanted) if wanted else {}
        except GatewayError as error:
            return [error]
        problems += [one.problem for one in found.values() if one.problem is not None]
        told = {region: one for region, one in found.items() if one.problem is None}
        lost = [one for one in to_ask if one.phase == "posting" and one.region in told]
        to_send: list[Submission] = []
        steps = [
            *(partial(self.ask, one, jobs[one.job_id], told[one.region]) for one in to_ask if one.phase == "posted" and one.region in told),
            *(partial(self.weed, one, told[one.region]) for one in doubtful if one.region in told),
            *(partial(self.look_for, one, told[one.region], asked_at, to_send) for one in lost),
        ]
        for step in steps:
            try:
                step()
            except MlspaceError as error:
                problems.append(error)
                if isinstance(error, GatewayError) and error.is_away:
                    return problems
        return problems + self.send_again(to_send, jobs)

    def look_for(self, submission: Submission, found: Found, asked_at: float, to_send: list[Submission]) -> None:
        """Of a request that may have had its effect: its job in the platform's list as of then, or, when it has had its time, another one.

        asked_at: when the list was asked for. to_send: takes it, where it is to be sent again.
        """
        if submission.lost_at is None or submission.owner:  # its process died: who knows when it sent it
            self.registry.release(submission, sent=True, now=asked_at)
            submission.owner, submission.lost_at = "", asked_at
        mine, is_sure = found.by_submission.get(submission.submission, []), True
        if not self.gateway().tells_descriptions:
            mine, is_sure = self.recognize(submission, found)
        for one in mine:
            self.sender.adopt(submission, one.name)
        if not mine and is_sure and asked_at >= submission.lost_at + self.cluster().settle_seconds:
            to_send.append(submission)

    def recognize(self, submission: Submission, found: Found) -> tuple[list[PlatformJob], bool]:
        """The submission's jobs by the reports in their logs, where no list tells descriptions; and whether there can be no others.

        A job that nobody here knows, and that has not begun, may be it: until it has, nothing is sent again.
        """
        since = (submission.posted_at or 0) - CLOCK_SECONDS
        listed = [one for one in found.by_name.values() if not isinstance(one, GatewayError)]
        strangers = [one for one in listed if one.created_at is None or one.created_at >= since]
        strangers = [one for one in strangers if self.registry.job_of_platform(one.name) is None]
        mine = [one for one in strangers if self.reports.is_of(submission, one.name)]
        return mine, all(one.has_ended for one in strangers)

    def weed(self, submission: Submission, found: Found) -> None:
        """Deletes what the platform has of a submission besides its job: a request that was thought lost, and came late."""
        doubles = [one for one in found.by_submission.get(submission.submission, ()) if one.name != submission.platform_job]
        known = self.registry.doubles([submission.submission]) if doubles else ()
        for one in doubles:
            if one.name not in known:
                self.sender.discard(submission, one.name)

    def ask(self, submission: Submission, job: JobView, found: Found) -> None:
        platform = found.by_name[submission.platform_job]
        if isinstance(platform, GatewayError):
            raise platform
        self.note(submission, job, platform)

    def note(self, submission: Submission, job: JobView, platform: PlatformJob) -> None:
        """One job's platform status. A report knows more than the platform: it is looked for once more before an end is believed."""
        from mlspace.translate import status

        if is_unwanted(job) and not platform.has_ended:
            self.delete([submission])  # the request before may have been lost
        if platform.status in status.PENDING:
            self.queue.in_run(submission.submission, partial(self.registry.pending, job.job_id, reason.RESOURCES))
        elif platform.status in status.RUNNING and job.state == state.PENDING and not self.cluster().channel and self.families.is_sent(job):
            nodes = node_names(submission.platform_job, job.nodes)
            self.queue.in_run(
                submission.submission, partial(self.registry.running, job.job_id, platform.running_at or int(self.now()), nodes)
            )
        is_settled = self.now() >= (submission.posted_at or 0) + self.cluster().settle_seconds
        is_gone = platform.status == status.NOT_FOUND and is_settled
        if (is_gone or platform.has_ended) and not self.reports.read(submission, job, platform.status):
            log = b"" if is_gone or self.cluster().channel else self.reports.log(submission)
            if self.reports.take(submission, job, log, platform.status):
                return
            end_time = platform.completed_at or int(self.now())
            # Where `launch` has begun, or would have reported it, an end without a report means that it was killed.
            has_begun = self.cluster().channel or (platform.status == status.FAILED and self.reports.has_begun(submission, log))
            is_lost = is_gone or (platform.status not in (*status.WANTED, status.PREEMPTED) and has_begun)
            outcome = outcomes.lost(end_time) if is_lost else status.outcome_of(platform.status, end_time) or outcomes.lost(end_time)
            if job.cancelled_by is not None:
                outcome |= {"state": state.CANCELLED, "reason": reason.NONE}
            self.queue.in_run(submission.submission, partial(self.queue.ended, job.job_id, outcome))

    # Cancelling.

    def cancel(self, jobs: Sequence[JobView], uid: int) -> None:
        """Ends jobs: at once if nothing was sent, else the platform is asked to; a running one is over when it says so.

        Raises the first MlspaceError, when all have been tried; what could not be asked for is asked again in later rounds.
        """
        registry = self.registry
        registry.together(partial(registry.cancelling, job.job_id, uid) for job in jobs)
        mine = {job.job_id: self.registry.submissions(job_id=job.job_id, phases=("posted",)) for job in jobs}
        asks = not self.is_led_elsewhere()
        failures = self.delete([submission for submissions in mine.values() for submission in submissions]) if asks else {}
        asked = [job for job in jobs if failures.keys().isdisjoint(one.submission for one in mine[job.job_id])]
        if not asks:
            asked = [job for job in asked if not mine[job.job_id]]
        # As in Slurm, a job that waited shows to its end why.
        registry.together(
            partial(registry.ended, job.job_id, outcomes.ended_without_run(state.CANCELLED, job.reason, int(self.now())))
            for job in asked
            if job.is_pending
        )
        for job in asked:
            if job.is_pending:
                for submission in mine[job.job_id]:
                    forget_files(self.state_dir, submission.submission)
        for error in failures.values():
            error.lines += (KEPT,)
            raise error

    def recall(self, job: JobView) -> None:
        """Takes back what was sent of a job that has not started. Raises GatewayError; then a later round does it."""
        sent = self.registry.submissions(job_id=job.job_id, phases=("posted",))
        if any(self.reports.read(submission, job) for submission in sent):
            return  # it has begun, and ended, since the caller looked
        if not sent or not self.queue.wish(job, RECALL) or self.is_led_elsewhere():
            return
        for error in self.delete(sent).values():
            raise error
        for submission in sent:
            self.queue.in_run(submission.submission, partial(self.queue.taken_back, job.job_id))
            forget_files(self.state_dir, submission.submission)

    def expire(self, job: JobView) -> None:
        """Ends a job that runs and has come to its --deadline. Raises GatewayError; then a later round asks again."""
        if self.queue.wish(job, EXPIRE):
            for error in self.delete(self.registry.submissions(job_id=job.job_id, phases=("posted",))).values():
                raise error

    def requeue(self, job: JobView, wish: str) -> bool:
        """Ends the job's run, to be followed by another one; wish: see JobView. Of a job that has ended, the next one waits at once.

        False where it waits already.
        """
        if self.queue.wish(job, wish):
            asked_for = [] if self.is_led_elsewhere() else self.registry.submissions(job_id=job.job_id, phases=("posted",))
            for error in self.delete(asked_for).values():
                raise error
            return True
        now = self.registry.job(job.job_id)
        if now is None or now.state not in state.FINAL:
            return False
        return self.queue.requeue(now, outcomes.ended_again(now, int(self.now())), wish)

    def delete(self, submissions: Sequence[Submission]) -> dict[str, MlspaceError]:
        """Asks the platform to end the jobs of these submissions, several at a time; the errors by submission."""
        if not submissions:
            return {}
        from mlspace.gateway.at_once import answers

        try:
            client = self.gateway()
        except MlspaceError as error:  # as where the configuration cannot be read
            return {one.submission: error for one in submissions}
        told = zip(submissions, answers(lambda one: client.delete_job(one.platform_job, one.region), submissions), strict=True)
        return {one.submission: answer for one, answer in told if isinstance(answer, GatewayError)}


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


def new_submissions(regions: Sequence[str]) -> list[dict[str, Any]]:
    """Those of the components of a heterogeneous job, which know each other by a common secret."""
    made = [new_submission(region) for region in regions]
    return [{**one, "secret": made[0]["secret"]} for one in made]


def node_names(platform_job: str, nodes: int) -> str:
    """Pods of a platform job by its naming rule (mlspace-facts §3): the master is node 0."""
    workers = {1: "", 2: f",{platform_job}-mpiworker-0"}.get(nodes, f",{platform_job}-mpiworker-[0-{nodes - 2}]")
    return f"{platform_job}-mpimaster-0{workers}"
