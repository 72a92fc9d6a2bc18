"""What an mpirun command line asks for: programs with their ranks, nodes, variables, and which way of starting them it needs."""

from __future__ import annotations

from mlspace.errors import BadValue, RequestRefused, UsageError
from mlspace.mpi import messages, values
from mlspace.mpi.options import COUNTS_ON_NODE, OPEN_MPI, PROGRAM, START_BY, WANTS_NODE
from mlspace.slurm.option import IGNORED, REFUSED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mlspace.mpi.commandline import Part
    from mlspace.slurm.option import Option, Setting

PLATFORM, NODE = values.STARTERS

OF_NODE = frozenset(option.long for option in COUNTS_ON_NODE)
LONE_NAMES = ("localhost", "127.0.0.1")
"""Names that every node answers to: they ask for a node, and not for one in particular."""


class Program:
    """One program of the command line: its words, and its number of ranks, None where it is not said."""

    __slots__ = ("ranks", "words")

    def __init__(self, words: Sequence[str], ranks: int | None) -> None:
        self.words = list(words)
        self.ranks = ranks


class MpiRequest:
    """The whole command line. `value(long)` is an option's value, the last one or all together; None where it was not given.

    ours: settings of the options that Open MPI does not have, for slurm.values.collect.
    Raises UsageError with Open MPI's words, and RequestRefused for what there is not in a job.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self.values: dict[str, Any] = {}
        self.spelled: dict[str, Setting] = {}
        self.ours: list[Setting] = []
        self.programs: list[Program] = []
        for part in parts:
            given: dict[str, Any] = {}
            for setting in part.settings:
                self.take(setting, given)
            if part.words:
                self.programs.append(Program(part.words, given.get("np")))
                if (given.get("np") or 0) < 0:
                    raise UsageError(*messages.negative_ranks(part.words[0], given["np"]))
        self.values.pop("np", None)
        if not parts:
            raise UsageError(*messages.nothing_to_do())

    def take(self, setting: Setting, given: dict[str, Any]) -> None:
        option = setting.option
        if option.support == REFUSED and option in OPEN_MPI:
            raise RequestRefused(option.refusal)
        self.spelled[option.long] = setting
        if option.long == START_BY:
            self.values[START_BY] = read(setting)
        elif option not in OPEN_MPI:
            self.ours.append(setting)
        if option not in OPEN_MPI:
            return
        name = option.alias_of or option.long
        value = read(setting)
        if option.add is not None and name in self.values:
            value = option.add(self.values[name], value)
        elif name == "map-by" and name in self.values:
            value = {**self.values[name], **value}
        self.values[name] = given[name] = value

    def value(self, long: str) -> Any:
        return self.values.get(long)

    @property
    def first_words(self) -> list[str]:
        return self.programs[0].words

    @property
    def ranks(self) -> int | None:
        """Of all programs together; None where one does not say."""
        counts = [program.ranks for program in self.programs]
        return None if None in counts else sum(count for count in counts if count is not None)

    @property
    def per_node(self) -> int | None:
        told = self.value("npernode") or (self.value("map-by") or {}).get("per_node")
        return None if told is None else int(told)

    @property
    def oversubscribes(self) -> bool:
        return bool(self.value("oversubscribe") or (self.value("map-by") or {}).get("oversubscribe"))

    @property
    def cpus_per_rank(self) -> int | None:
        told = (self.value("map-by") or {}).get("cpus") or self.value("cpus-per-proc")
        return None if told is None else int(told)

    @property
    def starter(self) -> str | None:
        """--start-by, where it was given."""
        told: str | None = self.value(START_BY)
        return told

    def needs_node(self) -> str:
        """Why only the node's own mpirun can do it; "" where the platform's can."""
        if len(self.programs) > 1:
            return "several programs"
        for option in WANTS_NODE:
            if option.long in self.spelled:
                return self.spelled[option.long].spelling
        mapping = self.value("map-by") or {}
        return f"--map-by {self.spelled_mapping()}" if mapping.get("policy") == values.OTHER else ""

    def spelled_mapping(self) -> str:
        for long in ("map-by", "ppr"):
            if long in self.spelled:
                return self.spelled[long].text or ""
        return ""

    def warnings(self, starter: str) -> list[str]:
        """What has no effect where the ranks are started by PLATFORM or NODE."""
        lines = []
        for long, setting in self.spelled.items():
            option = setting.option
            if option not in OPEN_MPI:
                continue
            if option.support == IGNORED:
                lines.append(f"warning: {setting.spelling} is ignored: {option.note}")
            elif long in OF_NODE and starter == PLATFORM and (long, setting.text) != ("bind-to", "none"):
                said = f"warning: {setting.spelling} is ignored: the platform's mpirun has been started already"
                lines.append(f"{said}; --{START_BY}=node has the job's own, which honours it")
        return lines


def read(setting: Setting) -> Any:
    option, text = setting.option, setting.text
    if option.parse is None:
        return True if text is None else text
    try:
        return option.parse(text or "")
    except BadValue as error:
        raise complaint(option, text or "", setting.spelling) from error


def complaint(option: Option, text: str, spelling: str) -> UsageError:
    """Open MPI's words for a bad value, by the name that it has for the option."""
    name = option.alias_of or option.long
    if name == "map-by" and option.long != "ppr" and not text.lower().startswith("ppr"):
        return UsageError(*messages.unknown_policy("mapping", text))
    shown = text.replace("\0", " ")
    if name in ("np", "npernode", "timeout", "cpus-per-proc", "npersocket"):
        return UsageError(*messages.wrong_format(name, shown))
    metavar = "ppr:N:node" if name == "map-by" else option.metavar
    expected = " or ".join(values.STARTERS) if name == START_BY else metavar
    return UsageError(f"{PROGRAM}: error: {spelling} {shown}: not a valid value", f"{PROGRAM}: error:   what would work: {expected}")
