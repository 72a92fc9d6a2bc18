"""The table of options of sbatch, srun and salloc: every option of Slurm 22.05, and ours.

The order is that of Slurm's own table, because getopt lists an ambiguous prefix's possibilities in it.
Sources: sbatch(1), srun(1), salloc(1) and their --help; messages and exit codes from running them.
"""

from __future__ import annotations

from mlspace.slurm import array, count, dependency, distribution, duration, gres, hostlist, mailtype, reading, signal, size, timestamp
from mlspace.slurm.option import APPROXIMATED, IGNORED, OPTIONAL, REFUSED, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

SBATCH, SRUN, SALLOC = "sbatch", "srun", "salloc"

# Commands that have an option; the value is the input environment variable's name ("" for none).
ALL = {SBATCH: "", SRUN: "", SALLOC: ""}
ONLY_SBATCH = {SBATCH: ""}
ONLY_SRUN = {SRUN: ""}
ONLY_SALLOC = {SALLOC: ""}

# Headings of --help.
RUN = "Parallel run options:"
NODES = "Constraint options:"
SHARED = "Consumable resources related options:"
CORES = "Affinity/Multi-core options:"
GPUS = "GPU scheduling options:"
PLATFORM = "MLSpace options:"
HELP = "Help options:"

COUNT_EXIT = 1
LATER = "it comes with a later version"
NO_BINDING = "tasks are not bound to CPUs or memory"
NO_TOPOLOGY = "the platform chooses nodes by itself"
NO_MAIL = "no mail is sent"
NO_HARDWARE = "the platform does not offer it"
NO_CORE_SPEC = "error: Ignoring {} since it's not allowed by configuration (AllowSpecResourcesUsage = No)"
NO_STAGING = "there is no data staging here"


def every(name: str, srun: str = "") -> dict[str, str]:
    """On all three commands, with the variable SBATCH_NAME, SLURM_NAME, SALLOC_NAME; `srun` names its own where it differs."""
    return {SBATCH: f"SBATCH_{name}", SRUN: srun or f"SLURM_{name}", SALLOC: f"SALLOC_{name}"}


def number(
    long: str,
    short: str = "",
    metavar: str = "n",
    *,
    parse: Callable[[str], Any] = count.positive,
    on: Mapping[str, str],
    message_name: str = "",
    **columns: Any,
) -> Option:
    """A row whose value is a count: all of them share Slurm's sentence and exit code."""
    invalid = f'Invalid numeric value "{{value}}" for {message_name or "--" + long}.'
    return Option(long, short, metavar, parse=parse, on=on, invalid=invalid, exit_code=COUNT_EXIT, **columns)


