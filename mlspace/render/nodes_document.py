"""Nodes as documents: sinfo --json, and its like. Source: sinfo 22.05, openapi/v0.0.38."""

from __future__ import annotations

from mlspace.render.document import CLUSTER, document
from mlspace.render.nodegroup import gres, gres_used
from mlspace.slurm.help import RELEASE
from mlspace.slurm.size import format_memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Any

    from mlspace.cluster.cluster import Cluster, Node
    from mlspace.slurm.occupation import Occupation, Taken


def nodes_document(
    cluster: Cluster,
    occupation: Occupation,
    machine: Mapping[str, str],
    times: Mapping[str, int],
    busy: Mapping[str, int],
    names: Collection[str] | None = None,
) -> dict[str, Any]:
    """The nodes of these names, all for None.

    machine and times: of the host behind the nodes (mlspace/cluster/machine.py). busy: when each node was last in use.
    """
    nodes, since = [], times.get("SlurmdStartTime", 0)
    for node in cluster.nodes:
        partitions = [partition.name for partition in cluster.partitions if node.name in (partition.nodes or ())]
        if partitions and (names is None or node.name in names):
            nodes.append(describe(node, occupation[node.name], partitions, machine, times, busy.get(node.name, since)))
    return document(CLUSTER, nodes=nodes)


def describe(
    node: Node, taken: Taken, partitions: Sequence[str], machine: Mapping[str, str], times: Mapping[str, int], last_busy: int
) -> dict[str, Any]:
    gpus = f",gres/gpu={node.gpus}" if node.gpus else ""
    gpus_taken = f",gres/gpu={taken.gpus}" if taken.gpus else ""
    idle = node.cpus - min(node.cpus, taken.cpus)
    return {
        "architecture": machine.get("Arch", ""),
        "burstbuffer_network_address": "",
        "boards": 1,
        "boot_time": times.get("BootTime", 0),
        "comment": "",
        "cores": node.cores_per_socket,
        "cpu_binding": 0,
        "cpu_load": round(float(machine.get("CPULoad", 0)) * 100),
        "extra": "",
        "free_memory": int(machine.get("FreeMem", 0)),
        "cpus": node.cpus,
        "last_busy": last_busy,
        "features": "",
        "active_features": "",
        "gres": gres(node) if node.gpus else "",
        "gres_drained": "N/A",
        "gres_used": gres_used(node, taken) if node.gpus else "",
        "mcs_label": "",
        "name": node.name,
        "next_state_after_reboot": "invalid",
        "address": node.name,
        "hostname": node.name,
        "state": taken.node_state(node.cpus).lower(),
        "state_flags": [],
        "next_state_after_reboot_flags": [],
        "operating_system": machine.get("OS", ""),
        "owner": None,
        "partitions": list(partitions),
        "port": 0,
        "real_memory": node.memory_mib,
        "reason": "",
        "reason_changed_at": 0,
        "reason_set_by_user": None,
        "slurmd_start_time": times.get("SlurmdStartTime", 0),
        "sockets": node.sockets,
        "threads": node.threads_per_core,
        "temporary_disk": 0,
        "weight": 1,
        "tres": f"cpu={node.cpus},mem={node.memory_mib}M,billing={node.cpus}{gpus}",
        "slurmd_version": RELEASE,
        "alloc_memory": taken.memory_mib,
        "alloc_cpus": node.cpus - idle,
        "idle_cpus": idle,
        "tres_used": f"cpu={taken.cpus},mem={format_memory(taken.memory_mib)}{gpus_taken}" if taken.cpus else None,
        "tres_weighted": float(taken.cpus),
    }
