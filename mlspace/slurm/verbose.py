"""The block that `sbatch -v` and its kin print: each option that was given, and how it was understood. Source: sbatch -v 22.05."""

from __future__ import annotations

from mlspace.slurm import timestamp
from mlspace.slurm.option import NONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.slurm.option import Option, Setting
    from mlspace.slurm.request import Component

RULE = "-------------------- --------------------"

LISTED_AS = {"tasks-per-node": "ntasks-per-node"}

FILES = ("chdir", "error", "input", "output")
"""Shown as the full paths that they are; srun's streams as they were given."""


def defined_options(program: str, options: Sequence[Option], component: Component, now: float, directory: str) -> list[str]:
    """The lines. now: the clock that --begin and --deadline count from; directory: the current one. Pure."""
    lines = ["defined options", RULE]
    given = {LISTED_AS.get(long, long): setting for long, setting in component.given.items()}
    for option in options:
        setting = given.get(option.long)
        if setting is not None and option.serves(program):
            lines.append(f"{option.long:<20}: {shown(program, setting, component, now, directory)}")
    return [f"{program}: {line}" for line in [*lines, RULE, "end of defined options"]]


def shown(program: str, setting: Setting, component: Component, now: float, directory: str) -> str:
    option = setting.option
    value, text = component[option.alias_of or option.long], setting.text or ""
    if option.parse is timestamp.checked:
        return timestamp.format_timestamp(timestamp.parse(text, now))
    if option.long in FILES and (program != "srun" or option.long == "chdir"):
        base = directory if option.long == "chdir" else absolute(component["chdir"], directory) if component["chdir"] else directory
        return absolute(str(value), base)
    if option.show is not None:
        return option.show(value, text)
    if isinstance(value, int) and value is not True:
        return str(value)
    return "set" if option.argument == NONE or setting.text is None else text


def absolute(path: str, directory: str) -> str:
    return path if path.startswith("/") else f"{directory.rstrip('/')}/{path}"
