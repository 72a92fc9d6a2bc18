"""The configuration's section `defaults`: options of sbatch, srun and salloc that hold where nothing else says anything."""

from __future__ import annotations

from mlspace.configuration import config, sources
from mlspace.errors import ConfigError
from mlspace.slurm import getopt, merge
from mlspace.slurm.option import NONE, Origin, Setting
from mlspace.slurm.options import OPTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlspace.context import Context
    from mlspace.slurm.option import Option

SECTION = "defaults"
ORIGIN = Origin(f"{SECTION} in {sources.CONFIG}")
ON, OFF = ("true", "yes"), ("false", "no")


def settings(context: Context, program: str) -> list[Setting]:
    """Those that the program has. Raises ConfigError for a name that no program has, or that is of use on a command line only."""
    found = config.gather_for(context)
    rows = found.sections.get(SECTION) or {}
    where = f"{found.own_file}: {SECTION}"
    if not isinstance(rows, dict):
        raise ConfigError(f"{where}: options and their values are expected", "  as in `defaults: {time: 4:00:00}`")
    options: dict[str, Option] = {}
    for option in OPTIONS:
        if option.long not in (*getopt.ENDING, *merge.NOT_IN_SCRIPTS) and (option.long not in options or option.serves(program)):
            options[option.long] = option  # some names are an option of each program
    made = []
    for name, text in rows.items():
        if name not in options:
            raise ConfigError(f"{where}: there is no option --{name} that could stand there")
        option = options[name]
        if not isinstance(text, str):
            raise ConfigError(f"{where}.{name}: a single value is expected")
        if option.argument == NONE and text.lower() not in (*ON, *OFF):
            raise ConfigError(f"{where}.{name}: {text}: not a valid value", "  what would work: true or false")
        if option.serves(program) and not (option.argument == NONE and text.lower() in OFF):
            made.append(Setting(option, None if option.argument == NONE else text, ORIGIN))
    return made
