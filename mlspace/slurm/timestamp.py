"""Points in time: `--begin=now+1hour`, `16:00`, `2026-12-01T10:00`, and how Slurm prints them. The clock is the caller's."""

from __future__ import annotations

import time

from mlspace.errors import BadValue
from mlspace.slurm.count import decimal

DAY = 24 * 3600
DAYS_OF_WEEK = 7

UNITS = {
    "": 1,
    "s": 1,
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

NAMED_HOURS = {"midnight": 0, "noon": 12, "fika": 15, "teatime": 16}

STANDARD = "%Y-%m-%dT%H:%M:%S"
RELATIVE = "relative"

UNKNOWN = "Unknown"
"""What a listing shows for a time that is not known yet. Source: scontrol, sacct 22.05."""

# A time of day or date as read: hours, minutes, seconds; year (None for none given), month, day.
Clock = tuple[int, int, int]


def checked(text: str) -> str:
    """`text` itself, if it is a time at all: what it means depends on the moment of submission. Raises BadValue."""
    parse(text, 0)
    return text


def parse(text: str, now: float, *, past: bool = False) -> int:
    """Unix seconds, in local time. A time of day that is past means tomorrow; a date without year that is past, next year.

    past: what is meant has been: a time of day is today's, a date without year that is to come, last year's.
    Raises BadValue. Source: sbatch(1) --begin; sacct(1) --starttime; sbatch, sacct 22.05.
    """
    word = text.strip().lower()
    if word.startswith("now"):
        return int(now) + offset(word[3:], text)
    if word.startswith("uts"):
        return decimal(word[3:], text)
    day_text, clock_text = cut(word)
    clock = read_clock(clock_text, text) if clock_text else None
    if not day_text:
        if clock is None:
            raise BadValue(text)
        moment = at(now, clock)
        return moment if past or moment > now else at(now, clock, days=1)
    if day_text in ("today", "tomorrow"):
        return at(now, clock or (0, 0, 0), days=day_text == "tomorrow")
    year, month, day = read_date(day_text, text)
    moment = on(year or time.localtime(now).tm_year, month, day, clock or (0, 0, 0), text)
    if year is None and (moment > now if past else moment < now):
        moment = on(time.localtime(now).tm_year + (-1 if past else 1), month, day, clock or (0, 0, 0), text)
    return moment


def cut(word: str) -> tuple[str, str]:
    """The date part and the time part, either may be empty: "2026-12-01t10:00", "12/01-10:00", "16:00 pm", "tomorrow 9:00"."""
    if ":" not in word and word not in NAMED_HOURS:
        return word, ""
    for separator in ("t", "-", " "):
        day, found, clock = word.rpartition(separator)
        if found and day[:1].isdigit() and ":" not in day and clock[:1].isdigit():
            return day, clock
    day, found, clock = word.partition(" ")
    return (day, clock) if found and ":" not in day else ("", word)


def offset(text: str, whole: str) -> int:
    """ "" or "+60", "+1hour", "-2days" after "now": seconds."""
    if not text:
        return 0
    sign, rest = text[0], text[1:].strip()
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    seconds = UNITS.get(rest[len(digits) :].strip())
    if sign not in "+-" or seconds is None:
        raise BadValue(whole)
    amount = decimal(digits, whole) * seconds
    return amount if sign == "+" else -amount


def read_clock(text: str, whole: str) -> Clock:
    if text in NAMED_HOURS:
        return NAMED_HOURS[text], 0, 0
    afternoon = text.endswith("pm")
    half = afternoon or text.endswith("am")
    parts = (text[:-2] if half else text).strip().split(":")
    if len(parts) not in (2, 3):
        raise BadValue(whole)
    hour, minute, second = [decimal(part, whole) for part in parts] + [0] * (3 - len(parts))
    if half:
        if not 1 <= hour <= 12:
            raise BadValue(whole)
        hour = hour % 12 + (12 if afternoon else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise BadValue(whole)
    return hour, minute, second


def read_date(text: str, whole: str) -> tuple[int | None, int, int]:
    """Year (None where none is given), month, day of "2026-12-01", "12/01", "12/01/26", "12.01.26", "1201", "120126"."""
    for separator in ("-", "/", "."):
        if separator in text:
            parts = [decimal(part, whole) for part in text.split(separator)]
            break
    else:
        if len(text) not in (4, 6):
            raise BadValue(whole)
        parts = [decimal(text[start : start + 2], whole) for start in range(0, len(text), 2)]
        separator = "/"
    if separator == "-":
        if len(parts) != 3:
            raise BadValue(whole)
        return parts[0], parts[1], parts[2]
    if len(parts) not in (2, 3):
        raise BadValue(whole)
    year = parts[2] if len(parts) == 3 else None
    return (year + 2000 if year is not None and year < 100 else year), parts[0], parts[1]


def at(now: float, clock: Clock, days: int = 0) -> int:
    """That time of day, so many days after today."""
    today = time.localtime(now)
    return int(time.mktime((today.tm_year, today.tm_mon, today.tm_mday + days, *clock, 0, 0, -1)))


def on(year: int, month: int, day: int, clock: Clock, whole: str) -> int:
    if not (1 <= month <= 12 and 1 <= day <= 31 and 1970 <= year < 10000):
        raise BadValue(whole)
    moment = int(time.mktime((year, month, day, *clock, 0, 0, -1)))
    if time.localtime(moment).tm_mday != day:  # February 30
        raise BadValue(whole)
    return moment


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


def bad_position(text: str) -> int:
    """How many characters of a text that is no time Slurm reads before it gives up. Source: sacct 22.05, "(pos=5)"."""
    word = text.strip().lower()
    for name, length in (("now", 4), ("today", 5), ("tomorrow", 8), ("midnight", 8), ("noon", 4), ("fika", 4), ("teatime", 7)):
        if word.startswith(name):
            return length
    digits = len(word) - len(word.lstrip("0123456789"))
    following = word[digits : digits + 1]
    if digits == len("2026") and following == "-":
        return digits + 1  # a month or a day that there is not
    if digits >= len("1201") and not following:
        return 0 if int(word[:2]) > 12 else 2
    return 0 if following in (":", "/", ".") else digits
