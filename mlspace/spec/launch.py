"""LaunchSpec: what `launch` must do, as docs/protocol.md §2 defines it. Plain frozen data; None and empty mean absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class File:
    """An absolute path, % patterns included, and its directory's inode and owner on the submit host (None: not to be compared)."""

    path: str
    inode: int | None = None
    owner: int | None = None


@dataclass(frozen=True)
class Script:
    text: str
    args: Sequence[str] = ()
    name: str = ""


@dataclass(frozen=True)
class Env:
    """mode: "shared" or "image"."""

    mode: str
    set: Mapping[str, str] = field(default_factory=dict)
    unset: Sequence[str] = ()
    named: Sequence[str] = ()


@dataclass(frozen=True)
class Stdio:
    """`in_` is `in` in JSON. open_mode: "truncate" or "append"."""

    in_: File | None = None
    out: File | None = None
    err: File | None = None
    open_mode: str = "truncate"
    label: bool = False


@dataclass(frozen=True)
class Limits:
    """seconds: the time limit. signal: a number, sent `warn` seconds before it. grace: seconds from TERM to KILL.
    no_kill: the job goes on when a node fails. wait_all_nodes: the script starts when all nodes are there."""

    seconds: int | None = None
    signal: int | None = None
    warn: int = 60
    batch_only: bool = False
    grace: int = 30
    no_kill: bool = False
    wait_all_nodes: bool = False


@dataclass(frozen=True)
class Het:
    """A component of a heterogeneous job. ids: job ids of all of them, in order; offset: which one this is; leader: submission of
    component 0; hosts: addresses or names of its first node; meeting: where it writes its addresses; wait: seconds."""

    ids: Sequence[int]
    offset: int
    leader: str
    hosts: Sequence[str] = ()
    meeting: File | None = None
    wait: int = 300


@dataclass(frozen=True)
class Job:
    """What the SLURM_* variables need; lists have one value per node."""

    id: int
    name: str
    user: str
    group: str
    uid: int
    gid: int
    partition: str
    cluster: str
    submit_host: str
    submit_dir: str
    nodes: int
    cpus_per_node: Sequence[int]
    tasks_per_node: Sequence[int]
    memory_per_node: Sequence[int] = ()
    distribution: str = "block"
    gpus_per_node: int = 0
    step_gpus: int | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    restart: int = 0
    het: Het | None = None


@dataclass(frozen=True)
class LaunchSpec:
    """role: "batch", "tasks" or "exec". submission and secret: 32 and 64 hex digits. owner: seconds."""

    role: str
    env: Env
    job: Job | None = None
    script: Script | None = None
    command: Sequence[str] = ()
    shell: str = ""
    work_dir: str = ""
    umask: int | None = None
    rlimits: Mapping[str, int] = field(default_factory=dict)
    stdio: Stdio = Stdio()
    report_file: File | None = None
    limits: Limits = Limits()
    mpi: str = "none"
    step_options: Sequence[str] = ()
    hpcx: str = "auto"
    submission: str = ""
    secret: str = ""
    owner: int | None = None
    commands: str = ""
