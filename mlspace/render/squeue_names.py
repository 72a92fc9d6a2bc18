"""squeue's names of -O: every one that Slurm 22.05 knows, the undocumented ones too. Those that a letter stands for are its field.

Source: squeue(1) --Format; squeue 22.05, whose misspelt header of siblingsviableraw is kept: scripts look for headers.
"""

from __future__ import annotations

from mlspace.render.format import UNSET, Field
from mlspace.render.squeue import FIELDS, NOT_YET, JobRow, gres_per_node
from mlspace.slurm import duration
from mlspace.slurm.accounting import ASSOCIATION
from mlspace.slurm.gres import format_resources
from mlspace.slurm.job import CLUSTER_NAME
from mlspace.slurm.size import format_memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlspace.slurm.job import JobView

NO_FEDERATION = "NA"


def tres(job: JobView) -> str:
    """Trackable resources: "cpu=8,mem=800M,node=2,billing=8,gres/gpu=2"."""
    gpus = f",gres/gpu={job.shown_gpus}" if job.shown_gpus else ""
    return f"cpu={job.shown_cpus},mem={format_memory(job.shown_memory_mib)},node={job.shown_nodes},billing={job.shown_cpus}{gpus}"


def tracked(row: JobRow, option: str) -> str:
    """The GPUs that an option asked for."""
    return format_resources(row.job.option(option) or []) or NOT_YET


def per_gpu(row: JobRow, option: str) -> str:
    """What an option asked for with each GPU: "gres:gpu:2"."""
    number = row.job.option(option)
    return NOT_YET if number is None else f"gres:gpu:{number}"


def number(row: JobRow, option: str, missing: str = NOT_YET) -> str:
    value = row.job.option(option)
    return missing if value is None else str(value)


def text(row: JobRow, option: str) -> str:
    return str(row.job.option(option) or UNSET)


def minutes(row: JobRow, option: str) -> str:
    return duration.format_short((row.job.option(option) or 0) * 60)


def most_nodes(row: JobRow) -> str:
    asked = row.job.option("nodes")
    return str(asked[1] if row.job.is_pending and asked and asked[1] else row.job.shown_nodes)


def pending_seconds(row: JobRow) -> str:
    """How long the job has waited."""
    return str(int(row.job.start_time or row.now) - int(row.job.submit_time))


def stream(row: JobRow, name: str) -> str:
    """The path of "in", "out" or "err" as Slurm shows it: with its patterns, the default one expanded."""
    job = row.job
    if job.option({"in": "input", "out": "output", "err": "error"}[name]) is None:
        return f"{job.work_dir}/slurm-{job.job_id}.out" if name == "out" else ""
    return job.stream_pattern(name)


def profile(row: JobRow) -> str:
    kinds = str(row.job.option("profile") or "NotSet")
    return "Energy,Lustre,Network,Task" if kinds.lower() == "all" else kinds.title() if kinds != "NotSet" else kinds


