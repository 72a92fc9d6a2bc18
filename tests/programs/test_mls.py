"""The vendor's own client, cloudru-ml-cli: it takes the manifest that `mlspace explain --yaml` writes, and the job runs."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli, wait_until
from tests.local.conftest import KNOWN, REGION, Client, Gateway, end_executors, serve  # noqa: F401 - a fixture
from tests.programs.conftest import Environment

SCRIPT = """#!/bin/bash
#SBATCH --job-name=vendor -N2 --ntasks-per-node=2 --mem=500 --output={directory}/%x.out
#SBATCH --comment="a 'quoted' #comment; with $(shell) characters"
echo "script with $1"
srun sh -c 'echo task $SLURM_PROCID' | sort
"""


@pytest.fixture
def gateway(serve: Callable[..., Gateway]) -> Gateway:  # noqa: F811
    return serve("--quick", "--kill-grace", "1")


@pytest.fixture
def vendor(mls: Environment, gateway: Gateway, cli: Cli) -> Callable[..., str]:
    """mls(...) with a profile for the gateway, in the vendor's own files."""
    home = Path(cli.env["HOME"]) / ".mls"
    home.mkdir()
    keys = {"key_id": "client-id", "key_secret": "client-secret", "x_workspace_id": "workspace-id", "x_api_key": "api-key"}
    (home / "credentials").write_text("[default]\n" + "".join(f"{name} = {KNOWN[ours]}\n" for name, ours in keys.items()))
    (home / "credentials").chmod(0o600)
    (home / "config").write_text(f"[default]\nregion = {REGION}\noutput = json\nendpoint_url = {gateway.url}\n")

    def call(*words: str) -> str:
        argv = [mls.directory / "bin" / "mls", *words]
        done = subprocess.run(argv, cwd=cli.directory, env=cli.env, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return call


@pytest.mark.parametrize("with_credentials", [True, False])
def test_a_manifest(vendor: Callable[..., str], cli: Cli, gateway: Gateway, with_credentials: bool) -> None:
    """With the vendor's profile, which we read as well, and with none, for the embedded MLSpace."""
    (cli.directory / "job.sh").write_text(SCRIPT.format(directory=cli.directory))
    env = {} if with_credentials else {"HOME": str(cli.directory)}
    if with_credentials:
        from tests.launcher.helpers.runtime import newest_launch

        env["MLSPACE_LAUNCH"] = str(newest_launch())
    explained = cli("mlspace", "explain", "--yaml", "job.sh", "an argument", env=env)
    assert (explained.stderr, explained.code) == ("", 0)
    (cli.directory / "job.yaml").write_text(explained.stdout)
    assert f"mls job submit -R {REGION} -c FILE" in explained.stdout
    answer = json.loads(vendor("job", "submit", "-R", REGION, "-c", "job.yaml"))
    assert answer.get("job_name"), answer
    name = answer["job_name"]
    client = Client(gateway.url, *KNOWN.values())
    assert client.wait(name) in ("completed", "succeeded"), client.log(name)
    expected = "script with an argument\n" + "".join(f"task {rank}\n" for rank in range(4))
    wait_until(lambda: expected in client.log(name) or (cli.directory / "vendor.out").read_text() == expected, "the output")
    assert cli("squeue", "-h", "-t", "all").stdout == ""  # it is none of our jobs


PROFILE = (*(KNOWN[name] for name in ("client-id", "client-secret", "workspace-id", "api-key")), REGION, "json")
"""What `mls configure` asks for, before the address."""

TYPE = "a100plus.1gpu.80vG.12C.96G"
LINES = "for i in 1 2 3; do echo line $i; sleep 0.5; done; echo привет; exit 4"


def test_every_command_about_jobs(mls: Environment, serve: Callable[..., Gateway], cli: Cli) -> None:  # noqa: F811
    """With all habits of the platform: a new job is not found at first, the log of a running one is a stream that stays open."""
    gateway = serve("--kill-grace", "1", "--offer", f"{REGION}:{TYPE}=1", "--gpu-quota", "3")

    def call(*words: str, stdin: str = "") -> str:
        argv = [mls.directory / "bin" / "mls", *words]
        done = subprocess.run(argv, input=stdin, cwd=cli.directory, env=cli.env, capture_output=True, text=True, timeout=90, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def answer(*words: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(call("job", *words))
        return told

    call("configure", stdin="".join(f"{word}\n" for word in (*PROFILE, gateway.url)))
    submit = ("submit", "-i", TYPE, "-t", "binary", "-I", "cr.example/image:1", "-d", "a job")
    name = answer(*submit, "-s", f"sh -c '{LINES}'")["job_name"]
    assert answer("status", name)["status"] in ("job not found", "running", "failed")
    log = call("job", "logs", name, "-w")
    assert "🚀 All workers are READY 🚀" in log
    lines = re.sub(r"\s", "", log)  # it breaks lines where its pieces end
    assert "[1,0]<stdout>:line1[1,0]<stdout>:line2[1,0]<stdout>:line3[1,0]<stdout>:привет" in lines
    client = Client(gateway.url, *KNOWN.values())
    assert client.wait(name) == "failed"
    assert answer("status", name)["status"] == "failed"
    assert [pod["status"] for pod in answer("pods", name)["pods"]] == ["Failed"]
    assert [job["job_name"] for job in answer("list", "-s", "Failed")["jobs"]] == [name]
    assert answer("list", "-s", "Running")["jobs"] == []
    again = answer("restart", name)["job_name"]
    assert client.wait(again) == "failed"
    endless = answer(*submit, "-s", "sleep 1000")["job_name"]
    waiting = answer(*submit, "-s", "true")["job_name"]
    client.wait(endless, "running")
    assert answer("kill", endless)["status"] == "deleted"
    assert (client.wait(endless), client.wait(waiting)) == ("deleted", "completed")
    table = call("job", "table")
    for job, state in ((name, "Failed"), (again, "Failed"), (endless, "Deleted"), (waiting, "Completed")):
        assert re.search(rf"{job} +\| +{state} +\| +{REGION} +\| +{re.escape(TYPE)} ", table), table
    assert KNOWN["workspace-id"] in call("ws", "list")
