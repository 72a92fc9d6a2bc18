"""scancel, where no capture can show it: arrays, many jobs at once, no answer to its questions, and nodes that are elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mlspace.errors import MlspaceError
from mlspace.slurm.cancellation import Deed, read_target, split
from mlspace.slurm.request import Component
from tests.conftest import Cli, Result, wait_until


def state(cli: Cli, job: str) -> str:
    return cli("squeue", "-h", "-t", "all", "-j", job, "-o", "%T").stdout.strip()


def test_no_answer_means_no(cli: Cli) -> None:
    job = cli("sbatch", "--parsable", "--wrap", "sleep 600").stdout.strip()
    asked = cli("scancel", "-i", job, job, stdin=b"what\n")
    assert asked.stdout == f"Cancel job_id={job} name=wrap partition=debug [y/n]? " * 3
    assert state(cli, job) in ("PENDING", "RUNNING")
    assert cli("scancel", "-v", job).stderr == f"scancel: Terminating job {job}\n"
    wait_until(lambda: state(cli, job) == "CANCELLED", "the end")


def test_signals_the_steps_of_a_job_by_its_platform_name(cli: Cli) -> None:
    script = "srun sh -c 'trap \"exit 7\" USR2; touch up; while :; do sleep 0.05; done'"
    job = cli("sbatch", "--parsable", "--wrap", script).stdout.strip()
    wait_until((cli.directory / "up").exists, "the step")
    assert cli("scancel", "-s", "USR2", job).code == 0
    wait_until(lambda: state(cli, job) == "FAILED", "the end")
    assert cli("sacct", "-n", "-P", "-j", job, "-o", "JobID,State,ExitCode").stdout == (
        f"{job}|FAILED|7:0\n{job}.batch|FAILED|7:0\n{job}.0|FAILED|7:0\n"
    )


def test_a_step_that_was_cancelled_is_so_in_accounting(cli: Cli) -> None:
    job = cli("sbatch", "--parsable", "--wrap", "srun sh -c 'touch up; sleep 600'; exit 3").stdout.strip()
    wait_until((cli.directory / "up").exists, "the step")
    assert cli("scancel", f"{job}.0") == Result("", "", 0)
    wait_until(lambda: state(cli, job) == "FAILED", "the end")
    assert cli("sacct", "-n", "-P", "-j", f"{job}.0", "-o", "State,ExitCode").stdout == "CANCELLED|0:9\n"
    again = cli("scancel", f"{job}.0")
    assert (again.stderr, again.code) == (f"scancel: error: Kill job error on job step id {job}.0: Invalid job id specified\n", 1)


def test_what_waits_gets_no_signal(cli: Cli) -> None:
    job = cli("sbatch", "--parsable", "--hold", "--wrap", "true").stdout.strip()
    signalled = cli("scancel", "-s", "USR1", job)
    assert (signalled.stderr, signalled.code) == (f"scancel: error: Kill job error on job id {job}: Job is pending execution\n", 1)
    assert cli("scancel", "-s", "KILL", job) == Result("", "", 0)
    assert state(cli, job) == "CANCELLED"


def test_takes_elements_out_of_an_array(cli: Cli) -> None:
    array = cli("sbatch", "--parsable", "--hold", "-a", "0-9", "--wrap", "true").stdout.strip()
    assert cli("scancel", "-v", f"{array}_[1-3,7]", f"{array}_9").stderr == (
        f"scancel: Terminating job {array}_[1-3,7]\nscancel: Terminating job {array}_9\n"
    )
    assert cli("squeue", "-h", "-o", "%i").stdout == f"{array}_[0,4-6,8]\n"
    gone = cli("scancel", "-v", f"{array}_3").stderr
    assert gone.endswith(f"error: Kill job error on job id {array}_3: Invalid job id specified\n")
    assert cli("scancel", array).code == 0
    assert cli("squeue", "-h").stdout == ""


@pytest.mark.parametrize(
    ("word", "items"), [("1", ["1"]), ("1,2", ["1", "2"]), ("1_[2-3,5],4", ["1_[2-3,5]", "4"]), ("", [""]), ("1,", ["1", ""])]
)
def test_splits_words(word: str, items: list[str]) -> None:
    assert split(word) == items


@pytest.mark.parametrize(
    ("text", "job", "component", "step"),
    [
        ("12", "12", None, None),
        ("12.3", "12", None, 3),
        ("12_4", "12_4", None, None),
        ("12_[1-3,7].0", "12_[1-3,7]", None, 0),
        ("12_*", "12_*", None, None),
        ("12+1.2", "12", 1, 2),
        ("lm-mpi-job-1.0", "lm-mpi-job-1", None, 0),
    ],
)
def test_reads_targets(text: str, job: str, component: int | None, step: int | None) -> None:
    target = read_target(text)
    assert (target.job, target.component, target.step) == (job, component, step)


@pytest.mark.parametrize("text", ["", " ", "x", "0", "-1", "1.", "1.x", "1.2.3", "1_x", "1_[1", "1+x", "1_2+3", "1_[a]", "٣", "1" * 11])
def test_refuses_other_words(text: str) -> None:
    with pytest.raises(MlspaceError) as refused:
        read_target(text)
    assert refused.value.lines[-1] == f"Invalid job id {text}"


@pytest.mark.parametrize(
    ("options", "number", "text", "ends"),
    [
        ({}, None, "Terminating job 1", True),
        ({}, 9, "Signal 9 to job 1", True),
        ({}, 10, "Signal 10 to job 1", False),
        ({"batch": True}, 9, "Signal 9 to batch job 1", False),
        ({"batch": True}, None, "Terminating batch job 1", False),
        ({"batch": True, "full": True}, 12, "Signal 12 to full job 1", False),
        ({"full": True}, None, "Terminating full job 1", True),
    ],
)
def test_what_is_done(options: dict[str, bool], number: int | None, text: str, ends: bool) -> None:
    deed = Deed.of(Component(options), number)
    assert (deed.announcement("1", is_step=False), deed.ends_job) == (text, ends)


def test_the_command_line_counts_more_than_variables(run: Callable[..., Result]) -> None:
    env = {"SCANCEL_STATE": "RUNNING", "SCANCEL_NAME": "x", "SCANCEL_VERBOSE": "true"}
    assert run("scancel", "-t", "pd", env=env).stderr == (
        "scancel: error: No active jobs match ALL job filters, including: job_name=x state=PENDING \n"
    )
