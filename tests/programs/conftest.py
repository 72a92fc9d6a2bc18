"""Programs that drive Slurm, each in a virtual environment of its own, unmodified, as their users install them.

The environments are kept outside of the checkout, so that only the first run downloads anything. Without PyPI, tests that
need one that is not there yet are skipped.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import ROOT, Cli

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mlspace-slurm" / "programs"
SCRIPTS = Path(__file__).parent / "scripts"

TORCH = ("torch==2.13.0", "numpy")
WITHOUT_NETWORK = (
    "NewConnectionError",
    "ConnectionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "ProxyError",
    "No matching distribution",
)
"""Words by which pip says that it reached nobody; the last one after it has tried in vain."""


class Environment:
    """A virtual environment; `env` puts it first on PATH."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.python = directory / "bin" / "python"

    @property
    def packages(self) -> Path:
        (found,) = self.directory.glob("lib/python3*/site-packages")
        return found

    def env(self, rest: str) -> dict[str, str]:
        return {"PATH": f"{self.directory / 'bin'}:{rest}", "VIRTUAL_ENV": str(self.directory), "PYTHONWARNINGS": "default"}


def made(requirements: Sequence[str], below: Environment | None = None) -> Environment:
    """The environment with those packages, from the cache, or made now. `below`: one whose packages it sees as well."""
    words = [sys.version, *requirements, *([str(below.directory)] if below else [])]
    name = requirements[0].split("=")[0].split("<")[0] + "-" + hashlib.sha256("\n".join(words).encode()).hexdigest()[:12]
    CACHE.mkdir(parents=True, exist_ok=True)
    environment = Environment(CACHE / name)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests of several workers want the same one
        if not (environment.directory / "ready").exists():
            make(environment, requirements, below)
            (environment.directory / "ready").touch()
    return environment


def make(environment: Environment, requirements: Sequence[str], below: Environment | None) -> None:
    shutil.rmtree(environment.directory, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", environment.directory], check=True, timeout=120)
    if below is not None:
        (environment.packages / "below.pth").write_text(f"{below.packages}\n")
    pip = [environment.python, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "-q", *requirements]
    done = subprocess.run(pip, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        if any(word in done.stderr for word in WITHOUT_NETWORK):
            pytest.skip(f"PyPI cannot be reached for {' '.join(requirements)}: {done.stderr.strip().splitlines()[-1]}")
        raise AssertionError(f"pip install {' '.join(requirements)}:\n{done.stderr}")


@pytest.fixture(scope="session")
def torch() -> Environment:
    return made(TORCH)


@pytest.fixture(scope="session")
def lightning(torch: Environment) -> Environment:
    return made(("lightning==2.6.6",), below=torch)


@pytest.fixture(scope="session")
def submitit() -> Environment:
    return made(("submitit==1.5.4",))


@pytest.fixture(scope="session")
def mls() -> Environment:
    return made(("cloudru-ml-cli==1.3.0",))


@pytest.fixture(scope="session")
def dask() -> Environment:
    return made(("dask-jobqueue==0.9.0", "distributed==2026.8.0"))


@pytest.fixture(scope="session")
def psij() -> Environment:
    return made(("psij-python==0.9.11",))


@pytest.fixture(scope="session")
def snakemake() -> Environment:
    plugins = ("snakemake-executor-plugin-slurm==2.8.0", "snakemake-executor-plugin-slurm-jobstep==0.6.1")
    return made(("snakemake==9.27.1", *plugins))


@pytest.fixture
def inside(cli: Cli) -> Callable[[Environment], Cli]:
    """`cli` as somebody uses it who has activated the environment, with our commands on PATH.

    The first job's id is a number of this test's own: programs make ports of it, and other tests have jobs on this machine.
    """

    def enter(environment: Environment) -> Cli:
        cli.env |= environment.env(f"{ROOT / 'bin'}:{os.environ['PATH']}")
        assert cli("squeue", "-h").code == 0
        with closing(sqlite3.connect(Path(cli.env["MLSPACE_STATE_DIR"]) / "registry.sqlite")) as registry, registry:
            registry.execute("DELETE FROM sqlite_sequence WHERE name = 'job'")
            registry.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('job', ?)", [1000 + secrets.randbelow(8000)])
        return cli

    return enter
