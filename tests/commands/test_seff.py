"""seff: what a job used of what it had; and sacct's fields of the same."""

from __future__ import annotations

import re

import pytest

from mlspace.render.seff import lines, size
from mlspace.slurm.job import COLUMNS, JobView
from mlspace.slurm.step import Account, StepView
from mlspace.slurm.usage import KINDS, Range, Used, UsedByJob
from tests.conftest import Cli, wait_until

SPIN = "python3 -c 'import time; kept = bytearray(40_000_000)\nwhile time.process_time() < 0.3: pass'"


def test_what_a_job_used(cli: Cli) -> None:
    script = f"#!/bin/sh\n#SBATCH -n2 --mem=200\nsrun {SPIN}\nexit 3\n"
    assert cli("sbatch", "--wait", stdin=script.encode()).code == 3
    shown = cli("seff", "1").stdout
    user = cli("sacct", "-nXP", "-o", "User,Group").stdout.strip().replace("|", "/")
    assert shown.startswith(
        f"Job ID: 1\nCluster: mlspace\nUser/Group: {user}\nState: FAILED (exit code 3)\nNodes: 1\nCores per node: 2\nCPU Utilized: 00:00:0"
    )
    (memory,) = re.findall(r"^Memory Utilized: ([\d.]+) MB \(estimated maximum\)$", shown, re.MULTILINE)
    assert 76 < float(memory) < 200
    (part,) = re.findall(r"^Memory Efficiency: ([\d.]+)% of 200.00 MB \(200.00 MB/node\)$", shown, re.MULTILINE)
    assert float(part) == pytest.approx(float(memory) / 2, abs=0.01)
    fields = "JobID,TotalCPU,UserCPU,SystemCPU,MaxRSS,MaxRSSTask,MaxRSSNode,AveCPU,MinCPUNode,TRESUsageInMaxNode,MaxVMSizeTask"
    job, batch, step = (line.split("|") for line in cli("sacct", "-nPj1", "-o", fields).stdout.splitlines())
    assert (job[0], batch[0], step[0]) == ("1", "1.batch", "1.0")
    assert 400 <= milliseconds(step[1]) < 20_000  # two tasks of 300 ms each, less what the kernel's ticks lose
    assert milliseconds(job[1]) == milliseconds(batch[1]) + milliseconds(step[1])
    assert all(milliseconds(row[1]) == milliseconds(row[2]) + milliseconds(row[3]) for row in (job, batch, step))
    assert job[4:] == [""] * 7  # as in Slurm, which has them of steps only
    assert 38_000 < int(step[4].removesuffix("K")) < 100_000 and step[5] in ("0", "1")
    assert step[6:9] == ["n1", "00:00:00", "n1"] and set(step[9].split(",")) >= {"cpu=n1", "mem=n1"}


def milliseconds(text: str) -> int:
    """Of "00:03.094", or, where it is nothing, or whole seconds, "00:00:00"."""
    if text.count(":") == 2:
        return 1000 * int(text[-2:])
    return round(1000 * float(text[3:]))


def test_jobs_that_have_not_ended(cli: Cli) -> None:
    cli("sbatch", "--wrap", "touch began; sleep 300")
    wait_until((cli.directory / "began").exists, "the job")
    cli("sbatch", "-H", "-a", "3-5", "--wrap", "true")
    running, waiting = cli("seff", "1").stdout, cli("seff", "2").stdout
    assert "State: RUNNING\nCores: 1\nCPU Utilized: 00:00:00\n" in running
    assert running.endswith("\nWARNING: Efficiency statistics may be misleading for RUNNING jobs.\n")
    assert re.search(r"^Memory Utilized: [1-9].* [KM]B$", running, re.MULTILINE)  # its script is there
    assert waiting.splitlines()[:2] == ["Job ID: 2", "Array Job ID: 2_[3-5]"]
    assert waiting.endswith("State: PENDING\nCores: 1\nEfficiency not available for jobs in the PENDING state.\n")
    cli("scancel", "1", "2")


def test_elements_of_an_array(cli: Cli) -> None:
    assert cli("sbatch", "--wait", "-a", "0-1", "--wrap", "true").code == 0
    both = cli("seff", "1").stdout.split("\n\n")
    assert [text.splitlines()[1] for text in both] == ["Array Job ID: 1_0", "Array Job ID: 1_1"]
    assert cli("seff", "1_1").stdout == both[1]


@pytest.mark.parametrize("word", ["x", "1.0", "1,2", "0"])
def test_what_is_no_job(cli: Cli, word: str) -> None:
    refused = cli("seff", word)
    assert (refused.stdout, refused.stderr, refused.code) == ("", f"seff: error: Invalid job id: {word}\n", 1)


def test_no_such_job(cli: Cli) -> None:
    done = cli("seff", "7")
    assert (done.stdout, done.stderr, done.code) == ("", "seff: error: Job not found: 7\n", 2)
    assert cli("seff").code == 1


VALUES = {
    "job_id": 12, "user": "ann", "grp": "staff", "state": "COMPLETED", "reason": "None", "start_time": 1000, "end_time": 8200, "nodes": 2,
    "node_list": "n[1-2]", "cpus": 8, "memory_mib": 16384, "gpus": 0, "exit_code": 0, "exit_signal": 0, "details": "{}",
}  # fmt: skip


def report(used: UsedByJob | None, tasks: int = 1, **values: object) -> str:
    job = JobView([{**VALUES, **values}.get(column) for column in COLUMNS])
    step = StepView([12, 0])
    step.used = used and Used(tasks, 0, {kind: Range(used.memory_bytes, 0, 0, 0, 0, 0, 0) for kind in KINDS})
    return "\n".join(lines(Account(job, [step], used), "mlspace", 9000))


def test_the_whole_report() -> None:
    assert report(UsedByJob(14_400_000, 0, 4 * 1024**3)) == (
        "Job ID: 12\nCluster: mlspace\nUser/Group: ann/staff\nState: COMPLETED (exit code 0)\nNodes: 2\nCores per node: 4\n"
        "CPU Utilized: 04:00:00\nCPU Efficiency: 25.00% of 16:00:00 core-walltime\nJob Wall-clock time: 02:00:00\n"
        "Memory Utilized: 4.00 GB\nMemory Efficiency: 25.00% of 16.00 GB (8.00 GB/node)"
    )


def test_what_is_not_known_is_said() -> None:
    shown = report(None, exit_signal=9, state="FAILED").splitlines()
    assert shown[3] == "State: FAILED (exit code 0, signal 9)"
    assert shown[6:] == [
        "CPU Utilized: unknown",
        "CPU Efficiency: unknown of 16:00:00 core-walltime",
        "Job Wall-clock time: 02:00:00",
        "Memory Utilized: unknown",
        "Memory Efficiency: unknown of 16.00 GB (8.00 GB/node)",
    ]


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0.00 MB"), (512, "0.50 KB"), (61865984, "59.00 MB"), (1024**3, "1.00 GB"), (3 * 1024**5, "3.00 PB")]
)
def test_sizes(count: int, shown: str) -> None:
    assert size(count) == shown
