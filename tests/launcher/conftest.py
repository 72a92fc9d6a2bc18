"""The launcher that was built last, and real processes of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.launcher.helpers.runtime import Runtime, newest_launch


@pytest.fixture(scope="session")
def launch() -> Path:
    built = newest_launch()
    assert built, "launch is not built: bin/.setup builds it"
    return built


@pytest.fixture
def runtime(launch: Path, tmp_path: Path) -> Iterator[Runtime]:
    started = Runtime(launch, tmp_path)
    yield started
    started.close()
