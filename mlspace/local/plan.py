"""The plan of a job: everything its executor needs, as plain data. Pure: a job's body and its place in, a dictionary out."""

from __future__ import annotations

import re
import shlex
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlspace.local.instance import Instance
    from mlspace.local.names import Naming
    from mlspace.local.placement import Share

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Account(NamedTuple):
    """Whom jobs run as: the passwd entry of the gateway's uid."""

    name: str
    home: str
    shell: str


def command_line(script: str, flags: Mapping[str, Any]) -> list[str]:
    """The words of `script`, split as a shell splits them, and the flags in their order: `--k=v`, `-k v` for one letter.

    Raises ValueError for unbalanced quotes.
    """
    words = shlex.split(script)
    for name, value in flags.items():
        text = word(value)
        words += [f"-{name}", text] if len(name) == 1 else [f"--{name}={text}"]
    return words


def word(value: Any) -> str:
    """A JSON scalar as the platform's shell writes it."""
    if value is None:
        return ""
    return str(value)


def ranks_per_node(processes: int | str | None, gpus: int) -> int:
    """`processes_per_worker`; its default is one rank per GPU, and one where there is none."""
    return processes if isinstance(processes, int) else max(1, gpus)


def make_plan(
    job_name: str,
    params: Mapping[str, Any],
    instance: Instance,
    shares: Sequence[Share],
    naming: Naming,
    account: Account,
    grace_seconds: float,
    *,
    repeats_tags: bool = False,
) -> dict[str, Any]:
    per_node = ranks_per_node(params["processes_per_worker"], instance.gpus)
    address = dict(zip(naming.names, naming.addresses, strict=True))
    universe = zlib.crc32(job_name.encode()) & 0xFFFF0000  # Open MPI: the upper half names the mpirun, the lower the job in it
    size = per_node * len(shares)
    common = {
        "PATH": PATH,
        "HOME": account.home,
        "USER": account.name,
        "LOGNAME": account.name,
        "SHELL": account.shell,
        "LANG": "C.UTF-8",
        **{name: word(value) for name, value in params["env_variables"].items()},
        "OMPI_COMM_WORLD_SIZE": str(size),
        "OMPI_COMM_WORLD_LOCAL_SIZE": str(per_node),
        "OMPI_UNIVERSE_SIZE": str(size),
        "OMPI_MCA_orte_node_regex": node_regex([share.node for share in shares]),
        "OMPI_MCA_orte_hnp_uri": f"{universe}.0;tcp://{address.get(shares[0].node, '127.0.0.1')}:{32768 + universe % 28000}",
        "PMIX_NAMESPACE": str(universe + 1),
    }
    ranks = [
        {"node": share.node, "env": rank_environment(node, share, node * per_node + local, local)}
        for node, share in enumerate(shares)
        for local in range(per_node)
    ]
    return {
        "argv": command_line(params["script"], params["flags"]),
        "env": common,
        "ranks": ranks,
        "directories": [account.home, "/"],
        "head": log_head(job_name, params["type"], [share.node for share in shares]),
        "success": "completed" if instance.gpus else "succeeded",
        "grace_seconds": grace_seconds,
        "repeats_tags": repeats_tags,
        "stop_after_seconds": 60 * params["stop_timer"],
        "user_namespace": naming.user_namespace,
        "hosts_file": naming.hosts_file,
        "own_host_name": naming.own_host_name,
    }


def rank_environment(node: int, share: Share, rank: int, local_rank: int) -> dict[str, str]:
    env = {
        "OMPI_COMM_WORLD_RANK": str(rank),
        "OMPI_COMM_WORLD_LOCAL_RANK": str(local_rank),
        "OMPI_COMM_WORLD_NODE_RANK": str(local_rank),
        "OMPI_MCA_orte_ess_node_rank": str(local_rank),
        "PMIX_RANK": str(rank),
        "PMIX_HOSTNAME": share.node,
        "HOSTNAME": share.node,
    }
    if share.gpus:  # as a container runtime does it; what is not listed is not there
        env["NVIDIA_VISIBLE_DEVICES"] = ",".join(map(str, share.gpus))
    return env


def log_head(job_name: str, job_type: str, nodes: Sequence[str]) -> list[str]:
    """What the platform's own start script says before mpirun (real logs of 2024)."""
    lines = [f"Job {job_name} ({job_type}) is starting...", "🕒 Waiting for workers to be ready... 🕒"]
    lines += ["Connecting to mpimaster-0 ..... Ready ✓"]
    lines += [f"Connecting to mpiworker-{number} ..... Ready ✓" for number in range(len(nodes) - 1)]
    return [*lines, "🚀 All workers are READY 🚀"]


def node_regex(names: Sequence[str]) -> str:
    """Open MPI 4.1's short form of a node list: `n[1:1-2,4]@0(3)`; 1 is the width of the numbers, @0 the daemons' first number.

    Names in order; those with one prefix and one width of digits that follow each other share a bracket. A name without trailing
    digits stands as it is; so does an address, whose last number must not be taken for a counter.
    """
    groups: list[tuple[str, int, list[tuple[int, int]]]] = []
    for name in names:
        match = re.fullmatch(r"(.*?[^\d.])(\d+)", name)
        if match is None:
            groups.append((name, 0, []))
            continue
        prefix, digits = match.groups()
        number = int(digits)
        if not groups or groups[-1][:2] != (prefix, len(digits)):
            groups.append((prefix, len(digits), []))
        ranges = groups[-1][2]
        if ranges and ranges[-1][1] + 1 == number:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    words = [fold(*group) for group in groups]
    return f"{','.join(words)}@0({len(names)})"


def fold(prefix: str, width: int, ranges: Sequence[tuple[int, int]]) -> str:
    if not ranges:
        return prefix
    spans = [str(first) if first == last else f"{first}-{last}" for first, last in ranges]
    return f"{prefix}[{width}:{','.join(spans)}]"
