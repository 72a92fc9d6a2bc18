"""Whether mpirun is meant to run ranks here and now, and the machine's own mpirun, which then takes our place.

Ours runs a job on MLSpace where somebody asks for that: an option that Open MPI does not have, a Gateway in the environment or the
configuration, or MLSPACE_MPIRUN=mlspace; and where there is no other mpirun. Inside a job, and with MLSPACE_MPIRUN=own, it never does.
bin/mpirun knows the first case itself, before any Python starts.
"""

from __future__ import annotations

import os

from mlspace import jobdir
from mlspace.errors import MlspaceError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from mlspace.context import Context

CHOICE = "MLSPACE_MPIRUN"
OURS, OWN = "mlspace", "own"

SIGNS = (b"mlspace/entry", b"mlspace.entry")
LONGEST_STUB = 4096

NOT_FOUND_EXIT = 127
"""What a shell ends with that finds no such command."""


def stands_aside(context: Context, words: Sequence[str], other: str) -> bool:
    """Whether the machine's own one is meant. other: its path, "" where there is none."""
    if is_inside_job(context):
        return True
    choice = context.environ.get(CHOICE, "")
    if choice not in ("", OURS, OWN):
        raise MlspaceError(f"{CHOICE}={choice}: not a valid value", f"  what would work: {OURS} or {OWN}")
    if choice:
        return choice == OWN
    return bool(other) and not asks_for_mlspace(context, words)


def asks_for_mlspace(context: Context, words: Sequence[str]) -> bool:
    from mlspace.configuration import config
    from mlspace.mpi import commandline

    try:
        if commandline.asks_for_us(commandline.parse("mpirun", words)):
            return True
    except UsageError:
        pass  # not for us to say
    return config.read_for(context).is_remote


def is_inside_job(context: Context) -> bool:
    """Whether a `launch` is at work for the job that our environment tells of (docs/protocol.md §4), or an mpirun has started us."""
    environ = context.environ
    if "OMPI_COMM_WORLD_RANK" in environ or os.path.exists(f"{environ.get(jobdir.OWN, '')}/channel"):
        return True
    job_id = environ.get("SLURM_JOB_ID", "")
    return bool(job_id) and any(os.path.exists(f"{path}/channel") for path in jobdir.of_job(environ, context.user.uid, job_id))


def other_on_path(context: Context, program: str) -> str:
    """The first of that name on the PATH that is none of this suite's; "" for none."""
    for directory in context.environ.get("PATH", "").split(os.pathsep):
        path = os.path.join(directory or ".", program)
        if os.path.isfile(path) and os.access(path, os.X_OK) and not is_of_this_suite(path):
            return path
    return ""


def is_of_this_suite(path: str) -> bool:
    """Whether it is bin/mpirun of a clone, this one or another, or what pip makes of pyproject.toml: two of them would call each other
    for ever. All name the module that is the door of all commands."""
    try:
        with open(path, "rb") as file:
            start = file.read(LONGEST_STUB)
    except OSError:
        return False
    return any(word in start for word in SIGNS)


def become(context: Context, program: str, other: str, words: Sequence[str]) -> NoReturn:
    """The machine's own one, as if it had been called."""
    if not other:
        where = "inside a job" if is_inside_job(context) else f"with {CHOICE}={OWN}"
        raise MlspaceError(f"there is no Open MPI on the PATH, which {program} {where} means", exit_code=NOT_FOUND_EXIT)
    # Called by a path, Open MPI's mpirun puts its own bin/ in front of the PATH, and so another srun in front of the job's.
    os.execve(other, [program, *words], dict(context.environ))
