"""SLURM_* variables that a script uses and its job does not have."""

from __future__ import annotations

import re

from mlspace.advice.value import Advice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlspace.advice.shell import Line
    from mlspace.advice.value import Facts

TASKS = ("ntasks", "ntasks-per-node", "ntasks-per-gpu")

ONLY_WITH: dict[str, tuple[str, ...]] = {
    "SLURM_NTASKS": TASKS,
    "SLURM_NPROCS": TASKS,
    "SLURM_NTASKS_PER_NODE": ("ntasks-per-node",),
    "SLURM_CPUS_PER_TASK": ("cpus-per-task",),
    "SLURM_MEM_PER_NODE": ("mem",),
    "SLURM_ARRAY_TASK_ID": ("array",),
    "SLURM_ARRAY_JOB_ID": ("array",),
    "SLURM_GPUS": ("gpus",),
    "SLURM_GPUS_PER_NODE": ("gpus-per-node",),
    "SLURM_GPUS_PER_TASK": ("gpus-per-task",),
}
"""Variables of the batch script -> the options of which one must be there. Source: slurm-usage §2, sbatch 22.05."""

HARMLESS = re.compile(r"(?:\[\[?|\btest)\s[^;&|]*(?:\]\]?|$)|\(\([^)]*\)\)|'[^']*'")
"""Where an unset variable does no harm, or is none of the batch shell's: tests, arithmetic (it counts as 0), single quotes."""


def advise(lines: Sequence[Line], facts: Facts) -> Iterator[Advice]:
    """One advice for each variable, at the line that uses it first. ${NAME:-default} is no such use."""
    for name, options in ONLY_WITH.items():
        if any(option in facts.options for option in options):
            continue
        use = re.compile(rf"(?<!\\)\$(?:{name}\b|\{{{name}\}})")
        assigned = re.compile(rf"\b{name}=")
        for line in lines:
            if assigned.search(line.text):
                break
            if use.search(HARMLESS.sub("", line.text)):
                wanted = " or ".join(f"--{option}" for option in options)
                yield Advice(
                    line.number, f"{name} is not set in this job: {wanted} sets it", f"give {wanted}, or write ${{{name}:-1}}"
                )
                break
