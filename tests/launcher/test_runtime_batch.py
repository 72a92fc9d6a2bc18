"""launch with role batch on one node, as real processes: how a job ends, what its script sees, and that nothing is left."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mlspace.spec.launch import Env, File, Limits, Stdio
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


@pytest.mark.parametrize(("script", "code", "end"), ENDS)
def test_exit_codes_and_signals(runtime: Runtime, script: str, code: int, end: tuple[str, str, int, int]) -> None:
    spec = batch(f"#!/bin/sh\n{script}\n")
    assert (runtime.run(spec)[0], end_of(spec, runtime.nodes[0])) == (code, end)


@pytest.mark.parametrize("args", [[], ["one", "two words", "--three", "", "*", "ä", "$HOME"]], ids=["none", "difficult"])
def test_script_arguments(runtime: Runtime, args: list[str]) -> None:
    code, node = runtime.run(batch('#!/bin/sh\nprintf "<%s>" "$#" "$@"\n', args=args))
    assert (code, node.stdout) == (0, "".join(f"<{arg}>" for arg in [str(len(args)), *args]))


@pytest.mark.parametrize(
    ("script", "code", "out", "err"),
    [
        ("echo from $0 $1\n", 0, "from {directory}/script first\n", ""),
        ("", 0, "", ""),
        ("#!/no/such -x\n", 2, "", "slurmstepd-127: error: execve(): bad interpreter(/no/such -x): No such file or directory\n"),
        ("#!/etc/passwd\n", 13, "", "slurmstepd-127: error: execve(): job.sh: Permission denied\n"),
    ],
    ids=["no interpreter line", "blank", "missing interpreter", "interpreter not executable"],
)
def test_unusual_interpreter_lines(runtime: Runtime, script: str, code: int, out: str, err: str) -> None:
    """Without `#!` it is /bin/sh's; what execve cannot start ends with its errno, as slurmstepd ends."""
    spec = batch(script or "\n", args=["first"])
    found, node = runtime.run(spec)
    err = err.replace("slurmstepd-127", "slurmstepd-127.0.0.1")
    assert (found, node.stdout, without_reports(node.stderr)) == (code, out.format(directory=runtime_directory(spec)), err)
    assert end_of(spec, node) == (("FAILED", "NonZeroExitCode", code, 0) if code else ("COMPLETED", "None", 0, 0))


def test_a_command_instead_of_a_script(runtime: Runtime) -> None:
    code, node = runtime.run(batch(command=["sh", "-c", 'echo "$0"; exit 4', "a b"]))
    assert (code, node.stdout) == (4, "a b\n")


# Files.


def place(path: Path, **fields: int) -> File:
    return File(str(path), **fields)


@pytest.mark.parametrize(
    ("out", "err", "files"),
    [
        ("out.txt", None, {"out.txt": "o\ne\n"}),
        ("out.txt", "err.txt", {"out.txt": "o\n", "err.txt": "e\n"}),
        ("both.txt", "both.txt", {"both.txt": "o\ne\n"}),
        ("%x-%j-%N.txt", "%u.%5n.%s%%", {"train-{id}-127.0.0.1.txt": "o\n", "ann.00000.batch%": "e\n"}),
        (None, "err.txt", {"err.txt": "e\n"}),
    ],
    ids=["out only", "two", "the same", "patterns", "err only"],
)
def test_output_files(runtime: Runtime, tmp_path: Path, out: str | None, err: str | None, files: dict[str, str]) -> None:
    directory = tmp_path / "output"
    directory.mkdir()
    stdio = Stdio(out=out and place(directory / out), err=err and place(directory / err))
    spec = batch("#!/bin/sh\necho o\necho e >&2\n", stdio=stdio)
    code, node = runtime.run(spec)
    assert code == 0
    assert {path.name: path.read_text() for path in directory.iterdir()} == {
        name.format(id=spec.job and spec.job.id): text for name, text in files.items()
    }
    assert (node.stdout, without_reports(node.stderr)) == ("" if out else "o\n", "")


