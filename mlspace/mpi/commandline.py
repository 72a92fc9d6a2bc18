"""mpirun's command line as Open MPI 4.1 reads it: programs with ":" between, each with options of its own before it."""

from __future__ import annotations

from mlspace.errors import UsageError
from mlspace.mpi.options import ASKING, OPEN_MPI
from mlspace.slurm.option import COMMAND_LINE, NONE, OPTIONAL, REQUIRED, Option, Setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

SEPARATOR = ":"
JOINT = "\0"
"""Between the words of an option that takes two: no word holds it."""

STAND_INS = tuple(Option(long, "", "VALUE", own=True) for long in ASKING)
"""Rows for options of ours where only their place on the command line counts: options.ours() is not needed, and takes its time."""


class Part:
    """One program: its options as they were given, and its words, the program first."""

    __slots__ = ("settings", "words")

    def __init__(self, settings: list[Setting], words: list[str]) -> None:
        self.settings = settings
        self.words = words


def parse(program: str, words: Sequence[str], own: Sequence[Option] = STAND_INS) -> list[Part]:
    """The parts that are not empty. own: rows besides Open MPI's. Raises UsageError with Open MPI's words."""
    parts: list[Part] = []
    for piece in split(words):
        if piece:
            parts.append(parse_part(program, piece, (*OPEN_MPI, *own)))
    return parts


def split(words: Sequence[str]) -> list[list[str]]:
    pieces: list[list[str]] = [[]]
    for word in words:
        if word == SEPARATOR:
            pieces.append([])
        else:
            pieces[-1].append(word)
    return pieces


def parse_part(program: str, words: Sequence[str], options: Sequence[Option]) -> Part:
    settings: list[Setting] = []
    position = 0
    while position < len(words):
        word = words[position]
        if word == "--":
            position += 1
            break
        if word == "-" or not word.startswith("-"):
            break
        position += 1
        option, text = find(word, options)
        if option is None:
            flags = joined_flags(word, options)
            if not flags:
                raise wrong(program, f'unknown option "{word}"')
            settings += [Setting(flag, None, COMMAND_LINE, f"-{flag.short}") for flag in flags]
            continue
        wanted = parameters(option) if text is None else 0
        given = list(words[position : position + wanted])
        if len(given) < wanted and option.argument == REQUIRED:
            raise wrong(program, f'option "{word}" did not have enough parameters ({wanted})')
        position += len(given)
        settings.append(Setting(option, JOINT.join(given) if given else text, COMMAND_LINE, word.partition("=")[0] if option.own else word))
    return Part(settings, list(words[position:]))


def parameters(option: Option) -> int:
    """How many words follow it."""
    return 0 if option.argument == NONE else 1 if option.argument == OPTIONAL else len(option.metavar.split())


def find(word: str, options: Sequence[Option]) -> tuple[Option | None, str | None]:
    """The option of a word, and the value that stands in it, which only ours may have there: --time=5."""
    name = word[2:] if word.startswith("--") else word[1:]
    for option in options:
        if name == option.long or (name == option.short and name):
            return option, None
    head, equals, value = name.partition("=")
    if equals and word.startswith("--"):
        for option in options:
            if option.own and head == option.long:
                return option, value
            if head == option.long and head in ASKING:
                return option, value
    return None, None


def joined_flags(word: str, options: Sequence[Option]) -> list[Option]:
    """-qv: flags of one letter each; none where a letter is no flag."""
    if word.startswith("--"):
        return []
    flags = [next((option for option in options if option.short == letter and option.argument == NONE), None) for letter in word[1:]]
    return [flag for flag in flags if flag is not None] if all(flags) else []


def wrong(program: str, message: str) -> UsageError:
    return UsageError(f"{program}: Error: {message}", f"Type '{program} --help' for usage.")


def asks_for_us(parts: Sequence[Part]) -> bool:
    """Whether an option is there that Open MPI does not have."""
    return any(setting.option.long in ASKING for part in parts for setting in part.settings)


def without_ours(words: Sequence[str], others: Sequence[str] = ()) -> list[str]:
    """The command line that Open MPI's own mpirun gets: the same words without our options, and those of `others`; ":" as it was."""
    kept: list[str] = []
    for number, piece in enumerate(split(words)):
        if number:
            kept.append(SEPARATOR)
        if piece:
            part = parse_part("mpirun", piece, (*OPEN_MPI, *STAND_INS))
            for setting in part.settings:
                if setting.option.long not in (*ASKING, *others):
                    kept.append(setting.spelling)
                    kept += setting.text.split(JOINT) if setting.text is not None else []
            kept += part.words
    return kept
