"""One virtual cluster for each test that wants one. Where there can be none, its tests are skipped with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.cluster.cluster import Cluster, reason_against
from tests.conftest import Cli
from tests.programs.conftest import CACHE, torch  # noqa: F401 - a fixture

reason_against = cache(reason_against)


@pytest.fixture
def cluster(tmp_path: Path, cli: Cli, state: Path) -> Iterator[Cluster]:
    """Four nodes with nobody on them."""
    if reason := reason_against():
        pytest.skip(f"the virtual cluster {reason}")
    for directory in (CACHE, state):
        directory.mkdir(parents=True, exist_ok=True)
    made = Cluster(tmp_path / "cluster", cli, [CACHE, state], nodes=8)
    yield made
    made.close()
