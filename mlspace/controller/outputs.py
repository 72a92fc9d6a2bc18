"""Output files that grow while their jobs run: the logs of jobs whose nodes do not see the files are followed, a few at a time.

Each follower is a thread with one request on its way: a stream that the platform keeps open, or that is opened again after a pause.
"""

from __future__ import annotations

import threading

from mlspace.controller import logfiles
from mlspace.errors import GatewayError
from mlspace.gateway.loglines import Parser
from mlspace.gateway.logplace import Moved, Place, Shorter
from mlspace.slurm import state
from mlspace.state.files import forget_outputs
from mlspace.translate import status
from mlspace.translate.joboutput import JobOutput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mlspace.gateway.client import Client
    from mlspace.slurm.job import JobView
    from mlspace.state.registry import Registry, Submission

MOST_AT_ONCE = 8
"""Logs that are read at the same time; jobs beyond that take turns."""

TURN_SECONDS = 20.0
"""So long a log is followed while others wait for their turn."""

IDLE_SECONDS = 60.0
"""A stream without a byte for so long is opened again."""

PAUSE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 30.0
"""Between two streams of a log that says nothing new; each one that does not doubles the pause."""


class Outputs:
    """Those of one registry's jobs. gateway: its client, for each round; monotonic: the clock."""

    def __init__(self, registry: Registry, state_dir: str, gateway: Callable[[], Client], monotonic: Callable[[], float]) -> None:
        self.registry = registry
        self.state_dir = state_dir
        self.gateway = gateway
        self.monotonic = monotonic
        self.followed: dict[str, Follower] = {}  # by submission; also those that have nothing to write

    def round(self) -> None:
        """Starts and ends followers as jobs start and end."""
        posted = {one.job_id: one for one in self.registry.submissions(phases=("posted",))}
        jobs = self.registry.jobs(job_ids=list(posted), states=(state.RUNNING, state.COMPLETING)) if posted else []
        running = {posted[job.job_id].submission: job for job in jobs if job.batch and not logfiles.is_appended(job)}
        for name in [name for name in self.followed if name not in running]:
            self.followed[name].is_over = True
            if not self.followed[name].is_busy:
                del self.followed[name]
                forget_outputs(self.state_dir, name)
        for name, job in running.items():
            if name not in self.followed:
                self.followed[name] = Follower(self.state_dir, posted[job.job_id], job, self.monotonic)
        waiting = [one for one in self.followed.values() if one.is_due(self.monotonic())]
        free = MOST_AT_ONCE - sum(one.is_busy for one in self.followed.values())
        for one in sorted(waiting, key=lambda follower: follower.due)[: max(0, free)]:
            one.start(self.gateway())
        for one in self.followed.values():
            one.is_hurried = len(waiting) > free


class Follower:
    """Follows one run's log. due: when its next turn may begin, by the clock."""

    def __init__(self, state_dir: str, submission: Submission, job: JobView, monotonic: Callable[[], float]) -> None:
        self.state_dir = state_dir
        self.submission = submission
        self.job = job
        self.monotonic = monotonic
        self.due = 0.0
        self.pause = PAUSE_SECONDS
        self.is_over = False
        self.is_hurried = False  # others wait
        self.is_busy = False
        self.place = Place()
        self.parser = Parser()
        self.output = JobOutput(self.take, keeps_untagged=True)
        self.files: logfiles.Output | None = None
        self.early: list[tuple[int, int, str]] = []  # lines before the report of the start, which says what is to be written

    def is_due(self, now: float) -> bool:
        return not self.is_busy and not self.is_over and now >= self.due

    def start(self, client: Client) -> None:
        self.is_busy = True
        threading.Thread(target=self.follow, args=(client,), daemon=True).start()

    def follow(self, client: Client) -> None:
        """One stream: to its end, until it is idle, or until the turn is over. What goes wrong is tried again by the next one."""
        before = self.place.count
        try:
            for raw in self.place.unread(self._in_turn(client)):
                self.feed(raw)
        except (GatewayError, Moved, Shorter):
            pass
        finally:
            self.pause = PAUSE_SECONDS if self.place.count > before else min(2 * self.pause, LONGEST_PAUSE_SECONDS)
            self.due = self.monotonic() + self.pause
            self.is_busy = False

    def _in_turn(self, client: Client) -> Iterator[bytes]:
        until = self.monotonic() + TURN_SECONDS
        for piece in client.logs(self.submission.platform_job, self.submission.region, idle_seconds=IDLE_SECONDS):
            if self.is_over:
                return
            yield piece
            if self.is_hurried and self.monotonic() > until:
                return

    def feed(self, raw: bytes) -> None:
        for line in self.parser.feed(raw):
            if report := self.output.feed(line):
                self.see(report)
        if self.files is not None:
            self.files.write()

    def see(self, line: bytes) -> None:
        """A report: that of the start says whether, and which of the files are to be written here."""
        for report in status.reports(line, self.submission.submission, self.submission.secret):
            if report["event"] == "start" and self.files is None:
                self.begin(report)

    def begin(self, report: Mapping[str, object]) -> None:
        streams = str(report.get("log", "")).split(",")
        if streams == [""]:
            self.is_over = True
            return
        self.files = logfiles.Output(self.state_dir, self.submission, self.job, streams)
        for line in self.early:
            self.files.take(*line)
        self.early = []

    def take(self, stream: int, rank: int, text: str) -> None:
        if self.files is not None:
            self.files.take(stream, rank, text)
        elif not self.is_over:
            self.early.append((stream, rank, text))
