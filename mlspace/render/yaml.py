"""YAML as Slurm prints it through libyaml: every value with its tag, long texts folded, an empty text as null.

Source: squeue --yaml 22.05 with comments of every kind; YAML 1.1, plain, single-quoted and double-quoted style.
"""

from __future__ import annotations

from mlspace.render.document import Blank

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

WIDTH = 80
"""A text is broken at the first blank behind this column."""

MAP = "!!map"
SEQ = "!!seq"

NAMED_ESCAPES = dict(zip([*b'\0\a\b\t\n\v\f\r\x1b"\\\x85\xa0', 0x2028, 0x2029], '0abtnvfre"\\N_LP', strict=True))
NEVER_FIRST = "#,[]{}&*!|>'\"%@`"
"""What a text without quotes may not begin with."""


def yaml_text(value: Any) -> str:
    return "\n".join(["%YAML 1.1", f"--- {MAP}", *mapping(value, ""), "...", ""])


def mapping(value: dict[str, Any], indent: str) -> Iterator[str]:
    """Lines of a mapping's pairs."""
    for key, one in value.items():
        yield from node(f"{indent}!!str {key}:", one, indent, indent)


def node(head: str, value: Any, indent: str, inside: str) -> Iterator[str]:
    """Lines of a value behind `head`, its key or dash. indent: of the head's own line; inside: of the items of a list in it."""
    if isinstance(value, dict):
        yield f"{head} {MAP}"
        yield from mapping(value, indent + "  ")
    elif isinstance(value, list):
        yield f"{head} {SEQ}" if value else f"{head} {SEQ} []"
        for item in value:
            yield from node(f"{inside}-", item, inside, inside + "  ")
    else:
        yield scalar(head, value, indent + "  ")


def scalar(head: str, value: Any, indent: str) -> str:
    """`head` and the value; the lines of a folded text stand behind `indent`."""
    if isinstance(value, Blank):
        return f"{head} !!str"
    if value is None or value == "":
        return f"{head} !!null null"
    if isinstance(value, bool):
        return f"{head} !!bool {'true' if value else 'false'}"
    if isinstance(value, int):
        return f"{head} !!int {value}"
    if isinstance(value, float):
        return f"{head} !!float {value:f}"
    head += " !!str "
    if not is_quotable(value):
        return double_quoted(head + '"', value, indent) + '"'
    if is_plain(value):
        return folded(head, value, indent)
    return folded(head + "'", value.replace("'", "''"), indent) + "'"


def is_plain(text: str) -> bool:
    """Whether the text needs no quotes, where it can be put in single ones at all."""
    if text[0] in NEVER_FIRST or (text[0] in "?:-" and text[1:2] in ("", " ")) or text.startswith(("---", "...")):
        return False
    return text == text.strip(" ") and ": " not in f"{text} " and " #" not in text and "\n" not in text


def is_quotable(text: str) -> bool:
    """Whether single quotes, which escape nothing, will do."""
    return text.replace("\n", "").isascii() and is_printable(text) and " \n" not in text and "\n " not in text


def is_printable(text: str) -> bool:
    return all(" " <= character <= "~" or character == "\n" for character in text)


def folded(head: str, text: str, indent: str) -> str:
    """The text, plain or single-quoted, broken where it is too long. A line break of its own is doubled."""
    done, line = [], head
    after_blank = after_break = False
    for position, character in enumerate(text):
        if character == "\n":
            if not after_break:
                done.append(line)
                line = ""
            done.append(line)
            line = ""
        elif character == " " and not after_blank and len(line) > WIDTH and 0 < position < len(text) - 1 and text[position + 1] != " ":
            done.append(line)
            line = indent
        else:
            line = (indent if after_break else line) + character
        after_blank, after_break = character == " ", character == "\n"
    return "\n".join([*done, indent if after_break else line])


def double_quoted(head: str, text: str, indent: str) -> str:
    done, line = [], head
    after_blank = False
    for position, character in enumerate(text):
        if character == " " and not after_blank and len(line) > WIDTH and 0 < position < len(text) - 1:
            done.append(line)
            line = indent + ("\\" if text[position + 1] == " " else "")
        else:
            line += character if " " <= character <= "~" and character not in '"\\' else escaped(ord(character))
        after_blank = character == " "
    return "\n".join([*done, line])


def escaped(code: int) -> str:
    if code in NAMED_ESCAPES:
        return f"\\{NAMED_ESCAPES[code]}"
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00  # a byte that is no UTF-8 (PEP 383)
    return f"\\x{code:02X}" if code <= 0xFF else f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
