"""MPI programs on the nodes of a job by the node's own Open MPI: mpirun in the batch script."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path

import pytest

from mlspace.spec.launch import Env, LaunchSpec, Limits
from tests.conftest import wait_until
from tests.launcher.helpers.mpi import AS_ROOT, HERE, compile_mpi, link_open_mpi
from tests.launcher.helpers.runtime import MARK, PATH, Runtime, batch, end_of, processes_of, without_reports

FIRST, SECOND = "127.0.0.1", "127.0.0.2"


@pytest.fixture(scope="session")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_mpi(HERE / "mpi_probe.c", tmp_path_factory.mktemp("mpi"))


def mpi_batch(script: str, nodes: int = 2, tasks: int = 2, **variables: str) -> LaunchSpec:
    spec = batch(f"#!/bin/sh\n{script}\n", nodes, tasks, limits=Limits(grace=5))
    return LaunchSpec(**{**vars(spec), "env": Env("shared", {**spec.env.set, **AS_ROOT, **variables})})


def run(runtime: Runtime, spec: LaunchSpec) -> tuple[int, list[str], str]:
    """Exit code, sorted lines of stdout, and stderr; nothing is left."""
    codes, first = runtime.run_all(spec)
    assert codes[1:] == [0] * (len(codes) - 1)
    assert processes_of(spec.submission) == []
    return codes[0], sorted(first.stdout.splitlines()), without_reports(first.stderr)


def ranks(lines: list[str]) -> list[str]:
    """`0 of 4 sum 6 task …`: what stands before the task."""
    return [line.partition(" task ")[0] for line in lines]


def nodes_of(lines: list[str]) -> Counter[str]:
    """How many ranks each node had."""
    return Counter(line.rpartition(" on ")[2] for line in lines)


@pytest.mark.parametrize(("nodes", "tasks"), [(1, 2), (2, 2), (3, 1), (4, 2)])
def test_mpirun_finds_its_nodes(runtime: Runtime, probe: Path, nodes: int, tasks: int) -> None:
    code, out, err = run(runtime, mpi_batch(f"mpirun {probe} sum", nodes, tasks))
    size = nodes * tasks
    assert (code, ranks(out), err) == (0, [f"{rank} of {size} sum {size * (size - 1) // 2}" for rank in range(size)], "")


@pytest.mark.parametrize(
    ("options", "nodes"),
    [
        ("", [FIRST, FIRST, SECOND, SECOND]),
        ("-np 3", [FIRST, FIRST, SECOND]),
        ("-n 1", [FIRST]),
        ("-N 1", [FIRST, SECOND]),
        ("--map-by ppr:2:node", [FIRST, FIRST, SECOND, SECOND]),
        ("--map-by node", [FIRST, SECOND, FIRST, SECOND]),
        (f"-H {SECOND}:2", [SECOND, SECOND]),
    ],
)
def test_mpiruns_own_options(runtime: Runtime, probe: Path, options: str, nodes: list[str]) -> None:
    code, out, err = run(runtime, mpi_batch(f"mpirun {options} {probe} sum"))
    size = len(nodes)
    assert (code, ranks(out), err) == (0, [f"{rank} of {size} sum {size * (size - 1) // 2}" for rank in range(size)], "")
    assert [line.rpartition(" on ")[2] for line in out] == nodes


def test_twice_in_a_script_and_beside_srun(runtime: Runtime, probe: Path) -> None:
    code, out, _ = run(runtime, mpi_batch(f"mpirun {probe} sum; srun -n2 echo by srun; mpirun -N 1 {probe} sum"))
    assert (code, Counter(ranks(out))) == (
        0,
        Counter([*(f"{rank} of 4 sum 6" for rank in range(4)), "by srun", "by srun", "0 of 2 sum 1", "1 of 2 sum 1"]),
    )


@pytest.mark.parametrize(("mode", "code"), [("abort 1", 7), ("kill 2", 137), ("leave 3", 3), ("code 1", 5)])
def test_mpirun_ends_with_a_ranks_code_and_nothing_stays(runtime: Runtime, probe: Path, mode: str, code: int) -> None:
    assert run(runtime, mpi_batch(f"mpirun {probe} {mode}"))[0] == code


def test_a_cancelled_job_leaves_nothing_of_it(runtime: Runtime, probe: Path) -> None:
    spec = mpi_batch(f"mpirun {probe} wait")
    nodes = runtime.start_all(spec)
    wait_until(lambda: nodes[0].stdout.count("ready\n") == 4, "all ranks")
    nodes[0].process.send_signal(signal.SIGTERM)
    assert [node.wait() for node in nodes] == [143, 0]
    assert end_of(spec, nodes[0])[0] == "CANCELLED"
    assert processes_of(spec.submission) == []


def test_ctrl_c_ends_mpirun_alone(runtime: Runtime, probe: Path) -> None:
    go = runtime.directory / "go"
    script = f"mpirun {probe} wait & pid=$!; while ! [ -e {go} ]; do sleep 0.05; done; kill -INT $pid; wait $pid; echo after"
    spec = mpi_batch(f"set -m; {script}")  # of a shell without job control, background jobs ignore INT
    nodes = runtime.start_all(spec)
    wait_until(lambda: nodes[0].stdout.count("ready\n") == 4, "all ranks")
    go.touch()
    assert [node.wait() for node in nodes] == [0, 0]
    assert nodes[0].stdout.endswith("after\n")
    assert processes_of(spec.submission) == []


OUTER = {
    "OMPI_UNIVERSE_SIZE": "2",
    "OMPI_MCA_ess": "^singleton",
    "OMPI_MCA_ess_base_jobid": "1189740545",
    "OMPI_MCA_orte_local_daemon_uri": "1189740544.0;tcp://127.0.0.1:9",
    "OMPI_MCA_pmix": "^s1,s2,cray,isolated",
    "PMIX_SERVER_URI41": "1189740544.0;tcp4://127.0.0.1:9",
    "PMIX_NAMESPACE": "1189740545",
    "PRTE_LAUNCHED": "1",
    "OMPI_MCA_coll_base_verbose": "0",
}


@pytest.mark.parametrize("mode", ["image", "shared"])
def test_the_outer_mpiruns_variables_do_not_reach_the_job(runtime: Runtime, probe: Path, mode: str) -> None:
    """As the platform starts launch; in mode `shared` the submitter himself was a rank of such an mpirun."""
    show = "env | grep -E '^(OMPI|PMIX|PRTE)_' | cut -d= -f1"
    spec = mpi_batch(f"{show}; mpirun {probe} sum", **(OUTER if mode == "shared" else {}))
    named = {**AS_ROOT, MARK: spec.submission}
    if mode == "image":
        spec = LaunchSpec(**{**vars(spec), "env": Env("image", named)})
    else:
        spec.env.set["OMPI_COMM_WORLD_RANK"] = "0"  # type: ignore[index]
    nodes = [runtime.start_node(spec, node, OUTER if mode == "image" else None) for node in (0, 1)]
    assert [node.wait() for node in nodes] == [0, 0], nodes[0].stderr
    lines = nodes[0].stdout.splitlines()
    settings = {"OMPI_MCA_btl", "OMPI_MCA_coll_base_verbose", *AS_ROOT}  # the first: these nodes have one host name
    assert {line for line in lines if "_" in line} - {"OMPI_MCA_btl_tcp_if_include"} == settings
    assert sorted(ranks([line for line in lines if " of " in line])) == [f"{rank} of 4 sum 6" for rank in range(4)]


SSH = """#!/bin/sh
# Stands for ssh: no node here has an sshd.
echo "$@" | sed 's/ orted .*//' >>%s
while :; do case "$1" in -p|-o) shift 2;; -*) shift;; *) break;; esac; done
node=$1; shift
exec srun -N1 -n1 -w "$node" sh -c "$*"
"""


def test_an_open_mpi_without_slurm_gets_hosts_slots_and_ssh(runtime: Runtime, probe: Path, tmp_path: Path) -> None:
    prefix = link_open_mpi(tmp_path / "ompi", without="*slurm.so")
    calls = tmp_path / "calls"
    ssh = tmp_path / "tools" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text(SSH % calls)
    ssh.chmod(0o755)
    spec = mpi_batch(
        f'cat "$OMPI_MCA_orte_default_hostfile"; mpirun {probe} sum',
        OPAL_PREFIX=str(prefix),
        PATH=f"{prefix}/bin:{ssh.parent}:{PATH}",
    )
    code, out, err = run(runtime, spec)
    said, by = [line for line in out if " of " in line], Counter({FIRST: 2, SECOND: 2})
    assert (code, err, [line for line in out if line not in said]) == (0, "", [f"{FIRST} slots=2", f"{SECOND} slots=2"])
    assert (ranks(said), nodes_of(said)) == ([f"{rank} of 4 sum 6" for rank in range(4)], by)
    assert "-p 2222 -o BatchMode=yes" in calls.read_text()
