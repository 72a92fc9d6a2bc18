"""The lines of `launch usage`."""

from __future__ import annotations

import pytest

from mlspace.errors import BadValue
from mlspace.slurm.usage import KINDS, read


def test_steps_with_their_nodes_and_tasks() -> None:
    text = "1 n1 7 0:1:2:3:4:5:6\n0 n1 8,9 0:10:2:3:4:5:6 2:1:1:1:1:1:1\n0 n2 5 1:0:0:0:0:0:0\nbatch n1 1,2 0:1:1:1:1:1:1\n3 n1 -\n"
    script, first, second = read(text)
    assert (script.name, first.name, second.name) == ("batch", "0", "1")  # of 3 no task runs
    assert first.processes == {"n1": [8, 9], "n2": [5]}
    assert [(task.node, task.task, task.cpu_ms) for task in first.tasks] == [("n1", 0, 10), ("n1", 2, 1), ("n2", 1, 0)]
    (task,) = second.tasks
    assert (task.node, task.task, *(getattr(task, name) for name in KINDS.values())) == ("n1", 0, 1, 2, 3, 4, 5, 6)


@pytest.mark.parametrize("line", ["0", "0 n1", "0 n1 x", "0 n1 1 0:1", "0 n1 1 0:1:2:3:4:5:x", "x n1 1 0:1:2:3:4:5:6"])
def test_other_lines(line: str) -> None:
    with pytest.raises(BadValue):
        read(line)
