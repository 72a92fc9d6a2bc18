"""`launch signal`: signals from outside that reach a job's steps, its batch script, or both, on all of its nodes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import wait_until
from tests.launcher.helpers.runtime import Node, Runtime, batch, end_of, reports_of, runtime_directory, without_reports

TRAPS = 'for name in USR1 USR2; do trap "echo {who} $name >>heard" $name; done; echo {who} ready >>heard'
LOOP = "while :; do sleep 0.05; done"
WHO = "step$SLURM_STEP_ID.$SLURM_PROCID"

SCRIPT = f"""#!/bin/bash
{TRAPS.format(who="batch")}
bash -c '{TRAPS.format(who="child").replace("'", '"')}; {LOOP}' &
srun --overlap -n2 -N2 bash step.sh &
until grep -q step0 heard; do sleep 0.05; done
srun --overlap -n1 -N1 -r1 bash step.sh &
while [ ! -e end ]; do sleep 0.05; done
"""

STEP = f"{TRAPS.format(who=WHO)}\nwhile [ ! -e end ]; do sleep 0.05; done\n"
ALL = ["batch", "child", "step0.0", "step0.1", "step1.0"]


class Job:
    """A job of two nodes, whose processes write what they hear into one file."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.heard = runtime.directory / "heard"
        (runtime.directory / "step.sh").write_text(STEP)
        self.spec = batch(SCRIPT, nodes=2, work_dir=str(runtime.directory))
        self.first, self.second = runtime.start_all(self.spec)
        wait_until(lambda: self.who("ready") == ALL, "all processes")

    def who(self, word: str) -> list[str]:
        lines = self.heard.read_text().splitlines() if self.heard.exists() else []
        return sorted({line.split()[0] for line in lines if line.endswith(f" {word}")})

    def signal(self, *words: str) -> str:
        command = [str(self.runtime.launch), "signal", *words, str(runtime_directory(self.spec))]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout

    def end(self) -> Node:
        (self.runtime.directory / "end").touch()
        assert self.first.wait() is not None
        return self.first


@pytest.mark.parametrize(
    ("to", "count", "who"),
    [
        ("every-step", "2\n", ["step0.0", "step0.1", "step1.0"]),
        ("0", "1\n", ["step0.0", "step0.1"]),
        ("1", "1\n", ["step1.0"]),
        ("batch", "1\n", ["batch"]),
        ("job", None, ALL),
    ],
)
def test_reaches_whom_it_is_sent_to(runtime: Runtime, to: str, count: str | None, who: list[str]) -> None:
    job = Job(runtime)
    answer = job.signal("--signal=10", f"--to={to}")
    assert count is None or answer == count
    wait_until(lambda: job.who("USR1") == who, f"{who}")
    # What is sent afterwards is heard afterwards: nobody else has got the first one.
    job.signal("--signal=12", "--to=job")
    wait_until(lambda: job.who("USR2") == ALL, "all to hear the second")
    assert job.who("USR1") == who
    job.end()


def test_ends_one_step_and_says_so_in_its_output(runtime: Runtime) -> None:
    job = Job(runtime)
    assert job.signal("--signal=0", "--to=1") == "1\n"
    wait_until(lambda: "task 0: Killed" in job.first.stderr, "the step's srun")
    assert job.signal("--signal=9", "--to=1") == "0\n"  # it is not there any more
    assert job.signal("--signal=10", "--to=0") == "1\n"
    wait_until(lambda: job.who("USR1") == ["step0.0", "step0.1"], "the other step")
    said = without_reports(job.end().stderr)
    assert f"*** STEP {job.spec.job.id if job.spec.job else 0}.1 ON 127.0.0.2 CANCELLED AT " in said


def test_the_script_goes_on_when_its_steps_were_killed(runtime: Runtime) -> None:
    report = runtime.directory / "report"
    spec = batch("#!/bin/sh\ntouch up\nsrun sh -c 'touch step; sleep 60'\necho code $?\n", work_dir=str(runtime.directory))
    node = runtime.start(spec)
    wait_until((runtime.directory / "step").exists, "the step")
    command = [str(runtime.launch), "signal", "--signal=9", "--to=every-step", str(runtime_directory(spec))]
    assert subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout == "1\n"
    assert node.wait() == 0
    assert node.stdout.endswith("code 137\n")
    assert end_of(spec, node) == ("COMPLETED", "None", 0, 0)
    assert not report.exists()
    assert reports_of(spec, node.err.read_bytes())["end"]


def test_says_of_each_job_whether_it_is_there(launch: Path, runtime: Runtime) -> None:
    spec = batch("#!/bin/sh\nsleep 60\n")
    node = runtime.start(spec)
    wait_until((runtime_directory(spec) / "channel").exists, "the job")
    command = [str(launch), "signal", "--signal=15", "--to=batch", "/tmp/mlspace-nowhere/1.2.0", str(runtime_directory(spec))]
    assert subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout == "gone\n1\n"
    assert node.wait() == 143


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--signal=9"],
        ["/tmp"],
        ["--signal=x", "/tmp"],
        ["--signal=65", "/tmp"],
        ["--signal=9", "--to=all", "/tmp"],
        ["--signal=9", "x"],
    ],
    ids=str,
)
def test_refuses_other_arguments(launch: Path, words: list[str]) -> None:
    done = subprocess.run([str(launch), "signal", *words], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr.startswith("launch: error: signal: ")
