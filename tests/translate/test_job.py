"""A stored job as the platform and `launch` receive it."""

from __future__ import annotations

import dataclasses
import json
import shlex
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from mlspace.cluster.cluster import Cluster, Node, Partition
from mlspace.cluster.delivery import Delivery
from mlspace.configuration.site import Site
from mlspace.slurm.geometry import Geometry
from mlspace.slurm.request import Component, JobRequest, Script
from mlspace.spec import codec
from mlspace.spec.launch import Env, File, Limits, Stdio
from mlspace.spec.launch import Script as LaunchScript
from mlspace.translate.job import OWNER_SECONDS, StoredJob, description, environment_names, job_body, launch_spec, role_of
from tests.openapi import COMPONENTS

SUBMISSION, SECRET = "ab" * 16, "cd" * 32
SCRIPT = Script("#!/bin/sh\necho $1\n", ["a b"], "/home/ann/job.sh")
GEOMETRY = Geometry(
    nodes=2,
    tasks=5,
    tasks_requested=True,
    tasks_per_node=[3, 2],
    ntasks_per_node=None,
    cpus_per_task=None,
    cpus_per_node=[3, 2],
    memory_mib_per_node=[3000, 2000],
    mem_per_cpu=1000,
    mem_per_node=None,
    gpus_per_node=1,
    distribution="block",
)


def request(program: str, values: dict[str, Any] | None = None, **what: Any) -> JobRequest:
    return JobRequest(program, [Component(values)], **what)


def sbatch(**values: Any) -> JobRequest:
    return request("sbatch", {name.replace("_", "-"): value for name, value in values.items()}, script=SCRIPT)


def stored(what: JobRequest, **changes: Any) -> StoredJob:
    details = {"geometry": GEOMETRY.to_json(), "files": {}, "submit_dir": "/home/ann", "umask": 0o27, "rlimits": {"NOFILE": 1024}}
    job = StoredJob(
        job_id=17,
        name="train",
        user="ann",
        uid=1000,
        group="staff",
        gid=100,
        partition="main",
        region="SR006",
        instance_type="v100.1gpu",
        time_limit=90,
        alloc_node="laptop",
        work_dir="/home/ann/work",
        request=what,
        details={**details, **changes.pop("details", {})},
        environment={"A": "1", "B": "2"},
        submission=SUBMISSION,
        secret=SECRET,
        restart=0,
        attempt=1,
        report_file="/home/ann/.mlspace/reports/x",
        commands="/opt/bin",
    )
    return dataclasses.replace(job, **changes)


def cluster(channel: bool, launch: str = "/opt/bin/launch") -> Cluster:
    """The embedded MLSpace's kind with a channel, the platform's without."""
    return Cluster(
        "mlspace",
        [Node("n1", 4, 8000)],
        [Partition("main", "SR006", None, default=True)],
        def_mem_per_cpu=None,
        carrier="file" if channel else "parts",
        env_mode="shared" if channel else "image",
        delivery=Delivery(launch),
        channel=channel,
    )


NEAR, FAR = cluster(channel=True), cluster(channel=False)


# The specification.


def test_batch_job() -> None:
    spec = launch_spec(stored(sbatch()), NEAR)
    assert spec.role == "batch"
    assert spec.script == LaunchScript("#!/bin/sh\necho $1\n", ["a b"], "/home/ann/job.sh")
    assert (list(spec.command), spec.shell, spec.owner) == ([], "", None)
    assert spec.env == Env("shared", {"A": "1", "B": "2"}, named=[])
    assert (spec.work_dir, spec.umask, spec.rlimits) == ("/home/ann/work", 0o27, {"NOFILE": 1024})
    assert spec.stdio == Stdio()
    assert spec.report_file == File("/home/ann/.mlspace/reports/x")
    assert spec.limits == Limits(seconds=5400, signal=None, warn=60, batch_only=False, grace=30)
    assert (spec.submission, spec.secret, spec.commands) == (SUBMISSION, SECRET, "/opt/bin")


def test_what_the_slurm_variables_need() -> None:
    spec = launch_spec(stored(sbatch(account="physics"), restart=2), FAR)
    assert spec.job is not None
    assert json.loads(codec.encode(spec))["job"] == {
        "id": 17,
        "name": "train",
        "user": "ann",
        "group": "staff",
        "uid": 1000,
        "gid": 100,
        "partition": "main",
        "cluster": "mlspace",
        "submit_host": "laptop",
        "submit_dir": "/home/ann",
        "nodes": 2,
        "cpus_per_node": [3, 2],
        "tasks_per_node": [3, 2],
        "memory_per_node": [3000, 2000],
        "gpus_per_node": 1,
        "env": {
                "SLURM_NTASKS": "5",
                "SLURM_NPROCS": "5",
                "SLURM_MEM_PER_CPU": "1000",
                "SLURM_JOB_ACCOUNT": "physics",
                "SLURM_JOB_QOS": "normal",
            },
        "restart": 2,
    }


