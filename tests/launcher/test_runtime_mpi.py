"""MPI programs on the nodes of a job by the node's own Open MPI: mpirun in the batch script, and srun --mpi."""

from __future__ import annotations

import signal
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from mlspace.spec.launch import Env, LaunchSpec, Limits
from tests.conftest import wait_until
from tests.launcher.helpers.mpi import AS_ROOT, HERE, compile_mpi, link_hpcx, link_open_mpi
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


@pytest.mark.parametrize("starter", ["mpirun", "srun --mpi=pmix -n4"])
def test_a_cancelled_job_leaves_nothing_of_its_ranks(runtime: Runtime, probe: Path, starter: str) -> None:
    spec = mpi_batch(f"{starter} {probe} wait")
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
    settings = {"OMPI_MCA_btl", "OMPI_MCA_oob_tcp_if_include", "OMPI_MCA_coll_base_verbose", *AS_ROOT}  # the first two: one machine
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


LAYOUTS = [
    ("-n4", [FIRST, FIRST, SECOND, SECOND]),
    ("-n4 -m cyclic", [FIRST, SECOND, FIRST, SECOND]),
    ("-n3 -m plane=2", [FIRST, FIRST, SECOND]),
    ("-N1 -n2", [FIRST, FIRST]),
    (f"-N1 -n2 -w {SECOND}", [SECOND, SECOND]),
    ("-n6 -O", [FIRST, FIRST, FIRST, SECOND, SECOND, SECOND]),
]


@pytest.mark.parametrize(("options", "nodes"), LAYOUTS)
@pytest.mark.parametrize("kind", ["pmix", "openmpi"])
def test_srun_starts_ranks_as_it_lays_tasks_out(runtime: Runtime, probe: Path, kind: str, options: str, nodes: list[str]) -> None:
    code, out, err = run(runtime, mpi_batch(f"srun --mpi={kind} {options} {probe} sum"))
    size, place = len(nodes), Counter[str]()
    expected = []
    for rank, node in enumerate(nodes):
        expected.append(f"{rank} of {size} sum {size * (size - 1) // 2} task {rank}.{place[node]} on {node}")
        place[node] += 1
    assert (code, out, err) == (0, expected, "")


def test_srun_labels_and_feeds_ranks_as_tasks(runtime: Runtime, probe: Path) -> None:
    code, out, err = run(runtime, mpi_batch(f"echo word | srun --mpi=pmix -n4 -l sh -c 'read word; echo $word; exec {probe} sum'"))
    assert (code, err) == (0, "")
    assert ranks(out) == sorted([*(f"{rank}: word" for rank in range(4)), *(f"{rank}: {rank} of 4 sum 6" for rank in range(4))])


def test_ranks_of_srun_that_end_badly(runtime: Runtime, probe: Path) -> None:
    code, _, err = run(runtime, mpi_batch(f"srun --mpi=pmix -n3 {probe} code 1"))
    assert (code, err) == (5, f"srun: error: {FIRST}: task 1: Exited with exit code 5\n")


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("abort 1", "task 1: Exited with exit code 7"),
        ("kill 2", "task 2: Killed"),
        ("leave 3", "task 3: Exited with exit code 3"),
    ],
)
def test_a_rank_that_leaves_the_others_ends_the_step(runtime: Runtime, probe: Path, mode: str, told: str) -> None:
    """As Slurm's PMIx does it: the others, which wait for it, are killed."""
    code, _, err = run(runtime, mpi_batch(f"srun --mpi=pmix -n4 {probe} {mode}"))
    assert (code, told in err, f"{FIRST}: task 0: Killed" in err or f"{FIRST}: tasks 0-1: Killed" in err) == (137, True, True), err


def test_steps_of_mpi_programs_count_once_and_run_at_once(runtime: Runtime, probe: Path) -> None:
    """The daemons of their mpirun are no steps that anybody sees."""
    four = f"srun --overlap --mpi=pmix -n4 {probe} sum"
    spec = mpi_batch(f"srun --overlap --mpi=pmix -n2 {probe} sum & {four} & wait; srun -N1 -n1 printenv SLURM_STEP_ID")
    code, out, err = run(runtime, spec)
    assert (code, err) == (0, "")
    assert Counter(ranks(out)) == Counter([*(f"{rank} of 2 sum 1" for rank in (0, 1)), *(f"{rank} of 4 sum 6" for rank in range(4)), "2"])


