"""Carrying out what the queue decides: jobs that wait here are sent when they may start, or end without having run.

One process does this at a time, the leader (mlspace/controller/background.py), so that a limit is counted by one.
"""

from __future__ import annotations

from mlspace.controller import controller, outcomes
from mlspace.errors import GatewayError, StateError
from mlspace.queue import decision
from mlspace.queue.facts import Facts
from mlspace.queue.room import Room
from mlspace.slurm import hetjob, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mlspace.cluster.cluster import Cluster, Node
    from mlspace.controller.controller import Controller
    from mlspace.slurm.job import JobView
    from mlspace.state.queue import Queue
    from mlspace.state.registry import Submission


class Dispatcher:
    """log: takes a line about what went wrong with one job; the others have their turn all the same."""

    def __init__(self, work: Controller, queue: Queue, log: Callable[[str], None]) -> None:
        self.work = work
        self.queue = queue
        self.log = log
        self.next_look: float | None = None  # when the clock alone may let something start
        self.members: dict[int, list[JobView]] = {}  # components that wait, by their heterogeneous job

    def round(self) -> None:
        """Looks at what waits until nothing follows from it: what the platform has just taken may make room for more."""
        end = self.end_late()
        while self.look():
            pass
        self.next_look = min((moment for moment in (self.next_look, end) if moment is not None), default=None)

    def end_late(self) -> float | None:
        """Ends what runs and should have ended by now; when the next one's time has come, unix seconds."""
        now, running = self.work.now(), self.queue.with_deadline()
        for job in running:
            if job.deadline <= now:
                try:
                    self.work.expire(job)
                except GatewayError as error:
                    self.log(f"job {job.job_id}: {error.lines[0]}")
        return min((job.deadline for job in running if job.deadline > now), default=None)

    def look(self) -> bool:
        """One look at what waits, and what follows from it; whether jobs were sent, and all of them taken."""
        now = self.work.now()
        self.next_look = None
        self.members.clear()
        if not self.queue.has_line():
            return False
        sent = self.queue.sent()
        facts = Facts(self.work.registry.jobs, sent)
        room = Room(known_nodes(self.work.cluster()), sent, self.work.sender.places.known(now), now)
        actions = decision.decide(self.joined(self.queue.line(room.blocked)), facts, room, now)
        made = self.work.registry.change(lambda _: self.carry_out(actions, int(now)))
        moments = (decision.next_look(self.joined(self.queue.by_the_clock()), facts, now), room.next_try())
        self.next_look = min((moment for moment in moments if moment is not None), default=None)
        return self.send(made)

    def joined(self, rows: Iterable[JobView]) -> Iterator[JobView]:
        """What waits, each heterogeneous job as one row. One of which not all components wait is being put in order elsewhere."""
        for job in rows:
            if job.het_job_id is None:
                yield job
            elif job.het_offset == 0:
                members = [one for one in self.work.registry.components([job.job_id]) if one.state not in state.FINAL]
                if self.queue.may_start([one.job_id for one in members]):
                    self.members[job.job_id] = members
                    yield hetjob.as_one(members)

    def rows_of(self, job: JobView) -> list[JobView]:
        """The rows that a decision about the job is about."""
        return [job] if job.het_job_id is None else self.members[job.het_job_id]

    def carry_out(self, actions: Iterable[decision.Action], now: int) -> list[Submission]:
        """Writes down what was decided; returns what is to be sent for it."""
        made: list[Submission] = []
        for action in actions:
            if isinstance(action, decision.Start):
                made += self.start(action.job, action.tasks)
            elif isinstance(action, decision.Split):
                self.queue.split(action.job.job_id, action.job.tasks_waiting)
            elif isinstance(action, decision.Explain):
                for job in self.rows_of(action.job):
                    self.queue.decide(job.job_id, **action.columns)
            else:
                for job in self.rows_of(action.job):
                    self.work.registry.ended(job.job_id, outcomes.ended_without_run(action.state, action.reason, now))
        return made

    def start(self, job: JobView, tasks: Sequence[int]) -> list[Submission]:
        """Submissions for a job, or these elements of an array. What is split off and not sent, for a crash, waits as a job of its own."""
        made: list[Submission] = []
        starting = self.rows_of(job)
        if len(starting) > 1 and not self.queue.may_start([one.job_id for one in starting]):
            return made
        if tasks:
            new = {job_id: controller.new_submission(job.region) for job_id in self.queue.split(job.job_id, tasks)}
        else:
            new = dict(zip((one.job_id for one in starting), controller.new_submissions([one.region for one in starting]), strict=True))
        for job_id, submission in new.items():
            if self.queue.start(job_id, submission, int(self.work.now())):  # neither cancelled nor held since it was looked at
                made += self.work.registry.submissions(job_id=job_id)
        return made

    def send(self, made: Sequence[Submission]) -> bool:
        """What the platform, or the configuration, refuses for good ends its job; the rest is tried again by the rounds to come.

        Returns whether there was something, and all of it was taken, or has found no room: what goes elsewhere may find some.
        """
        behind = {job.job_id for members in self.members.values() for job in members[1:]}
        failures = self.work.sender.send_all([one for one in made if one.job_id not in behind])
        failures |= self.work.sender.send_all([one for one in made if one.job_id in behind])
        for submission in made:
            error = failures.get(submission.submission)
            if error is None:
                continue
            self.log(f"job {submission.job_id}: {error.lines[0]}")
            if not isinstance(error, StateError) and not (isinstance(error, GatewayError) and error.passes):
                self.work.refuse(submission, error)
        return bool(made) and all(isinstance(error, GatewayError) and error.shortage for error in failures.values())


def known_nodes(cluster: Cluster) -> Sequence[Node]:
    """The cluster's nodes where they are all that there is."""
    return cluster.nodes if cluster.has_known_nodes else ()
