"""`launch usage`: what the batch script and the steps' tasks have used, on all nodes of the job."""

from __future__ import annotations

import subprocess
from pathlib import Path

from mlspace.slurm.usage import StepUsage, read, used
from tests.conftest import wait_until
from tests.launcher.helpers.runtime import Runtime, batch, reports_of, runtime_directory
from tests.launcher.test_runtime_batch import place

MIB = 1024 * 1024

LEAST_CPU_MS = 200
"""Tasks use 300 ms by their own clock; the kernel counts each process's in whole ticks of 10 ms, and loses some on a busy machine."""

TASK = """import os, sys, time
task = os.environ.get("SLURM_PROCID", "0")
kept = b"x" * (int(sys.argv[1]) * 1024 * 1024 * (1 + int(task)))
until = time.process_time() + 0.3
while time.process_time() < until: pass
with open("/dev/null", "wb") as sink: sink.write(bytes(3_000_000))
os.open(f"ready.{os.environ.get('SLURM_STEP_ID')}.{task}", os.O_CREAT)
while not os.path.exists("end"): time.sleep(0.02)
"""

SCRIPT = """#!/bin/bash
srun -N2 -n3 python3 -I task.py 20 &
until [ -e ready.0.2 ]; do sleep 0.02; done
srun --overlap -N1 -n1 sh -c 'python3 -I task.py 1; true' &
wait
"""


def asked(runtime: Runtime, directory: Path) -> list[StepUsage]:
    done = subprocess.run([str(runtime.launch), "usage", str(directory)], capture_output=True, text=True, check=True, timeout=60)
    return read(done.stdout)


def test_every_task_on_every_node_is_measured(runtime: Runtime) -> None:
    (runtime.directory / "task.py").write_text(TASK)
    spec = batch(SCRIPT, nodes=2, work_dir=str(runtime.directory))
    first, _ = runtime.start_all(spec)
    ready = ("ready.0.0", "ready.0.1", "ready.0.2", "ready.1.0")
    wait_until(lambda: all((runtime.directory / name).exists() for name in ready), "all tasks")
    script, step, other = asked(runtime, runtime_directory(spec))
    again = asked(runtime, runtime_directory(spec))
    (runtime.directory / "end").touch()
    assert first.wait() == 0
    assert (script.name, step.name, other.name) == ("batch", "0", "1")
    assert sorted(task.task for task in step.tasks) == [0, 1, 2] and len(step.processes) == 2
    assert {task.node for task in step.tasks} == set(step.processes)
    for task in step.tasks:
        least = 20 * MIB * (task.task + 1)
        assert least < task.resident_bytes < least + 60 * MIB
        assert task.virtual_bytes >= task.resident_bytes
        assert LEAST_CPU_MS <= task.cpu_ms < 20_000
        assert task.written_bytes >= 3_000_000
    (child,) = other.tasks  # it is what the task has started that uses something
    assert child.cpu_ms >= LEAST_CPU_MS and len(next(iter(other.processes.values()))) == 2
    assert [one.name for one in again] == ["batch", "0", "1"]


def test_nobody_answers(runtime: Runtime) -> None:
    done = subprocess.run([str(runtime.launch), "usage", "/nonexistent"], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    done = subprocess.run([str(runtime.launch), "usage", "here"], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (64, "launch: error: usage: a runtime directory is needed\n")


ENDING = """#!/bin/sh
python3 -I task.py 30
srun -N2 -n3 python3 -I task.py 20
srun -N1 -n1 python3 -I task.py 5
"""


def test_what_was_used_is_reported_at_the_end(runtime: Runtime) -> None:
    """Of the script, of each step, and of the whole job."""
    (runtime.directory / "task.py").write_text(TASK)
    path = runtime.directory / "reports"
    spec = batch(ENDING, nodes=2, work_dir=str(runtime.directory), report_file=place(path))
    (runtime.directory / "end").touch()
    first, _ = runtime.start_all(spec)
    assert first.wait() == 0
    told = reports_of(spec, path.read_bytes())
    by_step = {report["step"]: used(report["usage"]) for report in told["usage"]}
    assert sorted(by_step) == ["0", "1", "batch"]
    step, other, own = by_step["0"], by_step["1"], by_step["batch"]
    assert step is not None and other is not None and own is not None
    assert (step.tasks, other.tasks, own.tasks) == (3, 1, 1)
    memory = step.ranges["rss"]
    assert (memory.most_task, memory.least_task, memory.least_node) == (2, 0, 0)
    assert 60 * MIB < memory.most < 120 * MIB and 20 * MIB < memory.least < 80 * MIB
    assert memory.total >= memory.most + memory.least
    assert step.cpu_ms >= 3 * LEAST_CPU_MS and 0 <= step.system_ms <= step.cpu_ms
    assert step.ranges["written"].least >= 3_000_000
    (end,) = told["end"]
    assert end["cpu"] == step.cpu_ms + other.cpu_ms + own.cpu_ms
    assert end["system"] == step.system_ms + other.system_ms + own.system_ms
    assert end["rss"] == max(step.memory_bytes, other.memory_bytes, own.memory_bytes)
    (in_log,) = reports_of(spec, first.err.read_bytes())["end"]
    assert in_log == end and "usage" not in reports_of(spec, first.err.read_bytes())
