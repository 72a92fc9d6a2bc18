"""How a line of a rank's output is marked: --tag-output, --timestamp-output, --merge-stderr-to-stdout."""

from __future__ import annotations

STREAMS = {1: "stdout", 2: "stderr"}


def marked(stream: int, rank: int, text: str, *, tagged: bool, time: str) -> str:
    """The line with what Open MPI sets before it. time: "" for none. Source: Open MPI 4.1.4, `Tue Nov 24 09:29:54 2026[1,0]<stdout>:hi`."""
    if not tagged and not time:
        return text
    return f"{time}{f'[1,{rank}]' if tagged else ''}<{STREAMS[stream]}>:{text}"
