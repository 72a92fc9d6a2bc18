"""No secret is where others can read it: arguments of processes, logs, errors, what a job gets and leaves, the registry, files.

The secrets are made up for each test, so that wherever one of them turns up it came from here. The job itself looks too, while it runs.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, Cli, Result
from tests.launcher.helpers.runtime import newest_launch
from tests.local.conftest import REGION, end_executors

SCRIPT = """#!/bin/bash
echo "began $SLURM_JOB_ID"
env
tr '\\0' '\\n' </proc/$PPID/environ
srun sh -c 'env; tr "\\0" "\\n" </proc/$PPID/environ'
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'
[ -z "$FAILS" ] || { echo "no such thing" >&2; exit 3; }
"""

ELSEWHERE = {"MLS_PASSWORD": secrets.token_hex(12), "GWAPI_KEY": secrets.token_hex(12)}
"""Secrets of the user's environment that have nothing to do with how the commands log in."""


class Watch:
    """The arguments of every process that is seen while it watches."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self.watch)

    def watch(self) -> None:
        while not self._done.wait(0.01):
            for name in os.listdir("/proc"):
                try:
                    self.seen.add(Path(f"/proc/{name}/cmdline").read_bytes())
                except OSError:
                    continue  # no process, or one that has ended

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


class Platform:
    """An embedded gateway that has made up its own credentials; they are in no arguments."""

    def __init__(self, state: Path) -> None:
        self.state = state
        words = [sys.executable, "-m", "mlspace.testing", "-H", "127.0.0.1", "-p", "0", "--quick", "--kill-grace", "1"]
        self.process = subprocess.Popen([*words, "--state", str(state)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().split()[-1]
        lines = [self.process.stdout.readline().strip() for _ in range(4)]
        self.variables = dict(line.split("=", 1) for line in lines)

    @property
    def secrets(self) -> list[str]:
        return [self.variables["MLSPACE_CLIENT_SECRET"], self.variables["MLSPACE_API_KEY"]]

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=20)
        end_executors(self.state)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    made = Platform(tmp_path / "platform")
    yield made
    made.stop()


def by_variables(cli: Cli, platform: Platform) -> list[Path]:
    cli.env |= platform.variables | {"MLSPACE_ENDPOINT": platform.url}
    return []


def by_login(cli: Cli, platform: Platform) -> list[Path]:
    words = "".join(f"{name}={value}\n" for name, value in platform.variables.items())
    assert cli("mlspace", "login", "--stdin", "--endpoint", platform.url, stdin=words.encode()).code == 0
    return [Path(cli.env["HOME"]) / ".config/mlspace/credentials.yaml"]


def by_the_vendors_file(cli: Cli, platform: Platform) -> list[Path]:
    """As the vendor's client writes it: for everybody to read."""
    path = Path(cli.env["HOME"]) / ".mls/credentials"
    path.parent.mkdir()
    keys = {"key_id": "CLIENT_ID", "key_secret": "CLIENT_SECRET", "x_workspace_id": "WORKSPACE_ID", "x_api_key": "API_KEY"}
    lines = [f"{name} = {platform.variables[f'MLSPACE_{ours}']}\n" for name, ours in keys.items()]
    path.write_text("[default]\n" + "".join(lines))
    path.chmod(0o644)
    (path.parent / "config").write_text(f"[default]\nendpoint_url = {platform.url}\n")
    return [path]


LOOKS = (
    *("squeue -a -t all", "squeue --json", "sacct -o ALL", "sinfo --json", "scontrol show job", "scontrol show config"),
    *("scontrol show partition", "scontrol write batch_script 1 -", "mlspace config show", "mlspace job 1", "mlspace pods 1"),
    *("mlspace logs 1", "mlspace logs --raw 1", "mlspace explain job.sh", "mlspace explain --yaml job.sh", "mlspace -n -- env"),
)


def run_jobs(cli: Cli) -> list[Result]:
    """Submit, run, end well and badly."""
    (cli.directory / "job.sh").write_text(SCRIPT)
    done = [cli("sbatch", "-v", "--wait", "job.sh"), cli("sbatch", "--wait", "job.sh", env={"FAILS": "1"})]
    assert [one.code for one in done] == [0, 3], done
    return done