@pytest.mark.parametrize(("mode", "text"), [("truncate", "new\n"), ("append", "old\nnew\n")])
def test_open_mode(runtime: Runtime, tmp_path: Path, mode: str, text: str) -> None:
    path = tmp_path / "out.txt"
    path.write_text("old\n")
    runtime.run(batch("#!/bin/sh\necho new\n", stdio=Stdio(out=place(path), open_mode=mode)))
    assert path.read_text() == text


def test_standard_input(runtime: Runtime, tmp_path: Path) -> None:
    data = os.urandom(200_000)
    (tmp_path / "in").write_bytes(data)
    spec = batch("#!/bin/sh\ncat\n", stdio=Stdio(in_=place(tmp_path / "in"), out=place(tmp_path / "out")))
    assert runtime.run(spec)[0] == 0
    assert (tmp_path / "out").read_bytes() == data
    assert runtime.run(batch("#!/bin/sh\nreadlink /proc/self/fd/0\n"))[1].stdout == "/dev/null\n"


@pytest.mark.parametrize(("change", "is_file"), [((0, 0), True), ((1, 0), False), ((0, 1), False)], ids=["same", "inode", "owner"])
def test_a_file_is_used_where_its_directory_is_the_submit_hosts(
    runtime: Runtime, tmp_path: Path, change: tuple[int, int], is_file: bool
) -> None:
    status = tmp_path.stat()
    path = tmp_path / "out.txt"
    out = place(path, inode=status.st_ino + change[0], owner=status.st_uid + change[1])
    code, node = runtime.run(batch("#!/bin/sh\necho o\n", stdio=Stdio(out=out)))
    assert (code, path.exists(), node.stdout) == (0, is_file, "" if is_file else "o\n")


def test_an_output_file_that_cannot_be_opened(runtime: Runtime, tmp_path: Path) -> None:
    """0:53, and the script has not run."""
    spec = batch(f"#!/bin/sh\ntouch {tmp_path}/ran\n", stdio=Stdio(out=place(tmp_path / "no" / "out.txt")))
    code, node = runtime.run(spec)
    state, reason, *codes = end_of(spec, node)
    assert (code, state, reason.split("(")[0], codes) == (128 + 53, "FAILED", "RaisedSignal:53", [0, 53])
    assert "could not open" in node.stderr
    assert not (tmp_path / "ran").exists()


def test_an_output_directory_that_is_made_a_moment_late(runtime: Runtime, tmp_path: Path) -> None:
    """By who has submitted the job, as soon as its id is known."""
    spec = batch("#!/bin/sh\necho o\n", stdio=Stdio(out=place(tmp_path / "late" / "out.txt")))
    node = runtime.start(spec)
    wait_until((runtime_directory(spec) / "channel").exists, "the job's beginning")
    (tmp_path / "late").mkdir()
    assert node.wait() == 0
    assert (tmp_path / "late" / "out.txt").read_text() == "o\n"


# The script's world.


@pytest.mark.parametrize("umask", [None, 0o022, 0o077, 0o027, 0])
def test_umask(runtime: Runtime, tmp_path: Path, umask: int | None) -> None:
    spec = batch("#!/bin/sh\numask\n: > made\n", umask=umask, work_dir=str(tmp_path))
    code, node = runtime.run(spec, umask=0o026)
    expected = 0o026 if umask is None else umask
    assert (code, node.stdout) == (0, f"{expected:04o}\n")
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o666 & ~expected


