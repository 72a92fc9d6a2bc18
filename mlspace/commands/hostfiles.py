"""Files that name nodes: --nodefile, and a path in place of the names of --nodelist and --exclude. Messages are sbatch's, 22.05."""

from __future__ import annotations

import os

from mlspace.errors import BadValue, MlspaceError
from mlspace.slurm import hostlist
from mlspace.slurm.option import Setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlspace.context import Context
    from mlspace.slurm.request import Component

NODEFILE_EXIT = 255


def resolve(context: Context, component: Component) -> None:
    """Puts the names in the place of the files. Raises MlspaceError where a file cannot be read, or names no nodes."""
    for long in ("nodelist", "exclude"):
        setting = component.given.get(long)
        if setting is not None and "/" in (setting.text or ""):
            put(component, long, setting, read(context, setting.text or ""))
    setting = component.given.get("nodefile")
    if setting is None or "nodelist" in component:
        return
    try:
        put(component, "nodelist", setting, read(context, setting.text or ""))
    except MlspaceError as error:
        raise MlspaceError(*error.lines, "Invalid --nodefile node file", exit_code=NODEFILE_EXIT) from error


def put(component: Component, long: str, setting: Setting, names: str) -> None:
    try:
        component.values[long] = hostlist.node_names(names)
    except BadValue as error:
        raise MlspaceError("Invalid node name specified", f"  from {setting.text}") from error
    component.origins[long] = str(setting.origin)
    component.late_errors.pop(long, None)
    if long == setting.option.long:
        component.given[long] = Setting(setting.option, names, setting.origin, setting.spelling)


def read(context: Context, path: str) -> str:
    """The file's host list: names on lines, `#` begins a comment. A line that begins with a blank is refused, as in Slurm."""
    try:
        with open(os.path.join(context.cwd, path), encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().split("\n")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "Invalid argument"
        raise MlspaceError(f"slurm_allocate_resources error opening file {path}, {reason}") from error
    names = []
    for number, line in enumerate(lines, start=1):
        text = line.partition("#")[0].rstrip()
        if text[:1].isspace():
            raise MlspaceError(f"Invalid hostfile {path} contents on line {number}")
        if text:
            names.append(text)
    if not names:
        raise MlspaceError("Hostlist is empty!")
    return ",".join(names)
