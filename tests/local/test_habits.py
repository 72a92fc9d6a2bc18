"""Streams that break by themselves: with another measure than the platform's minute."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlspace.local.call import HungUp, Stream
from mlspace.local.habits import HARD
from mlspace.local.job_calls import JobCalls
from mlspace.local.jobs import Job
from mlspace.local.placement import Share


class OneJob:
    """A scheduler with a job that runs for ever."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.pools: dict[str, None] = {"SR006": None}

    def find(self, name: str) -> Job:
        return self.job


def test_the_log_of_a_running_job_breaks_off(tmp_path: Path) -> None:
    params = {"instance_type": "cpu.1C.1M", "n_workers": 1, "include_nodes": [], "exclude_nodes": [], "region": "SR006"}
    job = Job(str(tmp_path), {"name": "n", "uid": "u", "sequence": 1, "created_at": 0.0, "author": "a", "params": params})
    job.shares, job.running_at = [Share("n1", ())], 1.0
    (tmp_path / "log").write_bytes(b"2026-11-23T20:30:00.123456789Z [1,0]<stdout>:a line\n")
    calls = JobCalls(OneJob(job), HARD._replace(break_seconds=0.2))  # type: ignore[arg-type]
    answer = calls.read_log("n", 0, False)
    assert isinstance(answer, Stream)
    pieces: list[bytes] = []
    with pytest.raises(HungUp):
        for piece in answer.pieces(lambda progress: True):
            pieces.append(piece)
    assert b"".join(pieces).endswith(b"Nodes: n1.SR006\n \n[1,0]<stdout>:a line\n")
