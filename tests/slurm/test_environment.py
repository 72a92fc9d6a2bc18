"""SLURM_* variables of a request and --export, as jobs of Slurm 22.05 saw them."""

from __future__ import annotations

import pytest

from mlspace.slurm.environment import job_variables
from mlspace.slurm.export import LOGIN_PATH, exported, named

from .test_geometry import ORACLE, decided, request

VARIABLES = [
    ("-N1", {"SLURM_MEM_PER_CPU": "100"}),
    ("-n4", {"SLURM_MEM_PER_CPU": "100", "SLURM_NTASKS": "4", "SLURM_NPROCS": "4"}),
    (
        "-N2 -c8 --ntasks-per-node=1",
        {"SLURM_MEM_PER_CPU": "100", "SLURM_NTASKS": "2", "SLURM_NPROCS": "2", "SLURM_NTASKS_PER_NODE": "1", "SLURM_CPUS_PER_TASK": "8"},
    ),
    ("--mem=2G", {"SLURM_MEM_PER_NODE": "2048"}),
    ("--mem=0", {}),
    ("--mem-per-gpu=500 --gpus=2", {"SLURM_MEM_PER_GPU": "500", "SLURM_GPUS": "2"}),
    ("--gpus=3", {"SLURM_MEM_PER_CPU": "100", "SLURM_GPUS": "3"}),
    ("--gres=gpu:2", {"SLURM_MEM_PER_CPU": "100"}),
    ("--gpus-per-node=a100:2 -N2", {"SLURM_MEM_PER_CPU": "100", "SLURM_GPUS_PER_NODE": "a100:2"}),
    (
        "--gpus-per-task=2 --gpus=4",
        {"SLURM_MEM_PER_CPU": "100", "SLURM_GPUS": "4", "SLURM_GPUS_PER_TASK": "2", "SLURM_NTASKS": "2", "SLURM_NPROCS": "2"},
    ),
    (
        "--ntasks-per-gpu=2 --gpus=2",
        {"SLURM_MEM_PER_CPU": "100", "SLURM_GPUS": "2", "SLURM_NTASKS_PER_GPU": "2", "SLURM_NTASKS": "4", "SLURM_NPROCS": "4"},
    ),
    ("--cpus-per-gpu=2 --gpus=2", {"SLURM_MEM_PER_CPU": "100", "SLURM_GPUS": "2", "SLURM_CPUS_PER_GPU": "2"}),
    ("-A acc", {"SLURM_MEM_PER_CPU": "100", "SLURM_JOB_ACCOUNT": "acc"}),
    (
        "--open-mode=append --export=ALL,FOO=1",
        {"SLURM_MEM_PER_CPU": "100", "SLURM_OPEN_MODE": "a", "SLURM_EXPORT_ENV": "ALL,FOO=1", "SLURM_GET_USER_ENV": "1"},
    ),
    ("-m block:cyclic", {"SLURM_MEM_PER_CPU": "100", "SLURM_DISTRIBUTION": "block:cyclic"}),
    ("-m plane=2 -N1", {"SLURM_MEM_PER_CPU": "100", "SLURM_DISTRIBUTION": "plane", "SLURM_DIST_PLANESIZE": "2"}),
    ("--threads-per-core=1", {"SLURM_MEM_PER_CPU": "100", "SLURM_THREADS_PER_CORE": "1"}),
    ("--hint=nomultithread", {"SLURM_MEM_PER_CPU": "100", "SLURM_THREADS_PER_CORE": "1", "SLURM_HINT": "nomultithread"}),
    ("--hint=memory_bound", {"SLURM_MEM_PER_CPU": "100", "SLURM_THREADS_PER_CORE": "1", "SLURM_HINT": "memory_bound"}),
    ("--hint=multithread", {"SLURM_MEM_PER_CPU": "100", "SLURM_NTASKS_PER_CORE": "65535", "SLURM_HINT": "multithread"}),
    ("--mem-bind=local", {"SLURM_MEM_PER_CPU": "100", "SLURM_MEM_BIND": "local", "SLURM_MEM_BIND_VERBOSE": "quiet"}),
    (
        "--mem-bind=sort,prefer,v,map_mem:0,1",
        {
            "SLURM_MEM_PER_CPU": "100",
            "SLURM_MEM_BIND": "verbose,prefer,sort,map_mem:0,1",
            "SLURM_MEM_BIND_VERBOSE": "verbose",
            "SLURM_MEM_BIND_SORT": "sort",
        },
    ),
    ("--cpu-freq=low-high:ond", {"SLURM_MEM_PER_CPU": "100", "SLURM_CPU_FREQ_REQ": "Low-High:OnDemand"}),
    ("--export=NONE", {"SLURM_MEM_PER_CPU": "100", "SLURM_EXPORT_ENV": "NONE", "SLURM_GET_USER_ENV": "1"}),
    ("--ntasks-per-socket=1 -n1", {"SLURM_MEM_PER_CPU": "100", "SLURM_NTASKS_PER_SOCKET": "1", "SLURM_NTASKS": "1", "SLURM_NPROCS": "1"}),
    ("-O", {"SLURM_MEM_PER_CPU": "100", "SLURM_OVERCOMMIT": "1"}),
    ("-n5 --ntasks-per-node=2", {"SLURM_MEM_PER_CPU": "100", "SLURM_NTASKS": "5", "SLURM_NPROCS": "5", "SLURM_NTASKS_PER_NODE": "2"}),
]


