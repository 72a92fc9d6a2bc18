"""squeue's and sinfo's -o: `%.18i %j` as columns, cut and padded as Slurm does it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

ALL = "%all"


class Field:
    """What one letter stands for: the header, and `value`, which makes the text of a row.

    order: sort key of a row where it is not the text. cut_header, cut_value: whether a column that is too narrow cuts them
    (cut_value may depend on the row); Slurm lets node lists and times grow.
    """

    __slots__ = ("cut_header", "cut_value", "header", "order", "value")

    def __init__(
        self,
        header: str,
        value: Callable[[Any], str],
        order: Callable[[Any], Any] | None = None,
        *,
        cut_header: bool = True,
        cut_value: bool | Callable[[Any], bool] = True,
    ) -> None:
        self.header = header
        self.value = value
        self.order = order or value
        self.cut_header = cut_header
        self.cut_value = cut_value


class Column:
    """A field in a format, with its width (0: as wide as the text), side, and the text behind it; without field, only that text."""

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
        cut = self.field.cut_value
        return self.fit(self.field.value(row), cut if isinstance(cut, bool) else cut(row))

    def fit(self, text: str, cut: bool) -> str:
        width = self.width
        if not width:
            return text + self.suffix
        if len(text) > width:
            return (text[:width] if cut else text) + self.suffix
        return (text.rjust(width) if self.right else text.ljust(width)) + self.suffix


def read_format(text: str, fields: Mapping[str, Field], refuse: Callable[[str], None]) -> list[Column]:
    """The columns of a format "%[[.]size]type[suffix]...".

    `refuse` is told of every type that there is not; its text is printed as it stands.

    Source: squeue(1), sinfo(1); what stands before the first %, %% and a % at the end: squeue 22.05.
    """
    if text == ALL:
        letters = sorted(fields, key=lambda letter: (letter.isupper(), letter))
        return [Column(fields[letter], 0, False, "|" * (letter != letters[-1])) for letter in letters]
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
            columns.append(Column(fields[letter], int(size or 0), right, rest[len(size) + 1 :]))
        else:
            refuse(letter)
            columns.append(Column(None, 0, False, f"%{piece}"))
    return columns


def header_line(columns: Sequence[Column]) -> str:
    return "".join([column.header() for column in columns])


def lines(columns: Sequence[Column], rows: Iterable[Any]) -> list[str]:
    return ["".join([column.cell(row) for column in columns]) for row in rows]


def sort_rows(rows: list[Any], text: str, fields: Mapping[str, Field]) -> str | None:
    """Sorts in place by letters with an optional + or -, the first one weighing most; returns the piece that is no letter, or None.

    Source: squeue(1) --sort; squeue 22.05.
    """
    keys, sign = [], ""
    for character in text:
        if character in "+-":
            sign = character
        elif character in fields:
            keys.append((fields[character].order, sign == "-"))
            sign = ""
        elif character not in ", #":
            return character
    for order, descending in reversed(keys):
        rows.sort(key=order, reverse=descending)
    return None