@pytest.mark.parametrize(("wanted", "found"), [(64, 64), (-1, None), (1 << 40, None)], ids=["lower", "unlimited", "above the hard limit"])
def test_soft_limits(runtime: Runtime, wanted: int, found: int | None) -> None:
    """They are set as far as the hard limit allows."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    code, node = runtime.run(batch("#!/bin/sh\nulimit -Sn; ulimit -Hn\n", rlimits={"NOFILE": wanted}))
    assert (code, node.stdout) == (0, f"{found or hard}\n{hard}\n")


def variables(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.rstrip("\0").split("\0"))


def test_a_shared_environment_is_exactly_what_was_set(runtime: Runtime) -> None:
    spec = batch("#!/bin/sh\nexec cat /proc/self/environ\n")
    spec = replace(spec, env=Env("shared", {**spec.env.set, "COLOUR": "dark\nred ", "EMPTY": ""}))
    found = variables(runtime.run(spec, {"IMAGE": "its own"})[1].stdout)
    assert (found["COLOUR"], found["EMPTY"], "IMAGE" in found, "HOME" in found) == ("dark\nred ", "", False, False)
    assert found["PATH"] == f"{runtime_directory(spec)}/bin:{PATH}"
    assert found["MLSPACE_JOB_DIR"] == str(runtime_directory(spec))
    ours = {name for name in found if not name.startswith("SLURM")} - {*spec.env.set, "MLSPACE_JOB_DIR", "PWD", "OLDPWD", "SHLVL", "_"}
    assert ours == {"ENVIRONMENT", "HOSTNAME", "TMPDIR"}


def test_an_image_environment(runtime: Runtime) -> None:
    """The container's own and what was set; the container's PATH and HOME win unless they were named."""
    spec = batch("#!/bin/sh\nexec cat /proc/self/environ\n")
    own = {"KEPT": "image", "GONE": "image", "BOTH": "image", "HOME": "/image", "USER": "image"}
    given = {MARK: spec.submission, "BOTH": "login", "HOME": "/login", "USER": "login", "NEW": "login", "PATH": "/nothing"}
    spec = replace(spec, env=Env("image", given, unset=["GONE"], named=["USER"]))
    found = variables(runtime.run(spec, own)[1].stdout)
    expected = {"KEPT": "image", "GONE": None, "BOTH": "login", "HOME": "/image", "USER": "login", "NEW": "login"}
    assert {name: found.get(name) for name in expected} == expected
    assert found["PATH"].endswith(f":{PATH}")


def test_slurm_variables(runtime: Runtime) -> None:
    spec = batch("#!/bin/sh\necho $$\nexec cat /proc/self/environ\n")
    pid, _, rest = runtime.run(spec)[1].stdout.partition("\n")
    found = variables(rest)
    assert spec.job
    assert {
        "SLURM_JOB_ID": str(spec.job.id),
        "SLURM_JOBID": str(spec.job.id),
        "SLURM_JOB_NAME": "train",
        "SLURM_JOB_NODELIST": "127.0.0.1",
        "SLURM_NNODES": "1",
        "SLURM_JOB_CPUS_PER_NODE": "2",
        "SLURM_NODEID": "0",
        "SLURM_PROCID": "0",
        "SLURM_LOCALID": "0",
        "SLURM_TASK_PID": pid,
        "SLURMD_NODENAME": "127.0.0.1",
        "SLURM_SUBMIT_DIR": "/home/ann",
    }.items() <= found.items()


@pytest.mark.parametrize("is_there", [True, False])
def test_working_directory(runtime: Runtime, tmp_path: Path, is_there: bool) -> None:
    directory = tmp_path / "a b"
    if is_there:
        directory.mkdir()
    code, node = runtime.run(batch("#!/bin/sh\npwd\n", work_dir=str(directory)))
    error = f"slurmstepd-127.0.0.1: error: couldn't chdir to `{directory}': No such file or directory: going to /tmp instead\n"
    assert (code, node.stdout, without_reports(node.stderr)) == (0, f"{directory if is_there else '/tmp'}\n", "" if is_there else error)


def soil() -> None:
    """A parent that blocks and ignores signals, as some process managers do."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGTERM, signal.SIGCHLD, signal.SIGWINCH, signal.SIGRTMIN + 3])
    for number in (signal.SIGHUP, signal.SIGPIPE, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR2, signal.SIGTTOU, signal.SIGRTMIN + 1):
        signal.signal(number, signal.SIG_IGN)


