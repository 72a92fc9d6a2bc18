"""What it costs to reach the Gateway, beside the bare HTTP exchange, a sequential loop and the vendor's client, in one run.

    python3 bench/gateway.py [--runs 30] [--jobs 1000] [--latency 0.05]

Prints times and their ratio to what they are held against. The Gateway is an embedded one whose answers take so many seconds longer
than it needs (--latency); its one node is taken, so that no job runs and takes time from what is measured. The vendor's client is
measured where MLS names its `mls` (pip install cloudru-ml-cli==1.3.0).
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from steps import ROOT, Row, show

PYTHON = ROOT / ".venv/bin/python"
REGION, TYPE = "SR006", "cpu.2C.8G"
LISTED_JOBS = 6000

BARE = """
import os, sys, requests
requests.post(sys.argv[1], data=open(sys.argv[2], 'rb'), headers={'content-type': 'application/json', 'authorization': os.environ['TOKEN'],
              'x-api-key': os.environ['MLSPACE_API_KEY'], 'x-workspace-id': os.environ['MLSPACE_WORKSPACE_ID']}).raise_for_status()
"""
"""The smallest program that submits a job: it has its token, and asks for nothing."""


class Gateway:
    """An embedded MLSpace in its own process. options: more of it. environ: what the commands need to reach it."""

    def __init__(self, directory: Path, latency: float, *options: str) -> None:
        words = [PYTHON, "-m", "mlspace.testing", "-H", "127.0.0.1", "-p", "0", "--quick", "--offer", f"{REGION}:{TYPE}=1"]
        faults = ["--fault", f"* * delay={latency}"] if latency else []
        argv = [*words, *faults, *options, "--state", directory / "gateway"]
        self.process = subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().split()[-1]
        self.variables = dict(self.process.stdout.readline().strip().split("=", 1) for _ in range(4))
        self.environ = {
            **os.environ,
            **self.variables,
            "MLSPACE_ENDPOINT": self.url,
            "MLSPACE_STATE_DIR": str(directory / "state"),
            "MLSPACE_REGION": REGION,
            "MLSPACE_LAUNCH": str(ROOT / ".venv/bin/launch"),
            "PATH": f"{ROOT / 'bin'}:{os.environ['PATH']}",
            "HOME": str(directory),
        }
        self.directory = directory

    def sbatch(self, *words: str) -> None:
        argv = [str(ROOT / "bin/sbatch"), *words, "--wrap", "sleep 1000"]
        subprocess.run(argv, env=self.environ, cwd=self.directory, check=True, stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        for name in ("scancel --me", "scancel --me"):  # elements that were on their way at the first
            subprocess.run([str(ROOT / "bin/scancel"), *name.split()[1:]], env=self.environ, check=False, stderr=subprocess.DEVNULL)
        self.process.terminate()
        self.process.communicate(timeout=60)


@contextmanager
def gateway(latency: float) -> Iterator[Gateway]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        made = Gateway(Path(name), latency)
        try:
            made.sbatch()  # takes the node; also the first login and the first look at the catalogue
            yield made
        finally:
            made.stop()


class Bare:
    """Requests by `requests` and nothing else, over one connection that stays open."""

    def __init__(self, place: Gateway) -> None:
        import requests

        self.url = place.url
        self.session = requests.Session()
        words = {"client_id": place.variables["MLSPACE_CLIENT_ID"], "client_secret": place.variables["MLSPACE_CLIENT_SECRET"]}
        self.token = self.session.post(f"{self.url}/service_auth", json=words, timeout=60).json()["token"]["access_token"]
        keys = {"x-api-key": place.variables["MLSPACE_API_KEY"], "x-workspace-id": place.variables["MLSPACE_WORKSPACE_ID"]}
        self.session.headers.update({"authorization": self.token, **keys})

    def submit(self, body: Any) -> str:
        answer = self.session.post(f"{self.url}/jobs", json=body, timeout=60)
        answer.raise_for_status()
        return str(answer.json()["job_name"])

    def count(self) -> int:
        answer = self.session.get(f"{self.url}/jobs", params={"region": REGION, "limit": 1}, timeout=60)
        return int(answer.json()["count"])

    def params(self) -> Any:
        """The body that our first job was submitted with."""
        (job,) = self.session.get(f"{self.url}/jobs", params={"region": REGION, "limit": 1}, timeout=60).json()["jobs"]
        params = self.session.get(f"{self.url}/jobs/{job['job_name']}/params", timeout=60).json()
        return {key: value for key, value in params.items() if value is not None}


def median_ms(call: Callable[[], object], runs: int) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def alternately_ms(calls: Sequence[Callable[[], object]], runs: int) -> list[float]:
    """The median of each, called in turn, so that what else the machine does meets all alike."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(runs):
        for call, mine in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            mine.append(time.perf_counter() - start)
    return [statistics.median(mine) * 1000 for mine in times]


def fresh(body: Any) -> Any:
    """The same job as another submission."""
    return {**body, "job_desc": f"{secrets.token_hex(16)} bench"}


