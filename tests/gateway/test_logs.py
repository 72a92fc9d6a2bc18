"""Following a log: what a client that answers as told gives, and 10,000 lines of a real job through a proxy that cuts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from mlspace.errors import GatewayError
from mlspace.gateway import logs
from mlspace.gateway.wire import ENDED_STATUSES, PlatformJob

NAME = "lm-mpi-job-17"
QUEUED = b"Job lm-mpi-job-17 in queue. Try later\n"
OUT, ERR = b"[1,0]<stdout>:", b"[1,1]<stderr>:"


class Played:
    """A client whose job goes through `statuses`, and whose log gives at every call the next of `bodies`.

    An exception among a body's pieces breaks the stream there.
    """

    def __init__(self, statuses: Sequence[str | Exception], bodies: list[list[bytes | Exception]]) -> None:
        self.statuses, self.bodies = iter(statuses), iter(bodies)
        self.pauses: list[float] = []
        self.troubles: list[GatewayError] = []

    def job(self, name: str) -> PlatformJob:
        status = next(self.statuses)
        if isinstance(status, Exception):
            raise status
        return PlatformJob(name, status)

    def logs(self, name: str, region: str, *, with_times: bool) -> Iterator[bytes]:
        for piece in next(self.bodies):
            if isinstance(piece, Exception):
                raise piece
            yield piece

    def follow(self, is_complete: bool = True, after: Sequence[bytes] = ()) -> list[tuple[int, bytes]]:
        complete = lambda: is_complete  # noqa: E731
        lines = logs.follow(self, NAME, "R", self.pauses.append, self.troubles.append, complete, after)  # type: ignore[arg-type]
        return [(line.stream, line.text) for line in lines]


BROKEN = GatewayError("the connection broke", transient=True)


@pytest.mark.parametrize("status", ENDED_STATUSES)
def test_follow_ends_with_the_job(status: str) -> None:
    played = Played([status], [[OUT + b"a\n", ERR + b"b\n"]])
    assert played.follow() == [(1, b"a\n"), (2, b"b\n")]
    assert played.pauses == []


def test_the_log_of_an_ended_job_is_read_again_until_nothing_comes() -> None:
    """Without the job's own report of its end: the log may be late."""
    bodies: list[list[bytes | Exception]] = [[OUT + b"a\n"], [OUT + b"a\n" + OUT + b"b\n"], [OUT + b"a\n" + OUT + b"b\n"]]
    assert Played(["completed"] * 3, bodies).follow(is_complete=False) == [(1, b"a\n"), (1, b"b\n")]


def test_a_gateway_that_is_away_for_a_while_is_waited_for() -> None:
    played = Played(["running", BROKEN, BROKEN, "completed"], [[OUT + b"a\n"], [OUT + b"a\n", OUT + b"b\n"]])
    assert played.follow() == [(1, b"a\n"), (1, b"b\n")]
    assert played.troubles == [BROKEN, BROKEN]


def test_follow_reads_once_more_after_the_end() -> None:
    """What is printed between the last reading and the end must not be lost."""
    played = Played(["running", "completed"], [[OUT + b"a\n"], [OUT + b"a\n" + OUT + b"b\n"]])
    assert played.follow() == [(1, b"a\n"), (1, b"b\n")]


def test_broken_stream_loses_and_repeats_nothing() -> None:
    bodies: list[list[bytes | Exception]] = [
        [OUT + b"a\n" + OUT + b"b", BROKEN],
        [OUT + b"a\n", BROKEN],
        [OUT + b"a\n" + OUT + b"b\n" + OUT + b"a\n"],
    ]
    assert Played(["running", "running", "completed"], bodies).follow() == [(1, b"a\n"), (1, b"b\n"), (1, b"a\n")]


def test_stream_that_breaks_after_the_end_is_read_again() -> None:
    played = Played(["completed", "completed"], [[OUT + b"a\n", BROKEN], [OUT + b"a\n" + OUT + b"b\n"]])
    assert played.follow() == [(1, b"a\n"), (1, b"b\n")]


def test_job_in_the_queue_is_waited_for() -> None:
    played = Played(["job not found", "pending", "completed"], [[b'"No such job"\n'], [QUEUED], [OUT + b"a\n"]])
    assert played.follow() == [(1, b"a\n")]


def test_pauses_grow_while_nothing_comes_and_shrink_again() -> None:
    silent: list[list[bytes | Exception]] = [[]] * 6
    played = Played(["running"] * 7 + ["completed"], [*silent, [OUT + b"a\n"], [OUT + b"a\n"]])
    assert played.follow() == [(1, b"a\n")]
    assert played.pauses == pytest.approx([0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 0.2])


def test_refusal_ends_the_following() -> None:
    refused = GatewayError("these credentials may not do that", status=403)
    with pytest.raises(GatewayError) as caught:
        Played(["running"], [[refused]]).follow()
    assert caught.value is refused


def test_lines_come_while_the_stream_is_open() -> None:
    """A long job is one stream: its lines must not wait for the stream's end."""
    read: list[str] = []

    class Open(Played):
        def logs(self, name: str, region: str, *, with_times: bool) -> Iterator[bytes]:
            for word in ("first", "second"):
                read.append(word)
                yield OUT + word.encode() + b"\n"

    following = logs.follow(Open(["running"], []), NAME, "R", read.append, lambda error: None)  # type: ignore[arg-type]
    assert next(following).text == b"first\n"
    assert read == ["first"]


