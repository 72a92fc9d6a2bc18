"""A virtual MLSpace of several nodes on this machine, and the login side of it.

Each job gets pods as on the platform: a network, UTS, mount, IPC and PID namespace each, with sshd on port 2222, and Open MPI's
mpirun in the master, which starts `launch`. `sbatch` reaches it over HTTP like any other Gateway. All pods see the test's
directory, as they see the region's NFS on MLSpace; /tmp, /dev/shm and /run are each pod's own.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.cluster import executor, namespaces
from tests.conftest import ROOT, Cli, Result, wait_until
from tests.launcher.helpers.runtime import newest_launch
from tests.local.conftest import KNOWN

PROGRAMS = ("mpirun", "sshd", "ssh", "ssh-keygen", "ip", "nsenter")
SBIN = "/usr/sbin:/sbin"
CPUS = 4
"""Of a node: more than this machine may have, as nothing here computes."""

SSHD_CONFIG = """Port 2222
HostKey /etc/ssh/key
AuthorizedKeysFile /etc/ssh/key.pub
PermitRootLogin yes
StrictModes no
UsePAM no
MaxStartups 100
PidFile /run/sshd/sshd.pid
"""
SSH_CONFIG = """Host *
  Port 2222
  IdentityFile /etc/ssh/key
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  LogLevel ERROR
  TCPKeepAlive no
