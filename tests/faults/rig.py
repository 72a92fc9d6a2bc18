"""Submissions under fire: a gateway in this process that strikes at chosen requests, and bin/sbatch, squeue, scancel against it.

What must hold afterwards is read from three sides: what each sbatch said, what sacct says, and what the platform really has run.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from mlspace.local.auth import Credentials
from mlspace.local.faults import NO_FAULT, Fault, Faults, read_rule
from mlspace.local.gateway import Gateway, Options, lock_state
from mlspace.local.jobs import Job
from mlspace.local.shape import Shape
from mlspace.translate.job import submission_of
from tests.conftest import Cli, stop_controller, wait_until
from tests.launcher.helpers.runtime import newest_launch
from tests.local.conftest import KNOWN, end_executors

SETTLE_SECONDS = 1

REQUESTS = (
    *("POST /service_auth", "GET /configs", "POST /jobs", "GET /jobs", "GET /jobs/{job_name}", "GET /jobs/{job_name}/logs"),
    "DELETE /jobs/{job_name}",
)
"""Those of a submit-run-finish cycle, and of one that is cancelled."""

FAULTS = (
    *("status=500", "status=502", "status=502 effect", "status=503", "status=504", "status=429 retry-after=1", "status=401", "expire"),
    *("status=400", "status=404", "status=445", "status=200", "cut=before", "cut=after", "cut=10", "delay=1"),
)
OF_SUBMISSION = ("late=0.4", "late=3", "kill", "kill cut=before", "kill late=3", "cut=after")
"""Faults of POST /jobs. late: before and after the settle time."""

GPU_LIMIT = "refuse=WORKSPACE_GPU_LIMIT_REACHED_ONLY_0_FREE"

ENDLESS = "sleep 1000"
SCRIPTS = {"exit 0": "COMPLETED 0:0", "exit 3": "FAILED 3:0", "echo a line; exit 77": "FAILED 77:0", ENDLESS: "CANCELLED"}
"""What a job does -> what it must end as: state, and exit code where it had its own end. An endless one is cancelled."""


OPEN = "SELECT job_id, state, phase, submission.platform_job, lost_at FROM submission JOIN job USING (job_id) WHERE phase != 'ended'"


class Laid(NamedTuple):
    """A fault for the next `times` requests of a kind; `kill` ends the client whose submission it is for, before anything else happens."""

    request: str
    fault: Fault
    times: int
    kill: Callable[[], None] | None


class Ambush(Faults):
    """The faults that are laid, those of several submissions at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.laid: list[Laid] = []
        self.quiet_at = 0.0  # when the last late effect has come, by the monotonic clock

    def lay(self, request: str, words: str, times: int, victim: Callable[[], None]) -> None:
        others = " ".join(word for word in words.split() if word != "kill") or "delay=0"
        fault = read_rule(f"{request} {others}").fault
        with self.lock:
            self.laid.append(Laid(request, fault, times, victim if "kill" in words.split() else None))

    def clear(self) -> None:
        with self.lock:
            self.laid.clear()

    def strike(self, method: str, path: str) -> Fault:
        with self.lock:
            number = next((number for number, laid in enumerate(self.laid) if laid.request == f"{method} {path}"), None)
            if number is None:
                return NO_FAULT
            laid = self.laid.pop(number)
            if laid.times > 1:
                self.laid.insert(number, laid._replace(times=laid.times - 1))
            self.quiet_at = max(self.quiet_at, time.monotonic() + (laid.fault.late_seconds or 0) + 1)
        if laid.kill is not None:
            laid.kill()
        return laid.fault


class Said(NamedTuple):
    """What became of one sbatch. job_id: 0 where it printed none. code: negative where it was killed."""

    name: str
    script: str
    job_id: int
    code: int
    stderr: str


