"""sacct's tables: which columns, and how they are laid out. Source: sacct(1); sacct 22.05."""

from __future__ import annotations

from mlspace.render.accounting_fields import FIELDS, Field
from mlspace.render.width import cut, length, pad, read_width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from typing import Any

DEFAULT = "jobid,jobname,partition,account,alloccpus,state,exitcode"
BRIEF = "jobid,state,exitcode"
LONG = (
    "jobid,jobidraw,jobname,partition,maxvmsize,maxvmsizenode,maxvmsizetask,avevmsize,maxrss,maxrssnode,maxrsstask,averss,maxpages,"
    "maxpagesnode,maxpagestask,avepages,mincpu,mincpunode,mincputask,avecpu,ntasks,alloccpus,elapsed,state,exitcode,avecpufreq,"
    "reqcpufreqmin,reqcpufreqmax,reqcpufreqgov,reqmem,consumedenergy,maxdiskread,maxdiskreadnode,maxdiskreadtask,avediskread,"
    "maxdiskwrite,maxdiskwritenode,maxdiskwritetask,avediskwrite,reqtres,alloctres,tresusageinave,tresusageinmax,tresusageinmaxnode,"
    "tresusageinmaxtask,tresusageinmin,tresusageinminnode,tresusageinmintask,tresusageintot,tresusageoutmax,tresusageoutmaxnode,"
    "tresusageoutmaxtask,tresusageoutave,tresusageouttot"
)


class Column:
    """A field in a list, with its width (0 shows nothing) and side."""

    __slots__ = ("field", "left", "width")

    def __init__(self, field: Field, width: int, left: bool) -> None:
        self.field = field
        self.width = width
        self.left = left

    def fit(self, text: str) -> str:
        """A text that is too long ends in a +."""
        if length(text) > self.width:
            text = cut(text, max(0, self.width - 1)) + "+" * (self.width > 0)
        return pad(text, self.width, not self.left)

    def head(self) -> str:
        return self.fit(self.field.name[: self.width])


def joined(first: str, second: str) -> str:
    """Two lists of fields, or of jobs, as one."""
    return f"{first},{second}"


def read_format(text: str, known: Sequence[Field] = FIELDS) -> list[Column] | str:
    """Columns of "jobid%20,state,elapsed%-10"; the item that is no field, as it was written, if there is one.

    known: the fields that there are; "all" means all of sacct's. A field may be abbreviated; an empty item ends the list. A field has one
    width: the last that is given counts wherever it stands.
    Source: sacct(1) --format; sacct 22.05.
    """
    fields: list[Field] = []
    sizes: dict[str, str] = {}
    for item in text.split(","):
        name, percent, size = item.strip().partition("%")
        if not name:
            break
        is_all = known is FIELDS and "all".startswith(name.lower())
        found = known if is_all else [field for field in (find(name.lower(), known),) if field is not None]
        if not found:
            return item
        fields += found
        if percent:
            sizes.update((field.name, size) for field in found)
    return [Column(field, *width_of(field, sizes.get(field.name))) for field in fields]


def width_of(field: Field, size: str | None) -> tuple[int, bool]:
    """Width, and whether the text stands on the left, by what stands behind the %: "20", "-20"; what is no number is 0."""
    if size is None:
        return field.width, field.left
    digits = size.removeprefix("-")
    return read_width(digits) if digits.isdecimal() and digits.isascii() else 0, size.startswith("-")


def needs_steps(columns: Collection[Column]) -> bool:
    return any(column.field.steps for column in columns)


def find(name: str, known: Sequence[Field] = FIELDS) -> Field | None:
    by_name = {field.name.lower(): field for field in known}
    return by_name.get(name) or next((field for key, field in by_name.items() if key.startswith(name)), None)


def lines(columns: Sequence[Column], rows: Iterable[Any], header: bool) -> list[str]:
    """The table, in columns with a blank behind each; without a column, empty lines."""
    names = [column.head() for column in columns]
    rules = ["-" * column.width for column in columns]
    cells = [[column.fit(column.field.value(row)) for column in columns] for row in rows]
    ending = " " if columns else ""
    return [" ".join(line) + ending for line in ([names, rules] if header else []) + cells]


def parsable(columns: Sequence[Column], rows: Iterable[Any], header: bool, delimiter: str, ending: bool) -> list[str]:
    """The table with a delimiter between the fields, and behind the last one if `ending`."""
    cells = [[column.field.value(row) for column in columns] for row in rows]
    names = [[column.field.name for column in columns]] if header else []
    return [delimiter.join(line) + delimiter * ending for line in names + cells]


def field_names(known: Sequence[Field] = FIELDS) -> list[str]:
    """--helpformat: four names a line."""
    names = [field.name for field in known]
    return [" ".join(f"{name:<19}" for name in names[start : start + 4]) for start in range(0, len(names), 4)]
