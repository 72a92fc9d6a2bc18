"""Random signals at random moments, to every process of a job: whatever comes, no process is left, and launch ends as it reports.

LAUNCH_TEST_SIGNALS is how many are sent (100; 10000 for the long run), LAUNCH_TEST_SEED where the dice begin.
"""

from __future__ import annotations

import os
import random
import signal
import time

import pytest

from mlspace.spec.launch import Limits
from tests.conftest import wait_until
from tests.launcher.helpers.runtime import Runtime, batch, end_of, processes_of, runtime_directory

SIGNALS = int(os.environ.get("LAUNCH_TEST_SIGNALS", "100"))
SEED = int(os.environ.get("LAUNCH_TEST_SEED", "1"))
PER_TEST = 50
PER_JOB = 20
"""At most: many a job ends earlier."""

GENTLE = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP, signal.SIGQUIT, signal.SIGCONT, signal.SIGWINCH, signal.SIGPIPE, signal.SIGALRM)
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGKILL, signal.SIGSTOP)

SCRIPT = """#!/bin/sh
trap 'exit 7' USR1
while :; do
  srun -n2 sh -c 'trap "" HUP; setsid sleep 3600 & sleep 0.02' &
  sleep 0.05 &
  wait
done
"""


def send(pid: int, number: int) -> bool:
    """False: the process was quicker, and has gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def expected_code(code: int, number: int) -> int:
    """launch's exit code for what its report says."""
    return 128 + number if number else code


def storm(runtime: Runtime, dice: random.Random, most: int) -> int:
    """One job under at most so many signals, until it ends. Returns how many were sent."""
    spec = batch(SCRIPT, limits=Limits(grace=1))
    launch = runtime.start(spec)
    wait_until((runtime_directory(spec) / "channel").exists, "the job")
    sent = 0
    while sent < most and launch.process.poll() is None:
        time.sleep(dice.random() * 0.02)  # the random moment
        targets = [pid for pid in processes_of(spec.submission) if pid != launch.process.pid]
        if dice.random() < 0.1:
            sent += send(launch.process.pid, dice.choice(GENTLE[:5]))
        elif targets:
            sent += send(dice.choice(targets), dice.choice(GENTLE + ENDING))
    if launch.process.poll() is None:
        launch.process.send_signal(dice.choice([signal.SIGTERM, signal.SIGINT]))
    code = launch.wait()
    state, _, exit_code, number = end_of(spec, launch)
    assert code == (143 if state == "CANCELLED" else expected_code(exit_code, number))
    assert state in ("COMPLETED", "FAILED", "CANCELLED")
    assert processes_of(spec.submission) == []
    assert not runtime_directory(spec).exists()
    return sent


@pytest.mark.parametrize("first", range(0, SIGNALS, PER_TEST))
def test_a_storm_of_signals(runtime: Runtime, first: int) -> None:
    dice = random.Random(SEED * 100_000 + first)
    left = min(PER_TEST, SIGNALS - first)
    while left > 0:
        left -= storm(runtime, dice, min(left, PER_JOB))
