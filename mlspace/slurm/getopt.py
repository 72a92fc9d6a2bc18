"""GNU getopt_long over a table of options, with its messages. For any command: the big table or a listing's small one."""

from __future__ import annotations

from mlspace.errors import UsageError
from mlspace.slurm.option import COMMAND_LINE, NONE, OPTIONAL, Option, Origin, Setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# What a wrong command line ends with: sbatch, srun and salloc exit(-1), the listing commands exit(1).
USAGE_EXIT = {"sbatch": 255, "srun": 255, "salloc": 255}

WITHOUT_HINT = ("sacct", "sstat")
"""Programs that do not say `Try "... --help"`."""

ENDING = ("help", "usage", "version")
"""Slurm acts on these as soon as it meets them: what follows is not even read."""


def parse(
    program: str,
    options: Sequence[Option],
    argv: Sequence[str],
    *,
    stop_at_word: bool = False,
    origins: Sequence[Origin] | None = None,
    check: Callable[[Setting], None] | None = None,
) -> tuple[list[Setting], list[str]]:
    """Settings in the order given, and the words that are no options.

    stop_at_word: the first such word ends the options (sbatch's script, srun's program); else they may stand anywhere.
    origins: where each of argv was written; the command line by default. check: called with each setting as it is met.
    Raises UsageError with getopt's line. An option of ENDING ends the reading. Source: getopt_long(3); sbatch, squeue 22.05.
    """
    reader = Reader(program, options, check)
    words: list[str] = []
    position = 0
    while position < len(argv):
        word = argv[position]
        origin = origins[position] if origins else COMMAND_LINE
        position += 1
        if word == "--":
            words += argv[position:]
            break
        if word == "-" or not word.startswith("-"):
            words.append(word)
            if stop_at_word:
                words += argv[position:]
                break
            continue
        following = argv[position] if position < len(argv) else None
        position += reader.read(word, following, origin)
        if reader.ended:
            break
    return reader.settings, words


class Reader:
    """Collects settings; `read` tells how many following words it used (0 or 1)."""

    def __init__(self, program: str, options: Sequence[Option], check: Callable[[Setting], None] | None) -> None:
        self.program = program
        self.options = [option for option in options if option.serves(program)]
        self.settings: list[Setting] = []
        self.check = check

    @property
    def ended(self) -> bool:
        return any(setting.option.long in ENDING for setting in self.settings[-1:])

    def read(self, word: str, following: str | None, origin: Origin) -> int:
        return self.read_long(word[2:], following, origin) if word.startswith("--") else self.read_short(word[1:], following, origin)

    def read_long(self, text: str, following: str | None, origin: Origin) -> int:
        name, equals, value = text.partition("=")
        option = self.find(name, text)
        if option.argument == NONE:
            if equals:
                raise self.wrong(f"option '--{option.long}' doesn't allow an argument")
            return self.add(option, None, origin)
        if equals:
            return self.add(option, value, origin)
        if option.argument == OPTIONAL:
            return self.add(option, None, origin)
        if following is None:
            raise self.wrong(f"option '--{option.long}' requires an argument")
        return self.add(option, following, origin) + 1

    def read_short(self, letters: str, following: str | None, origin: Origin) -> int:
        for position, letter in enumerate(letters):
            option = next((option for option in self.options if option.short == letter), None)
            if option is None:
                raise self.wrong(f"invalid option -- '{letter}'")
            rest = letters[position + 1 :]
            if option.argument == NONE:
                self.add(option, None, origin, f"-{letter}")
                if self.ended:
                    return 0
                continue
            if rest or option.argument == OPTIONAL:
                return self.add(option, rest or None, origin, f"-{letter}")
            if following is None:
                raise self.wrong(f"option requires an argument -- '{letter}'")
            return self.add(option, following, origin, f"-{letter}") + 1
        return 0

    def find(self, name: str, text: str) -> Option:
        """The row of that name, or the one that it is a prefix of."""
        matches = []
        for option in self.options:
            if option.long == name:
                return option
            if option.long.startswith(name) and not option.own:
                matches.append(option)
        meanings = {(option.alias_of or option.long, option.argument) for option in matches}
        if len(meanings) > 1:
            first = (matches[0].alias_of or matches[0].long, matches[0].argument)
            # As glibc: the first one, and those that are not it under another name.
            others = [option for option in matches[1:] if (option.alias_of or option.long, option.argument) != first]
            names = " ".join(f"'--{option.long}'" for option in [matches[0], *others])
            raise self.wrong(f"option '--{text}' is ambiguous; possibilities: {names}")
        if not matches:
            raise self.wrong(f"unrecognized option '--{text}'")
        return matches[0]

    def add(self, option: Option, text: str | None, origin: Origin, spelling: str = "") -> int:
        self.settings.append(Setting(option, text, origin, spelling))
        if self.check is not None:
            self.check(self.settings[-1])
        return 0

    def wrong(self, message: str) -> UsageError:
        lines = [f"{self.program}: {message}"]
        if self.program not in WITHOUT_HINT:
            lines.append(f'Try "{self.program} --help" for more information')
        return UsageError(*lines, exit_code=USAGE_EXIT.get(self.program, 1))
