"""`mlspace explain`: what it says of a script, and that nothing of it reaches the Gateway."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.conftest import Result

Run = Callable[..., Result]
SHAPE = {"MLSPACE_LOCAL_NODES": "4", "MLSPACE_LOCAL_CPUS": "4", "MLSPACE_LOCAL_MEMORY": "4000", "MLSPACE_LOCAL_GPUS": "2"}

SCRIPT = """#!/bin/bash
#SBATCH -J train -N2 --ntasks-per-node=2
#SBATCH --output=%x-%4j.out
#SBATCH --mail-type=END --mail-type=FAIL
#SBATCH -t 00:20:00
srun python3 train.py
"""


@pytest.fixture
def explain(run: Run, tmp_path: Path) -> Run:
    def call(*arguments: str, script: str = SCRIPT, env: dict[str, str] | None = None, **how: object) -> Result:
        (tmp_path / "job.sh").write_text(script)
        return run("mlspace", "explain", *arguments, env={**SHAPE, **(env or {})}, **how)

    return call


def rows(text: str) -> dict[str, list[str]]:
    """The first table's rows by their first column; cells are at least two blanks apart."""
    found: dict[str, list[str]] = {}
    for line in text.split("\n\n")[0].splitlines()[2:]:
        cells = [cell.strip() for cell in line.split("  ") if cell.strip()]
        if line.startswith("--"):
            found[cells[0]] = cells[1:]
    return found


def test_each_option_with_its_value_origin_and_meaning(explain: Run, tmp_path: Path) -> None:
    done = explain("-n4", "job.sh", "a", env={"SBATCH_TIMELIMIT": "30"})
    assert (done.stderr, done.code) == ("", 0)
    table = rows(done.stdout)
    assert table["--nodes"] == ["2", "line 2 of job.sh", "honoured", "n_workers 2"]
    assert table["--ntasks"] == ["4", "the command line", "honoured", "4 tasks on 2 nodes: 2(x2)"]
    assert table["--time"] == ["30", "SBATCH_TIMELIMIT", "honoured", "the launcher ends the job after 30 minutes"]
    assert "(not 00:20:00, line 5 of job.sh)" in done.stdout
    assert table["--mail-type"][:3] == ["END,FAIL", "line 4 of job.sh", "honoured"]
    assert table["--output"][:2] == ["%x-%4j.out", "line 3 of job.sh"]
    assert f"{tmp_path}/train-0001.out," in done.stdout.split()
    assert table["--partition"][:2] == ["debug", "default"]


def test_the_request_to_the_platform(explain: Run) -> None:
    done = explain("--gres=gpu:1", "--cpus-per-task=2", "--mem=1000", "job.sh", env={"MLSPACE_IMAGE": "cr.example/mine:1"})
    job = dict(line.split(None, 1) for line in done.stdout.split("\n\n")[1].splitlines() if " " in line.strip())
    assert job["instance_type"].split()[0] == "gpu.1gpu.4C.1000M"
    assert job["base_image"].split(None, 1) == ["cr.example/mine:1", "from MLSPACE_IMAGE"]
    assert job["partition"].split() == ["debug", "region", "SR006"]
    assert job["type"] == "binary"
    assert "n_workers 2, processes_per_worker 1" in job["nodes"]


def test_variables_are_named_and_their_values_are_not(explain: Run) -> None:
    done = explain("job.sh", env={"COLOUR": "d4rk", "WANDB_API_KEY": "v3ry-s3cret", "MLSPACE_CLIENT_SECRET": ""})
    assert "COLOUR" in done.stdout
    assert "can read these: WANDB_API_KEY\n" in done.stdout
    assert "d4rk" not in done.stdout
    assert "s3cret" not in done.stdout
    assert "MLSPACE_CLIENT_SECRET" not in done.stdout


def test_advice_has_its_line(explain: Run) -> None:
    script = SCRIPT.replace("srun", "first=${SLURM_JOB_NODELIST%%-*}\nsrun") + "module load x\n"
    done = explain("-o", "nowhere/%j.out", "job.sh", script=script)
    warnings = [line for line in done.stdout.splitlines() if line.startswith("warning: ")]
    assert [line[:40] for line in warnings] == [
        "warning: the directory nowhere of --outp",
        "warning: line 6 of job.sh: this cuts nod",
        "warning: line 8 of job.sh: there are no ",
    ]
    assert explain("job.sh", script=script + "\n", env={"BASH_FUNC_module%%": "() {\n}"}).stdout.count("warning: ") == 1


