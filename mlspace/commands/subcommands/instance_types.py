"""`mlspace instance-types`: kinds of nodes by region, their GPUs, CPUs and memory, and how many of each are free now."""

from __future__ import annotations

from mlspace.commands.arguments import Parser
from mlspace.commands.tables import print_table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context

HEAD = ("region", "instance type", "GPUs", "model", "CPUs", "GiB", "free")
UNKNOWN = "?"
NONE_THERE = "-"
"""The region has it, and does not offer it to us."""


def run(context: Context, argv: Sequence[str]) -> int:
    parser = Parser("mlspace instance-types", "Show kinds of nodes, and how many of each a job could have now. Kinds share hardware.")
    parser.add_argument("-r", "--region", metavar="REGION", help="show only this region")
    parser.add_argument("-a", "--allocation", metavar="NAME", default="", help="what this allocation has free")
    parser.add_argument("-q", "--queue", metavar="NAME", default="", help="what this queue of the allocation has free")
    parser.add_argument("-f", "--free", action="store_true", help="show only what is free")
    told = parser.read(context, argv)
    if told is None:
        return 0
    from mlspace.cluster import stock
    from mlspace.session import Session

    rows = [
        (region, kind.key, kind.gpus, kind.model, kind.cpus or UNKNOWN, gib(kind.memory_mib), NONE_THERE if free is None else free)
        for region, kind, free in stock.kinds(Session(context), told.region, told.allocation, told.queue)
        if free or not told.free
    ]
    print_table(context, HEAD, rows)
    return 0


def gib(memory_mib: int) -> str:
    return f"{memory_mib / 1024:.3g}" if memory_mib and memory_mib < 100 * 1024 else str(memory_mib // 1024 or UNKNOWN)
