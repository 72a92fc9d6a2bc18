"""sinfo: the partitions, and how many of their nodes are idle, mixed or allocated."""

from __future__ import annotations

from mlspace.commands import documenting, listing
from mlspace.errors import BadValue, MlspaceError, UsageError
from mlspace.render import format, nodegroup, sinfo
from mlspace.slurm import nodestate, reading
from mlspace.slurm.hostlist import expand_hosts
from mlspace.slurm.job import CLUSTER_NAME
from mlspace.slurm.option import Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlspace.cluster.cluster import Cluster, Node
    from mlspace.context import Context
    from mlspace.session import Session
    from mlspace.slurm.request import Component

PROGRAM = "sinfo"


def seconds(text: str) -> int:
    """--iterate: whole seconds, at least one. Raises BadValue."""
    if not text.isascii() or not text.isdigit() or not int(text):
        raise BadValue(text, f"Error: invalid entry for --iterate={text}")
    return int(text)


def variable(name: str) -> dict[str, str]:
    return {PROGRAM: name}


OPTIONS = (
    Option("all", "a", on=variable("SINFO_ALL"), help="show all partitions, whatever SINFO_PARTITION says; none is hidden"),
    Option("clusters", "M", "names", on=variable("SLURM_CLUSTERS"), help="the clusters to show: there is one"),
    Option("cluster", "", "names", alias_of="clusters"),
    Option("dead", "d", help="show only nodes that do not respond: there are none"),
    Option("exact", "e", help="let only nodes that agree in CPUs and memory, too, share a line that shows them"),
    Option("federation", on=variable("SINFO_FEDERATION"), help="show the federation's clusters: there is one cluster"),
    Option("format", "o", "format", on=variable("SINFO_FORMAT"), help="what to show: %[[.]size]type[suffix]..."),
    Option("Format", "O", "format", help="what to show: name[:[.][size][suffix]],..."),
    Option("hide", help="do not show hidden partitions: there are none"),
    Option("iterate", "i", "seconds", parse=seconds, help="show it again every so many seconds"),
    Option("json", help="print all nodes as JSON"),
    Option("list-reasons", "R", help="show why nodes are down or drained: none is"),
    Option("local", on=variable("SINFO_LOCAL"), help="show only this cluster: there is one"),
    Option("long", "l", help="show more of each line"),
    Option("noconvert", help="leave units as they are, which they are"),
    Option("Node", "N", help="show a line for each node of each partition"),
    Option("nodes", "n", "NODES", help="show only these nodes, a host list"),
    Option("noheader", "h", help="print no header"),
    Option(
        *("partition", "p", "PARTITION"), parse=listing.names, on=variable("SINFO_PARTITION"), help="show only these partitions"
    ),
    Option("reservation", "T", help="show the reservations: there are none"),
    Option("responding", "r", help="show only nodes that respond: all of them do"),
    Option("sort", "S", "fields", on=variable("SINFO_SORT"), help="sort by these letters of --format, a - before one that descends"),
    Option("states", "t", "node_state", help="show only nodes in one of these states; with & between, in all of them"),
    Option("summarize", "s", help="show only how many nodes of each partition are in use"),
    Option("verbose", "v", parse=reading.one, add=reading.sum_up, help="print first what was understood"),
    Option("version", "V", help="print the version and end"),
    Option("yaml", help="print all nodes as YAML"),
    *listing.HELP,
)


def run(context: Context, argv: Sequence[str]) -> int:
    call = listing.read(context, PROGRAM, OPTIONS, argv)
    if call is None:
        return 0
    from mlspace.session import Session

    report = Report(context, call, Session(context))
    if call.options["verbose"]:
        report.print_parameters(call)
    period = call.options["iterate"]
    if period is None:
        return report.print()
    while True:
        report.print()
        context.print("")
        context.flush()
        context.sleep(period)


