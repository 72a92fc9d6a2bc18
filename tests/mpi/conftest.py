"""A user at a terminal of a machine without Open MPI, and one of a machine with it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Cli

SYSTEM_PATH = "/opt/hpcx/ompi/bin:/usr/local/bin:/usr/bin"
OPEN_MPI = shutil.which("mpirun", path=SYSTEM_PATH)
"""The machine's own: on the tests' PATH there may be ours before it."""


@pytest.fixture(scope="session")
def tools_alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for a PATH on which every tool of this machine is, and no mpirun."""
    directory = tmp_path_factory.mktemp("tools")
    tools = {
        entry.name: entry.path for place in ("/bin", "/usr/bin", "/usr/local/bin") if os.path.isdir(place) for entry in os.scandir(place)
    }
    for name, path in tools.items():
        if not name.startswith(("mpi", "orte", "ompi", "prte")):
            (directory / name).symlink_to(path)
    return directory


@pytest.fixture
def laptop(cli: Cli, tools_alone: Path) -> Cli:
    """`cli` without any Open MPI."""
    cli.env["PATH"] = str(tools_alone)
    return cli


@pytest.fixture
def workstation(cli: Cli) -> Iterator[Cli]:
    """`cli` with the machine's Open MPI, asked to run on the embedded MLSpace."""
    if OPEN_MPI is None:
        pytest.skip("Open MPI's mpirun is not installed")
    root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    cli.env |= {"PATH": SYSTEM_PATH + ":/bin", "MLSPACE_MPIRUN": "mlspace", **root}
    yield cli
