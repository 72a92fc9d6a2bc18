"""The embedded gateway as one object: a state directory, a cluster, a socket. One gateway per directory."""

from __future__ import annotations

import fcntl
import os
import pwd
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from mlspace.errors import StateError
from mlspace.local import names
from mlspace.local.account_calls import AccountCalls
from mlspace.local.api import Api
from mlspace.local.auth import TOKEN_SECONDS, Credentials, Door
from mlspace.local.faults import Faults
from mlspace.local.habits import EASY, HARD
from mlspace.local.job_calls import JobCalls
from mlspace.local.jobs import JobStore
from mlspace.local.limiter import Limiter
from mlspace.local.offers import OfferPool, by_region
from mlspace.local.older_calls import OlderCalls
from mlspace.local.placement import NodePool
from mlspace.local.plan import Account
from mlspace.local.recorder import Recorder
from mlspace.local.scheduler import Rules, Scheduler
from mlspace.local.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlspace.local.faults import Rule
    from mlspace.local.offers import Offer
    from mlspace.local.placement import Pool
    from mlspace.local.shape import Shape

LOCK_SECONDS = 3.0
"""A gateway that was just told to end, or a probe of its lock, is gone by then."""


class Options(NamedTuple):
    """How to serve. quick: leave out what only costs people time. idle_seconds: end after so long without work or questions; 0 never.

    offers: the platform's instance types instead of the shape's. gpu_quota: see Rules; None stands for all GPUs that there are, and,
    where it is quick, for no limit. record: a file for what is asked and answered (recorder.py).
    """

    host: str
    port: int
    credentials: Credentials
    quick: bool = False
    kill_grace_seconds: float = 40.0
    token_seconds: int = TOKEN_SECONDS
    idle_seconds: float = 0.0
    names: str = ""
    faults: Sequence[Rule] = ()
    offers: Sequence[Offer] = ()
    gpu_quota: int | None = None
    record: str = ""


def lock_state(directory: str) -> int:
    """Make the state directory (0700) and hold its lock until the process ends; the lock's descriptor. Raises StateError."""
    try:
        os.makedirs(directory, 0o700, exist_ok=True)
        fd = os.open(os.path.join(directory, "gateway.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StateError(f"cannot write the state directory {directory}: {error.strerror}") from error
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(fd)
                raise StateError(f"another gateway serves {directory}") from None
            time.sleep(0.02)
        else:
            return fd


def account() -> Account:
    """Whom jobs run as. A uid without a passwd entry (containers) is its number, at home in /."""
    try:
        entry = pwd.getpwuid(os.getuid())
    except KeyError:
        return Account(str(os.getuid()), "/", "/bin/sh")
    return Account(entry.pw_name, entry.pw_dir or "/", entry.pw_shell or "/bin/sh")


class Gateway:
    """Made with the state's lock held and no threads yet; listens from then on."""

    def __init__(self, directory: str, shape: Shape, options: Options) -> None:
        self.directory = directory
        self.shape = shape
        self.options = options
        try:
            store = JobStore(os.path.join(directory, "jobs"))
            self.naming = names.decide(shape.nodes, directory, options.names)
        except OSError as error:
            raise StateError(f"cannot write the state directory {directory}: {error.strerror}") from error
        pools: list[Pool] = [OfferPool(region, self.naming.names, offers) for region, offers in by_region(options.offers).items()]
        pools = pools or [NodePool(shape, self.naming.names)]
        quota = sum(pool.gpus for pool in pools) if options.gpu_quota is None and not options.quick else options.gpu_quota
        rules = Rules(options.kill_grace_seconds, quota, repeats_tags=not options.quick)
        self.scheduler = Scheduler(store, pools, self.naming, account(), rules)
        door = Door(options.credentials, options.token_seconds)
        limiter = Limiter(enforced=not options.quick)
        jobs = JobCalls(self.scheduler, EASY if options.quick else HARD)
        account_calls = AccountCalls(self.scheduler, door, limiter)
        api = Api(door, limiter, account_calls, jobs, OlderCalls(jobs, account_calls))
        try:
            recorder = Recorder(options.record, options.credentials) if options.record else None
        except OSError as error:
            raise StateError(f"cannot write {options.record}: {error.strerror}") from error
        try:
            self.server = Server(options.host, options.port, api, Faults(options.faults), recorder)
        except OSError as error:
            raise StateError(f"cannot listen on {options.host} port {options.port}: {error.strerror}") from error

    @property
    def port(self) -> int:
        return self.server.server_port

    def start(self) -> None:
        """Take over what an earlier gateway left, and answer from now on, in threads of their own."""
        self.scheduler.adopt()
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 60}, daemon=True).start()

    def serve(self, leave: Callable[[], bool]) -> None:
        """Until SIGTERM, SIGINT, or nothing was to do for the idle time and `leave` says that nobody is just coming."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, frame: stop.set())
        self.start()
        idle = self.options.idle_seconds
        while not stop.wait(min(max(idle / 10, 0.05), 30) if idle else None):
            if idle and self.idle_seconds() >= idle and leave():
                break
        # Threads that still answer end with the process; jobs go on, and the next gateway adopts them.
        sys.stdout.flush()

    def idle_seconds(self) -> float:
        return 0.0 if self.scheduler.unfinished else self.server.activity.idle_seconds()
