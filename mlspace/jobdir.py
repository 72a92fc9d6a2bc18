"""Runtime directories: where the `launch` of each node of a job can be met that runs on this host (docs/protocol.md §4)."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OWN = "MLSPACE_JOB_DIR"
"""The variable that names the directory of the job inside which we are."""


def shared_root(uid: int) -> str:
    """Where the jobs of the embedded MLSpace have theirs: it tells them nothing of XDG_RUNTIME_DIR."""
    return f"/tmp/mlspace-{uid}"


def roots(environ: Mapping[str, str], uid: int) -> list[str]:
    """Where a user's may be. launch looks in the same places (launcher/node/runtime_dir.cpp), and so does bin/."""
    own = environ.get("XDG_RUNTIME_DIR", "")
    return [f"{own}/mlspace"] * own.startswith("/") + [shared_root(uid)]


def of_job(environ: Mapping[str, str], uid: int, job_id: str) -> Iterator[str]:
    """Those of a job, and the one that the environment names, if the job is its own."""
    if environ.get(OWN) and environ.get("SLURM_JOB_ID") == job_id:
        yield environ[OWN]
    for root in roots(environ, uid):
        yield from (os.path.join(root, name) for name in names_in(root) if name.startswith(f"{job_id}."))


def names_in(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []


def launch_of(directory: str) -> int:
    """The process that a runtime directory is of; 0 where there is none."""
    try:
        with open(os.path.join(directory, "pid"), encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return 0
