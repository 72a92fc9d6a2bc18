"""From settings as written to values as meant: parses, adds up repeated options, blames a bad value on its place."""

from __future__ import annotations

from mlspace.errors import BadValue, MlspaceError
from mlspace.slurm.option import COMMAND_LINE
from mlspace.slurm.request import Component

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from mlspace.slurm.option import Option, Setting


def collect(settings: Iterable[Setting]) -> Component:
    """One component of all the settings, later ones over earlier ones (or added, where the row says so).

    Raises MlspaceError with Slurm's line for the first bad value, and a line that says where it was written, unless
    that is the command line. An option without argument, and without a `parse` of its own, gives True.
    """
    component = Component()
    for setting in settings:
        option = setting.option
        name = option.alias_of or option.long
        value = read(setting)
        if option.add is not None and name in component:
            value = option.add(component[name], value)
        component.values[name] = value
        component.origins[name] = str(setting.origin)
    return component


def read(setting: Setting) -> Any:
    """The value of one setting."""
    option = setting.option
    if option.parse is None:
        return True if setting.text is None else setting.text
    try:
        return option.parse(setting.text or "")
    except BadValue as error:
        raise MlspaceError(*blame(option, setting, error), exit_code=option.exit_code) from error


def blame(option: Option, setting: Setting, error: BadValue) -> list[str]:
    if error.explained:
        lines = list(error.lines)
    else:
        sentence = option.invalid or f"Invalid --{option.alias_of or option.long} specification"
        lines = [sentence.replace("{value}", setting.text or "")]
    if setting.origin is not COMMAND_LINE:
        lines.append(f"  from {setting.origin}")
    return lines
