"""What a request gets, against Slurm 22.05 with select/cons_tres, CR_Core_Memory, DefMemPerCPU=100 on idle nodes:
8 nodes n[1-8] of 8 CPUs in 2 sockets, 4000 MiB and 4 GPUs each; as `sbatch ... --wrap env` and `salloc ... env` told.
"""

from __future__ import annotations

import random
import shlex

import pytest

from mlspace.errors import MlspaceError, RequestRefused
from mlspace.slurm import getopt, merge
from mlspace.slurm.geometry import Geometry, Limits, decide
from mlspace.slurm.layout import fold_counts
from mlspace.slurm.options import OPTIONS
from mlspace.slurm.request import Component

NAMES = [f"n{number}" for number in range(1, 9)]
ORACLE = Limits(8, 8, 4000, sockets=2, gpus=4, def_mem_per_cpu=100, names=NAMES)


def request(line: str, program: str = "sbatch") -> Component:
    settings, _ = getopt.parse(program, OPTIONS, shlex.split(line), stop_at_word=True)
    return merge.components(program, [[]], {}, [settings])[0]


def decided(line: str, limits: Limits = ORACLE, program: str = "sbatch") -> Geometry:
    return decide(request(line, program), limits, program)


# Request; SLURM_JOB_CPUS_PER_NODE; SLURM_TASKS_PER_NODE; SLURM_NTASKS, None where it is not set.
ALLOCATED: list[tuple[str, str, str, int | None]] = [
    ("-N1", "1", "1", None),
    ("-n4", "4", "4", 4),
    ("-n 50", "8(x6),2", "8(x6),2", 50),
    ("-n 9", "8,1", "8,1", 9),
    ("-N2 -n3", "2,1", "2,1", 3),
    ("-N2 -n1", "1", "1", 1),
    ("-n2 -N4", "1(x2)", "1(x2)", 2),
    ("-N2 --ntasks-per-node=2", "2(x2)", "2(x2)", 4),
    ("--ntasks-per-node=3", "3", "3", 3),
    ("-n5 --ntasks-per-node=2", "2(x3)", "2(x3)", 5),
    ("-N2 -n3 --ntasks-per-node=2", "2(x2)", "2(x2)", 3),
    ("-N3 -n12 --ntasks-per-node=5", "5(x3)", "5(x3)", 12),
    ("-c3", "3", "1", None),
    ("-N3 -c3", "3(x3)", "1(x3)", None),
    ("-n5 -c2", "8,2", "4,1", 5),
    ("-n5 -c3", "6(x2),3", "2(x2),1", 5),
    ("-N2 -c8 --ntasks-per-node=1", "8(x2)", "1(x2)", 2),
    ("--mem=1000", "1", "1", None),
    ("--mem=0 -n10", "8,2", "8,2", 10),
    ("--mem-per-cpu=600 -n8", "6,2", "6,2", 8),
    ("--mem=2G -N2", "1(x2)", "1(x2)", None),
    ("--gpus=3", "1", "1", None),
    ("--gpus=6", "1(x2)", "1(x2)", None),
    ("--gpus=6 --exclusive", "8(x2)", "8(x2)", None),
    ("-N2 --gpus=3", "1(x2)", "1(x2)", None),
    ("-N3 --gpus=8", "1(x3)", "1(x3)", None),
    ("-n 9 --gpus=2", "8,1", "8,1", 9),
    ("-n 2 --gpus=6", "1(x2)", "1(x2)", 2),
    ("--gpus-per-node=2 -N2", "1(x2)", "1(x2)", None),
    ("--gpus=4 --gpus-per-node=2", "1(x2)", "1(x2)", None),
    ("--gpus=2 --gres=gpu:1", "1(x2)", "1(x2)", None),
    ("--gpus-per-task=1 -n4", "4", "4", 4),
    ("--gpus-per-task=1 -n6", "4,2", "4,2", 6),
    ("--gpus-per-task=3 -n2", "1(x2)", "1(x2)", 2),
    ("--gpus-per-task=2 --gpus=4", "2", "2", 2),
    ("-n4 --gpus-per-task=2", "2(x2)", "2(x2)", 4),
    ("-N3 -n4 --gpus-per-task=2", "2,1(x2)", "2,1(x2)", 4),
    ("-N2 -n4 --gpus-per-task=1", "3,1", "3,1", 4),
    ("--ntasks-per-gpu=2 --gpus=2", "4", "4", 4),
    ("--gres=gpu:2 -N2", "1(x2)", "1(x2)", None),
    ("--gres=gpu:0", "1", "1", None),
    ("--gres=none", "1", "1", None),
    ("--exclusive", "8", "8", None),
    ("--exclusive -n3", "8", "3", 3),
    ("-N2 -n3 --exclusive", "8(x2)", "2,1", 3),
    ("-N3 -c3 --exclusive", "8(x3)", "2(x3)", None),
    ("-N2 --ntasks-per-node=2 --exclusive", "8(x2)", "2(x2)", 4),
    ("--mincpus=4", "4", "4", None),
    ("-n 3 -N 2 --mincpus=4", "4(x2)", "2,1", 3),
    ("-N 1-3", "1(x3)", "1(x3)", None),
    ("-N 1-3 -n 2", "1(x2)", "1(x2)", 2),
    ("-N 1-3 -n 3", "1(x3)", "1(x3)", 3),
    ("-N 1-3 -n 20", "8(x2),4", "8(x2),4", 20),
    ("-N 2-3 -n 20", "8(x2),4", "8(x2),4", 20),
    ("-w n[2-3]", "1(x2)", "1(x2)", None),
    ("-w n2 -N2", "1(x2)", "1(x2)", None),
    ("-w n2,n2", "1", "1", None),
    ("-w n3 -n10", "8,2", "8,2", 10),
    ("-w n[1-3] -n2", "1(x2)", "1(x2)", 2),
    ("-w n[1-3] -n10", "8,1(x2)", "8,1(x2)", 10),
    ("-N 1-3 -w n[1-2]", "1(x3)", "1(x3)", None),
    ("-x n[1-2] -n2", "2", "2", 2),
    ("-O -n 20", "1", "20", 20),
    ("-O -N1 -n20", "1", "20", 20),
    ("-O -N2 -n20", "1(x2)", "10(x2)", 20),
    ("--ntasks-per-socket=1 -n4", "2(x2)", "2(x2)", 4),
    ("--ntasks-per-socket=2 -n6", "4,2", "4,2", 6),
    ("--ntasks-per-core=1 -n3", "3", "3", 3),
    ("--cpus-per-gpu=2 --gpus=2", "4", "4", None),
    ("--mem-per-gpu=500 --gpus=2", "1", "1", None),
    ("--mem-per-gpu=3000 --gpus=4", "1(x4)", "1(x4)", None),
    ("-m cyclic -N2 -n4", "3,1", "3,1", 4),
    ("-n4 -N4", "1(x4)", "1(x4)", 4),
    ("-N4 -n 30", "8(x3),6", "8(x3),6", 30),
    ("-N4 -n 9 -c2", "8,6,2(x2)", "4,3,1(x2)", 9),
]


