"""Several launch processes as the nodes of one job, and srun in it: placement, streams, exit codes, strangers, lost nodes."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import struct
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from mlspace.spec.launch import File, LaunchSpec, Limits
from tests.conftest import ROOT, wait_until
from tests.launcher.helpers.channel import (
    AUTH,
    HELLO,
    REFUSED,
    WELCOME,
    auth,
    connect,
    frame,
    number,
    ports_of,
    read_frame,
    read_frames,
    send_last,
)
from tests.launcher.helpers.runtime import (
    Node,
    Runtime,
    batch,
    command_of,
    end_of,
    processes_of,
    reports_of,
    runtime_directory,
    without_reports,
)

FIRST, SECOND = "127.0.0.1", "127.0.0.2"


def run_script(runtime: Runtime, script: str, nodes: int = 2, tasks: int = 2) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a batch script; the other nodes end well."""
    spec = batch(f"#!/bin/sh\n{script}\n", nodes, tasks, limits=Limits(grace=5))
    codes, first = runtime.run_all(spec)
    assert codes[1:] == [0] * (nodes - 1)
    assert processes_of(spec.submission) == []
    assert not any(runtime_directory(spec, node).exists() for node in range(nodes))
    return codes[0], first.stdout, without_reports(first.stderr)


WHERE = "sh -c 'echo $SLURM_PROCID $SLURM_LOCALID $SLURM_NODEID $SLURMD_NODENAME'"


@pytest.mark.parametrize(
    ("options", "tasks"),
    [
        ("", [f"0 0 0 {FIRST}", f"1 0 1 {SECOND}"]),
        ("-n2", [f"0 0 0 {FIRST}", f"1 0 1 {SECOND}"]),
        ("-n4", [f"0 0 0 {FIRST}", f"1 1 0 {FIRST}", f"2 0 1 {SECOND}", f"3 1 1 {SECOND}"]),
        ("-n4 -m cyclic", [f"0 0 0 {FIRST}", f"1 0 1 {SECOND}", f"2 1 0 {FIRST}", f"3 1 1 {SECOND}"]),
        ("-n3 -m block", [f"0 0 0 {FIRST}", f"1 1 0 {FIRST}", f"2 0 1 {SECOND}"]),
        ("-N1 -n2", [f"0 0 0 {FIRST}", f"1 1 0 {FIRST}"]),
        ("-N1 -n1 -r1", [f"0 0 0 {SECOND}"]),
        (f"-N1 -n1 -w {SECOND}", [f"0 0 0 {SECOND}"]),
        (f"-N1 -n1 -x {FIRST}", [f"0 0 0 {SECOND}"]),
        ("--ntasks-per-node=2", [f"0 0 0 {FIRST}", f"1 1 0 {FIRST}", f"2 0 1 {SECOND}", f"3 1 1 {SECOND}"]),
        ("-n6 -O", [*(f"{i} {i} 0 {FIRST}" for i in range(3)), *(f"{3 + i} {i} 1 {SECOND}" for i in range(3))]),
    ],
)
def test_where_tasks_run(runtime: Runtime, options: str, tasks: list[str]) -> None:
    code, out, err = run_script(runtime, f"srun {options} {WHERE}")
    assert (code, sorted(out.splitlines()), err) == (0, tasks, "")


def test_three_nodes(runtime: Runtime) -> None:
    code, out, err = run_script(runtime, f"srun {WHERE}", nodes=3, tasks=1)
    assert (code, sorted(out.splitlines()), err) == (0, [f"{node} 0 {node} 127.0.0.{node + 1}" for node in range(3)], "")


def test_labels(runtime: Runtime) -> None:
    code, out, err = run_script(runtime, "srun -l -n4 sh -c 'echo out; echo err >&2; printf end'")
    assert code == 0
    assert sorted(out.splitlines()) == sorted(f"{task}: {line}" for task in range(4) for line in ("out", "end"))
    assert sorted(err.splitlines()) == [f"{task}: err" for task in range(4)]


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("exit 0", 0, []),
        ("exit $((SLURM_PROCID * 5))", 15, [f"{SECOND}: task 3: Exited with exit code 15"]),
        ("exit $((9 - SLURM_PROCID))", 9, [f"{FIRST}: task 0: Exited with exit code 9"]),
        ("exit 255", 255, [f"{FIRST}: tasks 0-1: Exited with exit code 255", f"{SECOND}: tasks 2-3: Exited with exit code 255"]),
        ("[ $SLURM_PROCID != 2 ] || kill -9 $$; exit 200", 200, [f"{SECOND}: task 2: Killed"]),
        ("[ $SLURM_PROCID = 3 ] && kill -TERM $$; exit 0", 143, [f"{SECOND}: task 3: Terminated"]),
    ],
)
def test_the_highest_exit_code(runtime: Runtime, command: str, code: int, message: list[str]) -> None:
    found, _, err = run_script(runtime, f"srun -n4 sh -c '{command}'")
    assert found == code
    assert {f"srun: error: {line}" for line in message} <= set(err.splitlines())


