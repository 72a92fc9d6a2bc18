"""Several calls of the Gateway at the same time."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

CONCURRENT_CALLS = 8

Item = TypeVar("Item")
Result = TypeVar("Result")


def at_once(call: Callable[[Item], Result], items: Collection[Item]) -> list[Result]:
    """The call for each item; results in the items' order. Raises what the first failed one raises."""
    if len(items) < 2:
        return [call(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(len(items), CONCURRENT_CALLS)) as pool:
        return list(pool.map(call, items))
