"""Widths, sides and suffixes of -O, and the order of --sort, as squeue 22.05 has them."""

from __future__ import annotations

from operator import itemgetter

import pytest

from mlspace.render import format

FIELDS = {"name": format.Field("NAME", itemgetter(0)), "comment": format.Field("COMMENT", lambda row: format.UNSET)}

SHOWN = {
    "Name": "NAME                |train               ",
    "NAME:12;": "NAME        ;|train       ;",
    "Name:+12;": "NAME        ;|train       ;",
    "Name: 12;": "NAME        ;|train       ;",
    "Name:.12;": "        NAME;|       train;",
    "Name:.+12;": "        NAME;|       train;",
    "Name:-12;": "NAME ;|train ;",
    "Name:.-12;": "NAME ;|train ;",
    "Name:1000000000000000x": "NAME x|train x",
    "Name:+.12;": "NAME+.12;|train+.12;",
    "Name:..12;": "NAME.12;|train.12;",
    "Name:0x12": "NAMEx12|trainx12",
    "Name:;": "NAME;|train;",
    "Name:": "NAME|train",
    "Name:3": "NAM|tra",
    "Name:.3": "NAM|tra",
    ",Name:a:b,,": "NAMEa:b|traina:b",
    "Comment:3;,Comment:7;,Comment:.3;": "COM;COMMENT;COM;|   ;(null) ;(nu;",
    "": "|",
}


@pytest.mark.parametrize(("text", "shown"), SHOWN.items())
def test_names_with_widths(text: str, shown: str) -> None:
    columns = format.read_long_format(text, FIELDS, pytest.fail)
    assert "|".join([format.header_line(columns), *format.lines(columns, [("train",)])]) == shown


BYTES = {
    "%.8j|": "жжжж|",
    "%8j|": "жжжж|",
    "%3j|": "ж\udcd0|",
    "%.3j|": "ж\udcd0|",
    "%12j|": "жжжжж  |",
    "%.12j|": "  жжжжж|",
    "%12N|": "жжжжж  |",
    "%.4N|": "жжжжж|",
    "%j|": "жжжжж|",
    "%99999999999j|": "жжжжж|",
    "%" + 5000 * "9" + "j|": "жжжжж|",
}


@pytest.mark.parametrize(("text", "shown"), BYTES.items(), ids=range(len(BYTES)))
def test_bytes_are_counted(text: str, shown: str) -> None:
    fields = {"j": format.Field("", itemgetter(0)), "N": format.Field("", itemgetter(0), cut_value=False)}
    assert format.lines(format.read_format(text, fields, pytest.fail), [("жжжжж",)]) == [shown]


@pytest.mark.parametrize("name", ["foo", "Name ", " Name", "Nam", "%all", "Name Comment"])
def test_names_that_there_are_not(name: str) -> None:
    refused: list[str] = []
    assert format.read_long_format(f"{name}:5", FIELDS, refused.append) == []
    assert refused == [name]


def test_sorts_by_the_first_letter_first() -> None:
    fields = {"a": format.Field("", itemgetter(0)), "b": format.Field("", itemgetter(1))}
    rows = [("x", "2"), ("y", "1"), ("x", "1")]
    assert format.sort_rows(rows, "cluster,-a,+b", fields) is None
    assert rows == [("y", "1"), ("x", "1"), ("x", "2")]
    assert format.sort_rows(rows, "foo", fields) == "o"
    assert format.sort_rows(rows, "ab", fields, lambda letter: False) is None
