"""Command lines of `mlspace`, which has no model in Slurm: argparse, that raises instead of leaving the process."""

from __future__ import annotations

import argparse

from mlspace.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from mlspace.context import Context

WRONG_USAGE = 2
"""Exit code, as argparse has it."""


class Parser(argparse.ArgumentParser):
    """`prog` is all of the command's words: "mlspace pods"."""

    def __init__(self, prog: str, description: str, epilog: str | None = None) -> None:
        super().__init__(prog=prog, description=description, epilog=epilog, add_help=False, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: error: {message}", self.format_usage().rstrip(), exit_code=WRONG_USAGE)

    def read(self, context: Context, argv: Sequence[str]) -> argparse.Namespace | None:
        """What the words say; None where they asked for help, which is printed."""
        self.add_argument("-h", "--help", action="store_true", help="show this help and exit")
        if {"-h", "--help"}.intersection(argv):  # before argparse misses what is required
            context.print(self.format_help().rstrip())
            return None
        return self.parse_args(argv)
