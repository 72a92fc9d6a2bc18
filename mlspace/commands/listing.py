"""What the listing commands share: reading a command line by a command's own table, and lists of names."""

from __future__ import annotations

from mlspace.errors import MlspaceError, RequestRefused, UsageError
from mlspace.slurm import getopt, values
from mlspace.slurm.help import answer
from mlspace.slurm.job import CLUSTER_NAME
from mlspace.slurm.option import COMMAND_LINE, IGNORED, NONE, REFUSED, Option, Origin, Setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context
    from mlspace.slurm.request import Component

HELP = (
    Option("help", section="Help options:", help="show this help message"),
    Option("usage", section="Help options:", help="display a brief summary of the options"),
)


class Call:
    """A command line: the options' values, and the words that are none. `answer` is the text that --help or --version asks for.

    settings: the options as they stand on the command line, in order; those of input variables are only among the values.
    """

    def __init__(self, context: Context, program: str, options: Sequence[Option], argv: Sequence[str]) -> None:
        settings, self.words = getopt.parse(program, options, argv)
        self.settings = settings
        self.answer = answer(program, options, settings)
        try:
            self.options: Component = values.collect([] if self.answer else [*preset(context, program, options), *settings], program)
        except MlspaceError as error:
            error.exit_code = 1  # for these commands no other code is known
            raise
        for setting in settings:
            option = setting.option
            if option.support == REFUSED and self.answer is None:
                raise RequestRefused(option.refusal)
            if option.support == IGNORED:
                context.warn(f"{program}: {option.warning}")


def preset(context: Context, program: str, options: Sequence[Option]) -> list[Setting]:
    """Settings of the input variables that the rows name. For an option without argument any value will do, an empty one, too."""
    found = []
    for option in options:
        variable = (option.on or {}).get(program)
        if variable and variable in context.environ:
            text = None if option.argument == NONE else context.environ[variable]
            found.append(Setting(option, text, Origin(variable)))
    return found


def read(context: Context, program: str, options: Sequence[Option], argv: Sequence[str]) -> Call | None:
    """The command line; None where it asks for --help and its like, which has then been printed."""
    call = Call(context, program, options, argv)
    if call.answer is None:
        return call
    context.print(call.answer)
    return None


def names(text: str) -> list[str]:
    """The items of a list with commas; empty ones dropped."""
    return [item.strip() for item in text.split(",") if item.strip()]


def user_name(text: str) -> str | None:
    """The login name of a name or a uid; None where the system knows no such user."""
    import pwd

    try:
        return pwd.getpwuid(int(text)).pw_name if text.isdigit() else pwd.getpwnam(text).pw_name
    except (KeyError, OverflowError):
        return text if text.isdigit() else None


def check_clusters(context: Context, program: str, text: str | None, origin: str) -> bool:
    """Whether the clusters of --clusters are told apart, as Slurm does where they are named. Raises UsageError where ours is not there."""
    if text is None:
        return False
    wanted = text.split(",")
    unknown = [name for name in wanted if name not in (CLUSTER_NAME, "all")]
    lines = [f"{program}: error: No cluster '{name}' known by database." for name in unknown]
    if len(unknown) == len(wanted):
        entry = "--cluster" if origin == str(COMMAND_LINE) else origin
        raise UsageError(
            *lines,
            f"{program}: error: '{text}' can't be reached now, or it is an invalid entry for {entry}."
            "  Use 'sacctmgr list clusters' to see available clusters.",
            f"  the cluster here is {CLUSTER_NAME}",
        )
    for line in lines:
        context.warn(line)
    return True
