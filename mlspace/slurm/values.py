"""From settings as written to values as meant: parses, adds up repeated options, blames a bad value on its place."""

from __future__ import annotations

from mlspace.errors import BadValue, MlspaceError, RequestRefused, UsageError
from mlspace.slurm.option import COMMAND_LINE
from mlspace.slurm.request import Component

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from mlspace.slurm.option import Setting

FATAL = "fatal: "

NUMERIC = "Invalid numeric value "
"""Begins what is said of a count, whose exit code is its own."""


def collect(settings: Iterable[Setting], program: str = "") -> Component:
    """One component of all the settings, later ones over earlier ones (or added, where the row says so).

    Raises MlspaceError with Slurm's line for the first bad value, and a line that says where it was written, unless
    that is the command line; a bad value of a `late` row is kept in the component instead. An option without argument,
    and without a `parse` of its own, gives True.
    """
    component = Component()
    for setting in settings:
        option = setting.option
        name = option.alias_of or option.long
        component.given[option.long] = setting
        component.late_errors.pop(name, None)
        try:
            value = read(setting, program)
        except MlspaceError as error:
            if not option.late:
                raise
            component.late_errors[name] = error
            continue
        if option.add is not None and name in component:
            value = option.add(component[name], value)
        component.values[name] = value
        component.origins[name] = str(setting.origin)
    return component


def checker(program: str) -> Callable[[Setting], None]:
    """Reads a value as soon as its option was met, as Slurm does, so that the first mistake of a command line is the one that is said."""
    from mlspace.slurm.binding import HELP_OF_VALUES

    def check(setting: Setting) -> None:
        asks_for_help = (setting.option.long, (setting.text or "").lower()) in HELP_OF_VALUES
        if not setting.option.late and not asks_for_help:
            read(setting, program)

    return check


def read(setting: Setting, program: str) -> Any:
    """The value of one setting."""
    option = setting.option
    if option.parse is None:
        return True if setting.text is None else setting.text
    try:
        return option.parse(setting.text or "")
    except BadValue as error:
        raise complaint(setting, error, program) from error


def complaint(setting: Setting, error: BadValue, program: str) -> MlspaceError:
    """What is said of a bad value. A sentence with `{failed}` is what a submission would be refused for."""
    option = setting.option
    sentence = option.invalid or f"Invalid --{option.alias_of or option.long} specification"
    lines = list(error.lines) if error.explained else [sentence.replace("{value}", setting.text or "")]
    hint = [f"  from {setting.origin}"] if setting.origin is not COMMAND_LINE else []
    if "{failed}" in sentence and not error.explained:
        from mlspace.slurm.demand import FAILED

        reason = sentence.replace("{failed}", "")
        return RequestRefused(FAILED.get(program, "") + reason, *hint, reason=reason)
    exit_code = option.exit_code if error.own_exit_code is None else error.own_exit_code
    if error.before or any(line.startswith(FATAL) for line in lines):
        texts = [f"{program}: {line}" if line.startswith(FATAL) else f"{program}: error: {line}" for line in (*lines, *hint)]
        return UsageError(*([error.before] if error.before else []), *texts, exit_code=exit_code)
    is_failure = exit_code == MlspaceError.exit_code and not lines[0].startswith(NUMERIC)
    return MlspaceError(*lines, *hint, exit_code=None if is_failure else exit_code)
