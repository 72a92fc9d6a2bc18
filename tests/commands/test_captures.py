"""What real Slurm printed (compat/captures), printed here: stdout, stderr and exit code, in the same state of the same cluster.

Only times, addresses and what the machine is doing are masked, and ids and nodes where a scenario's order of jobs is not ours; our
hints are left out. What differs on purpose is in compat/differences.txt, with the reason.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, stop_controller, stop_gateway

CAPTURES = sorted(path.parent for path in ROOT.glob("compat/captures/*/*/*/argv"))
DIFFERENCES = dict(
    line.split(maxsplit=1) for line in (ROOT / "compat/differences.txt").read_text().splitlines() if not line.startswith("#")
)
"""Cases that differ on purpose: why."""

SHAPE = {
    "MLSPACE_UNKNOWN_NAMES": "refuse",
    "MLSPACE_LOCAL_NODES": "8",
    "MLSPACE_LOCAL_CPUS": "8",
    "MLSPACE_LOCAL_SOCKETS": "2",
    "MLSPACE_LOCAL_MEMORY": "4000",
    "MLSPACE_LOCAL_MEMPERCPU": "100",
    "MLSPACE_LOCAL_GPUS": "4",
    "MLSPACE_LOCAL_PARTITIONS": "debug=ALL*,gpu=1-4:1440",
}

SHAPES = {"binding": {"MLSPACE_LOCAL_CPUS": "2", "MLSPACE_LOCAL_SOCKETS": "1"}}
"""Scenarios on other nodes."""

MASKS = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", "TIME"),
    (r"^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$", "DATE"),
    (r"(?<![\d:])\d:\d\d(?![\d:])", "M:SS"),
    (r"(RunTime)=\S+", r"\1=ELAPSED"),
    (r"(AllocNode:Sid)=\S+", r"\1=HOST"),
    (r"(SrunHost:Pid)=\S+", r"\1=PROCESS"),
    (r"(primary\) at) \S+", r"\1 HOST"),
    (r"^(CLUSTER): \S+", r"\1: NAME"),
    (r"(CPULoad|FreeMem)=\S+", r"\1=NOW"),
    (r"OS=Linux .*?(?=  RealMemory| $)", "OS=KERNEL"),
    (r"NodeAddr=\S+ NodeHostName=\S+( Port=\d+)?", "NodeAddr=HOST"),
    (r"(?<!\w)/[\w./-]*/capture\b", "DIRECTORY"),
    (r"(?<!\w)/tmp/capture\b", "DIRECTORY"),
]

PLUGINS = (r"^\w+: (debug:  )?\w+/\w+: .* loaded( with argument \d+)?\n", "")
"""What -v says of the real one's parts."""

OF_SUBMISSIONS = [
    (r"\b(job|Job)( allocation)? \d+", r"\1\2 N"),
    (r"\bJobId=\d+", "JobId=N"),
    (r"StepId=\d+", "StepId=N"),
    (r"\b((?:JOB|STEP) )\d+((?:\.\d+)? ON )n\d", r"\1N\2NODE"),
    (r"\b(JOB|STEP) \d+", r"\1 N"),
    (r"execve\(\): \S+/(slurm_script|\w*interpreter\w*\.sh)", "execve(): SCRIPT"),
    (r"\A\d+$", "N"),
    (r"on nodes? \S+", "on NODES"),
    (r"\bn\d: task", "NODE: task"),
    (r"slurmstepd-n\d", "slurmstepd-NODE"),
    (r"\b(job|step)_id=[\d.]+", r"\1_id=N"),
    (r"\bstep \d+", "step N"),
    PLUGINS,
    (r"(?<!scheduler release\n)^srun: job N queued and waiting for resources\nsrun: job N has been allocated resources\n", ""),
    (r"^salloc: Pending job allocation N\nsalloc: job N queued .*\nsalloc: job N has been allocated resources\n", ""),
    # Of an allocation that salloc gives up itself another of its threads may or may not hear before the end.
    (r"(?<!^salloc: Granted job allocation N\n)salloc: Job allocation N has been revoked.\n", ""),
]
"""Masks for the scenarios of SUBMITTING. The real one names its copy of a script, in a directory of its daemon."""