@pytest.mark.parametrize("kind", ["script", "step"])
def test_signals_of_the_child(runtime: Runtime, kind: str) -> None:
    """None blocked, none ignored, whatever launch was started with. grep and not Python: Python ignores some itself."""
    command = "grep -E '^Sig(Blk|Ign)' /proc/self/status"
    spec = batch(f"#!/bin/sh\nexec {'srun -n1' if kind == 'step' else ''} {command}\n")
    code, node = runtime.run(spec, preexec_fn=soil)
    assert (code, node.stdout) == (0, "".join(f"Sig{which}:\t{0:016x}\n" for which in ("Blk", "Ign")))


PROBE = """
import json, os
numbers = os.listdir("/proc/self/fd")
print(json.dumps({
    "fds": sorted(int(number) for number in numbers if os.path.exists("/proc/self/fd/" + number)),
    "leads": os.getsid(0) == os.getpgid(0) == os.getpid(),
}))
"""


@pytest.mark.parametrize("kind", ["script", "step"])
def test_descriptors_and_session_of_the_child(runtime: Runtime, kind: str) -> None:
    """0, 1 and 2 only, though launch inherits many and has its own."""
    inherited = [os.open("/dev/null", os.O_RDONLY) for _ in range(8)]
    probe = [sys.executable, "-I", "-S", "-c", PROBE]
    spec = batch(command=["srun", "-n1", *probe] if kind == "step" else probe)
    code, node = runtime.run(spec, pass_fds=inherited)
    for fd in inherited:
        os.close(fd)
    assert (code, json.loads(node.stdout)) == (0, {"fds": [0, 1, 2], "leads": True})


# How it ends.

STUBBORN = """#!/bin/sh
trap '' TERM INT HUP
setsid sh -c 'trap "" TERM; setsid sleep 3600 & while :; do sleep 0.01; done' &
setsid setsid sleep 3600 &
(trap '' TERM; exec sleep 3600) &
echo ready
while :; do sleep 0.01; done
"""


def test_sigterm_ends_the_whole_tree(runtime: Runtime) -> None:
    """Grandchildren in sessions of their own and processes that ignore TERM, too."""
    spec = batch(STUBBORN, limits=Limits(grace=1))
    node = runtime.start(spec)
    wait_until(lambda: node.stdout == "ready\n" and len(processes_of(spec.submission)) >= 5, "the tree")
    assert node.terminate() == 143
    assert processes_of(spec.submission) == []
    assert end_of(spec, node) == ("CANCELLED", "Terminated", 0, 9)
    assert f"slurmstepd-127.0.0.1: error: *** JOB {spec.job and spec.job.id} ON 127.0.0.1 CANCELLED AT 20" in node.stderr


def test_who_takes_sigterm_has_the_time_for_it(runtime: Runtime) -> None:
    spec = batch("#!/bin/sh\ntrap 'echo saved; exit 7' TERM\necho ready\nwhile :; do sleep 0.01; done\n", limits=Limits(grace=20))
    node = runtime.start(spec)
    wait_until(lambda: node.stdout == "ready\n", "the script")
    assert node.terminate() == 143
    assert node.stdout == "ready\nsaved\n"
    assert end_of(spec, node) == ("CANCELLED", "Terminated", 7, 0)


def test_what_the_script_leaves_behind_has_no_time(runtime: Runtime) -> None:
    """It is killed when the script has ended, however long the script itself had."""
    spec = batch("#!/bin/sh\n(trap '' TERM; echo ready; exec sleep 3600) &\nwait\n", limits=Limits(grace=3600))
    node = runtime.start(spec)
    wait_until(lambda: node.stdout == "ready\n", "the child")
    assert node.terminate() == 143
    assert processes_of(spec.submission) == []
    assert end_of(spec, node) == ("CANCELLED", "Terminated", 0, 15)


def test_a_stopped_process_ends_too(runtime: Runtime) -> None:
    spec = batch("#!/bin/sh\necho ready\nkill -STOP $$\n", limits=Limits(grace=20))
    node = runtime.start(spec)
    wait_until(lambda: "ready" in node.stdout, "the script")
    assert node.terminate() == 143
    assert processes_of(spec.submission) == []


