"""`--export`: which variables of the submitter's environment travel to the job."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SLURM_PREFIX = "SLURM_"

WORDS = ("ALL", "NONE", "NIL")
"""Items that are no variables' names."""

# Variables of the job inside which sbatch or srun runs. Real Slurm lets those through that it does not set anew, so that an
# outer job's SLURM_NTASKS governs the inner job's srun; nobody wants that, so none of them travels. What users set for later
# commands (SLURM_CPU_BIND, SLURM_EXIT_ERROR, ...) is not among them.
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


INSIDE_A_JOB = "SLURM_JOB_ID"

LOGIN_NAMES = ("HOME", "LOGNAME", "SHELL", "USER")
LOGIN_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def exported(environ: Mapping[str, str], value: str | None, program: str = "sbatch") -> dict[str, str]:
    """The variables that travel. `value` is what --export says; None is ALL.

    ALL takes all of `environ`; NONE only SLURM_*; a list the variables that it names and SLURM_* ("A" as it is in
    `environ`, "A=1" set), with ALL as an item everything besides. Where not all travels, sbatch's job gets a login
    environment, which here is LOGIN_NAMES and a plain PATH; srun's tasks get none.
    Source: sbatch(1), srun(1) --export; sbatch, srun 22.05.
    """
    own = dict(environ)
    if INSIDE_A_JOB in environ:
        own = {name: text for name, text in environ.items() if name not in OF_A_JOB}
    items = split("ALL" if value is None else value)
    if "ALL" in (item.upper() for item in items):
        result = dict(own)
    else:
        result = {name: text for name, text in own.items() if name.startswith(SLURM_PREFIX)}
        if program == "sbatch":
            result |= {name: own[name] for name in LOGIN_NAMES if name in own}
            result["PATH"] = LOGIN_PATH
    for item in items:
        name, equals, text = item.partition("=")
        if equals and name:
            result[name] = text
        elif not equals and item.upper() not in WORDS and item in own:
            result[item] = own[item]
    return result


def named(value: str | None) -> list[str]:
    """The variables that --export names one by one: those win over what a container image says."""
    names = [item.partition("=")[0] for item in split(value or "")]
    return [name for name in dict.fromkeys(names) if name and name.upper() not in WORDS]


def split(value: str) -> list[str]:
    """Items between commas that stand outside quotes. The quotes stay, as in Slurm: a shell has removed its own before."""
    items, item, quote = [], "", ""
    for character in value:
        if character == "," and not quote:
            items.append(item)
            item = ""
            continue
        if character == quote:
            quote = ""
        elif character in "'\"" and not quote:
            quote = character
        item += character
    items.append(item)
    return [item for item in items if item]
