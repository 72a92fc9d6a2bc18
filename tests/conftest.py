"""The world of a test: a clean environment, a state directory of its own, and two ways to call a command.

`run` calls a command in this process with a Context made for it; `cli` starts bin/<command> for real.
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mlspace import entry
from mlspace.context import Context, User

ROOT = Path(__file__).resolve().parent.parent
OURS = (
    *("SLURM", "SBATCH", "SRUN", "SALLOC", "SQUEUE", "SACCT", "SINFO", "SCANCEL", "SCONTROL"),
    *("MLSPACE", "MLS_", "GWAPI", "OMPI_", "PMIX_", "PRTE_", "XDG_RUNTIME", "XDG_CONFIG"),
)


class Result(NamedTuple):
    stdout: str
    stderr: str
    code: int


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 30) -> Any:
    """The first true value of `condition`, which is asked again and again."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.01)
    return value


def processes(word: str) -> list[tuple[int, str]]:
    """Pid and command line, blanks between its words, of all processes whose arguments hold `word`."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):  # glob() fails where a process ends while it looks
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if word in line:
            found.append((int(pid), line))
    return found


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No variable of the developer's own session may change a test, and no test may touch the developer's registry.

    What the test's gateways have been asked and have answered is held against the vendor's document afterwards.
    """
    for name in list(os.environ):
        if name.startswith(OURS):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    record = tmp_path / "traffic.jsonl"
    monkeypatch.setenv("MLSPACE_RECORD", str(record))
    yield
    if record.exists():
        from tests.traffic import complaints

        told = list(complaints(record))
        assert not told, "the traffic is not as the OpenAPI has it:\n" + "\n".join(told[:5])


def stop_gateway(state: Path) -> None:
    """End the embedded gateway of a state directory, if there is one; its jobs were waited for or cancelled by the test."""
    try:
        pid = json.loads((state / "local" / "endpoint.json").read_text())["pid"]
        os.kill(pid, signal.SIGTERM)
    except (OSError, ValueError, KeyError):
        pass


def stop_controller(state: Path) -> None:
    """End the background controller of a state directory, also one that is just starting."""
    for pid, line in processes(f" {state} "):
        if "mlspace.controller.background" in line:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A state directory; the controller and the embedded gateway that a test starts in it are stopped afterwards."""
    directory = tmp_path / "state"
    yield directory
    stop_controller(directory)
    stop_gateway(directory)


@pytest.fixture
def run(tmp_path: Path, state: Path) -> Callable[..., Result]:
    """run("squeue", "-h", env={...}, stdin=b"") in this process."""

    def call(program: str, *arguments: str, env: dict[str, str] | None = None, stdin: bytes = b"", cwd: Path | None = None) -> Result:
        environ = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "MLSPACE_STATE_DIR": str(state), **(env or {})}
        environ["MLSPACE_RECORD"] = os.environ["MLSPACE_RECORD"]
        out, err = io.StringIO(), io.StringIO()
        user = User("ann", os.getuid(), "staff", os.getgid(), os.environ["HOME"])
        context = Context(environ, str(cwd or tmp_path), io.BytesIO(stdin), out, err, user, "laptop")
        code = entry.main(program, arguments, context)
        return Result(out.getvalue(), err.getvalue(), code)

    return call


class Cli:
    """bin/<command> as processes, all with one state directory: a user at a terminal."""

    def __init__(self, directory: Path, state: Path) -> None:
        self.directory = directory
        self.env = {**os.environ, "MLSPACE_STATE_DIR": str(state), "MLSPACE_LOCAL_CPUS": "2", "MLSPACE_LOCAL_MEMORY": "4000"}

    def start(self, program: str, *arguments: str, env: dict[str, str] | None = None, **how: object) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
            [str(ROOT / "bin" / program), *arguments], cwd=self.directory, env={**self.env, **(env or {})}, **how
        )

    def __call__(self, program: str, *arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None, timeout: float = 60) -> Result:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with self.start(program, *arguments, env=env, **pipes) as process:
            try:
                out, err = process.communicate(stdin, timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return Result(out.decode(errors="surrogateescape"), err.decode(errors="surrogateescape"), process.returncode)


@pytest.fixture
def cli(tmp_path: Path, state: Path) -> Iterator[Cli]:
    directory = tmp_path / "work"
    directory.mkdir()
    made = Cli(directory, state)
    yield made
    if (state / "registry.sqlite").exists():
        made("scancel", "--me")  # what a test that failed has left
