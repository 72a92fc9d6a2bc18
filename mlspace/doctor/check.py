"""A check: one thing that we lean on, asked of the Gateway, and in what the answer differs."""

from __future__ import annotations

import json
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from mlspace.gateway.client import Client
    from mlspace.gateway.transport import RawAnswer

LONGEST_SHOWN = 160


class NothingToSee(Exception):
    """This cannot be looked at here, and why."""


class Service:
    """The Gateway under examination. regions, jobs: what checks before have found, for those behind them."""

    def __init__(self, client: Client, workspace_id: str) -> None:
        self.transport = client.transport
        self.workspace_id = workspace_id
        self.regions: list[str] = []
        self.jobs: list[Mapping[str, Any]] = []
        self.allocations: list[Mapping[str, Any]] = []

    def get(self, path: str, params: Mapping[str, Any] | None = None, **how: Any) -> RawAnswer:
        return self.transport.raw("GET", path, params, **how)

    def ended_job(self) -> Mapping[str, Any]:
        """A job as the list has it that ran and has ended, the last one."""
        ended = [job for job in self.jobs if str(job.get("status")).lower() in ("completed", "succeeded", "failed") and job.get("region")]
        if not ended:
            raise NothingToSee("no job of this workspace has run and ended")
        return max(ended, key=lambda job: str(job.get("completed_dt")))


class Check(NamedTuple):
    """facts: the paragraph of the recorded facts. look: yields each difference, as a sentence; raises NothingToSee, GatewayError."""

    name: str
    facts: str
    look: Callable[[Service], Iterator[str]]


def shown(answer: RawAnswer) -> str:
    text = " ".join(answer.body[:LONGEST_SHOWN].decode("utf-8", "replace").split())
    return f"HTTP {answer.status}, {answer.kind or 'no content type'}: {text or 'no body'}"


def content(answer: RawAnswer) -> Any:
    """What JSON the answer holds, whatever its status; None for what is none."""
    try:
        return json.loads(answer.body)
    except ValueError:
        return None


def fields_of(answer: RawAnswer) -> Mapping[str, Any]:
    """What an answer's object has; nothing where it is no object."""
    found = content(answer)
    return found if isinstance(found, dict) else {}


def is_object(answer: RawAnswer, **fields: type | tuple[type, ...]) -> Iterator[str]:
    """Differences of an answer from a JSON object with these fields, and HTTP 200."""
    found = content(answer)
    if answer.status != 200 or not isinstance(found, dict):
        yield f"expected HTTP 200 and an object; got {shown(answer)}"
    else:
        yield from lacks(found, **fields)


def lacks(item: Any, **fields: type | tuple[type, ...]) -> Iterator[str]:
    """Fields that an object lacks, or that are of another type."""
    if not isinstance(item, dict):
        yield f"an object is expected: {str(item)[:LONGEST_SHOWN]}"
        return
    for name, types in fields.items():
        key = name.rstrip("_").replace("__", "-")
        if key not in item:
            yield f"there is no field {key} in {str(item)[:LONGEST_SHOWN]}"
        elif not isinstance(item[key], types):
            yield f"{key} is {type(item[key]).__name__}: {str(item[key])[:LONGEST_SHOWN]}"


def once(differences: Iterator[str], most: int = 3) -> Iterator[str]:
    """Each difference once, and not more than a few: an answer has many items alike."""
    said: set[str] = set()
    for one in differences:
        if one not in said:
            said.add(one)
            if len(said) <= most:
                yield one
    if len(said) > most:
        yield f"and {len(said) - most} more of that kind"
