"""scontrol's records: a job, a step, a node and a partition as Key=Value. Source: scontrol(1); scontrol 22.05."""

from __future__ import annotations

from mlspace.render.nodegroup import gres
from mlspace.render.squeue import hosts, sharing
from mlspace.slurm import duration
from mlspace.slurm.filename import NO_ARRAY_TASK
from mlspace.slurm.gres import format_resources
from mlspace.slurm.hostlist import expand_hosts, fold_hosts
from mlspace.slurm.mailtype import format_types
from mlspace.slurm.reason import BEGIN_TIME
from mlspace.slurm.size import format_memory
from mlspace.slurm.step import BATCH, derived_exit, held_by
from mlspace.slurm.timestamp import format_timestamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mlspace.cluster.cluster import Cluster, Node, Partition
    from mlspace.render.squeue import JobRow
    from mlspace.slurm.job import JobView
    from mlspace.slurm.occupation import Taken
    from mlspace.slurm.step import StepView

REQUESTED_GPUS = (
    ("TresPerJob", ("gpus",)),
    ("TresPerNode", ("gpus-per-node", "gres")),
    ("TresPerSocket", ("gpus-per-socket",)),
    ("TresPerTask", ("gpus-per-task",)),
)
"""Keys, and the options whose values they show."""

WITH_A_GPU = (("CpusPerTres", "cpus-per-gpu"), ("MemPerTres", "mem-per-gpu"))
"""Keys, and the options that say what comes with each GPU."""

NONE = "(null)"
NOT_YET = "Unknown"
UNLIMITED = "UNLIMITED"


def record(lines: Sequence[str], oneliner: bool) -> str:
    """A record as it is printed: lines under each other, and an empty one behind; or all in one."""
    return " ".join(lines) if oneliner else "\n   ".join(lines) + "\n"


def tres(cpus: int, memory_mib: int, nodes: int, gpus: int) -> str:
    """Trackable resources in scontrol's order: "cpu=8,mem=800M,node=2,billing=8,gres/gpu=2"."""
    return f"cpu={cpus},mem={format_memory(memory_mib)},node={nodes},billing={cpus}{gpu_word(gpus)}"


def gpu_word(gpus: int) -> str:
    return f",gres/gpu={gpus}" if gpus else ""


