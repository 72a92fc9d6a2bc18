"""Following a job's log: the program's lines, told apart by stream, without what the platform adds.

A broken stream is opened again from the beginning, and what was seen already is passed over, so that no line is lost or comes twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from mlspace.errors import GatewayError
from mlspace.gateway.client import Client
from mlspace.gateway.wire import ENDED_STATUSES

TAG = re.compile(rb"^(?:\S+ )?\[\d+,(\d+)\]<(stdout|stderr)>:")
"""Open MPI's tag, with the platform's time stamp before it if there is one: `[1,0]<stdout>:`."""

STDERR = 2
PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0


class Line(NamedTuple):
    """A line of the program's, newline included, which rank wrote it, and to which stream (1 or 2)."""

    stream: int
    rank: int
    text: bytes


def follow(
    client: Client, name: str, region: str, sleep: Callable[[float], None], trouble: Callable[[GatewayError], None]
) -> Iterator[Line]:
    """The program's lines until the job has ended and its log was read to the end.

    `trouble` is told of what will pass; anything else raises GatewayError.
    """
    seen = 0
    pause = PAUSE_SECONDS
    while True:
        has_ended, fresh = False, 0
        try:
            has_ended = client.job(name).status in ENDED_STATUSES
            for number, line in enumerate(program_lines(client.logs(name, region)), start=1):
                if number > seen:
                    yield line
                    seen, fresh = number, fresh + 1
        except GatewayError as error:
            if not error.transient:
                raise
            has_ended = False  # the stream broke: there may be more
            trouble(error)
        if has_ended:
            return
        pause = PAUSE_SECONDS if fresh else min(2 * pause, LONGEST_PAUSE_SECONDS)
        sleep(pause)


def last_errors(client: Client, name: str, region: str, lines: int) -> bytes:
    """What of the log's last lines the ranks wrote to stderr, the newest first."""
    return b"".join(line.text for line in program_lines(client.logs(name, region, lines)) if line.stream == STDERR)


def program_lines(pieces: Iterator[bytes]) -> Iterator[Line]:
    """The tagged lines of a log: what the ranks printed. A line without end is still being written, and left for later."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            tag = TAG.match(line)
            if tag:
                yield Line(1 if tag[2] == b"stdout" else STDERR, int(tag[1]), line[tag.end() :] + b"\n")
