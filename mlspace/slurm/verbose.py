"""The block that `sbatch -v` and its kin print: each option that was given, and how it was understood. Source: sbatch -v 22.05."""

from __future__ import annotations

from mlspace.slurm import timestamp
from mlspace.slurm.option import NONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.slurm.option import Option
    from mlspace.slurm.request import Component

RULE = "-------------------- --------------------"

LISTED_AS = {"tasks-per-node": "ntasks-per-node"}

FILES = ("chdir", "error", "input", "output")
"""Shown as the full paths that they are; srun's streams as they were given."""


def defined_options(program: str, options: Sequence[Option], component: Component, now: float, directory: str) -> list[str]:
    """The lines. now: the clock that --begin and --deadline count from; directory: the current one. Pure."""
    lines = ["defined options", RULE]
    for option in options:
        given = component.given.get(option.long)
        if given is not None and given.option is option:
            lines.append(f"{LISTED_AS.get(option.long, option.long):<20}: {shown(program, option, component, now, directory)}")
    return [f"{program}: {line}" for line in [*lines, RULE, "end of defined options"]]


def shown(program: str, option: Option, component: Component, now: float, directory: str) -> str:
    name = option.alias_of or option.long
    value, text = component[name], component.given[option.long].text or ""
    if option.parse is timestamp.checked:
        return timestamp.format_timestamp(timestamp.parse(text, now))
    if option.long in FILES and (program != "srun" or option.long == "chdir"):
        path = value if isinstance(value, str) else text
        return path if path.startswith("/") else f"{directory.rstrip('/')}/{path}"
    if option.show is not None:
        return option.show(value, text)
    if isinstance(value, int) and value is not True:
        return str(value)
    return "set" if option.argument == NONE or component.given[option.long].text is None else text
