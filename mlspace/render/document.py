"""--json and --yaml: the documents that Slurm's listings print instead of a table.

A document is plain data: dict, list, str, int, float, bool, None. JSON is written here and not by the standard library's json, which
cannot write an empty list on two lines nor `\\/`, and would have to be loaded; YAML is written by render/yaml.py.
Source: squeue, sinfo, sacct 22.05, which print through json-c and libyaml.
"""

from __future__ import annotations

from mlspace.slurm.help import RELEASE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

JSON = "json"
YAML = "yaml"

CLUSTER = ("openapi/v0.0.38", "Slurm OpenAPI v0.0.38")
"""The plugin that shapes what the controller knows: squeue, sinfo."""

ACCOUNTING = ("openapi/dbv0.0.38", "Slurm OpenAPI DB v0.0.38")
"""The plugin of what the accounting knows: sacct."""

ESCAPES = {
    **{code: f"\\u{code:04x}" for code in range(0x20)},
    **{ord(character): f"\\{letter}" for character, letter in zip('\b\n\r\t\f"\\/', 'bnrtf"\\/', strict=True)},
}


class Blank(str):
    """An empty text that YAML shows as one: the accounting's; those of the other plugin are null in it."""

    __slots__ = ()


def document(plugin: tuple[str, str], **parts: Any) -> dict[str, Any]:
    """The whole document: who made it, no errors, and `parts`, as jobs=[...]."""
    kind, name = plugin
    major, minor, micro = [int(number) for number in RELEASE.split(".")]
    meta = {
        "plugin": {"type": kind, "name": name},
        "Slurm": {"version": {"major": major, "micro": micro, "minor": minor}, "release": RELEASE},
    }
    return {"meta": meta, "errors": [], **parts}


def render(format_name: str, value: Any) -> str:
    """A document as JSON or YAML, to be written as it is: Slurm ends YAML with a line break, and JSON without one."""
    if format_name == JSON:
        return json_text(value)
    from mlspace.render.yaml import yaml_text

    return yaml_text(value)


def json_text(value: Any, indent: str = "") -> str:
    """As json-c writes it; lines after the first stand behind `indent`."""
    if isinstance(value, str):
        return f'"{value.translate(ESCAPES)}"'
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        text = f"{value:.17g}"
        return text if "." in text or "e" in text else f"{text}.0"
    deeper = indent + "  "
    if isinstance(value, dict):
        items = [f'{deeper}"{key}": {json_text(one, deeper)}' for key, one in value.items()]
        opening, closing = "{", "}"
    else:
        items = [deeper + json_text(one, deeper) for one in value]
        opening, closing = "[", "]"
    return "\n".join([opening, *([",\n".join(items)] if items else []), indent + closing])