# fmt: off - a row is a line or two
OPTIONS = (
    Option("accel-bind", "", "type", on=ONLY_SRUN, support=IGNORED, note=NO_BINDING),
    Option("account", "A", "name", on=every("ACCOUNT"), section=RUN, help="account to charge; kept with the job"),
    Option("acctg-freq", "", "intervals", on=every("ACCTG_FREQ"), support=IGNORED, note="no resource use is sampled"),
    Option("array", "a", "indexes", parse=array.specification, on={SBATCH: "SBATCH_ARRAY_INX"}, section=RUN,
           help="submit a job array: 0-15, 0-15:4, 1,3,5, with %n for how many may run at once",
           invalid="Batch job submission failed: Invalid job array specification", exit_code=1),
    Option("bcast", "", "path", argument=OPTIONAL, on={SRUN: "SLURM_BCAST"}, support=REFUSED, note=LATER),
    Option("batch", "", "list", on={SBATCH: "SBATCH_BATCH"}, support=REFUSED, note="nodes have no features here"),
    Option("bcast-exclude", "", "paths", on={SRUN: "SLURM_BCAST_EXCLUDE"}, support=IGNORED),
    Option("begin", "b", "time", parse=timestamp.checked, on=ALL, section=RUN, help="do not start before that time: 16:00, now+1hour"),
    Option("bell", on={SALLOC: "SALLOC_BELL"}, support=IGNORED),
    Option("bb", "", "spec", on={SBATCH: "", SRUN: "SLURM_BURST_BUFFER", SALLOC: "SALLOC_BURST_BUFFER"}, support=REFUSED, note=NO_STAGING),
    Option("bbf", "", "file", on=ALL, support=REFUSED, note=NO_STAGING),
    Option("cluster-constraint", "", "list", on=ALL, support=REFUSED, note="there is one cluster"),
    Option("chdir", "D", "directory", on={SBATCH: "", SRUN: "SLURM_REMOTE_CWD SLURM_WORKING_DIR", SALLOC: ""}, section=RUN,
           help="directory in which the job starts (the current one)"),
    Option("cluster", "M", "names", on=ALL, support=REFUSED, note="there is one cluster", alias_of="clusters"),
    Option("clusters", "", "names", support=REFUSED, note="there is one cluster",
           on={SBATCH: "SLURM_CLUSTERS SBATCH_CLUSTERS", SRUN: "SLURM_CLUSTERS", SALLOC: "SLURM_CLUSTERS SALLOC_CLUSTERS"}),
    Option("comment", "", "text", on=ALL, section=RUN, help="any text, kept with the job"),
    Option("compress", "", "library", argument=OPTIONAL, on={SRUN: "SLURM_COMPRESS"}, support=IGNORED),
    Option("container", "", "path", on=every("CONTAINER", "SRUN_CONTAINER"), support=REFUSED, note="name a container image with --image"),
    Option("context", "", "name", on=ALL, support=IGNORED, note=NO_HARDWARE),
    Option("contiguous", on=ALL, support=APPROXIMATED, note=NO_TOPOLOGY, section=NODES, help="nodes next to each other"),
    Option("constraint", "C", "list", on=every("CONSTRAINT"), support=REFUSED,
           note="nodes have no features here; choose them with --gres, --mem, --partition or --instance-type"),
    number("core-spec", "S", parse=count.natural, on=every("CORE_SPEC"), support=IGNORED, note=NO_HARDWARE,
           said=NO_CORE_SPEC.format("-S")),
    number("cores-per-socket", on=ALL, section=CORES, help="cores that a node's socket must have at least"),
    Option("cpu-bind", "", "type", on={SRUN: "SLURM_CPU_BIND"}, support=IGNORED, note=NO_BINDING),
    Option("cpu_bind", "", "type", on=ONLY_SRUN, support=IGNORED, note=NO_BINDING, alias_of="cpu-bind"),
    Option("cpu-freq", "", "range", on={SBATCH: "", SRUN: "SLURM_CPU_FREQ_REQ", SALLOC: ""}, support=IGNORED, note=NO_HARDWARE),
    number("cpus-per-gpu", on=every("CPUS_PER_GPU"), section=GPUS, help="CPUs for each GPU"),
    number("cpus-per-task", "c", "ncpus", on={SBATCH: "", SRUN: "SRUN_CPUS_PER_TASK", SALLOC: ""}, section=RUN,
           help="CPUs for each task (1)"),
    Option("deadline", "", "time", parse=timestamp.checked, on=ALL, section=RUN,
           help="remove the job when it could not end by that time"),
    Option("debugger-test", on=ONLY_SRUN, support=REFUSED, note="there is nothing to attach to"),
    Option("delay-boot", "", "minutes", parse=duration.minutes, on=every("DELAY_BOOT"), support=IGNORED, note="nodes are not rebooted"),
    Option("dependency", "d", "type:jobid", parse=dependency.conditions, on={SBATCH: "", SRUN: "SLURM_DEPENDENCY", SALLOC: ""},
           section=RUN, help="wait for other jobs: afterok:20:21, afterany, afternotok, after:20+5, aftercorr, singleton",
           invalid="Batch job submission failed: Job dependency problem", exit_code=1),
    Option("disable-status", "X", on={SRUN: "SLURM_DISABLE_STATUS"}, support=IGNORED, note="Ctrl-C always cancels the job"),
    Option("distribution", "m", "type", parse=distribution.method, on=every("DISTRIBUTION"), section=RUN,
           help="how tasks are dealt to nodes: block, cyclic, plane=size"),
    Option("epilog", "", "program", on={SRUN: "SLURM_EPILOG"}, support=REFUSED, note=LATER),
    Option("error", "e", "file", parse=reading.file_name, on={SBATCH: "SBATCH_ERROR", SRUN: "SLURM_STDERRMODE"}, section=RUN,
           help="file for standard error (the same as --output)"),
    Option("exact", on={SRUN: "SLURM_EXACT"}),
    Option("exclude", "x", "hosts", parse=hostlist.node_names, on=ALL, section=NODES, help="nodes that the job must not get",
           invalid="Invalid node name specified", exit_code=1),
    Option("exclusive", "", "user", argument=OPTIONAL, parse=reading.exclusive, on=every("EXCLUSIVE"), section=SHARED,
           help="whole nodes, shared with no other job"),
    Option("export", "", "names", on={SBATCH: "SBATCH_EXPORT", SRUN: "SLURM_EXPORT_ENV SRUN_EXPORT_ENV"}, section=RUN,
           help="environment variables that the job gets: ALL, NONE, or a list of names and name=value (ALL)"),
    Option("export-file", "", "file", on=ONLY_SBATCH, support=REFUSED, note=LATER),
    Option("extra-node-info", "B", "S[:C[:T]]", parse=count.node_shape, on=ALL, exit_code=1, section=CORES,
           help="sockets, cores of a socket, threads of a core that a node must have at least"),
    Option("get-user-env", "", "mode", argument=OPTIONAL, on={SBATCH: "SBATCH_GET_USER_ENV", SALLOC: ""}, support=IGNORED,
           note="the job gets the submitter's environment as it is"),
    Option("gid", "", "group", on=ALL, support=REFUSED, note="a job runs as who submits it"),
    Option("gpu-bind", "", "type", parse=reading.gpu_binding, on=every("GPU_BIND"), support=REFUSED,
           note="a task sees all GPUs of its node; choose one by SLURM_LOCALID"),
    Option("gpu-freq", "", "freq", on=every("GPU_FREQ"), support=IGNORED, note=NO_HARDWARE),
    Option("gpus", "G", "n", parse=gres.gpus, on=every("GPUS"), invalid=gres.INVALID, exit_code=1, section=GPUS, support=APPROXIMATED,
           note="every node gets equally many, rounded up", help="GPUs of the whole job"),
    Option("gpus-per-node", "", "n", parse=gres.gpus, on=every("GPUS_PER_NODE"), invalid=gres.INVALID, exit_code=1, section=GPUS,
           help="GPUs of each node"),
    Option("gpus-per-socket", "", "n", parse=gres.gpus, on=ALL, invalid=gres.INVALID, exit_code=1, section=GPUS,
           help="GPUs for each socket that --sockets-per-node asks for"),
    Option("gpus-per-task", "", "n", parse=gres.gpus, on=every("GPUS_PER_TASK"), invalid=gres.INVALID, exit_code=1, section=GPUS,
           help="GPUs for each task"),
    Option("gres", "", "list", parse=gres.resources, on=every("GRES"), invalid=gres.INVALID, exit_code=1, section=NODES,
           help="resources of each node: gpu, gpu:2, gpu:a100:2"),
    Option("gres-flags", "", "type", on=every("GRES_FLAGS"), support=IGNORED, note=NO_BINDING),
    Option("help", "h", on=ALL, section=HELP, help="show this help"),
    Option("het-group", "", "group", on=ONLY_SRUN, support=REFUSED, note="heterogeneous jobs come with a later version"),
    Option("hint", "", "type", parse=reading.hint, support=IGNORED, note=NO_BINDING,
           on={SBATCH: "SLURM_HINT SBATCH_HINT", SRUN: "SLURM_HINT", SALLOC: "SLURM_HINT SALLOC_HINT"}, exit_code=1),
    Option("hold", "H", on=ALL, section=RUN, help="submit the job held: it waits for `scontrol release`"),
    Option("ignore-pbs", on={SBATCH: "SBATCH_IGNORE_PBS"}, section=RUN, help="pass over #PBS and #BSUB lines (they are never read)"),
    Option("immediate", "I", "seconds", argument=OPTIONAL, on={SRUN: "SLURM_IMMEDIATE", SALLOC: "SALLOC_IMMEDIATE"}, support=REFUSED,
           note=LATER),
    Option("input", "i", "file", parse=reading.file_name, on={SBATCH: "SBATCH_INPUT", SRUN: "SLURM_STDINMODE"}, section=RUN,
           help="file for standard input"),
    Option("interactive", on=ONLY_SRUN, support=REFUSED, note=LATER),
    number("jobid", "", "id", on={SRUN: "SLURM_JOB_ID"}, support=REFUSED, note="a step of a running job is started by the srun inside it"),
    Option("job-name", "J", "name", on={SBATCH: "SBATCH_JOB_NAME", SRUN: "SLURM_JOB_NAME", SALLOC: ""}, section=RUN,
           help="name of the job (that of the script or program)"),
    Option("kill-on-invalid-dep", "", "yes|no", parse=reading.yes_no, on=ONLY_SBATCH, section=RUN,
           help="end the job when its dependency can never be met, instead of keeping it"),
    number("kill-on-bad-exit", "K", "0|1", argument=OPTIONAL, parse=reading.switch, on={SRUN: "SLURM_KILL_BAD_EXIT"}, section=RUN,
           help="end all tasks when one of them fails"),
    Option("kill-command", "K", "signal", argument=OPTIONAL, on={SALLOC: "SALLOC_KILL_CMD"}, support=IGNORED),
    Option("label", "l", on={SRUN: "SLURM_LABELIO"}, section=RUN, help="put the task's number before each line of output"),
    Option("licenses", "L", "names", on=ALL, support=REFUSED, note="there are no licenses here"),
    Option("mail-type", "", "type", parse=mailtype.types, add=mailtype.join, on=ALL, support=IGNORED, note=NO_MAIL),
    Option("mail-user", "", "user", on=ALL, support=IGNORED, note=NO_MAIL),
    number("threads", "T", on={SRUN: "SLURM_THREADS"}, support=IGNORED),
    Option("mcs-label", "", "label", on=ALL, support=IGNORED),
    Option("mem", "", "size", parse=size.memory, on=every("MEM_PER_NODE"), section=NODES,
           help="memory of each node in MiB, or with K, M, G, T; 0 is all of it"),
    Option("mem-bind", "", "type", on=every("MEM_BIND"), support=IGNORED, note=NO_BINDING),
    Option("mem-per-cpu", "", "size", parse=size.memory, on=every("MEM_PER_CPU"), section=SHARED, help="memory for each CPU"),
    Option("mem-per-gpu", "", "size", parse=size.memory, on=every("MEM_PER_GPU"), section=GPUS, help="memory for each GPU"),
    number("mincpus", on=ALL, section=NODES, help="CPUs that each node must give at least"),
    Option("mpi", "", "type", parse=reading.mpi, on={SRUN: "SLURM_MPI_TYPE"}, support=REFUSED, note="only --mpi=none is there yet"),
    number("msg-timeout", "", "seconds", on=ONLY_SRUN, support=IGNORED),
    Option("multi-prog", on=ONLY_SRUN, support=REFUSED, note=LATER),
    Option("network", "", "type", on=every("NETWORK"), support=IGNORED, note=NO_HARDWARE),
    Option("nice", "", "value", argument=OPTIONAL, parse=reading.nice, on=ALL, section=RUN,
           help="lower the job's priority by that much (100)"),
    Option("no-allocate", "Z", on=ONLY_SRUN, support=REFUSED, note="a step runs in a job"),
    Option("no-bell", on={SALLOC: "SALLOC_NO_BELL"}, support=IGNORED),
    Option("no-kill", "k", "off", argument=OPTIONAL, parse=reading.off, on=every("NO_KILL"), support=IGNORED,
           note="a job ends when one of its nodes fails"),
    Option("no-requeue", on={SBATCH: "SBATCH_NO_REQUEUE"}, parse=reading.false, alias_of="requeue", section=RUN,
           help="do not run the job again after a node failure"),
    Option("no-shell", on=ONLY_SALLOC),
    Option("nodefile", "F", "file", on=ALL, support=REFUSED, note="name the nodes with --nodelist"),
    Option("nodelist", "w", "hosts", parse=hostlist.node_names, on=ALL, section=NODES, help="nodes that the job must get",
           invalid="Invalid node name specified", exit_code=1),
    Option("nodes", "N", "n[-max]", parse=count.node_range, on=ALL, invalid='"{value}" is not a valid node count', section=RUN,
           help="number of nodes, or least and most"),
    number("ntasks", "n", "ntasks", on={SBATCH: "", SRUN: "SLURM_NPROCS SLURM_NTASKS", SALLOC: ""}, section=RUN, help="number of tasks"),
    number("ntasks-per-core", on={SBATCH: "", SRUN: "SLURM_NTASKS_PER_CORE", SALLOC: ""}, section=CORES,
           help="tasks on each core at most"),
    number("ntasks-per-gpu", on={SBATCH: "", SRUN: "SLURM_NTASKS_PER_GPU", SALLOC: ""}, section=GPUS, help="tasks for each GPU"),
    number("ntasks-per-node", on={SBATCH: "", SRUN: "SLURM_NTASKS_PER_NODE", SALLOC: ""}, section=RUN, help="tasks on each node"),
    number("ntasks-per-socket", on={SBATCH: "", SRUN: "SLURM_NTASKS_PER_SOCKET", SALLOC: ""}, section=CORES,
           help="tasks on each socket at most"),
    number("ntasks-per-tres", on=ALL, alias_of="ntasks-per-gpu"),
    Option("open-mode", "", "append|truncate", parse=reading.open_mode, on={SBATCH: "SBATCH_OPEN_MODE", SRUN: "SLURM_OPEN_MODE"},
           section=RUN,
           help="whether output files are appended to or begun anew"),
    Option("output", "o", "file", parse=reading.file_name, on={SBATCH: "SBATCH_OUTPUT", SRUN: "SLURM_STDOUTMODE"}, section=RUN,
           help="file for standard output; % patterns as %j (job id), %x (job name), %t (task)"),
    Option("overcommit", "O", on=every("OVERCOMMIT"), section=RUN, help="more tasks than CPUs: one CPU for each node"),
    Option("overlap", "", "", argument=OPTIONAL, parse=reading.true, on={SRUN: "SLURM_OVERLAP"}),
    Option("oversubscribe", "s", on=ALL, parse=reading.false, alias_of="exclusive", support=APPROXIMATED,
           note="takes an earlier --exclusive back; jobs never share CPUs"),
    Option("parsable", on=ONLY_SBATCH, section=RUN, help="print the job's id and nothing else"),
    Option("pack-group", "", "group", on=ONLY_SRUN, support=REFUSED, alias_of="het-group"),
    Option("partition", "p", "name", on=every("PARTITION"), section=RUN, help="partition to run in (the default one)"),
    Option("power", "", "flags", on=every("POWER"), support=IGNORED, note=NO_HARDWARE),
    Option("prefer", "", "list", on=ALL, support=IGNORED, note="nodes have no features here"),
    Option("preserve-env", "E", on=ONLY_SRUN, support=REFUSED, note=LATER),
    Option("priority", "", "value", parse=reading.priority, on=ALL, section=RUN, support=APPROXIMATED,
           note="it orders what waits here; MLSpace runs what it was sent in the order of coming", help="priority of the job"),
    Option("profile", "", "type", on=every("PROFILE"), support=IGNORED, note="no resource use is sampled"),
    Option("prolog", "", "program", on={SRUN: "SLURM_PROLOG"}, support=REFUSED, note=LATER),
    Option("propagate", "", "rlimits", argument=OPTIONAL, on={SBATCH: "", SRUN: ""}, support=IGNORED, note="the soft limits always travel"),
    Option("pty", on=ONLY_SRUN, support=REFUSED, note=LATER),
    Option("qos", "q", "name", on=every("QOS"), section=RUN, help="quality of service; kept with the job"),
    Option("quiet", "Q", parse=reading.one, add=reading.sum_up, on=ALL, section=RUN, help="print no informational messages"),
    Option("quit-on-interrupt", on=ONLY_SRUN),
    Option("reboot", on=ALL, support=IGNORED, note="nodes are not rebooted"),
    Option("requeue", on={SBATCH: "SBATCH_REQUEUE"}, section=RUN, help="run the job again after a node failure"),
    number("relative", "r", parse=count.natural, on=ONLY_SRUN, support=REFUSED, note="it is for a step inside a job"),
    Option("reservation", "", "name", on=every("RESERVATION"), support=REFUSED, note="there are no reservations here"),
    number("resv-ports", "", "count", argument=OPTIONAL, parse=reading.switch, on={SRUN: "SLURM_RESV_PORTS"}, support=IGNORED,
           message_name="--resv-port"),
    Option("send-libs", "", "yes|no", argument=OPTIONAL, parse=reading.yes_no, on={SRUN: "SLURM_SEND_LIBS"}, support=IGNORED),
    Option("signal", "", "[R][B:]sig[@seconds]", parse=signal.warning, on={SBATCH: "SBATCH_SIGNAL"}, section=RUN,
           help="signal sent some time before the limit; B: to the batch shell only"),
    Option("signal", "", "[R:]sig[@seconds]", parse=signal.step_warning, on={SRUN: "SLURM_SIGNAL", SALLOC: "SALLOC_SIGNAL"}, section=RUN,
           help="signal sent some time before the limit"),
    Option("slurmd-debug", "", "level", on={SRUN: "SLURMD_DEBUG"}, support=IGNORED),
    number("sockets-per-node", on=ALL, section=CORES, help="sockets that a node must have at least"),
    Option("spread-job", on=every("SPREAD_JOB"), section=NODES, help="over as many nodes as there are"),
    Option("switches", "", "count[@time]", parse=reading.switches, on=every("REQ_SWITCH"), support=IGNORED, note=NO_TOPOLOGY,
           invalid='Invalid numeric value "{value}" for --switches.', exit_code=1),
    Option("task-epilog", "", "program", on={SRUN: "SLURM_TASK_EPILOG"}, support=REFUSED, note=LATER),
    Option("task-prolog", "", "program", on={SRUN: "SLURM_TASK_PROLOG"}, support=REFUSED, note=LATER),
    number("tasks-per-node", on=ALL, alias_of="ntasks-per-node", message_name="--ntasks-per-node"),
    Option("test-only", on={SBATCH: "", SRUN: ""}, section=RUN, help="say when the job would start, and submit nothing"),
    number("thread-spec", parse=count.natural, on=every("THREAD_SPEC"), support=IGNORED, note=NO_HARDWARE,
           said=NO_CORE_SPEC.format("--thread-spec")),
    number("threads-per-core", on=every("THREADS_PER_CORE"), section=CORES, help="threads that a node's core must have at least"),
    Option("time", "t", "limit", parse=duration.minutes, on=every("TIMELIMIT"), section=RUN,
           help="time limit: minutes, m:s, h:m:s, d-h, d-h:m, d-h:m:s"),
    Option("time-min", "", "limit", parse=duration.minutes, on=ALL, support=APPROXIMATED, section=RUN,
           note="the job gets the time of --time; --deadline counts with this", help="least time limit"),
    Option("tmp", "", "size", parse=size.memory, on=ALL, section=NODES, help="size of each node's /tmp at least"),
    Option("uid", "", "user", on=ALL, support=REFUSED, note="a job runs as who submits it"),
    Option("unbuffered", "u", on={SRUN: "SLURM_UNBUFFEREDIO"}, section=RUN, help="pass output on as it comes, not line by line"),
    Option("use-min-nodes", on=every("USE_MIN_NODES"), section=RUN, help="of a range of node counts, take the least"),
    Option("verbose", "v", parse=reading.one, add=reading.sum_up, on=every("DEBUG"), section=RUN, help="say more; may be repeated"),
    Option("version", "V", on=ALL, section=HELP, help="show the version"),
    Option("usage", on=ALL, section=HELP, help="show a short list of options"),
    Option("wait", "W", on={SBATCH: "SBATCH_WAIT"}, section=RUN, help="wait for the job's end, and end with its exit code"),
    number("wait", "W", "seconds", parse=count.natural, on={SRUN: "SLURM_WAIT"}, section=RUN,
           help="end all tasks so long after the first has ended (0 is never)"),
    number("wait-all-nodes", "", "0|1", parse=reading.switch, on={SBATCH: "SBATCH_WAIT_ALL_NODES", SALLOC: "SALLOC_WAIT_ALL_NODES"},
           support=IGNORED, note="a step waits for its nodes by itself"),
    Option("wckey", "", "key", on=every("WCKEY"), section=RUN, help="workload characterization key; kept with the job"),
    Option("wrap", "", "command", on=ONLY_SBATCH, section=RUN, help="run this command line instead of a script"),
    Option("whole", on=ONLY_SRUN),
    Option("x11", "", "mode", argument=OPTIONAL, on={SRUN: "", SALLOC: ""}, support=REFUSED, note="there is no X11 forwarding here"),

    Option("image", "", "name", on=dict.fromkeys(ALL, "MLSPACE_IMAGE"), own=True, section=PLATFORM,
           help="container image that the job runs in (that of the configuration)"),
    Option("region", "", "name", on=dict.fromkeys(ALL, "MLSPACE_REGION"), own=True, section=PLATFORM,
           help="region that the job runs in (the partition's)"),
    Option("instance-type", "", "name", on=dict.fromkeys(ALL, "MLSPACE_INSTANCE_TYPE"), own=True, section=PLATFORM,
           help="instance type of each node (the smallest that fits)"),
    Option("endpoint", "", "url", on=ALL, own=True, support=REFUSED, note="set MLSPACE_ENDPOINT: all commands must ask the same Gateway"),
)
# fmt: on
