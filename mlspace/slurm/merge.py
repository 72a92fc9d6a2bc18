"""One request from three places: the script, the environment, the command line, each over the one before."""

from __future__ import annotations

from mlspace.errors import RequestRefused, UsageError
from mlspace.slurm import foreign, getopt, together
from mlspace.slurm.option import COMMAND_LINE, IGNORED, NONE, OPTIONAL, REFUSED, Origin, Setting
from mlspace.slurm.options import OPTIONS
from mlspace.slurm.values import checker, collect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mlspace.slurm.directives import Word
    from mlspace.slurm.option import Option
    from mlspace.slurm.request import Component

STRAY_WORD_EXIT = 255

IGNORE_FOREIGN = "ignore-pbs"

NOT_IN_SCRIPTS = (*getopt.ENDING, "verbose", "quiet", "wrap")
"""Options that are no error in a script, and do nothing there. Source: sbatch 22.05."""


def components(
    program: str,
    script_words: Sequence[Sequence[Word]],
    environ: Mapping[str, str],
    argv_settings: Sequence[Sequence[Setting]],
    foreign_lines: Sequence[tuple[str, Sequence[Word]]] = (),
) -> list[Component]:
    """The request's components with all values parsed. Arguments and errors as those of `read`, and RequestRefused for an
    option that is not there yet."""
    made = read(program, script_words, environ, argv_settings, foreign_lines)
    for component in made:
        refuse(program, component)
    return made


def read(
    program: str,
    script_words: Sequence[Sequence[Word]],
    environ: Mapping[str, str],
    argv_settings: Sequence[Sequence[Setting]],
    foreign_lines: Sequence[tuple[str, Sequence[Word]]] = (),
    defaults: Sequence[Setting] = (),
) -> list[Component]:
    """The components as they are asked for, whether they can be had or not: as many as the script or the command line has.

    script_words: what directives.read gave ([[]] without a script). argv_settings: what getopt.parse gave, for each
    component; the last stands for those that are missing. foreign_lines: what directives.read_foreign gave. defaults: what holds where
    nothing else says anything.
    An option whose row is not `each` holds for the components that follow, too. Source: sbatch -v 22.05, sbatch(1) HETEROGENEOUS JOBS.
    Raises UsageError and MlspaceError with Slurm's lines and exit codes.
    """
    made = []
    carried: list[Setting] = []
    for number in range(max(len(script_words), len(argv_settings), 1)):
        given = list(argv_settings[min(number, len(argv_settings) - 1)]) if argv_settings else []
        given_again = number + 1 >= len(argv_settings)
        script = script_settings(program, script_words[number]) if number < len(script_words) else []
        variables = environment_settings(program, environ)
        script += foreign_settings(program, foreign_lines, [*script, *variables, *given])
        variables = together.without_other_memory(program, variables, [*carried, *script, *given])
        asked = [*carried, *script, *variables, *given]
        settings = [*together.without_rivals(defaults, asked), *asked]
        component = collect(settings, program)
        together.check(program, component)
        spell_out(component)
        made.append(component)
        carried = [one for one in (*carried, *script, *([] if given_again else given)) if not one.option.each]
    return made


def script_settings(program: str, words: Sequence[Word]) -> list[Setting]:
    """Directives as settings, without those of NOT_IN_SCRIPTS."""
    texts = [text for text, _ in words]
    origins = [origin for _, origin in words]
    settings, stray = getopt.parse(program, OPTIONS, texts, stop_at_word=True, origins=origins, check=checker(program))
    if stray:
        lines = [f"Invalid directive found in batch script: {stray[0]}"]
        lines.append(f"  from {origins[len(texts) - len(stray)]}")
        raise UsageError(*(f"{program}: error: {line}" for line in lines), exit_code=STRAY_WORD_EXIT)
    return [setting for setting in settings if setting.option.long not in NOT_IN_SCRIPTS]


def foreign_settings(program: str, lines: Sequence[tuple[str, Sequence[Word]]], others: Iterable[Setting]) -> list[Setting]:
    """#PBS and #BSUB lines as settings; none where one of the others says that they are not to be read."""
    if not lines or any(setting.option.long == IGNORE_FOREIGN for setting in others):
        return []
    return foreign.settings(program, OPTIONS, lines, checker(program))


def environment_settings(program: str, environ: Mapping[str, str]) -> list[Setting]:
    """Settings from the variables that the rows name. Source: sbatch(1), srun(1) INPUT ENVIRONMENT VARIABLES."""
    settings = []
    for option in OPTIONS:
        for variable in (option.on or {}).get(program, "").split():
            text = environ.get(variable)
            if text is not None and is_set(option, text):
                settings.append(Setting(option, given(option, text), Origin(variable)))
    return settings


def is_set(option: Option, text: str) -> bool:
    """A flag is set by an empty variable, "yes", or a number that is not zero."""
    if option.argument != NONE:
        return True
    return text in ("", "yes") or (text.isascii() and text.isdigit() and text.strip("0") != "")


def given(option: Option, text: str) -> str | None:
    is_counted = option.argument == NONE and option.add is not None
    if (option.argument == NONE and not is_counted) or (option.argument == OPTIONAL and not text):
        return None
    return text


def spell_out(component: Component) -> None:
    """--tres-per-task in the words of the options that it stands for, which win over it."""
    for name, value in (component["tres-per-task"] or {}).items():
        if name not in component:
            component.values[name] = value
            component.origins[name] = component.origin("tres-per-task")


def refuse(program: str, component: Component) -> None:
    """Stops a request with a bad value that is read late, or that asks for something that would be missing from the job."""
    for error in component.late_errors.values():
        raise error
    for option in rows(program, component, REFUSED):
        value = component[option.long]
        if value in (None, False, [], {}, ""):
            continue  # --array= and the like ask for nothing
        lines = [option.refusal]
        if component.origin(option.long) != str(COMMAND_LINE):
            lines.append(f"  from {component.origin(option.long)}")
        raise RequestRefused(*lines)


def warnings(program: str, request: Sequence[Component]) -> list[str]:
    """One line for each option that is read and has no effect here."""
    lines = []
    for component in request:
        for option in rows(program, component, IGNORED):
            line = f"{program}: {option.warning}"
            if line not in lines:
                lines.append(line)
    return lines


def rows(program: str, component: Component, support: str) -> list[Option]:
    return [option for option in OPTIONS if option.support == support and option.serves(program) and option.long in component]
