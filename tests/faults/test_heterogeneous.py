"""Heterogeneous jobs under fire: all components or none, each once, whoever is killed between two requests, and whatever is refused."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.conftest import wait_until
from tests.faults.rig import ENDLESS, GPU_LIMIT, Rig, kill

UNHURT = "delay=0"


def rows(rig: Rig) -> list[str]:
    """ "1+0 COMPLETED 0:0" for each component."""
    return rig.cli("sacct", "-n", "-X", "-P", "-o", "JobID,State,ExitCode").stdout.replace("|", " ").splitlines()


def submit(rig: Rig, script: str, *faults: str) -> tuple[int, str]:
    """Exit code and error lines of an sbatch of two components, with a fault for the request of each."""
    words = ["--parsable", "-o", "/dev/null", "-n1", ":", "-n2", "--wrap", script]
    with rig.cli.start("sbatch", *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        for fault in faults:
            rig.ambush.lay("POST /jobs", fault, 1, lambda: kill(process.pid))
        _, errors = process.communicate(timeout=120)
    return process.returncode, errors.decode()


def living(rig: Rig) -> list[str]:
    return [job.name for job in rig.platform() if job.ended is None]


@pytest.mark.parametrize("faults", [["kill"], [UNHURT, "kill"], [UNHURT, "kill cut=before"], [UNHURT, "cut=after"]])
def test_nothing_is_lost_and_nothing_doubled(rig: Rig, faults: list[str]) -> None:
    """An answer that is lost, and a client killed while its first or second request is under way, whether that has its effect or not."""
    code, _ = submit(rig, "while [ ! -e go ]; do sleep 0.05; done; exit 3", *faults)
    assert code == (-9 if "kill" in faults[-1] else 0)
    with rig.others_look():
        wait_until(lambda: len(rig.platform()) == 2 and not rig.undiscovered(), "both jobs of the platform's", 60)
        (rig.cli.directory / "go").touch()
        rig.wait_for_end()
    assert rows(rig) == ["1+0 FAILED 3:0", "1+1 FAILED 3:0"]
    assert sorted(rig.adopted().values()) == sorted(job.name for job in rig.platform())
    assert len(rig.platform()) == 2


def test_what_refuses_one_for_good_refuses_all(rig: Rig) -> None:
    code, errors = submit(rig, ENDLESS, UNHURT, "refuse=NO_SUCH_IMAGE")
    assert code == 1
    assert "NO_SUCH_IMAGE" in errors
    with rig.others_look():
        rig.wait_for_end()
    assert rows(rig) == ["1+0 FAILED 1:0", "1+1 FAILED 1:0"]
    assert living(rig) == []


def test_a_refusal_of_the_first_leaves_nothing(rig: Rig) -> None:
    code, errors = submit(rig, ENDLESS, "refuse=NO_SUCH_IMAGE")
    assert (code, rows(rig), rig.platform()) == (1, [], [])
    assert "NO_SUCH_IMAGE" in errors


def test_without_room_for_one_nothing_is_left_running_alone(rig: Rig) -> None:
    assert submit(rig, ENDLESS, UNHURT, GPU_LIMIT)[0] == 0
    wait_until(lambda: any(job.ended for job in rig.platform()), "the first one to be given back")
    wait_until(lambda: rig.cli("squeue", "-h", "-t", "R", "-o", "%i").stdout.split() == ["1+0", "1+1"], "another try", 90)
    assert len(rig.platform()) == 3
    rig.cli("scancel", "1")
    wait_until(lambda: rows(rig) == [f"1+{offset} CANCELLED by {os.getuid()} 0:0" for offset in (0, 1)], "the end of both")
