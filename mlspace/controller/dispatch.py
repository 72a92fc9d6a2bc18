"""Carrying out what the queue decides: jobs that wait here are sent when they may start, or end without having run.

One process does this at a time, the leader (mlspace/controller/background.py), so that a limit is counted by one.
"""

from __future__ import annotations

from mlspace.controller import controller
from mlspace.errors import GatewayError, StateError
from mlspace.queue import decision
from mlspace.queue.facts import Facts
from mlspace.queue.room import Room

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

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
        if not self.queue.has_line():
            return False
        sent = self.queue.sent()
        facts = Facts(self.work.registry.jobs, sent)
        room = Room(known_nodes(self.work.cluster()), sent, self.work.sender.places.known(now), now)
        actions = decision.decide(self.queue.line(room.blocked), facts, room, now)
        made = self.work.registry.change(lambda _: self.carry_out(actions, int(now)))
        moments = (decision.next_look(self.queue.by_the_clock(), facts, now), room.next_try())
        self.next_look = min((moment for moment in moments if moment is not None), default=None)
        return self.send(made)

    def carry_out(self, actions: Iterable[decision.Action], now: int) -> list[Submission]:
        """Writes down what was decided; returns what is to be sent for it."""
        made: list[Submission] = []
        for action in actions:
            if isinstance(action, decision.Start):
                made += self.start(action.job, action.tasks)
            elif isinstance(action, decision.Split):
                self.queue.split(action.job.job_id, action.job.tasks_waiting)
            elif isinstance(action, decision.Explain):
                self.queue.decide(action.job.job_id, **action.columns)
            else:
                self.work.registry.ended(action.job.job_id, controller.ended_without_run(action.state, action.reason, now))
        return made

    def start(self, job: JobView, tasks: Sequence[int]) -> list[Submission]:
        """Submissions for a job, or these elements of an array. What is split off and not sent, for a crash, waits as a job of its own."""
        made = []
        for job_id in self.queue.split(job.job_id, tasks) if tasks else [job.job_id]:
            submission = controller.new_submission(job.region)
            if self.queue.start(job_id, submission, int(self.work.now())):  # neither cancelled nor held since it was looked at
                made += self.work.registry.submissions(job_id=job_id)
        return made

    def send(self, made: Sequence[Submission]) -> bool:
        """What the platform, or the configuration, refuses for good ends its job; the rest is tried again by the rounds to come.

        Returns whether there was something, and all of it was taken, or has found no room: what goes elsewhere may find some.
        """
        failures = self.work.sender.send_all(made)
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