@pytest.mark.parametrize("program", ["hostname", "sh -c 'exit 3'"])
def test_a_program_that_knows_no_mpi(runtime: Runtime, probe: Path, program: str) -> None:
    code, out, _ = run(runtime, mpi_batch(f"srun --mpi=pmix -n4 {program}"))
    assert (code, len(out)) == ((0, 4) if program == "hostname" else (3, 0))


def test_a_program_that_is_not_there(runtime: Runtime, probe: Path) -> None:
    code, out, err = run(runtime, mpi_batch("srun --mpi=pmix -N1 -n1 nosuch"))
    assert (code, out) == (2, [])
    assert err == (
        f"slurmstepd-{FIRST}: error: execve(): nosuch: No such file or directory\nsrun: error: {FIRST}: task 0: Exited with exit code 2\n"
    )


def test_no_mpirun_is_said_before_anything_starts(runtime: Runtime, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sh").symlink_to("/bin/sh")
    spec = mpi_batch("srun --mpi=pmix -n2 sh -c 'echo started'", PATH=str(tmp_path / "bin"))
    assert run(runtime, spec) == (
        1,
        [],
        f"srun: error: Unable to create step for job {spec.job.id}: --mpi: there is no mpirun on the PATH of the job's first node\n",
    )


def test_an_mpirun_that_fails_has_its_say(runtime: Runtime, tmp_path: Path) -> None:
    mpirun = tmp_path / "bin" / "mpirun"
    mpirun.parent.mkdir()
    mpirun.write_text("#!/bin/sh\necho cannot do it >&2\nexit 1\n")
    mpirun.chmod(0o755)
    code, out, err = run(runtime, mpi_batch("srun --mpi=pmix -n2 sh -c 'echo started'", PATH=f"{mpirun.parent}:{PATH}"))
    assert (code, out) == (137, [])
    assert f"slurmstepd-{FIRST}: error: cannot do it\n" in err


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("list", "MPI plugin types are...\n\tpmix\n\tnone\n\topenmpi\n"),
        ("pmi2", "srun: error: --mpi=pmi2 is not supported: MPI programs start with --mpi=pmix\n"),
        ("foo", "srun: error: Invalid MPI type 'foo', --mpi=list for acceptable types\n"),
    ],
)
def test_what_mpi_types_there_are(runtime: Runtime, kind: str, said: str) -> None:
    code, first = runtime.run(batch(f"#!/bin/sh\nsrun --mpi={kind} true 2>&1\n"))
    assert (code, first.stdout[-len(said) :]) == (0 if kind == "list" else 1, said)


def test_hpcx_in_its_directory(runtime: Runtime, probe: Path, tmp_path: Path) -> None:
    """A made tree with HPC-X's layout, its `ompi` the installed Open MPI moved there."""
    root = link_hpcx(tmp_path / "hpcx")
    script = f'command -v mpirun; echo "$OPAL_PREFIX $HPCX_MPI_DIR"; mpirun {probe} sum; srun --mpi=pmix -n3 {probe} sum'
    code, out, err = run(runtime, replace(mpi_batch(script), hpcx=str(root)))
    ompi = f"{root}/ompi"
    assert (code, err) == (0, "")
    assert Counter(ranks(out)) == Counter(
        [f"{ompi}/bin/mpirun", f"{ompi} {ompi}", *(f"{rank} of 4 sum 6" for rank in range(4)), *(f"{rank} of 3 sum 3" for rank in range(3))]
    )


def test_hpcx_of_one_step(runtime: Runtime, tmp_path: Path) -> None:
    root = link_hpcx(tmp_path / "hpcx", version="2.17")
    code, out, err = run(runtime, mpi_batch(f"srun -N1 -n1 --hpcx={root} printenv OPAL_PREFIX; printenv OPAL_PREFIX || echo none", nodes=1))
    assert (code, out) == (0, [f"{root}/ompi", "none"])
    assert err == f"srun: Warning: HPC-X in {root} is version 2.17, older than 2.18: MPI programs may fail\n"


@pytest.mark.parametrize(
    ("made", "why"),
    [((), "there is no directory {root}"), (("ompi",), "{root} is not the directory of an HPC-X: {root}/ompi/bin is missing")],
)
def test_a_directory_that_is_no_hpcx(runtime: Runtime, tmp_path: Path, made: tuple[str, ...], why: str) -> None:
    root = tmp_path / "hpcx"
    for name in made:
        (root / name).mkdir(parents=True)
    code, node = runtime.run(replace(mpi_batch("echo started", nodes=1), hpcx=str(root)))
    assert (code, node.stdout, node.stderr) == (78, "", f"launch: error: --hpcx: {why.format(root=root)}\n")
