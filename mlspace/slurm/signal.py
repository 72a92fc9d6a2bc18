"""`--signal=[R][B:]sig[@seconds]`: which signal a job gets some time before its limit, and who gets it."""

from __future__ import annotations

from mlspace.errors import BadValue
from mlspace.slurm.count import decimal

# Names that sbatch 22.05 knows, with Linux's numbers (signal(7)); it refuses the others (SEGV, PIPE, CHLD, ...).
NUMBERS = {
    "HUP": 1,
    "INT": 2,
    "QUIT": 3,
    "ABRT": 6,
    "KILL": 9,
    "USR1": 10,
    "USR2": 12,
    "ALRM": 14,
    "TERM": 15,
    "CONT": 18,
    "STOP": 19,
    "TSTP": 20,
    "TTIN": 21,
    "TTOU": 22,
    "URG": 23,
    "XCPU": 24,
}

LARGEST_SIGNAL = 64
DEFAULT_WARN_SECONDS = 60
LARGEST_WARN_SECONDS = 65535


def number(text: str) -> int:
    """A signal by name (with or without SIG, any case) or number; raises BadValue for any other.

    Source: sbatch(1) --signal, scancel(1) --signal; sbatch 22.05.
    """
    name = text.strip().upper()
    known = NUMBERS.get(name[3:] if name.startswith("SIG") else name)
    if known is not None:
        return known
    value = decimal(name, text)
    if not 1 <= value <= LARGEST_SIGNAL:
        raise BadValue(text)
    return value


def warning(text: str) -> dict[str, int | bool]:
    """sbatch's form. {"signal": 10, "warn": 120, "batch_only": True, "reservation": False} of "B:USR1@120".

    `warn` is in seconds, 60 where no @ stands; batch_only (B) sends it to the batch shell alone; reservation (R)
    allows reservations to overlap. Raises BadValue.
    """
    marks, colon, rest = text.rpartition(":")
    if colon and marks.upper() not in ("", "B", "R", "BR", "RB"):
        raise BadValue(text)
    name, at, seconds = rest.partition("@")
    warn = DEFAULT_WARN_SECONDS
    if at:
        warn = decimal(seconds.lstrip() or "0", text)
    if warn > LARGEST_WARN_SECONDS:
        raise BadValue(text)
    try:
        signal = number(name)
    except BadValue:
        raise BadValue(text) from None
    return {"signal": signal, "warn": warn, "batch_only": "B" in marks.upper(), "reservation": "R" in marks.upper()}


NAMES = {value: name for name, value in NUMBERS.items()}


def format_warning(value: dict[str, int | bool]) -> str:
    """As `sbatch -v` lists it: "RB:USR1@30"; the usual 60 seconds are not said."""
    marks = ("R" if value["reservation"] else "") + ("B" if value["batch_only"] else "")
    name = NAMES.get(int(value["signal"]), str(value["signal"]))
    at = "" if value["warn"] == DEFAULT_WARN_SECONDS else f"@{value['warn']}"
    return f"{marks}{':' if marks else ''}{name}{at}"


def step_warning(text: str) -> dict[str, int | bool]:
    """srun's and salloc's form, which has no batch shell: "B:" is refused."""
    value = warning(text)
    if value["batch_only"]:
        raise BadValue(text)
    return value


def ending(text: str) -> int:
    """salloc --kill-command[=signal]; TERM without a value. Raises BadValue."""
    return number(text) if text else NUMBERS["TERM"]
