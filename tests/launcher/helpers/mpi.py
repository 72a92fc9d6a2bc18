"""Real Open MPI: its compiler, its mpirun, and trees of symbolic links that look like other installations of it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[2] / "examples"
AS_ROOT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
"""mpirun otherwise refuses root, here as under Slurm."""


def need_open_mpi() -> None:
    for program in ("mpicc", "mpirun", "ompi_info"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not there: apt-get install openmpi-bin libopenmpi-dev")


def compile_mpi(source: Path, directory: Path) -> Path:
    """The program of one C file, in `directory`."""
    need_open_mpi()
    program = directory / source.stem
    subprocess.run(["mpicc", "-O1", "-Wall", "-o", program, source], check=True, timeout=120)
    return program


def link_open_mpi(prefix: Path, without: str = "*none*") -> Path:
    """The installed Open MPI as one that is moved to `prefix` (OPAL_PREFIX), but for the plugins that match `without`."""
    answer = subprocess.run(["ompi_info", "--parsable", "--path", "all"], check=True, capture_output=True, text=True, timeout=60).stdout
    places = {kind: Path(place) for _, kind, place in (line.split(":", 2) for line in answer.splitlines())}
    (prefix / "bin").mkdir(parents=True)
    for program in ("mpirun", "orted", "ompi_info"):
        (prefix / "bin" / program).symlink_to(places["bindir"] / program)
    plugins = prefix / places["pkglibdir"].relative_to(places["prefix"])
    plugins.mkdir(parents=True)
    for plugin in places["pkglibdir"].iterdir():
        if not plugin.match(without):
            (plugins / plugin.name).symlink_to(plugin)
    texts = prefix / places["pkgdatadir"].relative_to(places["prefix"])
    texts.parent.mkdir(parents=True, exist_ok=True)
    texts.symlink_to(places["pkgdatadir"])
    return prefix


def link_hpcx(root: Path, version: str = "2.21") -> Path:
    """A tree with the layout of an HPC-X, with the installed Open MPI as its `ompi`."""
    for directory in ("ucx/bin", "ucx/lib/ucx", "ucc/lib/ucc", "hcoll/lib", "sharp/bin", "nccl_rdma_sharp_plugin/lib", "clusterkit/bin"):
        (root / directory).mkdir(parents=True)
    (root / "VERSION").write_text(f"HPC-X v{version}\n")
    link_open_mpi(root / "ompi")
    return root
