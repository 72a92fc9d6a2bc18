"""A job's log, by whatever a user calls the job: its last lines, all there are now, or all until it has ended."""

from __future__ import annotations

from mlspace import platformjob
from mlspace.errors import MlspaceError
from mlspace.gateway import logs
from mlspace.gateway.loglines import program_lines
from mlspace.translate.joboutput import JobOutput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlspace.gateway.loglines import Line
    from mlspace.session import Session
    from mlspace.slurm.job import JobView

REPORT_LINES = 8
"""Raw lines that may stand between a program's last lines, and are not its own: reports, with an empty line before each."""


class JobLog:
    """The log of the job that `text` names: an id, an element of an array, or the platform's name. Raises MlspaceError.

    region: of a job that was not submitted from here, where the platform does not tell it.
    """

    def __init__(self, session: Session, text: str, region: str | None) -> None:
        self.session = session
        self.text = text
        self.job: JobView | None = None
        self.name, self.region = self._find(text, region)

    def _find(self, text: str, region: str | None) -> tuple[str, str]:
        name, self.job = platformjob.find(self.session, text)
        return name, self.job.region if self.job else region or self._region_of(name)

    def _region_of(self, name: str) -> str:
        told = self.session.gateway().job(name).region or self.session.config["region"]
        if not told:
            raise MlspaceError(f"MLSpace does not tell the region of {name}", "  say it: --region REGION")
        return told

    def lines(self, count: int | None, follow: bool) -> Iterator[tuple[int, str]]:
        """The program's lines, each with its stream (1 or 2): the last `count`, or all, that there are; `follow`: and those to come."""
        last: list[bytes] = []
        if count or not follow:
            last = self._last(count and count + REPORT_LINES)
            shown = list(texts(program_lines(b"".join(last))))
            yield from shown[-count:] if count else shown
        if follow:
            context, client = self.session.context, self.session.gateway()
            yield from texts(logs.follow(client, self.name, self.region, context.sleep, self.session.warn_of, after=last))

    def raw(self, count: int | None, follow: bool) -> Iterator[tuple[int, str]]:
        """As `lines`, as the platform gives them, with times and ranks."""
        last: list[bytes] = []
        if count or not follow:
            last = self._last(count)
            yield from ((1, line.decode("utf-8", "surrogateescape")) for line in last)
        if follow:
            context, client = self.session.context, self.session.gateway()
            for raw in logs.follow_raw(client, self.name, self.region, context.sleep, self.session.warn_of, after=last, with_times=True):
                yield 1, raw.decode("utf-8", "surrogateescape")

    def _last(self, count: int | None) -> list[bytes]:
        return logs.last_lines(self.session.gateway(), self.name, self.region, count or logs.ALL_LINES)

    def why_there_is_nothing(self) -> str:
        """A sentence, as far as we know; else ""."""
        if self.job is None:
            return ""
        if self.job.is_pending:
            return f"job {self.text} has not started ({self.job.reason})"
        path = self.job.stream("out")
        return f"the output of job {self.text} is in {path}" if path else ""


def texts(lines: Iterable[Line]) -> Iterator[tuple[int, str]]:
    """The program's lines, each with its stream, without reports; each as soon as it is sure to be the program's."""
    found: list[tuple[int, str]] = []
    output = JobOutput(lambda stream, rank, text: found.append((stream, text)), keeps_untagged=False)
    for line in lines:
        output.feed(line)
        yield from found
        found.clear()
    output.close(is_explained=True)
    yield from found