class Report:
    """What one sinfo prints, as often as it is to. Raises MlspaceError for what is wrong in the options."""

    def __init__(self, context: Context, call: listing.Call, session: Session) -> None:
        self.context = context
        self.options = options = call.options
        self.session = session
        self.formats = [setting.option.long for setting in call.settings if setting.option.long in ("format", "Format")]
        if options["long"] and self.formats:
            line = "Options -o(--format) and -l(--long) are mutually exclusive. Please remove one and retry."
            raise UsageError(f"{PROGRAM}: fatal: {line}")
        asked = {setting.option.long for setting in call.settings}
        if asked >= {"all", "partition"}:
            raise MlspaceError("Conflicting options, -a and -p, specified. Please choose one or the other.")
        self.partitions = None if "all" in asked else options["partition"]
        self.is_wanted = wanted_nodes(options["nodes"])
        self.has_state = wanted_states(options["states"])
        self.names_cluster = listing.check_clusters(context, PROGRAM, options["clusters"], options.origin("clusters"))
        self.columns = self.read_columns()

    def read_columns(self) -> list[format.Column]:
        """Of the last -o or -O; with an -O anywhere Slurm reads that as names."""
        layout = self.options[self.formats[-1] if self.formats else "format"]
        if layout is None:
            layout = default_format(self.options, self.session.cluster)
        if (layout.lower() == "all" and "Format" in self.formats) or layout == format.ALL:
            layout = sinfo.ALL
        elif "Format" in self.formats:
            return format.read_long_format(layout, sinfo.LONG_FIELDS, self.refuse_name)
        return format.read_format(layout, sinfo.FIELDS, self.refuse_letter)

    def refuse_name(self, name: str) -> None:
        self.context.warn(f"{PROGRAM}: error: Invalid job format specification: {name}")

    def refuse_letter(self, letter: str) -> None:
        self.context.warn(f"Invalid node format specification: {letter or chr(0)}")

    def print_parameters(self, call: listing.Call) -> None:
        from mlspace.render.sinfo_parameters import parameters

        texts = {setting.option.long: setting.text or "" for setting in call.settings}
        layout = self.options[self.formats[-1] if self.formats else "format"]
        self.context.print(parameters(self.options, texts, self.columns, layout))

    def print(self) -> int:
        context, options = self.context, self.options
        if name := documenting.format_of(options):
            return documenting.print_nodes(context, self.session, name)
        if not options["noheader"] and (options["long"] or options["verbose"] or options["iterate"]):
            context.print(context.date())
        if self.names_cluster and not options["noheader"]:
            context.print(f"CLUSTER: {CLUSTER_NAME}")
        if options["reservation"]:
            context.print("No reservations in the system")
            return 0
        groups = self.groups()
        if not options["noheader"]:
            context.print(format.header_line(self.columns))
        if groups:
            context.print("\n".join(format.lines(self.columns, groups)))
        return 0

    def groups(self) -> list[nodegroup.Group]:
        from mlspace.cluster import machine, stock

        options, session = self.options, self.session
        by_node = bool(options["Node"])
        groups = nodegroup.gather(
            *stock.look(session),
            machine.facts(session),
            self.is_shown,
            partitions=self.partitions,
            apart=[part for part in sinfo.kept_apart(self.columns) if options["exact"] or part not in nodegroup.ONLY_EXACT],
            by_node=by_node,
        )
        given = options["sort"]
        sinfo.sort(groups, (sinfo.SORT_BY_NODE if by_node else sinfo.SORT) if given is None else given)
        return groups

    def is_shown(self, node: Node, state: str) -> bool:
        if self.options["dead"] or self.options["list-reasons"]:
            return False
        return self.is_wanted(node.name) and self.has_state(state)


def wanted_nodes(text: str | None) -> Callable[[str], bool]:
    if text is None:
        return lambda name: True
    try:
        return frozenset(expand_hosts(text)).__contains__
    except BadValue as error:
        raise MlspaceError(*[f"_parse_single_range: {line}" for line in error.lines[1:]], f"'{text}' invalid entry for --nodes") from None


def wanted_states(text: str | None) -> Callable[[str], bool]:
    if text is None:
        return lambda state: True
    try:
        return nodestate.read_states(text)
    except BadValue as error:
        lines = [f'Bad state string: "{error.text}"', f"valid states: {nodestate.VALID}"]
        raise UsageError(*[f"{PROGRAM}: error: {line}" for line in lines]) from None


def default_format(options: Component, cluster: Cluster) -> str:
    layout = sinfo.DEFAULT
    if options["summarize"]:
        layout = sinfo.SUMMARY
    elif options["Node"]:
        layout = sinfo.BY_NODE_LONG if options["long"] else sinfo.BY_NODE
    elif options["list-reasons"]:
        layout = sinfo.REASONS_LONG if options["long"] else sinfo.REASONS
    elif options["long"]:
        layout = sinfo.LONG
    return layout.format(
        partition=max(sinfo.NAME_WIDTH, *(len(one.name) + one.default for one in cluster.partitions)),
        node=max(sinfo.NAME_WIDTH, *(len(node.name) for node in cluster.nodes)),
    )
