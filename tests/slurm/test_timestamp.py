"""Points in time, read in a fixed time zone at a fixed moment: Monday 2026-11-23 20:06:22 UTC."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from mlspace.errors import BadValue
from mlspace.slurm import timestamp

NOW = 1795464382


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", "2026-11-23T20:06:22"),
        ("now+60", "2026-11-23T20:07:22"),
        ("now+1hour", "2026-11-23T21:06:22"),
        ("now+2hour", "2026-11-23T22:06:22"),
        ("now+24hours", "2026-11-24T20:06:22"),
        ("now+3days", "2026-11-26T20:06:22"),
        ("now+1week", "2026-11-30T20:06:22"),
        ("now-30minutes", "2026-11-23T19:36:22"),
        ("NOW+5", "2026-11-23T20:06:27"),
        ("uts1795464000", "2026-11-23T20:00:00"),
        ("today", "2026-11-23T00:00:00"),
        ("tomorrow", "2026-11-24T00:00:00"),
        ("tomorrow 9:30", "2026-11-24T09:30:00"),
        ("21:00", "2026-11-23T21:00:00"),
        ("16:00", "2026-11-24T16:00:00"),
        ("16:00:05", "2026-11-24T16:00:05"),
        ("9:15pm", "2026-11-23T21:15:00"),
        ("9:15 PM", "2026-11-23T21:15:00"),
        ("12:00am", "2026-11-24T00:00:00"),
        ("midnight", "2026-11-24T00:00:00"),
        ("noon", "2026-11-24T12:00:00"),
        ("fika", "2026-11-24T15:00:00"),
        ("teatime", "2026-11-24T16:00:00"),
        ("2026-12-01T10:00:00", "2026-12-01T10:00:00"),
        ("2026-12-01T10:00", "2026-12-01T10:00:00"),
        ("2026-12-01", "2026-12-01T00:00:00"),
        ("2010-01-20T12:34:00", "2010-01-20T12:34:00"),
        ("12/01", "2026-12-01T00:00:00"),
        ("01/20", "2027-01-20T00:00:00"),
        ("12/01/26", "2026-12-01T00:00:00"),
        ("12.01.26", "2026-12-01T00:00:00"),
        ("12/01-10:30", "2026-12-01T10:30:00"),
        ("1201", "2026-12-01T00:00:00"),
        ("120127", "2027-12-01T00:00:00"),
    ],
)
def test_a_time_is_read(text: str, expected: str) -> None:
    assert timestamp.format_timestamp(timestamp.parse(text, NOW)) == expected
    assert timestamp.checked(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "x", "now+", "now+x", "now+1fortnight", "now1", "25:00", "12:60", "12:00:60", "13:00pm", "16:00xm", "16", "2026-13-01"]
    + [
        "2026-12",
        "2026-12-01T25:00",
        "13/01",
        "12/32",
        "1/2/3/4",
        "12345",
        "utsx",
        "tomorrow 25:00",
        "12/",
        "::",
    ],
)
def test_a_bad_time_is_refused(text: str) -> None:
    with pytest.raises(BadValue) as caught:
        timestamp.parse(text, NOW)
    assert caught.value.text == text


def test_the_time_format_of_the_user() -> None:
    assert timestamp.format_timestamp(None) == "Unknown"
    assert timestamp.format_timestamp(NOW, "standard") == "2026-11-23T20:06:22"
    assert timestamp.format_timestamp(NOW, "%H:%M") == "20:06"


@pytest.mark.parametrize(
    ("text", "position"),
    [("x", 0), ("1", 1), ("0", -1), ("4pm", 1), ("25:00", 0), ("12:60", 3), ("13:00pm", 5), ("2026-13-01", 5), ("2026-12-01T10", 13)]
    + [("12/01/2026", 8), ("noonish", 4), ("now+1min", 4), ("now+", 3), ("12//01", 3), ("1:2", 3), ("16:00+1hour", 5), ("12-01", 2)],
)
def test_a_bad_time_is_blamed_where_slurm_gives_up(text: str, position: int) -> None:
    with pytest.raises(BadValue) as caught:
        timestamp.parse(text, 0)
    assert caught.value.before == f"Invalid time specification (pos={position}): {text}"


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ((2026, 11, 24, 6, 26, 56), "06:26:56"),
        ((2026, 11, 25, 0, 0, 0), "Tomorr 00:00"),
        ((2026, 11, 23, 6, 31, 0), "Ystday 06:31"),
        ((2026, 11, 26, 6, 31, 58), "Thu 06:31"),
        ((2026, 11, 30, 6, 31, 58), "Mon 06:31"),
        ((2026, 12, 1, 6, 31, 58), "1 Dec 06:31"),
        ((2026, 11, 20, 6, 31, 58), "20 Nov 06:31"),
        ((2027, 1, 23, 6, 31, 58), "23 Jan 2027"),
        ((2027, 12, 29, 6, 31, 58), "29 Dec 2027"),
    ],
)
def test_times_as_squeue_tells_them_relative_to_now(moment: tuple[int, ...], text: str) -> None:
    """Source: squeue 22.05 with SLURM_TIME_FORMAT=relative on 2026-11-24; of what is past, squeue(1)."""
    now = time.mktime((2026, 11, 24, 6, 31, 58, 0, 0, -1))
    assert timestamp.format_timestamp(time.mktime((*moment, 0, 0, -1)), "relative", now=now) == text


def test_relative_to_nothing_is_standard() -> None:
    assert timestamp.format_timestamp(time.mktime((2026, 11, 24, 6, 31, 58, 0, 0, -1)), "relative") == "2026-11-24T06:31:58"
