"""`mlspace images`: the container images that the platform's catalogue tells of, and the one that jobs get."""

from __future__ import annotations

from mlspace.commands.arguments import Parser
from mlspace.commands.tables import print_table, yes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context

HEAD = ("image", "kind", "default", "name here")


def run(context: Context, argv: Sequence[str]) -> int:
    parser = Parser("mlspace images", "Show the container images that MLSpace tells of, and the one that jobs get.")
    parser.add_argument("words", nargs="*", metavar="WORD", help="show only images with these words in their names")
    told = parser.read(context, argv)
    if told is None:
        return 0
    from mlspace.session import Session

    session = Session(context)
    names = {row["image"]: name for name, row in session.platform.site.sections["images"].items() if row}
    usual = session.platform.site.image(session.config["image"])
    found = dict(session.gateway().images())
    for image in (usual, *names):
        found.setdefault(image, "")
    rows = [(image, kind, yes(image == usual), names.get(image, "")) for image, kind in sorted(found.items())]
    print_table(context, HEAD, [row for row in rows if all(word in f"{row[0]} {row[3]}" for word in told.words)])
    return 0
