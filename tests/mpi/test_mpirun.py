"""mpirun by its public door: on a laptop without Open MPI each rank is started by the embedded MLSpace itself."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Cli, wait_until

RANK = "${OMPI_COMM_WORLD_RANK:-none}"


def lines(text: str) -> list[str]:
    return sorted(text.splitlines())


def test_ranks_on_nodes(laptop: Cli) -> None:
    """Two CPUs on a node: four ranks are two on each of two."""
    done = laptop("mpirun", "-np", "4", "sh", "-c", f"echo {RANK}/$OMPI_COMM_WORLD_SIZE $OMPI_COMM_WORLD_LOCAL_RANK $SLURM_JOB_ID")
    assert (lines(done.stdout), done.stderr, done.code) == (["0/4 0 1", "1/4 1 1", "2/4 0 1", "3/4 1 1"], "", 0)
    assert laptop("sacct", "-n", "-X", "-P", "-o", "JobName,NNodes,State,ExitCode").stdout == "sh|2|COMPLETED|0:0\n"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["-np", "2", "--nodes=2"], ["0 n1", "1 n2"]),
        (["-N", "1", "-np", "2"], ["0 n1", "1 n2"]),
        (["--map-by", "ppr:2:node"], ["0 n1", "1 n1"]),
        (["-H", "n2:1,n3:1"], ["0 n2", "1 n3"]),
        (["-np", "3", "--oversubscribe"], ["0 n1", "1 n1", "2 n1"]),
        (["-np", "3"], ["0 n1", "1 n2", "2 n3"]),
        (["-H", "localhost:2"], ["0 n1", "1 n1"]),
        (["--hostfile", "hosts"], ["0 n4"]),
    ],
    ids=" ".join,
)
def test_where_ranks_run(laptop: Cli, options: list[str], expected: list[str]) -> None:
    (laptop.directory / "hosts").write_text("# mine\nn4 slots=1\n")
    done = laptop("mpirun", *options, "sh", "-c", f"echo {RANK} $PMIX_HOSTNAME")
    assert (lines(done.stdout), done.stderr, done.code) == (expected, "", 0)


def test_variables_directory_and_parameters(laptop: Cli, tmp_path: Path) -> None:
    """On a machine that shares everything ranks have the caller's environment, as mpirun's own have; -x wins."""
    script = 'echo "$A|$B|$C|$OMPI_MCA_btl|$SECRET|$PWD"'
    words = ["-np", "1", "-x", "A=1 2", "-x", "B", "-mca", "btl", "^tcp", "-wdir", str(tmp_path)]
    done = laptop("mpirun", *words, "sh", "-c", script, env={"B": "b", "C": "c"})
    assert (done.stdout, done.stderr, done.code) == (f"1 2|b|c|^tcp||{tmp_path}\n", "", 0)
    done = laptop("mpirun", "-np", "1", "-x", "NO_SUCH", "true")
    assert (done.stderr, done.code) == ('mpirun: Warning: could not find environment variable "NO_SUCH"\n', 0)


def test_streams(laptop: Cli) -> None:
    script = "echo out; echo err >&2; printf end"
    plain = laptop("mpirun", "-np", "2", "sh", "-c", script)
    assert (lines(plain.stdout), lines(plain.stderr)) == (["end", "end", "out", "out"], ["err", "err"])
    tagged = laptop("mpirun", "-np", "2", "--tag-output", "sh", "-c", script)
    assert lines(tagged.stdout) == [f"[1,{rank}]<stdout>:{word}" for rank in (0, 1) for word in ("end", "out")]
    assert lines(tagged.stderr) == ["[1,0]<stderr>:err", "[1,1]<stderr>:err"]
    merged = laptop("mpirun", "-np", "1", "-merge-stderr-to-stdout", "--tag-output", "--timestamp-output", "sh", "-c", "echo err >&2")
    assert merged.stderr == ""
    assert re.fullmatch(r"\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}\[1,0\]<stdout>:err\n", merged.stdout)


def test_a_file_is_standard_input_of_rank_0(laptop: Cli) -> None:
    script = ["-np", "2", "sh", "-c", f"echo {RANK} $(cat)"]
    name = laptop.directory / "a %t file"
    name.write_text("words\n")
    with name.open() as file, laptop.start("mpirun", *script, stdin=file, stdout=subprocess.PIPE) as process:
        assert lines(process.communicate(timeout=60)[0].decode()) == ["0 words", "1"]
    piped = laptop("mpirun", *script, stdin=b"words\n")
    assert (lines(piped.stdout), piped.code) == (["0", "1"], 0)
    assert piped.stderr == "mpirun: warning: standard input does not reach the ranks: only a file does: < FILE\n"
    assert laptop("mpirun", "--stdin", "none", *script, stdin=b"words\n").stderr == ""


ABORTED = """\
--------------------------------------------------------------------------
Primary job  terminated normally, but 1 process returned
a non-zero exit code. Per user-direction, the job has been aborted.
--------------------------------------------------------------------------
"""
EXITED = """\
--------------------------------------------------------------------------
mpirun detected that one or more processes exited with non-zero status, thus causing
the job to be terminated. The first process to do so was:

  Process name: [[1,1],{rank}]
  Exit code:    {code}
