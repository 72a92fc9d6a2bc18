"""The process behind ensure_running: a detached gateway on a free loopback port, with credentials of its own.

Its stderr is gateway.log in the state directory. One byte on the ready descriptor says that it listens; the descriptor closed without
one says that the reason stands in the log.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import resource
import secrets
import sys
import uuid

from mlspace.errors import MlspaceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mlspace.local.auth import Credentials
    from mlspace.local.shape import Shape


def main(arguments: Sequence[str]) -> None:
    """Detach and serve. The caller's child returns at once."""
    if os.fork() > 0:
        os._exit(0)
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", required=True)
    parser.add_argument("--ready-fd", type=int, required=True)
    parser.add_argument("--idle", type=float, required=True)
    parser.add_argument("--shape", type=json.loads)
    parser.add_argument("--record", default="")
    options = parser.parse_args(arguments)
    os.set_inheritable(options.ready_fd, False)
    lift_soft_limits()
    try:
        serve(options.state, options.shape, options.idle, options.ready_fd, options.record)
    except MlspaceError as error:
        sys.exit("\n".join(error.lines))


def lift_soft_limits() -> None:
    """As far as they go, like a system's daemon: jobs must not find the limits of whoever happened to start us. The stack's says
    how programs lay out their memory, and stays."""
    for name in ("AS", "CORE", "CPU", "DATA", "FSIZE", "MEMLOCK", "NOFILE", "NPROC", "RSS"):
        number = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(number)[1]
        resource.setrlimit(number, (hard, hard))


def serve(directory: str, shape_data: dict[str, Any] | None, idle_seconds: float, ready_fd: int, record: str) -> None:
    from mlspace.local.endpoint import FILE, START_LOCK, publish
    from mlspace.local.gateway import Gateway, Options, lock_state

    lock = lock_state(directory)
    credentials = kept_credentials(directory)
    shape = choose_shape(directory, shape_data)
    options = Options("127.0.0.1", 0, credentials, quick=True, idle_seconds=idle_seconds, record=record)
    gateway = Gateway(directory, shape, options)
    published = publish(
        directory,
        {
            "url": f"http://127.0.0.1:{gateway.port}/public/v2",
            **credentials._asdict(),
            "region": shape.region,
            "pid": os.getpid(),
            "shape": shape.to_json(),
            "node_names": gateway.naming.folded,
        },
    )
    os.write(ready_fd, b"1")  # connections queue in the socket from here on
    os.close(ready_fd)

    def leave() -> bool:
        """Go, unless a command is just looking for us: with the lock it would start us by, and nobody asking, the file is removed."""
        try:
            fd = os.open(os.path.join(directory, START_LOCK), os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        if gateway.idle_seconds() < idle_seconds:
            os.close(fd)
            return False
        os.unlink(os.path.join(directory, FILE))
        return True  # the lock stays ours until the process has ended

    gateway.serve(leave)
    os.close(published)
    os.close(lock)
    os._exit(0)  # threads in the middle of an answer are not waited for


def kept_credentials(directory: str) -> Credentials:
    """The credentials of this state directory, made at its first start: tokens that commands have cached stay good."""
    from mlspace.local.auth import Credentials
    from mlspace.local.durable import read_json, write_json

    path = os.path.join(directory, "credentials.json")
    try:
        return Credentials(**(read_json(path) or {}))
    except TypeError:
        made = Credentials(str(uuid.uuid4()), secrets.token_hex(24), secrets.token_hex(24), str(uuid.uuid4()))
        write_json(path, made._asdict(), sync=True)
        return made


def choose_shape(directory: str, data: dict[str, Any] | None) -> Shape:
    """What was asked for; else the last shape while jobs of it are unfinished; else this machine's."""
    from mlspace.local.durable import read_json, write_json
    from mlspace.local.shape import Shape

    path = os.path.join(directory, "shape.json")
    last = read_json(path)
    if data is None and last is not None and has_unfinished(directory):
        data = last
    shape = Shape.from_environment({}) if data is None else Shape.from_json(data)
    if shape.to_json() != last:
        write_json(path, shape.to_json())
    return shape


def has_unfinished(directory: str) -> bool:
    from mlspace.local.durable import read_json

    jobs = os.path.join(directory, "jobs")
    names = os.listdir(jobs) if os.path.isdir(jobs) else []
    return any(
        not name.startswith(".") and "completed_at" not in (read_json(os.path.join(jobs, name, "status.json")) or {}) for name in names
    )
