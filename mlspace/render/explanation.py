"""What `mlspace explain` prints of a job: tables for a person to read, made by tabulate."""

from __future__ import annotations

from mlspace.slurm.layout import fold_counts
from mlspace.slurm.option import IGNORED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from mlspace.slurm.geometry import Geometry
    from mlspace.slurm.option import Option

VALUE_WIDTH = 40
NOTE_WIDTH = 56
TEXT_WIDTH = 120

UNEXPLAINED = ("job_desc", "flags", "env_variables")
"""Fields of the body that say nothing to a person."""

LAUNCHER = "the launcher, which reads from the flags what to run"


class Given:
    """An option that has a value: how it was written, where, and what stronger places have overruled."""

    __slots__ = ("option", "origin", "overruled", "text")

    def __init__(self, option: Option, text: str, origin: str, overruled: Sequence[str] = ()) -> None:
        self.option = option
        self.text = text
        self.origin = origin
        self.overruled = list(overruled)


class Outcome:
    """What becomes of a request: its geometry, the request to the platform, and its streams' files as the job will open them.

    defaults: what nobody asked for, option -> (value, where it comes from). variables: how many travel.
    """

    __slots__ = ("body", "defaults", "files", "geometry", "job_id", "minutes", "partition", "variables", "work_dir")

    def __init__(
        self,
        geometry: Geometry,
        body: Mapping[str, Any],
        *,
        partition: str,
        minutes: int | None,
        work_dir: str,
        files: Mapping[str, str],
        variables: int,
        job_id: int,
        defaults: Mapping[str, tuple[str, str]],
    ) -> None:
        self.geometry = geometry
        self.body = body
        self.partition = partition
        self.minutes = minutes
        self.work_dir = work_dir
        self.files = files
        self.variables = variables
        self.job_id = job_id
        self.defaults = defaults


def field(name: str) -> Callable[[Outcome], str]:
    def text(outcome: Outcome) -> str:
        value = outcome.body.get(name)
        return f"{name} {' '.join(value) if isinstance(value, list) else value}"

    return text


def tasks(outcome: Outcome) -> str:
    geometry = outcome.geometry
    return f"{geometry.tasks} tasks on {geometry.nodes} nodes: {fold_counts(geometry.tasks_per_node)}"


def time_limit(outcome: Outcome) -> str:
    return "no limit" if outcome.minutes is None else f"the launcher ends the job after {outcome.minutes} minutes"


def file_of(stream: str) -> Callable[[Outcome], str]:
    def text(outcome: Outcome) -> str:
        return outcome.files.get(stream, "") and f"{outcome.files[stream]}, for a job {outcome.job_id}"

    return text


MEANING: dict[str, Callable[[Outcome], str]] = {
    "nodes": field("n_workers"),
    **dict.fromkeys(("ntasks", "ntasks-per-node", "ntasks-per-gpu"), tasks),
    **dict.fromkeys(("partition", "region"), field("region")),
    **dict.fromkeys(("cpus-per-task", "mem", "mem-per-cpu", "mem-per-gpu", "mincpus", "instance-type"), field("instance_type")),
    **dict.fromkeys(("gres", "gpus", "gpus-per-node", "gpus-per-task", "cpus-per-gpu"), field("instance_type")),
    "image": field("base_image"),
    "nodelist": field("include_nodes"),
    "exclude": field("exclude_nodes"),
    "time": time_limit,
    "input": file_of("in"),
    "output": file_of("out"),
    "error": file_of("err"),
    "chdir": lambda outcome: outcome.work_dir,
    "export": lambda outcome: f"{outcome.variables} variables travel",
}
"""Option -> what becomes of it on MLSpace; the others speak by their note."""


def options_table(options: Sequence[Given], outcome: Outcome | None) -> str:
    """Each option that has a value, then the defaults that matter."""
    rows = []
    for one in options:
        option = one.option
        origin = one.origin + "".join(f"\n(not {text})" for text in one.overruled)
        rows.append([spelled(option.long), one.text, origin, option.support, meaning(option, outcome)])
    for long, (value, origin) in (outcome.defaults if outcome else {}).items():
        rows.append([spelled(long), value, origin, "", MEANING[long](outcome) if outcome and long in MEANING else ""])
    return table(rows, ["option", "value", "from", "status", "on MLSpace"])


def spelled(long: str) -> str:
    return f"--{long}"


def meaning(option: Option, outcome: Outcome | None) -> str:
    long = option.alias_of or option.long
    said = MEANING[long](outcome) if outcome and long in MEANING else ""
    if option.support == IGNORED and not option.note:
        return "it has no effect here"
    return "; ".join(text for text in (said, option.note) if text)


def job_table(outcome: Outcome, image_origin: str) -> str:
    """The job as the platform sees it."""
    geometry, body = outcome.geometry, outcome.body
    size = sum(len(str(value)) for value in body["flags"].values())
    rows: list[Sequence[object]] = [
        ["partition", outcome.partition, f"region {body['region']}"],
        [
            "nodes",
            geometry.nodes,
            f"n_workers {body['n_workers']}, processes_per_worker {body['processes_per_worker']}: a launcher on each",
        ],
        ["tasks", geometry.tasks, f"on the nodes {fold_counts(geometry.tasks_per_node)}; srun starts them"],
        ["CPUs of a node", fold_counts(geometry.cpus_per_node), ""],
        ["memory of a node", f"{max(geometry.memory_mib_per_node)} MiB", ""],
        ["GPUs of a node", geometry.gpus_per_node, ""],
        ["instance_type", body["instance_type"], "of each node"],
        ["base_image", body["base_image"], "the default one" if image_origin == "default" else f"from {image_origin}"],
        ["priority_class", body.get("priority_class", ""), "" if "priority_class" in body else "the platform's default"],
    ]
    shown = ("region", "n_workers", "processes_per_worker", "instance_type", "base_image", "priority_class", "script", *UNEXPLAINED)
    rows += [[name, value, ""] for name, value in body.items() if name not in shown]
    rows.append(["script", body["script"], f"{LAUNCHER} ({size} bytes)"])
    return table(rows, [])


def advice_text(place: str, what: str, better: str) -> str:
    return f"{place}{what}\n    better: {better}"


def paragraph(text: str) -> list[str]:
    """The text in lines that a terminal shows whole."""
    indent = text[: len(text) - len(text.lstrip())]
    return wrap(text, TEXT_WIDTH, indent + "  ").splitlines()


def wrap(text: str, width: int, indent: str = "") -> str:
    """The text in lines of that width; a path that is longer stays whole."""
    import textwrap

    lines = [
        textwrap.fill(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False) for line in text.splitlines()
    ]
    return "\n".join(lines)


def table(rows: Sequence[Sequence[object]], headers: Sequence[str]) -> str:
    from tabulate import tabulate

    *rest, note = zip(*rows, strict=True)
    cells = [*([wrap(str(cell), VALUE_WIDTH) for cell in column] for column in rest), [wrap(str(cell), NOTE_WIDTH) for cell in note]]
    form = "simple" if headers else "plain"
    return tabulate(list(zip(*cells, strict=True)), list(headers), tablefmt=form, disable_numparse=True)
