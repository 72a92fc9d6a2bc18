"""sbcast: copy a file to all nodes of a job, by a step with one task on each node that reads it from standard input."""

from __future__ import annotations

import os

from mlspace.commands import listing
from mlspace.errors import BadValue, MlspaceError, UsageError
from mlspace.slurm import count
from mlspace.slurm.option import APPROXIMATED, OPTIONAL, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context

PROGRAM = "sbcast"

NO_TUNING = "read, and not needed"

LOOKUP_EXIT = 255
"""What it ends with when the file or the job is not there: its exit(-1)."""

YES, NO = ("", "yes", "y"), ("no", "n")


def variable(name: str) -> dict[str, str]:
    return {PROGRAM: f"SBCAST_{name}"}


OPTIONS = (
    Option("compress", "C", "library", argument=OPTIONAL, on=variable("COMPRESS"), support=APPROXIMATED, note=NO_TUNING,
           help="compression"),
    Option("exclude", "", "paths", on=variable("EXCLUDE"), support=APPROXIMATED, note="libraries are not sent",
           help="paths to leave out"),
    Option("fanout", "F", "number", on=variable("FANOUT"), support=APPROXIMATED, note=NO_TUNING, help="messages at once"),
    Option("force", "f", on=variable("FORCE"), help="replace a file that is there"),
    Option("jobid", "j", "job_id", help="the job, when called outside of it"),
    Option("preserve", "p", on=variable("PRESERVE"), help="keep the file's time of change"),
    Option("send-libs", "", "yes|no", argument=OPTIONAL, on=variable("SEND_LIBS"), support=APPROXIMATED, note="libraries are not sent",
           help="send a program's libraries too"),
    Option("size", "s", "bytes", on=variable("SIZE"), support=APPROXIMATED, note=NO_TUNING, help="size of a block"),
    Option("timeout", "t", "seconds", on=variable("TIMEOUT"), support=APPROXIMATED, note=NO_TUNING, help="limit of a message"),
    Option("verbose", "v", help="say what is done"),
    Option("version", "V", help="show the version"),
    *listing.HELP,
)  # fmt: skip

COPY = r"""
fail() { cat >/dev/null; echo "$node $1"; exit 0; }
dest=$1 mode=$2 mtime=$3 begun=$4 force=$5 node=$SLURMD_NODENAME
part=$dest.sbcast.$SLURM_JOB_ID.$SLURM_NODEID
[ -d "$dest" ] && fail 21
[ -d "$(dirname -- "$dest")" ] || fail 2
# Where nodes share the directory, another node's copy is no file that was there before.
[ -e "$dest" ] && [ -z "$force" ] && [ "$(stat -c %Z -- "$dest")" -lt "$begun" ] && fail 17
{ cat >"$part"; } 2>/dev/null || fail 13
chmod "$mode" -- "$part"
[ -z "$mtime" ] || touch -d "@$mtime" -- "$part"
mv -f -- "$part" "$dest" 2>/dev/null || { rm -f -- "$part"; fail 13; }
"""
"""What each task runs: it prints its node and an errno where the file could not be written."""


def run(context: Context, argv: Sequence[str]) -> int:
    call = listing.read(context, PROGRAM, OPTIONS, argv)
    if call is None:
        return 0
    if len(call.words) != 2:
        raise UsageError(f"Need two file names, have {len(call.words)} names", f'Try "{PROGRAM} --help" for more information')
    source, target = call.words
    options = call.options
    check_size(context, options["size"])
    check_libraries(context, options["send-libs"])
    job = options["jobid"] or context.environ.get("SLURM_JOB_ID")
    if not job:
        raise MlspaceError("Need a job id to run this command.  Run from within a Slurm job or use the --jobid option.")
    if target.endswith("/"):
        raise MlspaceError("Target filename cannot be a directory.")
    return broadcast(context, source, target, job, force=bool(options["force"]), preserve=bool(options["preserve"]))


def check_size(context: Context, text: str | None) -> None:
    digits = (text or "1").rstrip("kKmM")
    if not (digits.isascii() and digits.isdigit()):
        context.warn("size specification is invalid, ignored")


def check_libraries(context: Context, value: str | bool | None) -> None:
    text = "" if value is True else value
    if text is None or str(text).lower() in NO:
        return
    if str(text).lower() not in YES:
        context.warn(f"{PROGRAM}: error: Ignoring unrecognized --send-libs value '{text}'")
    else:
        context.warn(f"{PROGRAM}: warning: libraries are not sent")


def broadcast(context: Context, source: str, target: str, job: str, *, force: bool, preserve: bool) -> int:
    """Copies; returns the largest errno of the nodes, 0 where all have the file."""
    import subprocess

    from mlspace.installation import launcher_path

    try:
        file = open(os.path.join(context.cwd, source), "rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise MlspaceError(f"Can't open `{source}`: {error.strerror}", exit_code=LOOKUP_EXIT) from error
    with file:
        nodes = count_nodes(context, job)
        status = os.fstat(file.fileno())
        changed = str(int(status.st_mtime)) if preserve else ""
        words = [f"{status.st_mode & 0o7777:o}", changed, str(int(context.now())), "f" if force else ""]
        step = ["srun", f"--jobid={job}", f"--nodes={nodes}", f"--ntasks={nodes}", "--ntasks-per-node=1", "--overlap", "--job-name=sbcast"]
        command = [*step, "--", "sh", "-c", COPY, PROGRAM, target, *words]
        environ = {**context.environ, "SLURM_JOB_ID": job}
        done = subprocess.run(command, executable=launcher_path(environ), env=environ, stdin=file, stdout=subprocess.PIPE, check=False)
    codes = [done.returncode]
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        node, _, code = line.rpartition(" ")
        context.warn(f"{PROGRAM}: error: REQUEST_FILE_BCAST({node}): {os.strerror(int(code))}")
        codes.append(int(code))
    return max(codes)


def count_nodes(context: Context, job: str) -> int:
    """How many nodes the job has: as its environment says, else as the registry knows."""
    environ = context.environ
    if environ.get("SLURM_JOB_ID") == job and environ.get("SLURM_NNODES", "").isdigit():
        return int(environ["SLURM_NNODES"])
    from mlspace.session import Session

    try:
        job_id = count.decimal(job, job)
    except BadValue:
        job_id = 0
    found = Session(context).registry.job(job_id)
    if found is None:
        raise MlspaceError(f"Slurm job {job_id} lookup error: Invalid job id specified", exit_code=LOOKUP_EXIT)
    return int(found.nodes)
