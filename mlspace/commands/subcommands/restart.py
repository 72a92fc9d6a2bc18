"""`mlspace restart NAME`: a job that was not submitted from here, once more as it was. Ours are requeued by scontrol, under their ids."""

from __future__ import annotations

from mlspace.commands.arguments import Parser
from mlspace.errors import MlspaceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context


def run(context: Context, argv: Sequence[str]) -> int:
    parser = Parser("mlspace restart", "Submit a job of another tool once more, as it was; prints the new one's name.")
    parser.add_argument("name", metavar="NAME", help="its name on MLSpace, lm-mpi-job-...")
    told = parser.read(context, argv)
    if told is None:
        return 0
    from mlspace import platformjob
    from mlspace.session import Session

    session = Session(context)
    name, job = platformjob.find(session, told.name)
    if job is not None:
        # It carries the submission by which the registry knows its one platform job; a second one would be deleted as a double.
        raise MlspaceError(f"{told.name} is job {job.job_id}, submitted from here", f"  scontrol requeue {job.job_id} runs it again")
    context.print(session.gateway().restart_job(name))
    return 0
