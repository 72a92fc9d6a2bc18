"""The real launch with bad job descriptions: one line, exit code 78, and nothing is started."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = json.loads((ROOT / "tests" / "contract" / "spec.json").read_text())


def merge(document: Any, patch: Any) -> Any:
    """RFC 7396: null removes a key."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def flags_for(document: Any) -> list[str]:
    text = json.dumps(document).encode()
    digest = hashlib.sha256(text).hexdigest()
    return ["--spec-version=1", "--spec-num-parts=1", f"--spec-part-0={base64.b64encode(text).decode()}", f"--spec-sha256={digest}"]


def call(launch: Path, flags: list[str], directory: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(directory)}
    return subprocess.run([str(launch), *flags], env=environment, cwd=directory, capture_output=True, text=True, timeout=20, check=False)


def expect_refusal(result: subprocess.CompletedProcess[str], error: str, directory: Path) -> None:
    assert (result.stderr, result.stdout, result.returncode) == (f"launch: error: {error}\n", "", 78)
    assert list(directory.iterdir()) == []


@pytest.mark.parametrize("case", [case for case in CONTRACT["flags"] if "error" in case], ids=lambda case: case["why"])
def test_bad_flags(launch: Path, case: dict[str, Any], tmp_path: Path) -> None:
    directory = tmp_path / "empty"
    directory.mkdir()
    expect_refusal(call(launch, case["flags"], directory), case["error"], directory)


@pytest.mark.parametrize("case", CONTRACT["bad"], ids=lambda case: case["why"])
def test_bad_documents(launch: Path, case: dict[str, Any], tmp_path: Path) -> None:
    directory = tmp_path / "empty"
    directory.mkdir()
    flags = flags_for(merge(CONTRACT["base"][case["of"]], case["patch"]))
    expect_refusal(call(launch, flags, directory), case["error"], directory)


@pytest.mark.parametrize("case", [case for case in CONTRACT["flags"] if "error" not in case], ids=lambda case: case["why"])
def test_good_flags_run_the_program(launch: Path, case: dict[str, Any], tmp_path: Path) -> None:
    result = call(launch, case["flags"], tmp_path)
    assert result.returncode == 0, result.stderr
    assert "PATH=" in result.stdout


def test_a_spec_file(launch: Path, tmp_path: Path) -> None:
    text = json.dumps({"role": "exec", "command": ["printf", "%s", "ran"]}).encode()
    path = tmp_path / "spec.json"
    path.write_bytes(text)
    flags = ["--spec-version=1", f"--spec-file={path}", f"--spec-sha256={hashlib.sha256(text).hexdigest()}"]
    assert call(launch, flags, tmp_path).stdout == "ran"
    path.write_bytes(text + b" ")
    damaged = call(launch, flags, tmp_path)
    assert (damaged.stdout, damaged.returncode) == ("", 78)
    assert "checksum" in damaged.stderr


def test_a_pipe_as_spec_file_does_not_hang(launch: Path, tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    result = call(launch, ["--spec-version=1", f"--spec-file={path}", f"--spec-sha256={'0' * 64}"], tmp_path)
    assert (result.stderr, result.returncode) == (f"launch: error: --spec-file={path}: not a regular file\n", 78)


def test_more_nodes_than_processes(launch: Path, tmp_path: Path) -> None:
    directory = tmp_path / "empty"
    directory.mkdir()
    error = "the job has 2 nodes, but launch was started 1 times"
    expect_refusal(call(launch, flags_for(CONTRACT["base"]["tasks"]), directory), error, directory)


def test_version(launch: Path, tmp_path: Path) -> None:
    result = call(launch, ["--version"], tmp_path)
    assert (result.stdout.split(" ")[0], result.stderr, result.returncode) == ("launch", "", 0)


def test_show_hostnames_by_word_and_by_link(launch: Path, tmp_path: Path) -> None:
    link = tmp_path / "scontrol"
    link.symlink_to(launch)
    for program, words in ((launch, ["scontrol"]), (link, [])):
        result = call(program, [*words, "show", "hostnames", "n[1-2]"], tmp_path)
        assert (result.stdout, result.stderr, result.returncode) == ("n1\nn2\n", "", 0)


@pytest.mark.parametrize("how", ["word", "link"])
def test_an_error_bears_the_name_of_the_command(launch: Path, tmp_path: Path, how: str) -> None:
    (tmp_path / "sbcast").symlink_to(launch)
    command = [str(launch), "sbcast"] if how == "word" else [str(tmp_path / "sbcast")]
    done = subprocess.run([*command, "/no/such/file", "/tmp/x"], capture_output=True, text=True, env={"SLURM_JOB_ID": "1"}, timeout=30)
    assert done.stderr == "sbcast: error: Can't open `/no/such/file`: No such file or directory\n"


def test_it_is_static(launch: Path) -> None:
    """It must run in any image: no program interpreter, so no C library of the image's."""
    assert b"ld-linux" not in launch.read_bytes()[:4096]
