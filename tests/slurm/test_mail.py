"""What a mail program is told: words and variables as slurmctld 22.05.8 gave them to a MailProg that wrote them down.

The controller's own variables (PATH and its like) are not among these.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlspace.slurm.job import COLUMNS, JobView
from mlspace.slurm.mail import Elements, Mail, of_state, wanted

COMMON = {
    "SLURM_CLUSTER_NAME": "oracle", "SLURM_JOB_ACCOUNT": "root", "SLURM_JOB_GID": "0", "SLURM_JOB_GROUP": "root",
    "SLURM_JOB_PARTITION": "debug", "SLURM_JOB_RESTART_COUNT": "0", "SLURM_JOB_STDIN": "/dev/null", "SLURM_JOB_UID": "0",
    "SLURM_JOB_USER": "root", "SLURM_JOB_WORK_DIR": "/tmp/acctmail",
}  # fmt: skip
ARRAY = {"array": {"ranges": [[0, 1, 1]], "limit": 0}}


def view(values: dict[str, Any] | None = None, cpus: tuple[int, ...] = (1,), **columns: Any) -> JobView:
    details = {"values": {"mail-type": ["ALL"], **(values or {})}, "geometry": {"cpus_per_node": list(cpus)}}
    row = {
        "job_id": 5, "name": "sig", "user": "root", "uid": 0, "grp": "root", "gid": 0, "account": "root", "partition": "debug",
        "state": "COMPLETED", "reason": "None", "exit_code": 0, "exit_signal": 0, "restart_count": 0, "submit_time": 1000,
        "start_time": 1003, "end_time": 1004, "nodes": 1, "node_list": "n1", "cpus": 1, "work_dir": "/tmp/acctmail", "alloc_node": "login",
        "details": json.dumps(details), **columns,
    }  # fmt: skip
    return JobView([row.get(column) for column in COLUMNS])


NEVER_RAN: dict[str, Any] = {"start_time": None, "node_list": ""}
ENDS = {"SLURM_JOB_DERIVED_EC": "0", "SLURM_JOB_EXIT_CODE_MAX": "0"}
RAN = {"SLURM_JOB_CPUS_PER_NODE": "1", "SLURM_JOB_NUM_NODES": "1", "SLURM_JOB_NODELIST": "n1"}


@pytest.mark.parametrize(
    ("mail", "subject", "variables"),
    [
        (
            Mail(view(), "BEGIN", "RUNNING", 1003),
            "Slurm Job_id=5 Name=sig Began, Queued time 00:00:03",
            {**RAN, "SLURM_JOB_MAIL_TYPE": "Began", "SLURM_JOB_QUEUED_TIME": "00:00:03", "SLURM_JOB_STATE": "RUNNING"},
        ),
        (
            Mail(view(exit_signal=9), "FAIL", "FAILED", 1003),
            "Slurm Job_id=5 Name=sig Failed, Run time 00:00:00, FAILED",
            {
                **RAN, **ENDS, "SLURM_JOB_EXIT_CODE2": "0:9", "SLURM_JOB_EXIT_CODE": "9", "SLURM_JOB_MAIL_TYPE": "Failed",
                "SLURM_JOB_RUN_TIME": "00:00:00", "SLURM_JOB_STATE": "FAILED",
            },
        ),
        (
            Mail(view(cpus=(2, 2), nodes=2, node_list="n[1-2]", exit_code=2), "FAIL", "FAILED", 1004),
            "Slurm Job_id=5 Name=sig Failed, Run time 00:00:01, FAILED, ExitCode 2",
            {
                **ENDS, "SLURM_JOB_EXIT_CODE2": "2:0", "SLURM_JOB_EXIT_CODE": "512", "SLURM_JOB_EXIT_CODE_MAX": "2",
                "SLURM_JOB_MAIL_TYPE": "Failed", "SLURM_JOB_RUN_TIME": "00:00:01", "SLURM_JOB_STATE": "FAILED",
                "SLURM_JOB_CPUS_PER_NODE": "2(x2)", "SLURM_JOB_NUM_NODES": "2", "SLURM_JOB_NODELIST": "n[1-2]",
            },
        ),
        (
            Mail(view(**NEVER_RAN), "INVALID_DEPEND", "PENDING", 1003),
            "Slurm Job_id=5 Name=sig Invalid dependency",
            {"SLURM_JOB_MAIL_TYPE": "Invalid dependency", "SLURM_JOB_NODELIST": "(null)", "SLURM_JOB_STATE": "PENDING"},
        ),
        (
            Mail(view(ARRAY, job_id=19, array_job_id=7, array_task_id=0), "BEGIN", "RUNNING", 1003),
            "Slurm Array Task Job_id=7_0 (19) Name=sig Began, Queued time 00:00:03",
            {
                **RAN, "SLURM_JOB_MAIL_TYPE": "Began", "SLURM_JOB_QUEUED_TIME": "00:00:03", "SLURM_JOB_STATE": "RUNNING",
                "SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_COUNT": "2", "SLURM_ARRAY_TASK_ID": "0", "SLURM_ARRAY_TASK_MAX": "1",
                "SLURM_ARRAY_TASK_MIN": "0", "SLURM_ARRAY_TASK_STEP": "1",
            },
        ),
    ],
    ids=["began", "signal", "nodes", "dependency", "element"],
)  # fmt: skip
def test_words_and_variables(mail: Mail, subject: str, variables: dict[str, str]) -> None:
    job_id = str(mail.job.job_id)
    assert mail.argv == ["-s", subject, "root"]
    assert mail.environment("oracle") == {**COMMON, "SLURM_JOBID": job_id, "SLURM_JOB_ID": job_id, "SLURM_JOB_NAME": "sig", **variables}


@pytest.mark.parametrize(
    ("mail", "subject"),
    [
        (Mail(view(name="na me"), "END", "COMPLETED", 1004), "Slurm Job_id=5 Name=na me Ended, Run time 00:00:01, COMPLETED, ExitCode 0"),
        (Mail(view(**NEVER_RAN), "END", "CANCELLED", 1009), "Slurm Job_id=5 Name=sig Ended, Run time 00:00:00, CANCELLED, ExitCode 0"),
        (Mail(view(exit_signal=15), "FAIL", "TIMEOUT", 1090), "Slurm Job_id=5 Name=sig Failed, Run time 00:01:27, TIMEOUT, ExitCode 0"),
        (Mail(view(), "TIME_LIMIT", "TIMEOUT", 1090), "Slurm Job_id=5 Name=sig Reached time limit, Run time 00:01:27"),
        (Mail(view(), "TIME_LIMIT_90", "RUNNING", 1060), "Slurm Job_id=5 Name=sig Reached 90% of time limit, Run time 00:00:57"),
        (Mail(view(), "REQUEUE", "REQUEUED", 1007), "Slurm Job_id=5 Name=sig Requeued, Run time 00:00:04"),
        (Mail(view(het_job_id=5, het_offset=0), "BEGIN", "RUNNING", 1003), "Slurm Job_id=5 Name=sig Began, Queued time 00:00:03"),
    ],
    ids=lambda value: value.event if isinstance(value, Mail) else "",
)
def test_subjects(mail: Mail, subject: str) -> None:
    assert mail.subject == subject


@pytest.mark.parametrize(
    ("event", "word", "statuses", "failed", "subject"),
    [
        ("BEGIN", "RUNNING", None, False, "Began"),
        ("END", "COMPLETED", [0, 0], False, "Ended, COMPLETED, ExitCode [0-0]"),
        ("FAIL", "FAILED", [0, 256, 512], True, "Failed, Mixed, ExitCode [0-2]"),
        ("FAIL", "FAILED", [256, 512], True, "Failed, FAILED, ExitCode [1-2]"),
        ("END", "CANCELLED", [9], False, "Ended, Mixed, MaxSignal [9]"),
    ],
)
def test_subjects_of_an_array(event: str, word: str, statuses: list[int] | None, failed: bool, subject: str) -> None:
    array = None if statuses is None else Elements(statuses, has_failed=failed)
    mail = Mail(view(ARRAY, array_job_id=6, array_task_id=2, job_id=8, name="arr"), event, word, 1004, is_array=True, array=array)
    assert mail.subject == f"Slurm Array Summary Job_id=6_* (6) Name=arr {subject}"


@pytest.mark.parametrize(
    ("types", "word", "events"),
    [
        (["ALL"], "RUNNING", ["BEGIN"]),
        (["ALL"], "FAILED", ["FAIL"]),
        (["END"], "FAILED", ["END"]),
        (["FAIL"], "COMPLETED", []),
        (["FAIL"], "CANCELLED", []),
        (["END", "FAIL"], "NODE_FAIL", ["FAIL"]),
        (["ALL", "TIME_LIMIT"], "TIMEOUT", ["FAIL", "TIME_LIMIT"]),
        (["TIME_LIMIT"], "TIMEOUT", ["TIME_LIMIT"]),
        (["ALL"], "REQUEUED", ["REQUEUE"]),
        (["ALL"], "PENDING", []),
        (["NONE"], "FAILED", []),
    ],
)
def test_events(types: list[str], word: str, events: list[str]) -> None:
    assert of_state(word, wanted(view({"mail-type": types}))) == events