def job(row: JobRow, details: bool, steps: Sequence[StepView] = ()) -> list[str]:
    """The lines of a job. `details`: with what every node gives, where it runs on the platform, and the worst end of its steps."""
    job = row.job
    begun = job.start_time is not None
    start = job.begin_time if job.is_pending and not begun and job.reason == BEGIN_TIME else job.shown_start
    end = row.time(job.end_time, NOT_YET)
    if start is not None and job.end_time is None and job.time_limit is not None:
        end = row.time(start + job.time_limit * 60)
    scheduler = "Main" if job.het_job_id is None or not begun else "Backfill"  # it alone starts heterogeneous jobs
    nodes, tmp = job.option("nodes"), format_memory(job.option("tmp") or 0)
    node_count = f"{nodes[0]}-{nodes[1] or nodes[0]}" if job.is_pending and nodes else str(job.nodes)
    return [
        f"JobId={job.job_id}{array(job)}{component(job)} JobName={job.name}",
        *([f"HetJobIdSet={row.family_set}"] if row.family_set else []),
        f"UserId={job.user}({job.uid}) GroupId={job.grp}({job.gid}) MCS_label=N/A",
        f"Priority={job.priority} Nice={job.nice} Account={job.account or NONE} QOS={job.shown_qos}",
        f"JobState={job.state} Reason={job.reason.replace(' ', '_')} Dependency={job.dependency or NONE}",
        f"Requeue={job.requeue} Restarts={job.restart_count} BatchFlag={job.batch} Reboot=0 ExitCode={job.exit_code}:{job.exit_signal}",
        *(["DerivedExitCode={}:{}".format(*derived_exit(steps))] if details else []),
        f"RunTime={duration.format_long(job.elapsed(row.now))} TimeLimit={duration.format_limit(job.time_limit, long=True)}"
        f" TimeMin={least_limit(job)}",
        f"SubmitTime={row.time(job.submit_time)} EligibleTime={row.time(job.eligible_time, NOT_YET)}",
        f"AccrueTime={row.time(job.eligible_time, NOT_YET)}",
        f"StartTime={row.time(start, NOT_YET)} EndTime={end} Deadline={row.time(job.deadline)}",
        f"SuspendTime=None SecsPreSuspend=0 LastSchedEval={row.time(job.start_time or job.submit_time)} Scheduler={scheduler}",
        f"Partition={job.partition} AllocNode:Sid={job.alloc_node}:{job.alloc_sid}",
        f"ReqNodeList={hosts(row, 'nodelist') or NONE} ExcNodeList={hosts(row, 'exclude') or NONE}",
        f"NodeList={job.node_list}",
        *([f"BatchHost={job.first_node}"] if job.first_node else []),
        f"NumNodes={node_count} NumCPUs={job.shown_cpus} NumTasks={task_count(job)} CPUs/Task={job.geometry('cpus_of_task') or 1} "
        f"{least_shape(job)}",
        f"TRES={tres(job.shown_cpus, job.shown_memory_mib, job.shown_nodes, job.shown_gpus)}",
        most_tasks(job),
        *(job_nodes(job) if details and begun else []),
        f"MinCPUsNode={job.least_cpus_per_node} {memory(job)} MinTmpDiskNode={tmp}",
        f"Features={job.option('constraint') or NONE} DelayBoot=00:00:00",
        f"OverSubscribe={sharing(row)} Contiguous={int(bool(job.option('contiguous')))} "
        f"Licenses={job.option('licenses') or NONE} Network={NONE}",
        f"Command={job.command or NONE}",
        f"WorkDir={job.work_dir}",
        *([f"Comment={job.comment} "] if job.comment else []),
        *([f"SystemComment={job.system_comment} "] if job.system_comment else []),
        *(streams(job) if job.batch else []),
        *([f"MLSpaceJob={job.platform_job or NONE} Region={job.region} InstanceType={job.instance_type}"] if details else []),
        "Power=",
        *requested_gpus(job),
        *mail(job),
        "",
    ]


def task_count(job: JobView) -> str:
    """Slurm forgets it of a job that ends without having run."""
    return "N/A" if job.start_time is None and job.end_time is not None else str(job.shown_tasks)


def component(job: JobView) -> str:
    return "" if job.het_job_id is None else f" HetJobId={job.het_job_id} HetJobOffset={job.het_offset}"


def array(job: JobView) -> str:
    if job.array_job_id is None:
        return ""
    throttle = f" ArrayTaskThrottle={job.array_limit}" if job.array_limit else ""
    return f" ArrayJobId={job.array_job_id} ArrayTaskId={job.array_tasks or NO_ARRAY_TASK}{throttle}"


def least_limit(job: JobView) -> str:
    return "N/A" if job.time_min is None else duration.format_limit(job.time_min, long=True)


def mail(job: JobView) -> list[str]:
    """To whom a letter was wished for, and of what."""
    wished = job.option("mail-type")
    return [f"MailUser={job.option('mail-user') or job.user} MailType={format_types(wished)}"] if wished else []


def memory(job: JobView) -> str:
    per_cpu = job.geometry("mem_per_cpu")
    return f"MinMemoryCPU={format_memory(per_cpu)}" if per_cpu else f"MinMemoryNode={format_memory(job.geometry('mem_per_node') or 0)}"


def streams(job: JobView) -> list[str]:
    out = job.stream("out")
    return [f"StdErr={job.stream('err') or out}", f"StdIn={job.stream('in') or '/dev/null'}", f"StdOut={out}"]