NAMES = {
    "account": FIELDS["a"],
    "accruetime": Field("ACCRUE_TIME", lambda row: row.time(row.eligible)),
    "admin_comment": Field("ADMIN_COMMENT", lambda row: UNSET),
    "allocnodes": Field("ALLOC_NODES", lambda row: row.job.alloc_node),
    "allocsid": Field("ALLOC_SID", lambda row: str(row.job.alloc_sid)),
    "arrayjobid": FIELDS["F"],
    "arraytaskid": FIELDS["K"],
    "associd": Field("ASSOC_ID", lambda row: ASSOCIATION),
    "batchflag": Field("BATCH_FLAG", lambda row: str(row.job.batch)),
    "batchhost": FIELDS["B"],
    "boardspernode": Field("BOARDS_PER_NODE", lambda row: "0"),
    "burstbuffer": Field("BURST_BUFFER", lambda row: UNSET),
    "burstbufferstate": Field("BURST_BUFFER_STATE", lambda row: UNSET),
    "cluster": Field("CLUSTER", lambda row: CLUSTER_NAME),
    "clusterfeature": Field("CLUSTER_FEATURES", lambda row: UNSET),
    "command": FIELDS["o"],
    "comment": FIELDS["k"],
    "container": Field("CONTAINER", lambda row: text(row, "container")),
    "contiguous": FIELDS["O"],
    "cores": FIELDS["I"],
    "corespec": FIELDS["X"],
    "cpus-per-task": Field("CPUS_PER_TASK", lambda row: str(row.job.cpus_per_task or 1)),
    "cpus-per-tres": Field("CPUS_PER_TRES", lambda row: per_gpu(row, "cpus-per-gpu")),
    "deadline": Field("DEADLINE", lambda row: row.time(row.job.deadline)),
    "delayboot": Field("DELAY_BOOT", lambda row: minutes(row, "delay-boot")),
    "dependency": FIELDS["E"],
    "derivedec": Field("DERIVED_EC", lambda row: "0"),
    "eligibletime": Field("ELIGIBLE_TIME", lambda row: row.time(row.eligible)),
    "endtime": FIELDS["e"],
    "exit_code": Field("EXIT_CODE", lambda row: str(row.job.wait_status)),
    "feature": FIELDS["f"],
    "gres": FIELDS["b"],
    "groupid": FIELDS["G"],
    "groupname": FIELDS["g"],
    "hetjobid": Field("HET_JOB_ID", lambda row: NOT_YET if row.job.het_job_id is None else str(row.job.het_job_id)),
    "hetjobidset": Field("HET_JOB_ID_SET", lambda row: row.family_set or NOT_YET),
    "hetjoboffset": Field("HET_JOB_OFFSET", lambda row: NOT_YET if row.job.het_job_id is None else str(row.job.het_offset)),
    "jobarrayid": FIELDS["i"],
    "jobid": FIELDS["A"],
    "lastschedeval": Field("LAST_SCHED_EVAL", lambda row: row.time(row.job.start_time or row.job.submit_time)),
    "licenses": FIELDS["W"],
    "maxcpus": Field("MAX_CPUS", FIELDS["C"].value),
    "maxnodes": Field("MAX_NODES", most_nodes),
    "mcslabel": Field("MCSLABEL", lambda row: UNSET),
    "mem-per-tres": Field("MEM_PER_TRES", lambda row: per_gpu(row, "mem-per-gpu")),
    "mincpus": FIELDS["c"],
    "minmemory": FIELDS["m"],
    "mintime": Field("TIME_MIN", lambda row: duration.format_short((row.job.time_min or 0) * 60)),
    "mintmpdisk": FIELDS["d"],
    "name": FIELDS["j"],
    "network": Field("NETWORK", lambda row: text(row, "network")),
    "nice": FIELDS["y"],
    "nodelist": FIELDS["N"],
    "ntperboard": Field("NTASKS_PER_BOARD", lambda row: "0"),
    "ntpercore": Field("NTASKS_PER_CORE", lambda row: number(row, "ntasks-per-core")),
    "ntpernode": Field("NTASKS_PER_NODE", lambda row: number(row, "ntasks-per-node", "0")),
    "ntpersocket": Field("NTASKS_PER_SOCKET", lambda row: number(row, "ntasks-per-socket")),
    "numcpus": FIELDS["C"],
    "numnodes": FIELDS["D"],
    "numtasks": Field("TASKS", lambda row: str(row.job.shown_tasks)),
    "origin": Field("ORIGIN", lambda row: NO_FEDERATION),
    "originraw": Field("ORIGIN_RAW", lambda row: NO_FEDERATION),
    "oversubscribe": FIELDS["h"],
    "partition": FIELDS["P"],
    "pendingtime": Field("PENDING_TIME", pending_seconds),
    "preempttime": Field("PREEMPT_TIME", lambda row: NOT_YET),
    "prefer": Field("PREFER", lambda row: text(row, "prefer")),
    "priority": FIELDS["p"],
    "prioritylong": FIELDS["Q"],
    "profile": Field("PROFILE", profile),
    "qos": FIELDS["q"],
    "reason": FIELDS["r"],
    "reasonlist": FIELDS["R"],
    "reboot": Field("REBOOT", lambda row: str(int(bool(row.job.option("reboot"))))),
    "reqnodes": FIELDS["n"],
    "reqswitch": Field("REQ_SWITCH", lambda row: number(row, "switches", "0")),
    "requeue": Field("REQUEUE", lambda row: str(row.job.requeue)),
    "reservation": FIELDS["v"],
    "resizetime": Field("RESIZE_TIME", lambda row: NOT_YET, cut_value=False),
    "restartcnt": Field("RESTART_COUNT", lambda row: str(row.job.restart_count)),
    "schednodes": FIELDS["Y"],
    "sct": FIELDS["z"],
    "selectjobinfo": FIELDS["s"],
    "siblingsactive": Field("ACTIVE_SIBLINGS", lambda row: NO_FEDERATION),
    "siblingsactiveraw": Field("ACTIVE_SIBLINGS_RAW", lambda row: NO_FEDERATION),
    "siblingsviable": Field("VIABLE_SIBLINGS", lambda row: NO_FEDERATION),
    "siblingsviableraw": Field("VIALBLE_SIBLINGS_RAW", lambda row: NO_FEDERATION),
    "sockets": FIELDS["H"],
    "sperboard": Field("SOCKETS_PER_BOARD", lambda row: "0"),
    "starttime": FIELDS["S"],
    "state": FIELDS["T"],
    "statecompact": FIELDS["t"],
    "stderr": Field("STDERR", lambda row: stream(row, "err") or (stream(row, "out") if row.job.batch else NOT_YET)),
    "stdin": Field("STDIN", lambda row: stream(row, "in") or ("/dev/null" if row.job.batch else UNSET)),
    "stdout": Field("STDOUT", lambda row: stream(row, "out")),
    "submittime": FIELDS["V"],
    "system_comment": Field("SYSTEM_COMMENT", lambda row: row.job.system_comment or UNSET),
    "threads": FIELDS["J"],
    "timeleft": FIELDS["L"],
    "timelimit": FIELDS["l"],
    "timeused": FIELDS["M"],
    "tres-alloc": Field("TRES_ALLOC", lambda row: tres(row.job)),
    "tres-bind": Field("TRES_BIND", lambda row: NOT_YET),
    "tres-freq": Field("TRES_FREQ", lambda row: f"gpu:{row.job.option('gpu-freq')}" if row.job.option("gpu-freq") else NOT_YET),
    "tres-per-job": Field("TRES_PER_JOB", lambda row: tracked(row, "gpus")),
    "tres-per-node": Field("TRES_PER_NODE", gres_per_node),
    "tres-per-socket": Field("TRES_PER_SOCKET", lambda row: tracked(row, "gpus-per-socket")),
    "tres-per-task": Field("TRES_PER_TASK", lambda row: tracked(row, "gpus-per-task")),
    "userid": FIELDS["U"],
    "username": FIELDS["u"],
    "wait4switch": Field("WAIT4SWITCH", lambda row: duration.format_short(0)),
    "wckey": FIELDS["w"],
    "workdir": FIELDS["Z"],
}

NAMES |= {
    "cpuspertask": NAMES["cpus-per-task"],
    "packjobid": NAMES["hetjobid"],
    "packjobidset": NAMES["hetjobidset"],
    "packjoboffset": NAMES["hetjoboffset"],
    "shared": NAMES["oversubscribe"],
    "tres": NAMES["tres-alloc"],
}
