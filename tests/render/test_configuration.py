"""`scontrol show config` says of each limit what is held to."""

from __future__ import annotations

from mlspace.render import configuration
from mlspace.session import MIN_JOB_AGE_SECONDS
from mlspace.slurm.array import MAX_ARRAY_SIZE
from mlspace.slurm.help import RELEASE
from mlspace.translate.job import KILL_WAIT_SECONDS


def test_the_limits_are_those_that_are_enforced() -> None:
    said = configuration.CONFIG
    assert said["MaxArraySize"] == str(MAX_ARRAY_SIZE)
    assert said["MinJobAge"] == f"{MIN_JOB_AGE_SECONDS} sec"
    assert said["KillWait"] == f"{KILL_WAIT_SECONDS} sec"
    assert said["SLURM_VERSION"] == RELEASE
