"""Who works on something that the registry has to be done: a process, told apart from any other, and whether it still lives."""

from __future__ import annotations

import os

LEASE_SECONDS = 300.0
"""How long a process of another host may take to send a submission; on this host we can see whether it lives."""


def process_identity() -> str:
    """This process, so that no other one is taken for it: host, pid, and the time at which it started."""
    pid = os.getpid()
    return f"{os.uname().nodename} {pid} {started(pid)}"


def is_alive(owner: str, since: float | None, now: float) -> bool:
    """Whether the process that claimed a submission still works on it."""
    host, _, rest = owner.partition(" ")
    if not rest:
        return False
    if host != os.uname().nodename:
        return since is not None and now < since + LEASE_SECONDS
    pid, _, start = rest.partition(" ")
    return started(int(pid)) == start


def started(pid: int) -> str:
    """When a process started, in the kernel's ticks; "" for one that is no more, also where nobody has collected it yet."""
    fields = stat_of(pid)
    return fields[19] if len(fields) > 19 and fields[0] not in ("Z", "X") else ""


def is_below(ancestor: int) -> bool:
    """Whether a process, by its id on this host, is this one, or one of those above it."""
    pid = os.getpid()
    while pid > 1 and pid != ancestor:
        fields = stat_of(pid)
        if len(fields) < 2:
            return False
        pid = int(fields[1])
    return pid == ancestor > 0


def stat_of(pid: int) -> list[str]:
    """What /proc tells of a process behind its name, which may hold anything: state, parent, …; nothing where there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []
