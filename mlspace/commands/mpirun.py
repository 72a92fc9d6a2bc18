"""mpirun: run a program's ranks as a job on MLSpace, or step aside for the machine's own mpirun."""

from __future__ import annotations

from mlspace.commands import mpirunning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context


def run(context: Context, argv: Sequence[str]) -> int:
    return mpirunning.run(context, "mpirun", argv)
