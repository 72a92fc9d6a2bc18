"""Faults on demand: rules that say which requests go wrong, and how. Pure: no sockets, no clock.

    POST /jobs cut=after times=1        the answer to one submission is lost
    POST /jobs late=70                  no answer, and the effect comes 70 s later
    GET /jobs* status=503 chance=0.1    a tenth of what is asked about jobs
    GET /jobs/{job_name}/logs cut=4096  a log breaks off after so many bytes
    * * expire skip=20                  from the 21st request on every token is an old one

A rule is a method, a path and words. Method and path are as the OpenAPI writes them, without /public/v2, or patterns with `*`.
The first rule that matches a request, and is not used up, decides.
"""

from __future__ import annotations

import random
import threading
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from mlspace.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

BEFORE, AFTER = "before", "after"


class Fault(NamedTuple):
    """What happens to one request. Nothing of it: the request is answered as ever.

    delay_seconds: before anything else. status: this instead of the answer, after the effect where `effect`, else without it.
    refuse: a refusal with this text (HTTP 400, error_code 1). retry_after: a header of either, in seconds. expire: all tokens end.
    cut: BEFORE the effect, AFTER it, or "": the connection is closed without an answer. cut_bytes: so much of the answer's body
    comes before that. late_seconds: cut at once, and the effect comes so much later.
    """

    delay_seconds: float = 0.0
    status: int = 0
    effect: bool = False
    refuse: str = ""
    retry_after: int | None = None
    expire: bool = False
    cut: str = ""
    cut_bytes: int | None = None
    late_seconds: float | None = None


NO_FAULT = Fault()


class Rule(NamedTuple):
    """A fault and whom it meets: not the first `skip` requests that match, then `times` of them (None: all), each with `chance`."""

    method: str
    path: str
    fault: Fault
    skip: int = 0
    times: int | None = None
    chance: float = 1.0

    def matches(self, method: str, path: str) -> bool:
        return self.method in ("*", method) and (self.path == path or fnmatchcase(path, self.path))


def read_rule(text: str) -> Rule:
    """The rule that a line describes. Raises ConfigError with the word that is wrong."""
    words = text.split()
    if len(words) < 3:
        raise ConfigError(f"--fault {text}: a method, a path and what happens are expected", "  as in: POST /jobs status=503 times=1")
    fault: dict[str, object] = {}
    whom: dict[str, object] = {}
    for word in words[2:]:
        name, equals, value = word.partition("=")
        if name not in WORDS or (equals == "=") != (name not in FLAGS):
            raise ConfigError(f"--fault {text}: {word}: no such word", f"  known are {', '.join(spelled(one) for one in WORDS)}")
        try:
            (whom if name in WHOM else fault).update(WORDS[name](value))
        except ValueError as error:
            raise ConfigError(f"--fault {text}: {word}: not a valid value") from error
    return Rule(words[0].upper(), words[1], Fault(**fault), **whom)  # type: ignore[arg-type]


def count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(text)
    return int(text)


def seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 86_400:
        raise ValueError(text)
    return value


def status(text: str) -> int:
    value = count(text)
    if not 200 <= value <= 599:
        raise ValueError(text)
    return value


def cut(text: str) -> dict[str, object]:
    return {"cut": text} if text in (BEFORE, AFTER) else {"cut": AFTER, "cut_bytes": count(text)}


WORDS: Mapping[str, Callable[[str], dict[str, object]]] = {
    "status": lambda text: {"status": status(text)},
    "effect": lambda text: {"effect": True},
    "refuse": lambda text: {"refuse": text},
    "retry-after": lambda text: {"retry_after": count(text)},
    "delay": lambda text: {"delay_seconds": seconds(text)},
    "cut": cut,
    "late": lambda text: {"late_seconds": seconds(text)},
    "expire": lambda text: {"expire": True},
    "skip": lambda text: {"skip": count(text)},
    "times": lambda text: {"times": count(text)},
    "chance": lambda text: {"chance": min(1.0, float(text))},
}
"""Word of a rule -> fields of Fault, or, for those in WHOM, of Rule."""

FLAGS = ("effect", "expire")
WHOM = ("skip", "times", "chance")


def spelled(word: str) -> str:
    return word if word in FLAGS else f"{word}="


class Faults:
    """The rules in force, and how often each was met. Every method may be called from any thread."""

    def __init__(self, rules: Iterable[Rule] = (), seed: int | None = None) -> None:
        self.lock = threading.Lock()
        self.random = random.Random(seed)
        self.rules: list[Rule] = []
        self.seen: list[int] = []
        self.struck: list[int] = []
        self.replace(rules)

    def replace(self, rules: Iterable[Rule]) -> None:
        """Other rules from now on; they begin to count anew."""
        with self.lock:
            self.rules = list(rules)
            self.seen = [0] * len(self.rules)
            self.struck = [0] * len(self.rules)

    def strike(self, method: str, path: str) -> Fault:
        """What is to happen to this request. path: the route's template, else the path itself."""
        with self.lock:
            for number, rule in enumerate(self.rules):
                if rule.matches(method, path) and self.is_due(number, rule):
                    self.struck[number] += 1
                    return rule.fault
        return NO_FAULT

    def is_due(self, number: int, rule: Rule) -> bool:
        """Whether it is this rule's turn, for a request that it matches."""
        self.seen[number] += 1
        is_used_up = rule.times is not None and self.struck[number] >= rule.times
        return not is_used_up and self.seen[number] > rule.skip and (rule.chance >= 1 or self.random.random() < rule.chance)
