"""What a step costs, beside a bare fork and exec, real Slurm's srun and Open MPI's mpirun, in one run.

    python3 bench/steps.py [--runs 50] [--steps 1000]

Prints times, sizes and their ratio to what they are held against. Jobs run on an embedded MLSpace of its own, real Slurm's where
SLURM_CONF names a cluster, mpirun's where one is installed. Needs g++, for a program that tells when it was started.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
LAUNCH = ROOT / ".venv/bin/launch"
sys.path.insert(0, str(ROOT))

from mlspace.spec.codec import checksum, encode, part_flags  # noqa: E402
from mlspace.spec.launch import Env, Job, LaunchSpec, Limits, Stdio  # noqa: E402

STAMP = """
#include <cstdio>
#include <ctime>
int main() { timespec now; clock_gettime(CLOCK_MONOTONIC, &now); std::printf("%ld%09ld\\n", now.tv_sec, now.tv_nsec); }
"""
"""Prints the monotonic clock, in ns."""

LOOP = """#!/bin/bash
for command in {commands}; do
  $command
  start=$EPOCHREALTIME
  for ((i = 0; i < {steps}; i++)); do $command; done
  end=$EPOCHREALTIME
  echo "$command|$(( (${{end/./}} - ${{start/./}}) / {steps} ))"
