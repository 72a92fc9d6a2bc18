"""What sbatch and srun share: reading the command line, the answers to --help and its like, and the decision where a request fits."""

from __future__ import annotations

from mlspace.errors import RequestRefused, UsageError
from mlspace.slurm import getopt, merge
from mlspace.slurm.help import answer
from mlspace.slurm.options import OPTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context
    from mlspace.session import Session
    from mlspace.slurm.directives import Word
    from mlspace.slurm.geometry import Geometry
    from mlspace.slurm.job import JobView
    from mlspace.slurm.option import Setting
    from mlspace.slurm.request import Component, JobRequest


class Call:
    """A command line as it was given: its settings, the words behind them, and the text that it asks for (--help, --version) or None."""

    def __init__(self, context: Context, program: str, argv: Sequence[str]) -> None:
        self.context = context
        self.program = program
        self.settings: list[Setting]
        self.words: list[str]
        self.settings, self.words = getopt.parse(program, OPTIONS, argv, stop_at_word=True)
        merge.refuse_heterogeneous(program, self.words)
        self.answer = answer(program, OPTIONS, self.settings)

    def text(self, long: str) -> str | None:
        """The argument of an option of the command line, the last one if it was repeated; None where it was not given."""
        texts = [setting.text for setting in self.settings if setting.option.long == long]
        return texts[-1] if texts else None

    def component(self, script_words: Sequence[Sequence[Word]] = ((),)) -> Component:
        """Script, environment and command line together; what is ignored is said on stderr."""
        components = merge.components(self.program, script_words, self.context.environ, self.settings)
        for line in merge.warnings(self.program, components):
            self.context.warn(line)
        return components[0]


def prepare(context: Context, request: JobRequest) -> tuple[Session, Geometry]:
    """The session for this request, and its geometry on the cluster. Raises RequestRefused with Slurm's line where it cannot fit."""
    from mlspace import submission
    from mlspace.session import Session

    session = Session(context)
    try:
        return session, submission.decide(session, request)
    except RequestRefused as error:
        if request.first["test-only"]:
            raise test_only_failure(error) from error
        raise


def exit_code(job: JobView) -> int:
    """What a command that waited ends with: the job's exit code; 1 where it has none, as after a signal."""
    if job.exit_signal:
        return 1
    code: int = job.exit_code
    return code if code or job.state == "COMPLETED" else 1


def test_only_failure(error: RequestRefused) -> UsageError:
    """What --test-only says of a request that cannot fit: Slurm's reason in other words than those of a submission."""
    if not error.reason:
        return UsageError(f"allocation failure: {error.lines[0]}", *error.lines[1:])
    return UsageError(f"allocation failure: {error.reason}", *(line for line in error.lines if line.startswith("  ")))


def test_only_line(context: Context, session: Session, request: JobRequest, geometry: Geometry) -> str:
    """What --test-only says of a request that fits: where it could start, and, as far as anyone can tell, now."""
    from mlspace import submission
    from mlspace.slurm.hostlist import fold_hosts
    from mlspace.slurm.timestamp import format_timestamp

    partition = submission.partition_of(session, request)
    start = format_timestamp(int(context.now()), context.environ.get("SLURM_TIME_FORMAT", ""))
    if partition.nodes:
        where = f"nodes {fold_hosts(partition.nodes[: geometry.nodes])}"
    else:
        where = f"{geometry.nodes} nodes"
    cpus = sum(geometry.cpus_per_node)
    return f"{request.program}: Job 1 to start at {start} using {cpus} processors on {where} in partition {partition.name}"
