"""Who works on something that the registry has to be done: a process, told apart from any other, and whether it still lives."""

from __future__ import annotations

import os

SENDING_SECONDS = 300.0
"""How long a process of another host, or one that is stopped, may take to send a submission; of others here we see whether they live."""


def host_name() -> str:
    """This host, as processes of other hosts that share the registry know it."""
    return os.uname().nodename


def process_identity() -> str:
    """This process, so that no other one is taken for it: host, pid, and the time at which it started."""
    pid = os.getpid()
    return f"{host_name()} {pid} {started(pid)}"


def host_of(owner: str) -> str:
    """The host of a process by its identity; "" for no process."""
    return owner.partition(" ")[0]


def pid_of(owner: str) -> int:
    return int(owner.split()[1])


def is_seen_alive(owner: str) -> bool | None:
    """Whether a process lives, as this host sees it; None where it is another host's, or stopped, and so may, or may not, go on."""
    host, _, rest = owner.partition(" ")
    if not rest:
        return False
    if host != host_name():
        return None
    pid, _, start = rest.partition(" ")
    if started(int(pid)) != start:
        return False
    return None if is_stopped(int(pid)) else True


def is_alive(owner: str, since: float | None, now: float) -> bool:
    """Whether the process that claimed a submission still works on it."""
    seen = is_seen_alive(owner)
    return (since is not None and now < since + SENDING_SECONDS) if seen is None else seen


def started(pid: int) -> str:
    """When a process started, in the kernel's ticks; "" for one that is no more, also where nobody has collected it yet."""
    fields = stat_of(pid)
    return fields[19] if len(fields) > 19 and fields[0] not in ("Z", "X") else ""


def is_stopped(pid: int) -> bool:
    """Whether it was stopped, as by SIGSTOP or Ctrl-Z, or by a debugger."""
    return stat_of(pid)[:1] in (["T"], ["t"])


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
