"""Nodes that fail or come late in jobs that may go on, and who is kept out of the channel: replays, doubles, half-open handshakes."""

from __future__ import annotations

import os
import resource
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlspace.spec.launch import LaunchSpec, Limits
from tests.conftest import wait_until
from tests.launcher.helpers.channel import HELLO, REFUSED, WELCOME, Identity, auth, auth_for, connect, enter, read_frame, read_frames
from tests.launcher.helpers.runtime import Runtime, batch, end_of, processes_of, runtime_directory, without_reports

FIRST, SECOND = "127.0.0.1", "127.0.0.2"
WAITING = "#!/bin/sh\nwhile [ ! -e $MLSPACE_JOB_DIR/go ]; do sleep 0.01; done\nsrun -n2 printenv SLURMD_NODENAME\n"


def test_a_job_outlives_a_node_with_no_kill(runtime: Runtime) -> None:
    """Its step ends, the script goes on, and a step that wants the lost node is told so."""
    first_step = "srun -n2 sh -c 'echo ready; exec sleep 3600'"
    script = f"#!/bin/sh\n{first_step}\necho first $?\nsrun -N1 -n1 echo second\nsrun -N2 -n2 sleep 3600\necho third $?\n"
    spec = batch(script, 2, limits=Limits(grace=1, no_kill=True))
    first, second = runtime.start_all(spec)
    wait_until(lambda: first.stdout.count("ready\n") == 2, "the tasks")
    second.process.kill()
    assert first.wait() == 0
    assert first.stdout.splitlines()[2:] == ["first 143", "second", "third 1"]
    assert f"srun: error: Node failure on {SECOND}" in first.stderr
    assert f"error: node {SECOND} has failed; the job goes on without it" in first.stderr
    assert end_of(spec, first) == ("COMPLETED", "None", 0, 0)
    second.wait()
    assert processes_of(spec.submission) == []


def test_new_steps_keep_to_the_nodes_that_are_left(runtime: Runtime) -> None:
    """A number of nodes that only the job's variables say is that of those left. Source: srun 22.05 with a node that is down."""
    calls = ["", "-n5", "-n2", "-O -n3", f"-w {SECOND} -n1", "-N3 -n3", "--overlap -n4", "-x 127.0.0.3 -n3"]
    steps = "\n".join(f"echo step; srun {call} printenv SLURMD_NODENAME | sort; echo ${{PIPESTATUS[0]}}" for call in calls)
    script = f"#!/bin/bash\nsrun -N3 -n3 echo up\nuntil [ -e $MLSPACE_JOB_DIR/go ]; do sleep 0.01; done\n{steps}\n"
    spec = batch(script, 3, limits=Limits(grace=1, no_kill=True))
    first, second, third = runtime.start_all(spec)
    wait_until(lambda: first.stdout.count("up") == 3, "the nodes")
    second.process.kill()
    wait_until(lambda: "has failed" in first.stderr, "the failure")
    (runtime_directory(spec) / "go").touch()
    assert [first.wait(), third.wait()] == [0, 0]
    third_node = "127.0.0.3"
    assert [step.split() for step in first.stdout.split("step\n")[1:]] == [
        [FIRST, FIRST, third_node, "0"],  # a task for each node that there was
        ["1"],
        [FIRST, third_node, "0"],
        [FIRST, FIRST, third_node, "0"],
        ["1"],
        ["1"],
        [FIRST, FIRST, third_node, third_node, "0"],
        ["1"],
    ]
    assert "More processors requested than permitted" in first.stderr
    assert "Requested node configuration is not available" in first.stderr


def test_a_step_outlives_a_node_with_no_kill(runtime: Runtime) -> None:
    """srun -k: the other node's task goes on to its end."""
    task = "echo ready; [ $SLURM_PROCID = 0 ] || exec sleep 3600; while [ ! -e $MLSPACE_JOB_DIR/go ]; do sleep 0.01; done; echo end"
    spec = batch(f"#!/bin/sh\nsrun -k -n2 sh -c '{task}'\necho $?\n", 2, limits=Limits(grace=1, no_kill=True))
    first, second = runtime.start_all(spec)
    wait_until(lambda: first.stdout.count("ready\n") == 2, "the tasks")
    second.process.kill()
    wait_until(lambda: "Node failure" in first.stderr, "the failure")
    (runtime_directory(spec) / "go").touch()
    assert first.wait() == 0
    assert first.stdout.endswith("end\n137\n")


def test_the_script_waits_for_all_nodes(runtime: Runtime) -> None:
    spec = batch("#!/bin/sh\necho started\n", 2, limits=Limits(grace=1, wait_all_nodes=True))
    first = runtime.start_node(spec, 0)
    wait_until((runtime_directory(spec) / "channel").exists, "the first node")
    assert not (runtime_directory(spec) / "script").exists()
    second = runtime.start_node(spec, 1)
    assert [first.wait(), second.wait()] == [0, 0]
    assert first.stdout == "started\n"


# Who is kept out.


def reach(spec: LaunchSpec) -> socket.socket:
    """A connection to the first node, when it listens: until then another program may have one of the job's ports."""
    wait_until((runtime_directory(spec) / "script").exists, "the first node")
    return connect(spec.submission, FIRST)


def greet(spec: LaunchSpec) -> tuple[socket.socket, bytes]:
    """A connection, and the HELLO that the first node challenges us with."""
    peer = reach(spec)
    kind, payload = read_frame(peer)
    assert kind == HELLO
    return peer, payload


def identity(spec: LaunchSpec) -> Identity:
    return Identity(spec.submission, spec.secret)


def go(spec: LaunchSpec) -> None:
    (runtime_directory(spec) / "go").touch()


def test_a_replay_is_refused(runtime: Runtime) -> None:
    """What convinced the first node once convinces it of nobody else."""
    spec = batch(WAITING, 2)
    nodes = runtime.start_all(spec)
    peer, hello = greet(spec)
    words = auth_for(hello, identity(spec))
    with peer:
        peer.sendall(words)
        assert read_frame(peer)[0] == WELCOME
    other, _ = greet(spec)
    with other:
        other.sendall(words)
        assert read_frame(other)[0] == REFUSED
    go(spec)
    assert [node.wait() for node in nodes] == [0, 0]


def test_a_proof_is_for_one_role_only(runtime: Runtime) -> None:
    spec = batch(WAITING, 2)
    nodes = runtime.start_all(spec)
    peer, hello = greet(spec)
    as_client, as_owner = auth_for(hello, identity(spec), b"client"), auth_for(hello, identity(spec), b"owner")
    with peer:
        peer.sendall(as_owner.replace(as_owner[33:69], as_client[33:69]))  # the text mac
        assert read_frame(peer)[0] == REFUSED
    go(spec)
    assert [node.wait() for node in nodes] == [0, 0]


@pytest.mark.parametrize("of_no_node", [0, 2, -1])
def test_a_node_with_a_number_of_no_node(runtime: Runtime, of_no_node: int) -> None:
    """It knows the secret and is closed all the same; the job goes on with the real ones."""
    spec = batch(WAITING, 2)
    nodes = runtime.start_all(spec)
    with reach(spec) as peer:
        enter(peer, identity(spec), b"node", of_no_node)
        assert list(read_frames(peer)) == []
    go(spec)
    assert [node.wait() for node in nodes] == [0, 0]


@pytest.fixture
def private() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="run") as directory:
        yield Path(directory)


