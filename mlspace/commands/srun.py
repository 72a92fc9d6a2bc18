"""srun: run a parallel program, in an allocation of its own or in a job that runs.

Where the first node's runtime directory is on this host, `launch srun` does the work and this process becomes it: for a job at
once, for an allocation of its own as soon as that has started. Elsewhere the program runs as role `tasks`, and its log is followed.
"""

from __future__ import annotations

import os

from mlspace import following, submission
from mlspace.allocating import Allocation
from mlspace.commands import step_output, submitting
from mlspace.context import Interrupted
from mlspace.errors import BadValue, MlspaceError, RequestRefused, UsageError
from mlspace.slurm.request import JobRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

    from mlspace.context import Context
    from mlspace.session import Session
    from mlspace.slurm.geometry import Geometry
    from mlspace.slurm.request import Component

PROGRAM = "srun"

COMPONENTS_LATER = "a step of several components is not supported yet outside of a job: sbatch submits them"

DECIDED = ("nodes", "ntasks", "hpcx", "exclusive")
"""Options of which `launch srun` is told what became of them here; it reads all others itself."""


def run(context: Context, argv: Sequence[str]) -> int:
    call = submitting.Call(context, PROGRAM, argv)
    if call.answer is not None:
        context.print(call.answer)
        return call.answer_code
    if not call.words:
        raise UsageError(f"{PROGRAM}: fatal: No command given to execute.")
    job = call.text("jobid") or context.environ.get("SLURM_JOB_ID")
    if job and not call.has("test-only"):  # which is about a job of its own
        return run_in(context, job, argv)
    parts = call.components()
    if len(parts) > 1:
        raise RequestRefused(COMPONENTS_LATER)
    component = parts[0]
    command = next(words for words in [*call.programs, call.words] if words)
    component.values.setdefault("job-name", os.path.basename(command[0]))
    request = JobRequest(PROGRAM, parts, command=command)
    session, geometries = submitting.prepare(context, request)
    output = None if session.cluster.channel else step_output.StepOutput(context, component)
    if output is not None:
        refuse_streams(context, component)
    if component["test-only"]:
        if not component["quiet"]:
            context.warn(submitting.test_only_line(context, session, request, geometries[0]))
        return 0
    context.interruptible()
    job_id = submission.submit(session, request, geometries[0])
    allocation = Allocation(session, request, job_id)
    try:
        if output is not None:
            output.open(session.job(job_id))
            if component["immediate"]:
                allocation.await_start()
            return following.follow(session, job_id, output.take)
        directory = allocation.await_start()
        arguments = step_arguments(geometries[0], directory, call, submission.hpcx_of(session, component))
        become_launch(context, arguments, session.step_environment())
    except Interrupted:
        allocation.abandon()
        if output is not None:  # the program may have been running
            raise
        return context.failure_code
    except step_output.OutputFailed:
        session.cancel([session.job(job_id)])
        raise


def refuse_streams(context: Context, component: Component) -> None:
    """Where the nodes cannot be reached there is the log: output, line by line, and no input."""
    if component["multi-prog"]:
        raise RequestRefused("--multi-prog is not supported on this cluster yet", "  call srun --multi-prog in a batch script")
    if component["input"] not in (None, "", "none", os.devnull):
        raise RequestRefused("--input is not supported on this cluster yet", "  let the program open the file, if its nodes see it")
    if component["pty"]:
        raise RequestRefused("--pty is not supported on this cluster yet", "  submit a program that needs no terminal")
    if context.has_input:
        context.warn(f"{PROGRAM}: warning: standard input does not reach the program on this cluster yet")


def run_in(context: Context, text: str, argv: Sequence[str]) -> NoReturn:
    """A step of a job of ours that runs, from inside or outside of it. Raises UsageError where there is no such job."""
    from mlspace.session import Session
    from mlspace.slurm.count import positive

    session = Session(context)
    try:
        job_id = positive(text)
    except BadValue as error:
        raise MlspaceError(f'Invalid numeric value "{text}" for --jobid.') from error
    directory = session.launches.runtime_directory(job_id)
    if not os.path.exists(f"{directory}/channel"):
        raise UsageError(*why_there_is_none(session, job_id), exit_code=context.failure_code)
    become_launch(context, [f"--mlspace-job-dir={directory}", *argv], session.step_environment())


def why_there_is_none(session: Session, job_id: int) -> tuple[str, str]:
    """What srun says of a job that it cannot make a step in. Source: srun 22.05."""
    session.refresh()
    job = session.registry.job(job_id)
    if job is None or not session.is_recent(job):
        why = "Invalid job id specified"
    elif job.is_over:
        why = ""
    elif job.is_pending:
        why = "Job is pending execution"
    else:
        why = "its nodes cannot be reached from here"
    first = f"Unable to confirm allocation for job {job_id}: {why}" if why else f"Slurm job {job_id} has expired"
    return f"{PROGRAM}: error: {first}", f"{PROGRAM}: Check SLURM_JOB_ID environment variable. Expired or invalid job {job_id}"


def become_launch(context: Context, arguments: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    """Go on as `launch srun`: its streams, signals and exit code are then srun's own."""
    from mlspace.installation import launcher_path

    os.execve(launcher_path(context.environ), [PROGRAM, *arguments], dict(environ))


def step_arguments(geometry: Geometry, directory: str, call: submitting.Call, hpcx: str) -> list[str]:
    """The command line of `launch srun` for the one step of an allocation of its own."""
    tasks = geometry.ntasks or geometry.tasks
    words = [f"--mlspace-job-dir={directory}", "--mlspace-owner", f"--nodes={geometry.nodes}", f"--ntasks={tasks}", f"--hpcx={hpcx}"]
    for setting in call.settings:
        if setting.option.long not in DECIDED:
            words.append(f"--{setting.option.long}" if setting.text is None else f"--{setting.option.long}={setting.text}")
    return [*words, "--", *call.words]
