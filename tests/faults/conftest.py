"""A gateway that strikes, for each test here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Cli
from tests.faults.rig import Rig

SEED = int(os.environ.get("FAULT_TESTS_SEED", "1"))


@pytest.fixture
def rig(cli: Cli, tmp_path: Path) -> Iterator[Rig]:
    made = Rig(cli, tmp_path, SEED)
    yield made
    made.close()
