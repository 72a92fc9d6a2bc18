"""Host lists: `n[1-3,7]` for n1 n2 n3 n7. The same rules as launcher/text/hostlist.cpp; tests/contract/hostlists.json is for both."""

from __future__ import annotations

from mlspace.errors import BadValue
from mlspace.slurm.count import LONGEST, decimal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_RANGE = 65536
"""Hosts in one range; more is "Too many hosts in range" (scontrol 22.05)."""

SEPARATORS = ", \t\n"
DIGITS = "0123456789"


def expand_hosts(text: str) -> list[str]:
    """The names of a host list, in order, doubles kept.

    Of several brackets the last runs fastest, then the first, the second, ... as in Slurm. Raises BadValue with Slurm's
    line, and one that names the range, for a list that cannot be read. Source: scontrol(1) show hostnames; scontrol 22.05.
    """
    try:
        return [name for item in split(text) for name in expand_item(item)]
    except BadValue as error:
        detail = error.lines if error.explained else ()
        raise BadValue(text, f"Invalid hostlist: {text}", *detail) from None


def split(text: str) -> list[str]:
    """The items of a list: cut at commas and blanks that stand outside brackets; empty ones dropped."""
    items, item, position = [], "", 0
    while position < len(text):
        character = text[position]
        closing = text.find("]", position) if character == "[" else -1
        if closing >= 0:
            item += text[position : closing + 1]
            position = closing
        elif character in SEPARATORS:
            items.append(item)
            item = ""
        else:
            item += character
        position += 1
    items.append(item)
    return [item for item in items if item]


def expand_item(item: str) -> list[str]:
    parts: list[tuple[str, list[str]]] = []  # text before a bracket, and the numbers in it
    rest = item
    while "[" in rest:
        prefix, _, after = rest.partition("[")
        inside, close, rest = after.partition("]")
        if not close:  # Slurm makes a name of what it cannot read here: "n[1-2" is the host "n]"
            return [item[: item.rindex("[")] + "]"]
        if "]" in prefix or "[" in inside:
            raise BadValue(item)
        parts.append((prefix, [number for piece in inside.split(",") for number in expand_range(piece)]))
    if not parts:
        return [item]
    if rest:  # no text may follow the last bracket
        raise BadValue(item)
    stems = [""]
    for prefix, numbers in parts[:-1]:
        stems = [stem + prefix + number for number in numbers for stem in stems]
    prefix, numbers = parts[-1]
    return [stem + prefix + number for stem in stems for number in numbers]


def expand_range(piece: str) -> list[str]:
    """ "08-10" -> 08 09 10: the width is that of the first number; "8-" is 8."""
    low, _, high = piece.partition("-")
    high = high or low
    try:
        first, last = decimal(low, piece), decimal(high, piece)
    except BadValue:
        raise BadValue(piece, f"Invalid range: `{piece}'") from None
    if first > last:
        raise BadValue(piece, f"Invalid range: `{piece}'")
    if last - first >= LONGEST_RANGE:
        raise BadValue(piece, f"Too many hosts in range `{piece}'")
    return [f"{number:0{len(low)}d}" for number in range(first, last + 1)]


def fold_hosts(names: Iterable[str]) -> str:
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


def fold_sorted_hosts(names: Iterable[str]) -> str:
    """The same for the sorted names, as node lists of jobs are written. Source: scontrol(1) show hostlistsorted."""
    return fold_hosts(sorted(names, key=order))


def order(name: str) -> tuple[list[tuple[int, int, str]], int, int]:
    """Sorts names as Slurm does: by prefix, in which numbers count as numbers, then by length and value of the last number."""
    prefix, number = cut(name)
    return natural_order(prefix), len(number), int(number or 0)


def natural_order(prefix: str) -> list[tuple[int, int, str]]:
    """ "x2y" before "x10y"; a number with a leading zero stands before those without, compared digit by digit."""
    keys, position = [], 0
    while position < len(prefix):
        end = position
        while end < len(prefix) and prefix[end] in DIGITS:
            end += 1
        if end == position:
            keys.append((ord(prefix[position]), 0, ""))
            position += 1
        else:
            digits = prefix[position:end]
            keys.append((ord("0"), 0 if digits[0] == "0" else len(digits), digits))
            position = end
    return keys


def cut(name: str) -> tuple[str, str]:
    """ "n012" -> "n", "012"; no number where the name does not end in one."""
    end = len(name)
    while end > 0 and name[end - 1] in DIGITS:
        end -= 1
    if len(name) - end > LONGEST:  # too long to count with
        end = len(name)
    return name[:end], name[end:]


def write_ranges(ranges: list[list[str]]) -> str:
    texts = [first if first == last else f"{first}-{last}" for first, last in ranges]
    if len(texts) == 1 and ranges[0][0] == ranges[0][1]:
        return texts[0]
    return f"[{','.join(texts)}]" if texts else ""


def node_names(text: str) -> list[str]:
    """--nodelist, --exclude: the names of a host list, each once. Raises BadValue, as for a path, whose file the command reads."""
    if "/" in text:
        raise BadValue(text)
    try:
        return list(dict.fromkeys(expand_hosts(text)))
    except BadValue:
        raise BadValue(text) from None  # without the list's own lines: the option's sentence is said
