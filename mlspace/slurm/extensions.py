"""Options that Slurm 22.05 does not have: those of later versions, of the plugins Pyxis and Shifter, and ours.

None of them is found by a prefix (`own`), so that every abbreviation that 22.05 accepts keeps its meaning.
Sources: Slurm's release notes up to 24.11; the READMEs of Pyxis and of Shifter.
"""

from __future__ import annotations

from mlspace.slurm import container, reading, tres
from mlspace.slurm.columns import ALL, NO_BINDING, NO_TOPOLOGY, ONLY_SRUN, PLATFORM, SALLOC, SBATCH, SHARED, SRUN, every, number
from mlspace.slurm.option import APPROXIMATED, IGNORED, OPTIONAL, REFUSED, Option

WITH_CONTAINERS = {SBATCH: "", SRUN: "", SALLOC: ""}
MOUNTED = "the platform mounts the user's storage by itself"
OWN_CONTAINER = "every job has a container of its own"

# fmt: off - a row is a line or two
LATER_VERSIONS = (
    number("resv-ports", "", "count", argument=OPTIONAL, parse=reading.ports, on={SBATCH: "", SALLOC: ""}, support=IGNORED, own=True,
           message_name="--resv-port", note="programs find ports themselves"),
    Option("container-id", "", "id", on=every("CONTAINER_ID"), support=REFUSED, own=True, note="name a container image with --image"),
    Option("extra", "", "text", on=ALL, support=IGNORED, own=True, note="nothing is chosen by it"),
    Option("treewidth", "", "width", on={SRUN: "SLURM_TREE_WIDTH"}, support=IGNORED, own=True, note="messages go straight to each node"),
    Option("tres-bind", "", "type", on=every("TRES_BIND"), support=IGNORED, own=True, note=NO_BINDING),
    Option("tres-per-task", "", "list", parse=tres.per_task, on=every("TRES_PER_TASK"), own=True, support=APPROXIMATED,
           note="cpu is --cpus-per-task, gres/gpu is --gpus-per-task, and there are no others", section=SHARED,
           help="what each task gets: cpu=2,gres/gpu=1"),
    Option("oom-kill-step", "", "0|1", argument=OPTIONAL, parse=reading.switch, on=every("OOM_KILL_STEP"), support=IGNORED, own=True,
           note="the operating system decides which process ends"),
    Option("stepmgr", on={SBATCH: "SBATCH_STEPMGR", SALLOC: "SALLOC_STEPMGR"}, own=True, note="steps are always the first node's matter"),
    Option("segment", "", "nodes", on=every("SEGMENT_SIZE"), support=IGNORED, own=True, note=NO_TOPOLOGY),
    Option("consolidate-segments", on=ALL, support=IGNORED, own=True, note=NO_TOPOLOGY),
    Option("spread-segments", on=ALL, support=IGNORED, own=True, note=NO_TOPOLOGY),
    Option("external", on=ONLY_SRUN, support=REFUSED, own=True, note="the platform starts all processes itself"),
)

PLUGINS = (
    Option("container-image", "", "name", parse=container.image, on=WITH_CONTAINERS, own=True, alias_of="image", support=APPROXIMATED,
           section=PLATFORM, help="the same as --image, as Pyxis has it"),
    Option("container-mounts", "", "list", on=WITH_CONTAINERS, own=True, support=IGNORED, note=MOUNTED),
    Option("container-workdir", "", "path", on=WITH_CONTAINERS, own=True, support=IGNORED,
           note="the job starts in the directory of --chdir"),
    Option("container-name", "", "name", on=WITH_CONTAINERS, own=True, support=IGNORED, note=OWN_CONTAINER),
    Option("container-save", "", "path", on=WITH_CONTAINERS, own=True, support=REFUSED, note="a job's container is not kept"),
    Option("container-env", "", "names", on=WITH_CONTAINERS, own=True, support=IGNORED,
           note="--export says what wins over the image's variables"),
    Option("container-writable", on=WITH_CONTAINERS, own=True, support=IGNORED, note="a container can always be written to"),
    Option("container-readonly", on=WITH_CONTAINERS, own=True, support=IGNORED, note="a container can always be written to"),
    Option("container-mount-home", on=WITH_CONTAINERS, own=True, support=IGNORED, note=MOUNTED),
    Option("no-container-mount-home", on=WITH_CONTAINERS, own=True, support=IGNORED, note=MOUNTED),
    Option("container-entrypoint", on=WITH_CONTAINERS, own=True, support=IGNORED, note="the platform starts the job as it always does"),
    Option("no-container-entrypoint", on=WITH_CONTAINERS, own=True, support=IGNORED, note="the platform starts the job as it always does"),
    Option("container-remap-root", on=WITH_CONTAINERS, own=True, support=IGNORED, note="the image's user runs the job"),
    Option("no-container-remap-root", on=WITH_CONTAINERS, own=True, support=IGNORED, note="the image's user runs the job"),
    Option("volume", "", "list", on=WITH_CONTAINERS, own=True, support=IGNORED, note=MOUNTED),
    Option("module", "", "names", on=WITH_CONTAINERS, own=True, support=IGNORED, note="a container is the image and nothing else"),
)

OURS = (
    Option("image", "", "name", parse=container.image, on=dict.fromkeys(ALL, "MLSPACE_IMAGE"), own=True, section=PLATFORM,
           help="container image that the job runs in (that of the configuration)"),
    Option("region", "", "name", on=dict.fromkeys(ALL, "MLSPACE_REGION"), own=True, section=PLATFORM,
           help="region that the job runs in (the partition's)"),
    Option("instance-type", "", "name", on=dict.fromkeys(ALL, "MLSPACE_INSTANCE_TYPE"), own=True, section=PLATFORM,
           help="instance type of each node (the smallest that fits)"),
    Option("hpcx", "", "auto|off|dir", parse=reading.hpcx, on=dict.fromkeys(ALL, "MLSPACE_HPCX"), own=True, section=PLATFORM,
           help="which HPC-X the nodes' environment has: that of HPCX_HOME or /opt/hpcx, none, or that in a directory (auto)"),
    Option("endpoint", "", "url", on=ALL, own=True, support=REFUSED, note="set MLSPACE_ENDPOINT: all commands must ask the same Gateway"),
)
# fmt: on

EXTENSIONS = (*LATER_VERSIONS, *PLUGINS, *OURS)
