"""The configuration's section `defaults`: what it adds to a request, what goes before it, and which mistakes are named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Result

Run = Callable[..., Result]


@pytest.fixture
def configured(run: Run, tmp_path: Path) -> Callable[..., Result]:
    """configured("defaults: {...}", "sbatch", ...) with that configuration."""

    def call(text: str, program: str, *arguments: str, env: dict[str, str] | None = None) -> Result:
        path = tmp_path / "mlspace/config.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)
        return run(program, *arguments, env={"XDG_CONFIG_HOME": str(tmp_path), **(env or {})})

    return call


def shown(configured: Callable[..., Result], run: Run, *arguments: str, env: dict[str, str] | None = None) -> dict[str, str]:
    """What a held job of these options has: its time limit, memory, name, and whether it is requeued."""
    text = "defaults: {time: 4:00:00, mem: 300, job-name: usual, no-requeue: true, overcommit: false, array: 0-3}"
    done = configured(text, "sbatch", "--parsable", "-H", "--wrap", "true", *arguments, env=env)
    assert (done.stderr, done.code) == ("", 0)
    job = json.loads(run("squeue", "--json").stdout)["jobs"][-1]
    return {name: str(job[name]) for name in ("time_limit", "memory_per_node", "memory_per_cpu", "name", "requeue", "array_task_string")}


USUAL = {"time_limit": "240", "memory_per_node": "300", "memory_per_cpu": "None", "name": "usual"}
USUAL |= {"requeue": "False", "array_task_string": "0-3"}


@pytest.mark.parametrize(
    ("arguments", "env", "other"),
    [
        ([], {}, {}),
        (["-t", "5"], {}, {"time_limit": "5"}),
        ([], {"SBATCH_TIMELIMIT": "6"}, {"time_limit": "6"}),
        (["--mem-per-cpu=100"], {}, {"memory_per_node": "None", "memory_per_cpu": "100"}),
        (["--requeue", "-J", "x", "-a", "5-6"], {}, {"requeue": "True", "name": "x", "array_task_string": "5-6"}),
    ],
)
def test_what_goes_before_a_default(
    configured: Callable[..., Result], run: Run, arguments: list[str], env: dict[str, str], other: dict[str, str]
) -> None:
    assert shown(configured, run, *arguments, env=env) == {**USUAL, **other}


def test_a_script_goes_before_it(configured: Callable[..., Result], run: Run, tmp_path: Path) -> None:
    (tmp_path / "job.sh").write_text("#!/bin/sh\n#SBATCH -t 7\n")
    assert configured("defaults: {time: 8, comment: c}", "sbatch", "-H", "job.sh").code == 0
    assert run("squeue", "-h", "-o", "%l %k").stdout == "7:00 c\n"


def test_options_of_another_command_are_passed_over(configured: Callable[..., Result]) -> None:
    """An array is sbatch's alone, --multi-prog srun's."""
    assert configured("defaults: {array: 0-3, multi-prog: true}", "srun", "--test-only", "true").stderr.count("array") == 0
    assert configured("defaults: {multi-prog: true}", "sbatch", "-H", "--wrap", "true").code == 0


def test_explain_says_where_it_is_from(configured: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "job.sh").write_text("#!/bin/sh\n")
    told = configured("defaults: {time: 4:00:00}", "mlspace", "explain", "job.sh").stdout
    assert "4:00:00" in told
    assert ["--time", "4:00:00", "defaults", "in", "config.yaml"] in [line.split()[:5] for line in told.splitlines()]


@pytest.mark.parametrize(
    ("text", "blamed"),
    [
        ("defaults: [time]", "defaults: options and their values are expected"),
        ("defaults: {tiem: 4}", "defaults: there is no option --tiem"),
        ("defaults: {help: true}", "defaults: there is no option --help"),
        ("defaults: {wrap: x}", "defaults: there is no option --wrap"),
        ("defaults: {time: [4]}", "defaults.time: a single value"),
        ("defaults: {requeue: maybe}", "defaults.requeue: maybe: not a valid value"),
    ],
)
def test_a_mistake_is_named(configured: Callable[..., Result], tmp_path: Path, text: str, blamed: str) -> None:
    refused = configured(text, "sbatch", "-H", "--wrap", "true")
    assert (refused.stdout, refused.code) == ("", 1)
    assert refused.stderr.startswith(f"sbatch: error: {tmp_path}/mlspace/config.yaml: {blamed}")


def test_a_value_that_cannot_be_read_is_refused(configured: Callable[..., Result]) -> None:
    refused = configured("defaults: {time: soon}", "sbatch", "-H", "--wrap", "true")
    assert (refused.stdout, refused.code) == ("", 255)
    assert "Invalid --time specification" in refused.stderr
