"""How long the commands take to start, beside the bare interpreter and `import requests`, in one run.

    python3 bench/startup.py [--runs 15]

Prints medians in milliseconds and ratios to the bare interpreter. It uses a state directory of its own; the 1,000 jobs are
copies of one real job's row, ended ones, and then pending ones, which squeue shows.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INTERPRETER = (ROOT / ".venv/bin/python").resolve()


def median_ms(command: list[str], environ: dict[str, str], runs: int, cwd: str) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(command, env=environ, cwd=cwd, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def copy_job(environ: dict[str, str], copies: int) -> None:
    """Adds copies of job 1 to the registry."""
    with sqlite3.connect(Path(environ["MLSPACE_STATE_DIR"]) / "registry.sqlite") as database:
        columns = ", ".join(row[1] for row in database.execute("pragma table_info(job)") if row[1] != "job_id")
        for _ in range(copies):
            database.execute(f"insert into job ({columns}) select {columns} from job where job_id = 1")


def make_pending(environ: dict[str, str]) -> None:
    with sqlite3.connect(Path(environ["MLSPACE_STATE_DIR"]) / "registry.sqlite") as database:
        database.execute("update job set state = 'PENDING', reason = 'Resources', start_time = null, end_time = null, node_list = ''")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as directory:
        environ = {**os.environ, "MLSPACE_STATE_DIR": f"{directory}/state"}
        hello = [str(ROOT / "bin/sbatch"), "--wait", str(ROOT / "examples/hello.sbatch")]
        rows: list[tuple[str, float]] = []

        def measure(name: str, command: list[str], count: int = runs) -> None:
            rows.append((name, median_ms(command, environ, count, directory)))

        measure("python3 -c pass", [str(INTERPRETER), "-c", "pass"])
        (packages,) = ROOT.glob(".venv/lib/python3*/site-packages")
        environ["PYTHONPATH"] = str(packages)
        measure("python3 -c 'import requests'", [str(INTERPRETER), "-c", "import requests"])
        del environ["PYTHONPATH"]
        measure("sbatch --wait hello.sbatch, first", hello, 1)
        measure("squeue, 1 job known", [str(ROOT / "bin/squeue")])
        measure("sbatch --wait hello.sbatch, second", hello, 1)
        measure("sbatch --wait hello.sbatch, median", hello, max(3, runs // 3))
        measure("scontrol show hostnames n[1-4]", [str(ROOT / "bin/scontrol"), "show", "hostnames", "n[1-4]"])
        copy_job(environ, 1000)
        measure("squeue, 1,000 jobs known", [str(ROOT / "bin/squeue")])
        make_pending(environ)
        measure("squeue, 1,000 jobs shown", [str(ROOT / "bin/squeue")])
        os.kill(json.loads(Path(f"{directory}/state/local/endpoint.json").read_text())["pid"], signal.SIGTERM)
        time.sleep(0.2)
    bare = rows[0][1]
    for name, milliseconds in rows:
        sys.stdout.write(f"{name:40s} {milliseconds:8.1f} ms  {milliseconds / bare:6.2f} x bare\n")


if __name__ == "__main__":
    main()
