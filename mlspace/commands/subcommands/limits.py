"""`mlspace limits`: how often the Gateway lets itself be called, and how much of that is used."""

from __future__ import annotations

from mlspace.commands.arguments import Parser
from mlspace.commands.tables import print_table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context

HEAD = ("method", "endpoint", "limit", "used", "of")


def run(context: Context, argv: Sequence[str]) -> int:
    parser = Parser("mlspace limits", "Show how many calls MLSpace takes, and how many were made in this period.")
    if parser.read(context, argv) is None:
        return 0
    from mlspace.session import Session

    found = Session(context).gateway().budgets()
    print_table(context, HEAD, [(one.method, one.endpoint, one.limit, one.used, one.amount) for one in found])
    return 0
