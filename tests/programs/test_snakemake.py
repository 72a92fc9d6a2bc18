"""Snakemake's Slurm executor: each rule's work is a job, or an element of an array, that starts its steps with srun."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from tests.conftest import Cli
from tests.programs.conftest import SCRIPTS, Environment

SUBMITTING = ("--executor=slurm", "--jobs=4", "--slurm-no-account", "--slurm-array-jobs=part", "--slurm-disable-memory-fudge")
QUICKLY = ("--slurm-init-seconds-before-status-checks=4", "--seconds-between-status-checks=1")


def test_a_workflow(snakemake: Environment, inside: Callable[[Environment], Cli]) -> None:
    user = inside(snakemake)
    words = [snakemake.directory / "bin" / "snakemake", "--snakefile", SCRIPTS / "Snakefile", *SUBMITTING, *QUICKLY]
    done = subprocess.run(words, cwd=user.directory, env=user.env, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [(user.directory / f"part-{number}.txt").read_text() for number in range(2)] == ["part 0\n", "part 1\n"]
    assert sorted((user.directory / "tasks.txt").read_text().splitlines()) == ["0: task", "1: task"]
    jobs = user("sacct", "-X", "-n", "-P", "-o", "JobID,State,ReqMem,NCPUS").stdout.splitlines()
    found = sorted(("_" in job, *job.split("|")[1:]) for job in jobs)
    assert found == [(False, "COMPLETED", "200M", "2"), (True, "COMPLETED", "100M", "1"), (True, "COMPLETED", "100M", "1")]
