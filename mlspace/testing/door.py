"""The embedded MLSpace in the foreground, with all habits of the real one: `python -m mlspace.testing`, `mlspace gateway`."""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import signal
import sys
import tempfile
import uuid

DESCRIPTION = "Serve an embedded MLSpace on this machine until Ctrl-C."

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


LARGEST_PORT = 65_535


def port(text: str) -> int:
    if not text.isdigit() or int(text) > LARGEST_PORT:
        raise argparse.ArgumentTypeError(f"{text}: a number from 0 to {LARGEST_PORT} is expected")
    return int(text)


def add_arguments(made: argparse.ArgumentParser) -> None:
    made.add_argument("-H", "--host", default="localhost", help="address to listen on (default: %(default)s)")
    made.add_argument("-p", "--port", type=port, default=8080, help="port, 0 for a free one (default: %(default)s)")
    for name in ("client-id", "client-secret", "api-key", "workspace-id"):
        made.add_argument(f"--{name}", help="made up and printed where it is not given")
    made.add_argument("--state", metavar="DIR", help="where jobs live (default: a directory that ends with us, and its jobs too)")
    made.add_argument("--quick", action="store_true", help="leave out the platform's delays, rate limits and refusals")
    made.add_argument("--kill-grace", type=float, default=40.0, metavar="SECONDS", help="between TERM and KILL (default: %(default)s)")
    made.add_argument("--token-seconds", type=int, default=3600, metavar="SECONDS", help="life of a token (default: %(default)s)")
    made.add_argument("--names", choices=("system", "namespace", "address"), default="", help="how nodes are named (default: what works)")
    offer = "instead of MLSPACE_LOCAL_*: an instance type of the platform's, and how many workers of it there are"
    made.add_argument("--offer", action="append", default=[], metavar="REGION:TYPE=COUNT", help=offer)
    made.add_argument("--gpu-quota", type=int, metavar="N", help="GPUs that jobs may ask for at a time (default: all that there are)")
    made.add_argument("--record", default="", metavar="FILE", help="append what is asked and answered, without our secrets")
    made.add_argument("--fault", action="append", default=[], metavar="RULE", help="what goes wrong, as in 'POST /jobs cut=after times=1'")


def serve(program: str, given: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Serve as the arguments say, until SIGINT or SIGTERM; returns the exit code. Raises MlspaceError where it cannot."""
    from mlspace.local.auth import Credentials
    from mlspace.local.faults import read_rule
    from mlspace.local.gateway import Gateway, Options, account, lock_state
    from mlspace.local.offers import read_offer
    from mlspace.local.shape import Shape

    made = {
        "client_id": given.client_id or str(uuid.uuid4()),
        "client_secret": given.client_secret or secrets.token_hex(16),
        "api_key": given.api_key or str(uuid.uuid4()),
        "workspace_id": given.workspace_id or str(uuid.uuid4()),
    }
    options = Options(
        given.host,
        given.port,
        Credentials(**made),
        quick=given.quick,
        kill_grace_seconds=given.kill_grace,
        token_seconds=given.token_seconds,
        names=given.names,
        faults=[read_rule(text) for text in given.fault],
        offers=[read_offer(text) for text in given.offer],
        gpu_quota=given.gpu_quota,
        record=os.path.abspath(given.record) if given.record else "",
    )
    shape = Shape.from_environment(environment)
    state = os.path.abspath(given.state) if given.state else tempfile.mkdtemp(prefix="mlspace-testing-")
    lock = lock_state(state)
    gateway = Gateway(state, shape, options)
    host = f"[{given.host}]" if ":" in given.host else given.host
    lines = [f"Listening on http://{host}:{gateway.port}/public/v2"]
    lines += [f"MLSPACE_{name.upper()}={value}" for name, value in made.items() if not getattr(given, name)]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    if not gateway.server.is_loopback:
        door = f"{host}:{gateway.port}"
        sys.stderr.write(f"{program}: warning: whoever reaches {door} and has its credentials runs programs as {account().name}\n")
    gateway.serve(lambda: False)
    if not given.state:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a second Ctrl-C does not wait for stubborn jobs
        gateway.scheduler.end_all()
        shutil.rmtree(state, ignore_errors=True)
    os.close(lock)
    return 0
