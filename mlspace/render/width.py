"""Texts in columns: cut and padded by bytes, as C's printf does it for Slurm, so that a letter that is not ASCII takes more than one place.

A letter that is cut in two leaves its first bytes, as surrogate escapes (PEP 383): what is printed is byte for byte Slurm's.
"""

from __future__ import annotations

WIDEST = 9_999_999
"""Of the widths that are believed. At some width Slurm's printf gives up, and its line is lost."""


def read_width(digits: str) -> int:
    """A number of places; 0, no width in particular, of "" and of more than WIDEST."""
    digits = digits.lstrip("0")
    return int(digits) if 0 < len(digits) <= len(str(WIDEST)) else 0


def length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape"))


def cut(text: str, width: int) -> str:
    """Its first `width` bytes."""
    if text.isascii():
        return text[:width]
    return text.encode("utf-8", "surrogateescape")[:width].decode("utf-8", "surrogateescape")


def pad(text: str, width: int, right: bool) -> str:
    """The text with blanks before it (`right`: the column is right-justified) or behind it, `width` bytes in all; a wider one as it is."""
    blanks = " " * (width - length(text))
    return blanks + text if right else text + blanks
