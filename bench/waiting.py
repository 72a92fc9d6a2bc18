"""What waiting costs: jobs submitted and finished beside real Slurm, the prompt after a large array, the controller's memory.

    python3 bench/waiting.py [--jobs 1000] [--waiting 50000]

Prints times and sizes, and their ratio to real Slurm's where SLURM_CONF names a cluster. Jobs run on an embedded MLSpace of its own.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from steps import ROOT, Row, end_gateway, show

SUBMITTERS = 4
"""Commands at a time, as of a script that has many jobs to submit."""

LONGEST_SECONDS = 1200.0


class Suite:
    """One set of Slurm's commands: ours, or the real ones."""

    def __init__(self, directory: str, environ: Mapping[str, str], scratch: Path) -> None:
        self.directory = directory
        self.environ = dict(environ)
        self.scratch = scratch

    def __call__(self, command: str, *arguments: str) -> str:
        words = [f"{self.directory}/{command}", *arguments]
        return subprocess.run(words, env=self.environ, cwd=self.scratch, check=True, stdout=subprocess.PIPE, text=True).stdout

    def finish(self, submit: Callable[[], None]) -> float:
        """Seconds from before the submission until nothing is left in the queue."""
        start = time.monotonic()
        submit()
        while self("squeue", "-h", "-o", "%i").strip():
            if time.monotonic() - start > LONGEST_SECONDS:
                raise SystemExit(f"{self.directory}: jobs are left after {LONGEST_SECONDS:.0f} s")
            time.sleep(0.2)
        return time.monotonic() - start

    def many(self, jobs: int) -> None:
        with ThreadPoolExecutor(SUBMITTERS) as pool:
            list(pool.map(lambda _: self("sbatch", "-o", "/dev/null", "--wrap", "true"), range(jobs)))

    def array(self, jobs: int) -> None:
        self("sbatch", "-o", "/dev/null", f"--array=0-{jobs - 1}", "--wrap", "true")


def measure_jobs(ours: Suite, real: Suite | None, jobs: int) -> list[Row]:
    rows = []
    for name, submit in ((f"{jobs} jobs, submitted one by one and finished", Suite.many), (f"an array of {jobs}, finished", Suite.array)):
        base = None if real is None else real.finish(lambda: submit(real, jobs))  # noqa: B023 - called at once
        rows.append(Row(name, ours.finish(lambda: submit(ours, jobs)), "s", base, base and 1))  # noqa: B023
        if base is not None:
            rows.append(Row("  real Slurm's", base, "s"))
    return rows


def measure_prompt(ours: Suite) -> list[Row]:
    start = time.monotonic()
    job = ours("sbatch", "--parsable", "--array=0-9999", "-o", "/dev/null", "--wrap", "true").strip()
    prompt = time.monotonic() - start
    start = time.monotonic()
    ours("scancel", f"{job}_[1000-8999]")
    cut = time.monotonic() - start
    ours("scancel", job)
    ours.finish(lambda: None)
    return [Row("sbatch --array=0-9999 until the prompt", prompt, "s", aim=1), Row("scancel of 8,000 of its elements", cut, "s")]


def measure_memory(ours: Suite, state: Path, waiting: int) -> list[Row]:
    """Of the controller while so many jobs wait behind one that has the whole cluster."""
    first = ours("sbatch", "--parsable", "-N4", "--exclusive", "-o", "/dev/null", "--wrap", "sleep 3600").strip()
    job = ours("sbatch", "--parsable", "-H", "-o", "/dev/null", "--wrap", "true").strip()
    database = sqlite3.connect(state / "registry.sqlite", timeout=60)
    columns = [row[1] for row in database.execute("PRAGMA table_info(job)") if row[1] not in ("job_id", "priority", "reason")]
    names = ", ".join(columns)
    with database:
        rows = ((4_000_000_000 - number, int(job)) for number in range(waiting))
        database.executemany(f"INSERT INTO job ({names}, priority, reason) SELECT {names}, ?, 'None' FROM job WHERE job_id = ?", rows)
    explained = "SELECT count(*) FROM job WHERE reason = 'Priority' AND state = 'PENDING'"
    while database.execute(explained).fetchone()[0] < waiting - 100:  # its first ones wait at the embedded MLSpace
        time.sleep(0.2)
    ours("scontrol", "update", f"JobId={job}", "Comment=look")  # another look, at a queue as it is from then on
    time.sleep(2)
    pids = [pid for pid in os.listdir("/proc") if pid.isdigit() and is_controller(pid, state)]
    status = Path(f"/proc/{pids[0]}/status").read_text().splitlines()
    database.execute("DELETE FROM job WHERE state = 'PENDING' AND job_id > ? AND platform_job = ''", [int(job)])
    database.commit()
    ours("scancel", first, job, "-u", ours("squeue", "-h", "-o", "%u").split()[0])
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    return [Row(f"memory of the controller with {waiting} jobs, at most", peak / 1000, "MB", aim=100)]


def is_controller(pid: str, state: Path) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return any(b"mlspace.controller.background" in word for word in words) and os.fsencode(state) in words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--waiting", type=int, default=50_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mlspace-bench-") as name:
        scratch = Path(name)
        state = scratch / "state"
        kept = {variable: os.environ[variable] for variable in ("PATH", "HOME", "LANG") if variable in os.environ}
        environ = {**kept, "MLSPACE_STATE_DIR": str(state), "XDG_RUNTIME_DIR": str(scratch)}
        ours, real = Suite(str(ROOT / "bin"), environ, scratch), None
        if os.path.exists(os.environ.get("SLURM_CONF", "")) and os.path.exists("/usr/bin/sbatch"):
            real = Suite("/usr/bin", os.environ, scratch)
        try:
            show(measure_prompt(ours))
            show(measure_memory(ours, state, options.waiting))
            show(measure_jobs(ours, real, options.jobs))
        finally:
            end_gateway(state)


if __name__ == "__main__":
    main()
