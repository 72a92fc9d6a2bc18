"""Heterogeneous jobs as a user at a terminal sees them: real commands, real jobs."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.conftest import Cli, wait_until

SCRIPT = """#!/bin/bash
#SBATCH -n1 -J first -t 10
#SBATCH hetjob
#SBATCH -n2 -J second -t 20
echo $SLURM_HET_SIZE $SLURM_NTASKS $SLURM_NTASKS_HET_GROUP_0 $SLURM_NTASKS_HET_GROUP_1 ${SLURM_CPUS_PER_TASK-none}
while [ ! -e go ]; do sleep 0.05; done
exit 3
"""


def states(cli: Cli) -> list[str]:
    return sorted(cli("squeue", "-h", "-t", "all", "-o", "%i %t").stdout.splitlines())


def running(cli: Cli, *options: str) -> None:
    (cli.directory / "job.sh").write_text(SCRIPT)
    assert cli("sbatch", *options, "-o", "out", "job.sh").stdout == "Submitted batch job 1\n"
    wait_until(lambda: states(cli) == ["1+0 R", "1+1 R"], "both components")


def test_one_job_of_two_components_under_one_id(cli: Cli) -> None:
    running(cli)
    first, second = cli("scontrol", "show", "job", "1").stdout.split("\n\n")[:2]
    assert first.startswith("JobId=1 HetJobId=1 HetJobOffset=0 JobName=first\n   HetJobIdSet=1-2\n")
    assert second.startswith("JobId=2 HetJobId=1 HetJobOffset=1 JobName=second\n   HetJobIdSet=1-2\n")
    for name in ("1+1", "2"):
        shown = cli("scontrol", "-o", "show", "job", name).stdout
        assert shown.startswith("JobId=2 HetJobId=1 HetJobOffset=1 JobName=second HetJobIdSet=1-2 ")
    assert cli("squeue", "-h", "-j", "2", "-o", "%i %l").stdout == "1+1 20:00\n"
    (cli.directory / "go").touch()
    wait_until(lambda: states(cli) == ["1+0 F", "1+1 F"], "the end of both")
    assert (cli.directory / "out").read_text() == "2 1 1 2 none\n"
    assert cli("sacct", "-n", "-X", "-P", "-o", "JobID,JobName,ExitCode").stdout == "1+0|first|3:0\n1+1|second|3:0\n"
    assert cli("sacct", "-n", "-X", "-P", "-j", "1", "--whole-hetjob=no", "-o", "JobID").stdout == "1+0\n"


def test_waiting_is_for_the_first_ones_end(cli: Cli) -> None:
    done = cli("sbatch", "--wait", "-n1", ":", "-n2", "--wrap", "exit 4")
    assert (done.stdout, done.stderr, done.code) == ("Submitted batch job 1\n", "", 4)


def test_held_and_released_as_one_and_cancelled_only_so(cli: Cli) -> None:
    cli("sbatch", "-H", "-n1", ":", "-n2", "--wrap", "sleep 60")
    assert states(cli) == ["1+0 PD", "1+1 PD"]
    alone = cli("scancel", "1+1")
    why = "Operation not permitted on individual component of heterogeneous job"
    assert alone.stderr == f"scancel: error: Kill job error on job id 1+1: {why}\n"
    assert cli("scontrol", "release", "1").code == 0
    wait_until(lambda: states(cli) == ["1+0 R", "1+1 R"], "both components")
    cli("scancel", "1")
    wait_until(lambda: states(cli) == ["1+0 CA", "1+1 CA"], "the end of both")
    assert cli("sacct", "-n", "-X", "-P", "-o", "JobID,State").stdout == "1+0|CANCELLED by 0\n1+1|CANCELLED by 0\n"


def test_one_waits_for_what_the_other_waits_for(cli: Cli) -> None:
    cli("sbatch", "-H", "--wrap", "true")
    cli("sbatch", "-d", "afterok:1", "-n1", ":", "-n2", "--wrap", "true")
    wait_until(lambda: cli("squeue", "-h", "-j", "2,3", "-o", "%r").stdout.split() == ["Dependency"] * 2, "the reason of both")
    cli("scontrol", "release", "1")
    wait_until(lambda: states(cli) == ["1 CD", "2+0 CD", "2+1 CD"], "the end of all")


def test_a_component_that_dies_ends_all(cli: Cli) -> None:
    running(cli, "--no-requeue")
    directory = next(path for path in Path(f"/tmp/mlspace-{os.getuid()}").glob("[12].*.0") if names(cli, path.name))
    os.kill(int((directory / "pid").read_text()), signal.SIGKILL)
    wait_until(lambda: states(cli) == ["1+0 NF", "1+1 NF"], "the end of both", 60)


def names(cli: Cli, directory: str) -> bool:
    """Whether it is the runtime directory of the second component of this test's job."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(Path(cli.env["MLSPACE_STATE_DIR"]) / "registry.sqlite")) as database:
        (submission,) = database.execute("SELECT submission FROM submission WHERE job_id = 2").fetchone()
    return directory.split(".")[1] == submission[:8]


def test_no_arrays(cli: Cli) -> None:
    done = cli("sbatch", "--array=1-3", "-n1", ":", "-n2", "--wrap", "true")
    assert (done.stdout, done.code) == ("", 1)
    assert states(cli) == []
