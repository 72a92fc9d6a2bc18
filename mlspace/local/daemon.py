"""The embedded gateway on demand: find the one of a state directory, or start it; and the process that is then started."""

from __future__ import annotations

import fcntl
import os
import time

from mlspace.errors import GatewayError, StateError
from mlspace.local.endpoint import START_LOCK, Endpoint, read_living

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

START_SECONDS = 20.0
"""A gateway that has not answered by then is not going to."""

IDLE_SECONDS = 600.0

RECORD_VARIABLE = "MLSPACE_RECORD"
"""Names a file: what the embedded gateway, when we start it, is asked and answers is appended to it."""

PACKAGE_PARENT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SERVICE = "import sys; sys.path.insert(0, sys.argv[1]); from mlspace.local.service import main; main(sys.argv[2:])"


def ensure_running(state_dir: str, shape_environment: Mapping[str, str], *, idle_seconds: float = IDLE_SECONDS) -> Endpoint:
    """The embedded gateway that serves `state_dir`, started if there is none.

    `shape_environment`: the MLSPACE_LOCAL_* variables decide the cluster's shape (Shape.from_environment). One that differs from what
    a running gateway serves makes it start anew with the new shape; its jobs are adopted. Without such a variable a running gateway
    stays as it is, and a new one keeps the last shape while there are unfinished jobs.
    Raises ConfigError for a bad variable, StateError for a directory that cannot be used, GatewayError where the start fails.
    """
    endpoint = read_living(state_dir)
    if endpoint is not None and suits(endpoint, shape_environment):
        return endpoint
    lock = start_lock(state_dir)
    try:
        endpoint = read_living(state_dir)  # another command may have done it while we waited
        if endpoint is not None and suits(endpoint, shape_environment):
            return endpoint
        shape = wanted_shape(shape_environment)
        if endpoint is not None:
            stop(state_dir, endpoint)
        return start(state_dir, shape, idle_seconds, shape_environment.get(RECORD_VARIABLE, ""))
    finally:
        os.close(lock)


def has_shape(environment: Mapping[str, str]) -> bool:
    return any(name.startswith("MLSPACE_LOCAL_") for name in environment)


def suits(endpoint: Endpoint, environment: Mapping[str, str]) -> bool:
    """Whether the gateway serves what the variables that are set ask for; the fields that none of them decides may differ."""
    if not has_shape(environment):
        return True
    from mlspace.local.shape import Shape, fields_set

    fields = fields_set(environment)
    if not fields:
        return True
    wanted = Shape.from_environment(environment).to_json()
    return all(wanted[field] == endpoint.shape.get(field) for field in fields)


def wanted_shape(environment: Mapping[str, str]) -> str:
    """The shape that variables ask for, as JSON; "" where none is set."""
    if not has_shape(environment):
        return ""
    from mlspace.local.shape import Shape, fields_set

    if not fields_set(environment):
        return ""
    import json

    return json.dumps(Shape.from_environment(environment).to_json())


def start_lock(state_dir: str) -> int:
    """Wait for and hold the right to start or stop the gateway of this directory."""
    try:
        os.makedirs(state_dir, 0o700, exist_ok=True)
        fd = os.open(os.path.join(state_dir, START_LOCK), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StateError(f"cannot write the state directory {state_dir}: {error.strerror}") from error
    fcntl.flock(fd, fcntl.LOCK_EX)
    return fd


def start(state_dir: str, shape: str, idle_seconds: float, record: str = "") -> Endpoint:
    """Start the gateway detached from us, with nothing of our environment, and wait until it listens."""
    import select
    import subprocess
    import sys

    from mlspace.local.processes import SERVICE_VARIABLE

    reader, writer = os.pipe()
    arguments = ["--state", state_dir, "--ready-fd", str(writer), "--idle", str(idle_seconds), *(["--shape", shape] if shape else [])]
    arguments += ["--record", record] if record else []
    with open(reader, "rb", buffering=0) as ready:
        try:
            with open(os.path.join(state_dir, "gateway.log"), "ab", opener=private) as log:
                subprocess.run(
                    [sys.executable, "-IS", "-c", SERVICE, PACKAGE_PARENT, *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd="/",
                    env={SERVICE_VARIABLE: state_dir, "LANG": "C.UTF-8"},
                    pass_fds=[writer],
                    start_new_session=True,
                    check=False,
                )
        except OSError as error:
            raise StateError(f"cannot start the embedded MLSpace: {error.filename or sys.executable}: {error.strerror}") from error
        finally:
            os.close(writer)
        if not select.select([ready], [], [], START_SECONDS)[0]:
            raise GatewayError(f"the embedded MLSpace does not answer within {START_SECONDS:.0f} s", f"  its log: {state_dir}/gateway.log")
        answer = ready.read(1)
    endpoint = read_living(state_dir) if answer else None
    if endpoint is None:
        raise GatewayError(f"the embedded MLSpace did not start: {last_line(os.path.join(state_dir, 'gateway.log'))}")
    return endpoint


def private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def last_line(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read().split("\n")
    except OSError:
        lines = []
    return next((line for line in reversed(lines) if line.strip()), "no message")


def stop(state_dir: str, endpoint: Endpoint) -> None:
    """End the gateway; its jobs go on."""
    import signal

    try:
        os.kill(endpoint.pid, signal.SIGTERM)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise StateError(f"the embedded MLSpace of {state_dir} (pid {endpoint.pid}) belongs to another user") from error
    deadline = time.monotonic() + START_SECONDS
    while read_living(state_dir) is not None:
        if time.monotonic() > deadline:
            raise GatewayError(f"the embedded MLSpace (pid {endpoint.pid}) does not end")
        time.sleep(0.005)
