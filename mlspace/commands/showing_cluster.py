"""scontrol show node, partition, config, topology and slurmd; and ping: what scontrol tells of the cluster, not of its jobs."""

from __future__ import annotations

from mlspace.commands import documenting
from mlspace.errors import BadValue, GatewayError, UsageError
from mlspace.slurm.help import RELEASE
from mlspace.slurm.hostlist import expand_hosts
from mlspace.slurm.timestamp import format_timestamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.commands.controlling import Call


def show_node(call: Call, text: str | None) -> int:
    from mlspace.cluster import stock
    from mlspace.render import scontrol

    session = call.session
    if call.document:
        return documenting.print_nodes(call.context, session, call.document, None if text is None else read_nodes(call, text))
    (cluster, occupation), now = stock.look(session), call.context.now()
    member_of: dict[str, list[str]] = {}
    for partition in cluster.partitions:
        for name in partition.nodes or ():
            member_of.setdefault(name, []).append(partition.name)
    known = {node.name: node for node in cluster.nodes if node.name in member_of}
    names = list(known) if text is None else read_nodes(call, text)
    facts, ends, code = machine_facts(call), scontrol.last_ends(session.recent_jobs()), 0
    for name in names:
        if name not in known:
            code = call.miss(f"Node {name} not found")
            continue
        busy = now if occupation[name].cpus else ends.get(name)
        last = facts.get("SlurmdStartTime", "None") if busy is None else format_timestamp(busy, call.time_format)
        call.print_records([scontrol.node(known[name], occupation[name], member_of[name], {**facts, "LastBusyTime": last}, RELEASE)])
    if not known:
        call.context.print("No nodes in the system")
    return code


def read_nodes(call: Call, text: str) -> list[str]:
    try:
        return expand_hosts(text)
    except BadValue as error:
        lines = [f"{call.context.program}: error: _parse_single_range: {line}" for line in error.lines[1:]]
        raise UsageError(*lines, f"unable to parse node list {text}") from None


def machine_facts(call: Call) -> dict[str, str]:
    """What is known of the host behind the nodes, its times written out; nothing where the nodes are elsewhere."""
    from mlspace.cluster import machine

    times = machine.times(call.session)
    return machine.facts(call.session) | {key: format_timestamp(time, call.time_format) for key, time in times.items()}


def show_partition(call: Call, text: str | None) -> int:
    from mlspace.cluster import stock
    from mlspace.render import scontrol

    cluster, _ = stock.look(call.session)
    partitions = [one for one in cluster.partitions if text in (None, one.name)]
    if not partitions:
        return call.miss(f"Partition {text} not found")
    call.print_records([scontrol.partition(one, cluster) for one in partitions])
    return 0


def show_config(call: Call, text: str | None) -> int:
    from mlspace.render import configuration

    session, context = call.session, call.context
    values = {
        "BOOT_TIME": machine_facts(call).get("SlurmdStartTime", "Unknown"),
        "MailProg": session.config["mail_prog"] or "(null)",
        "NEXT_JOB_ID": str(session.registry.next_job_id()),
        "SLURM_VERSION": RELEASE,
        "SlurmctldHost[0]": context.host,
        "SlurmUser": f"{context.user.name}({context.user.uid})",
        "SlurmdUser": f"{context.user.name}({context.user.uid})",
        "StateSaveLocation": session.state_dir,
        "SLURM_CONF": session.config.file or "(null)",
    }
    context.print(configuration.config(session.cluster, values, format_timestamp(context.now(), call.time_format)))
    return ping(call, [])


def ping(call: Call, words: Sequence[str]) -> int:
    """Up are the registry with the Gateway behind it, and whoever leads its jobs; where nothing waits nobody needs to."""
    from mlspace.controller import lease
    from mlspace.process_identity import host_of

    session, context = call.session, call.context
    term = session.leadership.term()
    is_up = not term.owner or lease.is_sure(term, context.now())
    try:
        if is_up and not lease.is_elsewhere(term):
            session.gateway().configs()
    except GatewayError as error:
        context.warn(f"{context.program}: error: {error.lines[0]}")
        is_up = False
    host = host_of(term.owner).split(".")[0] or context.host
    context.print(f"Slurmctld(primary) at {host} is {'UP' if is_up else 'DOWN'}")
    return 0 if is_up else 1


def show_topology(call: Call, given: str | None) -> int:
    what = "No topology information available"
    if given is not None:
        what = f"Topology information contains no switch or node named {given}"
    call.context.warn(f"{call.context.program}: error: {what}")
    return 0


def show_daemon(call: Call, given: str | None) -> int:
    """There is no slurmd on this host that could answer."""
    refused = "Connection refused"
    raise UsageError(f"{call.context.program}: error: slurm_slurmd_info: {refused}", f"slurm_load_slurmd_status: {refused}")