OF_ACCOUNTING = [
    (r"\b[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}", "DATE"),
    (r" *(?<![\dT:-])00:0\d(:\d\d|\.\d{3})", " ELAPSED"),
    (r" *\b(oracle|mlspace)\b", " CLUSTER"),
    (r"\\/[\w.\\/-]*\\/capture\b", "DIRECTORY"),
    (r'"?(eligible|end|start|submission|elapsed|microseconds)"?: (!!int )?\d+', r"\1: N"),
    PLUGINS,
]
"""Masks for sacct: how long jobs took, and what they used."""

UNMEASURED = ("sacct/fields", "sacct/fields_average", "sacct/fields_pages", "sacct/fields_vmsize")
"""What steps of a few milliseconds used, which the real one, looking every 30 s, does not know."""

OF_UNMEASURED = [(r"^( *\d+\.\w+) .*", r"\1")]
"""Masks for those."""

OF_QUEUE = [
    (r"\b(oracle|mlspace)\b", "CLUSTER"),
    (r"\\/[\w.\\/-]*\\/capture\b", "DIRECTORY"),
    (r"\b(5\d|2\d|2-02:5\d):\d\d\b", "LEFT"),
    (r'"?(accrue_time|start_time|end_time)"?: (!!int )?\d+', r"\1: N"),
    (r"\b1[6-9]\d{8}\b", "UNIX"),
    (r'"\d+": "allocated(_and_in_use)?"|\d+: !!str allocated(_and_in_use)?', "CORE: allocated"),
    (r'"?(cpus_used|memory_used)"?: (!!int )?\d+', r"\1: N"),
    (rf"\b(localhost|{re.escape(os.uname().nodename)})\b", "HOST"),
]
"""Masks for squeue: what is left of the scenarios' limits; in documents, when jobs run or may, which of a node's
cores they have, and what steps use of them, which is not measured; the host that srun is on."""

OF_STEPS = [
    (r"\b(Job|job|jobid) \d+", r"\1 N"),
    (r"\b(StepId=|STEP |jobid +: )\d+", r"\1N"),
    PLUGINS,
    (r"^srun: (Job N step creation temporarily disabled, retrying \(Requested nodes are busy\)|Step created for job N)\n", ""),
]
"""Masks for the steps of streams.txt: ids; and that real Slurm has not yet noticed the end of the step before."""

OF_ENVIRONMENT = [
    (r"^(SLURM_(?:JOB_?ID|ARRAY_JOB_ID|TASK_PID|SRUN_COMM_PORT|STEP_LAUNCHER_PORT))=\d+", r"\1=N"),
    (r"^(SLURM_SUBMIT_HOST|SLURM_SRUN_COMM_HOST|SLURM_LAUNCH_NODE_IPADDR)=\S+", r"\1=HOST"),
    (r"^(SLURM_CLUSTER_NAME)=\S+", r"\1=CLUSTER"),
    (r"\b(job|Job) \d+", r"\1 N"),
    (r"StepId=\d+", "StepId=N"),
    (r"^srun: cluster configuration lacks support for cpu binding\n", ""),
    (r"^\w+: warning: --[\w-]+ is ignored: .*\n", ""),
    (r"^srun: job N queued and waiting for resources\nsrun: job N has been allocated resources\n", ""),
]
"""Masks for variables: who speaks to whom, and the names of this host and this cluster; and what one of the two says of options:
the real one's nodes bind no task, and here some options are ignored that decide no variable; and that a job was slow to start."""

OF_BINDING = [(r"(task +\d+ +\d+) \[\d+\]", r"\1 [PID]")]

OF_COMMAND = {
    "binding": OF_BINDING,
    "environment": OF_ENVIRONMENT,
    "sacct": OF_ACCOUNTING,
    "scancel": [PLUGINS],
    "squeue": OF_QUEUE,
    "streams": OF_STEPS,
}

UNORDERED = (
    "het/step_fails",
    "scancel/ended_and_unknown",
    "scancel/unknown_jobs",
    "sinfo/by_node",
    "sinfo/by_node_long",
    "srun/not_found",
    "srun/chdir",
    "tasks/sbcast_without_directory",
    "tasks/task_prolog_labelled",
)
"""sinfo sorts by node alone; which partition of a node comes first is then an accident. So are what slurmstepd says before srun, and
which of two tasks speaks first."""

