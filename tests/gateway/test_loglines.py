"""The text of a log as the platform and Open MPI make it, to the program's lines."""

from __future__ import annotations

import random

import pytest

from mlspace.gateway.loglines import STDERR, STDOUT, UNTAGGED, Line, Parser, program_lines

OUT, ERR = b"[1,0]<stdout>:", b"[1,1]<stderr>:"
STAMP = b"2026-08-03T10:00:00.123456789Z "


@pytest.mark.parametrize(
    ("raw", "lines"),
    [
        (b"", []),
        (OUT + b"a\n", [(1, 0, b"a\n")]),
        (ERR + b"a\n", [(2, 1, b"a\n")]),
        (b"[1,12]<stderr>:a\n", [(2, 12, b"a\n")]),
        (STAMP + OUT + b"a\n", [(1, 0, b"a\n")]),
        (b"2026-08-03T10:00:00Z " + OUT + b"a\n", [(1, 0, b"a\n")]),
        (b"2026-08-03T10:00:00+03:00 " + OUT + b"a\n", [(1, 0, b"a\n")]),
        (OUT + STAMP + b"is the program's own\n", [(1, 0, STAMP + b"is the program's own\n")]),
        (OUT + b"\n", [(1, 0, b"\n")]),
        (OUT + b"\xff\x00\x0b\r\n", [(1, 0, b"\xff\x00\x0b\r\n")]),
        (OUT + b"10%\r20%\r\n" + OUT + b"b\n", [(1, 0, b"10%\r20%\r\n"), (1, 0, b"b\n")]),
        (OUT + b"no end", [(1, 0, b"no end")]),
        (OUT + b"ab" + OUT + b"cd\n", [(1, 0, b"abcd\n")]),
        (OUT + b"ab" + OUT + b"\n", [(1, 0, b"ab\n")]),
        (OUT + b"ab" + ERR + b"x\n" + OUT + b"cd\n", [(2, 1, b"x\n"), (1, 0, b"abcd\n")]),
        (OUT + b"ab" + ERR + b"x" + OUT + b"cd\n", [(1, 0, b"abcd\n"), (2, 1, b"x")]),
        (OUT + OUT + b"of an mpirun in the script\n", [(1, 0, OUT + b"of an mpirun in the script\n")]),
        (b"mpirun was unable to launch\n", [(0, 0, b"mpirun was unable to launch\n")]),
        (STAMP + b"mpirun was unable to launch\n", [(0, 0, b"mpirun was unable to launch\n")]),
    ],
)
def test_lines(raw: bytes, lines: list[tuple[int, int, bytes]]) -> None:
    assert program_lines(raw) == [Line(*line) for line in lines]


HEAD = """ \nℹ️ NODES INFO\nNodes: n1.SR006\n \n\
{0}Job lm-mpi-job-1b4e28ba-2fa1-41d2-883f-0016d3cca427 (pytorch2) is starting...
{0}🕒 Waiting for workers to be ready... 🕒
{0}Connecting to mpimaster-0 ..... Ready ✓
{0}🚀 All workers are READY 🚀
"""


@pytest.mark.parametrize("stamp", ["", STAMP.decode()])
def test_the_platforms_head_is_taken_off_wherever_a_log_begins(stamp: str) -> None:
    head = HEAD.format(stamp).encode()
    raw = head + OUT + b"a\n\n" + head + OUT + b"b\n"
    assert program_lines(raw) == [Line(STDOUT, 0, b"a\n"), Line(UNTAGGED, 0, b"\n"), Line(STDOUT, 0, b"b\n")]


def open_mpi(chunks: list[tuple[int, int, bytes]]) -> bytes:
    """What mpirun --tag-output (4.1) writes of chunks (stream, rank, text): a tag at the beginning of each, and of each line in it."""
    written = b""
    for stream, rank, text in chunks:
        tag = b"[1,%d]<%s>:" % (rank, b"stdout" if stream == STDOUT else b"stderr")
        written += b"".join(tag + line for line in text.splitlines(keepends=True))
    return written


@pytest.mark.parametrize("seed", range(20))
def test_what_open_mpi_has_mixed_up_is_what_each_rank_wrote(seed: int) -> None:
    """Lines of up to 10,000 bytes, read 4,096 at a time or as they come, of four ranks and both streams."""
    chance = random.Random(seed)
    texts = {
        (stream, rank): b"".join(b"%d " % number * chance.choice([1, 3, 2000]) + b"\n" for number in range(chance.randrange(40))) + b"end"
        for stream in (STDOUT, STDERR)
        for rank in range(4)
    }
    left, chunks = dict(texts), []
    while left:
        key = chance.choice(list(left))
        size = chance.choice([1, 50, 4096])
        chunks.append((*key, left[key][:size]))
        left[key] = left[key][size:]
        if not left[key]:
            del left[key]
    raw = open_mpi(chunks)
    parser, lines = Parser(), []
    for line in raw.splitlines(keepends=True):
        lines += parser.feed(line)
    lines += parser.close()
    for (stream, rank), text in texts.items():
        mine = [line.text for line in lines if (line.stream, line.rank) == (stream, rank)]
        assert b"".join(mine) == text
        assert all(line.count(b"\n") == 1 and line.endswith(b"\n") for line in mine[:-1])
    assert program_lines(raw) == lines
