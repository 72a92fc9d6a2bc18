"""The executor of the virtual cluster, in place of mlspace/local/executor.py: pods in namespaces, and the platform's own mpirun in them.

    gateway ── guardian ── supervisor ─┬─ pod mpimaster-0: platform.sh ── mpirun, sshd, launch, …
                                       └─ pod mpiworker-0: sshd ── orted ── launch, …

A file of settings, `cluster.json`, tells what the cluster is: `switch`, the pid of the switch; `shared`, the directories that all nodes
see; `ssh`, the directory of sshd's and ssh's files; `reversed`, whether the ranks are in the reverse order of the nodes.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlspace.local import executor, processes
from mlspace.local.durable import write_json
from mlspace.local.loglines import Log, TaggedStream
from mlspace.local.plan import PATH
from mlspace.local.rank import Rank
from tests.cluster.namespaces import Pod, PodPlan, connect

PLATFORM = Path(__file__).with_name("platform.sh")
PODS = "pods.json"
INVENTED = ("OMPI_", "PMIX_")
"""Of the environment that the embedded MLSpace makes up: here mpirun says it."""


class Lines(TaggedStream):
    """A stream whose lines mpirun has tagged already."""

    def __init__(self, log: Log) -> None:
        super().__init__(log, 0, "")
        self.tag = b""


def pod_names(job: str, nodes: int) -> list[str]:
    """Source: mlspace-facts §3."""
    return [f"{job}-mpimaster-0", *(f"{job}-mpiworker-{number}" for number in range(nodes - 1))]


def next_network(path: Path) -> int:
    """A number that no other job of this cluster has, from 1."""
    with path.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        number = int(file.read() or 0) + 1
        file.truncate(0)
        file.write(str(number))
    return number


class PodSupervisor(executor.Supervisor):
    """Its one rank is the master pod; the job ends with it, and all other pods then."""

    settings: Path

    def run(self) -> None:
        self.plan["head"] = []  # platform.sh says it
        try:
            super().run()
        except BaseException:
            traceback.print_exc()  # the executor ends without a word
            raise

    def start(self) -> bool:
        settings = json.loads(self.settings.read_text())
        job = Path(self.directory).name
        names = pod_names(job, len({rank["node"] for rank in self.plan["ranks"]}))
        number = next_network(self.settings.with_name("networks"))
        addresses = {name: f"10.42.{number}.{place}" for place, name in enumerate(names, 1)}
        (Path(self.directory) / "hosts").write_text(hosts_file(job, addresses))
        reader, out = os.pipe()
        error_reader, err = os.pipe()
        pods = {name: self.make(name, addresses, settings, out, err) for name in names}
        os.close(out)
        os.close(err)
        ports = {pod.pid: f"{number}-{place}" for place, pod in enumerate(pods.values())}
        connect(ports, settings["switch"])
        found = [
            {
                "name": name,
                "pid": pod.pid,
                "space": os.readlink(f"/proc/{pod.pid}/ns/pid"),
                "address": addresses[name],
                "switch": settings["switch"],
                "port": ports[pod.pid],
            }
            for name, pod in pods.items()
        ]
        write_json(os.path.join(self.directory, PODS), {"pods": found})
        for pod in reversed(pods.values()):
            pod.go()
        for fd in (reader, error_reader):
            os.set_blocking(fd, False)
            self.poll.register(fd, select.POLLIN)
        master: Any = Rank(0, pods[names[0]].shim, {})
        master.streams = {fd: Lines(self.log) for fd in (reader, error_reader)}
        self.ranks = [master]
        self.plan["ranks"] = self.plan["ranks"][:1]
        return True

    def make(self, name: str, addresses: Mapping[str, str], settings: Mapping[str, Any], out: int, err: int) -> Pod:
        job = Path(self.directory).name
        order = list(reversed(addresses)) if settings["reversed"] else list(addresses)
        env = {
            **{key: value for key, value in self.plan["env"].items() if not key.startswith(INVENTED)},
            "PATH": PATH,
            "POD_ADDRESS": addresses[name],
            "POD_JOB": job,
            "POD_HOSTS": " ".join(f"{pod}.{job}" for pod in order),
            "POD_RANKS": str(len(self.plan["ranks"]) // len(addresses)),
        }
        ssh = settings["ssh"]
        files = {"/etc/hosts": f"{self.directory}/hosts", "/etc/ssh": ssh, "/etc/shadow": f"{ssh}/shadow"}
        if name.endswith("-mpimaster-0"):
            return Pod(PodPlan(name, ["/bin/bash", str(PLATFORM), *self.plan["argv"]], env, files, settings["shared"]), out, err)
        log = os.open(f"{self.directory}/{name}.log", os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            return Pod(PodPlan(name, ["/bin/bash", str(PLATFORM)], env, files, settings["shared"]), log, log)
        finally:
            os.close(log)

    def signal_ranks(self) -> None:
        """The master's process 1 only: what becomes of the workers is mpirun's business, and launch's."""
        pods = json.loads((Path(self.directory) / PODS).read_text())["pods"]
        processes.send(pods[0]["pid"], signal.SIGTERM)


def hosts_file(job: str, addresses: Mapping[str, str]) -> str:
    lines = [f"{address}\t{name} {name}.{job} {name}.{job}.ns.svc.cluster.local" for name, address in addresses.items()]
    return "\n".join(["127.0.0.1\tlocalhost", *lines]) + "\n"


def main(directory: str, lock_fd: int, settings: str) -> None:
    """`settings`: path of cluster.json. What goes wrong in the executor is in `executor.log` of the job's directory."""
    PodSupervisor.settings = Path(settings)
    executor.Supervisor = PodSupervisor  # type: ignore[misc]
    os.dup2(os.open(f"{directory}/executor.log", os.O_WRONLY | os.O_CREAT, 0o600), 2)
    executor.main(directory, lock_fd)
