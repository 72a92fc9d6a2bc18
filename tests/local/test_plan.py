"""Pure parts of the plan: command lines and Open MPI's node list."""

from __future__ import annotations

import pytest

from mlspace.local.plan import command_line, node_regex, ranks_per_node

NODE_LISTS = [
    (["n1"], "n[1:1]@0(1)"),
    (["n1", "n2", "n4"], "n[1:1-2,4]@0(3)"),
    (["n8", "n9", "n10", "n11"], "n[1:8-9],n[2:10-11]@0(4)"),
    (["n01", "n02"], "n[2:1-2]@0(2)"),
    (["job-mpimaster-0", "job-mpiworker-0", "job-mpiworker-1"], "job-mpimaster-[1:0],job-mpiworker-[1:0-1]@0(3)"),
    (["head", "n1"], "head,n[1:1]@0(2)"),
    (["127.0.0.1", "127.0.0.2"], "127.0.0.1,127.0.0.2@0(2)"),
]


@pytest.mark.parametrize(("names", "regex"), NODE_LISTS)
def test_node_regex(names: list[str], regex: str) -> None:
    assert node_regex(names) == regex


def test_command_line_splits_as_a_shell_and_expands_nothing() -> None:
    assert command_line("a 'b c' \"d\" e\\ f $G *", {}) == ["a", "b c", "d", "e f", "$G", "*"]
    assert command_line("a", {"v": None, "flag": True, "n": 1}) == ["a", "-v", "", "--flag=True", "-n", "1"]
    with pytest.raises(ValueError, match="quotation"):
        command_line("a 'b", {})


@pytest.mark.parametrize(("processes", "gpus", "ranks"), [("default", 0, 1), ("default", 8, 8), (1, 8, 1), (4, 0, 4)])
def test_ranks_per_node(processes: int | str, gpus: int, ranks: int) -> None:
    assert ranks_per_node(processes, gpus) == ranks
