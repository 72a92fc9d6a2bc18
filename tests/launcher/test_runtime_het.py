"""Heterogeneous jobs: how the components' first nodes meet, what the script is told, and how all end together."""

from __future__ import annotations

import secrets
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from mlspace.spec.launch import LaunchSpec
from tests.conftest import wait_until
from tests.launcher.helpers.het import components, start_all, start_component
from tests.launcher.helpers.runtime import Runtime, end_of, processes_of, reports_of, runtime_directory

LONG = "#!/bin/sh\necho up\nexec sleep 3600\n"


def starts_of(spec: LaunchSpec, directory: Path) -> int:
    """How often a component has reported that it has started."""
    assert spec.job and spec.job.het
    report = directory / f"{spec.job.het.offset}.report"
    return len(reports_of(spec, report.read_bytes())["start"]) if report.exists() else 0


def test_the_script_starts_when_all_are_there(runtime: Runtime, tmp_path: Path) -> None:
    """Until the last component has come nothing has started; then all have."""
    specs = components("#!/bin/sh\nenv | grep '^SLURM.*_\\(GROUP_\\|SIZE\\)\\|^SLURM_JOB_ID' | sort\n", tmp_path, (1, 2, 1), (2, 1, 3))
    (leader,) = start_component(runtime, specs[0])
    first = start_component(runtime, specs[1])
    wait_until(lambda: (runtime_directory(specs[1]) / "channel").exists(), "the second component")
    assert [starts_of(spec, tmp_path) for spec in specs] == [0, 0, 0]
    (last,) = start_component(runtime, specs[2])
    assert [leader.wait(), *(node.wait() for node in first), last.wait()] == [0, 0, 0, 0]
    assert [starts_of(spec, tmp_path) for spec in specs] == [1, 1, 1]
    assert not (tmp_path / "meeting").exists()
    job = specs[0].job
    assert job and job.het
    told = dict(line.split("=", 1) for line in leader.stdout.splitlines())
    assert told["SLURM_JOB_ID"] == str(job.id)
    assert told["SLURM_HET_SIZE"] == told["SLURM_PACK_SIZE"] == "3"
    expected = {
        "SLURM_JOB_ID": [str(number) for number in job.het.ids],
        "SLURM_JOB_NAME": ["part0", "part1", "part2"],
        "SLURM_JOB_NODELIST": ["127.0.0.1", "127.0.1.[1-2]", "127.0.2.1"],
        "SLURM_JOB_NUM_NODES": ["1", "2", "1"],
        "SLURM_JOB_CPUS_PER_NODE": ["2", "1(x2)", "3"],
        "SLURM_TASKS_PER_NODE": ["2", "1(x2)", "3"],
        "SLURM_JOB_PARTITION": ["debug"] * 3,
    }
    for name, values in expected.items():
        for group in ("HET", "PACK"):
            assert [told.pop(f"{name}_{group}_GROUP_{offset}") for offset in range(3)] == values
    assert set(told) == {"SLURM_JOB_ID", "SLURM_HET_SIZE", "SLURM_PACK_SIZE"}


@pytest.mark.parametrize(
    ("end", "code", "outcome"),
    [("exit 0", 0, ("COMPLETED", "None", 0, 0)), ("exit 3", 3, ("FAILED", "NonZeroExitCode", 3, 0))],
)
def test_components_end_as_the_leader_does(
    runtime: Runtime, tmp_path: Path, end: str, code: int, outcome: tuple[str, str, int, int]
) -> None:
    specs = components(f"#!/bin/sh\n{end}\n", tmp_path)
    nodes = start_all(runtime, specs)
    assert [part[0].wait() for part in nodes] == [code, code]
    assert [end_of(spec, part[0]) for spec, part in zip(specs, nodes, strict=True)] == [outcome, outcome]
    assert nodes[1][1].wait() == 0


def test_a_lost_component_ends_the_job(runtime: Runtime, tmp_path: Path) -> None:
    specs = components(LONG, tmp_path, (1, 1, 1))
    (leader,), (second,), (third,) = start_all(runtime, specs)
    wait_until(lambda: "up" in leader.stdout, "the script")
    second.process.kill()
    lost = ("NODE_FAIL", "NodeDown", 0, signal.SIGTERM)
    assert leader.wait() == third.wait() == 128 + signal.SIGTERM
    assert end_of(specs[0], leader) == end_of(specs[2], third) == lost
    assert "DUE TO NODE FAILURE, the connection to component 1 broke ***" in leader.stderr
    assert processes_of(specs[0].submission) == []


