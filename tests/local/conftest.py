"""The embedded gateway as a process of its own, and a client of it that knows nothing of ours."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import processes, wait_until

ROOT = Path(__file__).resolve().parents[2]
REGION = "SR006"
ENDED = ("completed", "succeeded", "failed", "deleted", "stopped", "terminated")
DOOR = (sys.executable, "-m", "mlspace.testing", "-H", "127.0.0.1", "-p", "0")
KNOWN = {"client-id": "ann", "client-secret": "s3cret", "api-key": "k3y", "workspace-id": "11111111-2222-4333-8444-555555555555"}


def processes_with(word: str) -> list[int]:
    return [pid for pid, _ in processes(word)]


class Client:
    """A client of any gateway; logs in at once."""

    def __init__(self, url: str, client_id: str, client_secret: str, api_key: str, workspace_id: str) -> None:
        self.url = url
        self.session = requests.Session()
        answer = self.session.post(f"{url}/service_auth", json={"client_id": client_id, "client_secret": client_secret}, timeout=20)
        token = answer.json()["token"]["access_token"]
        self.session.headers.update({"authorization": token, "x-api-key": api_key, "x-workspace-id": workspace_id})

    def call(self, method: str, path: str, **how: Any) -> requests.Response:
        return self.session.request(method, self.url + path, timeout=30, **how)

    def submit(self, script: str, **fields: Any) -> str:
        body = {"script": script, "base_image": "any", "instance_type": "cpu.1C.100M", "region": REGION, "type": "binary", **fields}
        answer = self.call("POST", "/jobs", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["job_name"])

    def get(self, path: str) -> Any:
        return self.call("GET", path).json()

    def state(self, name: str) -> str:
        return str(self.get(f"/jobs/{name}")["status"])

    def wait(self, name: str, *states: str, seconds: float = 30) -> str:
        return str(wait_until(lambda: (state := self.state(name)) in (states or ENDED) and state, f"{states or ENDED} of {name}", seconds))

    def delete(self, name: str) -> dict[str, Any]:
        return self.call("DELETE", f"/jobs/{name}?region={REGION}").json()  # type: ignore[no-any-return]

    def log(self, name: str, verbose: bool = False, tail: int = 0) -> str:
        return self.call("GET", f"/jobs/{name}/logs?region={REGION}&verbose={verbose}&tail={tail}").text

    def output(self, name: str, tail: int = 0) -> dict[str, str]:
        """What the ranks wrote, by `rank stream`; with `tail` what they have now, in that many last lines."""
        written: dict[str, str] = {}
        for rank, stream, line in re.findall(r"^\[1,(\d+)\]<(\w+)>:(.*)$", self.log(name, tail=tail), re.M):
            written[f"{rank} {stream}"] = written.get(f"{rank} {stream}", "") + line + "\n"
        return written


class Gateway:
    """`python -m mlspace.testing` on a free port, with known credentials."""

    def __init__(self, state: Path, *options: str, env: dict[str, str] | None = None) -> None:
        self.state = state
        words = [word for name, value in KNOWN.items() for word in (f"--{name}", value)]
        shape = {"MLSPACE_LOCAL_NODES": "3", "MLSPACE_LOCAL_CPUS": "2", "MLSPACE_LOCAL_MEMORY": "1000", "MLSPACE_LOCAL_GPUS": "4"}
        self.process = subprocess.Popen(
            [*DOOR, "--state", str(state), "--record", os.environ["MLSPACE_RECORD"], *words, *options],
            cwd=ROOT,
            env={**os.environ, **shape, "SECRET_OF_THE_STARTER": "x", **(env or {})},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("Listening on "), line
        self.url = line.split()[-1]

    def client(self) -> Client:
        return Client(self.url, *KNOWN.values())

    def stop(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Gateway]]:
    """serve("--quick", …) starts a gateway on the test's state directory; it and what its jobs left is ended afterwards."""
    started: list[Gateway] = []
    state = tmp_path / "gateway"

    def start(*options: str, env: dict[str, str] | None = None) -> Gateway:
        started.append(Gateway(state, *options, env=env))
        return started[-1]

    yield start
    for gateway in started:
        if gateway.process.poll() is None:
            gateway.stop()
    end_executors(state)


def end_executors(state: Path) -> None:
    for pid in processes_with(f"{state}/jobs/"):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    wait_until(lambda: not processes_with(f"{state}/jobs/"), "the end of the executors")


@pytest.fixture
def client(serve: Callable[..., Gateway]) -> Client:
    return serve("--quick", "--kill-grace", "0.5").client()
