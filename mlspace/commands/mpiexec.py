"""mpiexec: mpirun under its other name, as with Open MPI."""

from __future__ import annotations

from mlspace.commands import mpirunning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context


def run(context: Context, argv: Sequence[str]) -> int:
    return mpirunning.run(context, "mpiexec", argv)
