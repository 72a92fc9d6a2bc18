"""What the rows of the option tables share: names of commands, headings of --help, notes, and makers of rows."""

from __future__ import annotations

from mlspace.slurm import count
from mlspace.slurm.option import Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

SBATCH, SRUN, SALLOC = "sbatch", "srun", "salloc"

# Commands that have an option; the value is the input environment variable's name ("" for none).
ALL = {SBATCH: "", SRUN: "", SALLOC: ""}
ONLY_SBATCH = {SBATCH: ""}
ONLY_SRUN = {SRUN: ""}
ONLY_SALLOC = {SALLOC: ""}

# Headings of --help.
RUN = "Parallel run options:"
NODES = "Constraint options:"
SHARED = "Consumable resources related options:"
CORES = "Affinity/Multi-core options:"
GPUS = "GPU scheduling options:"
PLATFORM = "MLSpace options:"
HELP = "Help options:"
OTHER = "Other options:"
SECTIONS = (RUN, NODES, SHARED, CORES, GPUS, PLATFORM, HELP, OTHER)
"""In Slurm's order."""

COUNT_EXIT = 1
LATER = "it comes with a later version"
NO_BINDING = "GPUs are bound by --gpu-bind alone"
NO_TOPOLOGY = "the platform chooses nodes by itself"
MAIL_PROG = "by the program that the configuration names as mail_prog"
NO_HARDWARE = "the platform does not offer it"
NO_CORE_SPEC = "error: Ignoring {} since it's not allowed by configuration (AllowSpecResourcesUsage = No)"
NO_STAGING = "there is no data staging here"


def every(name: str, srun: str = "") -> dict[str, str]:
    """On all three commands, with the variable SBATCH_NAME, SLURM_NAME, SALLOC_NAME; `srun` names its own where it differs."""
    return {SBATCH: f"SBATCH_{name}", SRUN: srun or f"SLURM_{name}", SALLOC: f"SALLOC_{name}"}


def number(
    long: str,
    short: str = "",
    metavar: str = "n",
    *,
    parse: Callable[[str], Any] = count.positive,
    on: Mapping[str, str],
    message_name: str = "",
    **columns: Any,
) -> Option:
    """A row whose value is a count: all of them share Slurm's sentence and exit code."""
    invalid = f'Invalid numeric value "{{value}}" for {message_name or "--" + long}.'
    return Option(long, short, metavar, parse=parse, on=on, invalid=invalid, exit_code=COUNT_EXIT, **columns)
