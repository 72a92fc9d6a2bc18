"""One HTTP call, parsed, and its answer: what lies between the socket (server.py) and the calls (api.py)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from mlspace.local.body import BodyError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

JSON = "application/json"
"""Exactly so: the official CLI takes `application/json; charset=utf-8` for text, and then cannot log in."""

TEXT = "text/plain; charset=utf-8"
"""With the charset: without it the official CLI shows UTF-8 as Latin-1."""


class Request(NamedTuple):
    """One request as it came, its path decoded; headers have lower-case names."""

    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: bytes


class Call(NamedTuple):
    """A request of a call that there is. `names`: the variable parts of its path."""

    method: str
    names: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError as error:  # includes bytes that are not UTF-8
            raise BodyError([Problem(("body",), f"JSON decode error: {error}", "json_invalid")]) from error
        except RecursionError as error:
            raise BodyError([Problem(("body",), "JSON decode error: nested too deeply", "json_invalid")]) from error

    def one(self, name: str) -> str | None:
        """The last value of a query parameter; None where it is absent or empty."""
        values = self.query.get(name) or [""]
        return values[-1] or None

    def integer(self, name: str, default: int, least: int) -> int:
        text = self.one(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and len(text) < 10) or int(text) < least:
            raise wrong_query(name, f"Input should be a valid integer, at least {least}", "int_parsing")
        return int(text)

    def boolean(self, name: str, default: bool) -> bool:
        """`true`, and also Python's `True`, as the official CLI sends it."""
        text = self.one(name)
        if text is None:
            return default
        if text.lower() in ("true", "1", "yes", "on"):
            return True
        if text.lower() in ("false", "0", "no", "off"):
            return False
        raise wrong_query(name, "Input should be a valid boolean", "bool_parsing")

    def choice(self, name: str, words: Sequence[str]) -> str | None:
        text = self.one(name)
        if text is not None and text not in words:
            raise wrong_query(name, f"Input should be one of {', '.join(words)}", "enum")
        return text


def wrong_query(name: str, msg: str, kind: str) -> BodyError:
    return BodyError([Problem(("query", name), msg, kind)])


class Answer(NamedTuple):
    """Status and a JSON value."""

    value: Any
    status: int = 200
    headers: Mapping[str, str] = {}


class Text(NamedTuple):
    """A text that is known whole."""

    data: bytes
    status: int = 200
    kind: str = TEXT
    headers: Mapping[str, str] = {}


class Stream(NamedTuple):
    """A text that comes in pieces while the job runs. `pieces` is given the function that waits (logstream.follow)."""

    pieces: Callable[[Callable[[bool], bool]], Iterator[bytes]]


class HungUp(ConnectionError):
    """The connection is to be closed, in the middle of what was said."""


class Missing(Exception):
    """404 with a JSON body."""

    def __init__(self, value: Any) -> None:
        super().__init__(value)
        self.value = value


def check_name(call: Call, name: str, expected: str) -> None:
    """Raise Missing unless that part of the path is the one there is."""
    if call.names[name] != expected:
        raise not_found(name, call.names[name])


def not_found(name: str, given: str) -> Missing:
    return Missing({"error_code": 404, "error_message": f"{name} {given} not found"})
