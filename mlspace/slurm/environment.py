"""The SLURM_* variables that follow from the request alone; the others follow from the nodes and are launch's.

Source: sbatch(1), srun(1) OUTPUT ENVIRONMENT VARIABLES; which are there and which are not, by running Slurm 22.05.
"""

from __future__ import annotations

from mlspace.slurm import array, binding, dependency, gres
from mlspace.slurm.job import DEFAULT_QOS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlspace.slurm.geometry import Geometry
    from mlspace.slurm.request import Component

PLANE = "plane="

ONE_THREAD = ("compute_bound", "memory_bound", "nomultithread")
"""Hints that leave one thread of each core to the job."""

MULTITHREAD = 65535
"""As many tasks on a core as there may be: --hint=multithread."""


OF_WHOLE = ("SLURM_JOB_ACCOUNT", "SLURM_JOB_QOS", "SLURM_JOB_DEPENDENCY", "SLURM_EXPORT_ENV", "SLURM_GET_USER_ENV")
"""Those of job_variables that a heterogeneous job has once; account and QOS of each component are launch's to tell."""

OF_COMPONENTS = (*OF_WHOLE, "SLURM_NTASKS", "SLURM_NPROCS", "SLURM_MEM_PER_CPU", "SLURM_MEM_PER_NODE")
"""Those that it has under their plain names, of its first component. Source: sbatch 22.05."""


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


def job_variables(component: Component, geometry: Geometry, program: str = "sbatch") -> dict[str, str]:
    """docs/protocol.md §2 `job.env`. salloc's job does not know what memory it has when it did not ask; the step of an srun on its
    own is told what the step is, not what the job asked for."""
    found: dict[str, object] = {
        "SLURM_JOB_ACCOUNT": component["account"],
        "SLURM_JOB_QOS": component["qos"] or DEFAULT_QOS,
        "SLURM_JOB_DEPENDENCY": dependency.spell(component["dependency"]),
        "SLURM_NTASKS_PER_NODE": geometry.ntasks_per_node,
        "SLURM_NTASKS_PER_SOCKET": component["ntasks-per-socket"],
        "SLURM_NTASKS_PER_CORE": component["ntasks-per-core"] or (MULTITHREAD if component["hint"] == "multithread" else None),
        "SLURM_CPUS_PER_TASK": geometry.cpus_per_task,
        "SLURM_THREADS_PER_CORE": geometry.shape[2] or (1 if component["hint"] in ONE_THREAD else None),
        "SLURM_OVERCOMMIT": 1 if component["overcommit"] else None,
        "SLURM_CPU_FREQ_REQ": component["cpu-freq"],
        **distribution_variables(component, geometry, program),
        **binding.memory_variables(component["mem-bind"] or ""),
    }
    if program != "srun":
        found |= request_variables(component, geometry)
        has_memory = program == "sbatch" or component["mem"] is not None or component["mem-per-cpu"] is not None
        found["SLURM_MEM_PER_CPU"] = geometry.mem_per_cpu if has_memory else None
        found["SLURM_MEM_PER_NODE"] = geometry.mem_per_node if has_memory else None
    if program == "sbatch":
        found["SLURM_EXPORT_ENV"] = component["export"]
        found["SLURM_GET_USER_ENV"] = 1 if component["export"] not in (None, "ALL") or component["get-user-env"] is not None else None
        found["SLURM_OPEN_MODE"] = (component["open-mode"] or "")[:1] or None
    return {name: str(value) for name, value in found.items() if value is not None}


def of_component(variables: Mapping[str, str]) -> dict[str, str]:
    """Those of job_variables that a component of a heterogeneous job has under their plain names."""
    return {name: value for name, value in variables.items() if name in OF_COMPONENTS}


def component_variables(components: Sequence[tuple[Component, Geometry]]) -> dict[str, str]:
    """What the first component of a heterogeneous job is told of all of them (docs/protocol.md `het`); nothing of none."""
    found = {"SLURM_HET_SIZE": str(len(components))} if components else {}
    for offset, (component, geometry) in enumerate(components):
        for name, value in job_variables(component, geometry).items():
            if name not in OF_WHOLE:
                found[f"{name}_HET_GROUP_{offset}"] = value
    return found


def request_variables(component: Component, geometry: Geometry) -> dict[str, object]:
    """What an srun inside reads again as options of its own."""
    found: dict[str, object] = {
        "SLURM_NTASKS": geometry.ntasks,
        "SLURM_NPROCS": geometry.ntasks,
        "SLURM_NTASKS_PER_GPU": component["ntasks-per-gpu"],
        "SLURM_CPUS_PER_GPU": component["cpus-per-gpu"],
        "SLURM_MEM_PER_GPU": component["mem-per-gpu"],
        "SLURM_HINT": component["hint"],
        "SLURM_GPU_BIND": component["gpu-bind"],
        "SLURM_GPU_FREQ": component["gpu-freq"],
    }
    for option in ("gpus", "gpus-per-node", "gpus-per-task", "gpus-per-socket"):
        if component[option]:
            found["SLURM_" + option.upper().replace("-", "_")] = gres.format_gpus(component[option])
    return found


def distribution_variables(component: Component, geometry: Geometry, program: str) -> dict[str, object]:
    """srun names its default, too, if it was asked for memory."""
    spread = component["distribution"]
    if not spread and program == "srun" and (component["mem"] or component["mem-per-cpu"]):
        spread = "cyclic" if (geometry.ntasks or geometry.tasks) <= geometry.nodes else "block"
    if not spread:
        return {}
    if spread.startswith(PLANE):
        return {"SLURM_DISTRIBUTION": "plane", "SLURM_DIST_PLANESIZE": spread[len(PLANE) :]}
    return {"SLURM_DISTRIBUTION": spread}

