"""Lightning finds nodes, ranks, the master and the job's id in SLURM_*, and installs its hooks for a requeue."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.conftest import Cli
from tests.programs.conftest import SCRIPTS, Environment

pytestmark = pytest.mark.xdist_group("torch")  # one after another: each of them keeps both CPUs busy

SCRIPT = """#!/bin/bash
#SBATCH --job-name=lightning --output=%x.out --time=10 --signal=SIGUSR1@90
#SBATCH --nodes=2 --ntasks-per-node={tasks}
srun --kill-on-bad-exit=1 python {script} 2 {tasks}
"""


@pytest.mark.parametrize("tasks", [1, 2])
def test_two_nodes(tasks: int, lightning: Environment, inside: Callable[[Environment], Cli]) -> None:
    user = inside(lightning)
    script = SCRIPT.format(tasks=tasks, script=SCRIPTS / "lightning_ddp.py")
    done = user("sbatch", "--wait", stdin=script.encode(), timeout=240)
    output = (user.directory / "lightning.out").read_text()
    assert done.code == 0, output
    job = done.stdout.split()[-1]
    found = re.findall(rf"rank (\d) of (\d) on node (\d): master n1, job {job}, loss (\d+\.\d{{4}}), (-?\d+\.\d{{6}})", output)
    assert sorted(row[:3] for row in found) == [(str(rank), str(2 * tasks), str(rank // tasks)) for rank in range(2 * tasks)], output
    assert len({row[3:] for row in found}) == 1  # all ranks have the same loss and the same weights
    assert output.count("SLURM auto-requeueing enabled. Setting signal handlers.") == 2 * tasks
