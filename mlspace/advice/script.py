"""All advice on a script. Only what can be said for certain from its text is said.

Sources: slurm-usage §2, §5 and §6 (what people write), mlspace-facts §2.2 and §3 (pods, their names, their images).
"""

from __future__ import annotations

from mlspace.advice import commands, directives, nodenames, shell, variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlspace.advice.value import Advice, Facts


def advise(text: str, facts: Facts) -> list[Advice]:
    """All advice on a script, in the order of its lines."""
    lines = list(shell.lines(text))
    found = [
        *directives.advise(text),
        *directives.advise_on_directories(text, facts),
        *nodenames.advise(lines),
        *variables.advise(lines, facts),
        *commands.advise(lines, facts),
    ]
    return sorted(found, key=lambda advice: advice.line)
