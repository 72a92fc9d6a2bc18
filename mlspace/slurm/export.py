"""`--export`: which variables of the submitter's environment travel to the job."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SLURM_PREFIX = "SLURM_"

# The submitter's own job's variables, which the new job's own replace when sbatch or srun runs inside a job; what the
# user sets for later commands (SLURM_CPU_BIND, SLURM_HOSTFILE, SLURM_EXIT_ERROR, ...) is not among them.
JOB_NAMES = """
ARRAY_JOB_ID ARRAY_TASK_COUNT ARRAY_TASK_ID ARRAY_TASK_MAX ARRAY_TASK_MIN ARRAY_TASK_STEP CLUSTER_NAME CPUS_ON_NODE
CPUS_PER_GPU CPUS_PER_TASK DISTRIBUTION DIST_PLANESIZE EXPORT_ENV GPUS GPUS_ON_NODE GPUS_PER_NODE GPUS_PER_SOCKET
GPUS_PER_TASK GTIDS HET_SIZE JOBID JOB_ACCOUNT JOB_CPUS_PER_NODE JOB_DEPENDENCY JOB_END_TIME JOB_GID JOB_GPUS JOB_ID
JOB_NAME JOB_NODELIST JOB_NUM_NODES JOB_PARTITION JOB_QOS JOB_RESERVATION JOB_START_TIME JOB_UID JOB_USER
LAUNCH_NODE_IPADDR LOCALID MEM_PER_CPU MEM_PER_GPU MEM_PER_NODE NNODES NODEID NODELIST NODE_ALIASES NPROCS NTASKS
NTASKS_PER_CORE NTASKS_PER_GPU NTASKS_PER_NODE NTASKS_PER_SOCKET OPEN_MODE OVERCOMMIT PRIO_PROCESS PROCID
RESTART_COUNT SRUN_COMM_HOST SRUN_COMM_PORT STEPID STEP_GPUS STEP_ID STEP_LAUNCHER_PORT STEP_NODELIST STEP_NUM_NODES
STEP_NUM_TASKS STEP_TASKS_PER_NODE SUBMIT_DIR SUBMIT_HOST TASKS_PER_NODE TASK_PID THREADS_PER_CORE TOPOLOGY_ADDR
TOPOLOGY_ADDR_PATTERN UMASK WORKING_CLUSTER
"""
OF_A_JOB = frozenset(SLURM_PREFIX + name for name in JOB_NAMES.split()) | {"SLURMD_NODENAME"}


def exported(environ: Mapping[str, str], value: str | None) -> dict[str, str]:
    """The variables that travel. `value` is what --export says; None is ALL.

    ALL takes all of `environ`; NONE only SLURM_*; a list the variables that it names and SLURM_* ("A" as it is in
    `environ`, "A=1" set, 'B="x y"' unquoted), with ALL as an item everything besides.
    Source: sbatch(1) --export; sbatch 22.05.
    """
    own = {name: text for name, text in environ.items() if name not in OF_A_JOB}
    if value is None or value.upper() == "ALL":
        return own
    slurm = {name: text for name, text in own.items() if name.startswith(SLURM_PREFIX)}
    if value.upper() in ("NONE", "NIL"):
        return slurm
    items = split(value)
    result = own if "ALL" in (item.upper() for item in items) else slurm
    for item in items:
        name, equals, text = item.partition("=")
        if equals and name:
            result[name] = text
        elif item.upper() != "ALL" and item in own:
            result[item] = own[item]
    return result


def named(value: str | None) -> list[str]:
    """The variables that --export names one by one: those win over what a container image says."""
    if value is None or value.upper() in ("ALL", "NONE", "NIL"):
        return []
    names = [item.partition("=")[0] for item in split(value)]
    return [name for name in dict.fromkeys(names) if name and name.upper() != "ALL"]


def split(value: str) -> list[str]:
    """Items between commas; quotes, single or double, keep commas together and are removed."""
    items, item, quote = [], "", ""
    for character in value:
        if quote:
            if character == quote:
                quote = ""
            else:
                item += character
        elif character in "'\"":
            quote = character
        elif character == ",":
            items.append(item)
            item = ""
        else:
            item += character
    items.append(item)
    return [item for item in items if item]
