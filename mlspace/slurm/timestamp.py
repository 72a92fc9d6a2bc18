"""Points in time: `--begin=now+1hour`, `16:00`, `2026-12-01T10:00`, and how Slurm prints them. The clock is the caller's."""

from __future__ import annotations

import time

from mlspace.errors import BadValue
from mlspace.slurm.count import decimal

DAY = 24 * 3600
DAYS_OF_WEEK = 7

UNITS = {
    "": 1,
    "second": 1,
    "seconds": 1,
    "minute": 60,
    "minutes": 60,
    "hour": 3600,
    "hours": 3600,
    "day": DAY,
    "days": DAY,
    "week": 7 * DAY,
    "weeks": 7 * DAY,
}

NAMED_DAYS = {"today": 0, "tomorrow": 1}
NAMED_HOURS = {"midnight": 0, "noon": 12, "fika": 15, "teatime": 16}

STANDARD = "%Y-%m-%dT%H:%M:%S"
RELATIVE = "relative"

UNKNOWN = "Unknown"
"""What a listing shows for a time that is not known yet. Source: scontrol, sacct 22.05."""

# A time of day: hours, minutes, seconds. A date: year (None where none is given), month, day.
Clock = tuple[int, int, int]
Date = tuple["int | None", int, int]

BETWEEN = " \t\n-T"
"""What may stand between the parts of a time."""


def checked(text: str) -> str:
    """`text` itself, if it is a time at all: what it means depends on the moment of submission. Raises BadValue."""
    parse(text, 0)
    return text


def parse(text: str, now: float, *, past: bool = False) -> int:
    """Unix seconds, in local time. A time of day that is past means tomorrow; a date without year that is past, next year.

    past: what is meant has been: a time of day is today's, a date without year that is to come, last year's.
    Raises BadValue whose `before` is Slurm's line about the place. Source: sbatch(1) --begin; sacct(1) --starttime; both of 22.05.
    """
    reader = Reader(text)
    if text.startswith("uts") and text[3:].isdigit():
        return decimal(text[3:], text)
    reader.read()
    if reader.offset is not None:
        return int(now) + reader.offset
    clock = reader.clock or (0, 0, 0)
    if reader.days is not None:
        return at(now, clock, days=reader.days)
    if reader.date is None:
        if reader.clock is None:
            raise BadValue(text)
        moment = at(now, clock)
        return moment if past or moment > now else at(now, clock, days=1)
    year, month, day = reader.date
    moment = on(year or time.localtime(now).tm_year, month, day, clock)
    if year is None and (moment > now if past else moment < now):
        moment = on(time.localtime(now).tm_year + (-1 if past else 1), month, day, clock)
    return moment


