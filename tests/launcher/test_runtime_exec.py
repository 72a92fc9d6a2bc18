"""launch with role exec: one process for each rank, run in its place, with nothing of Slurm but the job's id."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlspace.spec.launch import Env, LaunchSpec, Limits
from tests.conftest import wait_until
from tests.launcher.helpers.runtime import (
    ENDS,
    MARK,
    PATH,
    Runtime,
    batch,
    end_of,
    processes_of,
    reports_of,
    runtime_directory,
    without_reports,
)

RANKS = 4


def exec_spec(*command: str, **fields: Any) -> LaunchSpec:
    return replace(batch(command=command), role="exec", **fields)


def rank_environment(rank: int) -> dict[str, str]:
    """Two ranks on each of two nodes, as the platform's mpirun tells them."""
    return {
        "OMPI_COMM_WORLD_RANK": str(rank),
        "OMPI_COMM_WORLD_SIZE": str(RANKS),
        "OMPI_COMM_WORLD_LOCAL_RANK": str(rank % 2),
        "OMPI_MCA_orte_node_regex": "127.0.0.[1:1-2]@0(2)",
        "PMIX_HOSTNAME": f"127.0.0.{1 + rank // 2}",
        "PMIX_RANK": str(rank),
    }


def test_each_rank_runs_the_command(runtime: Runtime) -> None:
    """Nobody waits for anybody; rank 0 alone reports the end, and that it is one of several; the others report that they failed."""
    spec = exec_spec("sh", "-c", "echo $OMPI_COMM_WORLD_RANK/$OMPI_COMM_WORLD_SIZE $PMIX_RANK $PMIX_HOSTNAME; exit $PMIX_RANK")
    ranks = [runtime.start(spec, rank_environment(rank)) for rank in range(RANKS)]
    assert [rank.wait() for rank in ranks] == [0, 1, 2, 3]
    assert [rank.stdout for rank in ranks] == [f"{rank}/4 {rank} 127.0.0.{1 + rank // 2}\n" for rank in range(RANKS)]
    reports = [reports_of(spec, rank.err.read_bytes()) for rank in ranks]
    assert [[end["ranks"] for end in of_rank["end"]] for of_rank in reports] == [[RANKS], [], [], []]
    failed = [[(one["rank"], one["name"], one["code"]) for one in of_rank.get("rank", ())] for of_rank in reports]
    assert failed == [[], [(1, "127.0.0.1", 1)], [(2, "127.0.0.2", 2)], [(3, "127.0.0.2", 3)]]
    assert not runtime_directory(spec).exists()


@pytest.mark.parametrize("mode", ["shared", "image"])
@pytest.mark.parametrize("is_slurms", [True, False])
def test_environment(runtime: Runtime, mode: str, is_slurms: bool) -> None:
    """Of Slurm the job's id only, if there is one; what mpirun gives stays, even where the environment is otherwise given."""
    spec = exec_spec("cat", "/proc/self/environ")
    spec = replace(spec, env=Env(mode, {**spec.env.set, "GIVEN": "a\nb", "OMPI_COMM_WORLD_RANK": "77"}))
    spec = spec if is_slurms else replace(spec, job=None)
    code, node = runtime.run(spec, {**rank_environment(0), "IMAGE": "its own"})
    found = dict(line.split("=", 1) for line in node.stdout.rstrip("\0").split("\0"))
    expected = {**rank_environment(0), "PATH": PATH, "GIVEN": "a\nb", MARK: spec.submission}
    expected |= {"IMAGE": "its own"} if mode == "image" else {}
    expected |= {"SLURM_JOB_ID": str(spec.job.id)} if spec.job else {}
    assert (code, found) == (0, expected)


@pytest.mark.parametrize(("command", "code", "end"), ENDS)
def test_exit_codes_and_signals(runtime: Runtime, command: str, code: int, end: tuple[str, str, int, int]) -> None:
    spec = exec_spec("sh", "-c", command)
    found, node = runtime.run(spec)
    assert (found, end_of(spec, node)) == (code, end)


