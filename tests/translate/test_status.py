"""Which reports are believed, and what they and the platform's words mean in Slurm's."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from mlspace.gateway.wire import ENDED_STATUSES
from mlspace.slurm import state
from mlspace.translate.status import (
    ENDED,
    NOT_FOUND,
    PENDING,
    RUNNING,
    end_of_ranks,
    first_failure,
    outcome_of,
    outcome_of_report,
    reports,
    step_of_report,
)

SUBMISSION, OTHER = "ab" * 16, "cd" * 16
SECRET, OTHER_SECRET = "0f" * 32, "1f" * 32
END = {"event": "end", "submission": SUBMISSION, "node": 0, "state": "FAILED", "reason": "NonZeroExitCode", "code": 3, "signal": 0}
TIMES = {"start": 1_700_000_000.75, "end": 1_700_000_060.25}


def line(content: Any, secret: str = SECRET, mark: bytes = b"#mlspace-report 1 ") -> bytes:
    """A report as docs/protocol.md §5 has it."""
    text = content if isinstance(content, bytes) else json.dumps(content, separators=(",", ":")).encode()
    mac = hmac.new(bytes.fromhex(secret), text, hashlib.sha256).hexdigest()
    return b"\n" + mark + mac.encode() + b" " + text + b"\n"


def read(text: bytes) -> list[Any]:
    return list(reports(text, SUBMISSION, SECRET))


GOOD = line(END)


@pytest.mark.parametrize("before", [b"", b"words", b"words\n", b"\xff\x00\n", GOOD[:40]])
@pytest.mark.parametrize("after", [b"", b"words", b"\r\n", GOOD[:-3]])
def test_report_among_other_output(before: bytes, after: bytes) -> None:
    assert read(before + GOOD + after) == [END]


def test_reports_come_in_their_order() -> None:
    start = {"event": "start", "submission": SUBMISSION, "time": 1.5}
    assert read(line(start) + b"text\n" + GOOD) == [start, END]


def test_fields_that_are_not_known_are_kept() -> None:
    assert read(line({**END, "new": [1]})) == [{**END, "new": [1]}]


def test_mac_is_of_the_bytes_as_they_stand() -> None:
    text = '{ "submission" : "' + SUBMISSION + '",  "name":"ü" }'
    assert read(line(text.encode())) == [{"submission": SUBMISSION, "name": "ü"}]


MAC = GOOD.split(b" ")[2]


@pytest.mark.parametrize(
    "text",
    [
        line(END, OTHER_SECRET),
        line({**END, "submission": OTHER}),
        line({"event": "end"}),
        line(END, mark=b"#mlspace-report 2 "),
        line(END, mark=b"# mlspace-report 1 "),
        line(END, mark=b" #mlspace-report 1 "),
        line(END, mark=b"[1,0]<stderr>:#mlspace-report 1 "),
        GOOD.replace(b'"code":3', b'"code":0'),
        GOOD.replace(MAC, MAC[:-1]),
        GOOD.replace(MAC, MAC.upper()),
        GOOD.replace(MAC, b""),
        GOOD.replace(MAC, "ы".encode() * 32),
        GOOD[:-2],
        GOOD.replace(b"\n", b"\r\n"),
        b"#mlspace-report 1 ",
        b"#mlspace-report 1 \n#mlspace-report 1 x\n",
        b"#mlspace-report 1 " + b"0" * 64 + b" {broken",
        b"#mlspace-report 1 " + b"0" * 64 + b' {"submission":',
        b"",
    ],
    ids=[
        *("other-secret", "other-submission", "no-submission", "other-version", "space", "indented", "tagged", "changed"),
        *("short-mac", "upper-mac", "no-mac", "not-ascii", "cut", "crlf", "only-mark", "no-text", "broken-json", "half-json", "nothing"),
    ],
)
def test_line_that_is_no_report_of_ours(text: bytes) -> None:
    assert read(text) == []
    assert read(text + b"\n" + GOOD) == [END]


# What the platform says.


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("completed", ("COMPLETED", "None", 0, 0)),
        ("succeeded", ("COMPLETED", "None", 0, 0)),
        ("failed", ("FAILED", "NonZeroExitCode", 1, 0)),
        ("stopped", ("CANCELLED", "None", 0, 15)),
        ("deleted", ("CANCELLED", "None", 0, 15)),
        ("cancelled", ("CANCELLED", "None", 0, 15)),
        ("terminated", ("PREEMPTED", "None", 0, 0)),
    ],
)
def test_end_that_the_platform_tells(status: str, expected: tuple[str, str, int, int]) -> None:
    name, reason, code, signal = expected
    assert outcome_of(status, 17) == {"state": name, "reason": reason, "exit_code": code, "exit_signal": signal, "end_time": 17}


@pytest.mark.parametrize("status", [*PENDING, *RUNNING, NOT_FOUND, "", "something new", "Completed"])
def test_status_that_is_no_end(status: str) -> None:
    assert outcome_of(status, 17) is None


def test_every_end_is_final_and_known_to_who_follows_the_log() -> None:
    assert {outcome[0] for outcome in ENDED.values()} <= set(state.FINAL)
    assert set(ENDED_STATUSES) == set(ENDED)
    assert not set(ENDED) & {*PENDING, *RUNNING, NOT_FOUND}


# What `launch` says.


@pytest.mark.parametrize(
    ("report", "cancelled", "expected"),
    [
        (("COMPLETED", "None", 0, 0), False, ("COMPLETED", "None", 0, 0)),
        (("FAILED", "NonZeroExitCode", 3, 0), False, ("FAILED", "NonZeroExitCode", 3, 0)),
        (("FAILED", "NonZeroExitCode", 0, 9), False, ("FAILED", "NonZeroExitCode", 0, 9)),
        (("TIMEOUT", "TimeLimit", 0, 15), False, ("TIMEOUT", "TimeLimit", 0, 15)),
        (("NODE_FAIL", "NodeDown", 1, 0), False, ("NODE_FAIL", "NodeDown", 1, 0)),
        (("CANCELLED", "None", 0, 15), False, ("CANCELLED", "None", 0, 15)),
        (("COMPLETED", "None", 0, 0), True, ("COMPLETED", "None", 0, 0)),
        (("FAILED", "NonZeroExitCode", 143, 0), True, ("CANCELLED", "None", 143, 0)),
        (("TIMEOUT", "TimeLimit", 0, 15), True, ("CANCELLED", "None", 0, 15)),
        (("CANCELLED", "None", 0, 15), True, ("CANCELLED", "None", 0, 15)),
    ],
)
def test_end_that_launch_reports(report: tuple[str, str, int, int], cancelled: bool, expected: tuple[str, str, int, int]) -> None:
    fields = dict(zip(("state", "reason", "code", "signal"), report, strict=True))
    outcome = outcome_of_report({**END, **TIMES, **fields}, cancelled)
    assert outcome == {
        **dict(zip(("state", "reason", "exit_code", "exit_signal"), expected, strict=True)),
        "start_time": 1_700_000_000,
        "end_time": 1_700_000_060,
    }


STEP = {"event": "step", "submission": SUBMISSION, "step": 2, "name": "a b", "tasks": 4, "code": 0, "signal": 9, "state": "FAILED", **TIMES}


@pytest.mark.parametrize(("more", "nodes"), [({"nodes": "n[1-2]"}, "n[1-2]"), ({}, "")])
def test_step(more: dict[str, str], nodes: str) -> None:
    """A node list that did not fit into the report's line is left out."""
    assert step_of_report({**STEP, **more}) == {
        "step": 2,
        "name": "a b",
        "state": "CANCELLED",
        "node_list": nodes,
        "tasks": 4,
        "start_time": 1_700_000_000,
        "end_time": 1_700_000_060,
        "exit_code": 0,
        "exit_signal": 9,
        **NOT_SAID,
    }


