"""The host behind a cluster's nodes, as `scontrol show node` tells of it; nothing where the nodes are elsewhere."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlspace.session import Session


def facts(session: Session) -> dict[str, str]:
    """What scontrol tells of the host behind a node, by its keys."""
    if session.config.is_remote:
        return {}
    kernel = os.uname()
    found = {"Arch": kernel.machine, "OS": f"{kernel.sysname} {kernel.release} {kernel.version}"}
    found["CPULoad"] = f"{os.getloadavg()[0]:.2f}"
    found["FreeMem"] = str(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20)
    return found


def times(session: Session) -> dict[str, int]:
    """When the host behind the nodes, and what stands for slurmd, were started: unix seconds, by scontrol's keys."""
    if session.config.is_remote:
        return {}
    from mlspace.local import endpoint

    found = {"BootTime": int(session.context.now() - session.context.uptime())}
    begun = endpoint.published_at(session.platform.local_directory)
    return found if begun is None else {**found, "SlurmdStartTime": int(begun)}
