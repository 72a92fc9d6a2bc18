"""Schemathesis against the embedded gateway: whatever the vendor's OpenAPI allows and forbids, the answer is one that it describes.

One job has run before; a quota of no GPUs refuses every other one, so that nothing of what is submitted ever runs.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.local.conftest import KNOWN, REGION, Gateway
from tests.openapi import OPENAPI, document
from tests.programs.conftest import Environment, made

EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "2")
SEED = os.environ.get("SCHEMATHESIS_SEED", "1")
"""Examples for each call; tests/long has more, by chance."""

TYPE = "a100plus.1gpu.80vG.12C.96G"
CONFIG = """
headers = {{ "x-workspace-id" = "{workspace}" }}
[auth.openapi.access_token]
bearer = "{token}"
[auth.openapi.api_key]
api_key = "{key}"
[checks]
# What is well-formed may be refused all the same: types, regions and ids that there are not.
positive_data_acceptance.enabled = false
"""


@pytest.fixture(scope="session")
def schemathesis() -> Environment:
    return made(("schemathesis==4.32.5",))


def test_no_answer_is_another_one_than_described(schemathesis: Environment, serve: Callable[..., Gateway], tmp_path: Path) -> None:
    first = serve("--quick", "--offer", f"{REGION}:{TYPE}=1")
    client = first.client()
    client.wait(client.submit("echo a line", instance_type=TYPE))
    first.stop()
    gateway = serve("--quick", "--offer", f"{REGION}:{TYPE}=1", "--gpu-quota", "0")
    client = gateway.client()
    (tmp_path / "openapi.json").write_text(json.dumps(document()))
    token = str(client.session.headers["authorization"])
    config = CONFIG.format(workspace=KNOWN["workspace-id"], token=token, key=KNOWN["api-key"])
    (tmp_path / "schemathesis.toml").write_text(config)
    words = ["--config-file", "schemathesis.toml", "run", "openapi.json", "--url", gateway.url.removesuffix("/public/v2")]
    words += ["--max-examples", EXAMPLES, "--seed", SEED, "--phases", "examples,coverage,fuzzing"]
    done = subprocess.run(
        [schemathesis.directory / "bin" / "schemathesis", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600 + 60 * int(EXAMPLES),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Tested: {sum(map(len, OPENAPI['paths'].values()))}" in done.stdout
    Path(os.environ["MLSPACE_RECORD"]).unlink()  # it has been judged
    assert client.get(f"/jobs?region={REGION}")["count"] == 1
