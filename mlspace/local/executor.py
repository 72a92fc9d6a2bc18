"""The executor: the platform's mpirun for one job. A detached process of its own that needs no gateway while it runs.

    gateway ── guardian ── supervisor ── rank 0, rank 1, …

It reads `plan.json` of the job's directory, which says everything (plan.py makes it), appends to `log`, and tells how it goes in
`status.json`. Both its processes hold the lock on `lock`: it is free exactly when the job has no executor any more. The supervisor does
the work; the guardian only waits. Either may be killed with -9: the other then ends the job and everything below it.

SIGTERM ends the job: TERM to the ranks, KILL to all that is left after the grace time.
"""

from __future__ import annotations

import os
import select
import signal
import time

from mlspace.local import namespaces, processes
from mlspace.local.durable import read_json, write_json
from mlspace.local.loglines import Log
from mlspace.local.rank import Rank, start_rank

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

ABORT_GRACE_SECONDS = 10.0
"""After a rank failed, the others have this long between TERM and KILL to end their own steps."""

ORPHAN_GRACE_SECONDS = 2.0
"""The same when the supervisor was killed: its ranks got TERM by its death."""

HANDLED = (signal.SIGTERM, signal.SIGCHLD)


def main(directory: str, lock_fd: int) -> None:
    """Run the job in `directory`; `lock_fd` holds the lock on its `lock`."""
    os.set_inheritable(lock_fd, False)
    processes.become_subreaper()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    guardian = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
    supervisor = os.fork()
    if supervisor == 0:
        code = 1
        try:
            processes.become_subreaper()
            processes.die_with_parent(signal.SIGTERM, guardian)
            Supervisor(directory, guardian).run()
            code = 0
        finally:
            os._exit(code)
    guard(directory, supervisor)


def guard(directory: str, supervisor: int) -> None:
    """Wait for the supervisor, handing SIGTERM on; clean up after it where it could not."""
    signal.signal(signal.SIGTERM, lambda number, frame: processes.send(supervisor, signal.SIGTERM))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
    os.waitpid(supervisor, 0)
    deadline = time.monotonic() + ORPHAN_GRACE_SECONDS
    while processes.descendants(os.getpid()) and time.monotonic() < deadline:
        processes.reap()
        time.sleep(0.01)
    processes.kill_descendants()
    status = read_json(os.path.join(directory, "status.json")) or {}
    if "completed_at" not in status:
        Log(os.path.join(directory, "log")).write([b"mpirun: the job's supervisor was killed"])
        write_json(os.path.join(directory, "status.json"), {**status, "state": "failed", "completed_at": time.time()})


