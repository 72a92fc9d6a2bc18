"""salloc at a terminal: whose shell has it, and every way in which an allocation ends.

What is written where there is no terminal is in the captures.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, Cli, wait_until

PATIENCE_SECONDS = 60
PROMPT = "ready> "
COLUMNS = 1000  # so that no line is wrapped or scrolled
CTRL_C, CTRL_Z = "\x03", "\x1a"
SHELL = ("bash", "--norc", "--noprofile", "-i")
SERVICES = ("mlspace.controller.background", "mlspace.local")
"""The processes of a state directory that outlive its jobs: controller and embedded gateway."""


class Terminal:
    """A terminal of its own, with a command that leads its session."""

    def __init__(self, cli: Cli, *command: str) -> None:
        self.shown = ""
        self.code: int | None = None
        self.seen = 0  # so much of `shown` was expected
        environment = {**cli.env, "PATH": f"{ROOT}/bin:{os.environ['PATH']}", "PS1": PROMPT, "TERM": "dumb"}
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
            os.chdir(cli.directory)
            os.execvpe(command[0], command, environment)

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def read(self, seconds: float) -> bool:
        """Whether something was shown within that time; nothing can be where nobody has the terminal any more."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            self.shown += os.read(self.master, 65536).decode().replace("\r\n", "\n")
        except OSError:
            return False
        return True

    def expect(self, pattern: str) -> str:
        """What is shown next, up to the end of what matches the pattern."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (match := re.compile(pattern).search(self.shown, self.seen)):
            assert time.monotonic() < deadline, f"{pattern!r} is not shown, but {self.shown!r}"
            if not self.read(0.5) and self.has_ended():
                assert re.compile(pattern).search(self.shown, self.seen), f"{pattern!r} was not shown, but {self.shown!r}"
        text, self.seen = self.shown[self.seen : match.end()], match.end()
        return text

    def ask(self, line: str) -> str:
        """What the shell shows for a line, from its echo to the next prompt."""
        self.type(f"{line}\n")
        return self.expect(PROMPT).removesuffix(PROMPT).partition("\n")[2]

    def interrupts(self, answer: str) -> bool:
        """Whether that is the answer to one more Ctrl-C: a slow machine may be too slow for two within a second."""
        self.type(CTRL_C)
        while answer not in self.shown and self.read(2):
            pass
        return answer in self.shown

    def job(self) -> str:
        """The id of the job, once it is granted."""
        return self.expect(r"Granted job allocation \d+").rpartition(" ")[2]

    def has_ended(self) -> bool:
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code is not None

    def wait(self) -> int:
        """The command's exit code; by then everything that it showed was read."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.has_ended():
            assert time.monotonic() < deadline, f"no end: {self.shown!r}"
            self.read(0.05)
        while self.read(0):
            pass
        assert self.code is not None
        return self.code

    def hang_up(self) -> None:
        os.close(self.master)
        self.master = -1

    def close(self) -> None:
        if not self.has_ended():
            os.kill(self.pid, signal.SIGKILL)
        if self.master >= 0:
            self.hang_up()
        wait_until(self.has_ended, "the end of a killed process")


def running(state: Path) -> list[str]:
    """Command lines of the processes of a state directory's jobs and commands."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            words, variables = (Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ"))
        except OSError:
            continue
        line = words.replace(b"\0", b" ").decode(errors="replace")
        if os.fsencode(state) in words + variables and not any(service in line for service in SERVICES):
            found.append(line)
    return found


Open = Callable[..., Terminal]


@pytest.fixture(autouse=True)
def nothing_is_left(cli: Cli, state: Path) -> Iterator[None]:
    """After a test there is no job, and no process of one."""
    yield
    wait_until(lambda: cli("squeue", "-h").stdout == "", "the end of all jobs", PATIENCE_SECONDS)
    wait_until(lambda: not running(state), "the end of all processes", PATIENCE_SECONDS)


@pytest.fixture
def terminal(cli: Cli) -> Iterator[Open]:
    """terminal("salloc", ...) starts a command in a terminal, which is there until the test's end."""
    opened: list[Terminal] = []

    def start(*command: str) -> Terminal:
        opened.append(Terminal(cli, *command))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


CANCELLED_BY_ME = f"CANCELLED by {os.getuid()}|0:0"