@pytest.mark.parametrize(
    ("program", "code", "error"),
    [
        ("no-such-program", 127, "No such file or directory"),
        ("/no/such/program", 127, "No such file or directory"),
        ("/etc/passwd", 126, "Permission denied"),
        ("/", 126, "Permission denied"),
    ],
)
def test_a_program_that_cannot_be_started(runtime: Runtime, program: str, code: int, error: str) -> None:
    """As a shell says it."""
    spec = exec_spec(program)
    found, node = runtime.run(spec)
    assert (found, without_reports(node.stderr)) == (code, f"launch: error: {program}: {error}\n")
    assert end_of(spec, node) == ("FAILED", "NonZeroExitCode", code, 0)


def test_a_shell(runtime: Runtime) -> None:
    """The words of the command are joined by blanks, for the shell to read them."""
    code, node = runtime.run(exec_spec("echo", "'a  b'", "$((1 + 2))", "&&", "exit", "4", shell="/bin/sh"))
    assert (code, node.stdout) == (4, "a  b 3\n")


def test_umask_limits_and_directory(runtime: Runtime, tmp_path: Path) -> None:
    spec = exec_spec("sh", "-c", "umask; ulimit -Sn; pwd", umask=0o037, rlimits={"NOFILE": 77}, work_dir=str(tmp_path))
    assert runtime.run(spec)[1].stdout == f"0037\n77\n{tmp_path}\n"
    code, node = runtime.run(replace(spec, work_dir="/no/such"))
    assert (code, node.stdout.splitlines()[-1]) == (0, "/tmp")
    assert "couldn't chdir to `/no/such': No such file or directory: going to /tmp instead" in node.stderr


def test_without_submission_there_are_no_reports(runtime: Runtime) -> None:
    """As for a command that nobody tracks."""
    spec = exec_spec("true")
    code, node = runtime.run(replace(spec, submission="", secret="", job=None))
    assert (code, node.stdout, node.stderr) == (0, "", "")


TREE = "trap '' TERM; setsid sleep 3600 & (trap '' TERM; exec sleep 3600) & echo ready; while :; do sleep 0.01; done"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_whole_tree(runtime: Runtime, number: signal.Signals) -> None:
    spec = exec_spec("sh", "-c", TREE, limits=Limits(grace=1))
    node = runtime.start(spec)
    wait_until(lambda: node.stdout == "ready\n" and len(processes_of(spec.submission)) >= 3, "the tree")
    node.process.send_signal(number)
    assert node.wait() == 137
    assert processes_of(spec.submission) == []
    assert end_of(spec, node) == ("CANCELLED", "Terminated", 0, 15)


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP])
def test_other_signals_are_passed_on(runtime: Runtime, number: signal.Signals) -> None:
    spec = exec_spec("sh", "-c", f"trap 'echo taken; exit 5' {int(number)}; echo ready; while :; do sleep 0.01; done")
    node = runtime.start(spec)
    wait_until(lambda: node.stdout == "ready\n", "the command")
    node.process.send_signal(number)
    assert (node.wait(), node.stdout) == (5, "ready\ntaken\n")


def test_the_time_limit(runtime: Runtime) -> None:
    spec = exec_spec("sh", "-c", TREE, limits=Limits(seconds=1, grace=0))
    _, node = runtime.run(spec)
    assert end_of(spec, node) == ("TIMEOUT", "TimeLimit", 0, 15)
    assert processes_of(spec.submission) == []


def test_children_in_the_background_end_with_the_command(runtime: Runtime) -> None:
    spec = exec_spec("sh", "-c", "setsid sleep 3600 & sleep 3600 & exit 3")
    assert (runtime.run(spec)[0], processes_of(spec.submission)) == (3, [])
