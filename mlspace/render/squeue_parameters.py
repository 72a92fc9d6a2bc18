"""What `squeue -v` heads its listing with: the options as it took them. Source: squeue 22.05."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mlspace.slurm.request import Component

RULE = "-----------------------------"


def parameters(options: Component, texts: Mapping[str, str | None], ids: Collection[object], uid: int) -> str:
    """texts: the options' values as they were written. ids: the jobs that are asked for; nothing where steps are. uid: the caller's."""

    def text(long: str) -> str:
        return str(options[long] if long in ("jobs", "steps") and options[long] else texts.get(long) or "(null)")

    def flag(long: str) -> str:
        return "true" if options[long] else "false"

    users = str(uid) if options["me"] else text("user")
    lines = (
        *(("all", flag("all")), ("array", flag("array")), ("federation", flag("federation")), ("format", text("format"))),
        *(("iterate", options["iterate"] or 0), ("job_flag", int(bool(ids))), ("jobs", text("jobs"))),
        *(("licenses", text("licenses")), ("local", flag("local")), ("names", text("name")), ("nodes", options["nodelist"] or "")),
        *(("partitions", text("partitions")), ("priority", flag("priority")), ("reservation", text("reservation"))),
        *(("sibling     ", flag("sibling")), ("sort", text("sort")), ("start_flag", int(bool(options["start"])))),
        *(("states", text("states")), ("step_flag", int("steps" in options)), ("steps", text("steps"))),
        *(("users", users), ("verbose", options["verbose"])),
    )
    chosen = [f"job_list[{place}] = {one}" for place, one in enumerate(ids)]
    return "\n".join([RULE, *(f"{name:<11} = {value}" for name, value in lines), *chosen, RULE, "", ""])
