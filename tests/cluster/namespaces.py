"""Network, UTS, mount, IPC and PID namespaces, one set for each pod, and the network between them. For root only.

Nothing of the host's is changed, and nothing has a name in the file system: a namespace is gone with the last process in it, and each
of these processes dies with the one that made it.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from mlspace.local import processes
from mlspace.local.namespaces import CLONE_NEWNS, CLONE_NEWUTS, MS_BIND, MS_REC, mount, unshare

CLONE_NEWIPC = 0x08000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MS_PRIVATE = 1 << 18
SIGKILL = 9
BRIDGE = "pods"
PRIVATE = {"/tmp": "1777", "/dev/shm": "1777", "/run": "0755"}
"""Directories that each pod has of its own, and their modes; the rest of the file system is the image, which all share."""


def libc_call(name: str, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), name)


def mount_new(kind: str, target: str, options: str = "") -> None:
    libc_call("mount", kind.encode(), target.encode(), kind.encode(), ctypes.c_ulong(0), options.encode() or None)


@contextmanager
def network_of(pid: int) -> Iterator[None]:
    """Sockets that this thread makes meanwhile are in the network namespace of that process."""
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    there = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        libc_call("setns", there, CLONE_NEWNET)
        yield
    finally:
        libc_call("setns", own, CLONE_NEWNET)
        os.close(own)
        os.close(there)


def ip(pid: int, *commands: str) -> None:
    """ip(8) in the network namespace of that process."""
    with network_of(pid):
        done = subprocess.run(["ip", "-batch", "-"], input="\n".join(commands), text=True, capture_output=True, check=False)
    if done.returncode:
        raise OSError(f"ip -batch: {done.stderr}")


def fork(child: Callable[[], object]) -> int:
    """Pid of a process that runs `child`, and dies with this one (with the thread that called, says prctl(2))."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            processes.prctl(processes.PR_SET_PDEATHSIG, SIGKILL)
            child()
            code = 0
        except BaseException:  # noqa: BLE001 - nothing but its text gets out of here
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    return pid


def start_switch() -> int:
    """Pid of a process that does nothing but hold the network namespace in which the bridge is."""
    ready, started = os.pipe()

    def hold() -> None:
        os.setsid()
        unshare(CLONE_NEWNET)
        os.write(started, b"1")
        os.close(started)
        while True:
            os.read(os.pipe()[0], 1)

    pid = fork(hold)
    os.close(started)
    try:
        if os.read(ready, 1) != b"1":
            raise OSError("no network namespace can be made")
    finally:
        os.close(ready)
    ip(pid, f"link add {BRIDGE} type bridge", f"link set {BRIDGE} up")
    return pid


class PodPlan(NamedTuple):
    """What a pod is made of. files: path in the pod -> the file or directory that is there; shared: directories that all pods see."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    files: Mapping[str, str]
    shared: Sequence[str]


class Pod:
    """A pod that was made and waits: its first process exec's when it may `go`. `shim`: our child, which ends as it does."""

    def __init__(self, plan: PodPlan, out: int, err: int) -> None:
        report, tell = os.pipe()
        wait, self.gate = os.pipe()

        def watch() -> None:
            os.setsid()
            unshare(CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWPID)
            os.close(self.gate)
            first = fork(lambda: become_first(plan, wait, out, err))
            os.write(tell, b"%d" % first)
            for fd in {tell, wait, out, err}:
                os.close(fd)
            os._exit(os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]) & 255)

        self.shim = fork(watch)
        os.close(tell)
        os.close(wait)
        try:
            self.pid = int(os.read(report, 20))
        finally:
            os.close(report)

    def go(self) -> None:
        os.write(self.gate, b"1")
        os.close(self.gate)


def become_first(plan: PodPlan, wait: int, out: int, err: int) -> None:
    """The pod's process 1."""
    if os.read(wait, 1) != b"1":
        return
    libc_call("sethostname", plan.name.encode(), ctypes.c_size_t(len(plan.name)))
    kept = {path: os.open(path, os.O_PATH) for path in plan.shared}
    bound = {path: os.open(source, os.O_PATH) for path, source in plan.files.items()}
    mount("none", "/", MS_REC | MS_PRIVATE)
    mount_new("proc", "/proc")
    for path, mode in PRIVATE.items():
        mount_new("tmpfs", path, f"mode={mode}")
    for path, fd in kept.items():
        os.makedirs(path, exist_ok=True)
        mount(f"/proc/self/fd/{fd}", path, MS_BIND)
    for path, fd in bound.items():
        mount(f"/proc/self/fd/{fd}", path, MS_BIND)
    for number, fd in enumerate((os.open(os.devnull, os.O_RDONLY), out, err)):
        os.dup2(fd, number)
    os.chdir("/")
    os.execvpe(plan.argv[0], list(plan.argv), dict(plan.env))


def connect(pods: Mapping[int, str], switch: int) -> None:
    """Gives each pod an eth0 and plugs it into the switch under that name, which must be new there."""
    lines = [f"link add {name} up master {BRIDGE} type veth peer name eth0 netns {pid}" for pid, name in pods.items()]
    ip(switch, *lines)


def unplug(switch: int, pod: str) -> None:
    """Takes the pod's cable out of the switch, of the name that `connect` gave it: nothing on either side notices, packets are lost."""
    ip(switch, f"link set {pod} nomaster")


def private(path: Path | str) -> bool:
    """Whether a pod has a directory of its own where that path is."""
    return any(str(path).startswith(f"{directory}/") for directory in PRIVATE)
