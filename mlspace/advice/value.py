"""The values that the rules share: what they know, and what they say."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class Advice:
    """One warning: the line it is about (counted from 1; 0 for none), what happens there, and what to write instead."""

    __slots__ = ("better", "line", "what")

    def __init__(self, line: int, what: str, better: str) -> None:
        self.line = line
        self.what = what
        self.better = better

    def __repr__(self) -> str:
        return f"Advice({self.line}, {self.what!r})"


class Facts:
    """What the text alone does not tell.

    options: long names of the options that the job has. missing: option -> directory of its file that does not exist, as
    the option names it. modules: whether the job will find the shell function `module`.
    """

    __slots__ = ("missing", "modules", "options")

    def __init__(self, options: Collection[str] = (), missing: Mapping[str, str] | None = None, *, modules: bool = False) -> None:
        self.options = options
        self.missing = dict(missing or {})
        self.modules = modules
