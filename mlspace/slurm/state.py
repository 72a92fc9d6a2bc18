"""Slurm's job states: long name, the two letters of squeue, and which are final. Source: squeue(1), JOB STATE CODES."""

from __future__ import annotations

from mlspace.errors import BadValue

PENDING = "PENDING"
CONFIGURING = "CONFIGURING"
RUNNING = "RUNNING"
COMPLETING = "COMPLETING"
COMPLETED = "COMPLETED"
CANCELLED = "CANCELLED"
FAILED = "FAILED"
TIMEOUT = "TIMEOUT"
NODE_FAIL = "NODE_FAIL"
PREEMPTED = "PREEMPTED"
BOOT_FAIL = "BOOT_FAIL"
DEADLINE = "DEADLINE"
OUT_OF_MEMORY = "OUT_OF_MEMORY"
SUSPENDED = "SUSPENDED"
SPECIAL_EXIT = "SPECIAL_EXIT"
"""Requeued, and held until it is released: `scontrol requeuehold State=SpecialExit`."""

REQUEUED = "REQUEUED"
"""Only of a run in accounting, that another one followed."""

SHORT = {
    BOOT_FAIL: "BF",
    CANCELLED: "CA",
    COMPLETED: "CD",
    CONFIGURING: "CF",
    COMPLETING: "CG",
    DEADLINE: "DL",
    FAILED: "F",
    NODE_FAIL: "NF",
    OUT_OF_MEMORY: "OOM",
    PENDING: "PD",
    PREEMPTED: "PR",
    RUNNING: "R",
    "RESV_DEL_HOLD": "RD",
    "REQUEUE_FED": "RF",
    "REQUEUE_HOLD": "RH",
    REQUEUED: "RQ",
    "RESIZING": "RS",
    "REVOKED": "RV",
    "SIGNALING": "SI",
    SPECIAL_EXIT: "SE",
    "STAGE_OUT": "SO",
    "STOPPED": "ST",
    SUSPENDED: "S",
    TIMEOUT: "TO",
}

WAITING = (PENDING, SPECIAL_EXIT)

ACTIVE = (*WAITING, CONFIGURING, RUNNING, COMPLETING, SUSPENDED)
"""States that squeue shows when it is not told which."""

FINAL = (COMPLETED, CANCELLED, FAILED, TIMEOUT, NODE_FAIL, PREEMPTED, BOOT_FAIL, DEADLINE, OUT_OF_MEMORY)

UNFORTUNATE = (NODE_FAIL, PREEMPTED)
"""Ends that are not the job's fault: it is run again where it may be. Source: sbatch(1) --requeue; slurm.conf(5) JobRequeue."""

BASE = (PENDING, RUNNING, SUSPENDED, COMPLETED, CANCELLED, FAILED, TIMEOUT, NODE_FAIL, PREEMPTED, BOOT_FAIL, DEADLINE, OUT_OF_MEMORY)
"""In the order in which Slurm names them; the flags of a state, as COMPLETING, come behind."""

NAMES = (
    *BASE,
    *(COMPLETING, CONFIGURING, "RESIZING", "RESV_DEL_HOLD", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD"),
    *("REVOKED", "SIGNALING", SPECIAL_EXIT, "STAGE_OUT", "STOPPED"),
)


def find(text: str) -> str:
    """The long name of a state given by its long or short one, in any case. Raises BadValue."""
    word = text.upper()
    for name, short in SHORT.items():
        if word in (name, short):
            return name
    raise BadValue(text)
