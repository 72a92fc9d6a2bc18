"""Values too small for a module of their own: the `parse` and `add` of the remaining rows in options.py.

Each gives plain JSON data or raises BadValue. Source of the accepted spellings: sbatch and srun 22.05.
"""

from __future__ import annotations

from mlspace.errors import BadValue
from mlspace.slurm import count

DEFAULT_NICE = 100
LARGEST_NICE = 2147483645

LARGEST_PRIORITY = 4294967293
TOP = "top"

PROFILES = {"energy": "Energy", "lustre": "Lustre", "network": "Network", "task": "Task"}
SAMPLED = ("task", "energy", "network", "filesystem")
LIMITS = ("CPU", "FSIZE", "DATA", "STACK", "CORE", "RSS", "NPROC", "NOFILE", "MEMLOCK", "AS")
GRES_FLAGS = ("disable-binding", "enforce-binding")


def true(text: str) -> bool:
    """A flag that takes, and does not use, a value."""
    return True


def false(text: str) -> bool:
    """The `no-` form of a flag."""
    return False


def one(text: str) -> int:
    """A flag that is counted: -vv."""
    return 1


def times(text: str) -> int:
    """The same where a variable may say the number: SBATCH_DEBUG=2 is -vv."""
    return count.leading(text) or 1


def sum_up(before: int, after: int) -> int:
    return before + after


def file_name(text: str) -> str:
    """--input, --output, --error: a file name with % patterns; "none" is /dev/null."""
    return "/dev/null" if text.lower() == "none" else text


def open_mode(text: str) -> str:
    """ "append" or "truncate"; the first letter decides."""
    modes = {"a": "append", "t": "truncate"}
    mode = modes.get(text[:1].lower())
    if mode is None:
        raise BadValue(text)
    return mode


def exclusive(text: str) -> bool | str:
    """True without a value: whole nodes; "user" and "mcs" share them with the same user's or label's jobs."""
    if not text:
        return True
    if text.lower() not in ("user", "mcs"):
        raise BadValue(text)
    return text.lower()


def switch(text: str) -> int:
    """0 or 1 and, as Slurm takes them, larger numbers; 1 without a value."""
    return count.natural(text) if text else 1


def yes_no(text: str) -> bool:
    """--kill-on-invalid-dep."""
    if text.lower() not in ("yes", "no"):
        raise BadValue(text)
    return text.lower() == "yes"


def libraries(text: str) -> bool:
    """--send-libs[=yes|no]; True without a value."""
    if text.lower() not in ("yes", "no", "y", "n", ""):
        raise BadValue(text)
    return text.lower() not in ("no", "n")


def off(text: str) -> bool:
    """--no-kill[=off]: True, or False for "off" and "no"."""
    if text.lower() not in ("", "off", "no"):
        raise BadValue(text)
    return not text


def nice(text: str) -> int:
    """--nice[=n]; 100 without a value. As in Slurm, what does not begin with a number is 0."""
    value = count.leading(text) if text else DEFAULT_NICE
    if abs(value) > LARGEST_NICE:
        raise BadValue(text, f"Invalid --nice value, out of range (+/- {LARGEST_NICE})")
    return value


def priority(text: str) -> int:
    """--priority: a number, or "top", which only an administrator may say."""
    value = LARGEST_PRIORITY if text.lower() == TOP else count.leading(text)
    if value < 0:
        raise BadValue(text, "Priority must be >= 0")
    if value > LARGEST_PRIORITY:
        raise BadValue(text, f"Priority must be < {LARGEST_PRIORITY + 1}")
    return value


def profile(text: str) -> list[str]:
    """--profile: names of PROFILES as Slurm shows them; "all" for all of them; [] for "none"."""
    words = text.lower().split(",")
    if words == ["none"]:
        return []
    if words == ["all"]:
        return list(PROFILES.values())
    if any(word not in PROFILES for word in words):
        raise BadValue(text)
    return [name for word, name in PROFILES.items() if word in words]