def test_the_time_limit(runtime: Runtime) -> None:
    spec = batch(STUBBORN, limits=Limits(seconds=1, grace=0))
    code, node = runtime.run(spec)
    assert (code, end_of(spec, node)) == (143, ("TIMEOUT", "TimeLimit", 0, 9))
    assert "DUE TO TIME LIMIT ***\n" in node.stderr
    assert processes_of(spec.submission) == []
    (end,) = reports_of(spec, node.err.read_bytes())["end"]
    assert 1 <= end["end"] - end["start"] < 10


def test_the_warning_before_the_time_limit(runtime: Runtime) -> None:
    script = "#!/bin/sh\ntrap 'echo warned; exit 5' USR1\nwhile :; do sleep 0.01; done\n"
    spec = batch(script, limits=Limits(seconds=60, signal=int(signal.SIGUSR1), warn=59, batch_only=True))
    code, node = runtime.run(spec)
    assert (code, node.stdout) == (5, "warned\n")


@pytest.mark.parametrize("child", ["sleep 3600", "setsid sleep 3600", "nohup sh -c 'trap \"\" TERM; sleep 3600; sleep 3600'"])
def test_children_in_the_background_end_with_the_script(runtime: Runtime, child: str) -> None:
    spec = batch(f"#!/bin/sh\n{child} >/dev/null 2>&1 &\nexit 3\n", limits=Limits(grace=600))
    code, node = runtime.run(spec)
    assert (code, processes_of(spec.submission), end_of(spec, node)) == (3, [], ("FAILED", "NonZeroExitCode", 3, 0))


def test_the_script_dies_with_launch(runtime: Runtime) -> None:
    spec = batch("#!/bin/sh\necho ready\nwhile :; do read line < /dev/zero; done\n")
    node = runtime.start(spec)
    wait_until(lambda: node.stdout == "ready\n", "the script")
    node.process.kill()
    assert node.wait() == -signal.SIGKILL
    wait_until(lambda: processes_of(spec.submission) == [], "the script's end")


# Reports, and the runtime directory.


