"""Small JSON files that are either whole or not there."""

from __future__ import annotations

import json
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def write_json(path: str, value: Any, *, sync: bool = False) -> None:
    """Replace `path` (0600) at once. With `sync` the contents are on the disk before the name is there."""
    draft = f"{path}.{os.getpid()}.tmp"
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=True)
        if sync:
            file.flush()
            os.fsync(file.fileno())
    os.replace(draft, path)


def read_json(path: str) -> dict[str, Any] | None:
    """The object in `path`; None where there is no such file, or not a whole object in it."""
    try:
        with open(path, encoding="utf-8") as file:
            value = json.load(file)
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None
