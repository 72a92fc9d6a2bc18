"""A shell script's logical lines: comments away; continued lines, open quotes and pipes joined. To look for words in, not to run."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_JOIN = 30
"""Physical lines that one quote may span; a quote that is open for longer was none (an apostrophe in a here-document)."""


class Line:
    """A logical line and the number of the physical one that it begins at, counted from 1."""

    __slots__ = ("number", "text")

    def __init__(self, number: int, text: str) -> None:
        self.number = number
        self.text = text


def lines(text: str) -> Iterator[Line]:
    """The logical lines of a script that have anything in them."""
    physical = text.split("\n")
    at = 0
    while at < len(physical):
        count, joined = join(physical, at)
        if joined.strip():
            yield Line(at + 1, joined)
        at += count


def join(physical: list[str], start: int) -> tuple[int, str]:
    """How many physical lines the logical one at `start` has, and its text."""
    joined = ""
    for count, line in enumerate(physical[start : start + LONGEST_JOIN], start=1):
        joined += line
        bare, quote = without_comment(joined)
        if quote:
            joined += "\n"
        elif joined.endswith("\\") and bare == joined:
            joined = joined[:-1]
        elif bare.endswith("|") and start + count < len(physical):
            joined = bare + " "
        else:
            return count, bare
    return 1, without_comment(physical[start])[0]


def without_comment(line: str) -> tuple[str, str]:
    """The line up to an unquoted `#` that begins a word, and the quote that is open at its end ("" for none)."""
    quote, position = "", 0
    while position < len(line):
        character = line[position]
        if character == "\\" and quote != "'":
            position += 1
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "#" and (position == 0 or line[position - 1] in " \t;&|("):
            end = line.find("\n", position)
            if end < 0:
                return line[:position].rstrip(), ""
            line = line[:position] + line[end:]
            continue
        position += 1
    return line, quote
