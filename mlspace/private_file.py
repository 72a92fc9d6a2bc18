"""Files that are their owner's alone (0600), and either whole or not there."""

from __future__ import annotations

import os


def write(path: str, data: bytes, *, sync: bool = False) -> None:
    """Replaces `path` at once. With `sync` the contents are on the disk before the name is there. Raises OSError, and leaves no draft."""
    draft = f"{path}.{os.getpid()}"
    try:
        os.unlink(draft)  # of a process that had our number
    except FileNotFoundError:
        pass
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        os.rename(draft, path)
    except OSError:
        os.unlink(draft)
        raise
