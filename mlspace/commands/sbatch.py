"""sbatch: submit a batch script; with --wait, stay until the job has ended and end with its exit code."""

from __future__ import annotations

import os

from mlspace import submission
from mlspace.commands import submitting
from mlspace.errors import MlspaceError
from mlspace.slurm import directives
from mlspace.slurm.request import JobRequest, Script

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.context import Context

PROGRAM = "sbatch"

WRAPPED = "#!/bin/sh\n# This script was created by sbatch --wrap.\n\n{}\n"


def run(context: Context, argv: Sequence[str]) -> int:
    call = submitting.Call(context, PROGRAM, argv)
    if call.answer is not None:
        context.print(call.answer)
        return 0
    wrap = call.text("wrap")
    script = read_script(context, wrap, call.words)
    name = call.words[0] if call.words else "stdin"
    directive_words = directives.read(script.text, name) if wrap is None else [[]]
    component = call.component(directive_words)
    component.values.setdefault("job-name", job_name(script, wrap))
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
    return submitting.exit_code(session.wait(job_id)) if component["wait"] else 0


def read_script(context: Context, wrap: str | None, words: Sequence[str]) -> Script:
    """The script from --wrap, from the file that the first word names, or from standard input."""
    if wrap is not None:
        if words:
            raise MlspaceError("Script arguments not permitted with --wrap option")
        return Script(WRAPPED.format(wrap))
    if not words:
        return Script(directives.decode(context.stdin.read(directives.SIZE_LIMIT + 1)))
    if not words[0]:
        raise MlspaceError("Unable to open file ")
    path = find_script(context, words[0])
    try:
        with open(path, "rb") as file:
            data = file.read(directives.SIZE_LIMIT + 1)
    except IsADirectoryError:
        data = b""  # sbatch calls a directory an empty script
    except OSError as error:
        raise MlspaceError(f"Unable to open file {words[0]}") from error
    return Script(directives.decode(data), words[1:], path)


def find_script(context: Context, name: str) -> str:
    """Absolute path of the script; a bare name that is not in the current directory is looked for on PATH, as sbatch does."""
    here = os.path.join(context.cwd, name)
    if "/" in name or os.access(here, os.R_OK):
        return here
    for directory in context.environ.get("PATH", "").split(":"):
        candidate = os.path.join(directory, name)
        if directory and os.path.isfile(candidate) and os.access(candidate, os.R_OK):
            return candidate
    return here


def job_name(script: Script, wrap: str | None) -> str:
    return "wrap" if wrap is not None else os.path.basename(script.path) or PROGRAM
