"""sinfo: the partitions, and how many of their nodes are idle, mixed or allocated."""

from __future__ import annotations

from mlspace.commands import listing
from mlspace.errors import MlspaceError, UsageError
from mlspace.render import format, sinfo
from mlspace.slurm.help import RELEASE
from mlspace.slurm.occupation import ALLOCATED, IDLE, MIXED
from mlspace.slurm.option import IGNORED, REFUSED, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.cluster import Cluster, Node, Partition
    from mlspace.context import Context
    from mlspace.slurm.occupation import Occupation
    from mlspace.slurm.request import Component

PROGRAM = "sinfo"

NEVER = """
unknown unk down future futr drain drained draining drng no_respond reserved resv perfctrs npc cloud completing comp planned fail
maint powering_down powered_down power_down powering_up reboot reboot_issued reboot_requested
"""
STATES = {
    **dict.fromkeys(("alloc", "allocated"), (ALLOCATED, MIXED)),
    **dict.fromkeys(("mix", "mixed"), (MIXED,)),
    "idle": (IDLE,),
    **dict.fromkeys(NEVER.split(), ()),
}
"""What --states may say, and which nodes it means: no node here is ever in those of NEVER.

Source: sinfo 22.05, where a mixed node counts as allocated.
"""

OPTIONS = (
    Option("all", "a", help="show all partitions: none is hidden"),
    Option("clusters", "M", "names", support=REFUSED, note="there is one cluster"),
    Option("cluster", "", "names", alias_of="clusters", support=REFUSED, note="there is one cluster"),
    Option("dead", "d", help="show only non-responding nodes: there are none"),
    Option("exact", "e", help="group nodes only on exact match of configuration"),
    Option("federation", support=IGNORED, note="there is one cluster"),
    Option("format", "o", "format", help="format specification"),
    Option("Format", "O", "format", support=REFUSED, note="say it with -o"),
    Option("hide", help="do not show hidden partitions: there are none"),
    Option("iterate", "i", "seconds", support=REFUSED, note="watch -n SECONDS sinfo does the same"),
    Option("json", support=REFUSED, note="say it with -o"),
    Option("list-reasons", "R", help="list reason nodes are down or drained: there are none"),
    Option("local", support=IGNORED, note="there is one cluster"),
    Option("long", "l", help="long output - displays more information"),
    Option("noconvert", help="memory is shown in MiB"),
    Option("Node", "N", help="node-centric format"),
    Option("nodes", "n", "NODES", help="report on specific node(s)"),
    Option("noheader", "h", help="no headers on output"),
    Option("partition", "p", "PARTITION", parse=listing.names, help="report on specific partition"),
    Option("reservation", "T", support=REFUSED, note="there are no reservations here"),
    Option("responding", "r", help="report only responding nodes"),
    Option("sort", "S", "fields", help="comma separated list of fields to sort on"),
    Option("states", "t", "node_state", help="specify what states of nodes to view"),
    Option("summarize", "s", help="report state summary only"),
    Option("verbose", "v", help="verbosity level; has no more to say"),
    Option("version", "V", help="output version information and exit"),
    Option("yaml", support=REFUSED, note="say it with -o"),
    *listing.HELP,
)


def run(context: Context, argv: Sequence[str]) -> int:
    call = listing.read(context, PROGRAM, OPTIONS, argv)
    if call is None:
        return 0
    from mlspace.session import Session

    options, environ = call.options, context.environ
    states = read_states(options["states"])
    session = Session(context)
    cluster = session.cluster
    told = options["format"] or environ.get("SINFO_FORMAT")
    layout = told if told is not None else default_format(options, cluster)
    columns = format.read_format(layout, sinfo.FIELDS, lambda letter: context.warn(f"Invalid node format specification: {letter}"))
    letters = {letter for letter, field in sinfo.FIELDS.items() if any(column.field is field for column in columns)}
    rows = [] if options["list-reasons"] else groups(cluster, session.occupation(), options, states, letters)
    if options["long"]:
        context.print(context.date())
    if not options["noheader"]:
        context.print(format.header_line(columns))
    sort = options["sort"] or environ.get("SINFO_SORT")
    if sort:
        wrong = format.sort_rows(rows, sort.replace("#P", ""), sinfo.FIELDS)
        if wrong is not None:
            raise MlspaceError(f"Invalid sort specification: {wrong}")
    if rows:
        context.print("\n".join(format.lines(columns, rows)))
    return 0


def default_format(options: Component, cluster: Cluster) -> str:
    layout = sinfo.DEFAULT
    if options["list-reasons"]:
        layout = sinfo.REASONS
    elif options["summarize"]:
        layout = sinfo.SUMMARY
    elif options["Node"]:
        layout = sinfo.BY_NODE_LONG if options["long"] else sinfo.BY_NODE
    elif options["long"]:
        layout = sinfo.LONG
    return layout.format(
        partition=max(sinfo.NAME_WIDTH, *(len(one.name) + one.default for one in cluster.partitions)),
        node=max(sinfo.NAME_WIDTH, *(len(node.name) for node in cluster.nodes)),
    )


def read_states(text: str | None) -> set[str] | None:
    """Node states to show; None for all."""
    if text is None or text.lower() == "all":
        return None
    states: set[str] = set()
    for word in text.replace("&", ",").split(","):
        if word.strip().lower() not in STATES:
            known = ",".join(name for name in STATES if len(name) > 4 or name == "idle")
            raise UsageError(f'{PROGRAM}: error: Bad state string: "{word}"', f"{PROGRAM}: error: valid states: {known}")
        states.update(STATES[word.strip().lower()])
    return states


def groups(
    cluster: Cluster, occupation: Occupation, options: Component, states: set[str] | None, letters: set[str]
) -> list[sinfo.Group]:
    """The lines: nodes that agree in partition, state and so on, as far as the format shows them; one line a node with --Node."""
    from mlspace.slurm.hostlist import expand_hosts

    wanted = None if options["nodes"] is None else set(expand_hosts(options["nodes"]))
    by_name = {node.name: node for node in cluster.nodes}
    lines: dict[tuple[object, ...], tuple[Partition, dict[str, Node], str]] = {}
    for number, partition in enumerate(cluster.partitions):
        if options["partition"] and partition.name not in options["partition"]:
            continue
        shown = []
        for name in partition.nodes or ():
            node_state = occupation[name].node_state(by_name[name].cpus)
            if not options["dead"] and (wanted is None or name in wanted) and (states is None or node_state in states):
                shown.append((by_name[name], node_state))
        of_partition = number if options["Node"] or letters & set(sinfo.OF_PARTITION) else None
        if not shown and of_partition is not None:
            lines[(of_partition,)] = (partition, {}, "")
        for node, node_state in shown:
            key = (
                of_partition,
                list(sinfo.SHORT).index(node_state) if letters & set(sinfo.OF_STATE) else None,
                sinfo.gres(node) if letters & set(sinfo.OF_GRES) or options["exact"] else None,
                node.name if options["Node"] or letters & set(sinfo.OF_HOST) else None,
            )
            lines.setdefault(key, (partition, {}, node_state if key[1] is not None else ""))[1][node.name] = node
    ordered = [lines[key] for key in sorted(lines, key=lambda key: tuple((part is None, part) for part in key[:2]))]
    rows = [sinfo.Group(partition, list(nodes.values()), state, occupation, RELEASE) for partition, nodes, state in ordered]
    if options["Node"]:
        position = {name: number for number, name in enumerate(by_name)}
        rows = [row for row in rows if row.nodes]
        rows.sort(key=lambda row: position[row.nodes[0].name])
    return rows
