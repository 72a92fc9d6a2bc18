"""How long a place that had no room is left alone: longer from refusal to refusal, and not by the same time for everybody."""

from __future__ import annotations

FIRST_SECONDS = 5.0

LONGEST_SECONDS = 60.0
"""So often people ask by hand (mlspace-facts §4.5): no one loses a place for having us ask."""

JITTER = 0.2
"""Share by which a pause is longer or shorter: registries of several users do not all ask at the same moment."""


def pause_seconds(refusals: int, luck: float) -> float:
    """After so many refusals one after the other, 1 and more. luck: from 0 to 1, at random."""
    pause = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(refusals - 1, 16))
    return pause * (1 - JITTER + 2 * JITTER * luck)