def final(cli: Cli, job: str) -> str:
    """State and exit code of a job, once it has ended."""
    wait_until(lambda: cli("squeue", "-h", "-j", job).stdout == "", f"the end of job {job}", PATIENCE_SECONDS)
    return cli("sacct", "-X", "-n", "-P", "-j", job, "-o", "State,ExitCode").stdout.strip()


def test_the_users_shell_works_here_in_the_job(terminal: Open, cli: Cli) -> None:
    Path(os.environ["HOME"], ".bashrc").write_text(f"PS1='{PROMPT}'")
    shell = terminal("salloc", "-N2", "-J", "here")
    job = shell.job()
    shell.expect(PROMPT)
    assert shell.ask("echo $SLURM_JOB_ID $SLURM_JOB_NAME $SLURM_NNODES $PPID") == f"{job} here 2 {shell.pid}\n"
    assert shell.ask("pwd; tty") == f"{cli.directory}\n{os.readlink(f'/proc/{shell.pid}/fd/0')}\n"
    shell.type("exit 7\n")
    assert shell.wait() == 7
    assert shell.shown.endswith(f"salloc: Relinquishing job allocation {job}\n")
    assert final(cli, job) == "FAILED|7:0"


@pytest.mark.parametrize(
    ("script", "code", "end"), [("exit 0", 0, "COMPLETED|0:0"), ("exit 3", 3, "FAILED|3:0"), ("kill $$", 1, "FAILED|0:15")]
)
def test_the_code_of_a_command(terminal: Open, cli: Cli, script: str, code: int, end: str) -> None:
    command = terminal("salloc", "sh", "-c", script)
    assert command.wait() == code
    assert command.shown == "salloc: Granted job allocation 1\nsalloc: Relinquishing job allocation 1\n"
    assert final(cli, "1") == end


def test_steps_of_the_shell(terminal: Open, cli: Cli) -> None:
    shell = terminal("salloc", "-N2", *SHELL)
    job = shell.job()
    shell.expect(PROMPT)
    assert sorted(shell.ask("srun -l sh -c 'echo $SLURM_STEP_ID $SLURM_NODEID'").split("\n")) == ["", "0: 0 0", "1: 0 1"]
    assert shell.ask("srun -n1 -N1 sh -c 'exit 3'; echo code $?").endswith("code 3\n")
    assert shell.ask("echo in | srun -n1 -N1 cat") == "in\n"
    assert (
        shell.ask("sacct -n -P -j $SLURM_JOB_ID -o JobID,State | grep '[.][0-9]'")
        == f"{job}.0|COMPLETED\n{job}.1|FAILED\n{job}.2|COMPLETED\n"
    )
    shell.type("exit\n")
    assert shell.wait() == 0


def test_ctrl_c_ends_the_step_and_not_the_shell(terminal: Open, cli: Cli) -> None:
    shell = terminal("salloc", *SHELL)
    job = shell.job()
    shell.expect(PROMPT)
    shell.type("srun sh -c 'echo begun; exec sleep 1000'\n")
    shell.expect("\nbegun\n")
    shell.type(CTRL_C)
    shell.expect("srun: interrupt [(]one more within 1 sec to abort[)]")
    wait_until(lambda: shell.interrupts("sending Ctrl-C to"), "the second Ctrl-C", PATIENCE_SECONDS)
    shell.expect(f"srun: sending Ctrl-C to StepId={job}.0")
    shell.expect(PROMPT)
    shell.type("squeue -h -o %T\n")
    shell.expect("\nRUNNING\n")
    shell.type("exit 0\n")
    assert shell.wait() == 0
    assert final(cli, job) == "COMPLETED|0:0"


def test_ctrl_c_in_the_shell(terminal: Open) -> None:
    shell = terminal("salloc", *SHELL)
    shell.expect(PROMPT)
    shell.type("sh -c 'echo begun; exec sleep 1000'\n")
    shell.expect("\nbegun\n")
    shell.type(CTRL_C)
    shell.expect(PROMPT)
    assert shell.ask("echo $?") == "130\n"
    shell.type("exit 0\n")
    assert shell.wait() == 0


