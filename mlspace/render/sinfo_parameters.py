"""What `sinfo -v` heads its report with: the options as it took them, and which fields they make it gather. Source: sinfo 22.05."""

from __future__ import annotations

from mlspace.render.sinfo import LONG_FIELDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlspace.render.format import Column
    from mlspace.slurm.request import Component

RULE = "-----------------------------"

FLAGS = (
    ("all_flag       ", ()),
    ("alloc_mem_flag ", ("allocmem",)),
    ("avail_flag     ", ("available",)),
    ("comment_flag   ", ("comment",)),
    ("cpus_flag      ", ("cpus", "cpusstate")),
    ("default_time_flag", ("defaulttime",)),
    ("disk_flag      ", ("disk",)),
    ("extra_flag     ", ("extra",)),
    ("features_flag  ", ("features",)),
    ("features_flag_act", ("features_act",)),
    ("groups_flag    ", ("groups",)),
    ("gres_flag      ", ("gres",)),
    ("gres_used_flag ", ("gresused",)),
    ("job_size_flag  ", ("size",)),
    ("max_time_flag  ", ("time",)),
    ("memory_flag    ", ("memory",)),
    ("partition_flag ", ("partition", "partitionname")),
    ("port_flag      ", ("port",)),
    ("priority_job_factor_flag  ", ("priorityjobfactor",)),
    ("priority_tier_flag  ", ("prioritytier",)),
    ("reason_flag    ", ("reason",)),
    ("reason_timestamp_flag", ("timestamp",)),
    ("reason_user_flag", ("user", "userlong")),
    ("reservation_flag", ()),
    ("root_flag      ", ("root",)),
    ("oversubscribe_flag     ", ("oversubscribe",)),
    ("state_flag     ", ("statecompact", "statelong")),
    ("statecomplete_flag", ("statecomplete",)),
    ("weight_flag    ", ("weight",)),
)
"""Name, padded as Slurm pads it, and the fields that set it."""

FILTERS = ("dead", "responding", "list-reasons", "nodes", "states")


def parameters(options: Component, texts: Mapping[str, str], columns: Sequence[Column], layout: str | None) -> str:
    """texts: the options' values as they were written. layout: the format that was given; None for one of sinfo's own."""
    shown = [name for column in columns for name, field in LONG_FIELDS.items() if field is column.field]
    own = layout is None
    flags = {
        "all_flag": bool(options["all"] or options["partition"]),
        "reservation_flag": bool(options["reservation"]),
    }
    lines = [
        RULE,
        f"dead        = {say(options['dead'])}",
        f"exact       = {int(bool(options['exact']))}",
        f"filtering   = {say(any(options[name] is not None for name in FILTERS))}",
        f"format      = {spell(columns) if layout is None else layout}",
        f"iterate     = {options['iterate'] or 0}",
        f"long        = {say(options['long'])}",
        f"no_header   = {say(options['noheader'])}",
        f"node_field  = {say(own and options['Node'] and not options['summarize'])}",
        f"node_format = {say(options['Node'])}",
        f"nodes       = {texts.get('nodes', 'n/a')}",
        f"part_field  = {say(own and 'partition' in shown)}",
        f"partition   = {texts.get('partition', 'n/a')}",
        f"responding  = {say(options['responding'])}",
        f"states      = {texts.get('states', 'down' if options['list-reasons'] else '(null)')}",
        f"sort        = {texts.get('sort', '(null)')}",
        f"summarize   = {say(options['summarize'])}",
        f"verbose     = {options['verbose']}",
        RULE,
    ]
    for name, fields in FLAGS:
        value = flags.get(name.strip(), any(field in shown for field in fields))
        lines.append(f"{name} ={'' if name == 'default_time_flag' else ' '}{say(value)}")
    return "\n".join([*lines, RULE, ""])


def say(value: object) -> str:
    return "true" if value else "false"


def spell(columns: Sequence[Column]) -> str:
    """A format of sinfo's own, as it would be given to --Format. The width of node names is found out later."""
    words = []
    for column in columns:
        name = next(name for name, field in LONG_FIELDS.items() if field is column.field)
        width = 0 if name == "nodelist" else column.width
        words.append(f"{name}:{'.' if column.right else ''}{width}{column.suffix}")
    return ",".join(words)
