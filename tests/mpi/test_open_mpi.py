"""mpirun with a real Open MPI on the machine: MPI programs over virtual nodes, Open MPI's own words, and when it is left to that."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from mlspace.spec.codec import encode, part_flags
from tests.conftest import ROOT, Cli, wait_until
from tests.launcher.helpers.runtime import batch, newest_launch
from tests.mpi.conftest import OPEN_MPI, SYSTEM_PATH

pytestmark = pytest.mark.mpi
needs_open_mpi = pytest.mark.skipif(OPEN_MPI is None, reason="Open MPI's mpirun is not installed")

ALLREDUCE = """
#include <mpi.h>
#include <stdio.h>
#include <unistd.h>
int main(int argc, char** argv) {
  int rank, size, sum;
  char host[256];
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  int mine = rank + 1;
  MPI_Allreduce(&mine, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  gethostname(host, sizeof host);
  printf("%d of %d on %s: %d\\n", rank, size, host, sum);
  MPI_Finalize();
  return argc > 1 && rank == size - 1 ? 9 : 0;
}
"""


@pytest.fixture(scope="session")
def allreduce(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A program whose ranks add up their numbers, from 1 on; with an argument the last one ends with 9."""
    compiler = shutil.which("mpicc", path=SYSTEM_PATH)
    if OPEN_MPI is None or compiler is None:
        pytest.skip("Open MPI's mpirun or its mpicc is not installed")
    directory = tmp_path_factory.mktemp("allreduce")
    directory.parent.chmod(0o755)
    (directory / "allreduce.c").write_text(ALLREDUCE)
    subprocess.run([compiler, "-o", "allreduce", "allreduce.c"], cwd=directory, check=True, timeout=60)
    return str(directory / "allreduce")


def sums(ranks: int, hosts: list[str]) -> list[str]:
    return [f"{rank} of {ranks} on {host}: {ranks * (ranks + 1) // 2}" for rank, host in enumerate(hosts)]


@pytest.mark.parametrize(
    ("options", "hosts"),
    [
        ("-np 4 --nodes=2", ["n1", "n1", "n2", "n2"]),
        ("-np 3 --nodes=2", ["n1", "n1", "n2"]),
        ("-H n2:2,n3:1", ["n2", "n2", "n3"]),
        ("-N 1 --nodes=2 --bind-to none", ["n1", "n2"]),
        ("-np 2 --nodes=2 --map-by node", ["n1", "n2"]),
    ],
)
def test_ranks_on_virtual_nodes_find_each_other(workstation: Cli, allreduce: str, options: str, hosts: list[str]) -> None:
    done = workstation("mpirun", *shlex.split(options), allreduce)
    assert (sorted(done.stdout.splitlines()), done.stderr, done.code) == (sums(len(hosts), hosts), "", 0)


@needs_open_mpi
def test_several_programs(workstation: Cli) -> None:
    done = workstation("mpirun", "-np", "1", "-x", "A=1", "sh", "-c", "echo a $A", ":", "-np", "2", "echo", "b")
    assert (sorted(done.stdout.splitlines()), done.stderr, done.code) == (["a 1", "b", "b"], "", 0)


def test_what_open_mpi_says_and_ends_with(workstation: Cli, allreduce: str) -> None:
    done = workstation("mpirun", "-np", "2", "--nodes=2", allreduce, "fail")
    assert done.code == 9
    assert "Exit code:    9" in done.stderr
    assert workstation("sacct", "-n", "-X", "-P", "-o", "State,ExitCode").stdout == "FAILED|9:0\n"


@needs_open_mpi
def test_output_files_and_tags_are_its_own(workstation: Cli, tmp_path: Path) -> None:
    done = workstation("mpirun", "-np", "2", "--tag-output", "--output-filename", str(tmp_path / "out"), "echo", "hi")
    assert sorted(done.stdout.splitlines()) == ["[1,0]<stdout>:hi", "[1,1]<stdout>:hi"]
    written = sorted(str(path.relative_to(tmp_path)) for path in (tmp_path / "out").rglob("stdout"))
    assert written == ["out/1/rank.0/stdout", "out/1/rank.1/stdout"]


@needs_open_mpi
def test_standard_input_of_rank_0(workstation: Cli) -> None:
    name = workstation.directory / "words"
    name.write_text("from a file\n")
    script = ["-np", "2", "--nodes=2", "sh", "-c", "echo $OMPI_COMM_WORLD_RANK $(cat)"]
    with name.open() as file, workstation.start("mpirun", *script, stdin=file, stdout=subprocess.PIPE) as process:
        assert sorted(process.communicate(timeout=60)[0].decode().splitlines()) == ["0 from a file", "1"]


@needs_open_mpi
def test_control_c_ends_the_job_of_mpirun(workstation: Cli) -> None:
    script = ["-np", "2", "--nodes=2", "sh", "-c", "touch began.$OMPI_COMM_WORLD_RANK; exec sleep 300"]
    process = workstation.start("mpirun", *script, stderr=subprocess.PIPE, start_new_session=True)
    wait_until(lambda: all((workstation.directory / f"began.{rank}").exists() for rank in (0, 1)), "both ranks")
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[1].decode() == "mpirun: job 1 is cancelled\n"
    assert process.returncode == 130
    wait_until(lambda: workstation("squeue", "-h").stdout == "", "the end of the job", 60)


def test_ranks_of_role_exec_under_a_real_mpirun(allreduce: str) -> None:
    """As on MLSpace: its mpirun starts `launch` for each rank, and MPI_Init of the program below it finds the others."""
    spec = replace(batch(command=[allreduce]), role="exec")
    words = [f"--{name}={value}" for name, value in part_flags(encode(spec)).items()]
    environ = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "PATH": SYSTEM_PATH + ":/bin"}
    command = [str(OPEN_MPI), "--oversubscribe", "-np", "3", str(newest_launch()), *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environ, timeout=60, check=False)
    assert (sorted(done.stdout.splitlines()), done.returncode) == (sums(3, [os.uname().nodename] * 3), 0)


