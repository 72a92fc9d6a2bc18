"""The controller as a process of its own: it leads the jobs of one registry to their ends while there is something to wait for.

Commands start it (`start`) when they leave something to be done; the registry makes it one (Queue.lead), and it goes when nothing is
left. All it knows is in the registry: killed anywhere, the next one goes on where it was.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlspace.errors import MlspaceError
    from mlspace.session import Session

LOOK_SECONDS = 0.05
"""Between two looks for a report or a change of the registry; a look is a few system calls."""

CALM_LOOK_SECONDS = 0.25
"""The same, when nothing has happened for a while."""

CALM_SECONDS = 10.0

IDLE_SECONDS = 10.0
"""How long it stays when there is nothing to wait for: the next job may come soon."""

RENEW_SECONDS = 60.0
"""At the latest by then it says that it lives, to other hosts that share the registry."""

BREATH_SECONDS = 1.0
TROUBLE_SECONDS = 600.0
"""So long it goes on with a registry that cannot be used; the next command starts another one."""

LOG = "controller.log"

LONGEST_LOG = 1 << 20
"""Bytes; a longer one begins anew."""

LARGEST_DESCRIPTOR = 4096
"""Of those that a starter may have left open; a shell's are small numbers."""

PACKAGE_PARENT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = "import sys; sys.path[:0] = sys.argv[2:]; from mlspace.controller.background import main; main(sys.argv[1])"