done
"""
"""Prints each command, and the mean time of one run of it in microseconds."""

STREAM_BYTES = 400_000_000


class Row(NamedTuple):
    name: str
    value: float
    unit: str
    base: float | None = None
    aim: float | None = None  # times `base`, or, without one, the value itself


def show(rows: Sequence[Row]) -> None:
    for row in rows:
        line = f"{row.name:58s} {row.value:9.3f} {row.unit:4s}"
        if row.base is not None:
            line += f" {row.value / row.base:7.2f} x"
        if row.aim is not None:
            line += f"  aim {row.aim:g}" + ("" if row.value <= row.aim * (row.base or 1) else "  MISSED")
        sys.stdout.write(f"{line}\n")


def end_gateway(state: Path) -> None:
    """Ends the embedded MLSpace of that state directory, if it was started, before the directory goes."""
    endpoint = state / "local/endpoint.json"
    if endpoint.exists():
        os.kill(json.loads(endpoint.read_text())["pid"], signal.SIGTERM)
        time.sleep(0.2)


def start_ms(argv: Sequence[str], environ: Mapping[str, str], runs: int) -> float:
    """The median time from just before the fork of `argv` until the program at its end says that it runs."""
    times = []
    for _ in range(runs):
        start = time.monotonic_ns()
        done = subprocess.run(argv, env=dict(environ), check=True, stdin=subprocess.DEVNULL, capture_output=True)
        times.append(int(done.stdout) - start)
    return statistics.median(times) / 1e6


def batch_spec(program: Path | None, size: int) -> LaunchSpec:
    """A job of one node that runs `program` (none: holds its allocation), its environment `size` bytes large."""
    submission = secrets.token_hex(16)
    job = Job(
        id=10_000_000 + secrets.randbelow(1_000_000_000), name="bench", user="ann", group="staff", uid=1000, gid=1000, partition="debug",
        cluster="local", submit_host="login", submit_dir="/tmp", nodes=1, cpus_per_node=[1], tasks_per_node=[1],
    )  # fmt: skip
    filling = {f"FILLING_{number}": "x" * min(size, 30_000) for number in range(max(1, size // 30_000))}
    return LaunchSpec(
        role="batch",
        env=Env("shared", {"PATH": "/usr/bin:/bin", **filling}),
        job=job,
        command=[str(program)] if program else (),
        limits=Limits(grace=5),
        submission=submission,
        secret=secrets.token_hex(32),
        stdio=Stdio(),
        hpcx="off",
    )


def words(flags: Mapping[str, str]) -> list[str]:
    return [f"--{flag}={value}" for flag, value in flags.items()]


def measure_start(directory: Path, runs: int) -> list[Row]:
    source, program = directory / "stamp.cpp", directory / "stamp"
    source.write_text(STAMP)
    subprocess.run(["g++", "-O2", "-static", "-o", program, source], check=True)
    environ = {"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(directory)}
    bare = start_ms([str(program)], environ, 2 * runs)
    rows = [Row("fork and exec of a static program", bare, "ms")]
    for size, name in ((1_000, "1 KB"), (1_000_000, "1 MB")):
        data = encode(batch_spec(program, size))
        file = directory / "spec.json"
        file.write_bytes(data)
        carriers = {"a file": {"spec-version": "1", "spec-file": str(file), "spec-sha256": checksum(data)}}
        if size < 10_000:  # the others are too large for it
            carriers["parts"] = part_flags(data)
        for carrier, flags in carriers.items():
            took = start_ms([str(LAUNCH), *words(flags)], environ, runs)
            rows.append(Row(f"the same by launch, a specification of {name} in {carrier}", took, "ms", bare))
            rows.append(Row("  more than fork and exec", took - bare, "ms", aim=1))
    return rows


def measure_memory(directory: Path) -> list[Row]:
    """Resident memory of a launch that holds an allocation and does nothing."""
    flags = words(part_flags(encode(batch_spec(None, 1_000))))
    environ = {"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(directory)}
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([str(LAUNCH), *flags], env=environ, **quiet) as idle:
        try:
            deadline = time.monotonic() + 10
            while not list(directory.glob("mlspace/*/channel")) and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(0.2)
            lines = Path(f"/proc/{idle.pid}/status").read_text().splitlines()
        finally:
            idle.terminate()
    kilobytes = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
    return [Row("resident memory of an idle launch", kilobytes / 1000, "MB", aim=4)]


def timed_job(sbatch: str, environ: Mapping[str, str], directory: Path, commands: Sequence[str], steps: int) -> dict[str, float]:
    """Milliseconds of each command, run `steps` times one after another in a batch job of four nodes."""
    script, output = directory / "loop.sbatch", directory / f"loop-{secrets.token_hex(4)}.out"
    script.write_text(LOOP.format(commands=" ".join(f"'{command}'" for command in commands), steps=steps))
    words = [sbatch, "--wait", "-N4", "--ntasks-per-node=1", "--overcommit", f"--output={output}", str(script)]
    done = subprocess.run(words, env=dict(environ), cwd=directory, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.returncode}\n{done.stderr}{output.read_text() if output.exists() else ''}")
    lines = [line.split("|") for line in output.read_text().splitlines() if "|" in line]
    return {command: int(microseconds) / 1000 for command, microseconds in lines}


ONE, MANY = "srun -N1 -n1 true", "srun -N4 -n64 -O true"
FEW = "srun -N2 -n4 -O true"
MPIRUN = "mpirun --oversubscribe --allow-run-as-root -np 64 true"
"""In the job of four nodes, whose daemons it starts by our srun."""


def measure_steps(directory: Path, environ: Mapping[str, str], steps: int) -> list[Row]:
    ours = timed_job(str(ROOT / "bin/sbatch"), environ, directory, [ONE], steps)
    ours |= timed_job(str(ROOT / "bin/sbatch"), environ, directory, [FEW, MANY], max(1, steps // 20))
    real: dict[str, float] = {}
    if os.path.exists(os.environ.get("SLURM_CONF", "")) and os.path.exists("/usr/bin/sbatch"):
        where = {**os.environ, "PATH": "/usr/bin:/bin"}
        real = timed_job("/usr/bin/sbatch", where, directory, [ONE], max(1, steps // 20))
        real |= timed_job("/usr/bin/sbatch", where, directory, [FEW, MANY], max(1, steps // 50))
    rows = []
    for command, took in ours.items():
        rows.append(Row(command, took, "ms", real.get(command), 0.25 if command in real else None))
        if command in real:
            rows.append(Row("  real Slurm's", real[command], "ms"))
    if shutil.which("mpirun", path="/usr/bin:/usr/local/bin"):
        took = timed_job(str(ROOT / "bin/sbatch"), environ, directory, [MPIRUN], max(1, steps // 50))
        rows += [Row(f"Open MPI's {command}", value, "ms") for command, value in took.items()]
    return rows


def measure_stream(directory: Path, environ: Mapping[str, str]) -> list[Row]:
    """Output of one task beside the same through two pipes: the task's own, and srun's."""
    output = directory / "stream.out"
    source = f"head -c {STREAM_BYTES} /dev/zero"
    script = (
        "now() { echo ${EPOCHREALTIME/./}; }\n"
        f"a=$(now); {source} | cat | cat >/dev/null; b=$(now); srun -n1 {source} | cat >/dev/null; c=$(now)\n"
        f"srun -n1 cat </dev/null; d=$(now); {source} | srun -n1 cat >/dev/null; e=$(now)\n"
        "echo $((b - a)) $((c - b)) $((e - d))\n"
    )
    words = [str(ROOT / "bin/sbatch"), "--wait", f"--output={output}"]
    subprocess.run(
        words, input=f"#!/bin/bash\n{script}", text=True, env=dict(environ), cwd=directory, check=True, stdout=subprocess.DEVNULL
    )
    bare, out, through = (int(word) / 1e6 for word in output.read_text().split())
    megabytes = STREAM_BYTES / 1e6
    return [
        Row(f"{megabytes:.0f} MB through two pipes", bare, "s"),
        Row(f"{megabytes:.0f} MB of output of srun -n1, through a pipe ({megabytes / out:.0f} MB/s)", out, "s", bare),
        Row(f"{megabytes:.0f} MB through srun -n1 cat ({megabytes / through:.0f} MB/s)", through, "s", bare),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=50, help="of each start of a program")
    parser.add_argument("--steps", type=int, default=1000, help="srun -n1 true in one job")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        environ = {**os.environ, "MLSPACE_STATE_DIR": f"{directory}/state", "PATH": f"{ROOT / 'bin'}:{os.environ['PATH']}"}
        subprocess.run([ROOT / "bin/squeue"], env=environ, check=True, stdout=subprocess.DEVNULL)
        parts: list[Callable[[], list[Row]]] = [
            lambda: measure_start(directory, arguments.runs),
            lambda: measure_memory(directory),
            lambda: measure_steps(directory, environ, arguments.steps),
            lambda: measure_stream(directory, environ),
        ]
        try:
            for part in parts:
                show(part())
        finally:
            end_gateway(directory / "state")


if __name__ == "__main__":
    main()
