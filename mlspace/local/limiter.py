"""Rate limits: so many calls of one kind in a minute."""

from __future__ import annotations

import threading
import time
from typing import Any

PER_MINUTE = 1000
"""The platform's usual budget."""


class TooMany(Exception):
    """429. `seconds` until calls are counted anew."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Rate limit exceeded: {PER_MINUTE} per 1 minute")
        self.seconds = seconds


class Limiter:
    """Counts calls per method and endpoint in windows of one minute; refuses only where `enforced`."""

    def __init__(self, enforced: bool) -> None:
        self.enforced = enforced
        self.lock = threading.Lock()
        self.used: dict[tuple[str, str], int] = {}
        self.window = 0

    def count(self, method: str, endpoint: str) -> None:
        minute, second = divmod(int(time.time()), 60)
        with self.lock:
            if minute != self.window:
                self.window = minute
                self.used.clear()
            used = self.used[method, endpoint] = self.used.get((method, endpoint), 0) + 1
        if self.enforced and used > PER_MINUTE:
            raise TooMany(60 - second)

    def to_json(self) -> list[dict[str, Any]]:
        with self.lock:
            used = dict(self.used)
        rest = 60 - int(time.time()) % 60
        return [
            {
                "amount": PER_MINUTE,
                "endpoint": endpoint,
                "expire_ttl": rest,
                "limit": f"{PER_MINUTE} per 1 minute",
                "method": method,
                "period": "1 minute",
                "usage": count,
            }
            for (method, endpoint), count in sorted(used.items())
        ]
