"""sbatch and srun on a virtual cluster of several nodes, whose launch processes real Open MPI has started."""

from __future__ import annotations

import shlex

import pytest

from tests.cluster.cluster import Cluster
from tests.conftest import wait_until

pytestmark = pytest.mark.xdist_group("cluster")


def short(cluster: Cluster, text: str, job: int = -1) -> str:
    """The text with each pod's name, whose job is made up, as `master`, `worker0`, …"""
    for pod in cluster.pods(job):
        role, number = pod.name.rpartition("-mpi")[2].split("-")
        text = text.replace(pod.name, "master" if role == "master" else role + number)
    return text


def test_four_nodes(cluster: Cluster) -> None:
    """Where the script and the tasks are, what they are called, and what is left afterwards."""
    where = shlex.quote("echo $SLURM_NODEID $SLURM_LOCALID $(hostname) $SLURMD_NODENAME")
    script = f"hostname\nsrun -l sh -c {where}\nsrun -l -n4 --ntasks-per-node=1 -m cyclic hostname"
    code, output = cluster.run_script(script, "-N4", "--ntasks-per-node=2")
    lines = short(cluster, output).splitlines()
    names = ["master", "worker0", "worker1", "worker2"]
    assert (code, lines[0]) == (0, "master")
    assert sorted(lines[1:9]) == [f"{task}: {task // 2} {task % 2} {names[task // 2]} {names[task // 2]}" for task in range(8)]
    assert sorted(lines[9:]) == [f"{task}: {name}" for task, name in enumerate(names)]
    assert cluster.accounted("NNodes,State,ExitCode") == "4|COMPLETED|0:0"
    steps = cluster.cli("sacct", "-n", "-P", "-o", "JobID,NTasks,State").stdout
    assert steps == "1||COMPLETED\n1.batch|1|COMPLETED\n1.0|8|COMPLETED\n1.1|4|COMPLETED\n"
    cluster.await_nothing(cluster.pods())


def test_exit_codes(cluster: Cluster) -> None:
    ends = ("exit $((SLURM_PROCID * 4))", "test $SLURM_PROCID != 1 || kill -9 $$")
    steps = [f"srun -n3 sh -c '{end}'" for end in ends]
    code, output = cluster.run_script(f"{steps[0]}\necho $?\n{steps[1]}\nexit $(($? - 90))", "-N3")
    assert code == 47
    assert short(cluster, output).splitlines() == [
        "srun: error: worker0: task 1: Exited with exit code 4",
        "srun: error: worker1: task 2: Exited with exit code 8",
        "8",
        "srun: error: worker0: task 1: Killed",
        "srun: Force Terminated StepId=1.1",
    ]
    assert cluster.accounted() == "FAILED|47:0"


def test_ranks_in_another_order_than_nodes(cluster: Cluster) -> None:
    """The first node is the master, whatever rank its launch has."""
    cluster.reverse_ranks()
    code, output = cluster.run_script("srun -l hostname", "-N3")
    assert code == 0
    assert sorted(short(cluster, output).splitlines()) == ["0: master", "1: worker0", "2: worker1"]


def test_two_jobs_at_once(cluster: Cluster) -> None:
    """They share the network, and neither sees the other."""
    script = "touch $SLURM_JOB_ID; until [ -e 1 ] && [ -e 2 ]; do sleep 0.02; done; srun -l hostname"
    outputs = [cluster.submit(script, "-N2"), cluster.submit(script, "-N2")]
    assert cluster.accounted() == "COMPLETED|0:0"
    for job, output in enumerate(outputs):
        assert sorted(short(cluster, output.read_text(), job).splitlines()) == ["0: master", "1: worker0"]


def test_a_node_that_comes_late(cluster: Cluster) -> None:
    """The script runs at once; a step's tasks start where there is a launch."""
    real = cluster.cli.env["MLSPACE_LAUNCH"]
    slow = cluster.cli.directory / "launch"
    slow.write_text(f'#!/bin/sh\ncase $(hostname) in *-mpiworker-0) until [ -e /tmp/go ]; do sleep 0.02; done;; esac\nexec {real} "$@"\n')
    slow.chmod(0o755)
    cluster.cli.env["MLSPACE_LAUNCH"] = str(slow)
    output = cluster.submit("echo began; srun -l hostname", "-N2")
    wait_until(lambda: output.exists() and output.read_text().startswith("began\n"), "the script")
    for pod in cluster.pods():
        pod.run("touch", "/tmp/go")
    assert cluster.accounted() == "COMPLETED|0:0"
    assert sorted(short(cluster, output.read_text()).splitlines()) == ["0: master", "1: worker0", "began"]


def test_cancelling(cluster: Cluster) -> None:
    output = cluster.submit("srun sh -c 'echo ready; exec sleep 300'", "-N2")
    wait_until(lambda: output.exists() and output.read_text().count("ready") == 2, "the tasks")
    pods = cluster.pods()
    assert [bool(pod.processes("sleep")) for pod in pods] == [True, True]
    assert cluster.cli("scancel", "1").code == 0
    assert cluster.accounted("State").startswith("CANCELLED by ")
    cluster.await_nothing(pods)


def test_a_program_without_a_script(cluster: Cluster) -> None:
    done = cluster.cli("srun", "-N2", "-l", "sh", "-c", "hostname; exit $SLURM_PROCID")
    assert (sorted(short(cluster, done.stdout).splitlines()), done.code) == (["0: master", "1: worker0"], 1)


def test_ssh_between_the_nodes(cluster: Cluster) -> None:
    """As people use it there: by name, to port 2222, without a word about keys."""
    code, output = cluster.run_script("for node in $(scontrol show hostnames); do ssh -p 2222 -o BatchMode=yes $node hostname; done", "-N2")
    assert (code, short(cluster, output)) == (0, "master\nworker0\n")