@pytest.mark.parametrize(("line", "cpus", "tasks", "ntasks"), ALLOCATED, ids=[case[0] for case in ALLOCATED])
def test_a_request_gets_what_slurm_gives(line: str, cpus: str, tasks: str, ntasks: int | None) -> None:
    geometry = decided(line)
    assert fold_counts(geometry.cpus_per_node) == cpus
    assert fold_counts(geometry.tasks_per_node) == tasks
    assert geometry.ntasks == ntasks


# Request; CPUs and GPUs of each node; SLURM_TASKS_PER_NODE; NumTasks; SLURM_NTASKS. From compat/compare_geometry.
DEALT: list[tuple[str, str, str, str, int, int | None]] = [
    ("-n 17 --gpus=2", "8(x2),1", "0,1(x2)", "8(x2),1", 17, 17),
    ("--gpus=6 --mem=0 -n 17", "8(x2),1", "4,1(x2)", "8(x2),1", 17, 17),
    ("--gpus=6 --ntasks-per-node=2", "2(x2)", "4,2", "2(x2)", 4, 2),
    ("-n 9 --gpus=1", "8,1", "0,1", "8,1", 9, 9),
    ("-c 2 --gpus=5", "2(x2)", "4,1", "1(x2)", 2, None),
    ("--gres=gpu --spread-job -n 12", "3(x2),1(x6)", "1(x8)", "3(x2),1(x6)", 12, 12),
    ("-n5 --ntasks-per-gpu=1", "4,1", "4,1", "4,1", 5, 5),
    ("--cpus-per-gpu=2 --gpus=5", "8,2", "4,1", "8,2", 2, None),
    ("-N2 --gpus=5", "1(x2)", "4,1", "1(x2)", 2, None),
    ("-n 2 --gpus=5", "1(x2)", "4,1", "1(x2)", 2, 2),
    ("-n 17 --gpus-per-node=4", "8(x2),1", "4(x3)", "8(x2),1", 17, 17),
    ("--cpus-per-gpu=2 --gpus-per-task=1 -n6", "8,4", "4,2", "4,2", 6, 6),
    ("-n 5 -c 3", "6(x2),3", "0(x3)", "2(x2),1", 5, 5),
    ("--mem-per-cpu=500 --gpus=5", "1(x2)", "4,1", "1(x2)", 2, None),
    ("-N3 --gpus=10", "1(x3)", "4(x2),2", "1(x3)", 3, None),
    ("--use-min-nodes -n 33", "8(x4),1", "0(x5)", "8(x4),1", 33, 33),
    ("-n 16 -N 8", "8,2,1(x6)", "0(x8)", "8,2,1(x6)", 16, 16),
    ("-n16 --gpus=5", "8(x2)", "4,1", "8(x2)", 16, 16),
    ("-O --gpus=5", "1(x2)", "4,1", "1(x2)", 2, None),
    ("-N2 --gpus=4 --ntasks-per-gpu=1", "2(x2)", "3,1", "2(x2)", 4, 4),
    ("--gpus=3 -n 8 --gres=gpu", "6,1(x2)", "1(x3)", "6,1(x2)", 8, 8),
    ("--cpus-per-gpu=2 --gpus=4 -n9", "7,2", "3,1", "7,2", 9, 9),
    ("--mem-per-gpu=500 --gpus-per-task=1 -n6", "4,2", "4,2", "4,2", 6, 6),
    ("-n 17 --ntasks-per-core=1 --spread-job", "6,5,1(x6)", "0(x8)", "6,5,1(x6)", 17, 17),
    ("--gpus=5 -c3", "3(x2)", "4,1", "1(x2)", 2, None),
    ("--gpus=9", "1(x3)", "4(x2),1", "1(x3)", 3, None),
    ("--cpus-per-gpu=2 --gpus-per-task=2 -n3", "8,4", "4,2", "2,1", 3, 3),
    ("--spread-job -N2-4 -n10", "6,2,1(x2)", "0(x4)", "6,2,1(x2)", 10, 10),
    ("--gpus-per-task=1 -n6 -N1-3", "4,2", "4,2", "4,2", 6, 6),
    ("-N2 -n4 --gpus=4", "3,1", "3,1", "3,1", 4, 4),
    ("-O -n 9 --ntasks-per-node=3", "1(x3)", "0(x3)", "3(x3)", 9, 9),
    ("--ntasks-per-node=1 -N 4", "1(x4)", "0(x4)", "1(x4)", 4, 4),
    ("-n8 --ntasks-per-gpu=1", "7,1", "4(x2)", "7,1", 8, 8),
    ("-w n1,n3 --contiguous", "1(x3)", "0(x3)", "1(x3)", 3, None),
    ("--spread-job -n4 --gres=gpu:1", "1(x4)", "1(x4)", "1(x4)", 4, 4),
    ("-N2 --threads-per-core=1", "1(x2)", "0(x2)", "1(x2)", 2, 2),
    ("--mem-per-cpu=1000 -n 8", "4(x2)", "0(x2)", "4(x2)", 8, 8),
    ("--use-min-nodes --spread-job -N 3-20", "1(x3)", "0(x3)", "1(x3)", 3, None),
    ("-n 5 --ntasks-per-node=4", "4(x2)", "0(x2)", "4(x2)", 8, 5),
    ("--spread-job -n4 -w n2", "1(x4)", "0(x4)", "1(x4)", 4, 4),
    ("--spread-job -N2 -n5", "4,1", "0(x2)", "4,1", 5, 5),
    ("-N2 --cores-per-socket=2", "3,1", "0(x2)", "3,1", 4, 4),
    ("-n9 --contiguous -x n2", "8,1", "0(x2)", "8,1", 9, 9),
    ("-N6 --contiguous -x n2", "1(x6)", "0(x6)", "1(x6)", 6, None),
    ("-n 4 --spread-job --gres=gpu:2", "1(x4)", "2(x4)", "1(x4)", 4, 4),
    ("--exclusive=user -w n[2-3] --mem-per-cpu=200", "1(x2)", "0(x2)", "1(x2)", 2, None),
    ("--gpus-per-node=4 --ntasks-per-gpu=2 -N2 -n16", "8(x2)", "4(x2)", "8(x2)", 16, 16),
    ("--ntasks-per-node=8 --exclusive=user -N 1-2", "8(x2)", "0(x2)", "8(x2)", 16, 16),
    ("-N2 -B 2", "3,1", "0(x2)", "3,1", 4, 4),
    ("-n4 --gpus=8", "3,1", "4(x2)", "3,1", 4, 4),
    ("--mincpus=4 -N2", "4(x2)", "0(x2)", "4(x2)", 2, None),
    ("--cpus-per-gpu=2 --gpus-per-node=2 -N2", "4(x2)", "2(x2)", "4(x2)", 2, None),
    ("--exclusive --mem-per-cpu=500 -n 9", "8(x2)", "4(x2)", "5,4", 9, 9),
    ("-N1-2 -B 2:2", "1(x2)", "0(x2)", "1(x2)", 2, None),
    ("--spread-job -n 3 -c4", "4(x3)", "0(x3)", "1(x3)", 3, 3),
    ("-n 3 -O -N2", "1(x2)", "0(x2)", "2,1", 3, 3),
    ("-n 9 --mem=4000", "8,1", "0(x2)", "8,1", 9, 9),
    ("--spread-job -N2", "1(x2)", "0(x2)", "1(x2)", 2, None),
    ("-N3 --ntasks-per-gpu=1", "1(x3)", "1(x3)", "1(x3)", 3, 3),
    ("-n9 --ntasks-per-core=2", "8,1", "0(x2)", "8,1", 9, 9),
    ("--gpus-per-task=2 -n4 -N4", "1(x4)", "2(x4)", "1(x4)", 4, 4),
    ("--mincpus=4 -N2 -n2", "4(x2)", "0(x2)", "1(x2)", 2, 2),
    ("--ntasks-per-gpu=2 -N2", "2(x2)", "1(x2)", "2(x2)", 4, 4),
    ("--ntasks-per-gpu=2 --gpus-per-node=2 -N2", "4(x2)", "2(x2)", "4(x2)", 8, 8),
    ("-N 4 --ntasks-per-node=2 --gpus=4", "2(x4)", "1(x4)", "2(x4)", 8, 8),
    ("--spread-job -n4 --exclusive", "8(x4)", "4(x4)", "1(x4)", 4, 4),
    ("--gres=gpu:1 --mincpus=4 -n9", "5,4", "1(x2)", "5,4", 9, 9),
    ("-N2 --gpus-per-task=1", "1(x2)", "1(x2)", "1(x2)", 2, 2),
    ("-m plane=4 -N2 -n7", "6,1", "0(x2)", "6,1", 7, 7),
    ("-N 2 --ntasks-per-node=4", "4(x2)", "0(x2)", "4(x2)", 8, 8),
]


