"""One request from three places: the script, the environment, the command line, each over the one before."""

from __future__ import annotations

from mlspace.errors import RequestRefused, UsageError
from mlspace.slurm import getopt
from mlspace.slurm.option import COMMAND_LINE, IGNORED, NONE, OPTIONAL, REFUSED, Origin, Setting
from mlspace.slurm.options import OPTIONS
from mlspace.slurm.values import collect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlspace.slurm.directives import Word
    from mlspace.slurm.option import Option
    from mlspace.slurm.request import Component

STRAY_WORD_EXIT = 255

HETEROGENEOUS = "heterogeneous jobs are not supported yet"

MEMORY = ("mem", "mem-per-cpu", "mem-per-gpu")


def components(
    program: str, script_words: Sequence[Sequence[Word]], environ: Mapping[str, str], argv_settings: Sequence[Setting]
) -> list[Component]:
    """The request's components with all values parsed; today always one. Arguments and errors as those of `read`,
    and RequestRefused for an option that is not there yet."""
    made = read(program, script_words, environ, argv_settings)
    for component in made:
        refuse(program, component)
    return made


def read(
    program: str, script_words: Sequence[Sequence[Word]], environ: Mapping[str, str], argv_settings: Sequence[Setting]
) -> list[Component]:
    """The components as they are asked for, whether they can be had or not.

    script_words: what directives.read gave ([[]] without a script). argv_settings: what getopt.parse gave.
    Raises UsageError and MlspaceError with Slurm's lines and exit codes.
    """
    if len(script_words) > 1:
        raise RequestRefused(HETEROGENEOUS, "  from #SBATCH hetjob")
    sources = [
        script_settings(program, script_words[0] if script_words else []),
        environment_settings(program, environ),
        list(argv_settings),
    ]
    component = collect([setting for source in sources for setting in source])
    keep_one_memory(program, component, sources)
    return [component]


def script_settings(program: str, words: Sequence[Word]) -> list[Setting]:
    """Directives as settings. Those that only print (--help) are no error in a script, and do nothing, as in sbatch."""
    texts = [text for text, _ in words]
    origins = [origin for _, origin in words]
    settings, stray = getopt.parse(program, OPTIONS, texts, stop_at_word=True, origins=origins)
    if stray:
        lines = [f"Invalid directive found in batch script: {stray[0]}"]
        lines.append(f"  from {origins[len(texts) - len(stray)]}")
        raise UsageError(*(f"{program}: error: {line}" for line in lines), exit_code=STRAY_WORD_EXIT)
    return [setting for setting in settings if setting.option.long not in getopt.ENDING]


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
    if option.argument == NONE or (option.argument == OPTIONAL and not text):
        return None
    return text


def keep_one_memory(program: str, component: Component, sources: Sequence[Sequence[Setting]]) -> None:
    """Of --mem, --mem-per-cpu and --mem-per-gpu the strongest source's counts; two in one source are Slurm's fatal error."""
    for source in reversed(sources):
        named = {setting.option.long for setting in source} & set(MEMORY)
        if len(named) > 1:
            line = f"{program}: fatal: --mem, --mem-per-cpu, and --mem-per-gpu are mutually exclusive."
            raise UsageError(line, exit_code=1)
        if named:
            for weaker in set(MEMORY) - named:
                component.values.pop(weaker, None)
                component.origins.pop(weaker, None)
            return


def refuse(program: str, component: Component) -> None:
    """Stops a request that asks for something that would be missing from the job."""
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


def refuse_heterogeneous(program: str, words: Sequence[str]) -> None:
    """A ` : ` among the words separates components of a heterogeneous job; sbatch's stands before the script."""
    if words[:1] == [":"] or (program == "srun" and ":" in words):
        raise RequestRefused(HETEROGENEOUS, "  from ` : ' on the command line")
