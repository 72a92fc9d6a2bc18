"""How long the commands take, cold, beside the bare interpreter, `import requests`, real Slurm and the vendor's client, in one run.

    python3 bench/startup.py [--runs 15]

Prints medians in milliseconds and ratios to the bare interpreter. It uses a state directory of its own; the jobs known are
copies of one real job's row. Real Slurm's commands are measured where SLURM_CONF names a cluster.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from steps import end_gateway

ROOT = Path(__file__).resolve().parent.parent
INTERPRETER = (ROOT / ".venv/bin/python").resolve()
VENDOR = "cloudru-ml-cli==1.3.0"
AIM = 2
"""Times the bare interpreter; twice that with 50,000 jobs known."""


def median_ms(command: list[str], environ: dict[str, str], runs: int, cwd: str) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(command, env=environ, cwd=cwd, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def registry(environ: dict[str, str]) -> sqlite3.Connection:
    return sqlite3.connect(Path(environ["MLSPACE_STATE_DIR"]) / "registry.sqlite")


def count_jobs(environ: dict[str, str]) -> int:
    with closing(registry(environ)) as database:
        return int(database.execute("SELECT count(*) FROM job").fetchone()[0])


def copy_job(environ: dict[str, str], copies: int) -> None:
    """Adds copies of job 1 to the registry, which have ended long ago, as most of what a registry knows."""
    with closing(registry(environ)) as database, database:
        columns = [row[1] for row in database.execute("pragma table_info(job)") if row[1] != "job_id"]
        taken = ", ".join("end_time - 100000" if column == "end_time" else column for column in columns)
        numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {copies})"
        rows = f"{numbers} SELECT {taken} FROM job, n WHERE job_id = 1"
        database.execute(f"INSERT INTO job ({', '.join(columns)}) {rows}")


def real_slurm(name: str) -> str | None:
    """Real Slurm's command of that name, where there is one and SLURM_CONF names a cluster to ask."""
    found = shutil.which(name, path="/usr/bin:/usr/local/bin")
    return found if found and os.path.exists(os.environ.get("SLURM_CONF", "")) else None


class Vendor:
    """The vendor's client in an environment of its own, and an embedded MLSpace for it to ask."""

    def __init__(self, directory: str) -> None:
        self.environment = Path(directory) / "mls"
        self.home = Path(directory) / "home"
        self.state = Path(directory) / "gateway"
        self.gateway: subprocess.Popen[str] | None = None

    def install(self) -> str:
        """The path of `mls`; "" where it cannot be had."""
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        made = subprocess.run([sys.executable, "-m", "venv", self.environment], check=False, **quiet)
        pip = [self.environment / "bin/pip", "--disable-pip-version-check", "install", "-q", VENDOR]
        if made.returncode or subprocess.run(pip, check=False, timeout=300, **quiet).returncode:
            return ""
        return str(self.environment / "bin/mls")

    def start(self) -> dict[str, str]:
        """The environment in which `mls` asks the gateway."""
        keys = {"client-id": "ann", "client-secret": "s", "api-key": "k", "workspace-id": "11111111-2222-4333-8444-555555555555"}
        words = [word for name, value in keys.items() for word in (f"--{name}", value)]
        argv = [ROOT / ".venv/bin/python", "-m", "mlspace.testing", "-H", "127.0.0.1", "-p", "0", "--state", self.state, "--quick", *words]
        self.gateway = subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        assert self.gateway.stdout is not None
        url = self.gateway.stdout.readline().split()[-1]
        profile = self.home / ".mls"
        profile.mkdir(parents=True)
        names = {"key_id": "client-id", "key_secret": "client-secret", "x_workspace_id": "workspace-id", "x_api_key": "api-key"}
        (profile / "credentials").write_text("[default]\n" + "".join(f"{name} = {keys[ours]}\n" for name, ours in names.items()))
        (profile / "config").write_text(f"[default]\nregion = SR006\noutput = json\nendpoint_url = {url}\n")
        return {**os.environ, "HOME": str(self.home)}

    def stop(self) -> None:
        if self.gateway is not None:
            self.gateway.terminate()
            self.gateway.wait()