def test_a_program_that_is_not_there(runtime: Runtime) -> None:
    code, out, err = run_script(runtime, "srun -n2 no-such-program")
    assert (code, out) == (2, "")
    assert {f"slurmstepd-{node}: error: execve(): no-such-program: No such file or directory" for node in (FIRST, SECOND)} <= set(
        err.splitlines()
    )


@pytest.mark.parametrize("options", ["-N1 -n1", f"-N1 -n1 -w {SECOND}"], ids=["same node", "other node"])
def test_binary_standard_input_and_output(runtime: Runtime, tmp_path: Path, options: str) -> None:
    data = os.urandom(1 << 20) + bytes(range(256)) + b"no newline"
    (tmp_path / "in").write_bytes(data)
    assert run_script(runtime, f"srun {options} cat < {tmp_path}/in > {tmp_path}/out") == (0, "", "")
    assert (tmp_path / "out").read_bytes() == data


def test_input_goes_to_all_tasks(runtime: Runtime, tmp_path: Path) -> None:
    data = os.urandom(1 << 20)
    (tmp_path / "in").write_bytes(data)
    code, out, _ = run_script(runtime, f"srun -n4 sha256sum < {tmp_path}/in")
    assert (code, out) == (0, f"{hashlib.sha256(data).hexdigest()}  -\n" * 4)


@pytest.mark.parametrize(("mode", "lines"), [("none", ["0:", "1:"]), ("1", ["0:", "1:text"])])
def test_input_of_one_or_none(runtime: Runtime, mode: str, lines: list[str]) -> None:
    code, out, _ = run_script(runtime, f"""echo text | srun -n2 -i {mode} sh -c 'echo $SLURM_PROCID:$(cat)'""")
    assert (code, sorted(out.splitlines())) == (0, lines)


def test_a_task_that_does_not_read_holds_up_nobody(runtime: Runtime, tmp_path: Path) -> None:
    """8 MB for two tasks, one of which ends without reading."""
    (tmp_path / "in").write_bytes(bytes(8 << 20))
    code, out, _ = run_script(runtime, f"srun -n2 sh -c '[ $SLURM_PROCID = 0 ] || exec wc -c' < {tmp_path}/in")
    assert (code, out) == (0, f"{8 << 20}\n")


def test_much_output_from_all_nodes(runtime: Runtime, tmp_path: Path) -> None:
    """Every line arrives whole."""
    code, _, _ = run_script(runtime, f"srun -n4 -l sh -c 'seq 100000' > {tmp_path}/out")
    lines = (tmp_path / "out").read_text().splitlines()
    assert code == 0
    for task in range(4):
        assert [line for line in lines if line.startswith(f"{task}: ")] == [f"{task}: {number}" for number in range(1, 100_001)]
    assert len(lines) == 400_000


def test_output_files_of_tasks(runtime: Runtime, tmp_path: Path) -> None:
    code, out, _ = run_script(runtime, f"srun -n4 -o '{tmp_path}/%t-%n-%N-%s.txt' sh -c 'echo $SLURM_PROCID'")
    assert (code, out) == (0, "")
    names = [f"0-0-{FIRST}-0.txt", f"1-0-{FIRST}-0.txt", f"2-1-{SECOND}-0.txt", f"3-1-{SECOND}-0.txt"]
    assert {path.name: path.read_text() for path in tmp_path.glob("*.txt")} == {name: f"{name[0]}\n" for name in names}


def test_output_files_of_quiet_tasks_and_both_streams_in_one(runtime: Runtime, tmp_path: Path) -> None:
    """A file for each task, empty where nothing is said; what comes by two streams does not overwrite itself."""
    speak = "[ $SLURM_PROCID = 0 ] || { echo out; sleep 0.1; echo err >&2; }"
    code, _, _ = run_script(runtime, f"srun -n2 -o '{tmp_path}/%t.txt' sh -c '{speak}'")
    assert code == 0
    assert {path.name: path.read_text() for path in tmp_path.glob("?.txt")} == {"0.txt": "", "1.txt": "out\nerr\n"}


