"""A log through a Gateway that cuts its stream 200 times, and has all the other habits, too: no line is lost, none comes twice."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path

from mlspace.errors import GatewayError
from mlspace.gateway import logs
from mlspace.gateway.client import Client
from mlspace.gateway.loglines import STDERR, STDOUT
from mlspace.gateway.transport import Credentials, Transport
from tests.local.conftest import KNOWN, REGION, Gateway, serve  # noqa: F401 - a fixture

LINES = 5000
"""Of each of two ranks: 10,000 in all, on both streams."""

PROGRAM = f"""
import os, sys, time
rank = os.environ["OMPI_COMM_WORLD_RANK"]
for number in range({LINES}):
    stream = sys.stderr if number % 3 == 0 else sys.stdout
    print(rank, number, "x" * (number % 97 if number % 1000 else 9000), file=stream, flush=True)
    if number % 500 == 0:
        time.sleep(0.1)
"""

CUTS = 200
STEP_BYTES = 3500
LONGEST_SLEEP = 0.02
"""200 pauses are not slept through; but the job is not found at first, and rates are limited."""


def test_no_line_is_lost_or_comes_twice(serve: Callable[..., Gateway], tmp_path: Path) -> None:  # noqa: F811
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    rules = [f"GET /jobs/{{job_name}}/logs cut={(cut + 1) * STEP_BYTES} times=1" for cut in range(CUTS)]
    gateway = serve(*(word for rule in rules for word in ("--fault", rule)))
    name = gateway.client().submit(shlex.join([sys.executable, str(program)]), n_workers=2, processes_per_worker=1)
    client = Client(Transport(gateway.url, Credentials(*KNOWN.values()), str(tmp_path)))
    troubles: list[GatewayError] = []
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        time.sleep(min(seconds, LONGEST_SLEEP))

    lines = list(logs.follow(client, name, REGION, sleep, troubles.append))
    assert len(pauses) >= CUTS
    assert troubles == []
    for rank in range(2):
        for stream in (STDOUT, STDERR):
            numbers = [int(line.text.split()[1]) for line in lines if (line.rank, line.stream) == (rank, stream)]
            assert numbers == [number for number in range(LINES) if (number % 3 == 0) == (stream == STDERR)]
    assert len(lines) == 2 * LINES
    lengths = {len(line.text) for line in lines if line.text.split()[1] == b"1000"}
    assert lengths == {len("0 1000 \n") + 9000}
