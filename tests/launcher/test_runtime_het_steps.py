"""Steps over the components of a heterogeneous job. Source of what is expected: srun 22.05.8 in a job of `-N1 -n1 : -N2 -n2`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import wait_until
from tests.launcher.helpers.het import components, start_all
from tests.launcher.helpers.runtime import Runtime, processes_of, reports_of, runtime_directory, without_reports

A, B, C = "127.0.0.1", "127.0.1.1", "127.0.1.2"


def run(runtime: Runtime, directory: Path, script: str) -> tuple[list[str], list[str], str]:
    """The lines of the script's output in components of one and two nodes, in order and sorted, and what stands in the error stream."""
    specs = components(f"#!/bin/bash\n{script}\n", directory)
    nodes = start_all(runtime, specs)
    for part in nodes:
        for node in part:
            assert node.wait() == 0, nodes[0][0].stderr
    for spec in specs:
        assert processes_of(spec.submission) == []
    lines = nodes[0][0].stdout.splitlines()
    return lines, sorted(lines), without_reports(nodes[0][0].stderr)


def test_a_plain_srun_runs_in_the_leader(runtime: Runtime, tmp_path: Path) -> None:
    _, lines, errors = run(runtime, tmp_path, "srun -l printenv SLURMD_NODENAME\nsrun -l --het-group=0 printenv SLURM_JOB_NODELIST")
    assert (lines, errors) == ([f"0: {A}"] * 2, "")


def test_a_group_is_a_component(runtime: Runtime, tmp_path: Path) -> None:
    names = "SLURMD_NODENAME SLURM_PROCID SLURM_NTASKS SLURM_NNODES SLURM_STEP_ID SLURM_JOB_NODELIST SLURM_JOB_CPUS_PER_NODE"
    told = f"srun -l --het-group=1 sh -c 'for name in {names}; do printenv $name; done | paste -sd\" \"'"
    _, lines, errors = run(runtime, tmp_path, f"srun true\n{told}")
    assert errors == ""
    assert lines == [f"{rank}: {node} {rank} 2 2 1 127.0.1.[1-2] 1(x2)" for rank, node in enumerate((B, C))]


@pytest.mark.parametrize("groups", ["--het-group=0,1 {0}", "{0} : {0}", "--het-group=0-1 {0}", "--het-group=1 {0} : --het-group=0 {0}"])
def test_a_step_over_components_is_one(runtime: Runtime, tmp_path: Path, groups: str) -> None:
    names = "SLURMD_NODENAME SLURM_PROCID SLURM_GTIDS SLURM_LOCALID SLURM_NODEID"
    same = "SLURM_NTASKS SLURM_NNODES SLURM_STEP_NUM_TASKS SLURM_STEP_NODELIST SLURM_JOB_NODELIST SLURM_JOB_NUM_NODES"
    counts = "SLURM_JOB_CPUS_PER_NODE SLURM_STEP_TASKS_PER_NODE"
    command = f"sh -c 'for name in {names} {same} {counts}; do printenv $name; done | paste -sd\" \"'"
    _, lines, errors = run(runtime, tmp_path, f"srun -l {groups.format(command)}")
    assert errors == ""
    hosts = "127.0.0.1,127.0.1.[1-2]"
    of_all = f"3 3 3 {hosts} {hosts} 3 1(x3) 1(x3)"
    assert lines == [f"{rank}: {node} {rank} {rank} 0 {rank} {of_all}" for rank, node in enumerate((A, B, C))]


def test_each_component_runs_its_own_and_codes_are_joined(runtime: Runtime, tmp_path: Path) -> None:
    """Messages count a component's tasks from 0, labels those of all."""
    _, lines, errors = run(runtime, tmp_path, "srun -l sh -c 'echo a; exit 3' : sh -c 'echo b; exit 5'\necho $?")
    assert lines == ["0: a", "1: b", "2: b", "5"]
    assert sorted(errors.splitlines()) == [
        f"srun: error: {A}: task 0: Exited with exit code 3",
        f"srun: error: {B}: task 0: Exited with exit code 5",
        f"srun: error: {C}: task 1: Exited with exit code 5",
    ]


def test_input_goes_to_all_or_one(runtime: Runtime, tmp_path: Path) -> None:
    everybody = "seq 100000 | srun -l cat : cat | sort -n | uniq -c | wc -l"
    _, lines, _ = run(runtime, tmp_path, f"{everybody}\necho x | srun -l -i2 cat : cat\necho y | srun -l -i0 cat : cat")
    assert lines == sorted(["300000", "2: x", "0: y"])