def test_ctrl_c_at_a_command(terminal: Open, cli: Cli) -> None:
    """It is the command's alone, whose death by it is no failure."""
    command = terminal("salloc", "sh", "-c", "echo begun; exec sleep 1000")
    command.expect("begun")
    command.type(CTRL_C)
    assert command.wait() == 0
    assert command.shown.endswith("^Csalloc: Relinquishing job allocation 1\n")
    assert final(cli, "1") == "FAILED|0:2"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("-H",), "salloc: Job is in held state, pending scheduler release\n"),
        (("-w", "n1", "--exclusive"), ""),
    ],
    ids=["held", "busy"],
)
def test_ctrl_c_while_it_waits(terminal: Open, cli: Cli, options: tuple[str, ...], told: str) -> None:
    assert cli("sbatch", "-c2", "-o", "/dev/null", "--wrap", "exec sleep 1000").code == 0
    waiting = terminal("salloc", "-c2", *options, "touch", "ran")
    waiting.expect("queued and waiting for resources\n")
    assert waiting.shown == f"{told}salloc: Pending job allocation 2\nsalloc: job 2 queued and waiting for resources\n"
    waiting.type(CTRL_C)
    assert waiting.wait() == 1
    assert waiting.shown.partition("^C")[2] == "salloc: Job allocation 2 has been revoked.\nsalloc: Job aborted due to signal\n"
    assert final(cli, "2") == CANCELLED_BY_ME
    assert not (cli.directory / "ran").exists()
    assert cli("squeue", "-h", "-o", "%i").stdout == "1\n"
    assert cli("scancel", "1").code == 0


def test_scancel_revokes_the_allocation_and_the_shell_goes_on(terminal: Open, cli: Cli) -> None:
    shell = terminal("salloc", *SHELL)
    job = shell.job()
    shell.expect(PROMPT)
    assert cli("scancel", job).code == 0
    shell.expect(f"salloc: Job allocation {job} has been revoked[.]\n")
    assert shell.ask("echo still $((40 + 2))") == "still 42\n"
    assert final(cli, job) == CANCELLED_BY_ME
    shell.type("exit 3\n")
    assert shell.wait() == 3
    assert "Relinquishing" not in shell.shown


@pytest.mark.parametrize(("option", "code"), [("-K", 1), ("-KINT", 0), ("-K9", 0)])
def test_scancel_ends_the_command_too(terminal: Open, cli: Cli, option: str, code: int) -> None:
    command = terminal("salloc", option, "sh", "-c", "echo begun; exec sleep 1000")
    job = command.job()
    command.expect("begun")
    assert cli("scancel", job).code == 0
    assert command.wait() == code
    assert command.shown.endswith(f"begun\nsalloc: Job allocation {job} has been revoked.\n")


def test_a_killed_salloc_gives_the_allocation_back(terminal: Open, cli: Cli) -> None:
    """With a step that runs, below a shell with job control, as users have it."""
    outer = terminal(*SHELL)
    outer.expect(PROMPT)
    outer.type(f"salloc {' '.join(SHELL)}\n")
    job = outer.job()
    outer.expect(PROMPT)
    (salloc,) = outer.ask("echo $PPID").split()
    outer.type("srun sh -c 'echo begun; exec sleep 1000'\n")
    outer.expect("\nbegun\n")
    os.kill(int(salloc), signal.SIGKILL)
    outer.expect("Killed.*\n")
    assert final(cli, job) == "CANCELLED|0:0"
    outer.expect(PROMPT)
    outer.type("exit 0\n")


def test_a_terminal_that_goes_away_ends_the_allocation(terminal: Open, cli: Cli) -> None:
    shell = terminal("salloc", *SHELL)
    job = shell.job()
    shell.expect(PROMPT)
    shell.type("srun sh -c 'echo begun; exec sleep 1000'\n")
    shell.expect("\nbegun\n")
    shell.hang_up()
    assert final(cli, job) == "COMPLETED|0:0"
    wait_until(shell.has_ended, "the end of salloc", PATIENCE_SECONDS)


def test_a_terminal_that_goes_away_ends_a_waiting_job(terminal: Open, cli: Cli) -> None:
    waiting = terminal("salloc", "-H", "true")
    waiting.expect("queued and waiting for resources\n")
    waiting.hang_up()
    assert final(cli, "1") == CANCELLED_BY_ME


def test_a_command_stopped_within_the_shell(terminal: Open) -> None:
    shell = terminal("salloc", *SHELL)
    shell.expect(PROMPT)
    shell.type("sh -c 'echo begun; read line; echo read $line'\n")
    shell.expect("\nbegun\n")
    shell.type(CTRL_Z)
    shell.expect("Stopped")
    shell.expect(PROMPT)
    shell.type("fg\nword\n")
    shell.expect("\nread word\n")
    shell.expect(PROMPT)
    shell.type("exit 0\n")
    assert shell.wait() == 0


