"""The outside world as one object, so that tests can replace it whole."""

from __future__ import annotations

import os
import stat
import sys
import time

from mlspace.errors import MlspaceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import BinaryIO, TextIO

    from mlspace.configuration.config import Config


FOREGROUND_SECONDS = 0.1
DEFAULT_SHELL = "/bin/sh"


class Interrupted(KeyboardInterrupt):
    """A signal that asked us to stop, where somebody has to be told of that first (Context.interruptible)."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class User:
    """Who submits: login name, uid, and primary group."""

    __slots__ = ("gid", "group", "home", "name", "uid")

    def __init__(self, name: str, uid: int, group: str, gid: int, home: str) -> None:
        self.name = name
        self.uid = uid
        self.group = group
        self.gid = gid
        self.home = home


class Context:
    """What a command sees of the world: environment, directory, streams, clock, user, host.

    `environ` is the process environment with undecodable bytes as surrogate escapes (PEP 383).
    """

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        cwd: str | None = None,
        stdin: BinaryIO | None = None,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
        user: User | None = None,
        host: str | None = None,
        program: str = "",
        arguments: Sequence[str] = (),
    ) -> None:
        self.environ = os.environ if environ is None else environ
        self._cwd = cwd
        self.stdin = stdin or (sys.stdin.buffer if sys.stdin else open(os.devnull, "rb"))  # noqa: SIM115 - for the rest of this process
        self.stdout = stdout or standard(sys.stdout)
        self.stderr = stderr or standard(sys.stderr)
        self._user = user
        self._host = host
        self.program = program
        self.arguments = list(arguments)  # of the command, as accounting shows them
        self.gathered: Config | None = None  # what the configuration says, once it was read (config.gather_for)
        self.failure_code = 1  # exit code of a failure that has none of its own
        self._closing: list[Callable[[], None]] = []

    @property
    def cwd(self) -> str:
        """The current directory. `$PWD` where it names the same place, as a shell shows it; else the real path."""
        if self._cwd is None:
            self._cwd = current_directory(self.environ.get("PWD", ""))
        return self._cwd

    @property
    def user(self) -> User:
        if self._user is None:
            self._user = current_user()
        return self._user

    @property
    def home(self) -> str:
        """Where the user's files are."""
        return self.environ.get("HOME") or self.user.home

    @property
    def host(self) -> str:
        """Short name of this host."""
        if self._host is None:
            self._host = os.uname().nodename.split(".")[0]
        return self._host

    @property
    def shell(self) -> str:
        """The user's shell: that of the password file, and only without an entry there $SHELL, as salloc 22.05 has it."""
        import pwd

        try:
            return pwd.getpwuid(self.user.uid).pw_shell or DEFAULT_SHELL
        except KeyError:
            return self.environ.get("SHELL") or DEFAULT_SHELL

    @property
    def has_input(self) -> bool:
        """Whether standard input is a pipe or a file with something in it by now."""
        import fcntl
        import termios

        try:
            descriptor = self.stdin.fileno()
            status = os.fstat(descriptor)
            if stat.S_ISREG(status.st_mode):
                return status.st_size > 0
            if not (stat.S_ISFIFO(status.st_mode) or stat.S_ISSOCK(status.st_mode)):
                return False
            waiting = fcntl.ioctl(descriptor, termios.FIONREAD, b"\0" * 4)
        except (OSError, ValueError):  # closed, or no file at all
            return False
        return waiting != b"\0" * 4

    def ask(self, prompt: str, *, secret: bool = False) -> str:
        """A line that somebody writes at the terminal, without blanks around it. secret: the terminal does not show it."""
        import termios

        descriptor = self.stdin.fileno()
        usual = termios.tcgetattr(descriptor)
        quiet = [*usual[:3], usual[3] & ~termios.ECHO, *usual[4:]]
        self.write_error(prompt)
        try:
            if secret:
                termios.tcsetattr(descriptor, termios.TCSAFLUSH, quiet)
            line = self.stdin.readline()
        finally:
            if secret:
                termios.tcsetattr(descriptor, termios.TCSADRAIN, usual)
                self.write_error("\n")
        if not line:
            raise MlspaceError("standard input has ended")
        return line.decode("utf-8", "replace").strip()

    @property
    def input_file(self) -> str:
        """Absolute path of the regular file that standard input is; "" where it is none, or has no name any more."""
        try:
            descriptor = self.stdin.fileno()
            path = os.readlink(f"/proc/self/fd/{descriptor}")
            is_it = stat.S_ISREG(os.fstat(descriptor).st_mode) and os.path.samestat(os.fstat(descriptor), os.stat(path))
        except (OSError, ValueError):  # closed, or no file at all
            return ""
        return path if is_it else ""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def uptime(self) -> float:
        """Seconds since this host was booted."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def outlive(self) -> None:
        """From now on SIGTERM does not end this process: it is about to end the job that it is a part of, and has to say how that went."""
        import signal

        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])

    def interrupt_when_terminated(self) -> None:
        """From now on SIGTERM, and a terminal that goes away, are as Ctrl-C: there is a job to be ended."""
        import signal

        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) == signal.SIG_DFL:
                signal.signal(number, signal.default_int_handler)

    def interruptible(self) -> None:
        """From now on a signal that would end this process raises Interrupted, once: those that follow change nothing any more.

        One that is ignored, as HUP is under nohup, stays so. A program that takes the place of this process has none of it.
        """
        import signal

        caught = []

        def interrupt(number: int, _: object) -> None:
            caught.append(number)
            if len(caught) == 1:
                raise Interrupted(number)

        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, interrupt)

    def when_terminated(self, note: Callable[[], None]) -> None:
        """From now on a signal that would end this process calls `note` instead, which ends it where that does no harm."""
        import signal

        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, lambda *_: note())

    def await_foreground(self) -> None:
        """Waits while standard input is a terminal that another process group reads from, until `fg` brings us there."""
        import signal

        if not self.stdin.isatty():
            return
        descriptor, group = self.stdin.fileno(), os.getpgrp()
        try:
            while os.tcgetpgrp(descriptor) != group:
                os.killpg(group, signal.SIGTTIN)
                self.sleep(FOREGROUND_SECONDS)  # nothing stops a group that no shell looks after
        except OSError as error:
            raise MlspaceError("no controlling terminal: please set --no-shell") from error

    def date(self) -> str:
        """The moment as squeue -l and sinfo -l head their lists: "Tue Nov 24 01:54:18 2026"."""
        return time.ctime(self.now())

    def print(self, text: str) -> None:
        """One line, or several, on standard output."""
        self.write(text + "\n")

    def write(self, text: str) -> None:
        """Text on standard output. Raises BrokenPipeError; after any other failure there is no output, as said on stderr."""
        try:
            self.stdout.write(text)
        except BrokenPipeError:
            raise
        except OSError as error:
            self._lose_output(error)

    def flush(self) -> None:
        """What was written is on its way. Raises as `write`."""
        try:
            self.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            self._lose_output(error)

    def warn(self, line: str) -> None:
        """One line on standard error, if that can be written to."""
        self.write_error(line + "\n")

    def write_error(self, text: str) -> None:
        """Text on standard error, at once, if that can be written to."""
        try:
            self.stderr.write(text)
            self.stderr.flush()
        except OSError:
            self.stderr = nowhere(2)

    def pass_on(self, stream: int, text: str) -> None:
        """Somebody else's text on the stream that it came by, 1 or 2, at once. Raises as `write`."""
        if stream == 1:
            self.write(text)
            self.flush()
        else:
            self.write_error(text)

    def on_leaving(self, close: Callable[[], None]) -> None:
        """`close` is called when the command has ended, however it ended."""
        self._closing.append(close)

    def leave(self) -> None:
        """Closes what asked for it, the last first."""
        while self._closing:
            self._closing.pop()()

    def _lose_output(self, error: OSError) -> None:
        """What has been done stays done: a full disk behind standard output must not make a submission look like a failure."""
        self.stdout = nowhere(1)
        self.warn(f"warning: standard output cannot be written: {error.strerror}")