def test_output_files_that_cannot_be_opened(runtime: Runtime, tmp_path: Path) -> None:
    """Several times: what the tasks say meanwhile, if they are quick, is not heard any more."""
    script = f"for i in 1 2 3 4 5 6 7 8 9 10 11 12; do srun -n2 -o '{tmp_path}/no/%t.txt' true || code=$?; done; exit $code"
    code, _, err = run_script(runtime, script)
    assert (code, err) == (1, "srun: error: Could not open stdout file: No such file or directory\n" * 12)


def test_output_files_of_an_array_task(runtime: Runtime, tmp_path: Path) -> None:
    script = f"export SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=3; srun -n1 -o '{tmp_path}/%A_%a-%t.txt' echo out"
    assert run_script(runtime, script)[0] == 0
    assert [path.name for path in tmp_path.glob("*.txt")] == ["7_3-0.txt"]


@pytest.mark.parametrize("kept", ["SLURM_JOB_ID", "SLURM_JOB_ID and MLSPACE_JOB_DIR", "SLURM_JOBID"])
def test_srun_needs_only_the_job_id(runtime: Runtime, kept: str) -> None:
    """As after `env -i SLURM_JOB_ID=...`: the job is found by its id. --export=NONE and wrappers of users do that."""
    wanted = " ".join(f"{name}=${name}" for name in kept.split(" and "))
    srun = "$MLSPACE_JOB_DIR/bin/srun"
    code, out, err = run_script(runtime, f"exec env -i PATH=$PATH LAUNCH_TEST_MARK=$LAUNCH_TEST_MARK {wanted} {srun} -N2 {WHERE}")
    assert (code, sorted(out.splitlines()), err) == (0, [f"0 0 0 {FIRST}", f"1 0 1 {SECOND}"], "")


def test_srun_outside_of_any_job(runtime: Runtime) -> None:
    code, out, err = run_script(runtime, "exec env -u MLSPACE_JOB_DIR -u SLURM_JOBID SLURM_JOB_ID=999999983 srun hostname", nodes=1)
    assert (code, out) == (1, "")
    assert "srun: error: Unable to confirm allocation for job 999999983: Invalid job id specified" in err


def test_the_user_chooses_the_exit_code_of_failures(runtime: Runtime) -> None:
    lines = ("export SLURM_EXIT_ERROR=77", "srun -N9 true", "srun false", "env -u MLSPACE_JOB_DIR srun --jobid=999999983 true")
    script = "; echo $?; ".join(lines) + "; echo $?"
    assert run_script(runtime, script, nodes=1)[:2] == (0, "0\n77\n1\n77\n")


def test_srun_on_the_other_node(runtime: Runtime) -> None:
    """A task is a user of srun as the script is; the step it starts is on both nodes again."""
    inner = 'srun --overlap -N2 -n2 sh -c "exit 3"; echo $?'
    code, out, err = run_script(runtime, f"srun -N1 -n1 -w {SECOND} sh -c 'echo $SLURM_STEP_ID; {inner}'")
    assert (code, out) == (0, "0\n3\n")
    assert f"srun: error: {SECOND}: task 1: Exited with exit code 3" in err.splitlines()


def test_steps_at_the_same_time(runtime: Runtime) -> None:
    script = "for i in 1 2 3 4 5 6 7 8; do srun --overlap -n2 sh -c 'echo $SLURM_STEP_ID' & done; wait"
    code, out, err = run_script(runtime, script)
    assert (code, sorted(out.split(), key=int), err) == (0, [str(step) for step in range(8) for _ in (0, 1)], "")


