"""What the listing commands share: reading a command line by a command's own table, and lists of names."""

from __future__ import annotations

from mlspace.errors import MlspaceError, RequestRefused
from mlspace.slurm import getopt, values
from mlspace.slurm.help import answer
from mlspace.slurm.option import IGNORED, REFUSED, Option

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
    """A command line: the options' values, and the words that are none. `answer` is the text that --help or --version asks for."""

    def __init__(self, context: Context, program: str, options: Sequence[Option], argv: Sequence[str]) -> None:
        settings, self.words = getopt.parse(program, options, argv)
        self.answer = answer(program, options, settings)
        try:
            self.options: Component = values.collect([] if self.answer else settings)
        except MlspaceError as error:
            error.exit_code = 1  # for these commands no other code is known
            raise
        for setting in settings:
            option = setting.option
            if option.support == REFUSED and self.answer is None:
                raise RequestRefused(option.refusal)
            if option.support == IGNORED:
                context.warn(f"{program}: {option.warning}")


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
