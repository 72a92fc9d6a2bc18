"""sbatch: submit a batch script; with --wait, stay until the job has ended and end with its exit code."""

from __future__ import annotations

from mlspace import submission
from mlspace.commands import scripts, submitting
from mlspace.slurm import directives
from mlspace.slurm.request import JobRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context

PROGRAM = "sbatch"


def run(context: Context, argv: Sequence[str]) -> int:
    call = submitting.Call(context, PROGRAM, argv)
    if call.answer is not None:
        context.print(call.answer)
        return 0
    wrap = call.text("wrap")
    script = scripts.read(context, wrap, call.words)
    name = call.words[0] if call.words else "stdin"
    directive_words = directives.read(script.text, name) if wrap is None else [[]]
    component = call.component(directive_words)
    component.values.setdefault("job-name", scripts.job_name(script, wrap))
    request = JobRequest(PROGRAM, [component], script=script)
    session, geometry = submitting.prepare(context, request)
    if component["test-only"]:
        context.warn(submitting.test_only_line(context, session, request, geometry))
        return 0
    job_id = submission.submit(session, request, geometry)
    if component["parsable"]:
        context.print(str(job_id))
    elif not component["quiet"]:
        context.print(f"Submitted batch job {job_id}")
    context.flush()
    return max(map(submitting.exit_code, session.wait_for_all(job_id))) if component["wait"] else 0
