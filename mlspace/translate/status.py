"""What the platform and `launch` say of a job, in Slurm's words."""

from __future__ import annotations

import hashlib
import hmac
import json
import signal
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mlspace.slurm.step import BATCH, WHOLE_JOB

REPORT_MARK = b"#mlspace-report 1 "

PENDING = ("pending", "inqueue", "starting", "restarting")
RUNNING = ("running", "completing", "terminating")
NOT_FOUND = "job not found"
"""Also what a job is called in its first seconds."""

TERMINATED = "Terminated"
"""Reason in the report of a job that was sent TERM from outside, as scancel, the platform, and a node that goes down do."""

FAILED = "failed"

PREEMPTED = "terminated"
"""By the platform, for a job that comes before it."""

WANTED = ("stopped", "deleted", "cancelled")
"""Statuses of a job whose end somebody asked the platform for."""

ENDED = {
    "completed": ("COMPLETED", "None", 0, 0),
    "succeeded": ("COMPLETED", "None", 0, 0),
    FAILED: ("FAILED", "NonZeroExitCode", 1, 0),
    "stopped": ("CANCELLED", "None", 0, 15),
    "deleted": ("CANCELLED", "None", 0, 15),
    "cancelled": ("CANCELLED", "None", 0, 15),
    PREEMPTED: ("PREEMPTED", "None", 0, 0),
}
"""Platform status -> state, reason, exit code, signal, where no report tells better. Source: mlspace-facts §4.1."""


def outcome_of(status: str, end_time: int) -> dict[str, Any] | None:
    """The end that a platform status means; None for a status that is no end."""
    if status not in ENDED:
        return None
    state, reason, code, number = ENDED[status]
    return {"state": state, "reason": reason, "exit_code": code, "exit_signal": number, "end_time": end_time}


def reports(lines: bytes, submission: str, secret: str) -> Iterator[Mapping[str, Any]]:
    """The reports of one submission in a log or a report file; a line whose MAC is wrong is somebody else's, and skipped.

    Format: docs/protocol.md §5.
    """
    for line in lines.split(b"\n"):
        if not line.startswith(REPORT_MARK):
            continue
        mac, _, text = line[len(REPORT_MARK) :].partition(b" ")
        expected = hmac.new(bytes.fromhex(secret), text, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(mac, expected.encode()):
            continue
        try:
            report = json.loads(text)
        except ValueError:
            continue
        if isinstance(report, dict) and report.get("submission") == submission:
            yield report


def first_failure(said: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Of a job of ranks, the report of the first that failed by itself: `code`, `signal`, its node's `name`, and `rank`, 0 if absent."""
    failed = [one for one in said if one["event"] == "rank" or (one["event"] == "end" and one["state"] == "FAILED")]
    return min(failed, key=lambda report: float(report["end"]), default=None)  # a log may give its lines in another order


def end_of_ranks(end: Mapping[str, Any], failure: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The end of a job of ranks from that of rank 0, which may have ended well, or been ended because another one failed."""
    if failure is None or end["state"] == "TIMEOUT":
        return end
    number = failure["signal"]
    name = f"RaisedSignal:{number}({(signal.strsignal(number) or '').replace(' ', '_')})" if number else "NonZeroExitCode"
    return {**end, "state": "FAILED", "reason": name, "code": failure["code"], "signal": number}


def outcome_of_report(report: Mapping[str, Any], cancelled: bool) -> dict[str, Any]:
    """The end as `launch` reports it. `cancelled`: somebody asked for it, and then it does not count how the processes took it."""
    failed = report["state"] != "COMPLETED"
    return {
        "state": "CANCELLED" if cancelled and failed else report["state"],
        "reason": "None" if cancelled else report["reason"],
        "exit_code": report["code"],
        "exit_signal": report["signal"],
        "start_time": int(report["start"]),
        "end_time": int(report["end"]),
    }


def usage_of_report(report: Mapping[str, Any]) -> tuple[int, Any] | None:
    """A row of the registry's usage table, of a report of a step's or that of the job's end; None where it tells of none."""
    if report["event"] == "usage" and "usage" in report:
        number = BATCH if report["step"] == "batch" else int(report["step"])
        return number, report["usage"]
    is_end = report["event"] == "end" and "cpu" in report
    return (WHOLE_JOB, {key: report[key] for key in ("cpu", "system", "rss")}) if is_end else None


def step_of_report(report: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the registry's step table; a report without end is of a step that has begun.

    One that a signal ended is cancelled, whoever sent it, as in Slurm's accounting.
    """
    return {
        "step": report["step"],
        "name": report["name"],
        "state": "CANCELLED" if report.get("signal") else report["state"],
        "node_list": report.get("nodes", ""),
        "tasks": report["tasks"],
        "start_time": int(report["start"]),
        "end_time": int(report["end"]) if "end" in report else None,
        "exit_code": report.get("code", 0),
        "exit_signal": report.get("signal", 0),
        "cpus": report.get("cpus"),
        "gpus": report.get("gpus", 0) if "cpus" in report else None,
        "memory_mib": report.get("memory"),
        "distribution": report.get("distribution", ""),
        "limit_seconds": report.get("limit"),
        "srun": report.get("srun", ""),
    }
