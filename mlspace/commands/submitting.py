"""What sbatch and srun share: reading the command line, the answers to --help and its like, and the decision where a request fits."""

from __future__ import annotations

from mlspace.commands import defaults, hostfiles
from mlspace.errors import MlspaceError, RequestRefused, UsageError
from mlspace.slurm import getopt, merge
from mlspace.slurm.container import is_name
from mlspace.slurm.help import answer, answer_about_value
from mlspace.slurm.options import OPTIONS
from mlspace.slurm.request import JobRequest
from mlspace.slurm.values import checker
from mlspace.slurm.verbose import defined_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context
    from mlspace.session import Session
    from mlspace.slurm.directives import Word
    from mlspace.slurm.geometry import Geometry
    from mlspace.slurm.job import JobView
    from mlspace.slurm.option import Setting
    from mlspace.slurm.request import Component


SEPARATOR = ":"
"""A word that separates the components of a heterogeneous job on the command line."""

UNKNOWN_PARTITION = "invalid partition specified"
"""What is said of one with --test-only, too; other sentences are left out there."""

FAILURE_CODE = "SLURM_EXIT_ERROR"
"""The variable with the exit code of a failure, where it is to be told from the job's. Source: sbatch(1), srun(1)."""


class Call:
    """A command line as it was given, and the text that it asks for (--help, --version) or None, with the exit code for it.

    parts: the settings of each component that ` : ` separates. words: what stands behind the options of the last one.
    programs: the words of the earlier ones, which only srun's have; [] where they are the same as the last one's.
    """

    def __init__(self, context: Context, program: str, argv: Sequence[str]) -> None:
        self.context = context
        self.program = program
        self.parts: list[list[Setting]] = []
        self.programs: list[list[str]] = []
        self.words: list[str] = list(argv)
        self.answer: str | None = None
        self.answer_code = 0
        choose_failure_code(context, program)
        more = True
        while more and self.answer is None:
            settings, self.words = getopt.parse(program, OPTIONS, self.words, stop_at_word=True, check=checker(program))
            self.parts.append(settings)
            about_value = answer_about_value(settings)
            if about_value is not None:
                self.answer, self.answer_code = about_value
                return
            self.answer = answer(program, OPTIONS, settings)
            more = self._cut()

    def _cut(self) -> bool:
        """Whether there is another component; its words are then those that are left."""
        end = self.words.index(SEPARATOR) if SEPARATOR in self.words else -1
        if end < 0 or (end > 0 and self.program == "sbatch"):  # behind sbatch's script there are only its arguments
            return False
        self.programs.append(self.words[:end])
        self.words = self.words[end + 1 :]
        return True

    @property
    def settings(self) -> list[Setting]:
        """Those of the first component, mostly the only one."""
        return self.parts[0]

    def text(self, long: str) -> str | None:
        """The argument of an option of the command line, the last one if it was repeated; None where it was not given."""
        texts = [setting.text for part in self.parts for setting in part if setting.option.long == long]
        return texts[-1] if texts else None

    def has(self, long: str) -> bool:
        """Whether the command line has that option."""
        return any(setting.option.long == long for part in self.parts for setting in part)

    def components(
        self, script_words: Sequence[Sequence[Word]] = ((),), foreign_lines: Sequence[tuple[str, Sequence[Word]]] = ()
    ) -> list[Component]:
        """Script, environment and command line together; what is ignored, and with -v what is defined, is said on stderr."""
        context, program = self.context, self.program
        usual = defaults.settings(context, program)
        components = merge.read(program, script_words, context.environ, self.parts, foreign_lines, usual)
        for component in components:
            hostfiles.resolve(context, component)
            if component["verbose"]:
                for line in defined_options(program, OPTIONS, component, context.now(), context.cwd):
                    context.warn(line)
        try:
            for component in components:
                merge.refuse(program, component)
        except RequestRefused as error:
            if error.reason and components[0]["test-only"]:
                raise test_only_failure(program, error) from error
            raise
        for line in merge.warnings(program, components):
            context.warn(line)
        return components


def choose_failure_code(context: Context, program: str) -> None:
    """Takes the exit code of failures from FAILURE_CODE: a whole number, of which a program's exit code keeps eight bits."""
    from mlspace.slurm.count import leading

    text = context.environ.get(FAILURE_CODE)
    if text is None:
        return
    if code := leading(text):
        context.failure_code = code & 0xFF
    else:
        context.warn(f"{program}: error: {FAILURE_CODE} has zero value")


def prepare(context: Context, request: JobRequest) -> tuple[Session, list[Geometry]]:
    """The session for this request, and the geometry of each of its components on the cluster.

    Raises RequestRefused with Slurm's line where it cannot fit.
    """
    from mlspace import components, submission
    from mlspace.session import Session

    session = Session(context)
    try:
        components.check(request)
        geometries = [submission.decide(session, part) for part in components.apart(request)]
    except RequestRefused as error:
        if request.first["test-only"]:
            raise test_only_failure(request.program, error) from error
        raise
    for part in components.apart(request):
        say_what_becomes_of_the_image(session, part)
    return session, geometries


def say_what_becomes_of_the_image(session: Session, request: JobRequest) -> None:
    """Warns where there are no containers; raises RequestRefused where images are names in a registry, and this is none."""
    image, origin = request.first["image"], request.first.origin("image")
    if image is None or origin == "MLSPACE_IMAGE":
        return
    if not session.config.is_remote:
        said = f"the image {image} is ignored: there are no containers here, the program runs as it is"
        session.context.warn(f"{request.program}: warning: {said}")
    elif not is_name(session.platform.site.image(image)):
        raise RequestRefused(f"--image={image}: no image of a registry", "  name one that MLSpace can pull: registry/name:tag")


def exit_code(job: JobView) -> int:
    """What a command that waited ends with: the job's exit code; 1 where it has none, as after a signal."""
    if job.exit_signal:
        return 1
    code: int = job.exit_code
    return code if code or job.state == "COMPLETED" else 1


def test_only_failure(program: str, error: RequestRefused) -> MlspaceError:
    """What --test-only says of a request that cannot fit: Slurm's reason in other words than those of a submission."""
    if not error.reason:
        return error
    before = [f"{program}: error: {line}" for line in error.lines if line.startswith(UNKNOWN_PARTITION)]
    return UsageError(*before, f"allocation failure: {error.reason}", *(line for line in error.lines if line.startswith("  ")))


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