@pytest.mark.parametrize(("line", "expected"), VARIABLES, ids=[case[0] for case in VARIABLES])
def test_variables_that_follow_from_the_request(line: str, expected: dict[str, str]) -> None:
    assert job_variables(request(line), decided(line, ORACLE)) == expected | {"SLURM_JOB_QOS": "normal"}


@pytest.mark.parametrize(
    ("program", "line", "expected"),
    [
        ("salloc", "-n2", {"SLURM_NTASKS": "2", "SLURM_NPROCS": "2"}),
        ("salloc", "--mem=300M --gpus=1", {"SLURM_MEM_PER_NODE": "300", "SLURM_GPUS": "1"}),
        ("salloc", "--mem-per-cpu=50", {"SLURM_MEM_PER_CPU": "50"}),
        ("srun", "-n2 --gpus=2", {}),
        ("srun", "--mem=300M", {"SLURM_DISTRIBUTION": "cyclic"}),
        ("srun", "-n5 --mem-per-cpu=50", {"SLURM_DISTRIBUTION": "block"}),
        ("srun", "-n2 -c2 -m plane=2", {"SLURM_CPUS_PER_TASK": "2", "SLURM_DISTRIBUTION": "plane", "SLURM_DIST_PLANESIZE": "2"}),
    ],
)
def test_variables_by_the_program_that_submits(program: str, line: str, expected: dict[str, str]) -> None:
    assert job_variables(request(line), decided(line, ORACLE), program) == expected | {"SLURM_JOB_QOS": "normal"}


OUTSIDE = {
    "FOO": "bar",
    "B": "x y",
    "HOME": "/home/u",
    "USER": "u",
    "PATH": "/my/bin",
    "SLURM_CPU_BIND": "none",
    "SLURM_NTASKS": "7",
    "SBATCH_X": "1",
}
INSIDE = OUTSIDE | {"SLURM_JOB_ID": "99", "SLURM_PROCID": "3", "SLURMD_NODENAME": "n1", "SLURM_MEM_PER_NODE": "9", "SLURM_FOO": "1"}

LOGIN = {"HOME": "/home/u", "USER": "u", "PATH": LOGIN_PATH}
SLURMS = {"SLURM_CPU_BIND": "none", "SLURM_NTASKS": "7"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, OUTSIDE),
        ("ALL", OUTSIDE),
        ("all", OUTSIDE),
        ("NONE", LOGIN | SLURMS),
        ("none", LOGIN | SLURMS),
        ("nil", LOGIN | SLURMS),
        ("", LOGIN | SLURMS),
        ("FOO", LOGIN | SLURMS | {"FOO": "bar"}),
        ("FOO=1,B", LOGIN | SLURMS | {"FOO": "1", "B": "x y"}),
        ("NOSUCH", LOGIN | SLURMS),
        ("none,FOO", LOGIN | SLURMS | {"FOO": "bar"}),
        ("ALL,NONE", OUTSIDE),
        ("FOO,ALL", OUTSIDE),
        ('ALL,FOO="a,b",C=2', OUTSIDE | {"FOO": '"a,b"', "C": "2"}),
        ("A='1,2'", LOGIN | SLURMS | {"A": "'1,2'"}),
        ("A=x=y,B=", LOGIN | SLURMS | {"A": "x=y", "B": ""}),
        ("PATH", LOGIN | SLURMS | {"PATH": "/my/bin"}),
        (",,FOO,", LOGIN | SLURMS | {"FOO": "bar"}),
        ("=x,FOO", LOGIN | SLURMS | {"FOO": "bar"}),
    ],
)
def test_export_of_sbatch(value: str | None, expected: dict[str, str]) -> None:
    assert exported(OUTSIDE, value) == expected


def test_export_none_of_srun_has_no_login_environment() -> None:
    assert exported(OUTSIDE, "NONE", program="srun") == SLURMS


def test_an_outer_jobs_variables_do_not_travel() -> None:
    travelling = exported(INSIDE, None)
    assert travelling == {name: text for name, text in OUTSIDE.items() if name != "SLURM_NTASKS"} | {"SLURM_FOO": "1"}
    assert "SLURM_PROCID" not in exported(INSIDE, "NONE")
    assert "SLURM_PROCID" not in exported(INSIDE, "SLURM_PROCID")


def test_the_submitters_environment_is_left_alone() -> None:
    before = dict(OUTSIDE)
    exported(OUTSIDE, "ALL,NEW=1")
    assert before == OUTSIDE


@pytest.mark.parametrize(
    ("value", "names"), [(None, []), ("ALL", []), ("none", []), ("ALL,A=1,B,A", ["A", "B"]), ("PATH,HOME", ["PATH", "HOME"])]
)
def test_variables_named_one_by_one(value: str | None, names: list[str]) -> None:
    assert named(value) == names