def test_two_nodes_of_one_number(runtime: Runtime, private: Path) -> None:
    """The second to come is turned away and ends; the job goes on with the first."""
    spec = batch(WAITING, 2)
    first, second = runtime.start_all(spec)
    wait_until(lambda: (runtime_directory(spec) / "script").exists(), "the first node")
    wait_until(lambda: (runtime_directory(spec, 1) / "channel").exists(), "the second node")
    double = runtime.start_node(spec, 1, {"XDG_RUNTIME_DIR": str(private)})
    one, two = second, double
    wait_until(lambda: one.process.poll() is not None or two.process.poll() is not None, "the end of one of them")
    assert first.process.poll() is None
    go(spec)
    assert first.wait() == 0
    assert sorted(first.stdout.splitlines()) == [FIRST, SECOND]


def test_half_open_handshakes_stop_nobody(runtime: Runtime) -> None:
    """Strangers that stay in the middle of their AUTH."""
    spec = batch(WAITING, 2)
    first = runtime.start_node(spec, 0)
    strangers = [reach(spec) for _ in range(30)]
    for stranger in strangers:
        stranger.sendall(auth(spec.submission, bytes(32), b"node", 1)[:40])
    second = runtime.start_node(spec, 1)
    wait_until(lambda: (runtime_directory(spec) / "script").exists(), "the first node")
    go(spec)
    assert [first.wait(), second.wait()] == [0, 0]
    for stranger in strangers:
        stranger.close()


def test_a_program_half_copied_is_forgotten_with_its_srun(runtime: Runtime) -> None:
    program = runtime.directory / "program"
    program.touch(0o755)
    os.truncate(program, 2 << 30)  # sparse: long enough to be killed in the middle of it
    waiting = "while [ ! -e $MLSPACE_JOB_DIR/go ]; do sleep 0.01; done"
    spec = batch(f"#!/bin/sh\nsrun --bcast={runtime.directory}/copy -n1 {program} & echo $!\nwait\n{waiting}\n", limits=Limits(grace=1))
    node = runtime.start(spec)
    wait_until(lambda: any(part.stat().st_size > 0 for part in runtime.directory.glob("copy.*")), "the copy to begin")
    os.kill(int(node.stdout.split()[0]), signal.SIGKILL)
    wait_until(lambda: not list(runtime.directory.glob("copy*")), "what was copied to go")
    (runtime_directory(spec) / "go").touch()
    assert node.wait() == 0


def test_a_file_that_cannot_be_read_is_no_lost_job(runtime: Runtime) -> None:
    """/proc/self/mem is a regular file, and fails at its first byte."""
    calls = f"sbcast /proc/self/mem {runtime.directory}/a; echo $?; srun --bcast={runtime.directory}/b -n1 /proc/self/mem; echo $?"
    code, node = runtime.run(batch(f"#!/bin/sh\n{calls}\n"))
    assert without_reports(node.stderr).splitlines() == [
        "sbcast: error: Warning: file `/proc/self/mem` is empty.",
        "sbcast: error: Can't read the file: Input/output error",
        "srun: error: Can't read the file: Input/output error",
    ]
    assert (code, node.stdout) == (0, "1\n1\n")
    assert not list(runtime.directory.glob("[ab]*"))


def test_input_that_comes_before_the_copied_program(runtime: Runtime) -> None:
    program = runtime.directory / "program"
    program.write_text("#!/bin/sh\nexec cat\n" + "\n" * (20 << 20))  # long enough for the input to be quicker
    program.chmod(0o755)
    code, node = runtime.run(batch(f"#!/bin/sh\nseq 5 | srun --bcast={runtime.directory}/copy -n1 {program}\n"))
    assert (code, node.stdout.split()) == (0, ["1", "2", "3", "4", "5"])


def test_tasks_for_which_no_descriptor_is_left(runtime: Runtime) -> None:
    """They fail, each with a line; the job, and its next step, do not."""
    spec = batch("#!/bin/sh\nsrun -O -n20 true\necho $?\nsrun -n1 echo fine\n")
    code, node = runtime.run(spec, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50)))
    assert (code, node.stdout) == (0, "1\nfine\n")
    assert "slurmstepd-127.0.0.1: error: cannot make a pipe: Too many open files\n" in node.stderr
    assert "Exited with exit code 1" in node.stderr
