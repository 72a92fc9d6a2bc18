"""Script, environment and command line together; what is ignored and what refused."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from mlspace.errors import MlspaceError, RequestRefused, UsageError
from mlspace.slurm import directives, foreign, getopt, merge
from mlspace.slurm.options import OPTIONS
from mlspace.slurm.request import Component, JobRequest


def merged(argv: list[str], script: str = "", environ: dict[str, str] | None = None, program: str = "sbatch") -> Component:
    settings, _ = getopt.parse(program, OPTIONS, argv, stop_at_word=True)
    (component,) = merge.components(program, directives.read(script, "job.sh"), environ or {}, [settings])
    return component


def test_the_command_line_wins_over_the_environment_and_that_over_the_script() -> None:
    script = "#SBATCH -t 1 -p script -J script\n"
    environ = {"SBATCH_TIMELIMIT": "2", "SBATCH_PARTITION": "environment"}
    component = merged(["-t3"], script, environ)
    assert component.values == {"time": 3, "partition": "environment", "job-name": "script"}
    assert component.origins == {"time": "the command line", "partition": "SBATCH_PARTITION", "job-name": "line 1 of job.sh"}
    assert component.origin("nodes") == "default"


@pytest.mark.parametrize(
    ("environ", "values"),
    [
        ({"SBATCH_REQUEUE": ""}, {"requeue": True}),
        ({"SBATCH_REQUEUE": "yes"}, {"requeue": True}),
        ({"SBATCH_REQUEUE": "2"}, {"requeue": True}),
        ({"SBATCH_REQUEUE": "0"}, {}),
        ({"SBATCH_REQUEUE": "00"}, {}),
        ({"SBATCH_REQUEUE": "x"}, {}),
        ({"SBATCH_NO_REQUEUE": ""}, {"requeue": False}),
        ({"SBATCH_EXCLUSIVE": ""}, {"exclusive": True}),
        ({"SBATCH_EXCLUSIVE": "user"}, {"exclusive": "user"}),
        ({"SBATCH_DEBUG": "1"}, {"verbose": 1}),
        ({"SBATCH_NODES": "x", "SLURM_NTASKS": "5"}, {}),
        ({"MLSPACE_IMAGE": "img"}, {"image": "img"}),
        ({"SBATCH_WAIT": "9" * 5000}, {"wait": True}),
    ],
)
def test_input_environment_variables(environ: dict[str, str], values: dict[str, object]) -> None:
    assert merged([], environ=environ).values == values


def test_srun_has_variables_of_its_own() -> None:
    environ = {"SLURM_NTASKS": "5", "SLURM_NPROCS": "4", "SLURM_LABELIO": "1", "SBATCH_TIMELIMIT": "x", "SRUN_CPUS_PER_TASK": "2"}
    assert merged([], environ=environ, program="srun").values == {"ntasks": 5, "label": True, "cpus-per-task": 2}


@pytest.mark.parametrize(
    ("environ", "lines"),
    [
        ({"SBATCH_TIMELIMIT": "x"}, ("Invalid --time specification", "  from SBATCH_TIMELIMIT")),
        ({"SBATCH_TIMELIMIT": ""}, ("Invalid --time specification", "  from SBATCH_TIMELIMIT")),
        ({"SBATCH_EXCLUSIVE": "yes"}, ("Invalid --exclusive specification", "  from SBATCH_EXCLUSIVE")),
    ],
)
def test_a_bad_variable_is_named_even_where_the_command_line_says_otherwise(environ: dict[str, str], lines: tuple[str, ...]) -> None:
    with pytest.raises(MlspaceError) as caught:
        merged(["-t5"], environ=environ)
    assert caught.value.lines == lines
    assert caught.value.exit_code == 255


def test_a_bad_value_of_the_command_line_needs_no_origin() -> None:
    with pytest.raises(MlspaceError) as caught:
        merged(["-N", "x"])
    assert caught.value.lines == ('"x" is not a valid node count',)


@pytest.mark.parametrize(("argv", "value", "level"), [([], "2", 2), (["-v"], "1", 2), (["-vv"], "", 3), (["-v"], "0", 1), ([], "yes", 1)])
def test_verbosity_adds_up(argv: list[str], value: str, level: int) -> None:
    assert merged(argv, "#SBATCH -v\n", {"SBATCH_DEBUG": value})["verbose"] == level


BOTH = "sbatch: fatal: --mem, --mem-per-cpu, and --mem-per-gpu are mutually exclusive."
BOTH_SET = "sbatch: fatal: SLURM_MEM_PER_CPU, SLURM_MEM_PER_GPU, and SLURM_MEM_PER_NODE are mutually exclusive."


def test_there_is_one_memory() -> None:
    """The script's or the command line's, else that of the environment. Source: sbatch 22.05."""
    assert merged(["--mem-per-cpu=100"], "", {"SBATCH_MEM_PER_NODE": "50"}).values == {"mem-per-cpu": 100}
    assert merged([], "#SBATCH --mem=50\n", {"SBATCH_MEM_PER_CPU": "1"}).values == {"mem": 50}
    assert merged([], "#SBATCH --mem=50\n", {"SBATCH_MEM_PER_NODE": "70"}).values == {"mem": 70}
    assert merged(["--mem-per-cpu=7"], "", {"SBATCH_MEM_PER_NODE": "50", "SBATCH_MEM_PER_GPU": "1"}).values == {"mem-per-cpu": 7}
    for argv, script, environ, line in (
        (["--mem=1", "--mem-per-cpu=2"], "", {}, BOTH),
        (["--mem=1"], "#SBATCH --mem-per-gpu=1\n", {}, BOTH),
        ([], "", {"SBATCH_MEM_PER_CPU": "1", "SBATCH_MEM_PER_NODE": "1"}, BOTH_SET),
    ):
        with pytest.raises(UsageError) as caught:
            merged(argv, script, environ)
        assert caught.value.lines == (line,)
        assert caught.value.exit_code == 1


@pytest.mark.parametrize(
    ("argv", "start"),
    [
        (["--uid=root"], "--uid is not supported: "),
    ],
)
def test_what_is_not_there_is_refused_in_one_line(argv: list[str], start: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        merged(argv)
    assert len(caught.value.lines) == 1
    assert caught.value.lines[0].startswith(start)
    assert caught.value.exit_code == 1


def test_a_refusal_says_where_it_was_asked_for() -> None:
    with pytest.raises(RequestRefused) as caught:
        merged([], "#!/bin/sh\n#SBATCH --uid=root\n")
    assert caught.value.lines[1] == "  from line 2 of job.sh"


def test_srun_options_that_are_not_there() -> None:
    for argv in (["--interactive"], ["--x11"], ["--uid=root"]):
        with pytest.raises(RequestRefused):
            merged(argv, program="srun")


@pytest.mark.parametrize(("text", "value"), [("none", None), ("pmix", "pmix"), ("pmix_v4", "pmix"), ("openmpi", "openmpi")])
def test_types_of_mpi(text: str, value: str | None) -> None:
    assert merged([f"--mpi={text}"], program="srun").values == {"mpi": value}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("pmi2", "--mpi=pmi2 is not supported: MPI programs start with --mpi=pmix"),
        ("PMIX", "Invalid MPI type 'PMIX', --mpi=list for acceptable types"),
        ("", "Invalid MPI type '', --mpi=list for acceptable types"),
    ],
)
def test_other_types_of_mpi(text: str, line: str) -> None:
    with pytest.raises(MlspaceError) as caught:
        merged([f"--mpi={text}"], program="srun")
    assert line in caught.value.lines


@pytest.mark.parametrize("text", ["auto", "off", "/opt/hpcx-2.21"])
def test_hpcx(text: str) -> None:
    for program in ("sbatch", "srun", "salloc"):
        assert merged([f"--hpcx={text}"], program=program).values == {"hpcx": text}


@pytest.mark.parametrize("text", ["", "on", "hpcx"])
def test_an_hpcx_that_is_no_place(text: str) -> None:
    with pytest.raises(MlspaceError, match="auto, off, or the absolute path"):
        merged([f"--hpcx={text}"], program="sbatch")


@pytest.mark.parametrize("argv", [["--dependency="]])
def test_a_value_that_asks_for_nothing_is_not_refused(argv: list[str]) -> None:
    merged(argv)


def test_an_ignored_option_is_said_once() -> None:
    component = merged(["--mcs-label=a", "--mem-bind=local"], "#SBATCH --mcs-label=b\n#SBATCH --mcs-label=c\n")
    assert merge.warnings("sbatch", [component, component]) == [
        "sbatch: warning: --mcs-label is ignored: there are no such labels",
        "sbatch: warning: --mem-bind is ignored: memory is not bound",
    ]
    assert merge.warnings("sbatch", [merged(["-N2", "--time=5"])]) == []


def several(parts: Sequence[Sequence[str]], script: str = "", environ: dict[str, str] | None = None) -> list[dict[str, object]]:
    """The values of each component."""
    settings = [getopt.parse("sbatch", OPTIONS, list(part), stop_at_word=True)[0] for part in parts]
    return [one.values for one in merge.components("sbatch", directives.read(script, "job.sh"), environ or {}, settings)]


@pytest.mark.parametrize(
    ("parts", "script", "environ", "values"),
    [
        ([[]], "#SBATCH -n1\n#SBATCH hetjob\n#SBATCH -n2\n", {}, [{"ntasks": 1}, {"ntasks": 2}]),
        ([["-n1"], ["-n2"]], "", {}, [{"ntasks": 1}, {"ntasks": 2}]),
        ([["-t5", "-n1"], ["-n2"]], "", {}, [{"time": 5, "ntasks": 1}, {"time": 5, "ntasks": 2}]),
        ([["-p", "a"], []], "", {}, [{"partition": "a"}, {}]),
        ([["-n3"]], "#SBATCH -t5\n#SBATCH hetjob\n", {}, [{"time": 5, "ntasks": 3}, {"time": 5, "ntasks": 3}]),
        ([["-t7"], ["-t8"]], "#SBATCH -t5\n#SBATCH hetjob\n#SBATCH -n1\n", {}, [{"time": 7}, {"time": 8, "ntasks": 1}]),
        ([[]], "#SBATCH -t5\n#SBATCH hetjob\n#SBATCH -t9\n", {"SBATCH_TIMELIMIT": "6"}, [{"time": 6}, {"time": 6}]),
    ],
)
def test_components(
    parts: list[list[str]], script: str, environ: dict[str, str], values: list[dict[str, object]]
) -> None:
    """What a component does not say, some of the first one's options say for it. Source: sbatch -v 22.05."""
    assert several(parts, script, environ) == values