class Rig:
    """A gateway, a registry, and everything that was submitted."""

    def __init__(self, cli: Cli, directory: Path, seed: int) -> None:
        self.cli = cli
        self.state = Path(cli.env["MLSPACE_STATE_DIR"])
        self.random = random.Random(seed)
        self.ambush = Ambush()
        self.said: list[Said] = []
        self.drawing = threading.Lock()
        self.drawn = 0
        self.jobs_directory = directory / "gateway"
        self.lock = lock_state(str(self.jobs_directory))
        shape = Shape(nodes=8, cpus=8, memory_mib=64_000)
        record = os.environ["MLSPACE_RECORD"]
        options = Options("127.0.0.1", 0, Credentials(*KNOWN.values()), quick=True, kill_grace_seconds=1, record=record)
        self.gateway = Gateway(str(self.jobs_directory), shape, options)
        self.gateway.server.faults = self.ambush
        self.gateway.start()
        cli.env |= {f"MLSPACE_{name.upper().replace('-', '_')}": value for name, value in KNOWN.items()}
        cli.env |= {
            "MLSPACE_ENDPOINT": f"http://127.0.0.1:{self.gateway.port}/public/v2",
            "MLSPACE_LAUNCH": str(newest_launch()),
            "MLSPACE_IMAGE": "cr.example/image:1",
            "MLSPACE_SETTLE_SECONDS": str(SETTLE_SECONDS),
        }
        assert cli("squeue", "-h").code == 0  # from now on there is a registry, whoever is killed when

    def close(self) -> None:
        stop_controller(self.state)
        ending = threading.Thread(target=self.gateway.server.shutdown)
        ending.start()
        socket.create_connection(("127.0.0.1", self.gateway.port)).close()  # it looks up from its sleep, and ends
        ending.join()
        self.gateway.server.server_close()
        end_executors(self.jobs_directory)
        os.close(self.lock)

    # What is done.

    def submit(self, request: str, words: str, times: int = 1, kill_after: float | None = None, script: str = "") -> Said:
        """One sbatch, with a fault laid, or killed so many seconds after its start; of a script by chance where none is given."""
        with self.drawing:
            script = script or self.random.choice(list(SCRIPTS))
            self.drawn += 1
            name = f"job{self.drawn}"
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with self.cli.start("sbatch", "--parsable", "-J", name, "-o", "/dev/null", "--wrap", script, **pipes) as process:
            self.ambush.lay(request, words, times, lambda: kill(process.pid))
            if kill_after is not None:
                killer = threading.Timer(kill_after, process.kill)
                killer.start()
            out, err = process.communicate(timeout=120)
            if kill_after is not None:
                killer.cancel()
        said = Said(name, script, int(out or 0), process.returncode, err.decode())
        self.said.append(said)
        if script == ENDLESS and said.job_id:
            wait_until(lambda: self.is_cancelled(said.job_id), "a scancel that no fault keeps from being noted", 300)
        return said

    def is_cancelled(self, job_id: int) -> bool:
        """Whether a scancel has come so far that the registry knows of it: from there on it is the controller's to carry out."""
        self.cli("scancel", str(job_id))
        return self.query(f"SELECT cancelled_by FROM job WHERE job_id = {job_id}")[0][0] is not None

    def kill_controller(self) -> None:
        """Ends the background controller, if there is one, without a word."""
        leader = self.query("SELECT owner FROM leader WHERE owner != ''")
        if leader:
            kill(int(leader[0][0].split()[1]))

    def query(self, words: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.state / "registry.sqlite", timeout=30)) as database:
            return database.execute(words).fetchall()

    @contextmanager
    def others_look(self) -> Iterator[None]:
        """Somebody else calls squeue all the time, and so advances the registry at the same time as the controller."""
        stop = threading.Event()

        def look() -> None:
            while not stop.wait(0.5):
                self.cli("squeue", "-h")

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def settle(self, seconds: float) -> None:
        """Until every job has ended and every late request has had its effect and its end."""
        self.ambush.clear()
        for one in self.said:
            if one.script == ENDLESS and not one.job_id:
                self.cli("scancel", "-n", one.name)  # its sbatch was killed; the job may be there all the same
        with self.others_look():
            self.wait_for_end(seconds)
            wait_until(lambda: time.monotonic() > self.ambush.quiet_at, "the last late effect")
            try:
                wait_until(lambda: not self.undiscovered(), "the deletion of all doubles", seconds)
            except AssertionError as error:
                jobs = [(job.name, job.params["job_desc"], job.created_at) for job in self.platform() if job.name in self.undiscovered()]
                raise AssertionError(f"neither adopted nor deleted: {jobs}; {self.said}") from error

    def wait_for_end(self, seconds: float = 60) -> None:
        """Until no job is open, which the controller sees to, or whoever looks."""
        try:
            wait_until(lambda: not self.query(OPEN), "the end of all jobs", seconds)
        except AssertionError as error:
            raise AssertionError(f"still open: {self.query(OPEN)}") from error

    # What there is.

    def summary(self) -> str:
        killed = sum(one.code < 0 for one in self.said)
        refused = sum(one.code > 0 for one in self.said)
        (jobs,), (again,), (doubles,) = (
            self.query(f"SELECT count(*) FROM {words}")[0] for words in ("job", "submission WHERE attempt > 1", "double")
        )
        many = f"{len(self.said)} submissions: {killed} clients killed, {refused} refused, {jobs} jobs, {again} sent again"
        return f"{many}; {len(self.platform())} platform jobs, {doubles} of them doubles"

    def adopted(self) -> dict[str, str]:
        """The platform's job of each submission that has one."""
        return {str(key): str(name) for key, name in self.query("SELECT submission, platform_job FROM submission WHERE platform_job != ''")}

    def platform(self) -> list[Job]:
        return self.gateway.scheduler.all_jobs()

    def undiscovered(self) -> list[str]:
        """Jobs of the platform that nobody has adopted, and nobody has deleted as doubles."""
        adopted = set(self.adopted().values())
        doubles = {name for (name,) in self.query("SELECT platform_job FROM double")}
        return [job.name for job in self.platform() if job.name not in adopted | doubles]

    def check(self) -> None:
        """Everything that must hold."""
        shown = self.cli("sacct", "-n", "-X", "-P", "-o", "JobID,JobName,State,ExitCode").stdout.splitlines()
        rows = {int(job_id): (name, f"{state} {code}") for job_id, name, state, code in (line.split("|") for line in shown)}
        printed = [one.job_id for one in self.said if one.job_id]
        assert len(set(printed)) == len(printed), "ids are unique"
        scripts = {one.name: one.script for one in self.said}
        for one in self.said:
            assert one.job_id or one.code != 0, f"neither an id nor an error: {one}"
            if one.job_id:
                assert rows[one.job_id][0] == one.name, f"lost: {one}"
            if one.code > 0:
                assert one.name not in [name for name, _ in rows.values()], f"refused, and there all the same: {one}"
        for (job_id,) in self.query("SELECT job_id FROM job WHERE reason = 'JobLaunchFailure' AND platform_job = ''"):
            del rows[job_id]  # refused for good, when its sbatch had gone
        wrong = [row for row in rows.items() if not row[1][1].startswith(SCRIPTS[scripts[row[1][0]]])]
        assert not wrong, f"wrong ends: {wrong}"
        names = [name for (name,) in self.query("SELECT name FROM job")]
        assert len(set(names)) == len(names), "one job for each sbatch"
        adopted = self.adopted()
        assert len(set(adopted.values())) == len(adopted)
        known = {key for (key,) in self.query("SELECT submission FROM submission")}
        strangers = [job.name for job in self.platform() if submission_of(job.params["job_desc"]) not in known]
        assert not strangers, f"jobs that nobody knows: {strangers}"
        assert self.undiscovered() == []


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
