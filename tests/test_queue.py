"""Arrays, holds, dependencies and requeues as a user at a terminal sees them: real commands, real jobs."""

from __future__ import annotations

from tests.conftest import Cli, wait_until


def states(cli: Cli, *arguments: str) -> list[str]:
    """ "1_0 CD" for each job that squeue knows."""
    return sorted(cli("squeue", "-h", "-r", "-t", "all", "-o", "%i %t", *arguments).stdout.splitlines())


def test_an_array_runs_element_by_element(cli: Cli) -> None:
    script = 'echo $SLURM_ARRAY_JOB_ID $SLURM_ARRAY_TASK_ID $SLURM_ARRAY_TASK_COUNT $SLURM_JOB_ID; exit $((SLURM_ARRAY_TASK_ID / 4))'
    done = cli("sbatch", "--wait", "--array=0-4:2", "-o", "%A-%a-%j.txt", "--wrap", script)
    assert (done.stdout, done.stderr, done.code) == ("Submitted batch job 1\n", "", 1)
    files = {path.name: path.read_text() for path in cli.directory.glob("*.txt")}
    assert files == {"1-0-2.txt": "1 0 3 2\n", "1-2-3.txt": "1 2 3 3\n", "1-4-1.txt": "1 4 3 1\n"}
    assert states(cli) == ["1_0 CD", "1_2 CD", "1_4 F"]


def test_no_more_of_an_array_run_at_once_than_its_limit(cli: Cli) -> None:
    script = "echo + >>seen; while [ ! -e go ]; do sleep 0.05; done; echo - >>seen"
    cli("sbatch", "--array=1-5%2", "--wrap", script)
    wait_until(lambda: states(cli).count("1_2 R") == 1, "two running elements")
    shown = "1_[3-5%2] (JobArrayTaskLimit)"
    wait_until(lambda: cli("squeue", "-h", "-t", "PD", "-o", "%i %R").stdout.strip() == shown, "the rest to be explained")
    (cli.directory / "go").touch()
    wait_until(lambda: states(cli) == [f"1_{number} CD" for number in range(1, 6)], "the end of all")
    running = most = 0
    for mark in (cli.directory / "seen").read_text().split():
        running += 1 if mark == "+" else -1
        most = max(most, running)
    assert most == 2


def test_hold_keeps_a_job_until_it_is_cancelled(cli: Cli) -> None:
    cli("sbatch", "-H", "--array=1-3", "--wrap", "true")
    assert cli("squeue", "-h", "-o", "%i %t %r %Q").stdout == "1_[1-3] PD JobHeldUser 0\n"
    cli("scancel", "1")
    assert cli("squeue", "-h", "-t", "all", "-o", "%i %t %r").stdout == "1 CA JobHeldUser\n"