def stopped(terminal: Open, command: str) -> Terminal:
    """A shell whose salloc, which has said that it has begun, Ctrl-Z has stopped."""
    outer = terminal(*SHELL)
    outer.expect(PROMPT)
    outer.type(f"{command}\n")
    outer.expect("\nbegun\n")
    outer.type(CTRL_Z)
    outer.expect("Stopped")
    outer.expect(PROMPT)
    return outer


def test_salloc_stopped_and_continued_in_the_foreground(terminal: Open) -> None:
    """The shell around it has the terminal meanwhile, and the command has it again."""
    outer = stopped(terminal, "salloc sh -c 'echo begun; read line; echo read $line; exit 4'")
    outer.type("fg\nword\n")
    outer.expect("\nread word\n")
    outer.expect("Relinquishing job allocation 1\n")
    outer.expect(PROMPT)
    assert outer.ask("echo $?; stty -a | grep -o ' icanon'") == "4\n icanon\n"
    outer.type("exit 0\n")
    assert outer.wait() == 0


def test_salloc_stopped_and_continued_in_the_background(terminal: Open, cli: Cli) -> None:
    os.mkfifo(cli.directory / "go")
    # It starts no processes meanwhile: dash uses vfork, and is not stopped while its child is stopped before it has called exec.
    outer = stopped(terminal, "salloc sh -c 'echo begun; read line <go; exit 4'")
    outer.ask("bg")
    (cli.directory / "go").write_text("on\n")
    assert outer.ask("wait %1; echo code $?").endswith("code 4\n")
    outer.type("exit 0\n")
    assert outer.wait() == 0


def test_salloc_that_ends_in_the_background_leaves_the_terminal_to_the_shell(terminal: Open, cli: Cli) -> None:
    os.mkfifo(cli.directory / "go")
    outer = stopped(terminal, "salloc sh -c 'echo begun; read line <go'")
    outer.ask("bg")
    group = os.tcgetpgrp(outer.master)
    (cli.directory / "go").write_text("on\n")
    outer.expect("Relinquishing job allocation 1\n")
    wait_until(lambda: cli("squeue", "-h").stdout == "", "the end of the job", PATIENCE_SECONDS)
    assert os.tcgetpgrp(outer.master) == group == outer.pid
    outer.type("exit 0\n")
    assert outer.wait() == 0


def test_the_terminal_is_left_as_it_was(terminal: Open) -> None:
    command = terminal("salloc", "stty", "-icanon", "-echo")
    assert command.wait() == 0
    wanted = termios.ICANON | termios.ECHO
    assert termios.tcgetattr(command.master)[3] & wanted == wanted


def test_salloc_in_the_background(terminal: Open) -> None:
    """It waits for `fg` before it asks for anything."""
    outer = terminal(*SHELL)
    outer.expect(PROMPT)
    outer.type("salloc sh -c 'read line; echo read $line' &\n")
    outer.expect(PROMPT)
    wait_until(lambda: "Stopped" in outer.ask("jobs"), "salloc to be stopped", PATIENCE_SECONDS)
    assert outer.ask("squeue -h") == ""
    outer.type("fg\n")
    outer.expect("Granted")
    outer.type("word\n")
    outer.expect("\nread word\n")
    outer.expect("Relinquishing job allocation 1\n")
    outer.expect(PROMPT)
    outer.type("exit 0\n")
    assert outer.wait() == 0


def test_an_allocation_without_a_shell(terminal: Open, cli: Cli) -> None:
    """It outlives salloc and its terminal, until somebody ends it."""
    granting = terminal("salloc", "--no-shell", "-N2")
    assert granting.wait() == 0
    assert granting.shown == "salloc: Granted job allocation 1\n"
    granting.hang_up()
    assert cli("squeue", "-h", "-o", "%i %j %T").stdout == "1 no-shell RUNNING\n"
    for step in range(2):
        done = cli("srun", "--jobid=1", "-l", "sh", "-c", "echo $SLURM_STEP_ID; exit 5")
        assert (sorted(done.stdout.splitlines()), done.code) == ([f"0: {step}", f"1: {step}"], 5)
    assert cli("scancel", "1").code == 0
    assert final(cli, "1") == CANCELLED_BY_ME
