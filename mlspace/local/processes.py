"""Process trees of Linux: who descends from whom, and how to leave none behind."""

from __future__ import annotations

import ctypes
import os
import signal
import time

SERVICE_VARIABLE = "MLSPACE_LOCAL_SERVICE"
"""In the environment of the gateway and its executors, never in a job's. A command inside a job may have to start the gateway again;
it then descends from that job, and must not end with it."""

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option})")


def become_subreaper() -> None:
    """From now on orphans among our descendants become our children, also those in sessions of their own."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(number: int, parent: int) -> None:
    """Get that signal when our parent dies; at once if `parent` is already not our parent."""
    prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def parents() -> dict[int, int]:
    """pid -> parent's pid, of all processes that are not zombies."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    # pid (comm) state ppid …; comm may hold anything, also blanks and parentheses
                    state, parent = file.read().rpartition(b")")[2].split()[:2]
            except (OSError, ValueError):
                continue  # it ended while we looked
            if state != b"Z":
                found[int(name)] = int(parent)
    return found


def is_service(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return any(word.startswith(SERVICE_VARIABLE.encode() + b"=") for word in file.read().split(b"\0"))
    except OSError:
        return False


def descendants(root: int) -> list[int]:
    """All living processes below `root`, without services and what is below those."""
    children: dict[int, list[int]] = {}
    for pid, parent in parents().items():
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    front = list(children.get(root, ()))
    while front:
        pid = front.pop()
        if not is_service(pid):
            found.append(pid)
            front.extend(children.get(pid, ()))
    return found


def reap() -> list[tuple[int, int]]:
    """(pid, wait status) of children that have ended and were not waited for."""
    ended: list[tuple[int, int]] = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended.append((pid, status))


def send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):  # it has ended; or it is not ours any more (a set-user-ID program)
        pass


def kill_descendants(within_seconds: float = 10.0) -> list[tuple[int, int]]:
    """SIGKILL everything below this process until nothing is left; returns what was reaped meanwhile.

    Repeated, because a process may fork between our look and our signal. Gives up after `within_seconds`: a process in an
    uninterruptible wait cannot be ended by anyone.
    """
    ended = reap()
    deadline = time.monotonic() + within_seconds
    while time.monotonic() < deadline:
        victims = descendants(os.getpid())
        if not victims:
            break
        for pid in victims:
            send(pid, signal.SIGKILL)
        time.sleep(0.002)
        ended += reap()
    return ended + reap()