NOT_SAID = {"cpus": None, "gpus": None, "memory_mib": None, "distribution": "", "limit_seconds": None, "srun": ""}


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        ({"cpus": 8}, {"cpus": 8, "gpus": 0}),
        ({"cpus": 8, "gpus": 2, "memory": 800}, {"cpus": 8, "gpus": 2, "memory_mib": 800}),
        ({"distribution": "plane", "limit": 300, "srun": "n1:77"}, {"distribution": "plane", "limit_seconds": 300, "srun": "n1:77"}),
    ],
)
def test_what_a_step_holds(said: dict[str, object], stored: dict[str, object]) -> None:
    row = step_of_report({**STEP, **said})
    assert {name: row[name] for name in NOT_SAID} == {**NOT_SAID, **stored}


def rank_failed(rank: int, end: float, code: int = 0, signal: int = 0) -> dict[str, Any]:
    return {"event": "rank", "rank": rank, "name": "n2", "code": code, "signal": signal, "end": end}


def rank_0(state: str, end: float, code: int = 0, signal: int = 0, reason: str = "None") -> dict[str, Any]:
    return {
        "event": "end",
        "ranks": 4,
        "name": "n1",
        "state": state,
        "reason": reason,
        "code": code,
        "signal": signal,
        "start": 1.0,
        "end": end,
    }


