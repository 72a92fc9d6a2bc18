"""bin/ has the commands that pyproject.toml installs and mlspace/commands/ implements, and no others."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from mlspace import entry, jobdir
from tests.conftest import ROOT

SHARED = (
    *("arguments", "changing", "controlling", "defaults"),
    *("documenting", "exportfile", "holding", "hostfiles", "hostlists", "interacting", "listing"),
    *("mpirunning", "rank_output", "standing_aside", "step_output"),
    *("processes", "scripts", "selecting", "showing", "showing_cluster", "submitting", "tables", "updating", "writing"),
)
"""Modules of mlspace/commands/ that are no command."""


def test_the_same_commands_everywhere() -> None:
    in_bin = sorted(path.name for path in (ROOT / "bin").iterdir() if not path.name.startswith("."))
    modules = sorted(path.stem for path in (ROOT / "mlspace/commands").glob("*.py") if path.stem not in ("__init__", *SHARED))
    scripts = re.search(r"\[project\.scripts\]\n((?:.+\n)+)", (ROOT / "pyproject.toml").read_text())
    assert scripts is not None
    installed = sorted(re.findall(r'^(\S+) = "mlspace\.entry:console"$', scripts[1], re.MULTILINE))
    assert in_bin == modules == installed == sorted(entry.COMMANDS)


def test_one_stub_for_all() -> None:
    for name in entry.COMMANDS:
        path = ROOT / "bin" / name
        assert os.access(path, os.X_OK)
        assert path.resolve() == ROOT / "bin" / "mlspace"


def test_runtime_directories_are_looked_for_in_the_same_places() -> None:
    """By bin/, in shell, by launch, in C++, and by the rest: the user's own place first, where that may hold it."""
    assert jobdir.roots({"XDG_RUNTIME_DIR": "/run/user/7"}, 7) == ["/run/user/7/mlspace", "/tmp/mlspace-7"]
    assert jobdir.roots({"XDG_RUNTIME_DIR": "here"}, 7) == jobdir.roots({}, 7) == ["/tmp/mlspace-7"]
    stub = (ROOT / "bin/mlspace").read_text()
    named = re.search(r"for channel in (.+\n.+); do", stub)
    assert named is not None
    assert shlex.split(named[1].replace("\\\n", "")) == [
        "${MLSPACE_JOB_DIR-}/channel",
        "${XDG_RUNTIME_DIR-}/mlspace/$SLURM_JOB_ID.*/channel",
        "/tmp/mlspace-$(id -u)/$SLURM_JOB_ID.*/channel",
    ]
    source = (ROOT / "launcher/node/runtime_dir.cpp").read_text()
    assert re.search(r'SharedRoot\(\) \{ return "/tmp/mlspace-" \+ std::to_string\(getuid\(\)\)', source)
    assert re.findall(r"roots\.push_back\((.+)\);", source) == ['runtime + "/mlspace"', "SharedRoot()"]


def test_a_job_has_the_same_commands() -> None:
    source = (ROOT / "launcher/node/runtime_dir.cpp").read_text()
    links = re.search(r"kLinks\[\] = \{(.+?)\};", source, re.DOTALL)
    assert links is not None
    open_mpis = {"mpiexec", "mpirun"}  # there they are the node's own
    assert set(re.findall(r'"(\w+)"', links[1])) == set(entry.COMMANDS) - open_mpis


@pytest.mark.parametrize("changed", ["pyproject.toml", "CMakeLists.txt", "launcher/main.cpp", "launcher/text/hex.h"])
def test_a_change_of_what_it_is_built_of_sets_it_up_again(tmp_path: Path, changed: str) -> None:
    files = ["pyproject.toml", "CMakeLists.txt", "launcher/main.cpp", "launcher/text/hex.h", "mlspace/entry.py", ".venv/ready"]
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for name, text in {".venv/bin/python": "echo runs", ".venv/bin/launch": "", "bin/.setup": "echo sets up"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    shutil.copy(ROOT / "bin/mlspace", tmp_path / "bin/squeue")
    for path in tmp_path.rglob("*"):
        os.utime(path, (1e9, 1e9))

    def said() -> str:
        environment = {"PATH": os.environ["PATH"]}
        return subprocess.run([tmp_path / "bin/squeue"], env=environment, capture_output=True, text=True, check=True).stdout

    assert said() == "runs\n"
    (tmp_path / changed).touch()
    assert said() == "sets up\nruns\n"
