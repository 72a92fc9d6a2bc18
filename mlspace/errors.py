"""What can go wrong, as exceptions that know their text and their exit code.

    MlspaceError               anything said to the user as "<program>: error: <line>" for each of its lines
    ├── UsageError             the command line is wrong; carries the whole text to print, without a program prefix where Slurm has none
    ├── BadValue               a value that cannot be read: the offending text, not yet where it stood
    ├── ConfigError            configuration or credentials
    ├── StateError             the registry or a file of ours cannot be read or written
    ├── RequestRefused         a request that is understood and cannot be run (geometry, partition, limits)
    └── GatewayError           MLSpace answered with an error, or not at all (gateway/errors.py has its kinds)

Only entry.py turns them into text on stderr and an exit code; everyone else raises.
"""

from __future__ import annotations


class MlspaceError(Exception):
    """An error with one or more lines for the user; `lines[0]` is the error, the rest says what would work.

    has_own_code: whether its exit code stays what it is where the user chose another one for failures (SLURM_EXIT_ERROR).
    """

    exit_code = 1
    has_own_code = False

    def __init__(self, *lines: str, exit_code: int | None = None) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines
        if exit_code is not None:
            self.exit_code = exit_code
            self.has_own_code = True

    def stderr_lines(self, program: str) -> list[str]:
        """What is printed on stderr."""
        return [f"{program}: error: {line}" for line in self.lines]


class UsageError(MlspaceError):
    """The command line is wrong. Its lines are printed as they are: Slurm prefixes some and not others."""

    has_own_code = True

    def stderr_lines(self, program: str) -> list[str]:
        return list(self.lines)


class BadValue(MlspaceError):
    """`text` is not a valid value. The option reader adds the option, where it stood, and Slurm's sentence.

    Lines given here are Slurm's own for this case and take the place of the option's usual sentence (`explained`), and the
    exit code that of its row, where one is given; `before` is a line that Slurm prints before its sentence, without its name.
    """

    def __init__(self, text: str, *lines: str, before: str = "", exit_code: int | None = None) -> None:
        super().__init__(*(lines or (f"invalid value: {text}",)))
        self.text = text
        self.explained = bool(lines)
        self.before = before
        self.own_exit_code = exit_code


class ConfigError(MlspaceError):
    """Configuration or credentials are missing, unreadable, or contradict each other."""


class StateError(MlspaceError):
    """A file of ours (registry, runtime directory, spec) cannot be read or written."""


class RequestRefused(MlspaceError):
    """A request that is understood but cannot be run here; the second line says what is nearest.

    reason: Slurm's reason alone, where its line has something before it that a submission says.
    warnings: what Slurm says before the refusal, without the program's name.
    """

    def __init__(self, *lines: str, reason: str = "") -> None:
        super().__init__(*lines)
        self.reason = reason
        self.warnings: list[str] = []


AT_LIMIT, NO_ROOM = "limit", "room"


class GatewayError(MlspaceError):
    """MLSpace answered with an error or not at all.

    transient: trying the same call again later may succeed.
    outcome_unknown: the call may have taken effect although no answer came (a lost POST).
    retry_after: seconds that the server asked to wait, or None.
    shortage: of a job refused for what others hold, AT_LIMIT (of the workspace, project, quota) or NO_ROOM; "" of any other error.
    """

    def __init__(self, *lines: str, status: int | None = None, transient: bool = False, outcome_unknown: bool = False) -> None:
        super().__init__(*lines)
        self.status = status
        self.transient = transient
        self.outcome_unknown = outcome_unknown
        self.retry_after: float | None = None
        self.shortage = ""

    @property
    def passes(self) -> bool:
        """Whether the job that was to be submitted may still come to be: it was taken, or will be when it is sent again."""
        return self.transient or self.outcome_unknown or bool(self.shortage)

    @property
    def is_away(self) -> bool:
        """Whether nobody's calls are answered now: no connection, too many calls, or what stands before MLSpace cannot reach it."""
        return self.transient and not self.shortage and self.status in (None, 429, 502, 503, 504)