def do_the_rest(cli: Cli) -> list[Result]:
    """Look at everything; run and cancel by the other commands."""
    done = [cli("srun", "-v", "env"), cli("mpirun", "-np", "2", "env"), *(cli(*words.split()) for words in LOOKS)]
    held = cli("sbatch", "--parsable", "-H", "--export=ALL", "job.sh").stdout.strip()
    done.append(cli("scancel", held))
    assert [one for one in done if one.code] == []
    return done


def errors(cli: Cli) -> list[Result]:
    """What goes wrong on the way, with the whole of a defect's text."""
    loud = {"MLSPACE_TRACEBACK": "1"}
    away = cli("sbatch", "job.sh", env={**loud, "MLSPACE_ENDPOINT": "http://127.0.0.1:9"})
    wrong = cli("sbatch", "job.sh", env={**loud, "MLSPACE_CLIENT_ID": "somebody-else"})
    closed = cli("squeue", env={**loud, "MLSPACE_STATE_DIR": "/dev/null/x"})
    broken = cli("sinfo", env={**loud, "MLSPACE_API": "v3"})
    assert all(one.code for one in (away, wrong, closed, broken))
    return [away, wrong, closed, broken]


def holding(directory: Path, words: list[str]) -> dict[Path, list[int]]:
    """Files with one of the words in them, and which."""
    found: dict[Path, list[int]] = {}
    for path in directory.rglob("*"):
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            here = [number for number, word in enumerate(words) if word.encode() in data]
            if here:
                found[path] = here
    return found


@pytest.mark.parametrize("keep", [by_variables, by_login, by_the_vendors_file])
def test_no_secret_is_seen(cli: Cli, platform: Platform, state: Path, tmp_path: Path, keep: Callable[[Cli, Platform], list[Path]]) -> None:
    cli.env |= ELSEWHERE | {"MLSPACE_LAUNCH": str(newest_launch()), "MLSPACE_REGION": REGION, "MLSPACE_IMAGE": "cr.example/i:1"}
    with Watch() as watch:
        kept = keep(cli, platform)
        printed = run_jobs(cli) + errors(cli)
        if keep is by_variables:
            printed += do_the_rest(cli)
    (token_file, *_) = token_files = list(state.glob("token-*.json"))
    tokens = [json.loads(path.read_text())["access_token"] for path in token_files]
    words = [*platform.secrets, *tokens, *ELSEWHERE.values()]
    assert len(token_files) == 1
    # The looking finds what is there.
    outputs = b"".join(path.read_bytes() for path in cli.directory.glob("slurm-*.out"))
    assert outputs.count(b"began") == 2
    assert any(b"job.sh" in arguments for arguments in watch.seen)
    assert b"job.sh" in outputs
    assert [number for path in kept for number in holding(path.parent, words)[path]] == [0, 1] * len(kept)

    def among(texts: list[bytes]) -> list[str]:
        return [text.decode(errors="replace")[:200] for text in texts if any(word.encode() in text for word in words)]

    assert among(list(watch.seen)) == []
    assert among([stream.encode(errors="surrogateescape") for one in printed for stream in (one.stdout, one.stderr)]) == []
    found = holding(tmp_path, words)
    assert found.pop(token_file) == [2]
    for path in kept:
        found.pop(path)
    assert found == {}
    assert [path for path in (*kept, token_file) if stat.S_IMODE(path.stat().st_mode) != 0o600] == []
    assert [path for path in (state, *state.rglob("*")) if path.stat().st_mode & 0o077] == []


def test_secrets_of_jobs_are_in_closed_files_and_nowhere_else(cli: Cli, state: Path, tmp_path: Path) -> None:
    """What the nodes of a job know each other by is in its specification and in the registry; no argument, output, log or report has it."""
    with Watch() as watch:
        job = cli("sbatch", "--parsable", "--wrap", "sleep 300; :").stdout.strip()
        (spec,) = (state / "specs").glob("*.json")
        secret = json.loads(spec.read_text())["secret"]
        assert len(secret) >= 32
        printed = [cli("scontrol", "show", "job", job), cli("squeue", "--json"), cli("mlspace", "job", job), cli("scancel", job)]
        printed.append(cli("sbatch", "--wait", "--wrap", "true"))
    assert not [arguments for arguments in watch.seen if secret.encode() in arguments]
    assert not [one for one in printed if secret in one.stdout + one.stderr]
    found = holding(tmp_path, [secret])
    assert {path.name.partition("-")[0] for path in found} == {"registry.sqlite"}, found
    closed = (state, state / "specs", state / "reports", *found, *(state / "specs").iterdir())
    assert [path for path in closed if path.stat().st_mode & 0o077] == []
