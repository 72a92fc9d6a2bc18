"""Tasks onto nodes, as counts, and counts as Slurm's variables write them. tests/contract/layouts.json is for both languages."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def count_tasks(tasks: int, capacities: Sequence[int]) -> list[int]:
    """How many of `tasks` each node gets: one each in turn while there is room; beyond all room, further in turn.

    Source: Slurm 22.05: 3 tasks on 8 and 8 CPUs are 2 and 1; 10 tasks on 8, 1, 1 are 8, 1, 1.
    """
    counts = [0] * len(capacities)
    room = min(tasks, sum(capacities))
    while room:
        open_nodes = [node for node, capacity in enumerate(capacities) if counts[node] < capacity]
        turns = max(1, min(min(capacities[node] - counts[node] for node in open_nodes), room // len(open_nodes)))
        for node in open_nodes[: room if room < len(open_nodes) else None]:
            counts[node] += turns
            room -= turns
    rounds, rest = divmod(tasks - sum(counts), len(counts))
    return [count + rounds + (node < rest) for node, count in enumerate(counts)]


def fold_counts(counts: Sequence[int]) -> str:
    """Counts per node as SLURM_TASKS_PER_NODE writes them: [2, 2, 2, 1] is "2(x3),1"."""
    runs: list[list[int]] = []  # value, repeats
    for count in counts:
        if runs and runs[-1][0] == count:
            runs[-1][1] += 1
        else:
            runs.append([count, 1])
    return ",".join(f"{value}(x{repeats})" if repeats > 1 else str(value) for value, repeats in runs)
