"""sacct, where no capture can show it: what is stored with a job, times that are cut, and arrays."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mlspace.render.accounting_fields import shortened
from mlspace.render.accounting_row import Manner, Row
from mlspace.slurm.job import COLUMNS, JobView
from tests.conftest import Cli, Result, wait_until


def test_prints_scripts_and_environments(cli: Cli) -> None:
    (cli.directory / "job.sh").write_text("#!/bin/sh\necho no line break at the end")
    assert cli("sbatch", "--wait", "--parsable", "job.sh", env={"COLOUR": "blue"}).stdout == "1\n"
    rule = "-" * 80
    assert cli("sacct", "-B", "-j", "1,99").stdout == f"Batch Script for 1\n{rule}\n#!/bin/sh\necho no line break at the end\n"
    shown = cli("sacct", "--env-vars", "-j", "1").stdout.split("\n")
    assert shown[:2] == ["Environment used for 1 (must be batch to display)", rule]
    assert "COLOUR=blue" in shown
    assert shown[-2:] == ["", ""]


def test_has_no_script_of_a_program_that_srun_ran(cli: Cli) -> None:
    assert cli("srun", "true").code == 0
    assert cli("sacct", "-B", "-j", "1").stdout == f"Batch Script for 1\n{'-' * 80}\nNONE\n\n"


def test_measures_the_cut_time(cli: Cli) -> None:
    assert cli("sbatch", "--wait", "--wrap", "true").code == 0
    fields = cli("sacct", "-nXPT", "-j", "1", "-S", "2020-01-01", "-E", "2020-01-02", "-s", "CD", "-o", "start,end,elapsedraw")
    assert fields.stdout == ""  # it did not run then
    fields = cli("sacct", "-nXPT", "-j", "1", "-E", "now+1day", "-o", "elapsedraw,elapsed")
    whole = cli("sacct", "-nXP", "-j", "1", "-o", "elapsedraw,elapsed")
    assert fields.stdout == whole.stdout


@pytest.mark.parametrize(
    ("elements", "length", "shown"),
    [
        ("3-4%2", 64, "3-4%2"),
        ("0,2,4,6,8,10,12", 10, "0,2,4,..."),
        ("0,2,4,6,8,10,12%3", 10, "0,2,4,...%3"),
        ("123456789012,2", 10, "..."),
    ],
)
def test_shortens_the_elements_of_an_array(elements: str, length: int, shown: str) -> None:
    assert shortened(elements, length) == shown


@pytest.mark.parametrize(
    ("mib", "unit", "shown"),
    [
        (1024, "", "1G"),
        (1500, "", "1500M"),
        (1024, "M", "1024M"),
        (800, "G", "0.78G"),
        (1, "K", "1024K"),
        (0, "G", "0G"),
        (1 << 20, "P", "0.00P"),
    ],
)
def test_shows_memory_in_a_unit(mib: int, unit: str, shown: str) -> None:
    assert Manner(0, unit=unit).memory(mib) == shown


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("-q", "nosuch"), "sacct: error: You gave a bad qos 'nosuch'. Valid QOS's are normal"),
        (("-S", "tomorrow+1day"), "Invalid time specification (pos=8): tomorrow+1day"),
        (("-S", "6pm"), "Invalid time specification (pos=1): 6pm"),
        (("-S", "teatimes"), "Invalid time specification (pos=7): teatimes"),
    ],
)
def test_refuses(run: Callable[..., Result], arguments: tuple[str, ...], line: str) -> None:
    refused = run("sacct", *arguments)
    assert (refused.stderr.split("\n")[0], refused.stdout, refused.code) == (line, "", 1)


def test_shows_every_run_of_a_job_that_was_requeued(cli: Cli) -> None:
    script = "srun true; [ $SLURM_RESTART_COUNT ] || { touch up; sleep 600; }"
    job = cli("sbatch", "--parsable", "--requeue", "--wrap", script).stdout.strip()
    wait_until((cli.directory / "up").exists, "the first run")
    assert cli("scontrol", "requeue", job).code == 0
    wait_until(lambda: cli("squeue", "-h", "-t", "CD", "-j", job).stdout, "the second run")
    columns = ("-n", "-P", "-o", "JobID,State,ExitCode,NNodes,NodeList")
    assert cli("sacct", "-D", "-j", job, *columns).stdout == (
        f"{job}|REQUEUED|0:0|1|n1\n{job}.batch|CANCELLED|0:15|1|n1\n{job}.0|COMPLETED|0:0|1|n1\n"
        f"{job}|COMPLETED|0:0|1|n1\n{job}.batch|COMPLETED|0:0|1|n1\n{job}.0|COMPLETED|0:0|1|n1\n"
    )
    assert cli("sacct", "-X", "-j", job, *columns).stdout == f"{job}|COMPLETED|0:0|1|n1\n"
    assert cli("sacct", "-X", "-D", "-s", "RQ", "-S", "00:00", "-E", "now", *columns).stdout == f"{job}|REQUEUED|0:0|1|n1\n"


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        ({"state": "COMPLETING", "cancelled_by": 7}, "CANCELLED by 7"),
        ({"state": "COMPLETING"}, "RUNNING"),
        ({"state": "CONFIGURING"}, "RUNNING"),
        ({"state": "CANCELLED", "cancelled_by": 0}, "CANCELLED by 0"),
        ({"state": "CANCELLED"}, "CANCELLED"),
        ({"state": "RUNNING", "cancelled_by": 7}, "RUNNING"),
    ],
)
def test_shows_no_state_of_a_moment(columns: dict[str, object], shown: str) -> None:
    assert Row(JobView([columns.get(column) for column in COLUMNS]), None, Manner(0)).state == shown


SIZES = [("%5", "жж+ "), ("%-4", "ж\udcd0+ "), ("%7", " жжж "), ("%-7", "жжж  "), ("%99999999999", " ")]


def test_counts_bytes(cli: Cli) -> None:
    """As sacct 22.05 does it: a letter may be cut in two."""
    cli("sbatch", "-H", "-J", "жжж", "--wrap", "true")
    shown = [cli("sacct", "-n", "-X", "-j1", "-o", f"jobname{size}").stdout for size, _ in SIZES]
    assert shown == [f"{line}\n" for _, line in SIZES]
