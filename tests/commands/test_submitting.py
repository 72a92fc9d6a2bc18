"""What sbatch, srun and salloc say of options that Slurm 22.05 does not have: images, later versions' words, components."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Cli, Result

Run = Callable[..., Result]
AS_IT_IS = "sbatch: warning: the image {} is ignored: there are no containers here, the program runs as it is"


@pytest.mark.parametrize(
    ("argv", "image"),
    [
        (["--image=a/b:1"], "a/b:1"),
        (["--container-image", "docker://cr.example#a/b:1"], "cr.example/a/b:1"),
        (["--image=docker:a/b:1"], "a/b:1"),
        (["--container-image=/x/y.sqsh"], "/x/y.sqsh"),
    ],
)
def test_an_image_is_said_once_where_there_are_no_containers(run: Run, argv: list[str], image: str) -> None:
    done = run("sbatch", "--test-only", *argv, "--wrap=true")
    assert done.code == 0
    assert done.stderr.splitlines()[0] == AS_IT_IS.format(image)
    assert done.stderr.count("image") == 1


def test_an_image_in_a_script_is_one_too(run: Run, tmp_path: Path) -> None:
    (tmp_path / "job.sh").write_text("#!/bin/sh\n#SBATCH --container-image='a#b' --container-mounts=x:y --no-container-mount-home\n")
    done = run("sbatch", "--test-only", "job.sh")
    assert done.code == 0
    assert done.stderr.splitlines()[:3] == [
        "sbatch: warning: --container-mounts is ignored: the platform mounts the user's storage by itself",
        "sbatch: warning: --no-container-mount-home is ignored: the platform mounts the user's storage by itself",
        AS_IT_IS.format("a/b"),
    ]


def test_the_image_of_the_environment_is_not_spoken_of(run: Run) -> None:
    assert "image" not in run("sbatch", "--test-only", "--wrap=true", env={"MLSPACE_IMAGE": "a/b"}).stderr


def test_what_each_task_gets_is_what_it_gets_by_the_older_options(run: Run) -> None:
    env = {"MLSPACE_LOCAL_CPUS": "8", "MLSPACE_LOCAL_GPUS": "4"}
    old = run("sbatch", "-v", "--test-only", "-n2", "-c2", "--gpus-per-task=1", "--wrap=true", env=env)
    new = run("sbatch", "-v", "--test-only", "-n2", "--tres-per-task=cpu=2,gres/gpu=1", "--wrap=true", env=env)
    assert old.code == new.code == 0
    assert old.stderr.splitlines()[-1].partition("using")[2] == new.stderr.splitlines()[-1].partition("using")[2]
    assert run("sbatch", "--tres-per-task=license=1", "--wrap=true").stderr == "sbatch: error: Invalid --tres-per-task specification\n"


@pytest.mark.parametrize("program", ["sbatch", "srun", "salloc"])
def test_every_component_is_checked(run: Run, program: str) -> None:
    words = ["--wrap=true"] if program == "sbatch" else ["true"]
    assert run(program, "-n1", ":", "-N99", *words).code == 1
    assert "99" not in run(program, "-n1", ":", "-N99", *words).stderr.partition("error")[0]
    assert run(program, "-n1", ":", "-N", "x", *words).stderr == f'{program}: error: "x" is not a valid node count\n'


def test_the_first_mistake_is_the_one_that_is_said(run: Run) -> None:
    assert run("sbatch", "-N", "x", "--bogus").stderr == 'sbatch: error: "x" is not a valid node count\n'
    assert run("sbatch", "--bogus", "-N", "x").stderr.startswith("sbatch: unrecognized option '--bogus'\n")


@pytest.mark.parametrize(
    ("argv", "start", "code"),
    [
        (["sbatch", "--hint=help"], "What kind of program it is", 1),
        (["srun", "--cpu-bind=help", "true"], "How tasks are bound to CPUs", 1),
        (["srun", "--mem-bind=help"], "How tasks are bound to memory", 255),
        (["sbatch", "--gres=help", "-N", "2"], "Valid gres options are:\ngpu[[:type]:count]\n", 0),
        (["srun", "--mpi=list"], "MPI plugin types are...\n", 0),
    ],
)
def test_values_that_ask_for_help(run: Run, argv: list[str], start: str, code: int) -> None:
    done = run(*argv)
    assert (done.stderr, done.code) == ("", code)
    assert done.stdout.startswith(start)


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["sbatch", "no-such-file"], 77),
        (["sbatch", "-N99", "--wrap", "true"], 77),
        (["sbatch", "--gres=:", "--wrap", "true"], 77),
        (["sbatch", "--hint=x", "--wrap", "true"], 77),
        (["srun", "-w", "n99", "true"], 77),
        (["salloc", "-N99"], 77),
        (["sbatch", "--foo"], 255),
        (["sbatch", "-Nx", "--wrap", "true"], 255),
        (["sbatch", "-n0", "--wrap", "true"], 1),
        (["sbatch", "-Bx", "--wrap", "true"], 1),
        (["srun"], 1),
        (["sbatch", "--test-only", "-N99", "--wrap", "true"], 1),
        (["squeue", "-Sfoo"], 1),
    ],
)
def test_the_user_chooses_the_exit_code_of_failures(run: Run, argv: list[str], code: int) -> None:
    """As sbatch, srun and salloc 22.05 do it: of failures, not of what is wrong with the command line."""
    assert run(*argv, env={"SLURM_EXIT_ERROR": "77"}).code == code


@pytest.mark.parametrize(("text", "code"), [("300", 44), ("-1", 255), ("12x", 12), ("", 1), ("0", 1), ("x", 1), ("0x10", 1)])
def test_exit_codes_are_read_as_c_does(run: Run, text: str, code: int) -> None:
    result = run("sbatch", "no-such-file", env={"SLURM_EXIT_ERROR": text})
    said = "sbatch: error: SLURM_EXIT_ERROR has zero value\n" * (code == 1)
    assert (result.stderr, result.code) == (f"{said}sbatch: error: Unable to open file no-such-file\n", code)


@pytest.mark.parametrize(
    ("name", "reason"), [("999", "Could not open user environment file 999"), ("/", "read(environment_file): Is a directory")]
)
def test_an_environment_file_that_cannot_be_read(run: Run, name: str, reason: str) -> None:
    result = run("sbatch", f"--export-file={name}", "--wrap", "true", env={"SLURM_EXIT_ERROR": "77"})
    assert result == ("", f"sbatch: error: {reason}\n", 1)
    assert run("squeue", "-h", "-t", "all").stdout == ""


def test_the_environment_of_a_file_takes_the_place_of_ones_own(cli: Cli) -> None:
    (cli.directory / "variables").write_bytes(b"A=1\0B=two\nlines\0C\0=x\0MLSPACE_API_KEY=k\0PATH=/bin:/usr/bin\0A=\xff\0")
    command = ["sbatch", "--wait", "-oout", "--wrap", 'printf "%s|" "$A" "$B" "${C-none}" "${MINE-none}" "${MLSPACE_API_KEY-none}"']
    assert cli(*command, "--export-file=variables", env={"MINE": "1"}).code == 0
    shown = b"\xff|two\nlines|none|none|none|"
    assert (cli.directory / "out").read_bytes() == shown
    with (cli.directory / "variables").open("rb") as file:
        process = cli.start(*command, f"--export-file={file.fileno()}", pass_fds=[file.fileno()])
        assert process.wait(60) == 0
    assert (cli.directory / "out").read_bytes() == shown
