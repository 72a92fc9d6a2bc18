"""Mail about jobs, by the program that the configuration names: called, and not waited for."""

from __future__ import annotations

from mlspace.slurm.job import CLUSTER_NAME
from mlspace.state.mails import Mails

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping

    from mlspace.slurm.mail import Mail
    from mlspace.state.registry import Registry

MOST_AT_ONCE = 8
"""Mail programs that run at the same time; what is due besides waits for one of them to end."""

LONGEST_SECONDS = 300.0
"""A mail program that takes longer is ended, so that it keeps no other from its turn for ever."""

LOOK_SECONDS = 1.0
"""Between two looks whether a mail program has ended, where more is due."""

PASSED_ON = ("HOME", "LANG", "PATH", "TZ")
"""Of the controller's environment: what a mail program of one's own needs, which slurmctld does not give."""


class Mailer:
    """program: the configured mail program, "" for none: then no mail is sent, now or later. log: takes a line of what went wrong."""

    def __init__(
        self,
        registry: Registry,
        program: str,
        environ: Mapping[str, str],
        monotonic: Callable[[], float],
        log: Callable[[str], None],
    ) -> None:
        self.mails = Mails(registry)
        self.program = program
        self.environ = environ
        self.monotonic = monotonic
        self.log = log
        self.next_look: float | None = None  # unix seconds: when the clock alone may make something due
        self._running: list[tuple[subprocess.Popen[bytes], float, str]] = []  # with when it began, and of what it is

    def round(self, now: float) -> None:
        """Calls the program for what is due."""
        self._reap()
        free = max(0, MOST_AT_ONCE - len(self._running))
        taken = self.mails.take(now, free) if free else []
        for one in taken:
            if self.program:
                self._send(one)
        self.next_look = now + LOOK_SECONDS if len(taken) >= free or self._running else self.mails.next_look(now)

    def _send(self, one: Mail) -> None:
        import subprocess

        environment = {name: self.environ[name] for name in PASSED_ON if name in self.environ} | one.environment(CLUSTER_NAME)
        nowhere = subprocess.DEVNULL
        try:
            process = subprocess.Popen(
                [self.program, *one.argv], env=environment, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True
            )
        except (OSError, ValueError) as error:
            self.log(f"mail of job {one.job.label}: {self.program}: {getattr(error, 'strerror', None) or error}")
            return
        self._running.append((process, self.monotonic(), one.subject))

    def _reap(self) -> None:
        for process, begun, subject in self._running:
            if process.poll() is None and self.monotonic() - begun > LONGEST_SECONDS:
                process.kill()
            elif process.returncode:
                self.log(f"{self.program} ended with {process.returncode} for {subject}")
        self._running = [entry for entry in self._running if entry[0].returncode is None]
