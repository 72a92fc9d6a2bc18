"""squeue's and sinfo's -o `%.18i %j` and -O `JobID:.18,Name` as columns, cut and padded as Slurm does it."""

from __future__ import annotations

from mlspace.render.width import cut, pad, read_width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

ALL = "%all"

LAST_LETTER = "Z"
"""Of the letters in Slurm's order, a to z and A to Z: no bar follows it in ALL."""

LONG_WIDTH = 20
"""Width of a field of -O that is not told another."""

UNSET = "(null)"
"""A text that there is not. Slurm leaves it to printf, which prints nothing at all of it into a narrow left-justified column."""


class Field:
    """What one letter or name stands for: the header, and `value`, which makes the text of a row.

    order: sort key of a row where it is not the text. sort: sorts rows in place, given whether to descend, where a key will not do.
    cut_header, cut_value: whether a right-justified column that is too narrow cuts them (cut_value may depend on the row); Slurm
    lets node lists and times grow. A left-justified column cuts everything.
    """

    __slots__ = ("cut_header", "cut_value", "header", "order", "sort", "value")

    def __init__(
        self,
        header: str,
        value: Callable[[Any], str],
        order: Callable[[Any], Any] | None = None,
        *,
        sort: Callable[[list[Any], bool], None] | None = None,
        cut_header: bool = True,
        cut_value: bool | Callable[[Any], bool] = True,
    ) -> None:
        self.header = header
        self.value = value
        self.order = order or value
        self.sort = sort
        self.cut_header = cut_header
        self.cut_value = cut_value


class Column:
    """A field in a format, with its width (0: as wide as the text), side, and the text behind it; without field, only that text.

    A width below zero, which -O takes, is that of the text and a blank.
    """

    __slots__ = ("field", "right", "suffix", "width")

    def __init__(self, field: Field | None, width: int, right: bool, suffix: str) -> None:
        self.field = field
        self.width = width
        self.right = right
        self.suffix = suffix

    def header(self) -> str:
        return self.suffix if self.field is None else self.fit(self.field.header, self.field.cut_header)

    def cell(self, row: Any) -> str:
        if self.field is None:
            return self.suffix
        cuts = self.field.cut_value
        return self.fit(self.field.value(row), cuts if isinstance(cuts, bool) else cuts(row))

    def fit(self, text: str, cuts: bool) -> str:
        width = self.width
        if not width:
            return text + self.suffix
        if width < 0:
            return f"{text} {self.suffix}"
        if not text.isascii():
            return pad(cut(text, width) if cuts or not self.right else text, width, self.right) + self.suffix
        if self.right:
            return (text[:width] if cuts else text).rjust(width) + self.suffix
        if text == UNSET and width < len(UNSET):
            text = ""
        return text[:width].ljust(width) + self.suffix


def read_format(text: str, fields: Mapping[str, Field], refuse: Callable[[str], None]) -> list[Column]:
    """The columns of a format "%[[.]size]type[suffix]...".

    `refuse` is told of every type that there is not; its text is printed as it stands.

    Source: squeue(1), sinfo(1); what stands before the first %, %% and a % at the end: squeue 22.05.
    """
    if text == ALL:
        letters = sorted(fields, key=lambda letter: (letter.isupper(), letter))
        return [Column(fields[letter], 0, False, "" if letter == LAST_LETTER else "|") for letter in letters]
    pieces = [piece for piece in text.split("%") if piece]
    columns = []
    if pieces and not text.startswith("%"):
        columns.append(Column(None, 0, False, pieces.pop(0)))
    for piece in pieces:
        right = piece.startswith(".")
        rest = piece[right:]
        size = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        letter = rest[len(size) : len(size) + 1]
        if letter in fields:
            columns.append(Column(fields[letter], read_width(size), right, rest[len(size) + 1 :]))
        else:
            refuse(letter)
            columns.append(Column(None, 0, False, f"%{piece}"))
    return columns


def read_long_format(text: str, fields: Mapping[str, Field], refuse: Callable[[str], None]) -> list[Column]:
    """The columns of a format "name[:[.]size[suffix]],...", names in any case. `refuse` is told of every name that there is not.

    Source: squeue(1) --Format; squeue 22.05, which reads the size as atoi does: no digits are 0, "-5" is below zero.
    """
    columns = []
    for piece in text.split(","):
        name, colon, rest = piece.partition(":")
        if not name:
            continue
        field = fields.get(name.lower())
        if field is None:
            refuse(name)
            continue
        if not colon:
            columns.append(Column(field, LONG_WIDTH, False, ""))
            continue
        right = rest.startswith(".")
        size, suffix = leading_number(rest[right:])
        columns.append(Column(field, size, right, suffix))
    return columns


def leading_number(text: str) -> tuple[int, str]:
    """The number that a text begins with, and the rest; 0 and the text itself where there is none, -1 for what 32 bits do not hold."""
    body = text.lstrip(" ")
    sign = body[:1] if body[:1] in ("+", "-") else ""
    digits = body[len(sign) :]
    rest = digits.lstrip("0123456789")
    if rest == digits:
        return 0, text
    size = digits[: len(digits) - len(rest)].lstrip("0")
    if not size:
        return 0, rest
    width = read_width(size) or -1
    return (-1 if sign == "-" else width), rest


def header_line(columns: Sequence[Column]) -> str:
    return "".join([column.header() for column in columns])


def lines(columns: Sequence[Column], rows: Iterable[Any]) -> list[str]:
    return ["".join([column.cell(row) for column in columns]) for row in rows]


def sort_rows(rows: list[Any], text: str, fields: Mapping[str, Field], ignores: Callable[[str], bool] | None = None) -> str | None:
    """Sorts in place by letters with an optional + or -, the first one weighing most; returns the character that is no letter, or None.

    ignores: asked about such a character; True where it is passed over.
    Source: squeue(1) --sort; squeue 22.05, which goes through the letters from behind.
    """
    keys, sign = [], ""
    for character in text.replace("cluster", ""):  # there is one
        if character in "+-":
            sign = character
        elif character not in ", #":
            keys.append((character, sign == "-"))
            sign = ""
    for letter, descending in reversed(keys):
        field = fields.get(letter)
        if field is None:
            if ignores is None or not ignores(letter):
                return letter
        elif field.sort is not None:
            field.sort(rows, descending)
        else:
            rows.sort(key=field.order, reverse=descending)
    return None
