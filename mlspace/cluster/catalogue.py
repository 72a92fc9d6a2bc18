"""The platform's catalogue as commands read it: what there is and who offers it, kept for minutes in the state directory."""

from __future__ import annotations

import json

from mlspace import private_file
from mlspace.errors import GatewayError
from mlspace.gateway.at_once import answers
from mlspace.gateway.catalog import Catalog, Place, read_regions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from mlspace.gateway.client import Client

KEPT_SECONDS = 600
"""Kinds of hardware change in weeks; what is free is never taken from here."""


def read(client: Client, workspace_id: str, places: Collection[Place]) -> Catalog:
    """What the platform tells now, of its regions and of these places. Raises GatewayError where it tells nothing at all."""
    regions = read_regions(client.configs())
    for region in allocated_regions(client, workspace_id):
        regions.setdefault(region, [])
    asked = list(dict.fromkeys([*(Place(region) for region in regions), *places]))
    told = zip(asked, answers(lambda place: client.available(*place), asked), strict=True)
    # A place that does not tell, as a region without an allocation, is left out: a job can be placed by the catalogue alone.
    return Catalog(regions, {place: [offer.key for offer in offers] for place, offers in told if not isinstance(offers, GatewayError)})


def allocated_regions(client: Client, workspace_id: str) -> list[str]:
    """Regions of the workspace's allocations: the catalogue may lack one of them (mlspace-facts §5.1)."""
    try:
        return [one.region for one in client.allocations(workspace_id)] if workspace_id else []
    except GatewayError:
        return []


class Kept:
    """A catalogue in a file. What cannot be read or written costs a call, and nothing else."""

    def __init__(self, path: str, now: float) -> None:
        self.path = path
        self.now = now

    def read(self) -> Catalog | None:
        """The catalogue, unless it is too old, or was written by a clock that is ahead."""
        try:
            with open(self.path, encoding="utf-8") as file:
                kept = json.load(file)
            return Catalog.from_json(kept) if 0 <= self.now - kept["read_at"] < KEPT_SECONDS else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, catalog: Catalog) -> None:
        try:
            private_file.write(self.path, json.dumps({"read_at": self.now, **catalog.to_json()}).encode())
        except OSError:
            pass  # the next command asks again