@pytest.mark.parametrize(("line", "cpus", "gpus", "layout", "tasks", "ntasks"), DEALT, ids=[case[0] for case in DEALT])
def test_a_request_is_dealt_as_slurm_does(line: str, cpus: str, gpus: str, layout: str, tasks: int, ntasks: int | None) -> None:
    geometry = decided(line)
    dealt = [fold_counts(counts) for counts in (geometry.cpus_per_node, geometry.gpus_by_node, geometry.tasks_per_node)]
    assert dealt == [cpus, gpus, layout]
    assert (geometry.tasks, geometry.ntasks) == (tasks, ntasks)
    assert geometry.gpus_per_node == max(geometry.gpus_by_node)


UNAVAILABLE = "Batch job submission failed: Requested node configuration is not available"
TOO_MANY_CPUS = "Batch job submission failed: More processors requested than permitted"
BAD_NODES = "Batch job submission failed: Node count specification invalid"
BAD_NAME = "Batch job submission failed: Invalid node name specified"
BASED_ON_GPUS = "Failed to validate job spec. Based on --gpu and --gres=gpu/--gpus-per-node"
GRES = "Invalid generic resource (gres) specification"

REFUSED: list[tuple[str, list[str]]] = [
    ("-N9", [BAD_NODES]),
    ("-N 9-10", [BAD_NODES]),
    ("-N 1k-2k", [TOO_MANY_CPUS]),
    ("-N 0", [BAD_NODES]),
    ("-N 1k", [TOO_MANY_CPUS]),
    ("-n65", [TOO_MANY_CPUS]),
    ("-n 64 -c2", [TOO_MANY_CPUS]),
    ("-N8 -n 65", [TOO_MANY_CPUS]),
    ("-c9", ["CPU count per node can not be satisfied", UNAVAILABLE]),
    ("--ntasks-per-node=9", ["CPU count per node can not be satisfied", UNAVAILABLE]),
    ("-c 5 -n 2 --ntasks-per-node=2", ["CPU count per node can not be satisfied", UNAVAILABLE]),
    ("--mem=4001", ["Memory specification can not be satisfied", UNAVAILABLE]),
    ("--mem-per-cpu=5000", ["Memory specification can not be satisfied", UNAVAILABLE]),
    ("--mem-per-cpu=1000 -c6", [UNAVAILABLE]),
    ("--mem-per-cpu=600 -N1 -n8", [UNAVAILABLE]),
    ("-N1 -n5 --ntasks-per-node=2", [UNAVAILABLE]),
    ("-N2 -n12 --ntasks-per-node=5", [UNAVAILABLE]),
    ("-N1 -n 9", [UNAVAILABLE]),
    ("-N 4 -n 40", [UNAVAILABLE]),
    ("-N2 --exclusive -n 20", [UNAVAILABLE]),
    ("--gpus=33", [UNAVAILABLE]),
    ("--gpus-per-node=5", [UNAVAILABLE]),
    ("--gres=gpu:5", [UNAVAILABLE]),
    ("-N1 -n4 --gpus-per-task=2", [UNAVAILABLE]),
    ("-w zz", [BAD_NAME]),
    ("-x zz", [BAD_NAME]),
    ("-w n1 -x n1", [BAD_NAME]),
    ("-x n[1-8]", [UNAVAILABLE]),
    ("-x n[1-7] -n 9", [UNAVAILABLE]),
    ("-x n[1-7] -N2", [UNAVAILABLE]),
    ("-w n[2-4] -N2", ["invalid number of nodes (-N 3-2)"]),
    ("-w n[1-3] -N 1-2", ["invalid number of nodes (-N 3-2)"]),
    ("--gpus-per-task=2", ["Failed to validate job spec. --gpus-per-task used without either --gpus or -n/--ntasks is not allowed.", GRES]),
    ("--gpus=5 --gpus-per-node=2", ["Failed to validate job spec, --gpus is not multiple of --gres=gpu/--gpus-per-node", GRES]),
    ("-N2 --gpus=1", ["Failed to validate job spec, --gpus < -N", GRES]),
    ("--cpus-per-gpu=2 -c2 --gpus=1", ["--cpus-per-gpu is mutually exclusive with --cpus-per-task", GRES]),
    (
        "-N1-3 --ntasks-per-gpu=1",
        ["gres_job_state_validate: --ntasks-per-tres needs either a GRES GPU specification or a node/ntask specification", GRES],
    ),
    (
        "-w n1 --ntasks-per-gpu=1",
        ["gres_job_state_validate: --ntasks-per-tres needs either a GRES GPU specification or a node/ntask specification", GRES],
    ),
    ("-c 9 -s", ["CPU count per node can not be satisfied", UNAVAILABLE]),
    ("-B 3 -c9", ["CPU count per node can not be satisfied", UNAVAILABLE]),
    ("-x n[1-8] -N 2-3", [UNAVAILABLE]),
    ("-N1-2 -n 17 --gpus=2", [UNAVAILABLE]),
    (
        "--gpus-per-task=3 -O",
        ["Failed to validate job spec. --gpus-per-task used without either --gpus or -n/--ntasks is not allowed.", GRES],
    ),
    (
        "-c 5 --gpus-per-task=4",
        ["Failed to validate job spec. --gpus-per-task used without either --gpus or -n/--ntasks is not allowed.", GRES],
    ),
    ("-n 64 --mem-per-gpu=100 --cpus-per-gpu=4", ["Requested mem_per_tres=gres:gpu:100 but did not request any GPU.", GRES]),
    ("--mem-per-gpu=100 -B 2:4:2 --ntasks-per-node=8", ["Requested mem_per_tres=gres:gpu:100 but did not request any GPU.", GRES]),
    ("--threads-per-core=2 -n3", ["Socket, core and/or thread specification can not be satisfied", UNAVAILABLE]),
    ("-w n[2-3] --cores-per-socket=5", ["Socket, core and/or thread specification can not be satisfied", UNAVAILABLE]),
    ("-n 4 --mem-per-gpu=4001 -m plane=3 -N 2-3", ["Requested mem_per_tres=gres:gpu:4001 but did not request any GPU.", GRES]),
    (
        "--mem-per-gpu=4001 -m cyclic -n 3 --mincpus=2 --ntasks-per-core=1",
        ["Requested mem_per_tres=gres:gpu:4001 but did not request any GPU.", GRES],
    ),
    ("--mincpus=6 --cpus-per-gpu=8 --mem-per-gpu=1000", ["Requested mem_per_tres=gres:gpu:1000 but did not request any GPU.", GRES]),
    ("--contiguous --mem-per-gpu=3000 -x n[1-7]", ["Requested mem_per_tres=gres:gpu:3000 but did not request any GPU.", GRES]),
    ("--ntasks-per-core=2 -N 1 -w n2 -n 9 --mem-per-gpu=3000", ["Requested mem_per_tres=gres:gpu:3000 but did not request any GPU.", GRES]),
    ("--mem-per-gpu=500 --cpus-per-gpu=3", ["Requested mem_per_tres=gres:gpu:500 but did not request any GPU.", GRES]),
    ("--exclusive --mem-per-gpu=500 -x n[1-4]", ["Requested mem_per_tres=gres:gpu:500 but did not request any GPU.", GRES]),
    ("--mem=4001 -B 3", ["Memory specification can not be satisfied", UNAVAILABLE]),
    ("--mem=4001 --ntasks-per-core=2", ["Memory specification can not be satisfied", UNAVAILABLE]),
    (
        "--cpus-per-gpu=8 --gpus=16 --gpus-per-node=3",
        ["Failed to validate job spec, --gpus is not multiple of --gres=gpu/--gpus-per-node", GRES],
    ),
    (
        "--gpus-per-node=3 -N 3-20 -c 4 --gpus=4 -n 12",
        ["Failed to validate job spec, --gpus is not multiple of --gres=gpu/--gpus-per-node", GRES],
    ),
    ("-N 9 --ntasks-per-core=2", [BAD_NODES]),
    ("-w n1,n3 --contiguous -N2", [BAD_NODES]),
    ("-B3 --tmp=1G", ["Temporary disk specification can not be satisfied", UNAVAILABLE]),
    ("-m cyclic --tmp=1G", ["Temporary disk specification can not be satisfied", UNAVAILABLE]),
    ("-c 3 --gpus-per-task=3 --gpus-per-node=2", ["Failed to ensure --gpus >= --gpus-per-task", GRES]),
    ("--gpus-per-node=3 --gpus-per-task=5 -n 9 -x n[1-4] -c 9", ["Failed to ensure --gpus >= --gpus-per-task", GRES]),
    ("--exclusive -n 65 --tmp=1G", [TOO_MANY_CPUS]),
    ("-n 65 --ntasks-per-core=2 -N 2", [TOO_MANY_CPUS]),
    ("-m plane=2 -N2 -n2", ["Too few processes for the requested {plane,node} distribution"]),
    ("--mincpus=6 -N 8 -m plane=3", ["Too few processes for the requested {plane,node} distribution"]),
    (
        "--mem=0 --gpus=33 -N 2-8 --gres=gpu",
        [
            f"{BASED_ON_GPUS} required nodes (33) doesn't fall between min_nodes (2) and max_nodes (8) boundaries.",
            GRES,
        ],
    ),
    ("--ntasks-per-gpu=2 -n5", ["Failed to validate job spec, -n/--ntasks has to be a multiple of --ntasks-per-gpu.", GRES]),
    ("-n 33 --mem=2G --ntasks-per-gpu=4", ["Failed to validate job spec, -n/--ntasks has to be a multiple of --ntasks-per-gpu.", GRES]),
    ("--gpus-per-task=2 --cpus-per-gpu=3 -N 1 --exclusive -c 1", ["--cpus-per-gpu is mutually exclusive with --cpus-per-task", GRES]),
    ("--mem-per-cpu=4000 -x n[1-8] -N 1-2 -c 3 --cpus-per-gpu=8", ["--cpus-per-gpu is mutually exclusive with --cpus-per-task", GRES]),
    (
        "--gpus-per-task=1 --gpus=4 -n3",
        ["Failed to validate job spec. Based on --gpus and --gpus-per-task number of requested tasks differ from -n/--ntasks.", GRES],
    ),
    (
        "--gpus-per-task=2 --gpus=8 -N2",
        ["Failed to validate job spec. Based on --gpus and --gpus-per-task number of requested tasks differ from -n/--ntasks.", GRES],
    ),
    ("--gpus-per-task=2 --gpus=5", ["Failed to validate job spec, --gpus not multiple of --gpus-per-task", GRES]),
    (
        "--gpus=8 --gpus-per-node=4 -N1",
        [
            f"{BASED_ON_GPUS} required nodes (2) doesn't fall between min_nodes (1) and max_nodes (1) boundaries.",
            GRES,
        ],
    ),
    ("-n 17 --gpus=2 -N3", ["Failed to validate job spec, --gpus < -N", GRES]),
    ("--gres=gpu:2,nvme:1", [GRES]),
]


