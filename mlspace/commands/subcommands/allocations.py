"""`mlspace allocations`: the hardware that the workspace has, by region; with --types what of it is free."""

from __future__ import annotations

from mlspace.commands.arguments import Parser
from mlspace.commands.tables import print_table, yes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context

HEAD = ("allocation", "region", "nodes", "default", "id")
TYPES_HEAD = ("allocation", "region", "instance type", "free")


def run(context: Context, argv: Sequence[str]) -> int:
    parser = Parser("mlspace allocations", "Show the workspace's allocations; an account or a partition of the configuration names one.")
    parser.add_argument("-t", "--types", action="store_true", help="show the instance types of each, and how many are free")
    told = parser.read(context, argv)
    if told is None:
        return 0
    from mlspace.gateway.at_once import at_once
    from mlspace.session import Session

    session = Session(context)
    client = session.gateway()
    found = client.allocations(session.platform.workspace_id)
    if told.types:
        offers = at_once(client.allocation_types, [one.id for one in found])
        rows = [(one.name, one.region, offer.key, offer.free) for one, some in zip(found, offers, strict=True) for offer in some]
        print_table(context, TYPES_HEAD, rows)
    else:
        print_table(context, HEAD, [(one.name, one.region, one.node_type, yes(one.is_default), one.id) for one in found])
    return 0