def test_reports(runtime: Runtime, tmp_path: Path) -> None:
    """The same two lines in the log and in the report file; a MAC of another secret makes them nobody's."""
    path = tmp_path / "reports"
    spec = batch("#!/bin/sh\nprintf 'no newline at the end' >&2\n", report_file=place(path))
    code, node = runtime.run(spec)
    assert code == 0
    log = reports_of(spec, node.err.read_bytes())
    in_file = reports_of(spec, path.read_bytes())
    assert [one["step"] for one in in_file.pop("usage")] == ["batch"]  # to the file only
    assert log == in_file
    (start,), (end,) = log["start"], log["end"]
    assert (start["node"], start["nodes"], start["pid"]) == (0, "127.0.0.1", node.process.pid)
    assert (end["start"], end["submission"]) == (start["time"], spec.submission)
    assert end["start"] <= end["end"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert reports_of(replace(spec, secret="0" * 64), path.read_bytes()) == {"start": [], "step": [], "end": []}
    forged = path.read_bytes().replace(b'"COMPLETED"', b'"CANCELLED"')
    assert reports_of(spec, forged)["end"] == []


def test_a_step_is_reported_to_the_file_only(runtime: Runtime, tmp_path: Path) -> None:
    path = tmp_path / "reports"
    spec = batch("#!/bin/sh\nsrun -n2 sh -c 'exit $((SLURM_PROCID * 6))'\n", report_file=place(path))
    code, node = runtime.run(spec)
    (step,) = reports_of(spec, path.read_bytes())["step"]
    assert code == 6
    expected = {"step": 0, "name": "sh", "nodes": "127.0.0.1", "tasks": 2, "code": 6, "signal": 0, "state": "FAILED"}
    assert {name: step[name] for name in expected} == expected
    assert reports_of(spec, node.err.read_bytes())["step"] == []


def test_the_runtime_directory(runtime: Runtime) -> None:
    spec = batch('#!/bin/sh\necho "$0"\nwhile [ ! -e "$MLSPACE_JOB_DIR/go" ]; do sleep 0.01; done\n')
    directory = runtime_directory(spec)
    node = runtime.start(spec)
    wait_until(lambda: node.stdout, "the script")
    assert node.stdout == f"{directory}/script\n"
    assert [path.stat().st_mode & 0o777 for path in (directory.parent, directory, directory / "script")] == [0o700] * 3
    assert (directory / "pid").read_text().strip() == str(node.process.pid)
    assert (directory / "channel").is_socket()
    assert (directory / "bin" / "srun").resolve() == runtime.launch.resolve()
    (directory / "go").touch()
    assert node.wait() == 0
    assert not directory.exists()


@pytest.mark.parametrize("how", ["end", "signal", "limit"])
def test_the_runtime_directory_is_removed(runtime: Runtime, how: str) -> None:
    """Also what the job has put into it."""
    script = "#!/bin/sh\nmkdir -p $MLSPACE_JOB_DIR/a/b; echo x > $MLSPACE_JOB_DIR/a/b/c; ln -s / $MLSPACE_JOB_DIR/root\necho ready\n"
    spec = batch(script + ("" if how == "end" else "exec sleep 3600\n"), limits=Limits(seconds=1 if how == "limit" else None, grace=5))
    node = runtime.start(spec)
    wait_until(lambda: node.stdout == "ready\n", "the script")
    if how == "signal":
        node.terminate()
    node.wait()
    assert not runtime_directory(spec).exists()
    assert Path("/etc").exists()


def test_a_private_runtime_directory(runtime: Runtime, tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("r")
    spec = batch("#!/bin/sh\nsrun -n1 printenv MLSPACE_JOB_DIR\n")
    code, node = runtime.run(spec, {"XDG_RUNTIME_DIR": str(directory)})
    assert (code, node.stdout) == (0, f"{directory}/mlspace/{runtime_directory(spec).name}\n")
    assert list((directory / "mlspace").iterdir()) == []


@pytest.mark.parametrize("kind", ["link", "open to others", "file"])
def test_a_runtime_directory_of_somebody_else_is_refused(runtime: Runtime, tmp_path: Path, kind: str) -> None:
    root = tmp_path / "mlspace"
    if kind == "link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        root.symlink_to("elsewhere")
    elif kind == "file":
        root.touch(0o600)
    else:
        root.mkdir()
        root.chmod(0o770)
    code, node = runtime.run(batch("#!/bin/sh\necho ran\n"), {"XDG_RUNTIME_DIR": str(tmp_path)})
    assert (code, node.stdout) == (1, "")
    assert f"{root} is not a directory of our own" in without_reports(node.stderr)


def test_many_at_once(runtime: Runtime) -> None:
    """Jobs know nothing of each other."""
    specs = [batch(f"#!/bin/sh\nsrun -n2 echo {number}\nexit {number}\n") for number in range(20)]
    nodes = [runtime.start(spec) for spec in specs]
    assert [node.wait() for node in nodes] == list(range(20))
    assert [node.stdout for node in nodes] == [f"{number}\n{number}\n" for number in range(20)]


@pytest.mark.parametrize(("word", "line"), [("JOB REQUEUE", " DUE TO JOB REQUEUE"), ("PREEMPTION", " DUE TO PREEMPTION"), ("nonsense", "")])
def test_why_a_job_is_ended(runtime: Runtime, word: str, line: str) -> None:
    """As the login side leaves it in the runtime directory."""
    spec = batch("#!/bin/sh\nsrun -n1 sh -c 'echo ready; exec sleep 3600'\n")
    node = runtime.start(spec)
    wait_until(lambda: "ready" in node.stdout, "the step")
    (runtime_directory(spec) / "why").write_text(word)
    assert node.terminate() == 143
    assert spec.job
    for what in (f"JOB {spec.job.id}", f"STEP {spec.job.id}.0"):
        assert re.search(rf"error: \*\*\* {what} ON 127\.0\.0\.1 CANCELLED AT [-\dT:]*{line} \*\*\*\n", node.stderr)
