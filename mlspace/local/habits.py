"""The platform's bad habits that do not come from what it does, but from how it answers (mlspace-facts §4)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Habits(NamedTuple):
    """fresh_seconds: so long a new job is "job not found". break_seconds: so long the log of a running job flows before its stream
    breaks; None: it does not. firewall: what it takes for an attack is blocked."""

    fresh_seconds: float
    break_seconds: float | None
    firewall: bool


EASY = Habits(0.0, None, False)
HARD = Habits(2.0, 60.0, True)
"""2-3 s were seen for new jobs. Streams "often" break; how often was never measured."""

ATTACK = re.compile(r"\.\./|\$\(|`|<script", re.IGNORECASE)
"""What a web firewall looks for as a rule. MLSpace's rules are not known: shell metacharacters and `../` in some field were blocked,
while `bash -c '...; ...'` and `&&` pass in scripts that people have published."""


def looks_like_an_attack(body: Mapping[str, Any]) -> bool:
    """Whether a text of the body, or of a dictionary in it, has something of the kind."""
    values = [one for value in body.values() for one in (value.values() if isinstance(value, dict) else (value,))]
    return any(isinstance(value, str) and ATTACK.search(value) for value in values)
