"""Jobs by PSI/J: a plain one, tasks on two nodes, one that fails, one that is cancelled; prints how each ended as JSON."""

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from psij import Job, JobAttributes, JobExecutor, JobSpec, JobState, ResourceSpecV1

LIMIT = timedelta(seconds=60)


def described(name: str, command: str, **how: Any) -> Job:
    attributes = JobAttributes(duration=timedelta(minutes=5), queue_name="debug", custom_attributes={"slurm.comment": "by psij"})
    files = {"stdout_path": Path(f"{name}.out").absolute(), "stderr_path": Path(f"{name}.err").absolute()}
    return Job(JobSpec(executable="/bin/sh", arguments=["-c", command], attributes=attributes, **files, **how))


def main() -> Any:
    executor = JobExecutor.get_instance("slurm")
    executor.config.initial_queue_polling_delay = executor.config.queue_polling_interval = 1
    jobs = {
        "plain": described("plain", "echo $WORD", environment={"WORD": "two words"}),
        "tasks": described(
            "tasks",
            "echo $SLURM_PROCID on node $SLURM_NODEID",
            launcher="srun",
            resources=ResourceSpecV1(node_count=2, processes_per_node=2, cpu_cores_per_process=1),
        ),
        "failure": described("failure", "exit 7"),
        "long": described("long", "sleep 600"),
    }
    for job in jobs.values():
        executor.submit(job)
    running = jobs["long"].wait(LIMIT, target_states=[JobState.ACTIVE])
    listed = set(executor.list()) >= {jobs["long"].native_id}
    jobs["long"].cancel()
    ends = {name: job.wait(LIMIT) for name, job in jobs.items()}
    return [
        running and running.state.name,
        listed,
        {name: [end.state.name, end.exit_code] if end else None for name, end in ends.items()},
        Path("plain.out").read_text(),
        sorted(Path("tasks.out").read_text().splitlines()),
    ]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()) + "\n")