def nowhere(descriptor: int) -> TextIO:
    """A stream to /dev/null, and the descriptor with it: the interpreter flushes what is left in the old stream when it ends."""
    stream = open(os.devnull, "w")  # noqa: SIM115 - for the rest of this process
    os.dup2(stream.fileno(), descriptor)
    return stream


def standard(stream: TextIO | None) -> TextIO:
    """A standard stream that takes every file name; one that the caller has closed is as /dev/null."""
    if stream is None:
        return open(os.devnull, "w")
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="surrogateescape")
    return stream


def current_directory(pwd: str) -> str:
    try:
        if pwd.startswith("/") and os.path.samefile(pwd, "."):
            return pwd
    except OSError:
        pass
    try:
        return os.getcwd()
    except OSError as error:
        raise MlspaceError(f"getcwd failed: {error.strerror}", "  the current directory has been removed") from error


def current_user() -> User:
    import grp
    import pwd

    uid, gid = os.getuid(), os.getgid()
    try:
        entry = pwd.getpwuid(uid)
        name, home = entry.pw_name, entry.pw_dir
    except KeyError:  # a container may run as a uid that has no name
        name, home = str(uid), os.environ.get("HOME", "/")
    try:
        group = grp.getgrgid(gid).gr_name
    except KeyError:
        group = str(gid)
    return User(name, uid, group, gid, home)
