"""What scontrol's commands share: one call of it, with its options and its session."""

from __future__ import annotations

from mlspace.commands import documenting
from mlspace.errors import MlspaceError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context
    from mlspace.session import Session
    from mlspace.slurm.request import Component

PROGRAM = "scontrol"


class Call:
    """One scontrol: its options, and the session that its commands share."""

    def __init__(self, context: Context, options: Component) -> None:
        self.context = context
        self.options = options
        self._session: Session | None = None
        self.time_format = context.environ.get("SLURM_TIME_FORMAT", "")
        self.document = documenting.format_of(options)

    @property
    def session(self) -> Session:
        if self._session is None:
            from mlspace.session import Session  # host lists need none

            self._session = Session(self.context)
        return self._session

    @property
    def oneliner(self) -> bool:
        return bool(self.options["oneliner"])

    def miss(self, text: str) -> int:
        """Says that there is not what was asked for, if it is to be said; the exit code."""
        if not self.options["quiet"]:
            self.context.print(text)
        return 1

    def is_missing(self, error: MlspaceError) -> bool:
        return isinstance(error, NoJob)

    def print_records(self, records: Sequence[Sequence[str]]) -> None:
        from mlspace.render.scontrol import record

        for lines in records:
            self.context.print(record(lines, self.oneliner))


class NoJob(UsageError):
    """There is no job of that id; -Q leaves it unsaid."""

    def __init__(self, function: str) -> None:
        super().__init__(f"{function} error: Invalid job id specified")