@pytest.mark.parametrize(
    ("what", "where", "role", "script", "command", "owner", "mode"),
    [
        (sbatch(), NEAR, "batch", True, [], None, "shared"),
        (sbatch(), FAR, "batch", True, [], None, "image"),
        (request("srun", command=["hostname", "-s"]), NEAR, "batch", False, [], OWNER_SECONDS, "shared"),
        (request("srun", command=["hostname", "-s"]), FAR, "tasks", False, ["hostname", "-s"], None, "image"),
        (request("salloc"), NEAR, "batch", False, [], OWNER_SECONDS, "shared"),
        (request("mlspace", command=["python3", "x y"]), NEAR, "exec", False, ["python3", "x y"], None, "image"),
        (request("mlspace", command=["python3", "x y"]), FAR, "exec", False, ["python3", "x y"], None, "image"),
    ],
    ids=["sbatch", "sbatch-far", "srun-held", "srun-tasks", "salloc-held", "exec", "exec-far"],
)
def test_roles(what: JobRequest, where: Cluster, role: str, script: bool, command: list[str], owner: int | None, mode: str) -> None:
    """srun on this host only holds the allocation: its step comes through the channel, with its own streams."""
    spec = launch_spec(stored(what), where)
    assert (spec.role, spec.script is not None, list(spec.command), spec.owner, spec.env.mode) == (role, script, command, owner, mode)


def test_options_of_the_only_step() -> None:
    """The platform's nodes cannot be reached: what the tasks are bound to goes there with the job."""
    said = {"cpu-bind": "v,cores", "gpu-bind": "closest", "threads-per-core": 1, "kill-on-bad-exit": True, "wait": 0}
    what = request("srun", said, command=["a"])
    assert launch_spec(stored(what), FAR).step_options == (
        *("--cpu-bind=v,cores", "--gpu-bind=closest", "--threads-per-core=1"),
        *("--kill-on-bad-exit=1", "--wait=0"),
    )
    assert launch_spec(stored(what), NEAR).step_options == ()


@pytest.mark.parametrize(
    ("what", "role"),
    [
        (sbatch(), "batch"),
        (request("sbatch", script=Script("")), "batch"),
        (request("srun", command=["a"]), "tasks"),
        (request("mlspace", command=["a"]), "exec"),
    ],
)
def test_role_of(what: JobRequest, role: str) -> None:
    assert role_of(what) == role


@pytest.mark.parametrize(
    ("minutes", "signal", "expected"),
    [
        (None, None, Limits(seconds=None)),
        (0, None, Limits(seconds=0)),
        (1, None, Limits(seconds=60)),
        (10, {"signal": 10}, Limits(seconds=600, signal=10, warn=60)),
        (10, {"signal": 10, "warn": 0}, Limits(seconds=600, signal=10, warn=0)),
        (10, {"signal": 10, "warn": 120, "batch_only": True}, Limits(seconds=600, signal=10, warn=120, batch_only=True)),
    ],
)
def test_limits(minutes: int | None, signal: dict[str, Any] | None, expected: Limits) -> None:
    assert launch_spec(stored(sbatch(signal=signal), time_limit=minutes), NEAR).limits == expected


def test_streams() -> None:
    files = {"in": None, "out": {"path": "/w/%j.out", "inode": 7, "owner": 0}, "err": {"path": "/w/e", "inode": None, "owner": None}}
    report = {"path": "/r", "inode": 1, "owner": 2}
    spec = launch_spec(stored(sbatch(open_mode="append"), details={"files": files, "report": report}), NEAR)
    assert spec.stdio == Stdio(None, File("/w/%j.out", 7, 0), File("/w/e"), "append")
    assert spec.report_file == File("/r", 1, 2)


@pytest.mark.parametrize(
    ("what", "names"),
    [
        (sbatch(), []),
        (sbatch(export="ALL"), []),
        (sbatch(export="NONE"), []),
        (sbatch(export="ALL,PATH=/x,B"), ["PATH", "B"]),
        (request("mlspace"), ["A", "B"]),
    ],
)
def test_variables_that_win_over_the_image(what: JobRequest, names: list[str]) -> None:
    job = stored(what)
    assert environment_names(job) == names
    assert list(launch_spec(job, FAR).env.named) == names


def test_shell_of_exec() -> None:
    assert launch_spec(stored(request("mlspace", {"shell": "/bin/bash"}, command=["a"])), FAR).shell == "/bin/bash"


def test_specification_is_the_same_when_it_is_made_again() -> None:
    """Another process does so after a crash, from what the registry has kept as JSON."""
    job = stored(sbatch(export="A", signal={"signal": 10}, open_mode="append"))
    again = dataclasses.replace(
        job, request=JobRequest.from_json(json.loads(json.dumps(job.request.to_json()))), details=json.loads(json.dumps(job.details))
    )
    assert codec.encode(launch_spec(again, FAR)) == codec.encode(launch_spec(job, FAR))


