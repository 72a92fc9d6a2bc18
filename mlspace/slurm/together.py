"""Options that cannot stand together, and the one memory that a job may ask for. Source: sbatch and srun 22.05, every pair of options."""

from __future__ import annotations

from mlspace.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.slurm.option import Setting
    from mlspace.slurm.request import Component

MEMORY = ("mem", "mem-per-cpu", "mem-per-gpu")
TWO_MEMORIES = "--mem, --mem-per-cpu, and --mem-per-gpu are mutually exclusive."
TWO_MEMORIES_SET = "SLURM_MEM_PER_CPU, SLURM_MEM_PER_GPU, and SLURM_MEM_PER_NODE are mutually exclusive."

WITH_TASKS_PER_GPU = "fatal: --{} is mutually exclusive with --ntasks-per-gpu and SLURM_NTASKS_PER_GPU"
EXACT = "error: --exact and --whole are mutually exclusive."
PTY = "error: --error/--input/--output are incompatible with --pty"
RELATIVE = "error: -r,--relative not allowed with -w,--nodelist or -x,--exclude."

CONFLICTS = (
    ("verbose", "quiet", "error: don't specify both --verbose (-v) and --quiet (-Q)"),
    ("gpus-per-task", "ntasks-per-gpu", WITH_TASKS_PER_GPU.format("gpus-per-task")),
    ("gpus-per-socket", "ntasks-per-gpu", WITH_TASKS_PER_GPU.format("gpus-per-socket")),
    ("ntasks-per-node", "ntasks-per-gpu", WITH_TASKS_PER_GPU.format("ntasks-per-node")),
    ("core-spec", "thread-spec", "fatal: -S/--core-spec and --thred-spec options are mutually exclusive"),  # Slurm's spelling
    ("exact", "whole", EXACT),
    ("exclusive", "whole", EXACT),
    ("exclusive", "overlap", "error: --exclusive and --overlap are mutually exclusive"),
    ("relative", "nodelist", RELATIVE),
    ("relative", "exclude", RELATIVE),
    ("pty", "input", PTY),
    ("pty", "output", PTY),
    ("pty", "error", PTY),
)
"""Two options and what is said of them; some of these pairs only srun has."""

EXIT = 1


def check(program: str, component: Component) -> None:
    """Raises UsageError for the first pair of CONFLICTS."""
    for one, other, line in CONFLICTS:
        if one in component and other in component and component[one] is not False:
            raise UsageError(f"{program}: {line}", exit_code=EXIT)


def without_other_memory(program: str, variables: Sequence[Setting], stronger: Sequence[Setting]) -> list[Setting]:
    """The environment's settings without a memory of another kind than the script or the command line ask for.

    Of --mem, --mem-per-cpu and --mem-per-gpu there is one: two from the script and the command line, or two from the
    environment that nothing overrules, are Slurm's fatal errors.
    """
    asked = {setting.option.long for setting in stronger} & set(MEMORY)
    found = {setting.option.long for setting in variables} & set(MEMORY)
    if len(asked) > 1:
        raise UsageError(f"{program}: fatal: {TWO_MEMORIES}", exit_code=EXIT)
    if not asked and len(found) > 1:
        raise UsageError(f"{program}: fatal: {TWO_MEMORIES_SET}", exit_code=EXIT)
    return [setting for setting in variables if not asked or setting.option.long not in found - asked]


def without_rivals(defaults: Sequence[Setting], stronger: Sequence[Setting]) -> list[Setting]:
    """Defaults without those that cannot stand together with what is asked for: another kind of memory, the other one of a pair."""
    asked = {setting.option.long for setting in stronger}
    rivals = {one for pair in CONFLICTS for one, other in (pair[:2], pair[1::-1]) if other in asked}
    if asked & set(MEMORY):
        rivals |= set(MEMORY)
    return [setting for setting in defaults if setting.option.long not in rivals]