--------------------------------------------------------------------------
"""
KILLED = """\
--------------------------------------------------------------------------
mpirun noticed that process rank {rank} with PID 0 on node n1 exited on signal {code}.
--------------------------------------------------------------------------
"""


@pytest.mark.parametrize(
    ("script", "rank", "text", "said", "code", "accounted"),
    [
        ("[ {0} = 0 ] && exit 7; exec sleep 100", 0, EXITED, "7", 7, "FAILED|7:0"),
        ("[ {0} = 1 ] && exit 3; exec sleep 100", 1, EXITED, "3", 3, "FAILED|3:0"),
        ("[ {0} = 0 ] && exit 0; sleep 0.3; exit 5", 1, EXITED, "5", 5, "FAILED|5:0"),
        ("[ {0} = 0 ] || exec sleep 100; kill -9 $$", 0, KILLED, "9 (Killed)", 137, "FAILED|0:9"),
        ("[ {0} = 1 ] || exec sleep 100; kill -11 $$", 1, KILLED, "11 (Segmentation fault)", 139, "FAILED|0:11"),
    ],
    ids=["rank 0", "rank 1", "rank 1, when rank 0 has ended well", "rank 0 is killed", "rank 1 is killed"],
)
def test_a_rank_that_fails_ends_the_others(laptop: Cli, script: str, rank: int, text: str, said: str, code: int, accounted: str) -> None:
    """mpirun's text and exit code are those of the first one; accounting knows it, too."""
    done = laptop("mpirun", "-np", "2", "sh", "-c", script.format(RANK))
    assert (done.stdout, done.stderr, done.code) == ("", ABORTED + text.format(rank=rank, code=said), code)
    assert laptop("sacct", "-n", "-X", "-P", "-o", "State,ExitCode").stdout == f"{accounted}\n"
    if rank == 0:
        assert laptop("mpirun", "-q", "-np", "2", "sh", "-c", script.format(RANK)).stderr == ""


def test_a_program_that_is_not_there(laptop: Cli) -> None:
    done = laptop("mpirun", "-np", "1", "no-such-program")
    assert (done.stdout, done.code) == ("", 127)
    assert done.stderr.startswith("launch: error: no-such-program: No such file or directory\n")


TIMED_OUT = """\
--------------------------------------------------------------------------
The user-provided time limit for job execution has been reached:

  Timeout: 1 seconds

The job will now be aborted.  Please check your code and/or
adjust/remove the job execution time limit (as specified by --timeout
command line option or MPIEXEC_TIMEOUT environment variable).
--------------------------------------------------------------------------
"""


