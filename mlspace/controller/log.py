"""The controller's log: what went wrong, a line each, in a file of the state directory that does not grow for ever."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlspace.context import Context

FILE = "controller.log"

LONGEST_LOG = 1 << 20
"""Bytes; a longer one begins anew."""

TAIL = 8192
"""Bytes at its end that hold its last line."""


class Log:
    """is_shown: what is said is on standard error, too."""

    def __init__(self, state_dir: str, context: Context, *, is_shown: bool = False) -> None:
        self.path = path_in(state_dir)
        self.context = context
        self.is_shown = is_shown
        self.said = ""

    def say(self, line: str) -> None:
        """A line; not the one that was said last."""
        if line == self.said:
            return
        self.said = line
        from mlspace.slurm.timestamp import format_timestamp

        text = f"{format_timestamp(self.context.now())} {line}"
        if self.is_shown:
            self.context.warn(text)
        shorten(self.path)
        try:
            with open(self.path, "a", encoding="utf-8", errors="surrogateescape", opener=private) as file:
                file.write(text + "\n")
        except OSError:
            pass  # of a full disk the log cannot tell


def path_in(state_dir: str) -> str:
    return os.path.join(state_dir, FILE)


def private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def shorten(path: str) -> None:
    """Empties a log that has grown too long; what appends to it goes on at its beginning."""
    try:
        if os.stat(path).st_size > LONGEST_LOG:
            os.truncate(path, 0)
    except OSError:
        pass  # there is none


def last_line(state_dir: str) -> str:
    """What was said last, its time before it; "" where nothing was."""
    try:
        with open(path_in(state_dir), "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
            lines = file.read().decode("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    return lines[-1] if lines else ""