SEVERAL_VOICES = ("tasks",)
"""Scenarios whose cases have srun and slurmstepd speak at once on stderr: whose line comes first is an accident."""

SUBMITTING = ("idle", "steps", "signals", "geometry", "names", "changes", "tasks", "batch", "components")
"""Scenarios whose cases submit jobs: ids, nodes, and who has to wait depend on which cases ran before."""


def masked(case: Path, name: str, own: str | None = None) -> list[str]:
    """The lines of "stdout" or "stderr": those of the capture, or `own`."""
    text = (case / name).read_text() if own is None else own
    masks = OF_SUBMISSIONS if scenario_of(case) in SUBMITTING else OF_COMMAND.get(case.parent.name, [])
    masks = masks + OF_UNMEASURED if name_of(case) in UNMEASURED else masks
    for pattern, replacement in MASKS + masks:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    lines = [line for line in text.split("\n") if own is None or name == "stdout" or not HINT.match(line)]
    several = scenario_of(case) in SEVERAL_VOICES and name == "stderr"
    return sorted(lines) if several or name_of(case) in UNORDERED else lines


HINT = re.compile(r"(\w+: error: )?  ")
"""Our second lines, which say what would work, stand two blanks in."""


def name_of(case: Path) -> str:
    return f"{case.parent.name}/{case.name}"


def scenario_of(case: Path) -> str:
    return (case / "scenario").read_text().strip()


def replays() -> list[object]:
    """The cases; those of one scenario together, so that it is played once."""
    return [pytest.param(case, id=name_of(case), marks=pytest.mark.xdist_group(scenario_of(case))) for case in CAPTURES]


@pytest.fixture(scope="module")
def scenarios(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], tuple[Path, dict[str, str]]]]:
    """Directory and environment of a scenario of compat/scenarios/, run by our commands when it is first asked for."""
    started: dict[str, tuple[Path, dict[str, str]]] = {}
    environments = []  # of those, too, that failed to start: what runs there ends with the tests

    def start(name: str) -> tuple[Path, dict[str, str]]:
        if name not in started:
            base = tmp_path_factory.mktemp(name)
            directory = base / "capture"
            directory.mkdir()
            env = {"PATH": f"{ROOT}/bin:/usr/bin:/bin", "HOME": str(base), "MLSPACE_STATE_DIR": str(base / "state")}
            env |= SHAPE | SHAPES.get(name, {})
            environments.append(env)
            script = ROOT / "compat" / "scenarios" / f"{name}.sh"
            subprocess.run(["bash", script], cwd=directory, env=env, check=True, timeout=120, capture_output=True)
            started[name] = directory, env
        return started[name]

    yield start
    for env in environments:
        subprocess.run(["scancel", "--me"], env=env, check=False)
        stop_controller(Path(env["MLSPACE_STATE_DIR"]))
        stop_gateway(Path(env["MLSPACE_STATE_DIR"]))


@pytest.mark.skipif(os.geteuid() != 0, reason="the captures show the user root")
@pytest.mark.parametrize("case", replays())
def test_prints_what_slurm_printed(
    case: Path, scenarios: Callable[[str], tuple[Path, dict[str, str]]], request: pytest.FixtureRequest
) -> None:
    if name_of(case) in DIFFERENCES:
        request.applymarker(pytest.mark.xfail(reason=DIFFERENCES[name_of(case)], strict=True))
    directory, env = scenarios(scenario_of(case))
    argv = (case / "argv").read_text().splitlines()
    done = subprocess.run(argv, cwd=directory, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    assert masked(case, "stderr", done.stderr) == masked(case, "stderr")
    assert masked(case, "stdout", done.stdout) == masked(case, "stdout")
    assert done.returncode == int((case / "exit").read_text())


def test_every_case_is_captured_and_every_difference_a_case() -> None:
    listed = set()
    for file in ROOT.glob("compat/cases/*.txt"):
        lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
        listed |= {f"{file.stem}/{line.split()[0]}" for line in lines}
    captured = {name_of(case) for case in CAPTURES}
    assert listed == captured
    assert set(DIFFERENCES) <= captured
