"""`mlspace queues`: the queues of the workspace's allocations; with --jobs who is in them."""

from __future__ import annotations

from mlspace.commands.arguments import Parser
from mlspace.commands.tables import print_table, yes
from mlspace.errors import MlspaceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context

HEAD = ("queue", "allocation", "kind", "active", "default", "id")
JOBS_HEAD = ("queue", "job", "status", "priority", "GPUs", "instance type", "user", "since")


def run(context: Context, argv: Sequence[str]) -> int:
    parser = Parser("mlspace queues", "Show the queues of the workspace's allocations.")
    parser.add_argument("allocation", nargs="?", metavar="ALLOCATION", help="only of this one, by its name or id")
    parser.add_argument("-j", "--jobs", action="store_true", help="show the jobs of everybody that are in them")
    told = parser.read(context, argv)
    if told is None:
        return 0
    from mlspace.gateway.at_once import at_once
    from mlspace.session import Session

    session = Session(context)
    client, workspace = session.gateway(), session.platform.workspace_id
    allocations = client.allocations(workspace)
    chosen = [one for one in allocations if told.allocation in (None, one.name, one.id)]
    if not chosen:
        known = ", ".join(one.name for one in allocations)
        raise MlspaceError(f"there is no allocation {told.allocation}", f"  known are {known or 'none'}")
    listed = at_once(lambda one: client.queues(workspace, one.id), chosen)
    queues = [(one, queue) for one, some in zip(chosen, listed, strict=True) for queue in some]
    if not told.jobs:
        rows = [(queue.name, one.name, queue.kind, yes(queue.is_active), yes(queue.is_default), queue.id) for one, queue in queues]
        print_table(context, HEAD, rows)
        return 0
    jobs = at_once(client.queue_jobs, [queue.id for _, queue in queues])
    in_queues = [
        (queue.name, job.name, job.status, job.priority, job.gpus, job.instance_type, job.user, job.created_at)
        for (_, queue), some in zip(queues, jobs, strict=True)
        for job in some
    ]
    print_table(context, JOBS_HEAD, in_queues)
    return 0
