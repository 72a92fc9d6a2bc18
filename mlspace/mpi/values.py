"""What mpirun's options mean: the `parse` and `add` of the rows in options.py. Plain data; BadValue where nothing can be read.

Source: mpirun(1) and runs of Open MPI 4.1.4.
"""

from __future__ import annotations

from mlspace.errors import BadValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SLOT, NODE, PPR, OTHER = "slot", "node", "ppr", "other"

POLICIES = ("slot", "hwthread", "core", "l1cache", "l2cache", "l3cache", "socket", "numa", "board", "node", "seq", "dist")
RESOURCES = ("hwthread", "core", "socket", "l1cache", "l2cache", "l3cache", "numa", "node")

STARTERS = ("platform", "node")


def join(before: Any, after: Any) -> Any:
    """Of lists, and of mappings, in which the later value wins."""
    return {**before, **after} if isinstance(before, dict) else before + after


def one(text: str) -> int:
    return 1


def number(text: str) -> int:
    """A whole number, as Open MPI reads one: nothing may follow its digits."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise BadValue(text)
    return int(text)


def ranks(text: str) -> int | None:
    """-np: the number of ranks; None for 0, which is as many as there are slots. A negative one is refused by its own name."""
    return number(text) or None


def count(text: str) -> int:
    """A number from 1 on."""
    value = number(text)
    if value < 1:
        raise BadValue(text)
    return value


def count_or_none(text: str) -> int | None:
    """--timeout: seconds; None for 0 and less, which is no limit."""
    value = number(text)
    return value if value > 0 else None


def mapping(text: str) -> dict[str, Any]:
    """--map-by: {"policy": SLOT, NODE, PPR or OTHER, "per_node": ranks of each node, "cpus": of each rank, "oversubscribe": True}.

    Only what is said is there. OTHER is a policy within the node, or one with modifiers that this side does not know.
    """
    head, _, rest = text.partition(":")
    head = head.lower()
    value: dict[str, Any] = {}
    modifiers = rest.split(":") if rest else []
    if head == PPR:
        if len(modifiers) < 2:
            raise BadValue(text)
        value = per_resource(":".join(modifiers[:2]))
        modifiers = modifiers[2:]
    elif not head or matching(head, POLICIES) is None:
        raise BadValue(text)
    else:
        policy = matching(head, POLICIES)
        value["policy"] = policy if policy in (SLOT, NODE) else OTHER
    for modifier in (word for words in modifiers for word in words.split(",")):
        read_modifier(value, modifier, text)
    return value


def per_resource(text: str) -> dict[str, Any]:
    """ "2:node": two ranks on each; of other resources of a node only its own mpirun knows how many there are."""
    number_text, _, resource = text.partition(":")
    if matching(resource.lower(), RESOURCES) is None:
        raise BadValue(text)
    if matching(resource.lower(), RESOURCES) != NODE:
        count(number_text)
        return {"policy": OTHER}
    return {"policy": PPR, "per_node": count(number_text)}


def matching(text: str, names: tuple[str, ...]) -> str | None:
    """The name that `text` begins; Open MPI wants enough of it to be sure, and takes the first."""
    return next((name for name in names if text and name.startswith(text)), None)


def read_modifier(value: dict[str, Any], modifier: str, text: str) -> None:
    name, equals, number_text = modifier.lower().partition("=")
    if name == "pe" and equals:
        value["cpus"] = count(number_text)
    elif name in ("oversubscribe", "nooversubscribe"):
        value["oversubscribe"] = name == "oversubscribe"
    elif name == "span":
        value["policy"] = OTHER
    else:
        raise BadValue(text)


def by_node(text: str) -> dict[str, Any]:
    return {"policy": NODE}


def by_slot(text: str) -> dict[str, Any]:
    return {"policy": SLOT}


def hosts(text: str) -> list[list[Any]]:
    """ "a:2,b" -> [["a", 2], ["b", 1]]; a node that is named again has so many slots more. `a:*` is as many as it has CPUs: None."""
    found: dict[str, int | None] = {}
    for item in text.split(","):
        name, colon, slots = item.partition(":")
        if not name:
            raise BadValue(text)
        wanted = None if slots in ("*", "auto") else count(slots) if colon else 1
        before = found.get(name, 0)
        found[name] = None if wanted is None or before is None else before + wanted
    return [[name, slots] for name, slots in found.items()]


def host_lines(text: str) -> list[list[Any]]:
    """A hostfile: `name`, `name slots=N`, `name slots=N max_slots=M`; `#` begins a comment. Values as those of `hosts`.

    Raises BadValue with the line's number and text. Source: mpirun(1), Locating hosts.
    """
    found: dict[str, int | None] = {}
    for position, line in enumerate(text.split("\n"), start=1):
        words = line.partition("#")[0].replace("=", " = ").split()
        if not words:
            continue
        name, settings = words[0].rpartition("@")[2], words[1:]
        slots: int | None = None
        while settings:
            if len(settings) < 3 or settings[1] != "=" or settings[0].replace("-", "_") not in SLOT_WORDS:
                raise BadValue(line.strip(), f"line {position}: {line.strip()}")
            try:
                value = count(settings[2])
            except BadValue:
                raise BadValue(line.strip(), f"line {position}: {line.strip()}") from None
            if SLOT_WORDS[settings[0].replace("-", "_")]:
                slots = value
            settings = settings[3:]
        before = found.get(name, 0)
        found[name] = None if before is None or (slots is None and before == 0) else before + (slots or 1)
    return [[name, slots] for name, slots in found.items()]


SLOT_WORDS = {"slots": True, "count": True, "cpu": True, "max_slots": False, "slots_max": False}
"""What a hostfile may say of a node: whether it is how many ranks go there."""


def variable(text: str) -> list[list[str]]:
    """-x: NAME=VALUE, or NAME, whose value is looked up later: [[name, value or None]]. Of a list of names, each."""
    name, equals, value = text.partition("=")
    if not name:
        raise BadValue(text)
    return [[name, value]] if equals else [[one_name, None] for one_name in name.split(",") if one_name]  # type: ignore[list-item]


def parameter(text: str) -> dict[str, str]:
    """--mca NAME VALUE, its two words with a NUL between, as no word holds one."""
    name, _, value = text.partition("\0")
    if not name:
        raise BadValue(text)
    return {name: value}


def starter(text: str) -> str:
    """--start-by."""
    if text not in STARTERS:
        raise BadValue(text)
    return text
