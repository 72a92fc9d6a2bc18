"""sbatch --export-file: the environment that travels, from a file or an open descriptor. Messages and exit code are sbatch's, 22.05."""

from __future__ import annotations

import os

from mlspace.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlspace.context import Context
    from mlspace.slurm.request import JobRequest

FIRST_DESCRIPTOR = 3
"""Standard streams are no descriptors of --export-file: their numbers are files' names."""

EXIT = 1


def resolve(context: Context, request: JobRequest) -> None:
    """Puts the file's variables in the place of the submitter's. Raises as `read`."""
    name = request.first["export-file"]
    if name is not None:
        request.environment = read(context, name)


def read(context: Context, name: str) -> dict[str, str]:
    """NAME=value, each ended by a null character; what has no name is passed over, and the last of a name counts.

    Raises UsageError with sbatch's line where it cannot be read.
    """
    source: int | str = os.path.join(context.cwd, name)
    if name.isascii() and name.isdecimal() and FIRST_DESCRIPTOR <= int(name) < os.sysconf("SC_OPEN_MAX"):
        source = int(name)
    try:
        descriptor = source if isinstance(source, int) else os.open(source, os.O_RDONLY | os.O_CLOEXEC)
        os.fstat(descriptor)
    except (OSError, ValueError) as error:
        raise UsageError(f"sbatch: error: Could not open user environment file {name}", exit_code=EXIT) from error
    try:
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read()
    except OSError as error:
        raise UsageError(f"sbatch: error: read(environment_file): {error.strerror}", exit_code=EXIT) from error
    variables = {}
    for item in data.decode("utf-8", "surrogateescape").split("\0"):
        key, equals, value = item.partition("=")
        if key and equals:
            variables[key] = value
    return variables
