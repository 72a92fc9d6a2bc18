"""Real launch processes: the nodes of one job on this machine, what they write, and every process that belongs to them."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlspace.spec.codec import encode, part_flags
from mlspace.spec.launch import Env, Job, LaunchSpec, Limits, Script, Stdio
from mlspace.translate.status import reports

ROOT = Path(__file__).resolve().parents[3]
BUILT = [ROOT / ".venv" / "bin" / "launch", ROOT / "build" / "dev" / "launch"]
MARK = "LAUNCH_TEST_MARK"
PATH = "/usr/local/bin:/usr/bin:/bin"
PATIENCE = 30.0


ENDS = [
    ("exit 0", 0, ("COMPLETED", "None", 0, 0)),
    ("exit 1", 1, ("FAILED", "NonZeroExitCode", 1, 0)),
    ("exit 7", 7, ("FAILED", "NonZeroExitCode", 7, 0)),
    ("exit 255", 255, ("FAILED", "NonZeroExitCode", 255, 0)),
    ("kill -9 $$", 137, ("FAILED", "RaisedSignal:9(Killed)", 0, 9)),
    ("kill -TERM $$", 143, ("FAILED", "RaisedSignal:15(Terminated)", 0, 15)),
    ("ulimit -c 0; kill -SEGV $$", 139, ("FAILED", "RaisedSignal:11(Segmentation_fault)", 0, 11)),
    ("kill -PIPE $$", 141, ("FAILED", "RaisedSignal:13(Broken_pipe)", 0, 13)),
]
"""A shell's command, launch's exit code, and state, reason, code and signal of its report."""


def newest_launch() -> Path | None:
    """The one that LAUNCH names (tests/long: with sanitizers), else the one built last."""
    if "LAUNCH" in os.environ:
        return Path(os.environ["LAUNCH"])
    built = [path for path in BUILT if path.exists()]
    return max(built, key=lambda path: path.stat().st_mtime) if built else None


def job_facts(nodes: int = 1, tasks: int = 2) -> Job:
    """A job of `tasks` tasks on each node; its id is its own, so that no other job's directory is found for it."""
    return Job(
        id=10_000_000 + secrets.randbelow(1_000_000_000),
        name="train",
        user="ann",
        group="staff",
        uid=1000,
        gid=1000,
        partition="debug",
        cluster="local",
        submit_host="login",
        submit_dir="/home/ann",
        nodes=nodes,
        cpus_per_node=[tasks] * nodes,
        tasks_per_node=[tasks] * nodes,
    )


def batch(script: str = "", nodes: int = 1, tasks: int = 2, args: Sequence[str] = (), **fields: Any) -> LaunchSpec:
    """A specification of role batch; `fields` are LaunchSpec's. Processes of the job carry its submission in their environment."""
    submission = secrets.token_hex(16)
    spec = LaunchSpec(
        role="batch",
        env=Env("shared", {"PATH": PATH, MARK: submission}),
        job=job_facts(nodes, tasks),
        script=Script(script, list(args), "job.sh") if script else None,
        limits=Limits(grace=5),
        submission=submission,
        secret=secrets.token_hex(32),
        stdio=Stdio(),
        hpcx="off",
    )
    return replace(spec, **fields)


def flags(spec: LaunchSpec) -> list[str]:
    return [f"--{name}={value}" for name, value in part_flags(encode(spec)).items()]


def processes_of(mark: str) -> list[int]:
    """Pids of the processes, zombies aside, with that mark in the environment they were started with."""
    word = f"{MARK}={mark}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if word in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def command_of(pid: int) -> list[str]:
    """The words of a process; none of one that has gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]
    except OSError:
        return []


class Node:
    """One launch process. Its output goes to files: no pipe can fill up, and nobody who holds one keeps a test waiting."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], directory: Path, name: str, **how: Any) -> None:
        self.out, self.err = directory / f"{name}.stdout", directory / f"{name}.stderr"
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                list(argv), env=dict(env), cwd=directory, stdin=subprocess.DEVNULL, stdout=out, stderr=err, **how
            )

    @property
    def stdout(self) -> str:
        return self.out.read_text()

    @property
    def stderr(self) -> str:
        return self.err.read_text()

    def wait(self) -> int:
        return self.process.wait(PATIENCE)

    def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.wait()


