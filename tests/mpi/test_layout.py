"""Ranks onto nodes: by slots, by nodes, by names, and what does not fit."""

from __future__ import annotations

import shlex

import pytest

from mlspace.errors import MlspaceError
from mlspace.mpi import commandline, layout
from mlspace.mpi.request import MpiRequest
from mlspace.mpi.values import host_lines

SLOTS, MOST = 4, 8


def decide(line: str, nodes: int | None = None, gpus: int = 0, hosts: str = "") -> tuple[list[int], list[str]]:
    request = MpiRequest(commandline.parse("mpirun", [*shlex.split(line), "a.out"]))
    named = host_lines(hosts) if hosts else request.value("host") or []
    decided = layout.decide(request, nodes=nodes, hosts=named, own_names=("laptop",), slots=SLOTS, most=MOST, gpus=gpus)
    return decided.per_node, decided.names


@pytest.mark.parametrize(
    ("line", "nodes", "gpus", "expected"),
    [
        ("-np 1", None, 0, [1]),
        ("-np 4", None, 0, [4]),
        ("-np 5", None, 0, [4, 1]),
        ("-np 6", None, 0, [3, 3]),
        ("-np 9", None, 0, [3, 3, 3]),
        ("-np 32", None, 0, [4] * 8),
        ("-np 4 --map-by slot:PE=2", None, 0, [2, 2]),
        ("-np 40 --oversubscribe", None, 0, [40]),
        ("-np 40 --map-by slot:OVERSUBSCRIBE", None, 0, [40]),
        ("-np 16", None, 8, [8, 8]),
        ("-np 4", 2, 0, [2, 2]),
        ("-np 5", 2, 0, [3, 2]),
        ("-np 1", 2, 0, [1]),
        ("-N 2", None, 0, [2]),
        ("-N 2", 3, 0, [2, 2, 2]),
        ("-N 2 -np 6", None, 0, [2, 2, 2]),
        ("-N 2 -np 5", None, 0, [2, 2, 1]),
        ("-pernode", 3, 0, [1, 1, 1]),
        ("--map-by ppr:3:node", 2, 0, [3, 3]),
        ("", 2, 0, [1, 1]),
        ("", None, 8, [8]),
        ("", 2, 8, [8, 8]),
    ],
)
def test_without_names(line: str, nodes: int | None, gpus: int, expected: list[int]) -> None:
    assert decide(line, nodes, gpus) == (expected, [])


@pytest.mark.parametrize(
    ("line", "expected", "names"),
    [
        ("-H a:2,b:2", [2, 2], ["a", "b"]),
        ("-H a:2,b:2 -np 3", [2, 1], ["a", "b"]),
        ("-H a:2,b:2 -np 2", [2], ["a"]),
        ("-H a:2,b:2 -np 2 --map-by node", [1, 1], ["a", "b"]),
        ("-H a:2,b:2 -np 2 -bynode", [1, 1], ["a", "b"]),
        ("-H a:*,b:1", [4, 1], ["a", "b"]),
        ("-H a,b -N 3", [3, 3], ["a", "b"]),
        ("-H a,b -np 5 --oversubscribe", [3, 2], ["a", "b"]),
        ("-H localhost:3", [3], []),
        ("-H laptop:3", [3], []),
    ],
)
def test_with_names(line: str, expected: list[int], names: list[str]) -> None:
    assert decide(line) == (expected, names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb\n", [["a", None], ["b", None]]),
        ("a slots=2\nb slots = 3 max_slots=9 # three\n\n# no more\n", [["a", 2], ["b", 3]]),
        ("a\na\na slots=2\n", [["a", None]]),
        ("a slots=2\na slots=2\n", [["a", 4]]),
        ("ann@a cpu=2", [["a", 2]]),
    ],
)
def test_host_files(text: str, expected: list[list[object]]) -> None:
    assert host_lines(text) == expected


@pytest.mark.parametrize("text", ["a slots", "a slots=", "a slots=x", "a slots=0", "a colour=2", "a 2"])
def test_bad_host_files(text: str) -> None:
    with pytest.raises(MlspaceError, match=f"line 2: {text}"):
        host_lines(f"b slots=1\n{text}\n")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("-np 33", "8 nodes with 4 slots each are there"),
        ("-H a:2,b:2 -np 5", "2 nodes have 4 slots together"),
        ("-H a -np 2", "1 nodes have 1 slots together"),
        ("", "nothing says how many ranks to run"),
    ],
)
def test_too_many(line: str, said: str) -> None:
    with pytest.raises(MlspaceError) as caught:
        decide(line)
    assert any(said in text for text in caught.value.lines)
