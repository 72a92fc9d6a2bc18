"""The controller at work: it leads the jobs of one registry to their ends.

All it knows is in the registry: killed anywhere, the next one goes on where it was.
"""

from __future__ import annotations

import os

from mlspace.controller import controller
from mlspace.controller.dispatch import Dispatcher
from mlspace.controller.lease import Lease
from mlspace.controller.mailing import Mailer
from mlspace.controller.outputs import Outputs
from mlspace.errors import GatewayError, MlspaceError, StateError
from mlspace.state.database import Outdated
from mlspace.state.leadership import Deposed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlspace.controller.log import Log
    from mlspace.session import Session

LOOK_SECONDS = 0.05
"""Between two looks for a report or a change of the registry; a look is a few system calls."""

CALM_LOOK_SECONDS = 0.25
"""The same, when nothing has happened for a while."""

CALM_SECONDS = 10.0

IDLE_SECONDS = 10.0
"""How long it stays when there is nothing to wait for: the next job may come soon."""

ROUND_SECONDS = 60.0
"""Between two rounds where nothing happens."""

LONGEST_PAUSE_SECONDS = 60.0
"""Between two questions to a Gateway that does not answer; each one that fails doubles the pause."""

BREATH_SECONDS = 1.0
TROUBLE_SECONDS = 600.0
"""So long it goes on with a registry that cannot be used; the next command starts another one."""

JUMP_SECONDS = 2.0
"""A clock that has moved by so much more, or less, than the time that has passed was set."""

LED, RETIRED, TOLD, GONE = "another one leads", "nothing is left to wait for", "it was told to stop", "the registry cannot be used"
"""Why a leader ends."""


class Leader:
    """One term: from the moment it has found nobody else to that at which nothing is left to wait for, or somebody else leads.

    stays: also when nothing is left. lease.is_unwanted: set from outside, as by a signal; it ends when that does no harm.
    """

    def __init__(self, session: Session, log: Log, *, stays: bool = False) -> None:
        self.session = session
        self.context = session.context
        self.work = session.controller
        self.queue = session.queue
        self.lease = Lease(session.registry, session.context)
        self.log = log
        self.dispatcher = Dispatcher(self.work, self.queue, log.say)
        self.mailer: Mailer | None = None
        self.outputs = Outputs(session.registry, session.state_dir, session.gateway, self.context.monotonic)
        self.stays = stays
        self.leads = False
        self.registry_file = self.file()
        self.clock = self.clock_offset()
        self.trouble_since: float | None = None
        self.idle_since: float | None = None
        self.pause = 0.0
        self.asks_at = 0.0  # monotonic; until then the Gateway is left in peace

    def lead(self) -> str:
        """Returns why it has ended. Where the registry cannot be used, as on a full disk, it tries again for a while."""
        while True:
            try:
                if why := self.turn():
                    return why
                self.trouble_since = None
            except (Deposed, Outdated) as error:
                self.log.say(error.lines[0])
                return LED
            except StateError as error:
                if not self.bears(error):
                    return GONE

    def win(self) -> bool:
        """Whether we lead from here on; `lead` sees to that itself, where nobody has to know before."""
        self.leads = self.lease.win()
        return self.leads

    def turn(self) -> str:
        """A round, and the wait for the next one; why it was the last, or ""."""
        if self.registry_file is None or self.file() != self.registry_file:
            return GONE  # moved away from under us, or another one put there
        self.work.registry.check_version()
        if not (self.lease.holds() if self.leads else self.win()):
            return TOLD if self.lease.is_unwanted else LED
        if self.lease.is_unwanted:
            self.lease.retire(is_told=True)
            return TOLD
        self.follow_clock()
        changes = self.queue.changes()
        self.round()
        self.mail()
        if self.stays or self.queue.is_unfinished(self.context.now()):
            self.idle_since = None
        elif self.idle_since is None:
            self.idle_since = self.context.monotonic()
        elif self.context.monotonic() - self.idle_since >= IDLE_SECONDS and self.lease.retire():
            return RETIRED
        self.wait(changes)
        return ""

    def bears(self, error: MlspaceError) -> bool:
        """Whether to try again after such an error, which is said; it takes a breath before."""
        self.log.say(error.lines[0])
        now = self.context.monotonic()
        self.trouble_since = now if self.trouble_since is None else self.trouble_since
        self.context.sleep(BREATH_SECONDS)
        return now - self.trouble_since < TROUBLE_SECONDS and not self.lease.is_unwanted

    def file(self) -> tuple[int, int] | None:
        """Which file the registry is; None where there is none any more."""
        try:
            status = os.stat(self.work.registry.path)
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def clock_offset(self) -> float:
        """What the clock has more than a clock that nobody sets, and that goes on while the host sleeps."""
        return self.context.now() - self.context.uptime()

    def follow_clock(self) -> None:
        """Where the clock was set, moments that the registry keeps to measure from move with it."""
        moved = self.clock_offset() - self.clock
        if abs(moved) >= JUMP_SECONDS:
            self.log.say(f"the clock was set by {moved:+.0f} s")
            self.work.registry.shift_times(moved)
        self.clock += moved

    def round(self) -> None:
        """Everything that is due. What goes wrong is said in the log, and tried again; of a Gateway that is away, ever more rarely."""
        is_resting = self.is_resting
        try:
            self.work.advance(asks=not is_resting)
            if not is_resting:
                self.dispatcher.round()
                if not self.work.cluster().channel:
                    self.outputs.round()
                self.pause = 0.0
        except (Deposed, Outdated):
            raise
        except MlspaceError as error:
            self.log.say(error.lines[0])
            if isinstance(error, GatewayError) and error.is_away:
                self.pause = min(LONGEST_PAUSE_SECONDS, max(controller.POLL_SECONDS, 2 * self.pause))
                self.asks_at = self.context.monotonic() + self.pause
        except OSError as error:
            self.log.say(f"{error.filename or self.session.state_dir}: {error.strerror}")

    def mail(self) -> None:
        """Mail about what has happened."""
        try:
            if self.mailer is None:
                program = self.session.config["mail_prog"]
                self.mailer = Mailer(self.work.registry, program, self.context.environ, self.context.monotonic, self.log.say)
            self.mailer.round(self.context.now())
        except (Deposed, Outdated, StateError):
            raise
        except MlspaceError as error:
            self.log.say(error.lines[0])

    @property
    def is_resting(self) -> bool:
        """Whether the Gateway is left in peace for a while."""
        return self.context.monotonic() < self.asks_at

    def wait(self, changes: int) -> None:
        """Until something has happened since the registry was as `changes` says, or is due by the clock."""
        begun = self.context.monotonic()
        submissions = self.work.registry.submissions()
        is_asking = submissions or self.work.registry.doubtful(self.context.now())
        is_idle = self.idle_since is not None
        seconds = IDLE_SECONDS if is_idle else controller.POLL_SECONDS if is_asking else ROUND_SECONDS
        if self.is_resting:
            seconds = self.asks_at - begun
        elif self.dispatcher.next_look is not None:
            seconds = min(seconds, max(LOOK_SECONDS, self.dispatcher.next_look - self.context.now()))
        if self.mailer is not None and self.mailer.next_look is not None:
            seconds = min(seconds, max(LOOK_SECONDS, self.mailer.next_look - self.context.now()))
        while (passed := self.context.monotonic() - begun) < seconds and not self.lease.is_unwanted:
            if self.queue.changes() != changes or any(self.work.reports.has_news(one) for one in submissions):
                return
            self.lease.renew()
            self.context.sleep(LOOK_SECONDS if passed < CALM_SECONDS else CALM_LOOK_SECONDS)
