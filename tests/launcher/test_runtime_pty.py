"""`srun --pty`: a terminal for the first task, by real processes, and what becomes of srun's own terminal meanwhile.

What is expected is what srun of Slurm 22.05 does in the same terminals.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlspace.spec.launch import Limits
from tests.conftest import wait_until
from tests.launcher.helpers.runtime import PATH, PATIENCE, Runtime, batch, processes_of, runtime_directory, without_reports

RAW = termios.ICANON | termios.ECHO | termios.ISIG
"""Flags of a terminal that its line discipline works on; none of them while a task has it."""


class Terminal:
    """srun in a terminal of its own."""

    def __init__(self, runtime: Runtime, *words: str, nodes: int = 1) -> None:
        self.spec = batch("", nodes, owner=20, limits=Limits(grace=1))
        self.nodes = runtime.start_all(self.spec) if nodes > 1 else [runtime.start(self.spec)]
        directory = runtime_directory(self.spec)
        wait_until((directory / "channel").exists, "the job")
        self.ours, self.theirs = pty.openpty()
        self.before = self.state()
        self.resize(30, 100)
        self.shown = ""
        self.srun = subprocess.Popen(
            [str(runtime.launch), "srun", f"--mlspace-job-dir={directory}", "--mlspace-owner", "--pty", *words],
            env={"PATH": PATH, "TERM": "vt100"},
            cwd=runtime.directory,
            stdin=self.theirs,
            stdout=self.theirs,
            stderr=self.theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    def state(self) -> list[object]:
        return list(termios.tcgetattr(self.theirs))

    def flags(self) -> int:
        return int(termios.tcgetattr(self.theirs)[3])

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text: str) -> None:
        os.write(self.ours, text.encode())

    def read(self, seconds: float) -> bool:
        """Whether something was shown within that time."""
        readable, _, _ = select.select([self.ours], [], [], seconds)
        if readable:
            self.shown += os.read(self.ours, 65536).decode()
        return bool(readable)

    def expect(self, text: str) -> None:
        end = time.monotonic() + PATIENCE
        while text not in self.shown:
            assert time.monotonic() < end, f"{text!r} is not shown, but {self.shown!r}"
            self.read(0.2)

    def wait(self) -> int:
        """srun's exit code; everything that it showed is read, and the terminal as it was."""
        end = time.monotonic() + PATIENCE
        while self.srun.poll() is None:
            assert time.monotonic() < end, f"srun does not end: {self.shown!r}"
            self.read(0.1)
        while self.read(0):
            pass
        assert self.state() == self.before
        return self.srun.returncode

    def close(self) -> None:
        self.srun.kill()
        self.srun.wait()
        os.close(self.ours)
        os.close(self.theirs)


Start = Callable[..., Terminal]


@pytest.fixture
def start(runtime: Runtime) -> Iterator[Start]:
    opened: list[Terminal] = []

    def start(*words: str, nodes: int = 1) -> Terminal:
        opened.append(Terminal(runtime, *words, nodes=nodes))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


def test_a_shell_to_work_in(start: Start) -> None:
    shell = start("bash", "--norc", "--noediting", "-i")
    shell.expect("bash-")  # what is typed before it has the terminal is shown twice
    shell.type("tty; stty size; echo term $TERM $SLURM_PTY_WIN_ROW $SLURM_PTY_WIN_COL\n")
    shell.expect("\n/dev/pts/")
    shell.expect("\n30 100\r\nterm vt100 30 100\r\n")
    assert shell.flags() & RAW == 0
    shell.type("sh -c 'echo be\"\"gun; exec sleep 3600'\n")
    shell.expect("begun\r\n")
    shell.type("\x03")
    shell.expect("^C\r\nbash-")
    shell.type("exit 3\n")
    assert shell.wait() == 3
    assert shell.shown.endswith("\nexit\r\nsrun: error: 127.0.0.1: task 0: Exited with exit code 3\r\n")
    assert shell.nodes[0].wait() == 3


@pytest.mark.parametrize(("words", "nodes"), [([], 1), (["-N1", "-r1"], 2)], ids=["first-node", "other-node"])
def test_the_window_follows(start: Start, words: list[str], nodes: int) -> None:
    task = start(*words, "bash", "-c", "trap 'stty size; exit 7' WINCH; stty size; while :; do sleep 0.05; done", nodes=nodes)
    task.expect("30 100\r\n")
    task.resize(40, 77)
    assert task.wait() == 7
    assert task.shown.startswith("30 100\r\n40 77\r\n")


