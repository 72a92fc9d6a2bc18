"""Following a job's log, and reading its end.

A broken stream is opened again; it begins at the log's beginning, and what was seen already is passed over (mlspace/gateway/logplace.py),
so that no line is lost or comes twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from mlspace.errors import GatewayError
from mlspace.gateway.client import Client
from mlspace.gateway.loglines import (
    HEAD_LINES,
    NO_SUCH_JOB,
    NODES_INFO,
    PROSE,
    STDERR,
    Line,
    Parser,
    in_order,
    program_lines,
    split,
    without_stamp,
)
from mlspace.gateway.logplace import Moved, Place, Shorter

PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0

LAST_READINGS = 2
"""Of the log of an ended job without its end in it: what was written last may reach the log after the platform has told the end."""

SHORT_READINGS = 5
"""So often the log of an ended job may come without what was read before, each after a pause, before it is believed to be gone."""

SNAPSHOT_SECONDS = 10.0
"""Without a byte after which a snapshot is whole: the stream of a running job may stay open."""

LONGEST_SNAPSHOT_SECONDS = 120.0
"""A running job that never stops printing would never be read to the end."""

ALL_LINES = 1_000_000
"""More than a log holds: of a running job, what there is now."""


def follow(
    client: Client,
    name: str,
    region: str,
    sleep: Callable[[float], None],
    trouble: Callable[[GatewayError], None],
    is_complete: Callable[[], bool] = lambda: False,
    after: Sequence[bytes] = (),
) -> Iterator[Line]:
    """The program's lines until the job has ended and its log was read to the end; as follow_raw."""
    parser = Parser()
    for raw in follow_raw(client, name, region, sleep, trouble, is_complete, [without_stamp(line) for line in after]):
        yield from parser.feed(raw)
    yield from parser.close()


def follow_raw(
    client: Client,
    name: str,
    region: str,
    sleep: Callable[[float], None],
    trouble: Callable[[GatewayError], None],
    is_complete: Callable[[], bool] = lambda: False,
    after: Sequence[bytes] = (),
    *,
    with_times: bool = False,
) -> Iterator[bytes]:
    """Whole lines of the log as the platform gives it, several at a time; the last one of all may have no newline.

    `trouble` is told of what will pass; anything else raises GatewayError. is_complete: whether the lines so far tell the end of the
    job, so that nothing more is waited for. after: lines that were seen before, behind which it goes on.
    """
    place = Place(after)
    pause, readings, short = PAUSE_SECONDS, 0, 0
    while True:
        has_ended, before, place.was_read = False, place.count, False
        try:
            has_ended = client.job(name).has_ended
            yield from place.unread(client.logs(name, region, with_times=with_times))
            if has_ended:
                check_prose(name, place.rest)
                if place.rest and not PROSE.fullmatch(place.rest):
                    yield place.take_rest()
                readings = 1 if place.count > before else readings + 1
        except Moved:
            has_ended = False  # it is another log, which is read next
        except Shorter:
            short += has_ended
            has_ended = has_ended and short >= SHORT_READINGS
            readings = LAST_READINGS
        except GatewayError as error:
            if not error.transient:
                raise
            if not place.was_read:  # a stream that breaks in the middle is no news
                trouble(error)
            has_ended = False  # the stream broke: there may be more
        if has_ended and (is_complete() or readings >= LAST_READINGS):
            return
        pause = PAUSE_SECONDS if place.count > before else min(2 * pause, LONGEST_PAUSE_SECONDS)
        sleep(pause)


def check_prose(name: str, text: bytes) -> None:
    """Raises GatewayError for the sentence that the platform has in the place of a log that it does not keep any more."""
    if NO_SUCH_JOB.fullmatch(text):
        raise GatewayError(f"MLSpace has no log of {name}", "  it keeps a log for about three months; is the region right?", status=404)


def last_lines(client: Client, name: str, region: str, count: int) -> list[bytes]:
    """The last raw lines of a log, with their time stamps, in the order of time: `count` at most, all that there are now for ALL_LINES."""
    pieces, lines = [], 0
    latest = time.monotonic() + LONGEST_SNAPSHOT_SECONDS
    try:
        for piece in client.logs(name, region, count, with_times=True, idle_seconds=SNAPSHOT_SECONDS):
            pieces.append(piece)
            lines += piece.count(b"\n")
            if lines >= count + HEAD_LINES or time.monotonic() > latest:
                break
    except GatewayError as error:
        if not error.transient or not pieces:
            raise
    text = b"".join(pieces)
    check_prose(name, text)
    return [] if PROSE.fullmatch(text) else in_order(split(NODES_INFO.sub(b"", text))[:count])


def last_errors(client: Client, name: str, region: str, count: int) -> bytes:
    """What of the log's last lines the ranks wrote to stderr."""
    raw = b"".join(last_lines(client, name, region, count))
    return b"".join(line.text for line in program_lines(raw) if line.stream == STDERR)