"""


def reason_against() -> str:
    """Why there can be no virtual cluster here; "" where there can."""
    if os.geteuid() != 0:
        return "needs root: network namespaces are made"
    missing = [program for program in PROGRAMS if not shutil.which(program, path=f"{os.environ['PATH']}:{SBIN}")]
    if missing:
        return f"needs {', '.join(missing)} (Debian: openmpi-bin openssh-server iproute2)"
    probe = "ip link add b0 type bridge && ip link add v0 master b0 type veth peer name v1 && mount -t proc proc /proc"
    tried = subprocess.run(["unshare", "-n", "-m", "-u", "-i", "-p", "-f", "sh", "-c", probe], capture_output=True, text=True, check=False)
    return f"needs namespaces with a network: {tried.stderr.strip()}" if tried.returncode else ""


class Pod(NamedTuple):
    """A pod of a job. pid: its process 1, as this side sees it; space: its PID namespace, as /proc names it; port: of the switch."""

    name: str
    pid: int
    space: str
    address: str
    switch: int
    port: str

    def kill(self) -> None:
        """As when the node loses power: everything in it is gone at once."""
        os.kill(self.pid, signal.SIGKILL)
        wait_until(lambda: not self.processes(), f"the end of {self.name}")

    def cut_off(self) -> None:
        """From now on its packets are lost; nobody is told."""
        namespaces.unplug(self.switch, self.port)

    def take_down(self) -> None:
        """Its own interface goes down."""
        namespaces.ip(self.pid, "link set eth0 down")

    def processes(self, word: str = "") -> list[str]:
        """Command lines, blanks between the words, of all its processes whose command line holds that word."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{pid}/ns/pid") == self.space:
                    found.append(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
            except OSError:
                continue
        return [line for line in found if word in line]

    def run(self, *argv: str) -> str:
        """What a command says in the pod."""
        words = ["nsenter", "-t", str(self.pid), "-a", *argv]
        return subprocess.run(words, capture_output=True, text=True, check=True, timeout=30, env={"PATH": executor.PATH}).stdout


class Cluster:
    """The Gateway as a process, and `cli`, whose commands submit to it. `nodes` at most for all jobs together."""

    def __init__(self, directory: Path, cli: Cli, shared: Sequence[Path], nodes: int) -> None:
        self.directory = directory
        self.cli = cli
        directory.mkdir()
        self.last = Result("", "", 0)
        self.write_ssh_files(directory / "ssh")
        self.settings = directory / "cluster.json"
        places = [str(path) for path in (cli.directory, ROOT, *shared) if namespaces.private(path)]
        self.settings.write_text(json.dumps({"shared": places, "ssh": str(directory / "ssh"), "reversed": False}))
        launch = newest_launch()
        assert launch, "launch is not built: bin/.setup builds it"
        words = [word for name, value in KNOWN.items() for word in (f"--{name}", value)]
        env = {
            **os.environ,
            "TMPDIR": str(directory),
            "MLSPACE_LOCAL_NODES": str(nodes),
            "MLSPACE_LOCAL_CPUS": str(CPUS),
            "MLSPACE_LOCAL_MEMORY": "8000",
        }
        options = ["--quick", "--kill-grace", "5", "--names", "address", "-H", "127.0.0.1", "-p", "0"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.cluster.gateway", str(self.settings), *options, *words],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("Listening on "), line
        cli.env |= {f"MLSPACE_{name.upper().replace('-', '_')}": value for name, value in KNOWN.items()}
        cli.env |= {"MLSPACE_ENDPOINT": line.split()[-1], "MLSPACE_LAUNCH": str(launch), "MLSPACE_IMAGE": "cr.example/image:1"}

    def write_ssh_files(self, directory: Path) -> None:
        directory.mkdir(mode=0o755)
        (directory / "sshd_config").write_text(SSHD_CONFIG)
        (directory / "ssh_config").write_text(SSH_CONFIG)
        (directory / "shadow").write_text("root:*:19000:0:99999:7:::\n")  # sshd refuses a locked account, even by key
        (directory / "shadow").chmod(0o600)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory / "key"], check=True, stdin=subprocess.DEVNULL)

    def reverse_ranks(self) -> None:
        """From now on rank 0 is on the last worker, as if the platform listed the hosts the other way round."""
        self.change("reversed", True)

    def hide(self, path: Path) -> None:
        """From now on pods do not see that directory."""
        self.change("shared", [place for place in json.loads(self.settings.read_text())["shared"] if place != str(path)])

    def change(self, setting: str, value: object) -> None:
        self.settings.write_text(json.dumps({**json.loads(self.settings.read_text()), setting: value}))

    def run_script(self, script: str, *options: str) -> tuple[int, str]:
        """Exit code of `sbatch --wait`, and what the job has written to its output file."""
        output = self.submit(script, "--wait", *options)
        return self.last.code, output.read_text()

    def submit(self, script: str, *options: str) -> Path:
        """Hands a batch script in; its output file."""
        (self.cli.directory / "job.sh").write_text(f"#!/bin/sh\n{script}\n")
        self.last = self.cli("sbatch", "--no-requeue", *options, "job.sh")
        assert self.last.stdout.startswith("Submitted batch job "), self.last
        return self.cli.directory / f"slurm-{self.last.stdout.split()[-1]}.out"

    def accounted(self, fields: str = "State,ExitCode") -> str:
        """The last job as sacct shows it, once it has ended, also on the platform."""
        wait_until(lambda: self.cli("squeue", "-h").stdout == "", "the end of the job")
        return self.cli("sacct", "-n", "-X", "-P", "-o", fields).stdout.splitlines()[-1]

    def job_directories(self) -> list[Path]:
        """Of all jobs so far, the oldest first."""
        found = self.directory.glob("mlspace-testing-*/jobs/lm-mpi-job-*")
        return sorted(found, key=lambda path: int(json.loads((path / "job.json").read_text())["sequence"]))

    def pods(self, job: int = -1) -> list[Pod]:
        """Those of a job, in the order of its nodes, as soon as they are there: of the last one, or of the job'th from 0."""

        def look() -> list[Pod]:
            directories = self.job_directories()
            try:
                found: dict[str, Any] = json.loads((directories[job] / executor.PODS).read_text())
            except (IndexError, OSError):
                return []
            return [Pod(**pod) for pod in found["pods"]]

        return wait_until(look, "the job's pods")  # type: ignore[no-any-return]

    def await_nothing(self, pods: Sequence[Pod]) -> None:
        """Until nothing of those pods runs any more."""
        wait_until(lambda: not any(pod.processes() for pod in pods), "the end of the pods")

    def log(self, job: int = -1) -> str:
        return (self.job_directories()[job] / "log").read_text(errors="replace")

    def close(self) -> None:
        """Ends all jobs, their pods, and the network."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        finally:
            self.process.kill()
            assert self.process.stdout is not None
            self.process.stdout.close()
