"""`mlspace pods JOB`: what the platform tells of each node's share of a job, as whether its image is still on its way."""

from __future__ import annotations

from mlspace.commands.arguments import Parser
from mlspace.commands.tables import print_table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context

HEAD = ("pod", "status", "reason", "running since", "until", "seconds")


def run(context: Context, argv: Sequence[str]) -> int:
    parser = Parser("mlspace pods", "Show a job's pods, one for each of its nodes, and what keeps each of them.")
    parser.add_argument("job", metavar="JOB", help="its id, an element of an array, or its name on MLSpace")
    told = parser.read(context, argv)
    if told is None:
        return 0
    from mlspace import platformjob
    from mlspace.session import Session

    session = Session(context)
    name, _ = platformjob.find(session, told.job)
    pods = session.gateway().pods(name)
    if not pods:
        context.warn(f"{parser.prog}: {name} has no pods yet: it waits for its nodes, or MLSpace does not know it any more")
        return 0
    rows = [(pod.name, pod.status, pod.reason, pod.running_at, pod.completed_at, f"{pod.seconds:.0f}") for pod in pods]
    print_table(context, HEAD, rows)
    return 0