@pytest.mark.parametrize(("environ", "ignored"), [({"SBATCH_IGNORE_PBS": ""}, True), ({"SBATCH_IGNORE_PBS": "0"}, False), ({}, False)])
def test_lines_of_other_schedulers_win_over_directives_unless_they_are_ignored(environ: dict[str, str], ignored: bool) -> None:
    text = "#!/bin/sh\n#PBS -N pbs\n#SBATCH -J slurm\n"
    lines = directives.read_foreign(text, "job.sh", foreign.MARKS)
    (component,) = merge.components("sbatch", directives.read(text, "job.sh"), environ, [], lines)
    assert component["job-name"] == ("slurm" if ignored else "pbs")
    (component,) = merge.components("sbatch", [[]], {"SBATCH_JOB_NAME": "env"}, [], lines)
    assert component["job-name"] == "env"


def test_a_component_is_plain_data() -> None:
    argv = ["-N1-2", "-t1-0", "--gres=gpu:a:2", "--signal=B:USR1@5", "-w", "n[1-2]", "--mail-type=END", "--exclusive", "--export=A"]
    request = JobRequest("sbatch", [merged(argv)])
    stored = json.loads(json.dumps(request.to_json()))
    again = JobRequest.from_json(stored)
    assert again.first.values == request.first.values
    assert again.first["signal"] == {"signal": 10, "warn": 5, "batch_only": True, "reservation": False}
