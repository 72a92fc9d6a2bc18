"""What the Gateway tells of workspaces, allocations, queues and instance types, as far as we read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlspace.gateway.wire import field


@dataclass(frozen=True)
class Workspace:
    id: str
    name: str
    namespace: str
    project: str

    @classmethod
    def read(cls, item: dict[str, Any]) -> Workspace:
        return cls(field(item, "id"), field(item, "name"), field(item, "namespace"), item.get("project_name") or "")


@dataclass(frozen=True)
class Allocation:
    """Hardware of a region that is the workspace's. is_default: of jobs that name none."""

    id: str
    name: str
    region: str
    node_type: str
    is_default: bool

    @classmethod
    def read(cls, item: dict[str, Any]) -> Allocation:
        return cls(
            field(item, "id"),
            field(item, "name"),
            field(item, "region_key"),
            item.get("node_type") or "",
            bool(item.get("default_for_job")),
        )


@dataclass(frozen=True)
class Queue:
    """A queue of an allocation. is_default: of jobs that name none."""

    id: str
    name: str
    kind: str
    is_active: bool
    is_default: bool

    @classmethod
    def read(cls, item: dict[str, Any]) -> Queue:
        return cls(
            field(item, "id"),
            field(item, "name"),
            item.get("type") or "",
            bool(item.get("active")),
            bool(item.get("default_for_job")),
        )


@dataclass(frozen=True)
class Offer:
    """An instance type that a job may have, and how many of it are free at the moment."""

    key: str
    free: int

    @classmethod
    def read(cls, item: dict[str, Any], count: str) -> Offer:
        """count: the field with the number, which two calls name differently."""
        return cls(field(item, "key"), int(field(item, count)))


@dataclass(frozen=True)
class Budget:
    """How many calls of an endpoint are allowed in a period, and how many were made in this one."""

    method: str
    endpoint: str
    limit: str
    used: int
    amount: int

    @classmethod
    def read(cls, item: dict[str, Any]) -> Budget:
        return cls(field(item, "method"), field(item, "endpoint"), field(item, "limit"), int(item.get("usage") or 0), field(item, "amount"))
