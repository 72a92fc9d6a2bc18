"""The streams of steps, by real processes: much of them, slow and absent readers, full disks, and what srun does with signals."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from mlspace.spec.launch import Limits
from tests.launcher.helpers.runtime import Runtime, batch, processes_of, without_reports

MEGABYTE = 1 << 20


def run_script(runtime: Runtime, script: str, tasks: int = 4) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a batch script on one node; nothing of it is left."""
    spec = batch(f"#!/bin/bash\n{script}\n", 1, tasks, limits=Limits(grace=5))
    code, node = runtime.run(spec)
    assert processes_of(spec.submission) == []
    return code, node.stdout, without_reports(node.stderr)


def test_a_hundred_megabytes_through_a_task(runtime: Runtime, tmp_path: Path) -> None:
    block = os.urandom(MEGABYTE)
    digest = hashlib.sha256()
    with (tmp_path / "in").open("wb") as file:
        for number in range(100):
            part = number.to_bytes(4, "big") + block
            file.write(part)
            digest.update(part)
    script = f"srun -n1 cat <{tmp_path}/in | sha256sum; cat {tmp_path}/in | srun -n1 cat >{tmp_path}/out; sha256sum <{tmp_path}/out"
    assert run_script(runtime, script) == (0, f"{digest.hexdigest()}  -\n" * 2, "")


def test_lines_of_many_tasks_stay_whole(runtime: Runtime, tmp_path: Path) -> None:
    """Each of 64 tasks says 10,000 lines in pieces that end within lines, and begins a last one."""
    say = r"""exec 3>&1; seq -f "$SLURM_PROCID-%g" 10000 | dd obs=1000 status=none >&3; printf "$SLURM_PROCID-end" """
    code, _, err = run_script(runtime, f"srun -n64 -O -l sh -c '{say}' >{tmp_path}/out")
    assert (code, err) == (0, "")
    said: dict[str, list[str]] = {}
    for line in (tmp_path / "out").read_text().splitlines():
        label, _, text = line.partition(": ")
        said.setdefault(label, []).append(text)
    assert said == {f"{task:>2}": [*(f"{task}-{number}" for number in range(1, 10_001)), f"{task}-end"] for task in range(64)}


def test_lines_without_labels_stay_whole(runtime: Runtime, tmp_path: Path) -> None:
    """On a pipe that stdout and stderr share, too, and that somebody reads in small bites."""
    say = r"""exec 3>&1; seq -f "$SLURM_PROCID-%g" 20000 | dd obs=1000 status=none >&$((1 + SLURM_PROCID % 2)) """
    code, _, _ = run_script(runtime, f"srun -n8 -O sh -c '{say}' 2>&1 | dd bs=777 status=none >{tmp_path}/out")
    lines = (tmp_path / "out").read_text().split("\n")
    assert code == 0
    assert sorted(lines[:-1]) == sorted(f"{task}-{number}" for task in range(8) for number in range(1, 20_001))
    assert lines[-1] == ""


def test_a_slow_reader_gets_everything(runtime: Runtime) -> None:
    """More than all that is kept on the way."""
    script = "srun -n2 sh -c 'yes $SLURM_PROCID | head -c 2000000' | { sleep 0.5; sha256sum >/dev/null; echo read; }; echo ${PIPESTATUS[0]}"
    assert run_script(runtime, script) == (0, "read\n0\n", "")
    script = "srun -n1 head -c 3000000 /dev/zero | { dd bs=1000 count=100 status=none; sleep 0.5; cat; } | wc -c"
    assert run_script(runtime, script) == (0, "3000000\n", "")


def test_a_reader_that_goes_away_stops_nobody(runtime: Runtime, tmp_path: Path) -> None:
    script = f"srun -n2 sh -c 'seq 200000; touch {tmp_path}/$SLURM_PROCID' | head -n1; echo ${{PIPESTATUS[0]}}"
    assert run_script(runtime, script) == (0, "1\n0\n", "")
    assert sorted(path.name for path in tmp_path.glob("?")) == ["0", "1"]


@pytest.mark.parametrize(
    ("closed", "out", "err"), [(">&-", "0\n", ""), ("2>&-", "out\nout\n0\n", ""), ("<&-", "out\nout\n0\n", ""), (">&- 2>&- <&-", "0\n", "")]
)
def test_closed_streams(runtime: Runtime, closed: str, out: str, err: str) -> None:
    assert run_script(runtime, f"srun -n2 sh -c 'cat; echo out; printf \"\" >&2' {closed}; echo $?") == (0, out, err)


@pytest.mark.parametrize("target", [">/dev/full", "-o /dev/full", "-l -o /dev/full"])
def test_a_full_disk_is_told_once_and_fails(runtime: Runtime, target: str) -> None:
    """The tasks go on: they may have more to do than to speak."""
    place = "standard output" if target[0] == ">" else "/dev/full"
    options, redirection = ("", target) if target[0] == ">" else (target, "")
    code, out, err = run_script(runtime, f"srun -n2 {options} sh -c 'seq 100000; touch ran' {redirection}; echo $?; ls ran")
    assert (code, out) == (0, "1\nran\n")
    assert err == f"srun: error: cannot write {place}: No space left on device: what the tasks say there is lost\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")
