"""What users do with submitit, a function for each; run as `submitit_jobs.py NAME`, prints what came of it as JSON."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import submitit


def executor(**parameters: Any) -> submitit.AutoExecutor:
    made = submitit.AutoExecutor(folder="log/%j")
    assert made.cluster == "slurm"
    made.update_parameters(timeout_min=60, mem_gb=0.2, **parameters)
    return made


def add(first: int, second: int) -> int:
    print(f"adding {first} and {second}")
    return first + second


def divide(first: float, second: float) -> float:
    return first / second


def where() -> list[Any]:
    environment = submitit.JobEnvironment()
    return [
        environment.hostname,
        environment.hostnames,
        [environment.num_nodes, environment.num_tasks, environment.node, environment.global_rank, environment.local_rank],
    ]


def wait_for_state(job: submitit.Job[Any], *states: str) -> str:
    deadline = time.monotonic() + 60
    while (state := job.watcher.get_state(job.job_id, mode="force").split(" ")[0]) not in states:
        assert time.monotonic() < deadline, f"waited for {states}: {state}"
        time.sleep(0.2)
    return state


def wait_for(path: str) -> None:
    deadline = time.monotonic() + 60
    while not Path(path).exists():
        assert time.monotonic() < deadline, f"waited for {path}"
        time.sleep(0.05)


def function() -> Any:
    job = executor(slurm_job_name="sum").submit(add, 5, 7)
    return [job.job_id, job.result(), wait_for_state(job, "COMPLETED"), "adding 5 and 7" in (job.stdout() or "")]


def tasks() -> Any:
    return executor(nodes=2, tasks_per_node=2, cpus_per_task=1).submit(where).results()


def failure() -> Any:
    job = executor().submit(divide, 1, 0)
    error = job.exception()
    return [type(error).__name__, "ZeroDivisionError: division by zero" in str(error), wait_for_state(job, "FAILED", "COMPLETED")]


def cancel() -> Any:
    job = executor().submit(time.sleep, 600)
    before = wait_for_state(job, "RUNNING")
    job.cancel()
    return [before, wait_for_state(job, "CANCELLED"), job.done(force_check=True)]


def array() -> Any:
    jobs = executor(slurm_array_parallelism=2).map_array(add, [1, 2, 3, 4], [10, 20, 30, 40])
    sums = [job.result() for job in jobs]
    return [[job.job_id for job in jobs], sums, [wait_for_state(job, "COMPLETED") for job in jobs]]


def array_failure() -> Any:
    jobs = executor().map_array(divide, [1, 2, 3], [1, 0, 3])
    return [type(error).__name__ if (error := job.exception()) else job.result() for job in jobs]


def array_cancel() -> Any:
    jobs = executor(slurm_array_parallelism=1).map_array(time.sleep, [600, 600])
    wait_for_state(jobs[0], "RUNNING")
    jobs[1].cancel()
    states = [wait_for_state(jobs[1], "CANCELLED"), jobs[0].state]
    jobs[0].cancel()
    return states


class Training:
    """Counts its starts; what it knew when it was interrupted comes back with it."""

    def __init__(self, starts: int = 0) -> None:
        self.starts = starts

    def __call__(self, last: int, directory: str) -> list[Any]:
        self.starts += 1
        Path(directory, f"began-{self.starts}").touch()
        if self.starts < last:
            time.sleep(600)
        return [self.starts, os.environ.get("SLURM_RESTART_COUNT", "0")]

    def checkpoint(self, last: int, directory: str) -> submitit.helpers.DelayedSubmission:
        return submitit.helpers.DelayedSubmission(Training(self.starts), last, directory)


def preemption() -> Any:
    job = executor().submit(Training(), 2, os.getcwd())
    wait_for("began-1")
    job._interrupt(timeout=False)
    return [job.job_id, *job.result(), wait_for_state(job, "COMPLETED")]


def timeout() -> Any:
    """As the signal before the time limit: submitit has the job requeued, as often as it may."""
    made = submitit.AutoExecutor(folder="log/%j", slurm_max_num_timeout=1)
    made.update_parameters(timeout_min=0, mem_gb=0.2, slurm_time=1)
    job = made.submit(Training(), 9, os.getcwd())
    for start in (1, 2):
        wait_for(f"began-{start}")
        job._interrupt(timeout=True)
    error = job.exception()
    return [type(error).__name__, "Job not requeued because: timed-out too many times" in (job.stderr() or "") + str(error)]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(globals()[sys.argv[1]]()) + "\n")
