"""PyTorch's usual scripts: torchrun on each node with a c10d rendezvous, and one task for each rank with MASTER_ADDR."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import ROOT, Cli
from tests.programs.conftest import Environment

pytestmark = pytest.mark.xdist_group("torch")  # one after another: each of them keeps both CPUs busy

ONE_NODE = """#!/bin/bash
#SBATCH --job-name=one --output=%x.out --nodes=1 --cpus-per-task=2 --time=10
export OMP_NUM_THREADS=1
torchrun --standalone --nnodes=1 --nproc-per-node=$SLURM_CPUS_PER_TASK examples/torch_ddp.py
"""

ONE_TASK_FOR_EACH_RANK = """#!/bin/bash
#SBATCH --job-name=ranks --output=%x.out --nodes=2 --ntasks-per-node=2 --time=10
export MASTER_ADDR=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
export MASTER_PORT=$(expr 10000 + $(echo -n $SLURM_JOB_ID | tail -c 4))
export WORLD_SIZE=$SLURM_NTASKS OMP_NUM_THREADS=1
srun bash -c 'RANK=$SLURM_PROCID LOCAL_RANK=$SLURM_LOCALID exec python examples/torch_ddp.py'
"""


@pytest.fixture
def user(torch: Environment, inside: Callable[[Environment], Cli]) -> Cli:
    cli = inside(torch)
    (cli.directory / "examples").symlink_to(ROOT / "examples")
    return cli


def test_two_nodes_with_torchrun(user: Cli) -> None:
    """The example of this repository."""
    done = user("sbatch", "--wait", "examples/torch_ddp.sbatch", timeout=240)
    output = (user.directory / f"torch_ddp-{done.stdout.split()[-1]}.out").read_text()
    assert (done.code, done.stderr) == (0, ""), output
    assert "all 4 ranks agree" in output


def test_one_node_with_torchrun(user: Cli) -> None:
    done = user("sbatch", "--wait", stdin=ONE_NODE.encode(), timeout=240)
    output = (user.directory / "one.out").read_text()
    assert done.code == 0, output
    assert "all 2 ranks agree" in output


def test_one_task_for_each_rank(user: Cli) -> None:
    done = user("sbatch", "--wait", stdin=ONE_TASK_FOR_EACH_RANK.encode(), timeout=240)
    output = (user.directory / "ranks.out").read_text()
    assert done.code == 0, output
    assert "all 4 ranks agree" in output


def test_a_rank_that_fails_fails_the_job(user: Cli) -> None:
    script = ONE_NODE.replace("examples/torch_ddp.py", "--no-python sh -c 'exit $((LOCAL_RANK * 3))'")
    assert user("sbatch", "--wait", stdin=script.encode(), timeout=240).code == 1
    assert "exitcode  : 3" in (user.directory / "one.out").read_text()
