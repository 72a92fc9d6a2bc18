"""--json and --yaml of squeue, sinfo and scontrol: jobs and nodes as documents."""

from __future__ import annotations

from mlspace.errors import GatewayError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from mlspace.context import Context
    from mlspace.session import Session
    from mlspace.slurm.job import JobView
    from mlspace.slurm.request import Component

FORMATS = ("json", "yaml")


def format_of(options: Component) -> str:
    """What the document is asked for as: one of FORMATS, or "" where a table is."""
    return next((name for name in FORMATS if options[name]), "")


def print_jobs(context: Context, session: Session, format_name: str, jobs: Iterable[JobView]) -> int:
    from mlspace.render import document
    from mlspace.render.squeue import listed
    from mlspace.render.squeue_document import job_document

    now, shown = context.now(), listed(jobs)
    families = components(shown)
    try:
        nodes = {node.name: node for node in session.cluster.nodes} if shown else {}
    except GatewayError:  # the jobs are known all the same
        nodes = {}
    documents = [job_document(job, now, families.get(job.het_job_id, []), nodes) for job in shown]
    context.write(document.render(format_name, document.document(document.CLUSTER, jobs=documents)))
    return 0


def components(jobs: Iterable[JobView]) -> dict[int, list[int]]:
    """Heterogeneous jobs, by the id of their first component: the ids of all of them."""
    families: dict[int, list[int]] = {}
    for job in jobs:
        if job.het_job_id is not None:
            families.setdefault(job.het_job_id, []).append(job.job_id)
    return families


def print_nodes(context: Context, session: Session, format_name: str, names: Collection[str] | None = None) -> int:
    """The nodes of these names; all for None."""
    from mlspace.cluster import machine, stock
    from mlspace.render.document import render
    from mlspace.render.nodes_document import nodes_document
    from mlspace.render.scontrol import last_ends

    (cluster, occupation), now = stock.look(session), int(context.now())
    busy = last_ends(session.recent_jobs()) | {node.name: now for node in cluster.nodes if occupation[node.name].cpus}
    nodes = nodes_document(cluster, occupation, machine.facts(session), machine.times(session), busy, names)
    context.write(render(format_name, nodes))
    return 0