PASSED_ON = (
    *("HOME", "PATH", "LANG", "TZ", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
    *("GWAPI_ADDR", "GWAPI_KEY", "NAMESPACE", "NB_PREFIX", "CLUSTER_KEY", "WORKSPACE_ID", "MLS_PROFILE_DEFAULT"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
)
NOT_PASSED_ON = ("MLSPACE_LOCAL_", "MLSPACE_JOB_DIR", "MLSPACE_TRACEBACK")
"""The local shape is what the gateway has; whoever wants another one says so to it."""


def environment(state_dir: str, environ: Mapping[str, str]) -> dict[str, str]:
    """What the process gets of its starter's environment: where the Gateway is and how to reach it, nothing of the user's own."""
    ours = {name: value for name, value in environ.items() if name in PASSED_ON}
    for name, value in environ.items():
        if name.startswith("MLSPACE_") and not name.startswith(NOT_PASSED_ON):
            ours[name] = value
    return {**ours, "MLSPACE_STATE_DIR": state_dir}


def start(state_dir: str, environ: Mapping[str, str]) -> None:
    """Starts it detached, in a session of its own, and does not wait for it. One that finds another one leading ends at once."""
    log = os.path.join(state_dir, LOG)
    nothing, appending = os.O_RDONLY, os.O_WRONLY | os.O_CREAT | os.O_APPEND
    os.posix_spawn(
        sys.executable,
        [sys.executable, "-X", "utf8", "-ISc", PROGRAM, state_dir, PACKAGE_PARENT, *site_packages()],
        environment(state_dir, environ),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, nothing, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, appending, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )


def site_packages() -> list[str]:
    """Where our dependencies are, which the stub in bin/ has put on sys.path."""
    return [path for path in sys.path if path.endswith("site-packages")]


def main(state_dir: str) -> None:
    from mlspace.context import Context
    from mlspace.session import Session

    os.closerange(3, LARGEST_DESCRIPTOR)  # the starter's pipes and locks
    os.chdir("/")
    shorten(os.path.join(state_dir, LOG))
    context = Context(program="controller")
    Leader(Session(context), os.path.join(state_dir, LOG)).lead()


def shorten(log: str) -> None:
    """Empties a log that has grown too long; what appends to it goes on at its beginning."""
    try:
        if os.stat(log).st_size > LONGEST_LOG:
            os.truncate(log, 0)
    except OSError:
        pass  # there is none


class Leader:
    """One term: from the moment it has found nobody else to that at which nothing is left to wait for, or somebody else leads."""

    def __init__(self, session: Session, log: str) -> None:
        from mlspace import process_identity
        from mlspace.controller import controller
        from mlspace.controller.dispatch import Dispatcher

        self.session = session
        self.context = session.context
        self.work = session.controller
        self.queue = session.queue
        self.identity = process_identity.process_identity()
        self.is_alive = process_identity.is_alive
        self.poll_seconds = controller.POLL_SECONDS
        self.dispatcher = Dispatcher(self.work, self.queue, self.say)
        self.log = log
        self.registry_file = self.file()
        self.trouble_since: float | None = None
        self.said = ""
        self.idle_since: float | None = None

    def say(self, line: str) -> None:
        """A line in the log; not the one that was said last."""
        shorten(self.log)
        if line != self.said:
            from mlspace.slurm.timestamp import format_timestamp

            self.context.warn(f"{format_timestamp(self.context.now())} {line}")
        self.said = line

    def lead(self) -> None:
        """Where the registry cannot be used, as on a full disk, it tries again for a while."""
        from mlspace.errors import StateError

        while True:
            try:
                if not self.claim() or not self.work_on():
                    return
                self.trouble_since = None
            except StateError as error:
                if not self.bears(error):
                    return

    def bears(self, error: MlspaceError) -> bool:
        """Whether to try again after such an error, which is said; it takes a breath before."""
        self.say(error.lines[0])
        now = self.context.monotonic()
        self.trouble_since = now if self.trouble_since is None else self.trouble_since
        self.context.sleep(BREATH_SECONDS)
        return now - self.trouble_since < TROUBLE_SECONDS

    def work_on(self) -> bool:
        """A round, and the wait for the next one; False where nothing is left to wait for."""
        changes = self.queue.changes()
        self.round()
        if self.queue.is_unfinished(self.context.now()):
            self.idle_since = None
        elif self.idle_since is None:
            self.idle_since = self.context.monotonic()
        elif self.context.monotonic() - self.idle_since >= IDLE_SECONDS and self.queue.retire(self.identity, self.context.now()):
            return False
        self.wait(changes, idle=self.idle_since is not None)
        return True

    def file(self) -> tuple[int, int] | None:
        """Which file the registry is; None where there is none any more."""
        try:
            status = os.stat(self.work.registry.path)
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def claim(self) -> bool:
        """Whether we lead, or go on to; not when the registry has been moved away from under us, or another one put there."""
        if self.registry_file is None or self.file() != self.registry_file:
            return False
        now = self.context.now()
        leader = self.queue.leader()
        if leader is not None and leader[0] == self.identity and abs(now - leader[1]) < RENEW_SECONDS:
            return True
        return self.queue.lead(self.identity, now, lambda owner, seen: self.is_alive(owner, seen, now))

    def round(self) -> None:
        """Everything that is due. What goes wrong is said in the log, and tried again."""
        from mlspace.errors import MlspaceError

        for step in (self.work.advance, self.dispatcher.round):
            try:
                step()
            except MlspaceError as error:
                self.say(error.lines[0])
            except OSError as error:
                self.say(f"{error.filename or self.session.state_dir}: {error.strerror}")

    def wait(self, changes: int, *, idle: bool) -> None:
        """Until something has happened since the registry was as `changes` says, or is due by the clock."""
        begun = self.context.monotonic()
        submissions = self.work.registry.submissions()
        is_asking = submissions or self.work.registry.doubtful(self.context.now())
        seconds = IDLE_SECONDS if idle else self.poll_seconds if is_asking else RENEW_SECONDS
        if self.dispatcher.next_look is not None:
            seconds = min(seconds, max(LOOK_SECONDS, self.dispatcher.next_look - self.context.now()))
        while (passed := self.context.monotonic() - begun) < seconds:
            if self.queue.changes() != changes or any(self.work.reports.has_news(one) for one in submissions):
                return
            self.context.sleep(LOOK_SECONDS if passed < CALM_SECONDS else CALM_LOOK_SECONDS)
