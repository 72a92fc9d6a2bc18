"""Ends of runs that no report tells of: what Queue.ended and Registry.ended then take as the outcome."""

from __future__ import annotations

from mlspace.slurm import reason, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlspace.slurm.job import JobView


def ended_without_run(how: str, why: str, end_time: int) -> dict[str, object]:
    """The end of a job of which nothing was sent. how: its state; why: its reason."""
    return {"state": how, "reason": why, "exit_code": 0, "exit_signal": 0, "end_time": end_time}


def ended_again(job: JobView, now: int) -> dict[str, object]:
    """The end of a job that had ended before: its last run stays as it is."""
    return {"end_time": now, "exit_code": job.exit_code, "exit_signal": job.exit_signal}


def lost(end_time: int) -> dict[str, object]:
    """A job that the platform knows no more, and that has not reported its end."""
    return {"state": state.NODE_FAIL, "reason": reason.NODE_DOWN, "exit_code": 1, "exit_signal": 0, "end_time": end_time}


def refused(end_time: int, words: str) -> dict[str, object]:
    """A submission that the platform refuses for good, found out after its command had gone; in its words."""
    how = {"state": state.FAILED, "reason": reason.LAUNCH_FAILURE, "exit_code": 1, "exit_signal": 0}
    return {**how, "end_time": end_time, "system_comment": words}