def test_steps_have_one_sequence_of_numbers(runtime: Runtime, tmp_path: Path) -> None:
    run(runtime, tmp_path, "srun -J a true\nsrun -J b --het-group=1 true\nsrun -J c true : -J d true\nsrun -J e true")
    told = []
    for offset in range(2):
        reports = [json.loads(line.split(" ", 3)[3]) for line in (tmp_path / f"{offset}.report").read_text().splitlines() if line]
        told.append([(report["step"], report["name"]) for report in reports if report["event"] == "step" and "end" in report])
    assert told == [[(0, "a"), (2, "c"), (3, "e")], [(1, "b"), (2, "d")]]


def test_a_task_in_a_component_starts_steps_in_others(runtime: Runtime, tmp_path: Path) -> None:
    """From the second node of the second component."""
    inner = "srun -l --overlap printenv SLURMD_NODENAME; srun --overlap -n1 -N1 --het-group=1 printenv SLURMD_NODENAME"
    _, lines, errors = run(runtime, tmp_path, f'srun --het-group=1 -N1 -n1 -w {C} --overlap sh -c "{inner}"')
    assert (lines, errors) == ([f"0: {A}", B], "")


def test_kill_on_bad_exit_reaches_all_components(runtime: Runtime, tmp_path: Path) -> None:
    _, lines, errors = run(runtime, tmp_path, "srun -K sh -c 'exit 3' : sleep 3600\necho $?")
    assert lines == ["143"]
    job = errors.split("StepId=")[1].split(".")[0]
    leader = int(job) - 1
    terminating = "srun: launch/slurm: _step_signal: Terminating StepId="
    assert f"{terminating}{job}.0\n{terminating}{leader}.0\n" in errors
    assert f"*** STEP {job}.0 ON {B} CANCELLED AT" in errors
    assert f"srun: Force Terminated StepId={job}.0" in errors
    assert f"srun: Force Terminated StepId={leader}.0" not in errors


@pytest.mark.parametrize(
    ("call", "why"),
    [
        ("--het-group=3 true", "Requested het-group offset exceeds highest hetjob index (3 > 1)"),
        ("--het-group=x true", "_parse_single_range: Invalid range: `x'\nsrun: error: Invalid --het-group value: x"),
        ("--het-group=1-0 true", "_parse_single_range: Invalid range: `1-0'\nsrun: error: Invalid --het-group value: 1-0"),
        ("--het-group= true", "_parse_single_range: Invalid range: `'\nsrun: error: Invalid --het-group value: "),
        ("--het-group=0-2 true", "Attempt to run a job step with het group value of 2, but the job allocation has maximum value of 1"),
        ("a : b : c", "Attempt to run a job step with het group value of 2, but the job allocation has maximum value of 1"),
        (
            "--mpi=pmix true : true",
            "--mpi=pmix over several components of a heterogeneous job is not supported: an MPI program runs in one",
        ),
    ],
)
def test_what_cannot_be_is_refused(runtime: Runtime, tmp_path: Path, call: str, why: str) -> None:
    lines, _, errors = run(runtime, tmp_path, f"srun {call}\necho $?")
    assert (lines, errors) == (["1"], f"srun: error: {why}\n")


def test_more_words_that_cannot_be(runtime: Runtime, tmp_path: Path) -> None:
    lines, _, errors = run(runtime, tmp_path, "srun --het-group=0 a : --het-group=0 b\nsrun true : -l\nsrun -l : true\necho $?")
    assert lines == ["0"]
    assert errors == "srun: fatal: Duplicate het groups in single srun not supported\nsrun: fatal: No command given to execute.\n"


def test_a_lost_component_ends_a_step_over_it(runtime: Runtime, tmp_path: Path) -> None:
    specs = components("#!/bin/sh\nsrun sh -c 'echo up; exec sleep 3600' : sh -c 'echo up; exec sleep 3600'\n", tmp_path, (1, 1))
    (leader,), (second,) = start_all(runtime, specs)
    wait_until(lambda: leader.stdout.count("up") == 2, "the tasks")
    second.process.kill()
    leader.wait()
    assert [end["state"] for end in reports_of(specs[0], (tmp_path / "0.report").read_bytes())["end"]] == ["NODE_FAIL"]
    assert processes_of(specs[0].submission) == []
    assert not runtime_directory(specs[0]).exists()
