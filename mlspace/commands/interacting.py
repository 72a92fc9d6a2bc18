"""scontrol's interactive mode: commands from standard input, line by line."""

from __future__ import annotations

from mlspace.errors import MlspaceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlspace.commands.controlling import Call

PROMPT = "scontrol: "
AGAIN = "!!"

LEAVING = {"exit": 2, "quit": 4}
"""Words that end it, and the letters that they must be given with at least."""


def interact(call: Call, execute: Callable[[Call, Sequence[str]], int]) -> int:
    """Executes lines until one of LEAVING or the end; the exit code is 1 if one of them went wrong, or was empty.

    A line is cut at blanks, and nothing in it is quoted. What does not come from a terminal is printed behind the prompt, as
    Slurm's line editor does. Source: scontrol 22.05.
    """
    context, code = call.context, 0
    is_terminal = context.stdin.isatty()
    before: list[str] = []
    while True:
        context.write(PROMPT)
        context.flush()
        line = context.stdin.readline().decode("utf-8", "surrogateescape")
        if not line or not is_terminal:
            context.print(line.rstrip("\n"))
        if not line:
            return code
        words = line.split()
        if words == [AGAIN]:
            words = before
        before = words
        if not words:
            code = 1
            continue
        if is_leaving(words[0]) and len(words) == 1:
            return code
        try:
            code = execute(call, words) or code
        except MlspaceError as error:
            code = error.exit_code
            context.flush()
            if not (call.options["quiet"] and call.is_missing(error)):
                for text in error.stderr_lines(context.program):
                    context.warn(text)
        if is_leaving(words[0]):
            return code


def is_leaving(word: str) -> bool:
    return any(name.startswith(word.lower()) and len(word) >= shortest for name, shortest in LEAVING.items())
