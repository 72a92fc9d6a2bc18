"""Mail about jobs, by a mail program that writes down how it is called: each event once, whatever happens to the controller."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from mlspace.slurm.mail import Mail
from mlspace.state.mails import Mails
from mlspace.state.registry import Registry
from tests.conftest import Cli, wait_until
from tests.state.test_registry import OUTCOME, add

PROGRAM = """#!/bin/sh
words=$(printf '%s|' "$@")
echo "$words$SLURM_JOB_ID|$SLURM_JOB_MAIL_TYPE|$SLURM_JOB_STATE|$SLURM_JOB_EXIT_CODE2|$(cat)" >>MAILS
"""
"""Each line in one write: several may run at once."""


@pytest.fixture
def mails(cli: Cli) -> Path:
    """The file that a line is added to for each mail: its words, and a few of its variables."""
    path = cli.directory / "mails"
    program = cli.directory / "mail program"
    program.write_text(PROGRAM.replace("MAILS", f"'{path}'"))
    program.chmod(0o755)
    cli.env["MLSPACE_MAIL_PROG"] = str(program)
    return path


def told(mails: Path, count: int) -> list[str]:
    """So many lines, when they are there, without how long anything took."""

    def lines() -> list[str]:
        return mails.read_text().splitlines() if mails.exists() else []

    wait_until(lambda: len(lines()) >= count, "the mails")
    return [re.sub(r"time [\d:]{8}", "time T", line) for line in lines()]


def test_the_events_of_a_job(cli: Cli, mails: Path) -> None:
    assert cli("sbatch", "--wait", "--mail-type=ALL", "-J", "a b", "--wrap", "exit 3").stderr == ""
    user = cli("sacct", "-nXP", "-o", "User").stdout.strip()
    assert sorted(told(mails, 2)) == [
        f"-s|Slurm Job_id=1 Name=a b Began, Queued time T|{user}|1|Began|RUNNING||",
        f"-s|Slurm Job_id=1 Name=a b Failed, Run time T, FAILED, ExitCode 3|{user}|1|Failed|FAILED|3:0|",
    ]
    cli("sbatch", "--wait", "--mail-type=END", "--mail-user=ann@example.com", "-J", "c", "--wrap", "true")
    assert told(mails, 3)[2] == "-s|Slurm Job_id=2 Name=c Ended, Run time T, COMPLETED, ExitCode 0|ann@example.com|2|Ended|COMPLETED|0:0|"
    assert "MailProg                = " + cli.env["MLSPACE_MAIL_PROG"] in cli("scontrol", "show", "config").stdout


def test_an_array_is_told_of_as_one(cli: Cli, mails: Path) -> None:
    cli("sbatch", "--wait", "--mail-type=BEGIN,END,FAIL", "-a", "0-2", "-J", "arr", "--wrap", "exit $SLURM_ARRAY_TASK_ID")
    told(mails, 2)  # mail programs run side by side: a later one may be faster
    cli("sbatch", "--wait", "--mail-type=END,ARRAY_TASKS", "-a", "5", "-J", "one", "--wrap", "true")
    subjects = [line.split("|")[1] for line in told(mails, 3)]
    assert sorted(subjects[:2]) == [
        "Slurm Array Summary Job_id=1_* (1) Name=arr Began",
        "Slurm Array Summary Job_id=1_* (1) Name=arr Failed, Mixed, ExitCode [0-2]",
    ]
    assert re.fullmatch(r"Slurm Array Task Job_id=(\d+)_5 \(\1\) Name=one Ended, Run time T, COMPLETED, ExitCode 0", subjects[2])


def test_a_program_run_by_srun_sends_mail_too(cli: Cli, mails: Path) -> None:
    assert cli("srun", "--mail-type=END", "true").code == 0
    assert told(mails, 1)[0].startswith("-s|Slurm Job_id=1 Name=true Ended, Run time T, COMPLETED, ExitCode 0|")


def test_without_a_program_it_is_said_once(cli: Cli) -> None:
    said = "sbatch: warning: --mail-type is ignored: no mail program is configured (mail_prog)\n"
    assert cli("sbatch", "-H", "--mail-type=ALL", "--mail-user=ann", "--wrap", "true").stderr == said
    assert cli("sbatch", "-H", "--mail-type=NONE", "--wrap", "true").stderr == ""
    assert "MailUser=ann MailType=INVALID_DEPEND,BEGIN,END,FAIL,REQUEUE,STAGE_OUT" in cli("scontrol", "show", "job", "1").stdout
    assert "MailProg                = (null)" in cli("scontrol", "show", "config").stdout
    cli("scancel", "1", "2")


def test_a_program_that_is_no_path_is_a_mistake(cli: Cli) -> None:
    done = cli("sbatch", "--wrap", "true", env={"MLSPACE_MAIL_PROG": "mail"})
    assert (done.stdout, done.code) == ("", 1)
    assert done.stderr.startswith("sbatch: error: MLSPACE_MAIL_PROG: mail_prog: mail: not a valid value\n")


# What is due, without any process.


def wanting(registry: Registry, name: str, types: str = '["ALL"]', **values: Any) -> int:
    return add(registry, name, details=f'{{"values": {{"mail-type": {types}}}}}', **values)


@pytest.fixture
def registry(state: Path) -> Registry:
    return Registry.open(str(state))


def events(taken: list[Mail]) -> list[tuple[int, str]]:
    return [(one.job.job_id, one.event) for one in taken]


def test_each_is_taken_once_by_whoever_looks(registry: Registry, state: Path) -> None:
    """Also by another controller that leads after this one was killed, and whatever became of the mail program."""
    first, other = wanting(registry, "a"), add(registry, "b")
    for job in (first, other):
        registry.running(job, 110, "n1")
    assert events(Mails(registry).take(200.0, 8)) == [(first, "BEGIN")]
    registry.ended(first, OUTCOME)
    another = Mails(Registry.open(str(state)))
    assert events(another.take(200.0, 8)) == [(first, "END")]
    assert Mails(registry).take(200.0, 8) == another.take(200.0, 8) == []


def test_no_more_are_taken_than_are_wanted(registry: Registry) -> None:
    jobs = [wanting(registry, name) for name in "abc"]
    for job in jobs:
        registry.running(job, 110, "n1")
    mails = Mails(registry)
    assert [events(mails.take(200.0, 2)), events(mails.take(200.0, 2))] == [[(1, "BEGIN"), (2, "BEGIN")], [(3, "BEGIN")]]


def test_parts_of_the_time_limit(registry: Registry) -> None:
    job = wanting(registry, "a", '["TIME_LIMIT_50", "TIME_LIMIT_90"]', time_limit=10)
    mails = Mails(registry)
    assert mails.next_look(0.0) is None
    registry.running(job, 1000, "n1")
    assert (mails.take(1299.0, 8), mails.next_look(1299.0)) == ([], 1300)
    assert events(mails.take(1300.0, 8)) == [(job, "TIME_LIMIT_50")]
    assert (mails.take(1539.0, 8), mails.next_look(1539.0)) == ([], 1540)
    assert events(mails.take(9999.0, 8)) == [(job, "TIME_LIMIT_90")]


def test_a_dependency_that_will_never_be_satisfied(registry: Registry) -> None:
    waiting, ended = wanting(registry, "a"), wanting(registry, "b")
    registry.pending(waiting, "DependencyNeverSatisfied")
    registry.ended(ended, {**OUTCOME, "state": "CANCELLED", "reason": "DependencyNeverSatisfied", "start_time": None})
    mails = Mails(registry)
    assert events(mails.take(200.0, 8)) == [(ended, "INVALID_DEPEND"), (ended, "END"), (waiting, "INVALID_DEPEND")]
    assert mails.take(200.0, 8) == []


def test_each_run_of_a_job_that_is_requeued(registry: Registry) -> None:
    from mlspace.state.queue import Queue

    job_id = wanting(registry, "a")
    registry.running(job_id, 110, "n1")
    mails, queue = Mails(registry), Queue(registry)
    job = registry.job(job_id)
    assert job is not None
    queue.requeue(job, OUTCOME, "requeue")
    registry.running(job_id, 130, "n2")
    registry.ended(job_id, {**OUTCOME, "state": "FAILED", "exit_code": 4, "end_time": 140})
    taken = mails.take(200.0, 8)
    assert events(taken) == [(job_id, "BEGIN"), (job_id, "REQUEUE"), (job_id, "BEGIN"), (job_id, "FAIL")]
    assert [one.subject.partition("train ")[2] for one in taken] == [
        "Began, Queued time 00:00:10",
        "Requeued, Run time 00:00:10",
        "Began, Queued time 00:00:10",
        "Failed, Run time 00:00:10, FAILED, ExitCode 4",
    ]