def test_a_script_from_standard_input_and_a_wrapped_command(explain: Run) -> None:
    assert rows(explain("-", stdin=SCRIPT.encode()).stdout)["--nodes"][1] == "line 2 of standard input"
    assert rows(explain("-N3", "--wrap", "hostname").stdout)["--nodes"][:2] == ["3", "the command line"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--x11-of-mine", "job.sh"), "sbatch: unrecognized option '--x11-of-mine'"),
        (("-N", "x", "job.sh"), 'mlspace: error: "x" is not a valid node count'),
        (("nowhere.sh",), "mlspace: error: Unable to open file nowhere.sh"),
        ((), "mlspace explain: error: no script given; - is standard input"),
    ],
)
def test_what_cannot_be_read(explain: Run, arguments: tuple[str, ...], line: str) -> None:
    done = explain(*arguments)
    assert done.stdout == ""
    assert done.stderr.splitlines()[0] == line
    assert done.code != 0


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("-N9",), "sbatch refuses this job: Batch job submission failed: "),
        (("-w", "n99"), "sbatch refuses this job: Batch job submission failed: Invalid node name specified"),
        (("--uid=1",), "sbatch refuses this job: --uid is not supported: a job runs as who submits it"),
    ],
)
def test_what_sbatch_refuses_is_explained_all_the_same(explain: Run, arguments: tuple[str, ...], line: str) -> None:
    done = explain(*arguments, "job.sh")
    assert done.code == 1
    assert f"\n{line}" in done.stdout
    assert rows(done.stdout)["--job-name"][0] == "train"
    if "--uid=1" in arguments:
        assert rows(done.stdout)["--uid"] == ["1", "the command line", "refused", "a job runs as who submits it"]
    manifest = explain("--yaml", *arguments, "job.sh")
    assert (manifest.stdout, manifest.code) == ("", 1)


def test_the_manifest(explain: Run) -> None:
    done = explain("--yaml", "job.sh")
    assert (done.stderr, done.code) == ("", 0)
    assert "mls job submit -R SR006 -c FILE" in done.stdout.splitlines()[0]
    job = yaml.safe_load(done.stdout)["job"]
    assert job["resource"] == {"instance_type": job["resource"]["instance_type"], "workers": 2, "processes": 1}
    assert (job["type"], job["environment"]["flags"]["spec-num-parts"]) == ("binary", "1")
    assert "spec-file" not in job["environment"]["flags"]
    assert "include_nodes" in explain("--yaml", "-w", "n[1-2]", "job.sh").stdout.partition("\njob:")[0]


def test_arrays_and_components(explain: Run, tmp_path: Path) -> None:
    assert f"{tmp_path}/slurm-1_%a.out," in explain("--array=0-3", "--wrap", "true").stdout.split()
    script = SCRIPT.replace("#SBATCH -t", "#SBATCH hetjob\n#SBATCH -t")
    assert explain("job.sh", script=script).stdout.startswith("job.sh asks for 2 components; this is the first one\n\n")
    refused = explain("--yaml", "job.sh", script=script)
    assert (refused.stdout, refused.stderr, refused.code) == (
        "",
        "mlspace: error: a manifest is one job; job.sh asks for 2 components\n",
        1,
    )


def test_nothing_is_submitted(explain: Run, run: Run, state: Path) -> None:
    assert explain("job.sh").code == explain("--yaml", "job.sh").code == 0
    assert run("squeue", "-h", "-t", "all").stdout == ""
    assert json.loads((state / "local" / "endpoint.json").read_text())["url"]
    assert list((state / "local").glob("jobs/*")) == []


def test_credentials_that_are_not_complete(explain: Run) -> None:
    """What needs no Gateway is explained; the rest is said to be unknown, and why."""
    done = explain("job.sh", env={"MLSPACE_CLIENT_ID": "x"})
    assert rows(done.stdout)["--nodes"] == ["2", "line 2 of job.sh", "honoured"]
    assert "what becomes of it on MLSpace cannot be said: credentials for MLSpace are not complete" in done.stdout
    assert done.code == 1


def test_help_and_version(run: Run) -> None:
    assert "--yaml" in run("mlspace", "explain", "--help").stdout
    assert "mlspace explain" in run("mlspace", "--help").stdout
    assert run("mlspace", "--version").stdout == "mlspace 0.1.0 (slurm 22.05.8)\n"
