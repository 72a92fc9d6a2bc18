"""scontrol write: a job's batch script."""

from __future__ import annotations

from mlspace.errors import BadValue, MlspaceError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.commands.controlling import Call
    from mlspace.slurm.request import Script

SHORTEST = 5
"""Letters of a word behind `write` at least, as 22.05 has it for `batch_script`."""


def write(call: Call, words: Sequence[str]) -> int:
    """`write batch_script ID [FILE]`. Slurm's exit code is 0 whatever comes of it."""
    what = words[0].lower()
    if what == "config":
        raise MlspaceError("write config: there is no slurm.conf here; show config tells what it would say")
    if len(what) < SHORTEST or not "batch_script".startswith(what):
        raise UsageError(f"invalid write argument:{words[0]}")
    if len(words) == 1:
        return 0
    context = call.context
    try:
        job_id = call.session.job_id(words[1].partition("_")[0])
    except BadValue:
        job_id = 0
    script = script_of(call, job_id)
    if script is None:
        context.warn("job script retrieval failed: Invalid job id specified")
        return 0
    target = words[2] if len(words) > 2 else f"slurm-{job_id}.sh"
    if target == "-":
        context.write(script.text)
        return 0
    try:
        with open(target, "wb") as file:
            file.write(script.text.encode("utf-8", "surrogateescape"))
    except OSError as error:
        context.warn(f"failed to open file `{target}`: {error.strerror}")
        return 0
    context.print(f"batch script for job {job_id} written to {target}")
    return 0


def script_of(call: Call, job_id: int) -> Script | None:
    """None where there is no such job, or it has no script."""
    import json

    from mlspace.slurm.request import JobRequest

    if call.session.registry.job(job_id) is None:
        return None
    return JobRequest.from_json(json.loads(call.session.registry.stored(job_id)[0])).script
