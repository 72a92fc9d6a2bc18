"""A job as squeue --json and --yaml tell of it: the keys of openapi/v0.0.38 in their order. Source: squeue --json 22.05."""

from __future__ import annotations

from mlspace.render.squeue import JobRow, View, gres_per_node
from mlspace.render.squeue_names import NAMES, profile, tracked, tres
from mlspace.slurm.accounting import ASSOCIATION
from mlspace.slurm.hostlist import expand_hosts, fold_hosts
from mlspace.slurm.job import CLUSTER_NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mlspace.cluster.cluster import Node
    from mlspace.slurm.job import JobView

YEAR_SECONDS = 365 * 24 * 3600
"""After which Slurm expects a job without limit to end, once it runs."""

NO_LIMIT_SECONDS = 2**32 - 60
"""The same, while the job waits."""


def job_document(job: JobView, now: float, family: list[int], nodes: dict[str, Node]) -> dict[str, Any]:
    """A job's object. family: the ids of its heterogeneous job; nodes: those of the cluster, by name."""
    row = JobRow(job, View(now), family)
    begun = job.start_time is not None and not job.is_pending
    asked_nodes = job.option("nodes") or (0, 0)
    is_array = job.array_job_id is not None
    per_cpu, per_node = job.geometry("mem_per_cpu"), job.geometry("mem_per_node")
    shared = job.option("exclusive")
    return {
        "account": job.account or "",
        "accrue_time": 0 if row.eligible is None or row.eligible == job.start_time else row.eligible,
        "admin_comment": "",
        "array_job_id": job.array_job_id or 0,
        "array_task_id": job.array_task_id,
        "array_max_tasks": (job.array_limit or 0) if is_array else 0,
        "array_task_string": job.array_tasks if job.array_spec else "",
        "association_id": int(ASSOCIATION),
        "batch_features": "",
        "batch_flag": bool(job.batch),
        "batch_host": job.first_node,
        "flags": flags(job),
        "burst_buffer": "",
        "burst_buffer_state": "",
        "cluster": CLUSTER_NAME,
        "cluster_features": "",
        "command": job.command,
        "comment": job.comment or "",
        "container": job.option("container") or "",
        "contiguous": bool(job.option("contiguous")),
        "core_spec": None,
        "thread_spec": None,
        "cores_per_socket": job.option("cores-per-socket"),
        "billable_tres": float(job.shown_cpus) if begun else None,
        "cpus_per_task": None,  # whatever was asked for: JOB_CPUS_SET tells that it was
        **dict.fromkeys(("cpu_frequency_minimum", "cpu_frequency_maximum", "cpu_frequency_governor")),
        "cpus_per_tres": known(NAMES["cpus-per-tres"].value(row)),
        "deadline": job.deadline or 0,
        "delay_boot": (job.option("delay-boot") or 0) * 60,
        "dependency": job.dependency,
        "derived_exit_code": 0,
        "eligible_time": row.eligible or 0,
        "end_time": end_time(row),
        "excluded_nodes": fold_hosts(job.option("exclude") or []),
        "exit_code": job.wait_status,
        "features": job.option("constraint") or "",
        **dict.fromkeys(("federation_origin", "federation_siblings_active", "federation_siblings_viable"), ""),
        "gres_detail": gres_detail(job) if begun else [],
        "group_id": job.gid,
        "group_name": job.grp,
        "job_id": job.job_id,
        **({"job_resources": resources(job, nodes)} if job.node_list else {}),
        "job_state": job.state,
        "last_sched_evaluation": int(job.start_time or job.submit_time),
        "licenses": job.option("licenses") or "",
        "max_cpus": 0,
        "max_nodes": int(asked_nodes[1] or 0) if job.is_pending else 0,
        "mcs_label": "",
        "memory_per_tres": known(NAMES["mem-per-tres"].value(row)),
        "name": job.name,
        "nodes": job.node_list,
        "nice": job.nice or None,
        "tasks_per_core": job.option("ntasks-per-core"),
        "tasks_per_node": job.option("ntasks-per-node") or 0,
        "tasks_per_socket": job.option("ntasks-per-socket"),
        "tasks_per_board": 0,
        "cpus": job.shown_cpus,
        "node_count": job.shown_nodes,
        "tasks": job.tasks,
        "het_job_id": job.het_job_id or 0,
        "het_job_id_set": row.family_set,
        "het_job_offset": job.het_offset or 0,
        "partition": job.partition,
        "prefer": job.option("prefer") or "",
        "memory_per_node": None if per_cpu else per_node,
        "memory_per_cpu": per_cpu,
        "minimum_cpus_per_node": job.least_cpus_per_node,
        "minimum_tmp_disk_per_node": job.option("tmp") or 0,
        "preempt_time": 0,
        "pre_sus_time": 0,
        "priority": job.priority,
        "profile": None if job.option("profile") is None else profile(row).split(","),
        "qos": job.shown_qos,
        "reboot": bool(job.option("reboot")),
        "required_nodes": fold_hosts(job.option("nodelist") or []),
        "requeue": bool(job.requeue),
        "resize_time": 0,
        "restart_cnt": job.restart_count,
        "resv_name": "",
        "shared": "none" if shared is True else shared or None,
        "show_flags": ["SHOW_ALL", "SHOW_DETAIL", "SHOW_LOCAL"],
        "sockets_per_board": 0,
        "sockets_per_node": job.option("sockets-per-node"),
        "start_time": row.start or 0,
        "state_description": "",
        "state_reason": job.reason,
        "standard_error": job.stream_pattern("err"),
        "standard_input": job.stream_pattern("in") or ("/dev/null" if job.batch else ""),
        "standard_output": job.stream_pattern("out") if job.option("output") else "",
        "submit_time": job.submit_time,
        "suspend_time": 0,
        "system_comment": job.system_comment or "",
        "time_limit": job.time_limit,
        "time_minimum": job.time_min or 0,
        "threads_per_core": job.option("threads-per-core"),
        "tres_bind": "",
        "tres_freq": known(NAMES["tres-freq"].value(row)),
        "tres_per_job": known(tracked(row, "gpus")),
        "tres_per_node": known(gres_per_node(row)),
        "tres_per_socket": known(tracked(row, "gpus-per-socket")),
        "tres_per_task": known(tracked(row, "gpus-per-task")),
        "tres_req_str": tres(job.as_requested()),
        "tres_alloc_str": tres(job) if begun else "",
        "user_id": job.uid,
        "user_name": job.user,
        "wckey": job.option("wckey") or "",
        "current_working_directory": job.work_dir,
    }


