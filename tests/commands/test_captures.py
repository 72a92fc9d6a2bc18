"""What real Slurm printed (compat/captures), printed here: stdout, stderr and exit code, in the same state of the same cluster.

Only times, addresses and what the machine is doing are masked. What differs on purpose is in KNOWN, with the reason.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, stop_gateway

CAPTURES = sorted(path.parent for path in ROOT.glob("compat/captures/*/*/*/argv"))
SHAPE = {
    "MLSPACE_LOCAL_NODES": "8",
    "MLSPACE_LOCAL_CPUS": "8",
    "MLSPACE_LOCAL_SOCKETS": "2",
    "MLSPACE_LOCAL_MEMORY": "4000",
    "MLSPACE_LOCAL_MEMPERCPU": "100",
    "MLSPACE_LOCAL_GPUS": "4",
    "MLSPACE_LOCAL_PARTITIONS": "debug=ALL*,gpu=1-4:1440",
}

MASKS = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", "TIME"),
    (r"^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$", "DATE"),
    (r"(?<![\d:])\d:\d\d(?![\d:])", "M:SS"),
    (r"(RunTime)=\S+", r"\1=ELAPSED"),
    (r"(AllocNode:Sid)=\S+", r"\1=HOST"),
    (r"(primary\) at) \S+", r"\1 HOST"),
    (r"(CPULoad|FreeMem)=\S+", r"\1=NOW"),
    (r"NodeAddr=\S+ NodeHostName=\S+( Port=\d+)?", "NodeAddr=HOST"),
    (r"(?<!\w)/[\w./-]*/capture\b", "DIRECTORY"),
    (r"(?<!\w)/tmp/capture\b", "DIRECTORY"),
]

UNORDERED = ("sinfo/by_node", "sinfo/by_node_long")
"""sinfo sorts by node alone; which partition of a node comes first is then an accident."""

KNOWN: dict[str, str] = {}
"""Cases that differ on purpose: why."""


def masked(text: str) -> str:
    for pattern, replacement in MASKS:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    return text


def name_of(case: Path) -> str:
    return f"{case.parent.name}/{case.name}"


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    """compat/scenarios/queue.sh, run by our commands."""
    base = tmp_path_factory.mktemp("captures")
    directory = base / "capture"
    directory.mkdir()
    env = {
        "PATH": f"{ROOT}/bin:/usr/bin:/bin",
        "HOME": str(base),
        "MLSPACE_STATE_DIR": str(base / "state"),
        **SHAPE,
    }
    subprocess.run(["bash", ROOT / "compat/scenarios/queue.sh"], cwd=directory, env=env, check=True, timeout=120, capture_output=True)
    yield directory, env
    subprocess.run(["scancel", "--me"], env=env, check=False)
    stop_gateway(base / "state")


@pytest.mark.skipif(os.geteuid() != 0, reason="the captures show the user root")
@pytest.mark.parametrize("case", CAPTURES, ids=name_of)
def test_prints_what_slurm_printed(case: Path, queue: tuple[Path, dict[str, str]], request: pytest.FixtureRequest) -> None:
    if name_of(case) in KNOWN:
        request.applymarker(pytest.mark.xfail(reason=KNOWN[name_of(case)], strict=True))
    directory, env = queue
    argv = (case / "argv").read_text().splitlines()
    done = subprocess.run(argv, cwd=directory, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    assert masked(done.stderr) == masked((case / "stderr").read_text())
    shown, expected = masked(done.stdout).splitlines(), masked((case / "stdout").read_text()).splitlines()
    if name_of(case) in UNORDERED:
        shown, expected = sorted(shown), sorted(expected)
    assert shown == expected
    assert done.returncode == int((case / "exit").read_text())


def test_there_are_captures() -> None:
    assert len(CAPTURES) > 90
