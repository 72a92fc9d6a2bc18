"""salloc: not there yet. Its command line is read, checked and answered as salloc would; no allocation is made."""

from __future__ import annotations

from mlspace.commands import submitting
from mlspace.errors import RequestRefused
from mlspace.slurm.request import JobRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context

PROGRAM = "salloc"

NOT_YET = ("allocations to work in are not supported yet", "  run the command with srun, or submit a script with sbatch")


def run(context: Context, argv: Sequence[str]) -> int:
    call = submitting.Call(context, PROGRAM, argv)
    if call.answer is not None:
        context.print(call.answer)
        return call.answer_code
    components = call.components()
    submitting.prepare(context, JobRequest(PROGRAM, components, command=call.words or None))
    raise RequestRefused(*NOT_YET)
