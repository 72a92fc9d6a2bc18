"""`mlspace launcher`: where each region's jobs find `launch`, and whether it is there; --put copies it where that can be done from here."""

from __future__ import annotations

from mlspace.commands.arguments import Parser
from mlspace.commands.tables import print_table
from mlspace.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.cluster.delivery import Delivery
    from mlspace.context import Context

HEAD = ("region", "jobs find it as", "seen here as", "state")

THERE, PUT_LATER, BY_HAND, NOWHERE = "there", "copied with the first job", "put there by hand", "cannot be reached"


def run(context: Context, argv: Sequence[str]) -> int:
    parser = Parser("mlspace launcher", "Show where each region's jobs find the launcher.")
    parser.add_argument("-p", "--put", action="store_true", help="copy it now where that can be done from here")
    parser.add_argument("regions", nargs="*", metavar="REGION", help="show only these; for one that cannot be reached, say what to do")
    told = parser.read(context, argv)
    if told is None:
        return 0
    from mlspace.session import Session

    cluster = Session(context).cluster
    regions = told.regions or list(dict.fromkeys(one.region for one in cluster.partitions))
    if told.put:
        for region in regions:
            cluster.delivery.put(region)
    print_table(context, HEAD, [(region, *row(cluster.delivery, region)) for region in regions])
    for region in told.regions:
        cluster.delivery.path(region)  # says what to do
    return 0


def row(delivery: Delivery, region: str) -> tuple[str, str, str]:
    from mlspace.cluster.delivery import is_executable

    try:
        path, here = delivery.path(region), delivery.seen_here(region)
    except ConfigError:
        return "", "", NOWHERE
    return path, here, (THERE if is_executable(here) else PUT_LATER) if here else BY_HAND
