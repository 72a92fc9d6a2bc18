"""endpoint.json: where the embedded gateway of a state directory is, whether it lives, and how to talk to it.

The gateway writes the file, locks it, and only then gives it its name. So a reader that finds the file locked has read the words of a
living gateway; a file that a killed one left behind is not locked.
"""

from __future__ import annotations

import fcntl
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

FILE = "endpoint.json"
START_LOCK = "start.lock"
"""Held by whoever starts or stops the gateway of the directory, and by a gateway that goes by itself."""


class Endpoint:
    """A gateway that answers at `url` (…/public/v2) to these credentials. shape: Shape.to_json(). node_names: folded, `n[1-4]`."""

    __slots__ = ("api_key", "client_id", "client_secret", "node_names", "pid", "region", "shape", "url", "workspace_id")

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.url: str = data["url"]
        self.client_id: str = data["client_id"]
        self.client_secret: str = data["client_secret"]
        self.api_key: str = data["api_key"]
        self.workspace_id: str = data["workspace_id"]
        self.region: str = data["region"]
        self.pid: int = data["pid"]
        self.shape: Mapping[str, Any] = data["shape"]
        self.node_names: str = data["node_names"]


def publish(directory: str, data: Mapping[str, Any]) -> int:
    """Write endpoint.json (0600), locked by the returned descriptor until it is closed or the process ends."""
    import json

    path = os.path.join(directory, FILE)
    draft = f"{path}.tmp"
    fd = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX)
    os.write(fd, json.dumps(data, indent=1).encode() + b"\n")
    os.replace(draft, path)
    return fd


def read_living(directory: str) -> Endpoint | None:
    """The endpoint of the gateway that serves `directory` now; None where none does."""
    try:
        fd = os.open(os.path.join(directory, FILE), os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return parse(os.read(fd, os.fstat(fd).st_size))
    finally:
        os.close(fd)
    return None


def read(directory: str) -> Endpoint | None:
    """The endpoint of the gateway that serves `directory`, or did so last, on whichever host; None where there has been none."""
    try:
        with open(os.path.join(directory, FILE), "rb") as file:
            return parse(file.read())
    except OSError:
        return None


def published_at(directory: str) -> float | None:
    """When the gateway of `directory` began to serve it, unix seconds; None where there has been none."""
    try:
        return os.stat(os.path.join(directory, FILE)).st_mtime
    except OSError:
        return None


def parse(data: bytes) -> Endpoint | None:
    import json

    try:
        return Endpoint(json.loads(data))
    except (ValueError, KeyError, TypeError):  # another version's, or somebody edited it
        return None
