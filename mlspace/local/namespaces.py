"""Private host names: a mount namespace with its own /etc/hosts, a UTS namespace with its own host name, as root or not.

Python has os.unshare only from 3.12 on, so the calls here go to libc; sethostname too, as importing socket takes as long as all the rest.
"""

from __future__ import annotations

import ctypes
import os

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWUSER = 0x10000000
MS_BIND = 4096
MS_REC = 16384
MS_SLAVE = 1 << 19


def unshare(flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def mount(source: str, target: str, flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(os.fsencode(source), os.fsencode(target), None, ctypes.c_ulong(flags), None) != 0:
        raise OSError(ctypes.get_errno(), "mount", target)


def enter_user_namespace() -> None:
    """A user namespace in which we are who we were, and may make the others. Refused in a process with threads."""
    uid, gid = os.geteuid(), os.getegid()
    unshare(CLONE_NEWUSER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)


def enter_mount_namespace(hosts_file: str) -> None:
    """From here on /etc/hosts reads as `hosts_file`. What the system mounts later still arrives here; nothing goes the other way."""
    unshare(CLONE_NEWNS)
    mount("none", "/", MS_REC | MS_SLAVE)
    mount(hosts_file, "/etc/hosts", MS_BIND)


def enter(user_namespace: bool, hosts_file: str) -> None:
    """What an executor does once, before its first rank. "" keeps the system's /etc/hosts."""
    if user_namespace:
        enter_user_namespace()
    if hosts_file:
        enter_mount_namespace(hosts_file)


def take_host_name(name: str) -> None:
    """A UTS namespace of our own, whose host name is `name`."""
    unshare(CLONE_NEWUTS)
    libc = ctypes.CDLL(None, use_errno=True)
    encoded = os.fsencode(name)
    if libc.sethostname(encoded, ctypes.c_size_t(len(encoded))) != 0:
        raise OSError(ctypes.get_errno(), "sethostname")
