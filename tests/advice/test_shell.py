"""Logical lines: what is joined, and what is no comment."""

from __future__ import annotations

import pytest

from mlspace.advice import shell


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb\n", [(1, "a"), (2, "b")]),
        ("#!/bin/sh\n\n  # c\nb", [(4, "b")]),
        ("a # c\nb", [(1, "a"), (2, "b")]),
        ("a#b\n${#x}\n$#", [(1, "a#b"), (2, "${#x}"), (3, "$#")]),
        ("a \\\n b\nc", [(1, "a  b"), (3, "c")]),
        ("a |  # c\n  b\nc", [(1, "a |   b"), (3, "c")]),
        ("a |", [(1, "a |")]),
        ("a # c \\\nb", [(1, "a"), (2, "b")]),  # a comment does not go on
        ("a 'x\n# y\nz' b\nc", [(1, "a 'x\n# y\nz' b"), (4, "c")]),
        ('a "x # y" # z', [(1, 'a "x # y"')]),
        ("a \\# b # c", [(1, "a \\# b")]),
        ('echo "it\'s"\nb', [(1, 'echo "it\'s"'), (2, "b")]),
        ("it's\nb", [(1, "it's"), (2, "b")]),  # a quote that never closes joins nothing
        ("a 'x' \\\n  'y # z' # c\nb", [(1, "a 'x'   'y # z'"), (3, "b")]),
    ],
)
def test_lines(text: str, expected: list[tuple[int, str]]) -> None:
    assert [(line.number, line.text) for line in shell.lines(text)] == expected