class Bench:
    """Times commands; a row is a name, milliseconds, and the aim in multiples of the bare interpreter, or what is missing."""

    def __init__(self, environ: dict[str, str], runs: int, directory: str) -> None:
        self.environ = environ
        self.runs = runs
        self.directory = directory
        self.rows: list[tuple[str, float | str, float | None]] = []

    def measure(self, name: str, *command: str, runs: int = 0, aim: float | None = None, environ: dict[str, str] | None = None) -> None:
        times = median_ms(list(command), environ or self.environ, runs or self.runs, self.directory)
        self.rows.append((name, times, aim))

    def leave_out(self, name: str, why: str) -> None:
        self.rows.append((name, why, None))

    def ours(self, name: str, command: str, *words: str, runs: int = 0, aim: float | None = None) -> None:
        self.measure(name, str(ROOT / "bin" / command), *words, runs=runs, aim=aim)

    def show(self) -> None:
        bare = self.rows[0][1]
        for name, result, aim in self.rows:
            if isinstance(result, str) or isinstance(bare, str):
                sys.stdout.write(f"{name:44s} left out: {result}\n")
                continue
            wanted = "" if aim is None else f"  aim {aim:.0f}" + ("" if result <= aim * bare else "  MISSED")
            sys.stdout.write(f"{name:44s} {result:8.1f} ms  {result / bare:6.2f} x bare{wanted}\n")


def measure_ours(bench: Bench, hosts: str) -> None:
    hello = ("--wait", str(ROOT / "examples/hello.sbatch"))
    bench.ours("sbatch --wait hello.sbatch, first", "sbatch", *hello, runs=1)
    bench.ours("sbatch --wait hello.sbatch", "sbatch", *hello, runs=max(3, bench.runs // 3))
    bench.ours("sbatch --test-only", "sbatch", "--test-only", "--wrap", "true")
    bench.ours("scontrol show hostnames, 1,000", "scontrol", "show", "hostnames", hosts, aim=AIM)
    for known, aim in ((1_000, AIM), (50_000, 2 * AIM)):
        copy_job(bench.environ, known - count_jobs(bench.environ))
        bench.ours(f"squeue, {known:,} jobs known", "squeue", aim=aim)


def measure_real(bench: Bench, hosts: str) -> None:
    for words in (("squeue",), ("sbatch", "--test-only", "--wrap", "true"), ("scontrol", "show", "hostnames", hosts)):
        name = f"real Slurm's {' '.join(words[:2])}"
        command = real_slurm(words[0])
        if command is None:
            bench.leave_out(name, "no Slurm here, or SLURM_CONF names none")
        else:
            bench.measure(name, command, *words[1:])


def measure_vendor(bench: Bench) -> None:
    vendor = Vendor(bench.directory)
    try:
        if command := vendor.install():
            bench.measure("the vendor's mls job list", command, "job", "list", runs=max(3, bench.runs // 3), environ=vendor.start())
        else:
            bench.leave_out("the vendor's mls job list", f"{VENDOR} cannot be installed")
    finally:
        vendor.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    hosts = "n[1-1000]"
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench({**os.environ, "MLSPACE_STATE_DIR": f"{directory}/state"}, runs, directory)
        bench.measure("python3 -c pass", str(INTERPRETER), "-c", "pass", runs=2 * runs)
        (packages,) = ROOT.glob(".venv/lib/python3*/site-packages")
        requests = {**bench.environ, "PYTHONPATH": str(packages)}
        bench.measure("python3 -c 'import requests'", str(INTERPRETER), "-c", "import requests", environ=requests)
        try:
            measure_ours(bench, hosts)
            measure_real(bench, hosts)
            measure_vendor(bench)
        finally:
            end_gateway(Path(directory) / "state")
    bench.show()


if __name__ == "__main__":
    main()
