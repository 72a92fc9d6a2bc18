"""Where an access token is kept: an hour long, shared by all commands through a file that only we can read."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from mlspace import private_file

RENEW_EARLY_SECONDS = 60

PATIENCE_SECONDS = 10.0
"""So long a command waits for another one that is logging in; then it logs in itself."""

LOOK_SECONDS = 0.05


class TokenFile:
    """One file for each pair of Gateway and client. What cannot be read or written costs a login, and nothing else."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.lock = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.lock")

    def read(self) -> str:
        """The token, if it has a minute to live; "" otherwise."""
        try:
            with open(self.path, encoding="ascii") as file:
                kept = json.load(file)
            return str(kept["access_token"]) if kept["expires_at"] > time.time() else ""
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def write(self, token: str, seconds: float) -> None:
        content = {"access_token": token, "expires_at": time.time() + seconds - RENEW_EARLY_SECONDS}
        try:
            private_file.write(self.path, json.dumps(content).encode())
        except OSError:
            pass  # the next command logs in again

    def make_directory(self) -> None:
        try:
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
        except OSError:
            pass  # what is to be written there cannot be

    @contextmanager
    def renewing(self) -> Iterator[None]:
        """Held by one process at a time, so that many commands at once log in once; the others find the new token when they are let in."""
        self.make_directory()
        try:
            descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError:
            yield
            return
        try:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not try_lock(descriptor) and time.monotonic() < deadline:
                time.sleep(LOOK_SECONDS)
            yield
        finally:
            os.close(descriptor)


def try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True