@pytest.mark.parametrize(("line", "lines"), REFUSED, ids=[case[0] for case in REFUSED])
def test_a_request_is_refused_as_slurm_does(line: str, lines: list[str]) -> None:
    with pytest.raises(RequestRefused) as caught:
        decided(line)
    assert list(caught.value.lines[: len(lines)]) == lines
    assert all(extra.startswith("  ") for extra in caught.value.lines[len(lines) :])
    assert caught.value.exit_code == 1


def test_the_refusal_says_what_is_nearest_and_speaks_as_the_program() -> None:
    with pytest.raises(RequestRefused) as caught:
        decided("-N9", program="srun")
    assert caught.value.lines == ("Unable to allocate resources: Node count specification invalid", "  the partition has 8 nodes")


def test_the_partitions_time_limit() -> None:
    limits = Limits(4, 8, 4000, max_time=1440)
    assert decided("-t 1-0", limits).nodes == 1
    assert decided("", limits).nodes == 1
    for line in ("-t 2-0", "-t UNLIMITED"):
        with pytest.raises(RequestRefused, match="Requested time limit is invalid"):
            decided(line, limits)


def test_fewer_tasks_than_nodes_warns_as_slurm_does() -> None:
    assert decided("-N2 -n1").warnings == ["Warning: can't run 1 processes on 2 nodes, setting nnodes to 1"]
    assert decided("-N2 -n2").warnings == []


