"""What `mlspace` shows for a person to read: rows below a head, or a value beside each name."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mlspace.context import Context

YES, NO = "yes", ""


def print_table(context: Context, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Cells as they are: a name of digits is no number."""
    from tabulate import tabulate

    context.print(tabulate(list(rows), headers=head, tablefmt="plain", disable_numparse=True))


def print_values(context: Context, values: Iterable[tuple[str, object]]) -> None:
    """A line for each value that is not empty."""
    from tabulate import tabulate

    shown = [(name, text) for name, text in values if text not in ("", None, [], {})]
    context.print(tabulate(shown, tablefmt="plain", disable_numparse=True))


def yes(value: bool) -> str:
    return YES if value else NO
