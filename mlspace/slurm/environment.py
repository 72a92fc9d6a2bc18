"""The SLURM_* variables that follow from the request alone; the others follow from the nodes and are launch's.

Source: sbatch(1), srun(1) OUTPUT ENVIRONMENT VARIABLES; which are there and which are not, by running Slurm 22.05.
"""

from __future__ import annotations

from mlspace.slurm import array, gres

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlspace.slurm.geometry import Geometry
    from mlspace.slurm.request import Component

PLANE = "plane="


def array_variables(component: Component, array_job_id: int | None, task: int | None) -> dict[str, str]:
    """SLURM_ARRAY_*; nothing for a job of no array. Source: sbatch 22.05; the step is the first that was given."""
    if task is None or not component["array"]:
        return {}
    ranges = component["array"]["ranges"]
    tasks = array.indices(ranges)
    found = {
        "JOB_ID": array_job_id,
        "TASK_ID": task,
        "TASK_COUNT": len(tasks),
        "TASK_MIN": tasks[0],
        "TASK_MAX": tasks[-1],
        "TASK_STEP": next((step for _, _, step in ranges if step > 1), 1),
    }
    return {f"SLURM_ARRAY_{name}": str(value) for name, value in found.items()}



def job_variables(component: Component, geometry: Geometry) -> dict[str, str]:
    """docs/protocol.md §2 `job.env`."""
    found: dict[str, object] = {
        "SLURM_NTASKS": geometry.ntasks,
        "SLURM_NPROCS": geometry.ntasks,
        "SLURM_NTASKS_PER_NODE": geometry.ntasks_per_node,
        "SLURM_NTASKS_PER_SOCKET": component["ntasks-per-socket"],
        "SLURM_NTASKS_PER_CORE": component["ntasks-per-core"],
        "SLURM_NTASKS_PER_GPU": component["ntasks-per-gpu"],
        "SLURM_CPUS_PER_TASK": geometry.cpus_per_task,
        "SLURM_CPUS_PER_GPU": component["cpus-per-gpu"],
        "SLURM_THREADS_PER_CORE": geometry.shape[2] or (1 if component["hint"] == "nomultithread" else None),
        "SLURM_MEM_PER_CPU": geometry.mem_per_cpu,
        "SLURM_MEM_PER_NODE": geometry.mem_per_node,
        "SLURM_MEM_PER_GPU": component["mem-per-gpu"],
        "SLURM_JOB_ACCOUNT": component["account"],
        "SLURM_JOB_QOS": component["qos"],
        "SLURM_OVERCOMMIT": 1 if component["overcommit"] else None,
        "SLURM_EXPORT_ENV": component["export"],
    }
    for option in ("gpus", "gpus-per-node", "gpus-per-task"):
        if component[option]:
            found["SLURM_" + option.upper().replace("-", "_")] = gres.format_gpus(component[option])
    if component["open-mode"]:
        found["SLURM_OPEN_MODE"] = component["open-mode"][0]
    spread = component["distribution"]
    if spread:
        plane = spread.startswith(PLANE)
        found["SLURM_DISTRIBUTION"] = "plane" if plane else spread
        found["SLURM_DIST_PLANESIZE"] = spread[len(PLANE) :] if plane else None
    return {name: str(value) for name, value in found.items() if value is not None}