class Supervisor:
    """Starts the ranks, carries their output, ends them."""

    def __init__(self, directory: str, guardian: int) -> None:
        plan = read_json(os.path.join(directory, "plan.json"))
        if plan is None:
            raise OSError(f"{directory}/plan.json: not readable")
        self.plan = plan
        self.directory = directory
        self.guardian = guardian
        self.log = Log(os.path.join(directory, "log"), repeats_tags=plan["repeats_tags"])
        self.ranks: list[Rank] = []
        self.poll = select.poll()
        self.running_at = time.time()
        self.end_state = ""  # decided when the job was told to end; "" while it may end by itself
        self.kill_at: float | None = None
        stop_after = plan["stop_after_seconds"]
        self.stop_at = time.monotonic() + stop_after if stop_after else None
        self.wake_reader, wake_writer = os.pipe()
        for fd in (self.wake_reader, wake_writer):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
        for number in HANDLED:
            signal.signal(number, lambda number, frame: None)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)

    def run(self) -> None:
        self.tell({"state": "running"})
        self.log.write(line.encode() for line in self.plan["head"])
        if self.start():
            self.carry()
        leftovers = processes.kill_descendants()
        self.note_ends(leftovers)
        self.drain()
        codes = [rank.code for rank in self.ranks]
        self.tell({"state": self.final_state(codes), "completed_at": time.time(), "exit_codes": codes})

    def tell(self, status: Mapping[str, Any]) -> None:
        common = {"running_at": self.running_at, "guardian": self.guardian, "supervisor": os.getpid()}
        write_json(os.path.join(self.directory, "status.json"), {**common, **status})

    def final_state(self, codes: list[int | None]) -> str:
        if self.end_state:
            return self.end_state
        if len(codes) == len(self.plan["ranks"]) and not any(codes):
            return str(self.plan["success"])
        return "failed"

    def start(self) -> bool:
        """Start all ranks; False (and the reason in the log) where one cannot be started."""
        argv = self.plan["argv"]
        try:
            namespaces.enter(self.plan["user_namespace"], self.plan["hosts_file"])
            for number, rank in enumerate(self.plan["ranks"]):
                host_name = rank["node"] if self.plan["own_host_name"] else ""
                env = {**self.plan["env"], **rank["env"]}
                started = start_rank(number, argv, env, self.plan["directories"], host_name, self.log, HANDLED)
                self.ranks.append(started)
                for fd in started.streams:
                    self.poll.register(fd, select.POLLIN)
        except OSError as error:
            node = self.plan["ranks"][len(self.ranks)]["node"]
            self.log.write(line.encode(errors="surrogateescape") for line in could_not_execute(argv[0], node, len(self.ranks), error))
            return False
        return True

    def carry(self) -> None:
        """Until the last rank has ended: output into the log, signals and times to the ranks."""
        self.poll.register(self.wake_reader, select.POLLIN)
        self.note_ends(processes.reap())  # ends whose signal came before anybody looked at the pipe
        while any(rank.code is None for rank in self.ranks):
            for fd, _ in self.poll.poll(self.milliseconds_left()):
                if fd == self.wake_reader:
                    if signal.SIGTERM in os.read(fd, 65536):
                        self.end(self.reason_of_end(), self.plan["grace_seconds"])
                    self.note_ends(processes.reap())
                else:
                    self.read(fd)
            now = time.monotonic()
            if self.kill_at is not None and now >= self.kill_at:
                self.kill_at = None
                self.note_ends(processes.kill_descendants())
            if self.stop_at is not None and now >= self.stop_at:
                self.stop_at = None
                self.end("terminated", self.plan["grace_seconds"])

    def milliseconds_left(self) -> int | None:
        times = [moment for moment in (self.kill_at, self.stop_at) if moment is not None]
        return max(0, int((min(times) - time.monotonic()) * 1000) + 1) if times else None

    def reason_of_end(self) -> str:
        """Who wants the job's end: the gateway leaves a mark before its signal; without a guardian nobody is meant to be left."""
        if os.path.exists(os.path.join(self.directory, "deleted")):
            return "deleted"
        return "terminated" if os.getppid() == self.guardian else "failed"

    def end(self, state: str, grace_seconds: float) -> None:
        if not self.end_state:
            self.end_state = state
            self.kill_at = time.monotonic() + grace_seconds
            self.signal_ranks()

    def signal_ranks(self) -> None:
        for rank in self.ranks:
            if rank.code is None:
                processes.send(rank.pid, signal.SIGTERM)

    def note_ends(self, ended: list[tuple[int, int]]) -> None:
        for pid, status in ended:
            for rank in self.ranks:
                if rank.pid == pid and rank.code is None:
                    code = os.waitstatus_to_exitcode(status)
                    rank.code = code if code >= 0 else 128 - code
                    if rank.code and self.kill_at is None and not self.end_state:
                        self.abort(rank)

    def abort(self, rank: Rank) -> None:
        """mpirun ends all ranks when one has failed."""
        self.log.write([f"mpirun: rank {rank.rank} on node {self.plan['ranks'][rank.rank]['node']} exited with code {rank.code}".encode()])
        self.kill_at = time.monotonic() + ABORT_GRACE_SECONDS
        self.signal_ranks()

    def read(self, fd: int) -> bool:
        """Move what is there into the log; False at the end of the stream, or when nothing is there."""
        for rank in self.ranks:
            stream = rank.streams.get(fd)
            if stream is None:
                continue
            try:
                data = os.read(fd, 65536)
            except BlockingIOError:
                return False
            if data:
                stream.feed(data)
                return True
            stream.close()
            del rank.streams[fd]
            self.poll.unregister(fd)
            os.close(fd)
        return False

    def drain(self) -> None:
        """What the ended ranks left in their pipes. A process that could not be killed may hold one open: we do not wait for it."""
        for rank in self.ranks:
            for fd, stream in list(rank.streams.items()):
                while self.read(fd):
                    pass
                stream.close()


def could_not_execute(program: str, node: str, rank: int, error: OSError) -> list[str]:
    """What Open MPI's mpirun says of it, by which tools recognise the case."""
    if error.filename != program:
        return [f"mpirun: rank {rank} could not be started on node {node}: {error}"]
    return [
        "-" * 74,
        "mpirun was unable to launch the specified application as it could not access",
        "or execute an executable:",
        "",
        f"Executable: {program}",
        f"Node: {node}",
        "",
        f"while attempting to start process rank {rank}: {error.strerror}.",
        "-" * 74,
    ]
