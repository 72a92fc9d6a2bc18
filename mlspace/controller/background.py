"""The controller as a process of its own, which leads while there is something to wait for (mlspace/controller/leader.py).

Commands start it (`start`) when they leave something to be done; the registry makes it one, and it goes when nothing is left.
"""

from __future__ import annotations

import os
import sys

from mlspace.controller import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST_DESCRIPTOR = 4096
"""Of those that a starter may have left open; a shell's are small numbers."""

PACKAGE_PARENT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = "import sys; sys.path[:0] = sys.argv[2:]; from mlspace.controller.background import main; main(sys.argv[1])"

PASSED_ON = (
    *("HOME", "PATH", "LANG", "TZ", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
    *("GWAPI_ADDR", "GWAPI_KEY", "NAMESPACE", "NB_PREFIX", "CLUSTER_KEY", "WORKSPACE_ID", "MLS_PROFILE_DEFAULT"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
)
NOT_PASSED_ON = ("MLSPACE_LOCAL_", "MLSPACE_JOB_DIR", "MLSPACE_TRACEBACK")
"""The local shape is what the gateway has; whoever wants another one says so to it."""


def environment(state_dir: str, environ: Mapping[str, str]) -> dict[str, str]:
    """What the process gets of its starter's environment: where the Gateway is and how to reach it, nothing of the user's own."""
    ours = {name: value for name, value in environ.items() if name in PASSED_ON}
    for name, value in environ.items():
        if name.startswith("MLSPACE_") and not name.startswith(NOT_PASSED_ON):
            ours[name] = value
    return {**ours, "MLSPACE_STATE_DIR": state_dir}


def start(state_dir: str, environ: Mapping[str, str]) -> None:
    """Starts it detached, in a session of its own, and does not wait for it. One that finds another one leading ends at once."""
    log_path = log.path_in(state_dir)
    nothing, appending = os.O_RDONLY, os.O_WRONLY | os.O_CREAT | os.O_APPEND
    os.posix_spawn(
        sys.executable,
        [sys.executable, "-X", "utf8", "-ISc", PROGRAM, state_dir, PACKAGE_PARENT, *site_packages()],
        environment(state_dir, environ),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, nothing, 0),
            (os.POSIX_SPAWN_OPEN, 1, log_path, appending, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )


def site_packages() -> list[str]:
    """Where our dependencies are, which the stub in bin/ has put on sys.path."""
    return [path for path in sys.path if path.endswith("site-packages")]


def main(state_dir: str) -> None:
    from mlspace.context import Context
    from mlspace.controller.leader import Leader
    from mlspace.session import Session

    os.closerange(3, LARGEST_DESCRIPTOR)  # the starter's pipes and locks
    os.chdir("/")
    context = Context(program="controller")
    leader = Leader(Session(context), log.Log(state_dir, context))
    context.when_terminated(leader.lease.leave_word)
    leader.lead()
