"""Inside a job `launch` answers `scontrol show hostnames` and its like: what real Slurm printed, as the Python command is held to it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT


def words_of(case: Path) -> tuple[dict[str, str], list[str]]:
    """Environment and arguments of a captured call."""
    argv = (case / "argv").read_text().split("\n")[:-1]
    environ = {"PATH": "/usr/bin:/bin"}
    if argv[0] == "env":
        argv = argv[1:]
        while "=" in argv[0]:
            name, _, value = argv.pop(0).partition("=")
            environ[name] = value
    return environ, argv


def is_of_lists(case: Path) -> bool:
    words = words_of(case)[1]
    return words[:2] == ["scontrol", "show"] and "".join(words[2:3]).startswith(("hostn", "hostl"))


OF_LISTS = [path.parent for path in sorted(ROOT.glob("compat/captures/*/scontrol/*/argv")) if is_of_lists(path.parent)]


@pytest.mark.parametrize("case", OF_LISTS, ids=lambda case: case.name)
def test_answers_as_slurm_did(case: Path, launch: Path, tmp_path: Path) -> None:
    environ, argv = words_of(case)
    done = subprocess.run([launch, *argv], env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == (case / "stdout").read_text()
    assert done.stderr == (case / "stderr").read_text()
    assert done.returncode == int((case / "exit").read_text())


def test_there_are_such_cases() -> None:
    assert len(OF_LISTS) >= 15
