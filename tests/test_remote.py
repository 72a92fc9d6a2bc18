"""The commands with credentials: over a Gateway whose nodes are elsewhere. The parts carry the specification, output comes by the log."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Cli, wait_until
from tests.launcher.helpers.runtime import newest_launch
from tests.local.conftest import KNOWN, REGION, Gateway, end_executors, serve  # noqa: F401 - a fixture


@pytest.fixture
def remote(cli: Cli, serve: Callable[..., Gateway]) -> Cli:  # noqa: F811
    """`cli` with a configuration that means a Gateway."""
    gateway = serve("--quick", "--kill-grace", "1")
    cli.env |= {f"MLSPACE_{name.upper().replace('-', '_')}": value for name, value in KNOWN.items()}
    cli.env |= {"MLSPACE_ENDPOINT": gateway.url, "MLSPACE_LAUNCH": str(newest_launch()), "MLSPACE_IMAGE": "cr.example/image:1"}
    return cli


def test_a_batch_job(remote: Cli) -> None:
    done = remote("sbatch", "--wait", "--wrap", "srun hostname; exit 5")
    assert (done.stdout, done.stderr, done.code) == ("Submitted batch job 1\n", "", 5)
    assert remote("sacct", "-n", "-X", "-P", "-o", "JobID,Partition,State,ExitCode").stdout == f"1|{REGION}|FAILED|5:0\n"


def test_a_program_over_two_nodes(remote: Cli) -> None:
    done = remote("srun", "-N2", "-n4", "-l", "sh", "-c", "echo out; echo err >&2; exit $SLURM_PROCID")
    assert sorted(done.stdout.splitlines()) == [f"{task}: out" for task in range(4)]
    assert set(done.stderr.splitlines()) > {f"{task}: err" for task in range(4)}
    assert done.code == 3


def test_no_line_is_lost_or_comes_twice(remote: Cli) -> None:
    assert remote("srun", "seq", "20000").stdout == "".join(f"{number}\n" for number in range(1, 20001))


def test_standard_error_is_the_programs_own(remote: Cli) -> None:
    """Reports, which come by the same stream, leave no trace in it."""
    assert remote("srun", "sh", "-c", "echo >&2; echo a >&2; echo >&2").stderr == "\na\n\n"


def test_what_a_log_cannot_do_is_said(remote: Cli) -> None:
    done = remote("srun", "cat", stdin=b"abc")
    assert done.stderr == "srun: warning: standard input does not reach the program on this cluster yet\n"
    for word in ("-o2", "--output=of-%t", "-eof-%N", "--error=%n"):
        refused = remote("srun", word, "true")
        assert (refused.stdout, refused.code) == ("", 1)
        assert ": this cluster's log does not tell tasks apart\n" in refused.stderr.partition("\n")[0] + "\n"
    assert remote("squeue", "-h").stdout == ""
    refused = remote("srun", "--multi-prog", "file")
    assert (refused.stdout, refused.code) == ("", 1)
    assert refused.stderr.startswith("srun: error: --multi-prog is not supported on this cluster yet\n")


def test_more_nodes_than_there_are_kinds_of(remote: Cli) -> None:
    assert remote("srun", "-N3", "true").code == 0


STREAMS = "echo out; echo err >&2"


@pytest.mark.parametrize(
    ("words", "shown", "files"),
    [
        (["-o", "%x-%j.%s.out"], ("", ""), {"sh-1.0.out": "out\nerr\n"}),
        (["-e", "%J.err"], ("out\n", ""), {"1.0.err": "err\n"}),
        (["-o", "same", "-e", "same"], ("", ""), {"same": "out\nerr\n"}),
        (["-o", "out", "-e", "none"], ("", ""), {"out": "out\n"}),
        (["-o", "none"], ("", ""), {}),
        (["-o", "all", "-e", r"a\%j"], ("out\n", ""), {"a%j": "err\n"}),
        (["--open-mode=append", "-o", "there"], ("", ""), {"there": "before\nout\nerr\n"}),
        (["-o", "there"], ("", ""), {"there": "out\nerr\n"}),
    ],
)
def test_output_files_are_written_here(remote: Cli, words: list[str], shown: tuple[str, str], files: dict[str, str]) -> None:
    (remote.directory / "there").write_text("before\n")
    done = remote("srun", *words, "sh", "-c", STREAMS)
    assert (done.stdout, done.stderr, done.code) == (*shown, 0)
    found = {name: (remote.directory / name).read_text() for name in files}
    assert {name: sorted(text) for name, text in found.items()} == {name: sorted(text) for name, text in files.items()}


def test_an_output_file_that_cannot_be_opened(remote: Cli) -> None:
    done = remote("srun", "-o", "no/such/x", "sleep", "300")
    assert (done.stdout, done.stderr, done.code) == ("", "srun: error: Could not open stdout file: No such file or directory\n", 1)
    assert remote("sacct", "-nXP", "-o", "State").stdout.startswith("CANCELLED")


def test_cancelling(remote: Cli) -> None:
    job = remote("sbatch", "--parsable", "--wrap", "touch began; sleep 300").stdout.strip()
    wait_until((remote.directory / "began").exists, "the job")
    assert remote("scancel", job).code == 0
    wait_until(lambda: remote("squeue", "-h").stdout == "", "the end of the job")
    assert remote("sacct", "-n", "-X", "-P", "-o", "State").stdout.startswith("CANCELLED by ")


def test_a_signal_does_not_reach_nodes_that_are_elsewhere(remote: Cli) -> None:
    job = remote("sbatch", "--parsable", "--wrap", "touch began; sleep 300").stdout.strip()
    wait_until((remote.directory / "began").exists, "the job")
    for words in (("-s", "USR1", job), (f"{job}.0",), ("-b", job)):
        refused = remote("scancel", *words)
        assert refused.code == 1
        assert refused.stderr.startswith("scancel: error: steps and scripts of jobs on this cluster cannot be signalled from here\n")
    assert remote("scancel", "-s", "KILL", job).code == 0
    wait_until(lambda: remote("squeue", "-h").stdout == "", "the end of the job")


def test_cancelling_without_a_way_to_the_gateway(remote: Cli, tmp_path: Path) -> None:
    """The request is in the registry, and the next command that can sends it."""
    remote("sbatch", "--wrap", "sleep 300")
    wait_until(lambda: remote("squeue", "-h", "-o", "%T").stdout == "RUNNING\n", "it to run")
    broken = tmp_path / "configuration" / "mlspace"
    broken.mkdir(parents=True)
    (broken / "config.yaml").write_text("no such key: 1\n")
    refused = remote("scancel", "1", env={"XDG_CONFIG_HOME": str(broken.parent)})
    assert refused.code == 1
    assert refused.stderr.splitlines()[-1] == "scancel: error:   the request is kept: it is sent again by the next commands"
    wait_until(lambda: remote("sacct", "-nXP", "-j1", "-o", "State").stdout.startswith("CANCELLED by"), "its end")


@pytest.mark.parametrize("image", ["a b", "", "cr.example/x:1;rm", "-x", "a\tb", "./image.sqsh"])
def test_what_is_no_image(remote: Cli, image: str) -> None:
    refused = remote("sbatch", f"--image={image}", "--wrap", "true")
    assert (refused.stdout, refused.code) == ("", 1)
    assert refused.stderr.startswith(f"sbatch: error: --image={image}: no image of a registry\n")
    assert remote("squeue", "-h").stdout == ""


def test_many_that_look_ask_the_platform_no_more_than_one(remote: Cli) -> None:
    """At most 40 requests a minute, and what is shown is 2 s old at most (design §4)."""
    record = Path(os.environ["MLSPACE_RECORD"])
    remote("sbatch", "-o", "/dev/null", "--array=1-3", "--wrap", "sleep 300")
    wait_until(lambda: remote("squeue", "-h", "-t", "R").stdout.count("\n") == 3, "them to run")
    loops = [remote.start("squeue", "-i", "1", stdout=subprocess.PIPE) for _ in range(8)]
    before, since = len(record.read_text().splitlines()), time.monotonic()
    time.sleep(8)
    asked, seconds = len(record.read_text().splitlines()) - before, time.monotonic() - since
    for loop in loops:
        loop.kill()
        loop.communicate()
    assert seconds / 4 <= asked <= seconds * 40 / 60 + 2
    remote("scancel", "1")


def test_control_c_cancels_the_job(remote: Cli) -> None:
    process = remote.start("srun", "sh", "-c", "touch began; sleep 300", start_new_session=True)
    wait_until((remote.directory / "began").exists, "the job")
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    wait_until(lambda: remote("squeue", "-h").stdout == "", "the end of the job")


def test_the_older_tools_door(remote: Cli) -> None:
    image = ("-i", "cr.example/other:2", "-r", REGION)
    done = remote("mlspace", *image, "-e", "COLOUR=red", "-w", "/tmp", "--", "sh", "-c", "echo $COLOUR; pwd; exit 6")
    assert (done.stdout, done.code) == ("red\n/tmp\n", 6)
    shown = json.loads(remote("mlspace", *image, "-n", "--", "env").stdout)
    assert (shown["base_image"], shown["flags"]["spec-num-parts"]) == ("cr.example/other:2", "1")


def test_a_gateway_that_is_away(remote: Cli) -> None:
    """A submission is refused, and leaves nothing; what is known is shown, with a word."""
    assert remote("sbatch", "--wait", "--wrap", "true").code == 0
    away = {"MLSPACE_ENDPOINT": "http://127.0.0.1:9"}
    done = remote("sbatch", "--wrap", "true", env=away)
    assert (done.stdout, done.code) == ("", 1)
    assert done.stderr.startswith("sbatch: error: ")
    assert "Unable to contact MLSpace at http://127.0.0.1:9" in done.stderr
    assert remote("squeue", "-h", "-t", "all", "-o", "%i %T", env=away).stdout == "1 COMPLETED\n"
    assert remote("scontrol", "ping", env=away).stdout.endswith(" is DOWN\n")


@pytest.mark.parametrize("missing", ["MLSPACE_CLIENT_SECRET", "MLSPACE_API_KEY"])
def test_credentials_that_are_not_complete(remote: Cli, missing: str) -> None:
    done = remote("sbatch", "--wrap", "true", env={missing: ""})
    assert (done.stdout, done.code) == ("", 1)
    assert missing in done.stderr


def test_wrong_credentials(remote: Cli) -> None:
    done = remote("sbatch", "--wrap", "true", env={"MLSPACE_CLIENT_SECRET": "wr0ng"})
    assert (done.stdout, done.code) == ("", 1)
    assert "mlspace config show" in done.stderr
    assert "wr0ng" not in done.stderr


def test_no_secret_is_in_the_state_directory_for_others(remote: Cli, state: Path) -> None:
    assert remote("sbatch", "--wait", "--wrap", "true").code == 0
    assert [path for path in [state, *state.rglob("*")] if path.stat().st_mode & 0o077] == []


def test_ranks_of_mpirun(remote: Cli) -> None:
    """A Gateway is configured, so mpirun is ours, whatever else is on the PATH; who failed is in the log's reports."""
    others = "until [ -e 0 ] && [ -e 1 ] && [ -e 3 ]; do sleep 0.01; done"
    script = f"r=$OMPI_COMM_WORLD_RANK; echo $r >&2; echo $A; touch $r; [ $r = 2 ] || exec sleep 100; {others}; exit 6"
    done = remote("mpirun", "-np", "4", "-N", "2", "-x", "A=1", "--tag-output", "sh", "-c", script, env={"B": "no"})
    assert sorted(done.stdout.splitlines()) == [f"[1,{rank}]<stdout>:1" for rank in range(4)]
    named = [line for line in done.stderr.splitlines() if line.startswith("[1,")]
    assert [line.split()[0] for line in sorted(named)] == [f"[1,{rank}]<stderr>:{rank}" for rank in range(4)]
    assert (done.stderr.endswith(TOLD_OF_RANK_2), done.code) == (True, 6), done.stderr
    assert remote("sacct", "-n", "-X", "-P", "-o", "JobID,NNodes,State,ExitCode").stdout == "1|2|FAILED|6:0\n"


