"""What sacct --json and --yaml tell of jobs. Source: sacct 22.05, openapi/dbv0.0.38.

Where 22.05 prints SUCCESS for a job that has failed with an exit code, we print the code.
"""

from __future__ import annotations

from mlspace.render import document
from mlspace.render.accounting_row import Manner, Row
from mlspace.slurm.accounting import reason_of
from mlspace.slurm.hostlist import expand_hosts
from mlspace.slurm.job import CLUSTER_NAME
from mlspace.slurm.step import held_by

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mlspace.slurm.job import JobView
    from mlspace.slurm.step import Account, StepView

NOTHING = {
    "description": "Nothing found",
    "error_number": 9003,
    "error": "Nothing found with query",
    "source": "slurmdb_jobs_get",
}

STARTED = ["CLEAR_SCHEDULING", "STARTED_ON_SCHEDULE"]
GOVERNORS = ["Conservative", "Performance", "PowerSave", "OnDemand", "UserSpace"]
"""What 22.05 shows of a step that asks for none."""

TRES_IDS = {"cpu": 1, "mem": 2, "energy": 3, "node": 4, "billing": 5, "gres": 1001}


def jobs(known: Sequence[Account], manner: Manner) -> dict[str, Any]:
    """The whole document."""
    parts: dict[str, Any] = {} if known else {"errors": [NOTHING]}
    return document.document(document.ACCOUNTING, **parts, jobs=[job(one, manner) for one in known])


def job(account: Account, manner: Manner) -> dict[str, Any]:
    view, steps = account.job, account.steps
    row = Row(view, None, manner, steps, account.used)
    started = view.start_time is not None
    return {
        "account": view.account or "",
        "comment": {"administrator": None, "job": view.comment, "system": view.system_comment},
        "allocation_nodes": row.nodes if started else 0,
        "array": array(view),
        "association": {"account": view.account or "", "cluster": CLUSTER_NAME, "partition": None, "user": view.user},
        "cluster": CLUSTER_NAME,
        "constraints": view.option("constraint") or document.Blank(),
        "container": view.option("image"),
        "derived_exit_code": exit_code(*row.derived_exit),
        "time": {
            "elapsed": row.seconds,
            "eligible": view.eligible_time,
            "end": view.end_time or 0,
            "start": view.start_time if started or view.end_time is not None else 0,
            "submission": view.submit_time,
            "suspended": 0,
            "system": cpu_time(row.used.system_ms if row.used else 0),
            "limit": None if view.is_pending and view.option("time") is None else view.time_limit,
            "total": cpu_time(row.used.cpu_ms if row.used else 0),
            "user": cpu_time(row.used.cpu_ms - row.used.system_ms if row.used else 0),
        },
        "exit_code": exit_code(*[int(part) for part in row.exit_code.split(":")]),
        "flags": STARTED if started else [],
        "group": view.grp,
        "het": {"job_id": view.het_job_id or 0, "job_offset": view.het_offset},
        "job_id": view.job_id,
        "name": view.name,
        "mcs": {"label": document.Blank()},
        "nodes": view.node_list or "None assigned",
        "partition": view.partition,
        "priority": view.priority,
        "qos": view.shown_qos,
        "required": {"CPUs": view.shown_cpus, "memory": view.geometry("mem_per_cpu") or view.geometry("mem_per_node") or 0},
        "kill_request_user": view.user if view.cancelled_by is not None else None,
        "reservation": {"id": 0, "name": 0},
        "state": {"current": row.state.partition(" ")[0], "reason": reason_of(view)},
        "steps": [one_step(view, step, manner) for step in steps],
        "tres": {
            "allocated": tres(row.cpus, view.memory_mib, row.nodes, view.gpus, billing=True, energy=has_energy(steps)) if started else [],
            "requested": tres(view.shown_cpus, view.shown_memory_mib, view.nodes, view.shown_gpus, billing=True),
        },
        "user": view.user,
        "wckey": {"wckey": view.option("wckey") or document.Blank(), "flags": []},
        "working_directory": view.work_dir,
    }


def array(view: JobView) -> dict[str, Any]:
    mask = 0
    for index in view.tasks_waiting:
        mask |= 1 << index
    return {
        "job_id": view.array_job_id or 0,
        "limits": {"max": {"running": {"tasks": view.array_limit or 0}}},
        "task": f"0x{mask:02X}" if view.array_spec else None,
        "task_id": view.array_task_id,
    }


def one_step(view: JobView, step: StepView, manner: Manner) -> dict[str, Any]:
    row = Row(view, step, manner)
    names = expand_hosts(row.node_list)
    is_batch = step.name_in_job == "batch"
    usage = [counted("energy", 0)] if step.end_time is not None else []
    measured = {"max": [], "min": [], "average": usage, "total": usage}
    cpus, memory_mib, gpus = held_by(step, view)
    return {
        "nodes": {"list": names, "count": row.nodes, "range": row.node_list},
        "tres": {"requested": measured, "consumed": measured, "allocated": tres(cpus, memory_mib, row.nodes, gpus, billing=False)},
        "time": {
            "elapsed": row.seconds,
            "end": step.end_time or 0,
            "start": step.start_time,
            "suspended": 0,
            "system": cpu_time(row.used.system_ms if row.used else 0),
            "total": cpu_time(row.used.cpu_ms if row.used else 0),
            "user": cpu_time(row.used.cpu_ms - row.used.system_ms if row.used else 0),
        },
        "exit_code": exit_code(step.exit_code, step.exit_signal),
        "tasks": {"count": step.tasks},
        "pid": None,
        "CPU": {
            "requested_frequency": dict.fromkeys(("min", "max"), 0 if is_batch else None),
            "governor": [] if is_batch else GOVERNORS,
        },
        "kill_request_user": None,
        "state": row.state,
        "statistics": {"CPU": {"actual_frequency": 0}, "energy": {"consumed": 0}},
        "step": {
            "job_id": view.job_id,
            "het": {"component": None},
            "id": step.name_in_job if is_batch else step.step,
            "name": step.name,
        },
        "task": {"distribution": "Unknown" if is_batch else "Cyclic"},
    }


def cpu_time(milliseconds: int) -> dict[str, int]:
    return {"seconds": milliseconds // 1000, "microseconds": milliseconds % 1000 * 1000}


def exit_code(code: int, signal: int) -> dict[str, Any]:
    if signal:
        from signal import strsignal

        return {"status": "SIGNALED", "return_code": None, "signal": {"signal_id": signal, "name": strsignal(signal)}}
    return {"status": "ERROR" if code else "SUCCESS", "return_code": code}


def has_energy(steps: Sequence[StepView]) -> bool:
    """Whether 22.05 shows a job's energy, which is not measured, as unknown."""
    return len(steps) == 1 and steps[0].end_time is not None


def tres(cpus: int, memory_mib: int, nodes: int, gpus: int, *, billing: bool, energy: bool = False) -> list[dict[str, Any]]:
    counts = [counted("cpu", cpus), counted("mem", memory_mib)]
    counts += [counted("energy", None)] if energy else []
    counts.append(counted("node", nodes))
    if billing:
        counts.append(counted("billing", cpus))
    return counts + ([counted("gres", gpus, "gpu")] if gpus else [])


def counted(kind: str, count: int | None, name: str | None = None) -> dict[str, Any]:
    return {"type": kind, "name": name, "id": TRES_IDS[kind], "count": count}
