"""The judge of recorded traffic: what it lets pass, and what it does not. All other tests' traffic is judged by it (conftest.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.traffic import JSON, TEXT, complaints

HEADERS = {"authorization": "Bearer ********", "x-api-key": "********", "x-workspace-id": "w", "user-agent": "mlspace-slurm/1"}
DELETED = {"job_name": "lm-mpi-job-1", "deleted_at": "1", "status": "deleted", "error_code": 0, "error_message": ""}
GOOD: dict[str, Any] = {
    "method": "DELETE",
    "path": "/public/v2/jobs/lm-mpi-job-1",
    "query": {"region": ["SR006"]},
    "headers": HEADERS,
    "body": "",
    "status": 200,
    "kind": JSON,
    "answer": json.dumps(DELETED),
    "is_fault": False,
}
BODY = {"script": "x", "base_image": "i", "instance_type": "t", "region": "SR006"}
POST = {"method": "POST", "path": "/public/v2/jobs", "query": {}, "headers": {**HEADERS, "content-type": JSON}}
CREATED = json.dumps({"job_name": "lm-mpi-job-1", "status": "Pending", "created_at": 1})
LOG = {"method": "GET", "path": "/public/v2/jobs/lm-mpi-job-1/logs", "kind": TEXT, "answer": "a log"}
OTHERS = {**HEADERS, "user-agent": "curl"}

PASSES: list[dict[str, Any]] = [
    {},
    {"headers": {**HEADERS, "authorization": "********"}},
    {**POST, "body": json.dumps(BODY), "answer": CREATED},
    LOG,
    {**LOG, "answer": None},
    {**LOG, "answer": ""},
    {"headers": OTHERS, "query": {}, "status": 422, "answer": json.dumps({"detail": []})},
    {"status": 503, "kind": "text/html", "answer": "<html>", "is_fault": True},
    {"path": "/job_list", "method": "POST", "answer": "[]"},
]


def told(tmp_path: Path, change: dict[str, Any]) -> list[str]:
    record = tmp_path / "traffic"
    record.write_text(json.dumps({**GOOD, **change}) + "\n")
    return list(complaints(record))


@pytest.mark.parametrize("change", PASSES)
def test_what_passes(tmp_path: Path, change: dict[str, Any]) -> None:
    assert told(tmp_path, change) == []


WRONG = [
    ({"query": {}}, "request: "),
    ({"query": {"region": ["Mars"]}}, "Mars"),
    ({"headers": {**HEADERS, "x-workspace-id": None}}, "x-workspace-id"),
    ({"headers": OTHERS, "query": {}}, "request: "),
    ({"answer": json.dumps({**DELETED, "deleted_at": 1})}, "1 is not of type 'string'"),
    ({"answer": "not JSON"}, "answer: "),
    ({"kind": "application/json; charset=utf-8"}, "content type"),
    ({**LOG, "kind": "text/plain"}, "content type"),
    ({"status": 418}, "no such status"),
    ({**POST, "body": json.dumps({**BODY, "surprise": 1}), "answer": CREATED}, "surprise"),
    ({**POST, "body": json.dumps({"script": "x"}), "answer": CREATED}, "base_image"),
    ({**POST, "body": json.dumps({**BODY, "n_workers": "2"}), "status": 422, "answer": json.dumps({"detail": []})}, "'2' is not"),
    ({**POST, "body": json.dumps(BODY), "answer": "{}"}, "job_name"),
]


@pytest.mark.parametrize(("change", "word"), WRONG)
def test_what_does_not(tmp_path: Path, change: dict[str, Any], word: str) -> None:
    change = {**change, "headers": {name: value for name, value in change.get("headers", HEADERS).items() if value is not None}}
    for _ in range(2):  # what is wrong is not forgotten
        (complaint,) = told(tmp_path, change)
        assert word in complaint