def requested_gpus(job: JobView) -> list[str]:
    """The GPUs that were asked for, as they were asked for."""
    lines = [f"{key}=gres:gpu:{job.option(option)}" for key, option in WITH_A_GPU if job.option(option)]
    for key, options in REQUESTED_GPUS:
        asked = [format_resources(job.option(option)) for option in options if job.option(option)]
        lines += [f"{key}={','.join(asked)}"] if asked else []
    return lines


def least_shape(job: JobView) -> str:
    """Cores of a socket and threads of a core that a node must have at least."""
    _, cores, threads = job.geometry("shape") or (None, None, None)
    return f"ReqB:S:C:T=0:0:{cores or '*'}:{threads or '*'}"


def most_tasks(job: JobView) -> str:
    """Sockets that a node must have, and the tasks on a node, board, socket and core at most."""
    sockets = (job.geometry("shape") or [None])[0]
    per_socket, per_core = job.option("ntasks-per-socket"), job.option("ntasks-per-core")
    tasks = f"{job.geometry('tasks_of_node') or 0}:0:{per_socket or '*'}:{per_core or '*'}"
    return f"Socks/Node={sockets or '*'} NtasksPerN:B:S:C={tasks} CoreSpec=*"


def job_nodes(job: JobView) -> list[str]:
    """What each group of equal nodes gives to the job. Which of a node's CPUs is the platform's matter."""
    groups: dict[tuple[int, int, int], list[str]] = {}
    for name, cpus, mib, gpus in job.shares():
        groups.setdefault((cpus, mib, gpus), []).append(name)
    return [f"JOB_GRES={f'gpu:{job.gpus}' if job.gpus else NONE}"] + [
        f"  Nodes={fold_hosts(members)} CPUs={cpus} Mem={mib} GRES={f'gpu:{gpus}' if gpus else ''}"
        for (cpus, mib, gpus), members in groups.items()
    ]


def step(job: JobView, step: StepView, time_format: str) -> list[str]:
    """The lines of a step that runs. As in Slurm the batch script has nothing."""
    cpus, mib, gpus = (0, 0, 0) if step.step == BATCH else held_by(step, job)
    given = f"cpu={cpus},mem={format_memory(mib)},node={len(step.nodes)}{gpu_word(gpus)}"
    distribution = "" if step.step == BATCH else f" Dist={distribution_of(step)}"
    limit = "UNLIMITED" if step.limit_seconds is None else duration.format_long(step.limit_seconds)
    return [
        f"StepId={job.label}.{step.name_in_job} UserId={job.uid}"
        f" StartTime={format_timestamp(step.start_time, time_format)} TimeLimit={limit}",
        f"State={step.state} Partition={job.partition} NodeList={step.node_list}",
        f"Nodes={len(step.nodes)} CPUs={cpus} Tasks={step.tasks} Name={step.name} Network={NONE}",
        f"TRES={given if cpus else NONE}",
        f"ResvPorts={NONE}",
        f"CPUFreqReq=Default{distribution}",
        f"SrunHost:Pid={step.srun or f'{NONE}:0'}",
    ]


def distribution_of(step: StepView) -> str:
    """How tasks are dealt to nodes, in Slurm's words; as its srun would have decided where our `launch` does not tell."""
    if step.distribution:
        return ",".join(word.capitalize() for word in step.distribution.split(":"))
    return "Cyclic" if step.tasks <= len(step.nodes) else "Block"


