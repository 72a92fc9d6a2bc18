"""Host lists: `n[1-3,7]` for n1 n2 n3 n7. The same rules as launcher/hostlist.cpp; tests/contract/hostlists.json is for both."""

from __future__ import annotations

from mlspace.errors import BadValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_RANGE = 65536
"""Hosts in one range; more is "Too many hosts in range" (scontrol 22.05)."""

SEPARATORS = ", \t\n"

LONGEST_NUMBER = 18
"""Digits of a name that are counted with; Slurm itself overflows beyond 64 bits."""


def expand(text: str) -> list[str]:
    """The names of a host list, in order, doubles kept; of several brackets the last runs fastest.

    Raises BadValue with Slurm's line for a list that cannot be read. Source: scontrol(1) show hostnames; scontrol 22.05.
    """
    names: list[str] = []
    for item in split(text):
        names += expand_item(item)
    return names


def split(text: str) -> list[str]:
    """The items of a list: cut at commas and blanks that stand outside brackets; empty ones dropped."""
    items, start, depth = [], 0, 0
    for position, character in enumerate(text):
        if character == "[":
            depth += 1
        elif character == "]":
            depth -= 1
        elif character in SEPARATORS and depth == 0:
            items.append(text[start:position])
            start = position + 1
    items.append(text[start:])
    return [item for item in items if item]


def expand_item(item: str) -> list[str]:
    if "[" not in item and "]" not in item:
        return [item]
    names = [""]
    rest = item
    while rest:
        prefix, bracket, after = rest.partition("[")
        inside, close, rest = after.partition("]")
        # Slurm takes no text after the last bracket: "n[1-2]x" is invalid, "n[1-2]x[3]" is not.
        if not (bracket and close) or "]" in prefix or "[" in inside:
            raise BadValue(item, f"Invalid hostlist: {item}")
        numbers = [number for part in inside.split(",") for number in expand_range(part, item)]
        names = [name + prefix + number for name in names for number in numbers]
    return names


def expand_range(part: str, item: str) -> list[str]:
    """ "08-10" -> 08 09 10: the width is that of the first number."""
    low, dash, high = part.partition("-")
    if not dash:
        high = low
    if not all(number.isascii() and number.isdigit() for number in (low, high)) or int(low) > int(high):
        raise BadValue(item, f"Invalid range: `{part}'", f"Invalid hostlist: {item}")
    if int(high) - int(low) >= LONGEST_RANGE:
        raise BadValue(item, f"Too many hosts in range `{part}'", f"Invalid hostlist: {item}")
    return [f"{number:0{len(low)}d}" for number in range(int(low), int(high) + 1)]


def fold(names: Iterable[str]) -> str:
    """The list that gives `names` back in the same order: only neighbours that count up by one are joined.

    Source: scontrol(1) show hostlist; scontrol 22.05: n3 n1 n2 is `n[3,1-2]`, n1 n02 n3 is `n[1,02,3]`.
    """
    groups: list[tuple[str, list[list[str]]]] = []  # prefix and its ranges, each [first, last] as text; [] for no number
    for name in names:
        prefix, number = cut(name)
        if not number or not groups or groups[-1][0] != prefix or not groups[-1][1]:
            groups.append((prefix, [[number, number]] if number else []))
            continue
        ranges = groups[-1][1]
        first, last = ranges[-1]
        if number == f"{int(last) + 1:0{len(first)}d}":
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(prefix + write_ranges(ranges) for prefix, ranges in groups)


def fold_sorted(names: Iterable[str]) -> str:
    """The same for the sorted names, as node lists of jobs are written. Source: scontrol(1) show hostlistsorted."""
    return fold(sorted(names, key=order))


def order(name: str) -> tuple[str, int, int]:
    """Sorts names as Slurm does: by prefix, then as numbers; a padded number stands after the shorter ones."""
    prefix, number = cut(name)
    return prefix, len(number), int(number or 0)


def cut(name: str) -> tuple[str, str]:
    """ "n012" -> "n", "012"; no number where the name does not end in one."""
    end = len(name)
    while end > 0 and name[end - 1] in "0123456789":
        end -= 1
    if len(name) - end > LONGEST_NUMBER:
        end = len(name)
    return name[:end], name[end:]


def write_ranges(ranges: list[list[str]]) -> str:
    texts = [first if first == last else f"{first}-{last}" for first, last in ranges]
    if len(texts) == 1 and ranges[0][0] == ranges[0][1]:
        return texts[0]
    return f"[{','.join(texts)}]" if texts else ""


def node_names(text: str) -> list[str]:
    """--nodelist, --exclude: the names of a host list, each once. Raises BadValue, as for a path, which Slurm would read."""
    if "/" in text:
        raise BadValue(text, f"{text}: a file of node names is not supported")
    try:
        return list(dict.fromkeys(expand(text)))
    except BadValue:
        raise BadValue(text) from None  # without the list's own lines: the option's sentence is said
