"""squeue by its door, where a capture cannot see: the loop, the cluster's name, what costs time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mlspace.context import Context
from tests.conftest import Result

Run = Callable[..., Result]


def test_iterates_until_it_is_interrupted(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = []

    def sleep(context: Context, seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Context, "sleep", sleep)
    done = run("squeue", "-i", "5", "-o", "%i")
    lines = done.stdout.split("\n")
    assert (waits, done.stderr, done.code) == ([5, 5], "", 130)
    assert lines[1:3] == ["JOBID", ""]
    assert lines[4:] == ["JOBID", "", ""]


def test_the_cluster_may_be_named(run: Run) -> None:
    assert run("squeue", "-M", "mlspace", "-o", "%i") == Result("CLUSTER: mlspace\nJOBID\n", "", 0)
    assert run("squeue", "-o", "%i", env={"SLURM_CLUSTERS": "mlspace"}).stdout == "CLUSTER: mlspace\nJOBID\n"
    told = run("squeue", "-M", "mlspace,other", "-h")
    assert told == Result("", "squeue: error: No cluster 'other' known by database.\n", 0)


@pytest.mark.parametrize("option", ["--json", "--yaml"])
def test_a_document_of_no_jobs(run: Run, option: str) -> None:
    done = run("squeue", option, "-j", "99", "-t", "nonsense")
    assert (done.stderr, done.code) == ("", 0)
    assert "22.05.8" in done.stdout
