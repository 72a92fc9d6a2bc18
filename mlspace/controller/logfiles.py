"""The output files of a batch job whose nodes do not see them: written here, from the platform's log, while it runs and at its end.

What a log says in its order is what the files get, so a file's length tells how far it was written: whoever reads the log anew, after a
kill or beside another process, goes on there.
"""

from __future__ import annotations

import fcntl
import os

from mlspace.errors import GatewayError
from mlspace.gateway import logs
from mlspace.gateway.loglines import STDERR, program_lines
from mlspace.state.files import output_path
from mlspace.translate.joboutput import JobOutput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from mlspace.gateway.client import Client
    from mlspace.slurm.job import JobView
    from mlspace.state.registry import Submission

APPEND = "append"
"""Of --open-mode. Others may write to such a file, too; it is written at the job's end, at once."""

KNOWN_BYTES = 1024
"""So much of a file's beginning tells whether a log still has its own, and so much of its end is looked for where it has not."""


def is_appended(job: JobView) -> bool:
    return bool(job.option("open-mode") == APPEND)


class Output:
    """A job's "out", "err" or both, as its node would have written them. What cannot be written is still in the log."""

    def __init__(self, state_dir: str, submission: Submission, job: JobView, streams: Collection[str]) -> None:
        one_file = not job.stream("err") or job.stream("err") == job.stream("out")
        self.err = "out" if one_file else "err"
        self.mark = output_path(state_dir, submission.submission)
        self.paths = {name: job.stream(name) for name in streams}
        self.told = dict.fromkeys(streams, 0)  # bytes that take() was given of each
        self._pending: dict[str, list[bytes]] = {name: [] for name in streams}

    def take(self, stream: int, rank: int, text: str) -> None:
        """A line of the program's, in the order of the log."""
        name = self.err if stream == STDERR else "out"
        if name in self._pending:
            self._pending[name].append(text.encode("utf-8", "surrogateescape"))

    def write(self) -> None:
        """What was taken, as far as the files do not have it."""
        for name, pieces in self._pending.items():
            data = b"".join(pieces)
            self._pending[name] = []
            try:
                self._write_at(name, self.told[name], data)
            except OSError:
                pass  # the directory is gone, or full; mlspace logs shows what is lost
            self.told[name] += len(data)

    def taken(self, name: str) -> list[bytes]:
        return self._pending[name]

    def _write_at(self, name: str, position: int, data: bytes) -> None:
        file = os.open(self.paths[name], os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            mark = f"{self.mark}.{name}"
            if not os.path.exists(mark):  # nobody has begun: what was there before goes; killed here, it is begun again
                os.ftruncate(file, 0)
                os.close(os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
            have = os.fstat(file).st_size
            if position == 0 and have:
                data = behind(os.pread(file, KNOWN_BYTES, 0), os.pread(file, KNOWN_BYTES, max(0, have - KNOWN_BYTES)), have, data)
            else:
                data = data[max(0, have - position) :]
            while data:
                data = data[os.write(file, data) :]
        finally:
            os.close(file)


def behind(first: bytes, last: bytes, have: int, text: bytes) -> bytes:
    """What of a log's text a file does not have that begins and ends so.

    A log that has lost its beginning is found in the file by the file's end; where that is not in it, all of it is new.
    """
    if text.startswith(first[: len(text)]):
        return text[have:]
    found = text.rfind(last)
    return text if found < 0 else text[found + len(last) :]


def write(client: Client, state_dir: str, submission: Submission, job: JobView, streams: Collection[str]) -> None:
    """Brings the files to their ends, when the job has ended. Raises GatewayError for what may pass."""
    try:
        raw = logs.last_lines(client, submission.platform_job, submission.region, logs.ALL_LINES)
    except GatewayError as error:
        if error.transient:
            raise
        raw = [b"[1,0]<stdout>:" + f"the output is lost: {error.lines[0]}\n".encode()]
    files = Output(state_dir, submission, job, streams)
    output = JobOutput(files.take, keeps_untagged=True)
    for line in program_lines(b"".join(raw)):
        output.feed(line)
    output.close(is_explained=True)
    if is_appended(job):
        append(files)
    else:
        files.write()


def append(files: Output) -> None:
    for name, path in files.paths.items():
        try:
            with open(path, "ab") as file:
                file.writelines(files.taken(name))
        except OSError:
            pass  # as in write
