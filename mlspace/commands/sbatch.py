"""sbatch: submit a batch script; with --wait, stay until the job has ended and end with its exit code."""

from __future__ import annotations

from mlspace import components, following
from mlspace.commands import exportfile, scripts, submitting
from mlspace.slurm import directives, foreign
from mlspace.slurm.request import JobRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context
    from mlspace.slurm.directives import Word

PROGRAM = "sbatch"


def run(context: Context, argv: Sequence[str]) -> int:
    call = submitting.Call(context, PROGRAM, argv)
    if call.answer is not None:
        context.print(call.answer)
        return call.answer_code
    wrap = call.text("wrap")
    script = scripts.read(context, wrap, call.words)
    name = call.words[0] if call.words else "stdin"
    parts = call.components(*(directive_words(context, script.text, name) if wrap is None else ([[]], [])))
    component = parts[0]
    for part in parts:
        part.values.setdefault("job-name", scripts.job_name(script, wrap))
    request = JobRequest(PROGRAM, parts, script=script)
    exportfile.resolve(context, request)
    session, geometries = submitting.prepare(context, request)
    if component["test-only"]:
        if not component["quiet"]:
            context.warn(submitting.test_only_line(context, session, request, geometries[0]))
        return 0
    job_id = components.submit(session, request, geometries)
    if component["parsable"]:
        context.print(str(job_id))
    elif not component["quiet"]:
        context.print(f"Submitted batch job {job_id}")
    context.flush()
    return max(map(submitting.exit_code, following.wait_for_all(session, job_id))) if component["wait"] else 0


def directive_words(context: Context, text: str, name: str) -> tuple[list[list[Word]], list[tuple[str, list[Word]]]]:
    """The words of #SBATCH lines, for each component, and those of #PBS and #BSUB lines."""
    if directives.has_old_separator(text):
        context.warn(f'{PROGRAM}: Warning: the "packjob" component separator is being deprecated. Please, use "hetjob" instead.')
    return directives.read(text, name), directives.read_foreign(text, name, foreign.MARKS)