TOLD_OF_RANK_2 = """\

  Process name: [[1,1],2]
  Exit code:    6
--------------------------------------------------------------------------
"""


def test_mpirun_by_the_nodes_own_is_a_batch_job(remote: Cli, tmp_path: Path) -> None:
    """Its command line is the user's; of the environment only what -x names travels, as where images differ."""
    (tmp_path / "mpirun").write_text("#!/bin/sh\necho $* A=$A B=$B $SLURM_TASKS_PER_NODE; exit 3\n")
    (tmp_path / "mpirun").chmod(0o755)
    words = ["--rankfile", "f", "-H", "localhost:3", "-x", f"PATH={tmp_path}:/usr/bin:/bin", "-x", "A=1", "prog", ":", "-np", "1", "x"]
    done = remote("mpirun", "-np", "2", *words, env={"B": "no"})
    assert (done.stdout, done.code) == ("", 1)
    assert "hosts of several programs cannot be told apart" in done.stderr
    done = remote("mpirun", "--time=5", "-np", "2", *words[:-4], env={"B": "no"})
    assert (done.stdout, done.code) == (f"-np 2 --rankfile f -x PATH={tmp_path}:/usr/bin:/bin -x A=1 prog A=1 B= 2\n", 3)


def test_logs(remote: Cli, state: Path) -> None:
    assert remote("srun", "sh", "-c", "echo first; echo wrong >&2; sleep 0.1; echo a; echo b >&2").code == 0
    shown = remote("mlspace", "logs", "1")
    assert (shown.stdout, shown.stderr, shown.code) == ("first\na\n", "wrong\nb\n", 0)
    assert remote("mlspace", "logs", "-f", "1") == shown
    with contextlib.closing(sqlite3.connect(state / "registry.sqlite")) as registry:
        (name,) = registry.execute("SELECT platform_job FROM submission").fetchone()
    assert remote("mlspace", "logs", name) == shown
    last = remote("mlspace", "logs", "-n", "2", "1")
    assert (last.stdout, last.stderr) == ("a\n", "b\n")
    raw = remote("mlspace", "logs", "--raw", "1").stdout.splitlines()
    assert next(line for line in raw if line.endswith("[1,0]<stdout>:first")).startswith("20")
    stamps = [line.split()[0] for line in raw if line.startswith("20")]
    assert stamps == sorted(stamps)
    assert any("#mlspace-report" in line for line in raw)
    assert remote("mlspace", "logs", "--raw", "-n", "3", "1").stdout.splitlines() == raw[-3:]


