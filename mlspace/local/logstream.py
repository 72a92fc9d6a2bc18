"""Reading a job's log: the newest lines, or all of them as they come."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mlspace.local.loglines import STAMP_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BLOCK = 64 * 1024


def log_head(node: str, region: str) -> bytes:
    """What the platform puts before every log."""
    return f" \nℹ️ NODES INFO\nNodes: {node}.{region}\n \n".encode()


def without_stamps(lines: list[bytes]) -> list[bytes]:
    return [line[STAMP_BYTES:] for line in lines]


def tail(path: str, count: int, verbose: bool) -> bytes:
    """The last `count` lines of a log file, the newest first, as the platform gives them."""
    try:
        with open(path, "rb") as file:
            data = last_lines(file.fileno(), count)
    except FileNotFoundError:
        return b""
    lines = data.split(b"\n")[:-1][-count:]
    chosen = lines if verbose else without_stamps(lines)
    return b"".join(line + b"\n" for line in reversed(chosen))


def last_lines(fd: int, count: int) -> bytes:
    """At least the last `count` whole lines, read from the end."""
    position = os.fstat(fd).st_size
    data = b""
    while position and data.count(b"\n") <= count:
        start = max(0, position - BLOCK)
        data = os.pread(fd, position - start, start) + data
        position = start
    return data


def follow(path: str, verbose: bool, ended: Callable[[], bool], wait: Callable[[bool], bool]) -> Iterator[bytes]:
    """Pieces of the log, whole lines each, until the job has `ended` and all is read.

    `wait(progress)` passes the time until it is worth looking again; False from it says that nobody listens any more.
    """
    try:
        fd = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        rest = b""
        while True:
            final = ended()  # asked before reading: what is written before the end is read after it
            progress = False
            while data := os.read(fd, BLOCK):
                progress = True
                *lines, rest = (rest + data).split(b"\n")
                chosen = lines if verbose else without_stamps(lines)
                if lines:
                    yield b"".join(line + b"\n" for line in chosen)
            if final or not wait(progress):
                return
    finally:
        os.close(fd)