def test_the_world_of_a_task(runtime: Runtime, tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    script = f"cd '{tmp_path}/a b'; umask 027; export COLOUR=red; srun -N2 -n2 sh -c 'echo $(pwd) $(umask) $COLOUR $(ulimit -Sn)'"
    spec = batch(f"#!/bin/sh\n{script}\n", 2, rlimits={"NOFILE": 100})
    assert runtime.run_all(spec)[1].stdout == f"{tmp_path}/a b 0027 red 100\n" * 2


def test_as_many_nodes_as_there_are(runtime: Runtime) -> None:
    code, out, err = run_script(runtime, "srun -N1-4 -n4 hostname; srun -N3-4 true || echo refused")
    assert (code, out.split()[-1], len(out.split())) == (0, "refused", 5)
    assert err == "srun: error: Only allocated 2 nodes asked for 3\n"


def test_help_is_the_login_sides(runtime: Runtime) -> None:
    spec = replace(batch("#!/bin/sh\nsrun --help | head -1; srun -n1 --usage | head -1\n"), commands=str(ROOT / "bin"))
    _, node = runtime.run(spec)
    assert node.stdout.splitlines()[0].startswith("Usage: srun [OPTIONS")
    assert node.stdout.splitlines()[1].startswith("Usage: srun [-")


def test_options_that_tasks_are_told(runtime: Runtime) -> None:
    told = "sh -c 'echo $SLURM_JOB_NAME $SLURM_NTASKS_PER_NODE $SLURM_CPUS_PER_TASK'"
    code, out, _ = run_script(runtime, f"srun -n2 -J other --ntasks-per-node=1 -c1 {told}")
    assert (code, out) == (0, "other 1 1\n" * 2)


def test_children_of_a_task_end_with_it(runtime: Runtime) -> None:
    """Those in its session with the task, the others with the job."""
    code, out, _ = run_script(runtime, "srun -n2 sh -c 'sleep 3600 & setsid sleep 3600 & echo started'; echo over")
    assert (code, out) == (0, "started\nstarted\nover\n")


def test_kill_on_bad_exit(runtime: Runtime) -> None:
    code, _, err = run_script(runtime, "srun -K -n4 sh -c '[ $SLURM_PROCID = 3 ] && exit 6; exec sleep 3600'")
    assert code == 143
    assert f"srun: error: {SECOND}: task 3: Exited with exit code 6" in err
    assert "Terminating StepId=" in err


def test_a_killed_srun_takes_its_step_along(runtime: Runtime) -> None:
    """The script runs on; its end is not what ends them."""
    spec = batch("#!/bin/sh\nsrun -n4 sleep 3600 &\necho $!\nwait\nwhile :; do sleep 0.01; done\n", 2, limits=Limits(grace=5))
    first, _ = runtime.start_all(spec)

    def tasks() -> list[int]:
        return [pid for pid in processes_of(spec.submission) if command_of(pid)[1:] == ["3600"]]

    wait_until(lambda: len(tasks()) == 4, "the tasks")
    os.kill(int(first.stdout), signal.SIGKILL)
    wait_until(lambda: not tasks(), "the end of the tasks")
    assert first.process.poll() is None
    assert first.terminate() == 143


def test_nobody_reads_the_output(runtime: Runtime) -> None:
    """The pipe is closed: srun takes the rest, and ends when its tasks end."""
    code, out, _ = run_script(runtime, "srun -n4 seq 1000000 | head -n1")
    assert (code, out) == (0, "1\n")


def test_many_tasks(runtime: Runtime) -> None:
    code, out, err = run_script(runtime, "srun -n200 -O sh -c 'echo $SLURM_PROCID'")
    assert (code, sorted(map(int, out.split())), err) == (0, list(range(200)), "")


def test_a_large_environment(runtime: Runtime) -> None:
    """Ten variables of 100 kB."""
    script = (
        "v=$(head -c 100000 /dev/zero | tr '\\0' x); for i in 0 1 2 3 4 5 6 7 8 9; do export V$i=$v; done; srun -n2 sh -c 'env | wc -c'"
    )
    code, out, _ = run_script(runtime, script)
    assert code == 0
    assert all(int(line) > 1_000_000 for line in out.split())
    assert len(out.split()) == 2


def test_two_jobs_with_one_id(runtime: Runtime) -> None:
    """As two clusters of one user may have: srun finds the one that it is in, by its ancestors."""
    job = batch().job
    script = (
        "#!/bin/sh\nwhile [ ! -e $MLSPACE_JOB_DIR/go ]; do sleep 0.01; done\nenv -u MLSPACE_JOB_DIR srun -n1 printenv MLSPACE_JOB_DIR\n"
    )
    specs = [batch(script, job=job) for _ in range(5)]
    nodes = [runtime.start(spec) for spec in specs]
    for spec in specs:
        wait_until((runtime_directory(spec) / "script").exists, "all jobs")
    for spec in specs:
        (runtime_directory(spec) / "go").touch()
    assert [node.wait() for node in nodes] == [0] * 5
    assert [node.stdout for node in nodes] == [f"{runtime_directory(spec)}\n" for spec in specs]


# How a job of several nodes ends.

TASKS = "trap '' TERM; setsid sleep 3600 & echo ready; while :; do sleep 0.01; done"


def started(runtime: Runtime, spec: LaunchSpec, lines: int) -> list[int]:
    """Starts all nodes and waits until the tasks have said that they are ready; the processes of the job."""
    nodes = runtime.start_all(spec)
    wait_until(lambda: nodes[0].stdout.count("ready\n") == lines, "the tasks")
    return processes_of(spec.submission)


def test_sigterm_to_all_nodes(runtime: Runtime) -> None:
    """As the platform ends a job. No process is left on any node, whatever it does about it."""
    spec = batch(f'#!/bin/sh\nsrun -n4 sh -c "{TASKS}"\n', 2, limits=Limits(grace=1))
    assert len(started(runtime, spec, 4)) > 8
    for node in runtime.nodes:
        node.process.send_signal(signal.SIGTERM)
    codes = [node.wait() for node in runtime.nodes]
    assert codes[0] == 143
    assert processes_of(spec.submission) == []
    assert end_of(spec, runtime.nodes[0]) == ("CANCELLED", "Terminated", 0, 15)
    assert not any(runtime_directory(spec, node).exists() for node in (0, 1))


def test_sigterm_to_the_first_node_ends_the_other(runtime: Runtime) -> None:
    spec = batch(f'#!/bin/sh\nsrun -n4 sh -c "{TASKS}"\n', 2, limits=Limits(grace=1))
    started(runtime, spec, 4)
    assert runtime.nodes[0].terminate() == 143
    assert runtime.nodes[1].wait() == 0
    assert processes_of(spec.submission) == []


def test_the_time_limit_holds_on_all_nodes(runtime: Runtime) -> None:
    spec = batch(f'#!/bin/sh\nsrun -n4 sh -c "{TASKS}"\n', 2, limits=Limits(seconds=1, grace=1))
    codes, first = runtime.run_all(spec)
    assert (codes, end_of(spec, first)) == ([143, 0], ("TIMEOUT", "TimeLimit", 0, 15))
    assert processes_of(spec.submission) == []


def test_the_warning_before_the_time_limit(runtime: Runtime) -> None:
    """It goes to all tasks, and not to the script."""
    task = 'trap "echo warned; exit 4" USR1; while :; do sleep 0.01; done'
    limits = Limits(seconds=60, signal=int(signal.SIGUSR1), warn=58, grace=5)
    spec = batch(f"#!/bin/sh\nsrun -n4 sh -c '{task}'\necho $?\n", 2, limits=limits)
    codes, first = runtime.run_all(spec)
    assert (codes, first.stdout) == ([0, 0], "warned\n" * 4 + "4\n")


@pytest.mark.parametrize("lost", [0, 1])
def test_a_node_that_dies(runtime: Runtime, lost: int) -> None:
    """launch of one node is killed: the job ends everywhere, and says why while there is somebody to say it."""
    spec = batch("#!/bin/sh\nsrun -n2 sh -c 'echo ready; exec sleep 3600'\n", 2, limits=Limits(grace=5))
    started(runtime, spec, 2)
    runtime.nodes[lost].process.kill()
    assert [runtime.nodes[lost].wait(), runtime.nodes[1 - lost].wait() != 0] == [-signal.SIGKILL, True]
    wait_until(lambda: processes_of(spec.submission) == [], "the end of all processes")
    if lost == 1:
        assert end_of(spec, runtime.nodes[0]) == ("NODE_FAIL", "NodeDown", 0, 15)
        assert f"DUE TO NODE FAILURE, the connection to {SECOND} broke" in runtime.nodes[0].stderr


def test_the_nodes_may_come_in_any_order(runtime: Runtime) -> None:
    """The second is there long before the first, and the first starts its step before the second has come."""
    spec = batch("#!/bin/sh\necho ready\nsrun -n2 printenv SLURMD_NODENAME\n", 2)
    second = runtime.start_node(spec, 1)
    wait_until(lambda: runtime_directory(spec, 1).joinpath("channel").exists(), "the second node")
    assert [runtime.start_node(spec, 0).wait(), second.wait()] == [0, 0]
    spec = batch("#!/bin/sh\necho ready\nsrun -n2 printenv SLURMD_NODENAME\n", 2)
    first = runtime.start_node(spec, 0)
    wait_until(lambda: "ready\n" in first.stdout, "the script")
    assert [runtime.start_node(spec, 1).wait(), first.wait()] == [0, 0]
    assert sorted(first.stdout.splitlines()) == [FIRST, SECOND, "ready"]


# Strangers.

WAITING = "#!/bin/sh\nwhile [ ! -e $MLSPACE_JOB_DIR/go ]; do sleep 0.01; done\nsrun -n2 printenv SLURMD_NODENAME\n"

STRANGERS = {
    "garbage": lambda spec: b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "zeros": lambda spec: bytes(100_000),
    "too long": lambda spec: struct.pack(">IB", 0xFFFFFFFF, AUTH) + bytes(10_000),
    "longer than a stranger's": lambda spec: frame(AUTH, bytes(5000)),
    "truncated": lambda spec: frame(AUTH, number(1) + struct.pack(">I", 1_000_000)),
    "empty": lambda spec: frame(AUTH, b""),
    "no mac": lambda spec: auth(spec.submission, b""),
    "no mac, as node": lambda spec: auth(spec.submission, b"", b"node", 1),
    "no mac, as owner": lambda spec: auth(spec.submission, b"", b"owner"),
    "short mac": lambda spec: auth(spec.submission, b"0"),
    "wrong mac": lambda spec: auth(spec.submission, bytes(32)),
    "wrong mac, as node": lambda spec: auth(spec.submission, b"x" * 32, b"node", 1),
    "a command first": lambda spec: frame(10, bytes(200)),
    "end of job": lambda spec: frame(33, b""),
}


@pytest.mark.parametrize("case", STRANGERS)
def test_a_stranger_is_refused(runtime: Runtime, case: str) -> None:
    """The first node closes the connection without WELCOME, and the job runs on."""
    spec = batch(WAITING, 2)
    first, second = runtime.start_all(spec)
    with connect(spec.submission, FIRST) as stranger:
        send_last(stranger, STRANGERS[case](spec))
        kinds = [kind for kind, _ in read_frames(stranger)]
    assert kinds in ([], [HELLO], [HELLO, REFUSED])
    (runtime_directory(spec) / "go").touch()
    assert [first.wait(), second.wait()] == [0, 0]
    assert sorted(first.stdout.splitlines()) == [FIRST, SECOND]


def test_strangers_who_say_nothing_hold_up_nobody(runtime: Runtime) -> None:
    spec = batch(WAITING, 2)
    first = runtime.start_node(spec, 0)
    silent = [connect(spec.submission, FIRST) for _ in range(50)]
    second = runtime.start_node(spec, 1)
    wait_until(lambda: runtime_directory(spec).joinpath("script").exists(), "the first node")
    (runtime_directory(spec) / "go").touch()
    assert [first.wait(), second.wait()] == [0, 0]
    for stranger in silent:
        stranger.close()


def answer_nonsense(server: socket.socket) -> None:
    """Until the server is shut down."""
    while True:
        try:
            visitor, _ = server.accept()
        except OSError:
            return
        with visitor:
            visitor.sendall(b"SSH-2.0-OpenSSH\r\n")


def test_somebody_else_on_the_port(runtime: Runtime) -> None:
    """The first of the job's ports is taken by a service that answers nonsense: the nodes meet on the next."""
    server = None
    while server is None:
        spec = batch("#!/bin/sh\nsrun -n2 printenv SLURMD_NODENAME\n", 2)
        with suppress(OSError):  # another job on this machine may have that port
            server = socket.create_server((FIRST, ports_of(spec.submission)[0]))
    with server:
        service = threading.Thread(target=answer_nonsense, args=(server,))
        service.start()
        codes, first = runtime.run_all(spec)
        server.shutdown(socket.SHUT_RDWR)
        service.join()
    assert (codes, sorted(first.stdout.splitlines())) == ([0, 0], [FIRST, SECOND])


@pytest.fixture
def private() -> Iterator[Path]:
    """A runtime directory apart from the others; the path of a Unix socket is short."""
    with tempfile.TemporaryDirectory(prefix="run") as directory:
        yield Path(directory)


def test_a_node_with_another_secret_is_none_of_ours(runtime: Runtime, private: Path) -> None:
    """It gets no work and leaves when it is asked to; the real one gets its place."""
    spec = batch(WAITING, 2)
    first = runtime.start_node(spec, 0)
    wait_until(lambda: runtime_directory(spec).joinpath("script").exists(), "the first node")
    impostor = runtime.start_node(replace(spec, secret="f" * 64), 1, {"XDG_RUNTIME_DIR": str(private)})
    wait_until(lambda: list(private.glob("mlspace/*/channel")), "the impostor")
    second = runtime.start_node(spec, 1)
    (runtime_directory(spec) / "go").touch()
    assert [first.wait(), second.wait()] == [0, 0]
    assert sorted(first.stdout.splitlines()) == [FIRST, SECOND]
    assert impostor.terminate() == 143


# Role tasks, and held allocations.


def tasks_spec(command: list[str], **fields: object) -> LaunchSpec:
    return replace(batch("", 2), role="tasks", command=command, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(("command", "code"), [("exit 0", 0), ("exit $((SLURM_PROCID + 3))", 6), ("kill -9 $$", 137)])
def test_role_tasks(runtime: Runtime, command: str, code: int) -> None:
    spec = tasks_spec(["sh", "-c", f"echo $SLURM_PROCID $SLURMD_NODENAME; {command}"])
    codes, first = runtime.run_all(spec)
    assert codes == [code, 0]
    assert sorted(first.stdout.splitlines()) == [f"0 {FIRST}", f"1 {FIRST}", f"2 {SECOND}", f"3 {SECOND}"]
    assert end_of(spec, first)[0] == ("FAILED" if code else "COMPLETED")


def test_role_tasks_takes_the_options_of_its_step(runtime: Runtime) -> None:
    first_cpu = min(os.sched_getaffinity(0))
    options = ["--cpu-bind=map_cpu:0", "--kill-on-bad-exit=1"]
    tell = "grep Cpus_allowed_list /proc/self/status; [ $SLURM_PROCID = 0 ] && exit 3; exec sleep 3600"
    codes, first = runtime.run_all(tasks_spec(["sh", "-c", tell], step_options=options))
    assert codes == [143, 0]
    assert set(first.stdout.split()) == {"Cpus_allowed_list:", str(first_cpu)}
    assert "Terminating StepId=" in first.stderr


def test_an_allocation_ends_with_its_owner(runtime: Runtime) -> None:
    """srun as owner ends it with the exit code of the step."""
    spec = batch("", 2, owner=20)
    nodes = runtime.start_all(spec)
    directory = runtime_directory(spec)
    wait_until((directory / "channel").exists, "the allocation")
    owner = [str(runtime.launch), "srun", f"--mlspace-job-dir={directory}", "--mlspace-owner", "-n4", "sh", "-c", "exit $SLURM_PROCID"]
    assert runtime.start_command(owner).wait() == 3
    assert [node.wait() for node in nodes] == [3, 0]
    assert end_of(spec, nodes[0]) == ("FAILED", "NonZeroExitCode", 3, 0)


def test_an_allocation_ends_when_its_owner_is_killed_in_a_step(runtime: Runtime) -> None:
    spec = batch("", 2, owner=20, limits=Limits(grace=1))
    nodes = runtime.start_all(spec)
    directory = runtime_directory(spec)
    wait_until((directory / "channel").exists, "the allocation")
    words = ["srun", f"--mlspace-job-dir={directory}", "--mlspace-owner", "-n2", "sh", "-c", f"touch {runtime.directory}/began; sleep 3600"]
    owner = runtime.start_command([str(runtime.launch), *words])
    wait_until((runtime.directory / "began").exists, "the step")
    owner.process.kill()
    assert [node.wait() for node in nodes] == [143, 0]
    assert end_of(spec, nodes[0]) == ("CANCELLED", "None", 0, 15)
    assert processes_of(spec.submission) == []


def held(runtime: Runtime, spec: LaunchSpec, *command: str) -> Node:
    """salloc's half of an allocation."""
    words = ["hold", f"--mlspace-job-dir={runtime_directory(spec)}", "--", *command]
    wait_until((runtime_directory(spec) / "channel").exists, "the allocation")
    return runtime.start_command([str(runtime.launch), *words])


@pytest.mark.parametrize("waits", [True, False])
def test_a_command_waits_for_all_nodes_of_its_allocation(runtime: Runtime, waits: bool) -> None:
    """salloc --wait-all-nodes. The first node answers without the other one, so that the command has every chance to start."""
    spec = batch("", 2, owner=20, limits=Limits(grace=1, wait_all_nodes=waits))
    first = runtime.start_node(spec, 0)
    command = held(runtime, spec, "sh", "-c", f"touch {runtime.directory}/began; until [ -e {runtime.directory}/end ]; do sleep 0.02; done")
    for _ in range(3):
        subprocess.run([str(runtime.launch), "usage", str(runtime_directory(spec))], check=True, timeout=60)
    if waits:
        assert not (runtime.directory / "began").exists()
    else:
        wait_until((runtime.directory / "began").exists, "the command")
    second = runtime.start_node(spec, 1)
    wait_until((runtime.directory / "began").exists, "the command")
    (runtime.directory / "end").touch()
    assert [command.wait(), first.wait(), second.wait()] == [0, 0, 0]


def test_an_owner_who_does_not_come_while_nodes_are_waited_for(runtime: Runtime) -> None:
    spec = batch("", 2, owner=1, limits=Limits(grace=1, wait_all_nodes=True))
    first = runtime.start_node(spec, 0)
    assert first.wait() == 143
    assert end_of(spec, first)[0] == "CANCELLED"


def test_a_killed_salloc_takes_its_command_with_it(runtime: Runtime) -> None:
    """Also where no terminal tells it so."""
    spec = batch("", owner=20, limits=Limits(grace=1))
    (first,) = runtime.start_all(spec)
    heard = runtime.directory / "heard"
    script = f"trap 'echo HUP >{heard}; exit' HUP; touch {runtime.directory}/began; while :; do sleep 0.02; done"
    holder = held(runtime, spec, "sh", "-c", script)
    wait_until((runtime.directory / "began").exists, "the command")
    holder.process.kill()
    wait_until(lambda: heard.exists() and heard.read_text() == "HUP\n", "the command's end")
    assert first.wait() == 143


def test_no_step_starts_in_an_allocation_that_is_about_to_end(runtime: Runtime) -> None:
    """The login side has left word of that; the platform takes its time to tell."""
    spec = batch("#!/bin/sh\nsrun true; touch began; until [ -e go ]; do sleep 0.02; done; srun true\n", work_dir=str(runtime.directory))
    (first,) = runtime.start_all(spec)
    wait_until((runtime.directory / "began").exists, "the script")
    (runtime_directory(spec) / "why").write_text("CANCELLED")
    (runtime.directory / "go").touch()
    assert first.wait() == 1
    message = f"srun: error: Unable to create step for job {spec.job.id if spec.job else 0}: Job/step already completing or completed\n"
    assert without_reports(first.stderr) == message


def test_a_job_that_is_over_before_its_other_node_comes(runtime: Runtime) -> None:
    spec = batch("#!/bin/sh\nexit 0\n", 2)
    first = runtime.start_node(spec, 0)
    wait_until(lambda: reports_of(spec, first.stderr.encode()).get("start"), "the first node")
    second = runtime.start_node(spec, 1)
    assert [first.wait(), second.wait()] == [0, 0]


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_srun_with_closed_descriptors(runtime: Runtime, closed: str) -> None:
    code, stdout, _ = run_script(runtime, f"srun -n1 sh -c 'cat; echo said' {closed} || exit 9; echo over")
    assert (code, stdout.splitlines()[-1:]) == (0, ["over"])


def test_an_allocation_ends_when_its_owner_goes(runtime: Runtime) -> None:
    """One that has not started anything yet. On the Unix socket our own uid is proof enough."""
    spec = batch(owner=20)
    node = runtime.start(spec)
    channel = runtime_directory(spec) / "channel"
    wait_until(channel.exists, "the allocation")
    with socket.socket(socket.AF_UNIX) as owner:
        owner.connect(str(channel))
        owner.sendall(auth(spec.submission, b"", b"owner"))
        assert [read_frame(owner)[0], read_frame(owner)[0]] == [HELLO, WELCOME]
        assert node.process.poll() is None
    assert (node.wait(), end_of(spec, node)) == (143, ("CANCELLED", "None", 0, 15))


def test_an_allocation_ends_with_a_step_that_cannot_be(runtime: Runtime) -> None:
    spec = batch(owner=20)
    node = runtime.start(spec)
    directory = runtime_directory(spec)
    wait_until((directory / "channel").exists, "the allocation")
    owner = runtime.start_command([str(runtime.launch), "srun", f"--mlspace-job-dir={directory}", "--mlspace-owner", "-w", "n9", "true"])
    assert (owner.wait(), node.wait()) == (1, 1)
    assert "Requested node configuration is not available" in owner.stderr


def test_an_allocation_that_nobody_owns_ends(runtime: Runtime) -> None:
    spec = batch(owner=1)
    code, node = runtime.run(spec)
    assert (code, end_of(spec, node)) == (143, ("CANCELLED", "None", 0, 15))


def test_steps_are_reported(runtime: Runtime, tmp_path: Path) -> None:
    path = tmp_path / "reports"
    spec = batch("#!/bin/sh\nsrun -N1 -n1 true\nsrun -n4 sh -c 'exit 2'\n", 2, report_file=File(str(path)))
    runtime.run_all(spec)
    steps = reports_of(spec, path.read_bytes())["step"]
    assert [(step["step"], step["name"], step["nodes"], step["tasks"], step["code"]) for step in steps] == [
        (0, "true", FIRST, 1, 0),
        (1, "sh", f"{FIRST[:-1]}[1-2]", 4, 2),
    ]
