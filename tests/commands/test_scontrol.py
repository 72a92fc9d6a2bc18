"""scontrol beyond what a real Slurm could be asked for the same: what it refuses, and the processes of a job."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable

import pytest

from mlspace.commands.scontrol import COMMANDS
from mlspace.commands.showing import ENTITIES
from mlspace.context import Context
from mlspace.session import MIN_JOB_AGE_SECONDS
from tests.conftest import Cli, Result

NOTHING_TO_ADMINISTER = "scontrol: error: there is nothing to administer here\n"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["reconfigure"], NOTHING_TO_ADMINISTER),
        (["setdebug", "info"], NOTHING_TO_ADMINISTER),
        (["setdebugflags", "+gres"], NOTHING_TO_ADMINISTER),
        (["shutdown"], NOTHING_TO_ADMINISTER),
        (["reboot", "ASAP", "n1"], NOTHING_TO_ADMINISTER),
        (["token", "lifespan=60"], NOTHING_TO_ADMINISTER),
        (["create", "partition=x"], NOTHING_TO_ADMINISTER),
        (["create", "reservation", "user=ann"], NOTHING_TO_ADMINISTER),
        (["delete", "partition=x"], NOTHING_TO_ADMINISTER),
        (["suspend", "1"], "scontrol: error: a job on MLSpace cannot be suspended: cancel it, or let it save its state and requeue it\n"),
        (["write", "config"], "scontrol: error: write config: there is no slurm.conf here; show config tells what it would say\n"),
        (["show", "assoc_mgr"], "scontrol: error: there are no associations here: everybody has a registry of their own\n"),
        (["show", "config", "--json"], "scontrol: error: --json: only `show job' and `show node' have it, not `show config'\n"),
        (["--uid=root", "ping"], "scontrol: error: --uid=root: the jobs here are your own\n"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_refuses_what_there_cannot_be_in_one_line(run: Callable[..., Result], words: list[str], error: str) -> None:
    done = run("scontrol", *words)
    assert (done.stdout, done.stderr, done.code) == ("", error, 1)


def test_a_word_means_the_first_name_that_it_begins() -> None:
    """Each name itself is found under its own name, so that no row hides another."""
    for table in (COMMANDS, ENTITIES):
        for name in table:
            found = [known for known, row in table.items() if len(name) >= row.shortest and known.startswith(name)]
            assert found[0] == name


def test_lists_the_processes_of_a_job_from_inside(cli: Cli) -> None:
    script = b"""#!/bin/sh
srun -n2 sh -c 'echo started; until [ -e done ]; do sleep 0.1; done' &
until [ "$(grep -c started out)" = 2 ]; do sleep 0.1; done
scontrol listpids $SLURM_JOB_ID.0 >tasks
scontrol listpids >all
scontrol pidinfo $$ >mine
scontrol listpids 99 >none 2>&1
touch done
wait
"""
    done = cli("sbatch", "--wait", "-n2", "-t", "5", "-o", "out", stdin=script)
    assert done.code == 0, (cli.directory / "out").read_text()
    header, *tasks = (cli.directory / "tasks").read_text().splitlines()
    assert header == "PID      JOBID    STEPID   LOCALID GLOBALID"
    assert [line.split()[1:] for line in tasks[:2]] == [["1", "0", "0", "0"], ["1", "0", "1", "1"]]
    everything = [line.split()[1:] for line in (cli.directory / "all").read_text().splitlines()[1:]]
    assert everything[0] == ["1", "batch", "0", "0"]
    assert ["1", "0", "0", "0"] in everything
    assert (cli.directory / "mine").read_text().startswith("Slurm JobId=1 ends at ")
    lines = (cli.directory / "none").read_text().splitlines()
    assert lines == [header, "There are no steps for job 99 on node (null)."]


def test_knows_an_ended_job_for_its_least_age_and_sacct_for_ever(
    cli: Cli, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("sbatch", "--wait", "--wrap", "exit 3").code == 3
    end = int(time.time())
    local = {name: value for name, value in cli.env.items() if name.startswith("MLSPACE_")}

    monkeypatch.setattr(Context, "now", lambda self: end + MIN_JOB_AGE_SECONDS - 60)
    shown = run("scontrol", "show", "job", "1", env=local)
    assert ("JobState=FAILED Reason=NonZeroExitCode" in shown.stdout, shown.code) == (True, 0)
    assert run("squeue", "-h", "-t", "all", "-o", "%i %t", env=local).stdout == "1 F\n"

    monkeypatch.setattr(Context, "now", lambda self: end + MIN_JOB_AGE_SECONDS + 60)
    shown = run("scontrol", "show", "job", "1", env=local)
    assert (shown.stdout, shown.stderr, shown.code) == ("", "slurm_load_jobs error: Invalid job id specified\n", 1)
    assert run("scontrol", "show", "job", env=local).stdout == "No jobs in the system\n"
    assert run("squeue", "-h", "-t", "all", env=local).stdout == ""
    assert run("sacct", "-X", "-n", "-P", "-j", "1", "-o", "JobID,State", env=local).stdout == "1|FAILED\n"


def test_an_array_that_is_cancelled_stays_that_of_its_elements(cli: Cli) -> None:
    """As scontrol and squeue 22.05 show it; it starts, they say, when it ends."""
    cli("sbatch", "-H", "--array=1-5", "--begin=now+1hour", "--wrap", "true")
    cli("scancel", "1_2")
    cli("scancel", "1")
    shown = cli("scontrol", "show", "job", "1").stdout
    assert "ArrayTaskId=1,3-5 " in shown
    assert "NumTasks=N/A " in shown
    start, end = re.search(r"StartTime=(\S+) EndTime=(\S+)", shown).groups()  # type: ignore[union-attr]
    assert start == end
    assert cli("squeue", "-h", "-tall", "-j1", "-o%i %K %t %S").stdout.splitlines()[-1] == f"1_[1,3-5] 1,3-5 CA {end}"


def test_shows_jobs_and_nodes_as_documents(cli: Cli) -> None:
    ids = [cli("sbatch", "--parsable", "-H", "--wrap", "true").stdout.strip() for _ in range(2)]
    (job,) = json.loads(cli("scontrol", "show", "job", ids[1], "--json").stdout)["jobs"]
    assert (job["job_id"], job["state_reason"]) == (int(ids[1]), "JobHeldUser")
    assert cli("scontrol", "show", "jobs", "--json").stdout == cli("squeue", "--json").stdout
    nodes, same = (
        re.sub(r"(free_memory|cpu_load): !!int \d+", r"\1: N", cli(*words).stdout)
        for words in (("scontrol", "--yaml", "show", "nodes"), ("sinfo", "--yaml"))
    )
    assert nodes == same
    (node,) = json.loads(cli("scontrol", "--json", "show", "node=n2").stdout)["nodes"]
    assert node["name"] == "n2"
    assert cli("scontrol", "--json", "show", "job", "99").stderr == "slurm_load_jobs error: Invalid job id specified\n"