def node(node: Node, taken: Taken, partitions: Sequence[str], machine: Mapping[str, str], version: str) -> list[str]:
    """The lines of a node. partitions: their names. machine: what is known of it, by scontrol's keys: Arch, CPULoad, OS, FreeMem, ..."""
    configured = f"cpu={node.cpus},mem={node.memory_mib}M,billing={node.cpus}{gpu_word(node.gpus)}"
    allocated = f"cpu={taken.cpus},mem={format_memory(taken.memory_mib)}{gpu_word(taken.gpus)}"
    architecture = f"Arch={machine['Arch']} " if "Arch" in machine else ""
    return [
        f"NodeName={node.name} {architecture}CoresPerSocket={node.cores_per_socket} ",
        f"CPUAlloc={taken.cpus} CPUEfctv={node.cpus} CPUTot={node.cpus} CPULoad={machine.get('CPULoad', 'N/A')}",
        f"AvailableFeatures={NONE}",
        f"ActiveFeatures={NONE}",
        f"Gres={gres(node)}",
        f"NodeAddr={node.name} NodeHostName={node.name} Version={version}",
        *([f"OS={machine['OS']} "] if "OS" in machine else []),
        f"RealMemory={node.memory_mib} AllocMem={taken.memory_mib} FreeMem={machine.get('FreeMem', 'N/A')} Sockets={node.sockets} Boards=1",
        f"State={taken.node_state(node.cpus)} ThreadsPerCore={node.threads_per_core} TmpDisk=0 Weight=1 Owner=N/A MCS_label=N/A",
        f"Partitions={','.join(partitions)} ",
        f"BootTime={machine.get('BootTime', 'None')} SlurmdStartTime={machine.get('SlurmdStartTime', 'None')}",
        f"LastBusyTime={machine.get('LastBusyTime', 'None')}",
        f"CfgTRES={configured}",
        f"AllocTRES={allocated if taken.cpus else ''}",
        "CapWatts=n/a",
        "CurrentWatts=0 AveWatts=0",
        "ExtSensorsJoules=n/s ExtSensorsWatts=0 ExtSensorsTemp=n/s",
    ]


def partition(partition: Partition, cluster: Cluster) -> list[str]:
    """The lines of a partition."""
    named = set(partition.nodes or ())
    nodes = [node for node in cluster.nodes if node.name in named]
    cpus, mib, gpus = sum(node.cpus for node in nodes), sum(node.memory_mib for node in nodes), sum(node.gpus for node in nodes)
    default = "YES" if partition.default else "NO"
    usual_memory = f"DefMemPerCPU={partition.def_mem_per_cpu}" if partition.def_mem_per_cpu else f"DefMemPerNode={UNLIMITED}"
    tracked = f"cpu={cpus},mem={mib}M,node={len(nodes)},billing={cpus}{gpu_word(gpus)}"
    return [
        f"PartitionName={partition.name}",
        "AllowGroups=ALL AllowAccounts=ALL AllowQos=ALL",
        f"AllocNodes=ALL Default={default} QoS=N/A",
        "DefaultTime=NONE DisableRootJobs=NO ExclusiveUser=NO GraceTime=0 Hidden=NO",
        f"MaxNodes={partition.max_nodes or UNLIMITED} MaxTime={duration.format_limit(partition.max_time, long=True)} "
        f"MinNodes={partition.min_nodes or 0} LLN=NO MaxCPUsPerNode=UNLIMITED",
        f"Nodes={fold_hosts(partition.nodes) if partition.nodes else NONE}",
        "PriorityJobFactor=1 PriorityTier=1 RootOnly=NO ReqResv=NO OverSubscribe=NO",
        "OverTimeLimit=NONE PreemptMode=OFF",
        f"State=UP TotalCPUs={cpus} TotalNodes={len(nodes)} SelectTypeParameters=NONE",
        f"JobDefaults={NONE}",
        f"{usual_memory} MaxMemPerNode={partition.max_mem_per_node or UNLIMITED}",
        f"TRES={tracked}",
    ]


def last_ends(jobs: Iterable[JobView]) -> dict[str, int]:
    """When the last of these jobs left each node that they had, unix seconds."""
    ends: dict[str, int] = {}
    for job in jobs:
        for name in expand_hosts(job.node_list) if job.end_time else ():
            ends[name] = max(job.end_time, ends.get(name, 0))
    return ends
