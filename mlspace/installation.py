"""Where this installation keeps what is not Python: the launcher, and the commands for a job's PATH."""

from __future__ import annotations

import os
import sys

from mlspace.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGE = os.path.dirname(os.path.abspath(__file__))


def launcher_path(environ: Mapping[str, str]) -> str:
    """The launcher's binary on this host: MLSPACE_LAUNCH_LOCAL, or `mlspace/launch` beside the package or in site-packages.

    A wheel has it in the package; an editable installation in site-packages, which the stub in bin/ puts on sys.path.
    """
    told = environ.get("MLSPACE_LAUNCH_LOCAL", "")
    virtual = os.path.join(os.path.dirname(PACKAGE), ".venv", "bin", "launch")
    for candidate in (told, os.path.join(PACKAGE, "launch"), *(os.path.join(path, "mlspace", "launch") for path in sys.path), virtual):
        if candidate and os.access(candidate, os.X_OK) and os.path.isfile(candidate):
            return os.path.realpath(candidate)
    raise ConfigError("the launcher is not built", "  pip install . builds it; in a clone every command of bin/ does so by itself")


def commands_directory() -> str:
    """The directory of sbatch, squeue and the others: bin/ of a clone, else where the wheel's scripts are; "" if unknown."""
    for directory in (os.path.join(os.path.dirname(PACKAGE), "bin"), os.path.dirname(sys.executable)):
        if os.path.exists(os.path.join(directory, "sbatch")):
            return directory
    return ""