def test_a_lost_leader_ends_all_components(runtime: Runtime, tmp_path: Path) -> None:
    specs = components(LONG, tmp_path)
    (leader,), (second, other) = start_all(runtime, specs)
    wait_until(lambda: "up" in leader.stdout, "the script")
    leader.process.kill()
    assert second.wait() == 128 + signal.SIGTERM
    assert end_of(specs[1], second) == ("NODE_FAIL", "NodeDown", 0, signal.SIGTERM)
    assert other.wait() == 0


def test_a_cancelled_leader_ends_all_components(runtime: Runtime, tmp_path: Path) -> None:
    specs = components(LONG, tmp_path)
    (leader,), (second, _) = start_all(runtime, specs)
    wait_until(lambda: "up" in leader.stdout, "the script")
    leader.process.terminate()
    assert leader.wait() == second.wait() == 128 + signal.SIGTERM
    assert end_of(specs[1], second) == ("CANCELLED", "Terminated", 0, signal.SIGTERM)


def test_a_component_that_never_comes_ends_the_job(runtime: Runtime, tmp_path: Path) -> None:
    """Nothing was started, and nobody is told that anything was."""
    specs = components(LONG, tmp_path, (1, 1, 1), wait=1)
    (leader,) = start_component(runtime, specs[0])
    (second,) = start_component(runtime, specs[1])
    assert leader.wait() == second.wait() == 128 + signal.SIGTERM
    assert end_of(specs[0], leader) == end_of(specs[1], second) == ("NODE_FAIL", "NodeDown", 0, signal.SIGTERM)
    assert "component 2 has not come within 1 seconds" in leader.stderr
    assert leader.stdout == ""
    assert starts_of(specs[0], tmp_path) == starts_of(specs[1], tmp_path) == 0


def test_a_component_without_leader_ends(runtime: Runtime, tmp_path: Path) -> None:
    specs = components(LONG, tmp_path, (1, 1), wait=1)
    (second,) = start_component(runtime, specs[1])
    assert second.wait() == 128 + signal.SIGTERM
    assert end_of(specs[1], second) == ("NODE_FAIL", "NodeDown", 0, signal.SIGTERM)


def test_who_does_not_know_the_secret_is_no_component(runtime: Runtime, tmp_path: Path) -> None:
    specs = components("#!/bin/sh\necho up\n", tmp_path, (1, 1), wait=30)
    stranger = replace(specs[1], secret=secrets.token_hex(32), submission=secrets.token_hex(16), report_file=None)
    assert stranger.job and stranger.job.het
    stranger = replace(stranger, job=replace(stranger.job, het=replace(stranger.job.het, wait=2)))
    (leader,) = start_component(runtime, specs[0])
    (refused,) = start_component(runtime, stranger)
    assert refused.wait() == 128 + signal.SIGTERM
    assert leader.process.poll() is None
    assert leader.stdout == ""
    (second,) = start_component(runtime, specs[1])
    assert leader.wait() == second.wait() == 0
    assert leader.stdout == "up\n"


def test_an_old_meeting_is_no_hindrance(runtime: Runtime, tmp_path: Path) -> None:
    """An earlier attempt of the job was killed, and has left its addresses."""
    specs = components("#!/bin/sh\necho up\n", tmp_path, (1, 1), wait=30)
    (tmp_path / "meeting").write_text("127.0.9.9,no address")
    (second,) = start_component(runtime, specs[1])
    wait_until(lambda: (runtime_directory(specs[1]) / "channel").exists(), "the component")
    (leader,) = start_component(runtime, specs[0])
    assert leader.wait() == second.wait() == 0


def test_hosts_tell_where_no_meeting_is_seen(runtime: Runtime, tmp_path: Path) -> None:
    specs = components("#!/bin/sh\necho up\n", tmp_path, (1, 1))
    for offset, spec in enumerate(specs):
        assert spec.job and spec.job.het
        het = replace(spec.job.het, meeting=None, hosts=["127.0.0.1"] if offset else [])
        specs[offset] = replace(spec, job=replace(spec.job, het=het))
    (leader,), (second,) = start_all(runtime, specs)
    assert leader.wait() == second.wait() == 0
