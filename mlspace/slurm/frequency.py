"""--cpu-freq and --gpu-freq: read and checked; frequencies stay as they are here. Source: srun(1); sbatch 22.05, for the sentences."""

from __future__ import annotations

from mlspace.errors import BadValue

LEVELS = {"low": "Low", "high": "High", "highm1": "Highm1", "medium": "Medium"}
GOVERNORS = {"ondemand": "OnDemand", "performance": "Performance", "userspace": "UserSpace"}
FORBIDDEN = {"conservative": "Conservative", "powersave": "PowerSave", "schedutil": "SchedUtil"}
"""Governors that slurm.conf does not allow unless it says so (CpuFreqGovernors)."""

INVALID_CPU = "Invalid --cpu-freq argument"


def cpu(text: str) -> str:
    """ "p1", "p1-p2", "p1-p2:governor", or a governor, as `sbatch -v` spells it: "Low-High:OnDemand"."""
    low, dash, rest = text.partition("-")
    high, colon, governor = rest.partition(":") if dash else ("", "", "")
    if not dash and ":" in low:
        point, _, governor = low.partition(":")
        cpu_point(point, text)
        raise BadValue(text, f"gov on cpu-frec ({governor}) illegal without max", INVALID_CPU)
    parts = [cpu_point(low, text, governors=not dash)]
    if dash:
        parts.append("-" + cpu_point(high, text))
        if cpu_rank(low) > cpu_rank(high):
            raise BadValue(text, f"min cpu-frec ({low}) must be < max cpu-freq ({high})", INVALID_CPU)
    if colon:
        parts.append(":" + cpu_governor(governor, text))
    return "".join(parts)


def cpu_point(word: str, whole: str, governors: bool = False) -> str:
    """A frequency in kHz (only its leading digits are read) or one of LEVELS."""
    if word.lower() in LEVELS:
        return LEVELS[word.lower()]
    if governors and full_name(word) in (*GOVERNORS, *FORBIDDEN):
        return cpu_governor(word, whole)
    stripped = word.strip()
    digits = stripped[: len(stripped) - len(stripped.lstrip("0123456789"))]
    if not digits.strip("0"):
        raise BadValue(whole, f'unrecognized --cpu-freq argument "{word}"', INVALID_CPU)
    return digits


def cpu_rank(word: str) -> int:
    """Orders what a range is made of: numbers as they are, levels above them."""
    return 2**32 + ("low", "medium", "highm1", "high").index(word.lower()) if word.lower() in LEVELS else int(cpu_point(word, word)[:10])


def cpu_governor(word: str, whole: str) -> str:
    name = full_name(word)
    if name in FORBIDDEN:
        raise BadValue(whole, f"governor of {FORBIDDEN[name]} is not allowed in slurm.conf", INVALID_CPU)
    if name not in GOVERNORS:
        raise BadValue(whole, f"illegal governor: {word} on --cpu-freq", INVALID_CPU)
    return GOVERNORS[name]


def full_name(word: str) -> str:
    """The governor that `word` abbreviates by two letters or more; "" for none."""
    names = (name for name in (*GOVERNORS, *FORBIDDEN) if name.startswith(word.lower()) and len(word) > 1)
    return next(names, "")


def gpu(text: str) -> str:
    """ "high", "1500", "memory=low,high", "verbose"; `text` itself."""
    for word in text.lower().split(","):
        name, equals, value = word.partition("=")
        level = value if equals and name == "memory" else word
        if level != "verbose" and level not in LEVELS and not (level.isascii() and level.isdigit()):
            raise BadValue(text)
    return text
