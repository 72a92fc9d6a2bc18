"""Any command line gives an answer or an error that was meant: never a traceback, never "unexpected"."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

from mlspace.slurm.options import OPTIONS
from tests.conftest import Result

ROUNDS = 150
SUBMITTING = ("sbatch", "srun")
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

    monkeypatch.setattr("mlspace.submission.submit", lambda *_: 1)
    monkeypatch.setattr("mlspace.session.Session.wait", lambda self, job_id: self.job(job_id))
    monkeypatch.setattr("mlspace.commands.srun.wait_for_allocation", lambda *_: "/nonexistent")
    monkeypatch.setattr("mlspace.commands.srun.become_launch", lambda *_: 0)


@pytest.mark.parametrize("program", ["sbatch", "srun", "squeue", "sinfo", "scancel", "sacct", "scontrol"])
@pytest.mark.usefixtures("refused")
def test_no_command_line_is_unexpected(run: Callable[..., Result], program: str, tmp_path: Path) -> None:
    (tmp_path / "1").write_text("#!/bin/sh\n")
    for words in command_lines(program, seed=len(program)):
        done = run(program, *words, stdin=b"#!/bin/sh\n", cwd=tmp_path)
        assert "unexpected" not in done.stderr, (words, done)
        assert done.code in ((0, 1, 255) if program in SUBMITTING else (0, 1)), (words, done)
        assert done.code == 0 or done.stderr or "not found" in done.stdout or "--quiet" in words or "-Q" in words, (words, done)
