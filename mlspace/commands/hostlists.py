"""scontrol show hostnames, hostlist and hostlistsorted; inside a job launcher/job/scontrol.cpp answers them in the same words."""

from __future__ import annotations

from mlspace.errors import BadValue, UsageError
from mlspace.slurm.hostlist import expand_hosts, fold_hosts, fold_sorted_hosts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mlspace.commands.controlling import Call


def show_names(call: Call, text: str | None) -> int:
    """Slurm's exit code is 0, whatever is wrong."""
    listed = call.context.environ.get("SLURM_NODELIST") if text is None else text
    if listed is None:
        call.context.warn("scontrol: error: host list is empty")
        return 0
    try:
        for name in expand_hosts(listed):
            call.context.print(name)
    except BadValue as error:
        complain_of_list(call, error)
    return 0


def show_list(call: Call, text: str | None) -> int:
    return fold(call, text, fold_hosts)


def show_sorted_list(call: Call, text: str | None) -> int:
    return fold(call, text, fold_sorted_hosts)


def fold(call: Call, text: str | None, folded: Callable[[list[str]], str]) -> int:
    """A list that starts with a slash is a file of names, one on a line."""
    if text is None:
        raise UsageError("invalid encode argument")
    if text.startswith("/"):
        try:
            with open(text, encoding="utf-8", errors="surrogateescape") as file:
                text = file.read()
        except OSError:
            raise UsageError(f"Can not open {text}") from None
    try:
        call.context.print(folded(expand_hosts(text)))
    except BadValue as error:
        complain_of_list(call, error)
        return 1
    return 0


def complain_of_list(call: Call, error: BadValue) -> None:
    whole, *details = error.lines
    for detail in details:
        call.context.warn(f"scontrol: error: _parse_single_range: {detail}")
    call.context.warn(whole)
