"""What becomes of a job when one of its nodes, or the network, fails. Nothing of it may run on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster.cluster import Cluster, Pod
from tests.conftest import wait_until

pytestmark = pytest.mark.xdist_group("cluster")

STEP = "echo script; srun sh -c 'setsid sleep 3600 & echo ready; exec sleep 3600'"


def running(cluster: Cluster, nodes: int = 3) -> list[Pod]:
    """The nodes of a job in the middle of its step, with a process of each task that has left its session."""
    output = cluster.submit(STEP, f"-N{nodes}")
    wait_until(lambda: output.exists() and output.read_text().count("ready\n") == nodes, "the tasks")
    return cluster.pods()


def kill_launch(pod: Pod) -> None:
    pod.run("pkill", "-9", "-x", "launch")


@pytest.mark.parametrize("how", [Pod.kill, kill_launch])
@pytest.mark.parametrize("lost", [0, 2])
def test_a_node_that_dies_in_a_step(cluster: Cluster, how: Callable[[Pod], None], lost: int) -> None:
    """The whole of it, or its launch: the job is NODE_FAIL, and gone everywhere."""
    pods = running(cluster)
    how(pods[lost])
    assert cluster.accounted("State") == "NODE_FAIL"
    cluster.await_nothing(pods)
    written = (cluster.cli.directory / "slurm-1.out").read_text()
    if lost:
        assert f"DUE TO NODE FAILURE, the connection to {pods[lost].name} broke" in written
        assert f"srun: error: Node failure on {pods[lost].name}\n" in written


@pytest.mark.parametrize("how", [Pod.cut_off, Pod.take_down])
@pytest.mark.parametrize("lost", [0, 1])
def test_a_node_that_is_cut_off(cluster: Cluster, how: Callable[[Pod], None], lost: int) -> None:
    """Both sides of the cut end what they run, each by itself, and the platform's job does not wait for its mpirun."""
    pods = running(cluster)
    how(pods[lost])
    wait_until(lambda: not any(pod.processes("sleep") for pod in pods), "the end of the tasks")
    assert cluster.accounted("State") == "NODE_FAIL"
    cluster.await_nothing(pods)


def test_a_node_that_dies_before_any_step(cluster: Cluster) -> None:
    output = cluster.submit("echo began; sleep 3600", "-N2")
    wait_until(lambda: output.exists() and output.read_text() == "began\n", "the script")
    pods = cluster.pods()
    pods[1].kill()
    assert cluster.accounted("State") == "NODE_FAIL"
    cluster.await_nothing(pods)


def test_an_exit_code_that_only_the_log_tells(cluster: Cluster, state: Path) -> None:
    """The nodes do not see our state directory: the report of the end is in the log, and mpirun's complaints are behind it."""
    cluster.hide(state)
    assert cluster.run_script("exit 47", "-N2")[0] == 47
    assert cluster.accounted() == "FAILED|47:0"
    assert "mpirun detected that one or more processes exited with non-zero status" in cluster.log()


def test_output_files_that_no_node_sees(cluster: Cluster, state: Path) -> None:
    """What the platform's mpirun made of the output, long lines in pieces, is put together again here."""
    for directory in (state, cluster.cli.directory):
        cluster.hide(directory)
    script = "for i in 1 2 3; do printf '%06000d\\n' $i; done; echo wrong >&2; srun -N2 -l echo step; printf end; exit 3"
    code, output = cluster.run_script(script, "-N2")
    lines = [line for line in output.splitlines() if "couldn't chdir" not in line]
    assert code == 3
    assert [line for line in lines if len(line) > 100] == [f"{number:06000d}" for number in (1, 2, 3)]
    assert sorted(line for line in lines if len(line) < 100) == ["0: step", "1: step", "end", "wrong"]


def test_a_first_node_that_dies_unseen(cluster: Cluster, state: Path) -> None:
    """There is no report file, and the log tells a start without an end."""
    cluster.hide(state)
    pods = running(cluster, 2)
    kill_launch(pods[0])
    assert cluster.accounted("State") == "NODE_FAIL"
    cluster.await_nothing(pods)


def test_no_kill_is_not_mpiruns_word(cluster: Cluster) -> None:
    """launch lets the job live, but the platform's mpirun ends it everywhere when a node has gone: NODE_FAIL, as without the option."""
    output = cluster.submit(f"{STEP}; echo after; sleep 3600", "-N2", "--no-kill")
    wait_until(lambda: output.exists() and output.read_text().count("ready\n") == 2, "the tasks")
    pods = cluster.pods()
    kill_launch(pods[1])
    assert cluster.accounted("State") == "NODE_FAIL"
    cluster.await_nothing(pods)
    assert f"node {pods[1].name} has failed; the job goes on without it" in output.read_text()