def test_logs_go_on_while_the_job_runs(remote: Cli) -> None:
    """-n begins with the last lines, and -f goes on behind them."""
    wait = "until [ -e go ]; do sleep 0.05; done"
    with remote.start("srun", "sh", "-c", f"seq 100; {wait}; echo end", stdout=subprocess.PIPE) as job:
        assert job.stdout is not None
        assert [job.stdout.readline() for _ in range(100)][-1] == b"100\n"
        now = remote("mlspace", "logs", "-n", "2", "1")
        assert (now.stdout, now.code) == ("99\n100\n", 0)
        with remote.start("mlspace", "logs", "-f", "-n", "3", "1", stdout=subprocess.PIPE) as following:
            assert following.stdout is not None
            assert [following.stdout.readline() for _ in range(3)] == [b"98\n", b"99\n", b"100\n"]
            (remote.directory / "go").touch()
            assert following.stdout.read() == b"end\n"
        assert job.stdout.read() == b"end\n"


def test_logs_of_what_has_none(remote: Cli) -> None:
    unknown = remote("mlspace", "logs", "77")
    assert (unknown.stdout, unknown.code) == ("", 1)
    assert unknown.stderr.startswith("mlspace: error: Invalid job id 77\n")
    assert remote("sbatch", "--hold", "--wrap", "true").code == 0
    held = remote("mlspace", "logs", "1")
    assert (held.code, "job 1 was never sent to MLSpace (PENDING, JobHeldUser)" in held.stderr) == (1, True)


