"""MPI and PyTorch over the pods: real MPI_Allreduce and a c10d rendezvous between network namespaces, by the pods' names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cluster.cluster import Cluster
from tests.conftest import ROOT
from tests.launcher.helpers.mpi import AS_ROOT, HERE, compile_mpi, link_open_mpi
from tests.programs.conftest import Environment

pytestmark = pytest.mark.xdist_group("cluster")

EXPORTS = "\n".join(f"export {name}={value}" for name, value in AS_ROOT.items())


def ranks(output: str) -> list[str]:
    """`0 of 6 sum 15` of each rank, sorted; all that was written, where something else was, too."""
    lines = sorted(output.splitlines())
    said = [line.partition(" task ")[0] for line in lines]
    return said if all(" of " in line for line in lines) else lines


def sums(size: int) -> list[str]:
    return [f"{rank} of {size} sum {size * (size - 1) // 2}" for rank in range(size)]


@pytest.fixture
def probe(cluster: Cluster) -> Path:
    return compile_mpi(HERE / "mpi_probe.c", cluster.cli.directory)


def test_mpirun_in_a_batch_script(cluster: Cluster, probe: Path) -> None:
    """It finds its nodes by itself, under the mpirun that has started launch, and starts its daemons through our srun."""
    code, output = cluster.run_script(f"{EXPORTS}\nmpirun {probe.name} sum", "-N3", "--ntasks-per-node=2")
    assert (code, ranks(output)) == (0, sums(6)), cluster.log()


def test_srun_of_an_mpi_program(cluster: Cluster, probe: Path) -> None:
    """The other way: srun starts the ranks, and the node's own Open MPI connects them."""
    code, output = cluster.run_script(f"srun --mpi=pmix {probe.name} sum", "-N3", "--ntasks-per-node=2")
    assert (code, ranks(output)) == (0, sums(6)), cluster.log()


def test_an_mpirun_without_slurm_goes_by_ssh(cluster: Cluster, probe: Path) -> None:
    """To port 2222 of the pods, as the platform's own does."""
    prefix = link_open_mpi(cluster.cli.directory / "ompi", without="*slurm.so")
    export = f"--export=OPAL_PREFIX={prefix},PATH={prefix}/bin:{os.environ['PATH']}"
    code, output = cluster.run_script(f"{EXPORTS}\nmpirun {probe.name} sum", "-N2", "--ntasks-per-node=2", export)
    assert (code, ranks(output)) == (0, sums(4)), cluster.log()
    assert cluster.accounted() == "COMPLETED|0:0"
    assert cluster.cli("sacct", "-n", "-P", "-o", "JobID").stdout == "1\n1.batch\n", "a daemon came by srun"


def test_mpi_abort_ends_the_program_on_all_nodes(cluster: Cluster, probe: Path) -> None:
    code, _ = cluster.run_script(f"{EXPORTS}\nmpirun {probe.name} abort 2", "-N3")
    assert code == 7
    assert cluster.accounted() == "FAILED|7:0"


def test_torchrun_over_two_nodes(cluster: Cluster, torch: Environment) -> None:
    """The example of this repository, as it is."""
    cluster.cli.env |= torch.env(f"{ROOT / 'bin'}:{os.environ['PATH']}")
    (cluster.cli.directory / "examples").symlink_to(ROOT / "examples")
    done = cluster.cli("sbatch", "--wait", "--export=PATH", "examples/torch_ddp.sbatch", timeout=240)
    (output,) = cluster.cli.directory.glob("torch_ddp-*.out")
    assert done.code == 0, output.read_text() + cluster.log()
    assert "all 4 ranks agree" in output.read_text()