def test_only_what_differs_from_the_defaults_travels() -> None:
    assert set(json.loads(codec.encode(launch_spec(stored(sbatch()), NEAR)))) == {
        *("role", "env", "job", "script", "work_dir", "umask", "rlimits", "report_file", "limits", "submission", "secret", "commands"),
    }


# The body of POST /jobs.


VALIDATOR = Draft202012Validator({"$ref": "#/components/schemas/RunJobRequest", "components": COMPONENTS})
FLAGS = {"spec-version": "1", "spec-file": "/f", "spec-sha256": "0" * 64}


def body(job: StoredJob, where: Cluster = FAR) -> dict[str, Any]:
    return job_body(job, where, FLAGS, "default/image")


def test_body() -> None:
    found = body(stored(sbatch()))
    VALIDATOR.validate(found)
    assert found == {
        "script": "/opt/bin/launch",
        "base_image": "default/image",
        "instance_type": "v100.1gpu",
        "region": "SR006",
        "type": "binary",
        "n_workers": 2,
        "processes_per_worker": 1,
        "job_desc": f"mlspace-slurm job 17 submission {SUBMISSION} restart 0 attempt 1",
        "flags": FLAGS,
    }


@pytest.mark.parametrize(
    ("values", "field", "expected"),
    [
        ({"image": "mine/torch"}, "base_image", "mine/torch"),
        ({"launch-bin": "/home/jovyan/launch"}, "script", "/home/jovyan/launch"),
        ({"ranks": 8}, "processes_per_worker", 8),
        ({"nodelist": ["n1", "n2"]}, "include_nodes", ["n1", "n2"]),
        ({"exclude": ["n3"]}, "exclude_nodes", ["n3"]),
        ({"nodelist": []}, "include_nodes", None),
    ],
)
@pytest.mark.parametrize("program", ["sbatch", "srun", "mlspace"])
def test_options_of_the_body(program: str, values: dict[str, Any], field: str, expected: Any) -> None:
    found = body(stored(request(program, values, command=["a"])))
    VALIDATOR.validate(found)
    assert found.get(field) == expected


@pytest.mark.parametrize(
    ("asked", "by_partition", "sent"),
    [("torch", "", "cr/torch:1"), ("", "torch", "cr/torch:1"), ("", "", "cr/usual:1"), ("other", "torch", "other"), ("", "x:2", "x:2")],
)
def test_short_names_of_images(asked: str, by_partition: str, sent: str) -> None:
    where = cluster(channel=False)
    where.site = Site.read({"images": {"torch": "cr/torch:1", "default/image": {"image": "cr/usual:1"}}}, file="f", unknown="refuse")
    job = stored(request("sbatch", {"image": asked} if asked else {}, command=["a"]))
    job.details["body"] = {"base_image": by_partition} if by_partition else {}
    assert body(job, where)["base_image"] == sent


@pytest.mark.parametrize("path", ["/opt/my launch", "/opt/it's/launch", "/opt/$(reboot)/launch", "/opt/a;b"])
def test_path_of_launch_is_one_word_of_the_shell(path: str) -> None:
    found = body(stored(sbatch()), cluster(channel=False, launch=path))
    assert shlex.split(found["script"]) == [path]
    assert found["script"] != path


def test_validator_would_find_a_field_too_many_or_of_a_wrong_type() -> None:
    for wrong in ({"extra": 1}, {"n_workers": 0}, {"type": "slurm"}, {"include_nodes": "n1"}):
        with pytest.raises(ValidationError):
            VALIDATOR.validate({**body(stored(sbatch())), **wrong})


def test_user_words_stay_out_of_the_description() -> None:
    """A firewall in front of the platform refuses shell metacharacters and `../`."""
    job = stored(sbatch(comment="../../etc"), name="$(reboot) ../../x", restart=3, attempt=2)
    assert description(job) == f"mlspace-slurm job 17 submission {SUBMISSION} restart 3 attempt 2"
    assert "reboot" not in json.dumps(body(job))


def test_secret_is_nowhere_but_in_the_flags() -> None:
    assert SECRET not in json.dumps(body(stored(sbatch())))


@pytest.mark.parametrize("what", [sbatch(), request("srun", command=["a"]), request("mlspace", command=["a"])])
@pytest.mark.parametrize("carrier", ["parts", "file"])
def test_body_with_a_real_specification_is_valid(what: JobRequest, carrier: str) -> None:
    job = stored(what)
    data = codec.encode(launch_spec(job, FAR))
    flags = codec.part_flags(data) if carrier == "parts" else codec.file_flags(data, "/specs/x")
    found = job_body(job, FAR, flags, "default/image")
    VALIDATOR.validate(json.loads(json.dumps(found)))
    assert found["flags"] == flags
