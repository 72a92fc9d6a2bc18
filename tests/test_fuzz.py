"""Any command line gives an answer or an error that was meant: never a traceback, never "unexpected"."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import pytest

from mlspace.errors import MlspaceError
from mlspace.slurm import directives, foreign, getopt, merge
from mlspace.slurm.options import OPTIONS
from mlspace.slurm.values import checker
from mlspace.slurm.verbose import defined_options
from tests.conftest import Result

ROUNDS = 150
SUBMITTING = ("sbatch", "srun", "salloc")
VALUES = (
    *("", "0", "1", "-1", "2-4", "x", "1,2", "99999999999999999999", "1:00", "2-0:0:0", "n[1-2]", "n[1-", "all", "ALL", "none"),
    *("4G", "gpu:1", "gpu:a:b:c", "%.8i %j", "%", "%%", "%.", "%99999i", "jobid%-0", "now", "now+1day", "2026-13-01", "=", "a=b", "\udcff"),
    *("PENDING,R", "afterok:1", "USR1@60", "/dev/null", "/nonexistent/x", "ä", "a b", "'", '"', "\n", "job", "node=n1", "hostnames"),
)
WORDS = ("show", "ping", "version", "help", "write", "hold", "batch_script", "1", "1.0", "1_2", "extra")


def command_lines(program: str, seed: int) -> Iterator[list[str]]:
    """Random ones, of the command's own options and of values of all kinds."""
    dice = random.Random(seed)
    table = OPTIONS if program in SUBMITTING else import_module(f"mlspace.commands.{program}").OPTIONS
    options = [option for option in table if option.serves(program)]
    for _ in range(ROUNDS):
        words = []
        for _ in range(dice.randrange(4)):
            option, value = dice.choice(options), dice.choice(VALUES)
            name = option.long[: dice.randrange(1, len(option.long) + 1)] if dice.random() < 0.2 else option.long
            spellings = [[f"--{name}"], [f"--{name}={value}"], [f"--{name}", value]]
            if option.short:
                spellings += [[f"-{option.short}"], [f"-{option.short}{value}"], [f"-{option.short}", value]]
            words += dice.choice(spellings)
        yield words + [dice.choice(WORDS + VALUES) for _ in range(dice.randrange(3))]


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is submitted, and no launcher takes this process over."""

    def stop(*_: object) -> NoReturn:
        raise MlspaceError("so far")

    monkeypatch.setattr("mlspace.submission.submit", lambda *_: 1)
    monkeypatch.setattr("mlspace.following.wait", lambda session, job_id: session.job(job_id))
    monkeypatch.setattr("mlspace.allocating.Allocation.await_start", lambda _: "/nonexistent")
    monkeypatch.setattr("mlspace.commands.srun.become_launch", stop)
    monkeypatch.setattr("mlspace.commands.salloc.hold", stop)
    monkeypatch.setattr("mlspace.commands.sbcast.become_launch", lambda *_: 0)


CODES = {**dict.fromkeys((*SUBMITTING, "sbcast"), (0, 1, 255)), "seff": (0, 1, 2)}
"""Exit codes besides 0 and 1 that a command has of its own."""


@pytest.mark.parametrize("program", (*SUBMITTING, "sbcast", "squeue", "sinfo", "scancel", "sacct", "seff", "sstat", "scontrol"))
@pytest.mark.usefixtures("refused")
def test_no_command_line_is_unexpected(run: Callable[..., Result], program: str, tmp_path: Path) -> None:
    (tmp_path / "1").write_text("#!/bin/sh\n")
    for words in command_lines(program, seed=len(program)):
        done = run(program, *words, stdin=b"#!/bin/sh\n", cwd=tmp_path)
        assert "unexpected" not in done.stderr, (words, done)
        assert done.code in (CODES.get(program, (0, 1))), (words, done)
        assert done.code == 0 or done.stderr or "not found" in done.stdout or "--quiet" in words or "-Q" in words, (words, done)


MARKS = ("#SBATCH ", "#SBATCH ", "#SBATCH", "#PBS ", "#BSUB ", "# ", "##SBATCH ", "")
LETTERS = "".join(sorted({*foreign.OF_PBS, *foreign.OF_LSF}))
FOREIGN_VALUES = ("nodes=2:ppn=4", "nodes=a+b:ppn=x", "select=2:ncpus=1", "walltime=x,mem=1gb", "depend=afterok:1", "abe", "2,4", "=", "l=")


def scripts(seed: int) -> Iterator[str]:
    """Random ones: directives of all kinds among comments, blank lines, separators and commands."""
    dice = random.Random(seed)
    lines = [words for program in ("sbatch", "srun") for words in command_lines(program, seed)]
    for _ in range(ROUNDS * 4):
        text = "#!/bin/sh\n"
        for _ in range(dice.randrange(6)):
            mark = dice.choice(MARKS)
            if mark in ("#PBS ", "#BSUB "):
                text += f"{mark}-{dice.choice(LETTERS)} {dice.choice(VALUES + FOREIGN_VALUES)}\n"
            else:
                text += mark + dice.choice([" ".join(dice.choice(lines)), "hetjob", "packjob -N2", "", "true"]) + "\n"
        yield text


def environments(seed: int) -> Iterator[dict[str, str]]:
    """Random values of a few of the input variables."""
    dice = random.Random(seed)
    names = sorted({name for option in OPTIONS for name in (option.on or {}).get("sbatch", "").split()})
    while True:
        yield {dice.choice(names): dice.choice(VALUES) for _ in range(dice.randrange(3))}


def test_any_script_environment_and_command_line_give_a_request_or_slurms_error() -> None:
    """The pure part alone: nothing but MlspaceError is ever raised, and it has a line and an exit code that sbatch has."""
    argvs = list(command_lines("sbatch", seed=5))
    read = refused = 0
    for number, (text, environ) in enumerate(zip(scripts(seed=3), environments(seed=4))):  # noqa: B905 - one of them has no end
        argv = argvs[number % len(argvs)]
        try:
            settings, _ = getopt.parse("sbatch", OPTIONS, argv, stop_at_word=True, check=checker("sbatch"))
            words, lines = directives.read(text, "job.sh"), directives.read_foreign(text, "job.sh", foreign.MARKS)
            for component in merge.read("sbatch", words, environ, [settings], lines):
                assert defined_options("sbatch", OPTIONS, component, 0, "/")[-1] == "sbatch: end of defined options"
            read += 1
        except MlspaceError as error:
            assert error.stderr_lines("sbatch") and error.exit_code in (1, 255), (text, environ, argv)
            refused += 1
    assert read > 50 and refused > 50
