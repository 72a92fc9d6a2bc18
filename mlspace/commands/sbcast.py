"""sbcast: copy a file to all nodes of a job. Its help is here; launch, the launcher, reads the options again and does it."""

from __future__ import annotations

import os

from mlspace.commands import listing
from mlspace.errors import UsageError
from mlspace.slurm.option import APPROXIMATED, OPTIONAL, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context

PROGRAM = "sbcast"

NO_TUNING = "read, and not needed"


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

def run(context: Context, argv: Sequence[str]) -> int:
    call = listing.read(context, PROGRAM, OPTIONS, argv)
    if call is None:
        return 0
    if len(call.words) != 2:
        raise UsageError(f"Need two file names, have {len(call.words)} names", f'Try "{PROGRAM} --help" for more information')
    return become_launch(context, argv)


def become_launch(context: Context, argv: Sequence[str]) -> int:
    """Runs the launcher in place of this process: it speaks to the job's own, and says what is wrong with the call."""
    from mlspace.installation import launcher_path

    os.execve(launcher_path(context.environ), [PROGRAM, *argv], dict(context.environ))
