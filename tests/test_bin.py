"""bin/, the entry points of the wheel, and mlspace/commands/ name the same commands; the stub finds its way from anywhere."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from mlspace.entry import COMMANDS
from tests.conftest import ROOT, Cli


def test_every_command_is_in_all_four_places() -> None:
    in_bin = {path.name for path in (ROOT / "bin").iterdir() if not path.name.startswith(".")}
    in_project = set(re.findall(r'^(\w+) = "mlspace\.entry:console"$', (ROOT / "pyproject.toml").read_text(), re.M))
    modules = {path.stem for path in (ROOT / "mlspace/commands").glob("*.py")}
    assert in_bin == in_project == set(COMMANDS)
    assert set(COMMANDS) <= modules


def test_all_of_bin_is_one_stub() -> None:
    assert {os.path.realpath(ROOT / "bin" / command) for command in COMMANDS} == {str(ROOT / "bin/mlspace")}


def test_the_stub_is_found_through_links_and_on_path(cli: Cli, tmp_path: Path) -> None:
    elsewhere = tmp_path / "my bin"
    elsewhere.mkdir()
    (elsewhere / "scontrol").symlink_to(ROOT / "bin/scontrol")
    for command in ([str(elsewhere / "scontrol")], ["scontrol"]):
        done = subprocess.run(
            [*command, "show", "hostnames", "n[1-2]"],
            cwd=tmp_path,
            env={**cli.env, "PATH": f"{elsewhere}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
        )
        assert (done.stdout, done.stderr, done.returncode) == ("n1\nn2\n", "", 0)


def test_a_reader_that_goes_away_is_no_error(cli: Cli) -> None:
    with cli.start("scontrol", "show", "hostnames", "n[1-20000]", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        assert process.stdout.readline() == b"n1\n"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141
