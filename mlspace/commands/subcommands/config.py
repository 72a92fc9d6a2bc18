"""`mlspace config show`: each value of the configuration and where it came from, secrets masked."""

from __future__ import annotations

from mlspace.commands import defaults
from mlspace.commands.arguments import Parser
from mlspace.commands.tables import print_table
from mlspace.configuration import config
from mlspace.configuration.site import Site

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context


def run(context: Context, argv: Sequence[str]) -> int:
    parser = Parser("mlspace config", "Show each value of the configuration and where it came from; secrets are masked.")
    parser.add_argument("words", nargs="*", metavar="show", help="the only thing there is to do")
    told = parser.read(context, argv)
    if told is None:
        return 0
    if told.words not in ([], ["show"]):
        parser.error(f"{' '.join(told.words)}: show is all that there is")
    found = config.gather_for(context)
    config.offer_defaults(found)
    show(context, found)
    context.flush()
    config.check(found)
    Site.read(found.sections, file=found.own_file, unknown=found["unknown_names"])
    defaults.settings(context, "sbatch")
    return 0


def show(context: Context, found: config.Config) -> None:
    rows = [(key, found.masked(key), found.origins[key]) for key in config.KEYS if found[key]]
    rows += [(name, names_in(found.sections[name]), found.origins[name]) for name in config.SECTIONS if name in found.sections]
    print_table(context, ("key", "value", "from"), rows)
    where = f"a Gateway, API {found['api'] or 'v2'}" if found.is_remote else "the embedded MLSpace"
    lines = {
        "jobs run on": where,
        "profile": found.profile or "none",
        "configuration file": found.file or f"none; it would be {found.own_file}",
        "state directory": config.state_directory(context.environ, context.user.home),
    }
    context.print("\n" + "\n".join(f"{name}: {value}" for name, value in lines.items()))


def names_in(section: object) -> str:
    return ", ".join(map(str, section)) if isinstance(section, (dict, list)) else str(section)