def test_a_disk_that_gets_full(runtime: Runtime, tmp_path: Path) -> None:
    """The task's own exit code counts, where it has one."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", small], check=False)
    if mounted.returncode != 0:
        pytest.skip("no file system can be mounted here")
    try:
        code, out, err = run_script(runtime, f"srun -n1 -o {small}/out sh -c 'head -c 1000000 /dev/zero; exit 3'; echo $?")
    finally:
        subprocess.run(["umount", small], check=True)
    assert (code, out) == (0, "3\n")
    assert f"srun: error: cannot write {small}/out: No space left on device: what the tasks say there is lost" in err.splitlines()


def test_an_output_file_that_cannot_be_opened_starts_nothing(runtime: Runtime, tmp_path: Path) -> None:
    """And leaves the other file as it was."""
    (tmp_path / "out").write_text("before\n")
    code, out, err = run_script(runtime, f"srun -o {tmp_path}/out -e {tmp_path}/no/err touch {tmp_path}/ran; echo $?")
    assert (code, out, err) == (0, "1\n", "srun: error: Could not open stderr file: No such file or directory\n")
    assert not (tmp_path / "ran").exists()
    assert (tmp_path / "out").read_text() == "before\n"


def test_input_files_of_tasks(runtime: Runtime, tmp_path: Path) -> None:
    for task in range(3):
        (tmp_path / f"in.{task}").write_text(f"for {task}\n" * 50_000)
    script = f"srun -n3 -i {tmp_path}/in.%t sh -c 'echo $SLURM_PROCID $(sort -u) $(wc -c <{tmp_path}/in.$SLURM_PROCID)'"
    code, out, err = run_script(runtime, script)
    assert (code, sorted(out.splitlines()), err) == (0, [f"{task} for {task} 300000" for task in range(3)], "")


def test_a_number_that_is_no_task_is_a_file(runtime: Runtime) -> None:
    script = "echo text >8; srun -n2 -i 8 -o 9 cat; cat 9; srun -n2 -i 7 cat; echo $?"
    assert run_script(runtime, script) == (0, "text\ntext\n1\n", "srun: error: Could not open stdin file: No such file or directory\n")


SIGNALS = """
set -m
srun -n2 {options} sh -c '{trap} >ready.$SLURM_PROCID; exec sleep 3600' &
until [ -e ready.0 -a -e ready.1 ]; do sleep 0.05; done
{kill}
wait $!
echo $?
"""
ABORTED = "srun: Job step aborted: Waiting up to 32 seconds for job step to finish.\n"


@pytest.mark.parametrize(
    ("options", "trap", "signals", "code", "said"),
    [
        ("", "", "TERM", 137, f"srun: forcing job termination\n{ABORTED}"),
        ("", "", "HUP", 137, f"srun: forcing job termination\n{ABORTED}"),
        ("", "", "QUIT", 137, f"srun: Quit\nsrun: forcing job termination\n{ABORTED}"),
        ("-Q", "", "TERM", 137, ""),
        ("", "trap \"\" TERM;", "TERM", 137, f"srun: forcing job termination\n{ABORTED}"),
        ("-X", "", "INT", 130, "srun: sending Ctrl-C to STEP\n"),
        ("--quit-on-interrupt", "", "INT", 130, f"srun: sending Ctrl-C to STEP\nsrun: forcing job termination\n{ABORTED}"),
        (
            "",
            "",
            "INT INT",
            130,
            "srun: interrupt (one more within 1 sec to abort)\nsrun: STEP tasks 0-1: running\n"
            f"srun: sending Ctrl-C to STEP\nsrun: forcing job termination\n{ABORTED}",
        ),
        ("", "", "USR1", 138, ""),
    ],
)
def test_signals_to_srun(runtime: Runtime, options: str, trap: str, signals: str, code: int, said: str) -> None:
    """They end the step and nothing else of the job. Between two, srun has to take the first: equal ones would become one."""
    taken = "until grep -q ' SigP\\|ShdPnd.*0000$' /proc/$!/status; do :; done; sleep 0.1; "
    kill = taken.join(f"kill -{name} $!; " for name in signals.split())
    found, out, err = run_script(runtime, SIGNALS.format(options=options, trap=trap, kill=kill))
    assert (found, out) == (0, f"{code}\n")
    lines = [line for line in err.splitlines(keepends=True) if not line.startswith(("srun: error: ", "slurmstepd-"))]
    text = "".join(lines)
    step = "StepId=" + str(runtime.specs[0].job.id if runtime.specs[0].job else 0) + ".0"
    assert text.replace(step, "STEP") == said