def sampling(text: str) -> str:
    """--acctg-freq: "30", "task=30,network=60"; `text` itself. Of a number the leading digits are read."""
    for item in text.split(",") if text else ():
        name, equals, interval = item.partition("=")
        digits = interval if equals else name.strip()
        if (equals and name.lower() not in SAMPLED) or not digits[:1].isdigit():
            raise BadValue(text)
    return text


def limits(text: str) -> list[str]:
    """--propagate: names of LIMITS, with or without RLIMIT_; all without a value and for ALL; none for NONE. Case counts."""
    if text in ("", "ALL"):
        return list(LIMITS)
    if text == "NONE":
        return []
    names = [name.removeprefix("RLIMIT_") for name in text.replace(" ", ",").split(",") if name]
    for name in names:
        if name not in LIMITS:
            raise BadValue(text, f"Bad rlimit name: {name}", f"--propagate={text} is not valid.")
    return names


def gres_flags(text: str) -> str:
    if text.lower() not in GRES_FLAGS:
        raise BadValue(text)
    return text.lower()


def login_environment(text: str) -> str:
    """--get-user-env[=seconds][mode]: L or S; `text` itself."""
    rest = text.lstrip(" ").removeprefix("-").lstrip("0123456789").upper()
    if rest and rest[0] not in "LS":
        raise BadValue(text)
    return text


def natural_or_nothing(text: str) -> int:
    """A count that may be empty, which is 0: --core-spec, --relative, srun --wait."""
    return count.natural(text) if text else 0


def zero_or_one(text: str) -> int:
    """--wait-all-nodes."""
    value = count.natural(text) if text else 0
    if value > 1:
        raise BadValue(text, "Invalid --wait-all-nodes specification", exit_code=255)
    return value


def groups(text: str) -> str:
    """--het-group: numbers and ranges of them; `text` itself."""
    for piece in text.strip("[]").split(","):
        low, dash, high = piece.strip().partition("-")
        if not low.isdigit() or (dash and not high.isdigit()):
            raise BadValue(text, f"_parse_single_range: Invalid range: `{piece}'", f"Invalid --het-group value: {text}")
    return text


def seconds_or_one(text: str) -> int:
    """--immediate[=seconds]."""
    return count.natural(text) if text else 1


def ports(text: str) -> int:
    """--resv-ports[=count]; 0, as many as there are tasks, without a value."""
    return count.natural(text) if text else 0


def switches(text: str) -> int:
    """--switches=count[@time]: the count."""
    number = text.partition("@")[0]
    try:
        return count.positive(number)
    except BadValue:
        raise BadValue(text, f'Invalid numeric value "{number}" for --switches.') from None


def mpi(text: str) -> str | None:
    """srun --mpi: "pmix", whose versions Slurm tells apart, or "openmpi"; None for "none".

    Source: srun 22.05 --mpi=foo, of which the lines are.
    """
    if text == "none":
        return None
    if text == "pmi2":
        raise BadValue(text, "--mpi=pmi2 is not supported: MPI programs start with --mpi=pmix")
    if text == "openmpi":
        return text
    if text == "pmix" or text.startswith("pmix_v"):
        return "pmix"
    raise BadValue(
        text,
        f"Couldn't find the specified plugin name for mpi/{text} looking at all files",
        f"cannot find mpi plugin for mpi/{text}",
        f"MPI: Cannot create context for mpi/{text}",
        "MPI: Unable to load any plugin",
        f"Invalid MPI type '{text}', --mpi=list for acceptable types",
    )


HPCX = ("auto", "off")


def hpcx(text: str) -> str:
    """--hpcx: "auto", "off", or the absolute path of the bundle on the nodes."""
    if text not in HPCX and not text.startswith("/"):
        raise BadValue(text, f"--hpcx={text}: auto, off, or the absolute path of a directory is expected")
    return text