# Request; MiB on each node; mem_per_cpu; mem_per_node.
MEMORY = [
    ("-n3", [300], 100, None),
    ("-N2 -n3", [200, 100], 100, None),
    ("--mem=1000", [1000], None, 1000),
    ("--mem=0", [4000], None, None),
    ("--mem-per-cpu=0", [4000], None, None),
    ("--mem-per-cpu=500", [500], 500, None),
    ("--mem-per-gpu=500 --gpus=2", [1000], None, None),
    ("--exclusive", [800], 100, None),
    ("--exclusive --mem=100", [100], None, 100),
]


@pytest.mark.parametrize(("line", "each", "per_cpu", "per_node"), MEMORY, ids=[case[0] for case in MEMORY])
def test_memory(line: str, each: list[int], per_cpu: int | None, per_node: int | None) -> None:
    geometry = decided(line)
    assert (geometry.memory_mib_per_node, geometry.mem_per_cpu, geometry.mem_per_node) == (each, per_cpu, per_node)


def test_without_a_default_a_job_has_all_memory_of_its_nodes() -> None:
    geometry = decided("-N2", Limits(4, 2, 1000))
    assert (geometry.memory_mib_per_node, geometry.mem_per_cpu, geometry.mem_per_node) == ([1000, 1000], None, None)