def test_why_a_program_could_not_be_started(remote: Cli, tmp_path: Path) -> None:
    """The platform's mpirun says it by no rank, and nobody else does."""
    done = remote("srun", "true", env={"MLSPACE_LAUNCH": str(tmp_path / "nowhere" / "launch")})
    assert done.code != 0
    assert "nowhere/launch" in done.stderr, done


def test_output_files_that_the_node_does_not_see(remote: Cli) -> None:
    """Their directory is another one there: here it is made anew behind the job's back. They are written from the log."""
    out = remote.directory / "out"
    for options, streams in (((), {"job.out": "a\nb\n"}), (("-e", "out/job.err"), {"job.out": "a\n", "job.err": "b\n"})):
        out.mkdir()
        words = ("-o", "out/job.out", *options, "--wrap", "echo a; sleep 0.2; echo b >&2")
        job = remote("sbatch", "--hold", "--parsable", *words).stdout.strip()
        out.rename(remote.directory / f"was-{job}")
        out.mkdir()
        assert remote("scontrol", "release", job).code == 0
        wait_until(lambda: remote("squeue", "-h").stdout == "", "the end of the job")
        assert {path.name: path.read_text() for path in out.iterdir()} == streams
        shutil.rmtree(out)


@pytest.mark.parametrize("killed", [False, True])
def test_output_grows_while_the_job_runs(remote: Cli, killed: bool) -> None:
    """No line is lost or comes twice, also when the controller is killed between two of them."""
    out = remote.directory / "out"
    out.mkdir()
    script = "seq 1000; echo err >&2; until [ -e go ]; do sleep 0.05; done; seq 1001 2000; until [ -e end ]; do sleep 0.05; done; echo end"
    words = ("-a", "7", "-o", "out/%A_%a.out", "-e", "out/%A_%a.err", "--wrap", script)
    job = remote("sbatch", "--hold", "--parsable", *words).stdout.strip()
    out.rename(remote.directory / "was")
    out.mkdir()
    text, err = out / f"{job}_7.out", out / f"{job}_7.err"
    text.write_text("of a job before\n")
    assert remote("scontrol", "release", job).code == 0
    half, whole = ("".join(f"{number}\n" for number in range(1, last + 1)) for last in (1000, 2000))
    wait_until(lambda: text.read_text() == half and err.exists() and err.read_text() == "err\n", "what it says at first")
    if killed:
        leader, state = sqlite3.connect(Path(remote.env["MLSPACE_STATE_DIR"]) / "registry.sqlite"), "SELECT owner FROM leader"
        os.kill(int(leader.execute(state).fetchone()[0].split()[1]), signal.SIGKILL)
        leader.close()
        assert remote("sbatch", "--hold", "--wrap", "true").code == 0  # which starts another one
    (remote.directory / "go").touch()
    wait_until(lambda: text.read_text() == whole, "what it says then")
    assert remote("squeue", "-h", "-t", "R", "-o", "%T").stdout == "RUNNING\n"
    (remote.directory / "end").touch()
    wait_until(lambda: remote("squeue", "-h", "-t", "R,CG").stdout == "", "the end of the job")
    assert (text.read_text(), err.read_text()) == (whole + "end\n", "err\n")


def test_output_that_is_appended(remote: Cli) -> None:
    out = remote.directory / "out"
    out.mkdir()
    words = ("--open-mode=append", "-o", "out/%j.out", "--wrap", "echo a")
    job = remote("sbatch", "--hold", "--parsable", *words).stdout.strip()
    out.rename(remote.directory / "was")
    out.mkdir()
    (out / f"{job}.out").write_text("before\n")
    assert remote("scontrol", "release", job).code == 0
    wait_until(lambda: remote("squeue", "-h").stdout == "", "the end of the job")
    assert (out / f"{job}.out").read_text() == "before\na\n"


def test_waiting_for_a_job_that_is_cancelled_before_it_is_sent(remote: Cli) -> None:
    with remote.start("sbatch", "--wait", "--hold", "--wrap", "true", stdout=subprocess.PIPE) as waiting:
        assert waiting.stdout is not None
        assert waiting.stdout.readline() == b"Submitted batch job 1\n"
        assert remote("scancel", "1").code == 0
        assert waiting.wait(30) == 1
