"""What users do and did not mean: names that are no text, closed and full streams, files that are in the way.

Never a traceback, nothing half-done.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, Cli, Result, wait_until


def shell(cli: Cli, line: str) -> Result:
    """A line of shell, with bin/ on PATH."""
    env = {**cli.env, "PATH": f"{ROOT}/bin:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", line], cwd=cli.directory, env=env, capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
    return Result(done.stdout.decode(errors="surrogateescape"), done.stderr.decode(errors="surrogateescape"), done.returncode)


def test_names_that_are_not_utf8(cli: Cli) -> None:
    (cli.directory / "b\udcff.sh").write_text('#!/bin/sh\nprintf %s "$1"\n')
    done = shell(cli, r"sbatch --wait $'b\xff.sh' $'x\xfey'; cat slurm-1.out; squeue -h -t all -o %j; sacct -n -X -P -o JobName")
    assert done == ("Submitted batch job 1\nx\udcfeyb\udcff.sh\nb\udcff.sh\n", "", 0)


@pytest.mark.parametrize("name", ["a b.sh", "a'b\".sh", "a\nb.sh", "$HOME.sh", "ä.sh"])
def test_names_that_are_difficult(cli: Cli, name: str) -> None:
    (cli.directory / name).write_text('#!/bin/sh\nprintf "<%s>" "$@"\n')
    assert cli("sbatch", "--wait", name, name, "").code == 0
    assert (cli.directory / "slurm-1.out").read_text() == f"<{name}><>"


@pytest.mark.parametrize("stream", [">&-", ">/dev/full", ">&- 2>&-", "2>/dev/full"])
def test_streams_that_cannot_be_written(cli: Cli, stream: str) -> None:
    """A job that was submitted is not reported as one that was not: whoever tries again would run it twice."""
    done = shell(cli, f"sbatch --wait --wrap 'touch ran' {stream}; echo $?; squeue {stream}; echo $?; sbatch --bogus {stream}; echo $?")
    assert [line for line in done.stdout.splitlines() if line.isdigit()] == ["0", "0", "255"]
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert (cli.directory / "ran").exists()


def test_a_reader_that_goes_away(cli: Cli) -> None:
    done = shell(cli, "sacct -e | head -1; squeue --help | head -1; scontrol show hostnames n[1-60000] | head -1")
    assert (done.stdout.count("\n"), done.stderr) == (3, "")


def test_output_files_have_the_users_mode(cli: Cli) -> None:
    shell(cli, "umask 077; sbatch --wait --wrap umask; srun -o step.out sh -c umask")
    for name in ("slurm-1.out", "step.out"):
        assert stat.S_IMODE((cli.directory / name).stat().st_mode) == 0o600
        assert (cli.directory / name).read_text() == "0077\n"


def test_a_signal_that_ends_the_task_ends_the_job(cli: Cli) -> None:
    assert cli("srun", "sh", "-c", "kill -9 $$").code == 137
    wait_until(lambda: cli("squeue", "-h").stdout == "", "the end of the job")
    assert cli("sacct", "-X", "-n", "-P", "-o", "State,ExitCode").stdout == "FAILED|0:9\n"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([""], "Unable to open file "),
        (["-J", "j" * 1025, "--wrap", "true"], "Batch job submission failed: Pathname of a file, directory or other parameter too long"),
        (["--region", "nowhere", "--wrap", "true"], "--region=nowhere: there is no such region"),
        (["--array", "4-1", "--wrap", "true"], "Batch job submission failed: Invalid job array specification"),
    ],
)
def test_nothing_is_submitted(run: Callable[..., Result], arguments: list[str], error: str) -> None:
    done = run("sbatch", *arguments)
    assert done.stderr.splitlines()[0].startswith(f"sbatch: error: {error}")
    assert (done.stdout, done.code) == ("", 1)
    assert run("squeue", "-h", "-t", "all").stdout == ""


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_state_directory_that_cannot_be_written(run: Callable[..., Result], state: Path) -> None:
    state.mkdir()
    state.chmod(0o500)
    done = run("sbatch", "--wrap", "true")
    assert (done.stdout, done.code) == ("", 1)
    assert str(state) in done.stderr
    assert "MLSPACE_STATE_DIR" in done.stderr


def test_a_state_directory_that_is_a_file(run: Callable[..., Result], state: Path) -> None:
    state.write_text("")
    done = run("sbatch", "--wrap", "true")
    assert (done.stdout, done.code) == ("", 1)
    assert "MLSPACE_STATE_DIR names another state directory" in done.stderr


def test_a_damaged_registry(run: Callable[..., Result], state: Path) -> None:
    state.mkdir()
    (state / "registry.sqlite").write_text("this is no database, and was never one" * 100)
    done = run("squeue")
    assert (done.stdout, done.code) == ("", 1)
    assert "the registry is damaged" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="a small file system takes root to mount")
def test_a_full_disk(cli: Cli, tmp_path: Path) -> None:
    """The state directory's disk is full: said, and nothing is submitted; with room again, all goes on."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("mounting is not permitted here")
    try:
        filler = small / "filler"
        filler.write_bytes(b"x" * 900_000)
        env = {"MLSPACE_STATE_DIR": str(small / "state")}
        done = cli("sbatch", "--wrap", "touch ran", env={**env, "BIG": os.urandom(60_000).hex()})
        assert (done.stdout, done.code) == ("", 1)
        assert done.stderr.startswith("sbatch: error: ")
        assert not (cli.directory / "ran").exists()
        filler.unlink()
        assert cli("squeue", "-h", "-t", "all", env=env).code == 0
    finally:
        subprocess.run(["umount", "-l", small], check=True)
