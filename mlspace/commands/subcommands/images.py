"""`mlspace images`: the container images that the platform's catalogue tells of, and the one that jobs get."""

from __future__ import annotations

from mlspace.commands.arguments import Parser
from mlspace.commands.tables import print_table, yes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context

HEAD = ("image", "kind", "usual")


def run(context: Context, argv: Sequence[str]) -> int:
    parser = Parser("mlspace images", "Show the container images that MLSpace tells of, and the one that jobs get.")
    parser.add_argument("words", nargs="*", metavar="WORD", help="show only images with these words in their names")
    told = parser.read(context, argv)
    if told is None:
        return 0
    from mlspace.session import Session

    session = Session(context)
    usual = session.config["image"]
    found = dict(session.gateway().images())
    found.setdefault(usual, "")
    rows = [(name, kind, yes(name == usual)) for name, kind in sorted(found.items()) if all(word in name for word in told.words)]
    print_table(context, HEAD, rows)
    return 0
