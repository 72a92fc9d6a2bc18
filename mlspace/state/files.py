"""Files of one submission in the state directory, beside the registry: its specification, and what `launch` reports of it.

Of the first component of a heterogeneous job also the file in which its `launch` tells the other components where it is.
"""

from __future__ import annotations

import os


def report_path(state_dir: str, submission: str) -> str:
    return os.path.join(state_dir, "reports", submission)


def spec_path(state_dir: str, submission: str) -> str:
    return os.path.join(state_dir, "specs", f"{submission}.json")


def meeting_path(state_dir: str, submission: str) -> str:
    return f"{report_path(state_dir, submission)}.meeting"


def output_path(state_dir: str, submission: str) -> str:
    """With ".out" or ".err" behind it, the mark of an output file that is written on this host: it was begun."""
    return os.path.join(state_dir, "reports", f"{submission}.begun")


def forget_files(state_dir: str, submission: str) -> None:
    """When the job has ended: the registry has what is worth keeping."""
    remove(report_path(state_dir, submission), spec_path(state_dir, submission), meeting_path(state_dir, submission))


def forget_outputs(state_dir: str, submission: str) -> None:
    """When nobody writes the job's output files any more: who missed that would begin them anew."""
    begun = output_path(state_dir, submission)
    remove(f"{begun}.out", f"{begun}.err")


def remove(*paths: str) -> None:
    for path in paths:
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