@pytest.mark.parametrize(
    ("line", "gpus"),
    [
        ("-N2", 0),
        ("--gres=gpu:2 -N2", 2),
        ("--gres=gpu:a100:2", 2),
        ("--gpus=3", 3),
        ("--gpus=6", 4),
        ("-N2 --gpus=3", 2),
        ("--gpus-per-node=2 -N2", 2),
        ("--gpus-per-node=1 --gres=gpu:2", 2),
        ("--gpus-per-task=1 -n6", 4),
        ("--gpus-per-task=2 --gpus=4", 4),
        ("--exclusive", 4),
    ],
)
def test_gpus_of_each_node(line: str, gpus: int) -> None:
    assert decided(line).gpus_per_node == gpus


@pytest.mark.parametrize(
    ("line", "tasks", "each"),
    [
        ("-N2", 2, [1, 1]),
        ("-n5 --ntasks-per-node=2", 5, [2, 2, 1]),
        ("--ntasks-per-node=2 -N2", 4, [2, 2]),
        ("-N2 -n3", 3, [2, 1]),
        ("--exclusive", 1, [1]),
        ("--exclusive -N2 -n5", 5, [3, 2]),
        ("-n4 -c2", 4, [4]),
        ("-O -n20 -N2", 20, [10, 10]),
        ("-N2 -n1", 1, [1]),
    ],
)
def test_srun_lays_out_its_step(line: str, tasks: int, each: list[int]) -> None:
    geometry = decided(line, program="srun")
    assert (geometry.ntasks or geometry.tasks, geometry.tasks_per_node) == (tasks, each)