class Reader:
    """Reads the parts of a time in any order: "16:00 12/01", "tomorrow noon", "2026-12-01T10:00", "now+1hour".

    `clock`, `date`, `days` (0 for today, 1 for tomorrow) and `offset` (seconds from now) are None where they are not said.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.clock: Clock | None = None
        self.date: Date | None = None
        self.days: int | None = None
        self.offset: int | None = None

    def read(self) -> None:
        while self.position < len(self.text):
            rest = self.text[self.position :].lower()
            if self.text[self.position] in BETWEEN:
                self.position += 1
            elif rest.startswith("now") and self.position == 0:
                self.position += len("now")
                self.offset = self._offset()
            elif (word := next((word for word in NAMED_DAYS if rest.startswith(word)), None)) is not None:
                self.days = NAMED_DAYS[word]
                self.position += len(word)
            elif (word := next((word for word in NAMED_HOURS if rest.startswith(word)), None)) is not None:
                self.clock = NAMED_HOURS[word], 0, 0
                self.position += len(word)
            elif not rest[0].isdigit():
                raise self.wrong(self.position)
            elif ":" in rest[1:3]:
                self.clock = self._clock()
            else:
                self.date = self._iso_date() if rest[4:5] == "-" and rest[7:8] == "-" else self._date()

    def wrong(self, position: int) -> BadValue:
        return BadValue(self.text, before=f"Invalid time specification (pos={position}): {self.text}")

    def _following(self, count: int = 1) -> str:
        return self.text[self.position : self.position + count]

    def _skip_blanks(self) -> None:
        while self._following() in (" ", "\t"):
            self.position += 1

    def _number(self, least: int, most: int, digits: int = 2, exactly: bool = False) -> int:
        """So many digits at most, from here; raises BadValue about the place where they are too few, or out of bounds."""
        start, text = self.position, ""
        while len(text) < digits and self._following().isdigit() and self._following().isascii():
            text += self._following()
            self.position += 1
        if not text or (exactly and len(text) < digits):
            raise self.wrong(self.position)
        if not least <= int(text) <= most:
            raise self.wrong(start if len(text) > 1 or self.position < len(self.text) else start - 1)
        return int(text)

    def _offset(self) -> int:
        """ "" or "+60", "+1hour", "- 2 days" after "now": seconds."""
        self._skip_blanks()
        sign = self._following()
        if sign not in ("+", "-"):
            return 0
        place = self.position
        self.position += 1
        self._skip_blanks()
        start = self.position
        while self._following().isdigit() and self._following().isascii():
            self.position += 1
        if self.position == start:
            raise self.wrong(place)
        amount = decimal(self.text[start : self.position], self.text)
        place = self.position - 1
        self._skip_blanks()
        rest = self.text[self.position :].lower()
        letters = rest[: len(rest) - len(rest.lstrip("abcdefghijklmnopqrstuvwxyz"))]
        if letters not in UNITS:
            raise self.wrong(place)
        self.position += len(letters)
        return (amount if sign == "+" else -amount) * UNITS[letters]

    def _clock(self) -> Clock:
        hour = self._number(0, 23)
        self.position += 1
        minute = self._number(0, 59, exactly=True)
        second = 0
        if self._following() == ":":
            self.position += 1
            second = self._number(0, 59, exactly=True)
        place = self.position
        self._skip_blanks()
        half = self._following(2).lower()
        if half not in ("am", "pm"):
            self.position = place
            return hour, minute, second
        if hour > 12:
            raise self.wrong(self.position)
        self.position += 2
        return hour % 12 + (12 if half == "pm" else 0), minute, second

    def _iso_date(self) -> Date:
        year = self._number(1, 9999, digits=4, exactly=True)
        self.position += 1
        month = self._number(1, 12, exactly=True)
        self.position += 1
        return year, month, self._number(1, 31)

    def _date(self) -> Date:
        """ "12/01", "12.1", "1201", and the same with a year of two digits behind: "12/01/26", "120126"."""
        month = self._number(1, 12)
        separator = self._following() in ("/", ".")
        if not separator and not self._following().isdigit():
            raise self.wrong(self.position)
        self.position += separator
        day = self._number(1, 31)
        separator = self._following() in ("/", ".")
        if not separator and not self._following().isdigit():
            return None, month, day
        self.position += separator
        return 2000 + self._number(0, 99, exactly=True), month, day


def at(now: float, clock: Clock, days: int = 0) -> int:
    """That time of day, so many days after today."""
    today = time.localtime(now)
    return int(time.mktime((today.tm_year, today.tm_mon, today.tm_mday + days, *clock, 0, 0, -1)))


def on(year: int, month: int, day: int, clock: Clock) -> int:
    """That time of that day; of a day that the month does not have, the next month's, as in Slurm."""
    return int(time.mktime((year, month, day, *clock, 0, 0, -1)))


def format_timestamp(moment: float | None, time_format: str = "", missing: str = UNKNOWN, now: float | None = None) -> str:
    """`2026-11-23T20:06:22`, local time; `missing` for None. `time_format` is SLURM_TIME_FORMAT: "", "standard", "relative", or strftime's.

    now: what "relative" is relative to; without it, it is as "standard". Source: squeue(1), SLURM_TIME_FORMAT.
    """
    if moment is None:
        return missing
    if time_format == RELATIVE and now is not None:
        return format_relative(moment, now)
    return time.strftime(time_format if "%" in time_format else STANDARD, time.localtime(moment))


def format_relative(moment: float, now: float) -> str:
    """ "16:00:00" today, "Tomorr 16:00", "Ystday 16:00", "Mon 16:00" of the next days, "25 Apr 16:00", "6 Jun 2012" of another year."""
    told, today = time.localtime(moment), time.localtime(now)
    days = (told.tm_year - today.tm_year) * 365 + told.tm_yday - today.tm_yday
    if days == 0:
        return time.strftime("%H:%M:%S", told)
    if days in (-1, 1):
        return time.strftime("Tomorr %H:%M" if days > 0 else "Ystday %H:%M", told)
    if told.tm_year != today.tm_year:
        return f"{told.tm_mday}{time.strftime(' %b %Y', told)}"
    if 0 < days < DAYS_OF_WEEK:
        return time.strftime("%a %H:%M", told)
    return f"{told.tm_mday}{time.strftime(' %b %H:%M', told)}"


def format_date(moment: float) -> str:
    """ "Tue Nov 24 01:54:18 2026", local time, as sacct -v says it."""
    return time.strftime("%a %b %d %H:%M:%S %Y", time.localtime(moment))