def flags(job: JobView) -> list[str]:
    """What was told and what has become of it, in the order of Slurm's bits."""
    has_memory = any(job.option(name) is not None for name in ("mem", "mem-per-cpu"))
    told = {
        "JOB_CPUS_SET": job.option("cpus-per-task") is not None,
        "JOB_WAS_RUNNING": job.start_time is not None and job.end_time is None,
        "JOB_MEM_SET": has_memory,
    }
    return [name for name, is_set in told.items() if is_set]


def known(text: str) -> str:
    return "" if text == "N/A" else text


def end_time(row: JobRow) -> int:
    """When it ended, or will at the latest; 0 where even its start is not known."""
    job = row.job
    if job.end_time is not None:
        return int(job.end_time)
    if row.start is None:
        return 0
    unlimited = NO_LIMIT_SECONDS if job.is_pending else YEAR_SECONDS
    return row.start + (unlimited if job.time_limit is None else job.time_limit * 60)


def gres_detail(job: JobView) -> list[str]:
    """What each node gives of GPUs; which of them is the node's matter."""
    per_node = job.geometry("gpus_per_node") or 0
    return [f"gpu:{per_node}(IDX:{indices(per_node)})" for _ in expand_hosts(job.node_list)] if per_node else []


def indices(count: int) -> str:
    return "0" if count == 1 else f"0-{count - 1}"


def resources(job: JobView, nodes: dict[str, Node]) -> dict[str, Any]:
    """CPUs and memory on each of its nodes. Which CPUs is the node's matter; they are shown from the first on, socket by socket."""
    names = expand_hosts(job.node_list)
    cpus = job.geometry("cpus_per_node") or []
    memory = job.geometry("memory_mib_per_node") or []
    return {
        "nodes": job.node_list,
        # Slurm counts those of a whole node as one.
        "allocated_cores": len(names) if job.option("exclusive") is True else sum(cpus),
        "allocated_hosts": len(names),
        "allocated_nodes": [
            {
                "sockets": sockets(cpus[place] if place < len(cpus) else 0, nodes.get(name)),
                "nodename": name,
                "cpus_used": 0,
                "memory_used": 0,
                "memory_allocated": memory[place] if place < len(memory) else 0,
            }
            for place, name in enumerate(names)
        ],
    }


def sockets(cpus: int, node: Node | None) -> dict[str, Any]:
    """The allocated cores of a node's sockets: a core of each socket in turn, as block:cyclic gives them."""
    count = node.sockets if node is not None else 1
    cores: dict[str, dict[str, str]] = {}
    for cpu in range(cpus):
        cores.setdefault(str(cpu % count), {})[str(cpu // count)] = "allocated"
    return {socket: {"cores": of_socket} for socket, of_socket in sorted(cores.items())}