def test_a_line_without_newline_ends_with_the_log() -> None:
    """While the job runs it may be written yet; when it has ended, it is whole."""
    played = Played(["running", "completed"], [[OUT + b"a"], [OUT + b"ab"]])
    assert played.follow() == [(1, b"ab")]


def test_a_stream_that_ends_early_without_a_word() -> None:
    """As one that breaks: what was read is not read again."""
    first = OUT + b"a\n" + OUT + b"b\n"
    bodies: list[list[bytes | Exception]] = [[first], [OUT + b"a\n"], [first + OUT + b"c\n"]]
    assert Played(["running", "running", "completed"], bodies).follow() == [(1, b"a\n"), (1, b"b\n"), (1, b"c\n")]


@pytest.mark.parametrize("lost", [1, 40, 400])
def test_a_log_that_loses_its_beginning_goes_on_where_it_was(lost: int) -> None:
    """The platform keeps so much of a log, and no more."""
    lines = [OUT + b"line %d of many\n" % number for number in range(800)]
    bodies: list[list[bytes | Exception]] = [lines[:500], [b"".join(lines[lost:600])], lines[lost:600], lines[lost:]]
    read = Played(["running", "running", "running", "completed"], bodies).follow()
    assert read == [(1, line.removeprefix(OUT)) for line in lines]


def test_the_log_of_a_job_that_was_started_again_follows_the_first_one() -> None:
    first: list[bytes | Exception] = [OUT + b"first %d\n" % number for number in range(9)]
    second: list[bytes | Exception] = [OUT + b"second %d\n" % number for number in range(12)]
    read = Played(["running"] + ["completed"] * 3, [first, second, second, second]).follow()
    assert [text.split()[0] for _, text in read] == [b"first"] * 9 + [b"second"] * 12


def test_a_log_that_stays_shorter_does_not_keep_us() -> None:
    played = Played(["running"] + ["completed"] * 9, [[OUT + b"a\n" + OUT + b"b\n"]] + [[OUT + b"a\n"]] * 9)
    assert played.follow(is_complete=False) == [(1, b"a\n"), (1, b"b\n")]


def test_a_broken_stream_is_no_news_and_one_that_does_not_open_is() -> None:
    bodies: list[list[bytes | Exception]] = [[OUT + b"a\n", BROKEN], [BROKEN], [OUT + b"a\n"]]
    played = Played(["running", "running", "completed"], bodies)
    assert played.follow() == [(1, b"a\n")]
    assert played.troubles == [BROKEN]


def test_what_was_seen_in_the_tail_is_passed_over() -> None:
    raw = [OUT + b"%d\n" % number for number in range(9)]
    after = [b"2026-08-03T10:00:00.5Z " + line for line in raw[4:6]]
    assert Played(["completed"], [[b"".join(raw)]]).follow(after=after) == [(1, b"6\n"), (1, b"7\n"), (1, b"8\n")]


def test_a_log_that_the_platform_has_thrown_away() -> None:
    with pytest.raises(GatewayError, match="MLSpace has no log of lm-mpi-job-17"):
        Played(["completed"], [[b'"No such job"']]).follow()


# The end of a log.


class Tail:
    """A client whose log is `text`, an exception among its pieces breaking it."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self.pieces = pieces

    def logs(self, name: str, region: str, tail: int, *, with_times: bool, idle_seconds: float) -> Iterator[bytes]:
        assert with_times
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece


HEAD = " \nℹ️ NODES INFO\nNodes: n1.SR006\n \n".encode()


def stamped(*numbers: int) -> bytes:
    return b"".join(b"2026-08-03T10:00:%02d.5Z %s%d\n" % (number, OUT, number) for number in numbers)


@pytest.mark.parametrize(
    "pieces",
    [
        (stamped(3, 2, 1),),
        (stamped(1, 2, 3),),
        (HEAD + stamped(3), stamped(2, 1)),
        (stamped(3, 2, 1), BROKEN),
        (HEAD, stamped(3, 2, 1), stamped(4, 5, 6, 7)),
    ],
    ids=["newest first", "oldest first", "with its head", "idle", "the stream goes on"],
)
def test_last_lines_are_in_order(pieces: tuple[bytes | Exception, ...]) -> None:
    assert logs.last_lines(Tail(*pieces), NAME, "R", 3) == stamped(1, 2, 3).splitlines(keepends=True)  # type: ignore[arg-type]


def test_all_lines_of_a_job_that_goes_on_printing() -> None:
    """The newest first, and behind the oldest those that came meanwhile."""
    found = logs.last_lines(Tail(stamped(3, 2, 1), stamped(4, 5)), NAME, "R", logs.ALL_LINES)  # type: ignore[arg-type]
    assert found == stamped(1, 2, 3, 4, 5).splitlines(keepends=True)


def test_lines_of_one_second_are_newest_first() -> None:
    text = b"2026-08-03T10:00:00Z b\n2026-08-03T10:00:00Z a\n"
    assert [line[-2:] for line in logs.last_lines(Tail(text), NAME, "R", 9)] == [b"a\n", b"b\n"]  # type: ignore[arg-type]


def test_no_last_lines_of_a_job_in_the_queue() -> None:
    assert logs.last_lines(Tail(b"Job lm-mpi-job-17 in queue. Try later"), NAME, "R", 9) == []  # type: ignore[arg-type]


def test_last_errors() -> None:
    text = b"".join([ERR + b"c\n", OUT + b"b\n", ERR + b"a\n"])
    assert logs.last_errors(Tail(text), NAME, "R", 9) == b"a\nc\n"  # type: ignore[arg-type]
