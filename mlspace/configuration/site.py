"""Site: the names that an installation has given to places of the platform; partitions, accounts, QOS, features, GPU types.

They come from our configuration file (docs/config.example.yaml). Each section is a table: its keys, and how a key's text is read.
"""

from __future__ import annotations

from mlspace.errors import BadValue, ConfigError
from mlspace.slurm import count, duration, size
from mlspace.slurm.hostlist import node_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    Row = dict[str, Any]
    """What the file says of a name: values by key."""

ACCEPT, REFUSE = "accept", "refuse"

PRIORITIES = ("shared-low", "shared-medium", "low", "medium", "high")
"""The vendor's OpenAPI 2.8.1, JobPriority."""


def word(text: str) -> str:
    if not text:
        raise BadValue(text, "a name")
    return text


def absolute(text: str) -> str:
    if not text.startswith("/"):
        raise BadValue(text, "an absolute path")
    return text


def yes_or_no(text: str) -> bool:
    if text.lower() not in ("true", "false", "yes", "no"):
        raise BadValue(text, "true or false")
    return text.lower() in ("true", "yes")


def priority(text: str) -> str:
    if text not in PRIORITIES:
        raise BadValue(text, f"one of {', '.join(PRIORITIES)}")
    return text


# Of instance types: `gpu` is the family that their keys begin with (a100plus), `instance_types` are patterns of whole keys (a100.*).
TYPES: dict[str, Callable[[str], Any]] = {"gpu": word, "instance_types": word}
PLACE: dict[str, Callable[[str], Any]] = {"allocation": word, "queue": word}

PARTITION: dict[str, Callable[[str], Any]] = {
    "region": word,
    "image": word,
    "nodes": node_names,
    "default": yes_or_no,
    **PLACE,
    **TYPES,
    "max_time": duration.minutes,
    "min_nodes": count.positive,
    "max_nodes": count.positive,
    "def_mem_per_cpu": size.memory,
    "max_mem_per_node": size.memory,
}
REGION: dict[str, Callable[[str], Any]] = {"launch": absolute, "storage": absolute, "here": absolute}
ACCOUNT = PLACE
QOS: dict[str, Callable[[str], Any]] = {"priority_class": priority}
FEATURE = TYPES
GPU_TYPE: dict[str, Callable[[str], Any]] = {"gpu": word}
IMAGE: dict[str, Callable[[str], Any]] = {"image": word}

# Section -> its keys, and the one that is meant where a name has only a text (`accounts: {vision: alloc-1}`).
SECTIONS: dict[str, tuple[dict[str, Callable[[str], Any]], str]] = {
    "partitions": (PARTITION, "region"),
    "accounts": (ACCOUNT, "allocation"),
    "qos": (QOS, "priority_class"),
    "features": (FEATURE, "gpu"),
    "gpu_types": (GPU_TYPE, "gpu"),
    "regions": (REGION, "launch"),
    "images": (IMAGE, "image"),
}
NAME_LISTS = ("licenses", "reservations")
"""Names that are known and mean nothing here."""

LISTS = ("instance_types",)
"""Keys that take several values."""

EXPECTED: dict[Any, str] = {
    duration.minutes: "a time limit: minutes, h:m:s or d-h:m:s",
    count.positive: "a whole number from 1",
    size.memory: "a size in MiB, or with K, M, G, T",
    node_names: "a list of nodes, as in n[1-4]",
}


class Site:
    """Sections by name: {"partitions": {"gpu": {"region": "SR006"}}}. file: where they stand, or would; unknown: ACCEPT or REFUSE."""

    __slots__ = ("file", "name_lists", "sections", "unknown")

    def __init__(self, sections: Mapping[str, Mapping[str, Row]], name_lists: Mapping[str, list[str]], *, file: str, unknown: str) -> None:
        self.sections = {section: dict(sections.get(section, {})) for section in SECTIONS}
        self.name_lists = {name: list(name_lists.get(name, ())) for name in NAME_LISTS}
        self.file = file
        self.unknown = unknown

    @property
    def accepts_unknown(self) -> bool:
        return self.unknown == ACCEPT

    def image(self, name: str) -> str:
        """The container image that a name of the section `images` stands for; any other name is one itself."""
        full: str = self.sections["images"].get(name, {}).get("image", name)
        return full

    @classmethod
    def read(cls, content: Mapping[str, Any], *, file: str, unknown: str) -> Site:
        """content: the file's sections, all scalars as text. Raises ConfigError that names file and key."""
        sections: dict[str, dict[str, Row]] = {}
        lists: dict[str, list[str]] = {}
        for section, names in content.items():
            if section == "defaults":
                continue  # no names: commands/defaults.py
            if section in NAME_LISTS:
                lists[section] = read_texts(names, f"{file}: {section}")
                continue
            if not isinstance(names, dict):
                raise ConfigError(f"{file}: {section}: names are expected below it", f"  as in `{section}: {{{example(section)}}}`")
            sections[section] = {str(name): read_row(section, row, f"{file}: {section}.{name}") for name, row in names.items()}
        defaults = [name for name, row in sections.get("partitions", {}).items() if row.get("default")]
        if len(defaults) > 1:
            raise ConfigError(f"{file}: partitions: {' and '.join(defaults)} are both the default")
        return cls(sections, lists, file=file, unknown=unknown)


def read_row(section: str, row: Any, where: str) -> Row:
    keys, usual = SECTIONS[section]
    if isinstance(row, str) and row:
        row = {usual: row}
    if not isinstance(row, dict):
        if row in (None, ""):
            return {}
        raise ConfigError(f"{where}: keys and values are expected", f"  known keys are {', '.join(keys)}")
    values: Row = {}
    for key, value in row.items():
        if key not in keys:
            raise ConfigError(f"{where}: unknown key {key}", f"  known are {', '.join(keys)}")
        values[key] = read_value(keys[key], key, value, f"{where}.{key}")
    return values


def read_value(parse: Callable[[str], Any], key: str, value: Any, where: str) -> Any:
    if key in LISTS:
        return read_texts(value, where)
    if not isinstance(value, str):
        raise ConfigError(f"{where}: a single value is expected")
    try:
        return parse(value)
    except BadValue as error:
        expected = EXPECTED.get(parse) or error.lines[0]
        raise ConfigError(f"{where}: {value}: not a valid value", f"  what would work: {expected}") from error


def read_texts(value: Any, where: str) -> list[str]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) and text for text in texts):
        raise ConfigError(f"{where}: a list of names is expected, as in [a, b]")
    return texts


def example(section: str) -> str:
    return f"name: {{{SECTIONS[section][1]}: value}}"
