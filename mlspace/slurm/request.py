"""JobRequest: what the user asked for, merged from script, environment and command line.

A request is a list of components, usually one; `#SBATCH hetjob` and ` : ` make more. A component is its options'
values by long name, each with its origin; values are plain JSON data, so a request can be stored and read back.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from mlspace.errors import MlspaceError
    from mlspace.slurm.option import Setting


class Component:
    """One component's options: `component["nodes"]` is the parsed value or None, `component.origin("nodes")` where it stood.

    given: the settings that count, by the names that they were given by. late_errors: what is wrong with values that are
    read only when the job is submitted. Both are of this process alone: they are not stored.
    """

    __slots__ = ("given", "late_errors", "origins", "values")

    def __init__(self, values: Mapping[str, Any] | None = None, origins: Mapping[str, str] | None = None) -> None:
        self.values: dict[str, Any] = dict(values or {})
        self.origins: dict[str, str] = dict(origins or {})
        self.given: dict[str, Setting] = {}
        self.late_errors: dict[str, MlspaceError] = {}

    def __getitem__(self, long: str) -> Any:
        return self.values.get(long)

    def __contains__(self, long: str) -> bool:
        return long in self.values

    def origin(self, long: str) -> str:
        return self.origins.get(long, "default")

    def to_json(self) -> dict[str, Any]:
        return {"values": self.values, "origins": self.origins}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Component:
        return cls(data["values"], data["origins"])


class Script:
    """A batch script: its text, its arguments, and the path it was read from ("" for standard input and --wrap)."""

    __slots__ = ("arguments", "path", "text")

    def __init__(self, text: str, arguments: Sequence[str] = (), path: str = "") -> None:
        self.text = text
        self.arguments = list(arguments)
        self.path = path


class JobRequest:
    """A whole request: `program` (sbatch, srun, salloc) and its components, with a script, a command, or neither (an allocation).

    environment: what takes the place of the submitter's own, of which --export then chooses, or None; not stored with the request.
    """

    __slots__ = ("command", "components", "environment", "program", "script")

    def __init__(
        self, program: str, components: Sequence[Component], script: Script | None = None, command: Sequence[str] | None = None
    ) -> None:
        self.program = program
        self.components = list(components)
        self.script = script
        self.command = None if command is None else list(command)
        self.environment: Mapping[str, str] | None = None

    @property
    def first(self) -> Component:
        return self.components[0]

    def to_json(self) -> dict[str, Any]:
        script = self.script
        return {
            "program": self.program,
            "components": [component.to_json() for component in self.components],
            "script": script and {"text": script.text, "arguments": script.arguments, "path": script.path},
            "command": self.command,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> JobRequest:
        script = data["script"]
        return cls(
            data["program"],
            [Component.from_json(component) for component in data["components"]],
            script and Script(script["text"], script["arguments"], script["path"]),
            data["command"],
        )