@pytest.mark.parametrize(
    ("said", "state", "reason", "code", "signal"),
    [
        ([rank_0("COMPLETED", 5)], "COMPLETED", "None", 0, 0),
        ([rank_0("FAILED", 5, code=7, reason="NonZeroExitCode")], "FAILED", "NonZeroExitCode", 7, 0),
        ([rank_0("COMPLETED", 5), rank_failed(3, 9, code=2)], "FAILED", "NonZeroExitCode", 2, 0),
        ([rank_failed(3, 4, code=2), rank_0("CANCELLED", 5, signal=15, reason="Terminated")], "FAILED", "NonZeroExitCode", 2, 0),
        (
            [rank_0("CANCELLED", 5, signal=15, reason="Terminated"), rank_failed(2, 4, signal=11)],
            "FAILED",
            "RaisedSignal:11(Segmentation_fault)",
            0,
            11,
        ),
        ([rank_failed(2, 4.5, code=2), rank_failed(1, 4.4, code=1), rank_0("CANCELLED", 5, signal=15)], "FAILED", "NonZeroExitCode", 1, 0),
        ([rank_failed(1, 6, code=1), rank_0("FAILED", 5, code=7, reason="NonZeroExitCode")], "FAILED", "NonZeroExitCode", 7, 0),
        ([rank_0("TIMEOUT", 5, signal=15, reason="TimeLimit"), rank_failed(1, 5.1, code=1)], "TIMEOUT", "TimeLimit", 0, 15),
        ([rank_0("CANCELLED", 5, signal=15, reason="Terminated")], "CANCELLED", "Terminated", 0, 15),
    ],
    ids=[
        "all well",
        "rank 0",
        "later",
        "rank 0 was ended for it",
        "a log from its end",
        "the first of two",
        "rank 0 was first",
        "time",
        "ended from outside",
    ],
)
def test_the_end_of_a_job_of_ranks(said: list[dict[str, Any]], state: str, reason: str, code: int, signal: int) -> None:
    """Rank 0 tells of itself alone; whoever failed first, in whatever order it is read, is what became of the job."""
    (end,) = (one for one in said if one["event"] == "end")
    found = end_of_ranks(end, first_failure(said))
    assert (found["state"], found["reason"], found["code"], found["signal"]) == (state, reason, code, signal)
    assert (found["start"], found["end"]) == (end["start"], end["end"])
