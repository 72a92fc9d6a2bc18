"""`mlspace prune`: what ended long ago goes, with all its rows; what is needed stays, and ids are given to nobody again."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import Cli, wait_until

DAY = 86_400


def registry(cli: Cli) -> sqlite3.Connection:
    return sqlite3.connect(Path(cli.env["MLSPACE_STATE_DIR"]) / "registry.sqlite", timeout=30)


def shown(cli: Cli) -> list[str]:
    return sorted(cli("sacct", "-nXP", "-o", "JobID", "-S", "1970-01-02").stdout.split())


@pytest.fixture
def old(cli: Cli) -> Iterator[Cli]:
    """Job 1, an array (2 and 3), 4 and 5 ended 100 days ago, 6 today; 7 waits for 5."""
    for words in (["--wrap", "srun true"], ["--array=1-2", "--wrap", "true"], ["--wrap", "exit 3"], ["--wrap", "true"], ["--wrap", "true"]):
        cli("sbatch", "--wait", "-o", "/dev/null", *words)
    cli("sbatch", "-H", "-d", "afterok:5", "--wrap", "true")
    wait_until(lambda: not cli("squeue", "-h", "-t", "R").stdout, "their end")
    with closing(registry(cli)) as database, database:
        database.execute("UPDATE job SET end_time = ? WHERE job_id <= 5", [int(time.time()) - 100 * DAY])
    yield cli
    cli("scancel", "7")


def test_what_ended_long_ago_goes(old: Cli) -> None:
    before = shown(old)
    said = old("mlspace", "prune", "--older-than", "90", "--dry-run")
    assert (said.stdout, said.stderr, said.code) == ("Would forget 4 jobs that ended more than 90 days ago\n", "", 0)
    assert shown(old) == before
    assert old("mlspace", "prune", "--older-than", "90").stdout == "Forgot 4 jobs that ended more than 90 days ago\n"
    assert shown(old) == ["5", "6"]  # what waits for 5 keeps it
    with closing(registry(old)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        with_jobs = [name for name in tables if any(row[1] == "job_id" for row in database.execute(f"PRAGMA table_info({name})"))]
        left = {name: database.execute(f"SELECT count(*) FROM {name} WHERE job_id < 5").fetchone()[0] for name in with_jobs}
        assert left == dict.fromkeys(with_jobs, 0)
        assert database.execute("SELECT count(*) FROM text").fetchone()[0] <= 4  # two requests, and what environments they had
    assert old("mlspace", "prune", "--older-than", "90").stdout == "Forgot 0 jobs that ended more than 90 days ago\n"
    assert old("sbatch", "--parsable", "--wait", "-o", "/dev/null", "--wrap", "true").stdout == "8\n"


def test_an_array_stays_as_long_as_one_of_its_elements(old: Cli) -> None:
    with closing(registry(old)) as database, database:
        database.execute("UPDATE job SET end_time = ? WHERE job_id = 3", [int(time.time())])
    assert old("mlspace", "prune", "--older-than", "90").stdout.startswith("Forgot 2 jobs")
    assert shown(old) == ["2_1", "2_2", "5", "6"]


@pytest.mark.parametrize("words", [[], ["--older-than", "0"], ["--older-than", "-5"], ["--older-than", "soon"]])
def test_how_old_has_to_be_said(cli: Cli, words: list[str]) -> None:
    done = cli("mlspace", "prune", *words)
    assert (done.stdout, done.code) == ("", 2)
    assert "--older-than" in done.stderr