class Runtime:
    """Starts jobs, and ends in close() whatever of them a failed test has left."""

    def __init__(self, launch: Path, directory: Path) -> None:
        self.launch = launch
        self.directory = directory
        self.nodes: list[Node] = []
        self.specs: list[LaunchSpec] = []

    def start(self, spec: LaunchSpec, env: Mapping[str, str] | None = None, **how: Any) -> Node:
        """launch on the only node of a job, or as what `env` says."""
        self.specs.append(spec)
        own = {"PATH": PATH, "PMIX_HOSTNAME": "127.0.0.1", **(env or {})}
        node = Node([str(self.launch), *flags(spec)], own, self.directory, f"launch{len(self.nodes)}", **how)
        self.nodes.append(node)
        return node

    def start_node(self, spec: LaunchSpec, node: int, env: Mapping[str, str] | None = None) -> Node:
        """launch as node `node` of the job: the nodes are 127.0.0.1, 127.0.0.2, …"""
        assert spec.job
        place = {
            "OMPI_COMM_WORLD_RANK": str(node),
            "OMPI_COMM_WORLD_SIZE": str(spec.job.nodes),
            "OMPI_COMM_WORLD_LOCAL_RANK": "0",
            "OMPI_MCA_orte_node_regex": f"127.0.0.[1:1-{spec.job.nodes}]@0({spec.job.nodes})",
            "PMIX_HOSTNAME": f"127.0.0.{node + 1}",
        }
        return self.start(spec, {**place, **(env or {})})

    def start_all(self, spec: LaunchSpec) -> list[Node]:
        assert spec.job
        return [self.start_node(spec, node) for node in range(spec.job.nodes)]

    def start_command(self, argv: Sequence[str]) -> Node:
        """A command outside of any job, as on the login side."""
        node = Node(argv, {"PATH": PATH}, self.directory, f"command{len(self.nodes)}")
        self.nodes.append(node)
        return node

    def run(self, spec: LaunchSpec, env: Mapping[str, str] | None = None, **how: Any) -> tuple[int, Node]:
        node = self.start(spec, env, **how)
        return node.wait(), node

    def run_all(self, spec: LaunchSpec) -> tuple[list[int], Node]:
        """Exit codes of all nodes, and the first of them."""
        nodes = self.start_all(spec)
        return [node.wait() for node in nodes], nodes[0]

    def close(self) -> None:
        for node in self.nodes:
            if node.process.poll() is None:
                node.process.kill()
                node.process.wait()
        for spec in self.specs:
            for pid in processes_of(spec.submission) if spec.submission else ():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            for number in range(spec.job.nodes if spec.job else 0):  # a launch that was killed leaves it
                shutil.rmtree(runtime_directory(spec, number), ignore_errors=True)


def runtime_directory(spec: LaunchSpec, node: int = 0) -> Path:
    assert spec.job
    shown = spec.job.het.ids[0] if spec.job.het else spec.job.id
    return Path(f"/tmp/mlspace-{os.getuid()}") / f"{shown}.{spec.submission[:8]}.{node}"


def reports_of(spec: LaunchSpec, text: bytes) -> dict[str, list[Mapping[str, Any]]]:
    """The authentic reports, by event, none or more of start, step and end; of steps those of their ends."""
    found: dict[str, list[Mapping[str, Any]]] = {"start": [], "step": [], "end": []}
    for report in reports(text, spec.submission, spec.secret):
        if report["event"] != "step" or "end" in report:
            found.setdefault(report["event"], []).append(report)
    return found


def end_of(spec: LaunchSpec, node: Node) -> tuple[str, str, int, int]:
    """State, reason, code and signal of the one report of the end in launch's stderr."""
    (end,) = reports_of(spec, node.err.read_bytes())["end"]
    return end["state"], end["reason"], end["code"], end["signal"]


def without_reports(text: str) -> str:
    """What launch and the job wrote, its reports and the empty lines before them aside."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#mlspace-report") and line != "\n")