def measure_submit(latency: float, runs: int) -> list[Row]:
    from mlspace.context import Context
    from mlspace.session import Session
    from mlspace.slurm.request import JobRequest
    from mlspace.submission import decide, submit

    with gateway(latency) as place:
        bare = Bare(place)
        body = bare.params()
        file = place.directory / "body.json"
        file.write_text(json.dumps(fresh(body)))
        context = Context(place.environ, cwd=str(place.directory), program="sbatch")
        session = Session(context)
        request = JobRequest.from_json(json.loads(session.registry.stored(1)[0]))
        client = session.gateway()
        exchange, ours, whole = alternately_ms(
            [
                lambda: bare.submit(fresh(body)),
                lambda: client.run_job(fresh(body)),
                lambda: submit(session, request, decide(session, request)),
            ],
            runs,
        )
        smallest = [str(PYTHON), "-ISc", f"import sys; sys.path += {sys.path[-1:]!r}\n{BARE}", f"{place.url}/jobs", str(file)]
        environ = {**place.environ, "TOKEN": bare.token}
        program, command = alternately_ms(
            [lambda: subprocess.run(smallest, env=environ, check=True), lambda: place.sbatch()],
            runs,
        )
        context.leave()
        name, aim = f"{latency * 1000:.0f} ms away", 1.2 if latency else None
        rows = [
            Row(f"POST /jobs by requests, connection open, {name}", exchange, "ms"),
            Row("  the client's run_job", ours, "ms", exchange, aim),
            Row("  from request to job id: placement, registry, specification, POST", whole, "ms", exchange, aim),
            Row(f"the smallest program that submits (python, requests), {name}", program, "ms"),
            Row("  bin/sbatch", command, "ms", program, aim),
        ]
        vendor = os.environ.get("MLS")
        if vendor:
            rows.append(Row("  the vendor's mls job submit", median_ms(vendors(vendor, place), max(1, runs // 5)), "ms", program))
        return rows


def vendors(mls: str, place: Gateway) -> Callable[[], object]:
    home = place.directory / ".mls"
    home.mkdir(exist_ok=True)
    keys = {"key_id": "CLIENT_ID", "key_secret": "CLIENT_SECRET", "x_workspace_id": "WORKSPACE_ID", "x_api_key": "API_KEY"}
    lines = [f"{one} = {place.variables['MLSPACE_' + ours]}\n" for one, ours in keys.items()]
    (home / "credentials").write_text("[default]\n" + "".join(lines))
    (home / "config").write_text(f"[default]\nregion = {REGION}\noutput = json\nendpoint_url = {place.url}\n")
    words = [mls, "job", "submit", "-R", REGION, "-i", TYPE, "-t", "binary", "-s", "sleep 1000", "-I", "cr.example/i:1"]
    return lambda: subprocess.run(words, env=place.environ, check=True, stdout=subprocess.DEVNULL)


def measure_many(latency: float, jobs: int) -> list[Row]:
    """A thousand jobs as a user of Slurm has them: an array. Loops are measured on some of them."""
    with gateway(latency) as place:
        bare = Bare(place)
        body, some = bare.params(), max(1, jobs // 10)
        start = time.perf_counter()
        for _ in range(some):
            bare.submit(fresh(body))
        loop = (time.perf_counter() - start) * jobs / some
        few = max(1, jobs // 50)
        start = time.perf_counter()
        for _ in range(few):
            place.sbatch()
        sbatches = (time.perf_counter() - start) * jobs / few
        before = bare.count()
        start = time.perf_counter()
        place.sbatch(f"--array=1-{jobs}")
        returned = time.perf_counter() - start
        while bare.count() < before + jobs and time.perf_counter() - start < 2 * loop:
            time.sleep(0.05)
        took = time.perf_counter() - start
        name = f"{jobs} jobs, {latency * 1000:.0f} ms away"
        rows = [
            Row(f"{name}: a loop of POSTs, connection open (from {some})", loop, "s"),
            Row(f"  sbatch --array=1-{jobs}, until the platform has them all", took, "s", loop, 1 / 8),
            Row("  until sbatch has returned", returned, "s", loop),
            Row(f"  a loop of bin/sbatch (from {few})", sbatches, "s", loop),
        ]
        vendor = os.environ.get("MLS")
        if vendor:
            rows.append(Row("  a loop of the vendor's mls (from 3)", median_ms(vendors(vendor, place), 3) * jobs / 1000, "s", loop))
        return rows


@contextmanager
def canned(answer: bytes) -> Iterator[str]:
    """A server in this process that gives the same answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def measure_list(runs: int) -> list[Row]:
    """A region's list of six thousand jobs: the answer of an embedded Gateway with one of them, repeated."""
    import requests

    from mlspace.gateway.client import Client
    from mlspace.gateway.credentials import Credentials
    from mlspace.gateway.transport import Transport

    with gateway(0) as place:
        bare = Bare(place)
        answer = bare.session.get(f"{place.url}/jobs", params={"region": REGION}, timeout=60).json()
    (job,) = answer["jobs"]
    jobs = [{**job, "job_name": f"{job['job_name']}-{number}"} for number in range(LISTED_JOBS)]
    with canned(json.dumps({**answer, "jobs": jobs, "count": LISTED_JOBS}).encode()) as url, requests.Session() as session:
        client = Client(Transport(url, Credentials("", "", "", "", "token"), "/nonexistent"))
        plain, ours = alternately_ms(
            [lambda: session.get(f"{url}/jobs", timeout=60).json(), lambda: client.list_jobs(REGION)],
            max(1, runs // 3),
        )
    return [
        Row(f"list of {LISTED_JOBS} jobs by requests, as JSON", plain, "ms"),
        Row("  the client's list_jobs", ours, "ms", plain),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=30, help="of each submission")
    parser.add_argument("--jobs", type=int, default=1000, help="of the array")
    parser.add_argument("--latency", type=float, default=0.05, help="seconds that each answer takes longer")
    given = parser.parse_args()
    site = next((ROOT / ".venv/lib").glob("python3.*/site-packages"))
    sys.path.append(str(site))
    show(measure_submit(0, given.runs))
    show(measure_submit(given.latency, given.runs))
    show(measure_many(given.latency, given.jobs))
    show(measure_list(given.runs))


if __name__ == "__main__":
    main()