def test_use_min_nodes_takes_the_least() -> None:
    assert decided("-N 2-5").nodes == 5
    assert decided("-N 2-5 --use-min-nodes").nodes == 2
    assert decided("-N 2-5 -n 20 --use-min-nodes").nodes == 3


def test_distribution_reaches_the_geometry() -> None:
    assert decided("-m plane=2 -N2 -n4").distribution == "plane=2"
    assert decided("-m cyclic:block").distribution == "cyclic"
    assert decided("").distribution == "block"


def test_nodes_without_names_take_any_name() -> None:
    assert decided("-w lm-1-mpimaster-0 -N2", Limits(4, 2, 1000)).nodes == 2


def test_a_geometry_can_be_stored() -> None:
    geometry = decided("-N2 -n3 -c2 --mem=100 --gpus-per-node=1 -m cyclic")
    again = Geometry.from_json(geometry.to_json())
    assert again.to_json() == geometry.to_json()


def test_any_request_is_possible_or_refused() -> None:
    choose = random.Random(11)
    options = ["-N", "-n", "-c", "--ntasks-per-node", "--mem", "--mem-per-cpu", "--gpus", "--gpus-per-node", "--gpus-per-task", "--mincpus"]
    options += ["--ntasks-per-socket", "--cpus-per-gpu", "--mem-per-gpu", "--ntasks-per-gpu"]
    flags = ["--exclusive", "--overcommit", "--use-min-nodes", "-w n[1-2]", "-x n3", "-N 1-4", "-N 3-20"]
    clusters = [ORACLE, ORACLE, Limits(8, 8, 4000), Limits(1, 1, 500, gpus=1, def_mem_per_cpu=400)]
    possible = 0
    for _ in range(3000):
        words = [f"{option} {choose.choice([1, 2, 3, 4, 7, 9, 50, 700, 2**31])}" for option in choose.sample(options, choose.randrange(5))]
        line = " ".join([*words, *choose.sample(flags, choose.randrange(3))])
        program = choose.choice(["sbatch", "srun"])
        try:
            component = request(line, program)
            geometry = decide(component, choose.choice(clusters), program)
        except MlspaceError:
            continue
        possible += 1
        assert 1 <= geometry.nodes <= 8, line
        assert geometry.nodes == len(geometry.cpus_per_node) == len(geometry.tasks_per_node) == len(geometry.memory_mib_per_node), line
        assert all(1 <= cpus <= 8 for cpus in geometry.cpus_per_node), line
        assert all(0 < memory <= 4000 for memory in geometry.memory_mib_per_node), line
        assert 0 <= geometry.gpus_per_node <= 4, line
        assert sum(geometry.gpus_by_node) >= sum(number for _, _, number in component["gpus"] or ()), line
        if program == "srun":
            assert sum(geometry.tasks_per_node) == (geometry.ntasks or geometry.tasks), line
    assert possible > 300
