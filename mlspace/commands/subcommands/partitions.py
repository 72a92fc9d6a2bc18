"""`mlspace partitions`: the names of --partition, and where each sends a job."""

from __future__ import annotations

from mlspace.commands.arguments import Parser
from mlspace.commands.tables import print_table, yes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context

HEAD = ("partition", "default", "region", "allocation", "queue", "instance types", "image", "time limit")


def run(context: Context, argv: Sequence[str]) -> int:
    parser = Parser("mlspace partitions", "Show the names of --partition, and where each sends a job; what is empty is up to MLSpace.")
    if parser.read(context, argv) is None:
        return 0
    from mlspace.session import Session
    from mlspace.slurm import duration

    session = Session(context)
    rows = [
        (
            *(one.name, yes(one.default), one.region, one.allocation, one.queue),
            ", ".join([*([f"{one.gpu}.*"] if one.gpu else []), *one.instance_types]),
            one.image or session.config["image"],
            duration.format_limit(one.max_time) if one.max_time is not None else "",
        )
        for one in session.cluster.partitions
    ]
    print_table(context, HEAD, rows)
    return 0
