"""`mlspace workspaces`: the workspaces that the credentials reach, and which one is in use."""

from __future__ import annotations

from mlspace.commands.arguments import Parser
from mlspace.commands.tables import print_table, yes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context

HEAD = ("name", "id", "namespace", "project", "in use")


def run(context: Context, argv: Sequence[str]) -> int:
    parser = Parser("mlspace workspaces", "Show the workspaces that your credentials reach.")
    if parser.read(context, argv) is None:
        return 0
    from mlspace.session import Session

    session = Session(context)
    found = session.gateway().workspaces()
    ours = session.platform.workspace_id
    print_table(context, HEAD, [(one.name, one.id, one.namespace, one.project, yes(one.id == ours)) for one in found])
    return 0
