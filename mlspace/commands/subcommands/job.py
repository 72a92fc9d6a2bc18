"""`mlspace job JOB`: all that the platform itself tells of a job, ours or any other one."""

from __future__ import annotations

from mlspace.commands.arguments import Parser
from mlspace.commands.tables import print_values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from mlspace.context import Context
    from mlspace.gateway.wire import PlatformJob

NAMES_ONLY = ("flags", "env_variables")
"""Parameters whose values may be secrets, or a whole specification."""


def run(context: Context, argv: Sequence[str]) -> int:
    parser = Parser("mlspace job", "Show what MLSpace tells of a job: its state, nodes, parameters, and what takes its place.")
    parser.add_argument("job", metavar="JOB", help="its id, an element of an array, or its name on MLSpace")
    told = parser.read(context, argv)
    if told is None:
        return 0
    from mlspace import platformjob
    from mlspace.session import Session

    session = Session(context)
    name, job = platformjob.find(session, told.job)
    client = session.gateway()
    status, params = client.job(name), client.params(name)
    print_values(
        context,
        [
            ("job", job.job_id if job else ""),
            ("name", name),
            *times(status),
            ("nodes", ", ".join(client.job_nodes(name))),
            *(("preempted by", f"{one.kind} {one.name} ({one.priority})") for one in client.preemptors(name)),
            *shown(params),
        ],
    )
    return 0


def times(status: PlatformJob) -> Iterator[tuple[str, str]]:
    from mlspace.slurm.timestamp import format_timestamp

    yield "status", status.status
    for what, moment in (("running since", status.running_at), ("ended", status.completed_at)):
        if moment:
            yield what, format_timestamp(moment)


def shown(params: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for key, value in sorted(params.items()):
        if key in NAMES_ONLY and isinstance(value, dict):
            yield f"{key} (names)", ", ".join(value)
        else:
            yield key, value
