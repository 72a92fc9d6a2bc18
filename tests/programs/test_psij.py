"""PSI/J, the portable submission interface, with its Slurm executor: it submits scripts, asks squeue, and cancels."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

from tests.conftest import Cli
from tests.programs.conftest import SCRIPTS, Environment


def test_jobs_of_all_ends(psij: Environment, inside: Callable[[Environment], Cli]) -> None:
    user = inside(psij)
    words = [psij.python, SCRIPTS / "psij_jobs.py"]
    done = subprocess.run(words, cwd=user.directory, env=user.env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    running, listed, ends, plain, tasks = json.loads(done.stdout)
    assert (running, listed) == ("ACTIVE", True)
    assert ends == {"plain": ["COMPLETED", 0], "tasks": ["COMPLETED", 0], "failure": ["FAILED", 7], "long": ["CANCELED", None]}
    assert plain == "two words\n"
    assert tasks == ["0 on node 0", "1 on node 0", "2 on node 1", "3 on node 1"]  # whichever of the cluster's nodes are free
