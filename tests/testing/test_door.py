"""`python -m mlspace.testing`, as its users call it."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]
DOOR = [sys.executable, "-m", "mlspace.testing"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*DOOR, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)


def test_serves_until_control_c_with_credentials_of_its_own(tmp_path: Path) -> None:
    words = [*DOOR, "-H", "localhost", "-p", "0", "--state", str(tmp_path)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        match = re.fullmatch(r"Listening on (http://localhost:\d+/public/v2)\n", server.stdout.readline())
        assert match
        given = dict(server.stdout.readline().strip().split("=", 1) for _ in range(4))
        assert set(given) == {"MLSPACE_CLIENT_ID", "MLSPACE_CLIENT_SECRET", "MLSPACE_API_KEY", "MLSPACE_WORKSPACE_ID"}
        body = {"client_id": given["MLSPACE_CLIENT_ID"], "client_secret": given["MLSPACE_CLIENT_SECRET"]}
        assert requests.post(f"{match[1]}/service_auth", json=body, timeout=20).status_code == 200
        server.send_signal(signal.SIGINT)
        assert server.wait(20) == 0


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("-H", "127.0.0.1", "-p", str(port), "--state", str(tmp_path))
    message = f"mlspace.testing: error: cannot listen on 127.0.0.1 port {port}: Address already in use\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", message)


def test_one_gateway_per_state_directory(tmp_path: Path) -> None:
    words = [*DOOR, "-H", "127.0.0.1", "-p", "0", "--state", str(tmp_path)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline()
        done = run("-H", "127.0.0.1", "-p", "0", "--state", str(tmp_path))
        assert (done.returncode, done.stderr) == (1, f"mlspace.testing: error: another gateway serves {tmp_path}\n")
        server.terminate()


def test_a_bad_shape_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLSPACE_LOCAL_NODES", "none")
    done = run("-p", "0", "--state", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("mlspace.testing: error: MLSPACE_LOCAL_NODES=none: not a valid value\n")


def test_without_a_state_directory_nothing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    known = ["--client-id", "a", "--client-secret", "b", "--api-key", "k", "--workspace-id", "w"]
    with subprocess.Popen([*DOOR, "-H", "127.0.0.1", "-p", "0", "--quick", *known], cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().split()[-1]
        answer = requests.post(f"{url}/service_auth", json={"client_id": "a", "client_secret": "b"}, timeout=20)
        headers = {"authorization": answer.json()["token"]["access_token"], "x-api-key": "k", "x-workspace-id": "w"}
        body = {"script": "sleep 100", "base_image": "i", "instance_type": "cpu.1C.1M", "region": "SR006", "type": "binary"}
        assert requests.post(f"{url}/jobs", json=body, headers=headers, timeout=20).status_code == 200
        assert len(list(tmp_path.glob("mlspace-testing-*/jobs/*"))) == 1
        server.send_signal(signal.SIGINT)
        assert server.wait(20) == 0
    assert list(tmp_path.glob("mlspace-testing-*")) == []


def test_mlspace_gateway_is_another_door(tmp_path: Path) -> None:
    """Its rules are read like the others' words; whoever lets others reach it is told what that means."""
    command = [str(ROOT / "bin" / "mlspace"), "gateway", "-H", "0.0.0.0", "-p", "0", "--state", str(tmp_path / "state")]
    done = subprocess.run([*command, "--fault", "POST /jobs"], capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("mlspace: error: --fault POST /jobs: a method, a path and what happens are expected\n")
    with (
        (tmp_path / "stderr").open("w") as errors,
        subprocess.Popen([*command, "--fault", "* * status=500"], stdout=subprocess.PIPE, stderr=errors, text=True) as server,
    ):
        assert server.stdout is not None
        url = server.stdout.readline().split()[-1]
        port = url.rpartition(":")[2].partition("/")[0]
        assert requests.post(f"http://127.0.0.1:{port}/public/v2/service_auth", json={}, timeout=20).status_code == 500
        server.send_signal(signal.SIGINT)
        assert server.wait(20) == 0
    assert f"mlspace gateway: warning: whoever reaches 0.0.0.0:{port} and has" in (tmp_path / "stderr").read_text()
