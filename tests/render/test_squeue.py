"""What a job shows in squeue that no capture holds, or that depends on the moment. The texts are those of a real Slurm 22.05."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from mlspace.render.squeue import FIELDS, JobRow, View, listed
from mlspace.render.squeue_document import job_document
from mlspace.render.squeue_names import NAMES
from mlspace.slurm.job import COLUMNS, JobView

NOW = time.mktime((2026, 11, 24, 12, 0, 0, 0, 0, -1))


def job(values: dict[str, Any] | None = None, **columns: Any) -> JobView:
    """A job that waits, with these columns, and these options of its request."""
    plain: dict[str, Any] = dict.fromkeys(COLUMNS)
    plain |= {"job_id": 7, "state": "PENDING", "reason": "Priority", "dependency": "", "node_list": "", "nodes": 1, "tasks": 1, "cpus": 1}
    plain |= {
        "batch": 1,
        "requeue": 1,
        "exit_code": 0,
        "exit_signal": 0,
        "priority": 5,
        "nice": 0,
        "submit_time": NOW - 60,
        "memory_mib": 100,
    }
    plain |= {"name": "x", "user": "ann", "partition": "debug", "work_dir": "/w", "command": "", "gpus": 0, "restart_count": 0}
    plain |= {"details": json.dumps({"values": values or {}, "geometry": {"mem_per_cpu": 100}}), **columns}
    return JobView([plain[column] for column in COLUMNS])


def shown(name: str, view: JobView, **how: Any) -> str:
    return NAMES[name].value(JobRow(view, View(NOW, **how), family=[12, 13]))


@pytest.mark.parametrize(
    ("name", "values", "text"),
    [
        ("tres-per-socket", {"gpus-per-socket": [["gpu", "", 1]]}, "gres:gpu:1"),
        ("tres-per-job", {"gpus": [["gpu", "a100", 2]]}, "gres:gpu:a100:2"),
        ("mem-per-tres", {"mem-per-gpu": 100}, "gres:gpu:100"),
        ("sct", {"sockets-per-node": 2, "cores-per-socket": 2, "threads-per-core": 1}, "2:2:1"),
        ("ntpercore", {"ntasks-per-core": 1}, "1"),
        ("ntpersocket", {"ntasks-per-socket": 2}, "2"),
        ("network", {"network": "x"}, "x"),
        ("reboot", {"reboot": True}, "1"),
        ("delayboot", {"delay-boot": 5}, "5:00"),
        ("oversubscribe", {"exclusive": "user"}, "USER"),
        ("oversubscribe", {"exclusive": False}, "YES"),
        ("profile", {"profile": "all"}, "Energy,Lustre,Network,Task"),
        ("minmemory", {}, "100M"),
        ("mintmpdisk", {"tmp": 2048}, "2G"),
        ("maxnodes", {"nodes": [2, 3]}, "3"),
    ],
)
def test_what_was_asked_for(name: str, values: dict[str, Any], text: str) -> None:
    assert shown(name, job(values)) == text


def test_a_job_that_waits_shows_the_fewest_nodes_that_it_takes() -> None:
    asked = {"nodes": [2, 3], "gpus-per-node": [["gpu", "", 1]]}
    assert [shown(name, job(asked, nodes=3)) for name in ("numnodes", "maxnodes")] == ["2", "3"]
    assert shown("numnodes", job(asked, nodes=3, state="RUNNING", start_time=NOW, node_list="n[1-3]")) == "3"


def test_components() -> None:
    component = job(het_job_id=12, het_offset=1, job_id=13)
    names = ("jobid", "jobarrayid", "arrayjobid", "hetjobid", "hetjoboffset", "hetjobidset")
    assert [shown(name, component) for name in names] == ["13", "12+1", "13", "12", "1", "12-13"]


def test_indices_are_cut_where_there_is_no_room() -> None:
    record = job(array_job_id=7, array_spec="1,3,5,7,9", array_limit=1)
    assert [shown("jobarrayid", record, spec_length=length) for length in (5, 64, 0)] == [
        "7_[1...%1]",
        "7_[1,3,5,7,9%1]",
        "7_[1,3,5,7,9%1]",
    ]


def test_elements_of_a_record() -> None:
    record = job(array_job_id=7, array_spec="3-5", array_limit=2)
    assert [row.label for row in JobRow(record, View(NOW)).elements()] == ["7_3", "7_4", "7_5"]
    assert record.with_tasks([3, 4]).label == "7_[3-4]"
    running = [job(job_id=number, array_job_id=7, array_task_id=number - 7) for number in (8, 9)]
    assert [one.job_id for one in listed([record, *running])] == [8, 9, 7]


def test_sizes_as_asked_for() -> None:
    view = job({"tmp": 2048})
    assert [shown("mintmpdisk", view, as_asked=as_asked) for as_asked in (False, True)] == ["2G", "2048M"]


def test_a_job_that_may_start_later() -> None:
    later = job(begin_time=NOW + 3600, time_limit=30)
    assert [FIELDS[letter].value(JobRow(later, View(NOW))) for letter in "Se"] == ["2026-11-24T13:00:00", "2026-11-24T13:30:00"]
    assert FIELDS["e"].value(JobRow(job(begin_time=NOW + 3600), View(NOW))) == "NONE"
    assert FIELDS["S"].value(JobRow(job(begin_time=NOW - 1), View(NOW))) == "N/A"


def test_flags_of_a_document() -> None:
    running = job({"cpus-per-task": 2, "mem": 100}, state="RUNNING", start_time=NOW, node_list="n1", eligible_time=NOW)
    document = job_document(running, NOW, [], {})
    assert document["flags"] == ["JOB_CPUS_SET", "JOB_WAS_RUNNING", "JOB_MEM_SET"]
    assert document["job_resources"]["allocated_hosts"] == 1
    assert "job_resources" not in job_document(job(), NOW, [], {})