def test_the_end_of_input_is_a_byte_like_others(start: Start) -> None:
    task = start("sh", "-c", "echo ready; cat")
    task.expect("ready\r\n")
    task.type("abc\n")
    task.expect("abc\r\nabc\r\n")
    task.type("\x04")
    assert task.wait() == 0
    assert task.shown == "ready\r\nabc\r\nabc\r\n"


def test_everything_is_shown_that_was_written(start: Start) -> None:
    task = start("seq", "50000")
    assert task.wait() == 0
    assert task.shown == "".join(f"{number}\r\n" for number in range(1, 50_001))


def test_other_tasks_have_no_streams(start: Start, tmp_path: Path) -> None:
    look = "for fd in 0 1 2; do readlink /proc/$$/fd/$fd >>streams.$SLURM_PROCID; done; echo out; echo err >&2; exit $SLURM_PROCID"
    task = start("-n2", "-l", "bash", "-c", look)
    assert task.wait() == 1
    assert sorted(task.shown.split("\r\n")) == ["", "0: err", "0: out", "srun: error: 127.0.0.1: task 1: Exited with exit code 1"]
    own = (tmp_path / "streams.0").read_text().split()
    assert own[0].startswith("/dev/pts/")
    assert own == own[:1] * 3
    assert (tmp_path / "streams.1").read_text().split() == ["/dev/null"] * 3


def test_a_program_that_is_not_there(start: Start) -> None:
    task = start("nosuchprogram")
    assert task.wait() == 2
    assert task.shown.split("\r\n") == [
        "slurmstepd-127.0.0.1: error: execve(): nosuchprogram: No such file or directory",
        "srun: error: 127.0.0.1: task 0: Exited with exit code 2",
        "",
    ]


def test_a_signal_gives_the_terminal_back(start: Start) -> None:
    task = start("sh", "-c", "echo begun; sleep 3600")
    task.expect("begun\r\n")
    assert task.flags() & RAW == 0
    task.srun.send_signal(signal.SIGTERM)
    assert task.wait() == 137
    assert "\r\nsrun: forcing job termination\r\nsrun: Job step aborted: Waiting up to 32 seconds for job step to finish.\r\n" in task.shown
    assert "\n" not in task.shown.replace("\r\n", "")
    task.nodes[0].wait()
    assert processes_of(task.spec.submission) == []


def test_a_lost_job_gives_the_terminal_back(start: Start) -> None:
    task = start("sh", "-c", "echo begun; sleep 3600")
    task.expect("begun\r\n")
    task.nodes[0].process.kill()
    assert task.wait() == 1
    assert task.shown == "begun\r\nsrun: error: the job has ended, and this step with it\r\n"


def test_a_terminal_that_hangs_up_ends_the_step(start: Start) -> None:
    task = start("sh", "-c", "echo begun; sleep 3600")
    task.expect("begun\r\n")
    task.srun.send_signal(signal.SIGHUP)
    assert task.wait() == 137


def test_prolog_and_epilog_speak_in_the_terminal(start: Start, tmp_path: Path) -> None:
    for name, text in [("prolog", "echo print hello; echo export WORD=given"), ("epilog", "echo bye >&2")]:
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    task = start(f"--task-prolog={tmp_path}/prolog", f"--task-epilog={tmp_path}/epilog", "sh", "-c", "tty; echo $WORD")
    assert task.wait() == 0
    lines = task.shown.split("\r\n")
    assert lines[0] == "hello"
    assert lines[1].startswith("/dev/pts/")
    assert lines[2:] == ["given", "bye", ""]


@pytest.mark.parametrize("source", ["</dev/null", "<&-", "<file"])
def test_without_a_terminal_the_option_is_disregarded(runtime: Runtime, tmp_path: Path, source: str) -> None:
    (tmp_path / "file").touch()
    code, node = runtime.run(batch(f"#!/bin/sh\nsrun -n1 --pty sh -c 'tty; exit 3' {source}; echo $?\n", work_dir=str(tmp_path)))
    assert (code, node.stdout) == (0, "not a tty\n3\n")
    assert without_reports(node.stderr) == (
        "srun: error: ioctl(TIOCGWINSZ): Inappropriate ioctl for device\n"
        "srun: error: Not using a pseudo-terminal, disregarding --pty option\n"
        "srun: error: 127.0.0.1: task 0: Exited with exit code 3\n"
    )


@pytest.mark.parametrize("option", ["-o out", "-e err", "-i none"])
def test_files_and_a_terminal_exclude_each_other(runtime: Runtime, option: str) -> None:
    code, node = runtime.run(batch(f"#!/bin/sh\nsrun --pty {option} touch ran; echo $?; test ! -e ran\n"))
    assert (code, node.stdout) == (0, "1\n")
    assert without_reports(node.stderr) == "srun: error: --error/--input/--output are incompatible with --pty\n"