# Whose mpirun it is.

ANNOUNCE = "#!/bin/sh\necho other mpirun: $*\n"


@pytest.fixture
def with_another(laptop: Cli, tmp_path: Path) -> Cli:
    """`laptop` with an mpirun behind ours on the PATH, which only says that it was called."""
    other = tmp_path / "other"
    other.mkdir()
    for name in ("mpirun", "mpiexec"):
        (other / name).write_text(ANNOUNCE)
        (other / name).chmod(0o755)
    laptop.env["PATH"] = f"{ROOT}/bin:{ROOT}/.venv/bin:{other}:{laptop.env['PATH']}"
    return laptop


ASIDE, OURS = "other", "ours"


@pytest.mark.parametrize(
    ("words", "environment", "whose"),
    [
        ("-np 1 echo hi", {}, ASIDE),
        ("-np 1 python train.py --image x --time=5", {}, ASIDE),
        ("--unknown option", {}, ASIDE),
        ("--version", {}, ASIDE),
        ("-np 1 echo hi", {"MLSPACE_MPIRUN": "mlspace"}, OURS),
        ("--partition=debug -np 1 echo hi", {}, OURS),
        ("--nodes 1 -np 1 echo hi", {}, OURS),
        ("-np 1 --start-by=platform echo hi", {}, OURS),
        ("--partition=debug -np 1 echo hi", {"MLSPACE_MPIRUN": "own"}, ASIDE),
        ("--partition=debug -np 1 echo hi", {"OMPI_COMM_WORLD_RANK": "0"}, ASIDE),
        ("-np 1 echo hi", {"SLURM_JOB_ID": "77"}, ASIDE),
    ],
)
@pytest.mark.parametrize("program", ["mpirun", "mpiexec"])
def test_whose_it_is(with_another: Cli, state: Path, program: str, words: str, environment: dict[str, str], whose: str) -> None:
    """Stepping aside leaves no trace. Ours makes a job, the mpirun of which is on this machine the other one again."""
    done = with_another(program, *shlex.split(words), env=environment)
    assert (done.stderr, done.code) == ("", 0)
    if whose == ASIDE:
        assert done.stdout == f"other mpirun: {' '.join(shlex.split(words))}\n"
        assert not state.exists()
    else:
        assert done.stdout == ("hi\n" if "start-by" in words else "other mpirun: -np 1 echo hi\n")
        assert with_another("sacct", "-n", "-X", "-P", "-o", "JobID,State").stdout == "1|COMPLETED\n"


def test_a_configured_gateway_asks_for_it(with_another: Cli) -> None:
    done = with_another("mpirun", "-np", "1", "true", env={"MLSPACE_ENDPOINT": "http://127.0.0.1:9", "MLSPACE_ACCESS_TOKEN": "t"})
    assert (done.stdout, done.code) == ("", 1)
    assert "Unable to contact MLSpace at http://127.0.0.1:9" in done.stderr


def test_inside_a_job_it_is_the_nodes_own(with_another: Cli) -> None:
    """Also with our options: there is no way out of a job."""
    ours = f"{ROOT}/bin/mpirun"
    without = with_another.env["PATH"].rpartition(":")[2]
    script = f"{ours} -np 2 a.out; {ROOT}/bin/mpiexec --image=x; mpirun b; PATH={without} {ours} c"
    done = with_another("sbatch", "--wait", "-o", "out", "--wrap", script)
    said = "other mpirun: -np 2 a.out\nother mpirun: --image=x\nother mpirun: b\n"
    lost = "mpirun: error: there is no Open MPI on the PATH, which mpirun inside a job means\n"
    assert ((with_another.directory / "out").read_text(), done.code) == (said + lost, 127)


def test_a_wrong_choice(with_another: Cli) -> None:
    done = with_another("mpirun", "-np", "1", "true", env={"MLSPACE_MPIRUN": "maybe"})
    assert (done.stdout, done.code) == ("", 1)
    assert done.stderr == "mpirun: error: MLSPACE_MPIRUN=maybe: not a valid value\nmpirun: error:   what would work: mlspace or own\n"


def test_without_another_the_choice_of_it_fails(laptop: Cli) -> None:
    done = laptop("mpirun", "-np", "1", "true", env={"MLSPACE_MPIRUN": "own"})
    assert (done.stdout, done.code) == ("", 127)
    assert done.stderr == "mpirun: error: there is no Open MPI on the PATH, which mpirun with MLSPACE_MPIRUN=own means\n"
