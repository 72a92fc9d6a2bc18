"""The output files of a batch job whose nodes do not see them: written here, from the platform's log, when the job has ended."""

from __future__ import annotations

from mlspace.errors import GatewayError
from mlspace.gateway import logs
from mlspace.gateway.loglines import STDERR, program_lines
from mlspace.translate.joboutput import JobOutput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from mlspace.gateway.client import Client
    from mlspace.slurm.job import JobView
    from mlspace.state.registry import Submission

APPEND = "append"


def write(client: Client, submission: Submission, job: JobView, streams: Collection[str]) -> None:
    """Writes the job's "out", "err" or both, as its node would have. What cannot be written is still in the log.

    Raises GatewayError for what may pass.
    """
    err = "err" if job.stream("err") else "out"
    texts: dict[str, list[str]] = {name: [] for name in streams}

    def take(stream: int, rank: int, text: str) -> None:
        name = err if stream == STDERR else "out"
        if name in texts:
            texts[name].append(text)

    try:
        raw = logs.last_lines(client, submission.platform_job, submission.region, logs.ALL_LINES)
    except GatewayError as error:
        if error.transient:
            raise
        raw = [b"[1,0]<stdout>:" + f"the output is lost: {error.lines[0]}\n".encode()]
    output = JobOutput(take, keeps_untagged=True)
    for line in program_lines(b"".join(raw)):
        output.feed(line)
    output.close(is_explained=True)
    how = "a" if job.option("open-mode") == APPEND else "w"
    for name, lines in texts.items():
        try:
            with open(job.stream(name), how, encoding="utf-8", errors="surrogateescape", newline="") as file:
                file.writelines(lines)
        except OSError:
            pass  # the directory is gone, or full; mlspace logs shows what is lost
