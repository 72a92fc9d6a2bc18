"""`mlspace gateway`: the embedded MLSpace in the foreground, for any client of the platform's HTTP interface."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context


PROGRAM = "mlspace gateway"


def run(context: Context, argv: Sequence[str]) -> int:
    from mlspace.commands.arguments import Parser
    from mlspace.testing import door

    parser = Parser(PROGRAM, door.DESCRIPTION)
    door.add_arguments(parser)
    given = parser.read(context, argv)
    return 0 if given is None else door.serve(PROGRAM, given, context.environ)
