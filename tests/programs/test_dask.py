"""dask-jobqueue: a cluster of workers, each a job, that grows and shrinks with the work."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable

from tests.conftest import Cli
from tests.programs.conftest import SCRIPTS, Environment


def test_a_cluster_grows_shrinks_and_adapts(dask: Environment, inside: Callable[[Environment], Cli]) -> None:
    user = inside(dask)
    words = [dask.python, SCRIPTS / "dask_cluster.py"]
    done = subprocess.run(words, cwd=user.directory, env=user.env, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout) == [["dask-worker debug RUNNING 1"] * 2, [0, 1, 4, 9, 16], 6, 0]
    states = user("sacct", "-X", "-n", "-P", "-o", "State,Comment").stdout.splitlines()
    ends = {f"CANCELLED by {os.getuid()}|workers", "COMPLETED|workers"}  # Dask closes a worker, then cancels its job: either may be first
    assert len(states) >= 3 and set(states) <= ends
