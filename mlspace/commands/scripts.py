"""A batch script as sbatch finds it: the file that a word names, standard input, or --wrap."""

from __future__ import annotations

import os

from mlspace.errors import MlspaceError
from mlspace.slurm import directives
from mlspace.slurm.request import Script

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context

WRAPPED = "#!/bin/sh\n# This script was created by sbatch --wrap.\n\n{}\n"
NAME_OF_STDIN = "sbatch"
"""Name of a job whose script came by standard input."""


def read(context: Context, wrap: str | None, words: Sequence[str]) -> Script:
    """The script from --wrap, from the file that the first word names, or from standard input."""
    if wrap is not None:
        if words:
            raise MlspaceError("Script arguments not permitted with --wrap option")
        return Script(WRAPPED.format(wrap))
    if not words:
        return Script(directives.decode(context.stdin.read(directives.SIZE_LIMIT + 1)))
    if not words[0]:
        raise MlspaceError("Unable to open file ")
    path = find(context, words[0])
    try:
        with open(path, "rb") as file:
            data = file.read(directives.SIZE_LIMIT + 1)
    except IsADirectoryError:
        data = b""  # sbatch calls a directory an empty script
    except OSError as error:
        raise MlspaceError(f"Unable to open file {words[0]}") from error
    return Script(directives.decode(data), words[1:], path)


def find(context: Context, name: str) -> str:
    """Absolute path of the script; a bare name that is not in the current directory is looked for on PATH, as sbatch does."""
    here = os.path.join(context.cwd, name)
    if "/" in name or os.access(here, os.R_OK):
        return here
    for directory in context.environ.get("PATH", "").split(":"):
        candidate = os.path.join(directory, name)
        if directory and os.path.isfile(candidate) and os.access(candidate, os.R_OK):
            return candidate
    return here


def job_name(script: Script, wrap: str | None) -> str:
    return "wrap" if wrap is not None else os.path.basename(script.path) or NAME_OF_STDIN
