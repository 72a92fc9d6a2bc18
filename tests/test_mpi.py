"""MPI programs as users run them on the embedded MLSpace: sbatch, salloc and srun, over nodes with names of their own."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Cli, processes, wait_until
from tests.launcher.helpers.mpi import AS_ROOT, EXAMPLES, HERE, compile_mpi, need_open_mpi


@pytest.fixture(scope="session")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_mpi(HERE / "mpi_probe.c", tmp_path_factory.mktemp("mpi"))


def ranks(text: str) -> list[tuple[str, str]]:
    """(rank, node) of the lines of mpi_hello and mpi_probe, by rank."""
    return sorted(re.findall(r"^(?:rank )?(\d+) of .* on (\w+)", text, re.MULTILINE))


FOUR_ON_TWO = [("0", "n1"), ("1", "n1"), ("2", "n2"), ("3", "n2")]


def test_the_example(cli: Cli) -> None:
    need_open_mpi()
    (cli.directory / "examples").symlink_to(EXAMPLES)
    done = cli("sbatch", "--wait", "examples/mpi.sbatch", env=AS_ROOT, timeout=120)
    output = (cli.directory / "mpi-1.out").read_text()
    assert (done.stdout, done.stderr, done.code) == ("Submitted batch job 1\n", "", 0), output
    head, by_mpirun, by_srun = re.split(r"by mpirun\n|by srun\n", output)
    assert (head, ranks(by_mpirun), ranks(by_srun)) == ("", FOUR_ON_TWO, FOUR_ON_TWO)
    assert output.count(": sum 6\n") == 8
    assert list(cli.directory.glob("mpi_hello-*")) == []


def test_over_four_nodes(cli: Cli, probe: Path) -> None:
    done = cli("sbatch", "--wait", "-N4", "-n8", "-o", "out", "--wrap", f"mpirun {probe} sum", env=AS_ROOT)
    output = (cli.directory / "out").read_text()
    assert done.code == 0, output
    assert ranks(output) == [(str(rank), f"n{1 + rank // 2}") for rank in range(8)]


@pytest.mark.parametrize("options", [("-N2", "-n4"), ("-N2", "-n4", "-m", "cyclic")])
def test_srun_by_itself(cli: Cli, probe: Path, options: tuple[str, ...]) -> None:
    done = cli("srun", "--mpi=pmix", *options, str(probe), "sum")
    assert (done.stderr, done.code) == ("", 0)
    nodes = ["n1", "n2"] * 2 if "cyclic" in options else ["n1", "n1", "n2", "n2"]
    assert ranks(done.stdout) == list(zip("0123", nodes, strict=True))
    assert done.stdout.count(" sum 6 ") == 4


def test_scancel_leaves_nothing(cli: Cli, probe: Path) -> None:
    cli("sbatch", "-N2", "-n4", "-o", "out", "--wrap", f"mpirun {probe} wait", env=AS_ROOT)
    output = cli.directory / "out"
    wait_until(lambda: output.exists() and output.read_text().count("ready\n") == 4, "all ranks")
    assert cli("scancel", "1").code == 0
    wait_until(lambda: not processes(str(probe)), "the end of all ranks")
    wait_until(lambda: cli("squeue", "-h").stdout == "", "the job's end")


NETLESS = """
ip link set lo up
bin=$1 probe=$2
"$bin/sbatch" --wait -N2 -n4 -o out --wrap "mpirun $probe sum" &&
"$bin/srun" --mpi=pmix -N2 -n4 "$probe" sum >>out
code=$?
kill "$(sed 's/.*"pid": *\\([0-9]*\\).*/\\1/' "$MLSPACE_STATE_DIR/local/endpoint.json")"
exit $code
"""


def test_without_a_network(cli: Cli, probe: Path) -> None:
    """A machine that has only its loopback interface."""
    if subprocess.run(["unshare", "-n", "ip", "link", "set", "lo", "up"], capture_output=True, check=False).returncode != 0:
        pytest.skip("a network namespace needs root, and ip: apt-get install iproute2")
    root = EXAMPLES.parent / "bin"
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c", NETLESS, "sh", root, probe],
        cwd=cli.directory,
        env={**cli.env, **AS_ROOT},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    output = (cli.directory / "out").read_text()
    assert done.returncode == 0, (output, done.stderr)
    assert ranks(output) == sorted(2 * FOUR_ON_TWO)
