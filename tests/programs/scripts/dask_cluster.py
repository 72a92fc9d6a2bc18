"""A Dask cluster whose workers are jobs: two of them, then none, then as many as there is work for; prints each stage as JSON."""

import json
import subprocess
import sys
import time
from typing import Any

from dask.distributed import Client
from dask_jobqueue import SLURMCluster


def queue() -> list[str]:
    words = ["squeue", "-h", "-o", "%j %P %T %C"]
    return subprocess.run(words, check=True, capture_output=True, text=True, timeout=30).stdout.splitlines()


def wait_for_no_jobs() -> None:
    deadline = time.monotonic() + 60
    while queue():
        assert time.monotonic() < deadline, f"still there: {queue()}"
        time.sleep(0.2)


def stages() -> Any:
    options = {"walltime": "00:10:00", "queue": "debug", "log_directory": "logs", "job_extra_directives": ["--comment=workers"]}
    made = SLURMCluster(cores=1, processes=1, memory="500MB", interface="lo", scheduler_options={"dashboard": False}, **options)
    with made as cluster, Client(cluster) as client:
        cluster.scale(jobs=2)
        client.wait_for_workers(2, timeout=90)
        yield queue()
        yield client.gather(client.map(lambda number: number**2, range(5)))
        cluster.scale(jobs=0)
        wait_for_no_jobs()
        cluster.adapt(minimum_jobs=0, maximum_jobs=2, interval="500ms", wait_count=2)
        yield client.submit(sum, [1, 2, 3]).result(timeout=90)
        wait_for_no_jobs()
        yield len(client.scheduler_info()["workers"])


if __name__ == "__main__":
    sys.stdout.write(json.dumps(list(stages())) + "\n")
