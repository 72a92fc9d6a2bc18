"""Several calls of the Gateway at the same time."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

from mlspace.errors import GatewayError

CONCURRENT_CALLS = 16
"""On their way at the same time; for so many a connection is kept open."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def at_once(call: Callable[[Item], Result], items: Collection[Item]) -> list[Result]:
    """The call for each item; results in the items' order. Raises what the first failed one raises."""
    if len(items) < 2:
        return [call(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(len(items), CONCURRENT_CALLS)) as pool:
        return list(pool.map(call, items))


def answers(call: Callable[[Item], Result], items: Collection[Item]) -> list[Result | GatewayError]:
    """As `at_once`; in the place of a result that the platform does not give, its error: one failure keeps no other from its answer."""

    def ask(item: Item) -> Result | GatewayError:
        try:
            return call(item)
        except GatewayError as error:
            return error

    return at_once(ask, items)
