"""What of a log's text an output file still lacks, as far as only the file tells what it has."""

from __future__ import annotations

import pytest

from mlspace.controller.logfiles import KNOWN_BYTES, behind

WHOLE = "".join(f"{number}\n" for number in range(1000)).encode()


@pytest.mark.parametrize(
    ("have", "text", "left"),
    [
        (WHOLE[:10], WHOLE, WHOLE[10:]),
        (WHOLE[:2001], WHOLE, WHOLE[2001:]),  # in the middle of a line
        (WHOLE, WHOLE, b""),
        (WHOLE, WHOLE[:50], b""),  # a reading that stopped early
        (WHOLE[:2000], WHOLE[900:], WHOLE[2000:]),  # the log has lost its beginning
        (WHOLE[:100], WHOLE[3000:], WHOLE[3000:]),  # and more than was read of it
    ],
)
def test_behind(have: bytes, text: bytes, left: bytes) -> None:
    assert behind(have[:KNOWN_BYTES], have[-KNOWN_BYTES:], len(have), text) == left