@pytest.mark.parametrize("way", ["option", "variable"])
def test_timeout(laptop: Cli, way: str) -> None:
    """Text and exit code are Open MPI's; test_open_mpi.py runs that."""
    told = ["--timeout", "1"] if way == "option" else []
    done = laptop("mpirun", *told, "-np", "2", "sleep", "100", env={"MPIEXEC_TIMEOUT": "1"} if way == "variable" else {})
    assert (done.stdout, done.stderr, done.code) == ("", TIMED_OUT, 110)
    assert laptop("sacct", "-n", "-X", "-P", "-o", "State").stdout == "TIMEOUT\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_control_c_ends_the_job(laptop: Cli, number: signal.Signals) -> None:
    words = ["-np", "2", "sh", "-c", f"touch began.{RANK}; exec sleep 300"]
    process = laptop.start("mpirun", *words, stderr=subprocess.PIPE, start_new_session=True)
    wait_until(lambda: all((laptop.directory / f"began.{rank}").exists() for rank in (0, 1)), "both ranks")
    process.send_signal(number)
    assert process.communicate(timeout=60)[1].decode() == "mpirun: job 1 is cancelled\n"
    assert process.returncode == 130
    wait_until(lambda: laptop("squeue", "-h").stdout == "", "the end of the job")


def test_what_only_open_mpi_can_do_is_refused(laptop: Cli) -> None:
    for words, reason in (
        (["-np", "1", "true", ":", "-np", "1", "false"], "several programs"),
        (["-np", "3", "--nodes=2", "true"], "ranks that are 2 and 1 on its nodes"),
        (["--rankfile", "f", "-np", "1", "true"], "--rankfile"),
        (["--start-by=node", "-np", "1", "true"], "--start-by=node"),
    ):
        done = laptop("mpirun", *words)
        assert (done.stdout, done.code) == ("", 1)
        assert done.stderr.startswith(f"mpirun: error: {reason}: that takes the nodes' own Open MPI, and there is none on this machine\n")
    assert laptop("sacct", "-n", "-X").stdout == ""


def test_what_has_no_effect_is_said_once(laptop: Cli) -> None:
    done = laptop("mpirun", "--bind-to", "core", "-report-pid", "-", "-np", "1", "true")
    started = "the platform's mpirun has been started already; --start-by=node has the job's own, which honours it"
    assert done.stderr.splitlines() == [
        f"mpirun: warning: --bind-to is ignored: {started}",
        "mpirun: warning: -report-pid is ignored: this process is not the one that starts the ranks",
    ]
    assert laptop("mpirun", "--bind-to", "none", "--allow-run-as-root", "-np", "1", "true").stderr == ""


def test_options_of_the_cluster(laptop: Cli) -> None:
    words = ["--job-name=mine", "--time=5", "--partition", "debug", "--comment", "a b", "-v", "-np", "1"]
    done = laptop("mpirun", *words, "true", "--image=x")
    assert (done.stderr, done.code) == ("mpirun: job 1: 1 ranks on 1 nodes, started by the platform's mpirun\n", 0)
    assert laptop("sacct", "-n", "-X", "-P", "-o", "JobName,Timelimit,Comment").stdout == "mine|00:05:00|a b\n"
    refused = laptop("mpirun", "--partition=no-such", "-np", "1", "true", env={"MLSPACE_UNKNOWN_NAMES": "refuse"})
    assert (refused.stdout, refused.code) == ("", 1)
    assert "invalid partition specified: no-such" in refused.stderr


def test_an_appfile(laptop: Cli) -> None:
    (laptop.directory / "app").write_text("# one program\n-np 2 sh -c 'echo \"a b\"'\n\n")
    assert laptop("mpirun", "--app", "app").stdout == "a b\na b\n"


def test_mpiexec_is_the_same(laptop: Cli) -> None:
    assert laptop("mpiexec", "-n", "2", "echo", "hi").stdout == "hi\nhi\n"
    assert laptop("mpiexec", "--bogus").stderr == "mpiexec: Error: unknown option \"--bogus\"\nType 'mpiexec --help' for usage.\n"


def test_help_and_version(laptop: Cli) -> None:
    """Programs look for Open MPI's name in the version (Horovod)."""
    assert laptop("mpirun", "--version").stdout == "mpirun (Open MPI) 4.1.4\n"
    done = laptop("mpirun", "--help")
    assert done.code == 0
    assert "MLSPACE_MPIRUN" in done.stdout and "--image=name" in done.stdout and "-c, --np N" in done.stdout
    assert laptop("mpirun", "--help", "full").stdout == done.stdout == laptop("mpirun", "-np", "1", "-h").stdout
