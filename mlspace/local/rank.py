"""One rank: a process in a session of its own, with a node's host name and nothing else of its starter."""

from __future__ import annotations

import os
import signal

from mlspace.local import namespaces, processes
from mlspace.local.loglines import TaggedStream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlspace.local.loglines import Log

DEFAULT_SIGNALS = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
"""Ignored by Python or by whoever started the gateway; what is ignored stays ignored over exec."""


class Rank:
    """A started rank: its pid, and its two streams on their way into the log. `code`: its exit code (128 + signal), None while it runs."""

    def __init__(self, rank: int, pid: int, streams: Mapping[int, TaggedStream]) -> None:
        self.rank = rank
        self.pid = pid
        self.streams = dict(streams)
        self.code: int | None = None


def start_rank(
    rank: int, argv: Sequence[str], env: Mapping[str, str], directories: Sequence[str], host_name: str, log: Log, give_up: Sequence[int]
) -> Rank:
    """Fork and exec. `host_name` "" leaves the machine's; the first of `directories` that can be entered is the working directory.

    `give_up`: signals that the executor blocks, unblocked again here. Raises OSError when the program cannot be executed.
    """
    out_reader, out_writer = os.pipe()
    err_reader, err_writer = os.pipe()
    failure_reader, failure_writer = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        stage = b"start"
        try:
            os.setsid()
            processes.die_with_parent(signal.SIGTERM, parent)
            if host_name:
                namespaces.take_host_name(host_name)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(out_writer, 1)
            os.dup2(err_writer, 2)
            enter_first(directories)
            os.umask(0o022)
            for number in DEFAULT_SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, give_up)
            stage = b"exec"
            os.execvpe(argv[0], list(argv), dict(env))
        except OSError as error:
            os.write(failure_writer, b"%s %d" % (stage, error.errno or 0))
        finally:
            os._exit(127)
    for fd in (out_writer, err_writer, failure_writer):
        os.close(fd)
    with open(failure_reader, "rb") as file:
        failure = file.read()
    if failure:
        os.close(out_reader)
        os.close(err_reader)
        stage, code = failure.split()
        raise OSError(int(code), os.strerror(int(code)), argv[0] if stage == b"exec" else None)
    for fd in (out_reader, err_reader):
        os.set_blocking(fd, False)
    return Rank(rank, pid, {out_reader: TaggedStream(log, rank, "stdout"), err_reader: TaggedStream(log, rank, "stderr")})


def enter_first(directories: Sequence[str]) -> None:
    for directory in directories:
        try:
            os.chdir(directory)
        except OSError:
            continue
        return
