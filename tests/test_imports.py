"""What a command loads before it does anything: start-up is part of the product."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT

HEAVY = (
    *("argparse", "asyncio", "dataclasses", "email", "enum", "http", "inspect", "json"),
    *("re", "requests", "ssl", "tabulate", "typing", "yaml"),
)
"""Modules that cost more than a millisecond, or bring such."""

CALL = "import sys; sys.path.insert(0, sys.argv[1]); from mlspace.entry import main; code = main(sys.argv[2], sys.argv[3:]);"
SAY = "print('loaded:', *sys.modules, file=sys.stderr); sys.exit(code)"


def loaded(*argv: str, state: str, code: int = 0) -> set[str]:
    """Modules that are loaded when the command has done its work and ends with that code."""
    env = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "MLSPACE_STATE_DIR": state}
    words = [sys.executable, "-IS", "-c", CALL + SAY, str(ROOT), *argv]
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    assert ("loaded:" in done.stderr, done.returncode) == (True, code), done.stderr
    return set(done.stderr.rpartition("loaded:")[2].split())


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("sbatch", "--version"), 0),
        (("srun", "--version"), 0),
        (("squeue", "--version"), 0),
        (("squeue", "--help"), 0),
        (("squeue", "--bogus"), 1),
        (("sinfo", "--bogus"), 1),
        (("sacct", "--helpformat"), 0),
        (("scancel",), 1),
        (("scontrol", "show", "hostnames", "n[1-3]"), 0),
        (("squeue",), 0),
        (("squeue", "-O", "JobID,Name,tres-alloc"), 0),
        (("squeue", "-s", "-S", "-i"), 0),
        (("squeue", "--yaml"), 0),
        (("sacct",), 0),
    ],
    ids=str,
)
def test_loads_little(argv: tuple[str, ...], code: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    found = loaded(*argv, state=str(tmp_path_factory.mktemp("state")), code=code)
    assert "mlspace.entry" in found
    assert sorted(found.intersection(HEAVY)) == []


def test_listings_do_not_load_the_database_before_they_need_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    assert "sqlite3" not in loaded("squeue", "--help", state=str(tmp_path_factory.mktemp("state")))
