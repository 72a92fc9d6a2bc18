"""Steps of one job at the same time: what each holds, who waits, and who goes away waiting."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

from mlspace.spec.launch import File
from tests.conftest import wait_until
from tests.launcher.helpers.runtime import Node, Runtime, batch, reports_of, without_reports

BUSY = "step creation temporarily disabled, retrying (Requested nodes are busy)"


def start(runtime: Runtime, script: str, cpus: int = 2) -> Node:
    """A batch script on one node; `hold OPTIONS` in it runs a step that lasts until the file "end" is there."""
    hold = "hold() { srun \"$@\" sh -c 'touch held.$SLURM_STEP_ID; until [ -e end ]; do sleep 0.05; done' & "
    hold += 'step=$((${step:--1} + 1)); until [ -e held.$step ]; do sleep 0.05; done; }\n'
    return runtime.start(batch(f"#!/bin/bash\n{hold}{script}\n", tasks=cpus, work_dir=str(runtime.directory)))


def finish(runtime: Runtime, node: Node) -> tuple[str, list[str]]:
    """Its stdout, and what sruns said."""
    (runtime.directory / "end").touch()
    assert node.wait() == 0, node.stderr
    return node.stdout, [line.replace("srun: ", "") for line in without_reports(node.stderr).splitlines()]


def test_a_step_waits_for_a_node_that_another_has(runtime: Runtime) -> None:
    node = start(runtime, "hold -n1; srun -n1 echo second; wait")
    wait_until(lambda: BUSY in node.stderr, "the second step to wait")
    assert "second" not in node.stdout
    out, said = finish(runtime, node)
    assert out == "second\n"
    assert [line.partition(" for")[0] for line in said if "Job" not in line] == ["Step created"]


def test_exact_steps_share_a_node(runtime: Runtime) -> None:
    node = start(runtime, "hold -n1 --exact; hold -n1 --exact; srun --overlap -n2 echo third; srun -n1 --exact echo fourth; wait")
    wait_until(lambda: BUSY in node.stderr, "the fourth step to wait")
    assert node.stdout == "third\nthird\n"
    assert finish(runtime, node)[0] == "third\nthird\nfourth\n"


def test_those_who_wait_start_in_their_order(runtime: Runtime) -> None:
    each = "srun -n1 sh -c \"echo $i >>order\" & until [ $(grep -c disabled said) = $i ]; do sleep 0.05; done"
    node = start(runtime, f"exec 2>said\nhold\nfor i in 1 2 3; do {each}; done\nwait")
    said = runtime.directory / "said"
    wait_until(lambda: said.exists() and said.read_text().count(BUSY) == 3, "three to wait")
    finish(runtime, node)
    assert (runtime.directory / "order").read_text() == "1\n2\n3\n"


def test_a_small_step_passes_one_that_waits(runtime: Runtime) -> None:
    until = "until [ -e waits ]; do sleep 0.05; done"
    node = start(runtime, f"hold -n1 --exact; srun -n1 -c2 echo big & {until}; srun -n1 --exact echo small; wait")
    wait_until(lambda: BUSY in node.stderr, "the big step to wait")
    (runtime.directory / "waits").touch()
    wait_until(lambda: node.stdout == "small\n", "the small one")
    assert sorted(finish(runtime, node)[0].splitlines()) == ["big", "small"]


def test_who_is_interrupted_waits_no_longer(runtime: Runtime) -> None:
    waiting = "srun -n1 touch never & echo $! >pid; wait $!; echo code $?"
    node = start(runtime, f"hold; {waiting}; srun -n1 --overlap echo other; wait; srun -n1 echo last")
    wait_until(lambda: BUSY in node.stderr, "the second step to wait")
    os.kill(int((runtime.directory / "pid").read_text()), signal.SIGINT)
    wait_until(lambda: "other" in node.stdout, "the next step")
    out, _ = finish(runtime, node)
    assert out.splitlines()[1:] == ["other", "last"]
    assert not (runtime.directory / "never").exists()


def test_immediate_does_not_wait(runtime: Runtime) -> None:
    node = start(runtime, "hold; srun -I true; echo $?; srun -I2 true; echo $?; touch end; wait")
    assert node.wait() == 0
    assert node.stdout == "1\n1\n"
    assert without_reports(node.stderr).count("Requested nodes are busy\n") == 2
    assert BUSY not in node.stderr


def test_the_end_of_the_job_refuses_those_who_wait(runtime: Runtime) -> None:
    node = start(runtime, "hold; srun -n1 touch never; echo code $?")
    wait_until(lambda: BUSY in node.stderr, "the second step to wait")
    assert node.terminate() == 143
    assert not (runtime.directory / "never").exists()


def test_reports_what_a_step_holds(runtime: Runtime) -> None:
    report = runtime.directory / "report"
    spec = batch("#!/bin/sh\nsrun -n1 true; srun -n1 --exact --mem-per-cpu=50 --gpus=1 true\n", tasks=4, report_file=File(str(report)))
    assert spec.job
    spec = replace(spec, job=replace(spec.job, memory_per_node=[400], gpus_per_node=2))
    assert runtime.run(spec)[0] == 0
    ended = [step for step in reports_of(spec, report.read_bytes())["step"] if "end" in step]
    assert [(step["cpus"], step["gpus"], step.get("memory")) for step in ended] == [(4, 2, None), (1, 1, 50)]
