"""srun: run a parallel program, in an allocation of its own or inside a job.

Where the first node's runtime directory is on this host, `launch srun` does the work and this process becomes it: inside a job at
once, outside as soon as the allocation has started. Elsewhere the program runs as role `tasks`, and its log is followed.
"""

from __future__ import annotations

import os

from mlspace import following, submission
from mlspace.commands import submitting
from mlspace.errors import MlspaceError, RequestRefused, UsageError
from mlspace.slurm import state
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

LOOK_SECONDS = 0.01
"""Between two looks whether the first node is there; a look is one stat."""

PATIENCE_SECONDS = 1.0
"""How long an allocation may take before we look, and say, why; and how long until the next look of that kind."""

PASSED_ON = (
    *("label", "unbuffered", "quiet", "verbose", "output", "error", "input", "open-mode", "chdir", "export"),
    *("kill-on-bad-exit", "wait", "distribution", "ntasks-per-node", "cpus-per-task", "job-name", "overcommit"),
    *("propagate", "preserve-env", "task-prolog", "task-epilog", "prolog", "epilog", "bcast", "compress", "send-libs"),
    *("cpu-bind", "cpu_bind", "gpu-bind", "hint", "gpus-per-task", "ntasks-per-gpu", "ntasks-per-tres"),
    *("threads-per-core", "ntasks-per-core", "ntasks-per-socket", "mpi"),
)
"""Options that decide how the step runs, which `launch srun` reads itself."""


def run(context: Context, argv: Sequence[str]) -> int:
    call = submitting.Call(context, PROGRAM, argv)
    if call.answer is not None:
        context.print(call.answer)
        return call.answer_code
    if context.environ.get("SLURM_JOB_ID") or call.text("jobid"):
        return become_launch(context, argv, context.environ)
    if not call.words:
        raise UsageError(f"{PROGRAM}: fatal: No command given to execute.")
    components = call.components()
    component = components[0]
    command = next(words for words in [*call.programs, call.words] if words)
    component.values.setdefault("job-name", os.path.basename(command[0]))
    request = JobRequest(PROGRAM, components, command=command)
    session, geometry = submitting.prepare(context, request)
    if not session.cluster.channel:
        refuse_streams(context, component)
    if component["test-only"]:
        if not component["quiet"]:
            context.warn(submitting.test_only_line(context, session, request, geometry))
        return 0
    job_id = submission.submit(session, request, geometry)
    try:
        if not session.cluster.channel:
            return following.follow(session, job_id)
        directory = wait_for_allocation(context, session, job_id)
    except KeyboardInterrupt:
        session.cancel([session.job(job_id)])
        context.warn(f"{PROGRAM}: Force Terminated job {job_id}")
        raise
    arguments = step_arguments(geometry, directory, call, submission.hpcx_of(session, component))
    return become_launch(context, arguments, session.step_environment())


def refuse_streams(context: Context, component: Component) -> None:
    """Where the nodes cannot be reached there is the log: our output, line by line, and no input."""
    for option in ("input", "output", "error"):
        if component[option]:
            raise RequestRefused(f"--{option} is not supported on this cluster yet", "  redirect srun's own output, or submit with sbatch")
    if context.has_input:
        context.warn(f"{PROGRAM}: warning: standard input does not reach the program on this cluster yet")


def become_launch(context: Context, arguments: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    """Go on as `launch srun`: its streams, signals and exit code are then srun's own."""
    from mlspace.installation import launcher_path

    os.execve(launcher_path(context.environ), [PROGRAM, *arguments], dict(environ))


def wait_for_allocation(context: Context, session: Session, job_id: int) -> str:
    """The runtime directory of the job's first node, when its `launch` answers there."""
    directory = session.runtime_directory(job_id)
    next_round, said = context.monotonic() + PATIENCE_SECONDS, False
    while not os.path.exists(f"{directory}/channel"):
        context.sleep(LOOK_SECONDS)
        if context.monotonic() < next_round:
            continue
        next_round = context.monotonic() + PATIENCE_SECONDS
        session.refresh()
        directory = session.runtime_directory(job_id)  # it is known when the job has been sent
        job = session.job(job_id)
        if job.state in state.FINAL:
            raise MlspaceError(f"Unable to allocate resources: job {job_id} ended: {job.state} ({job.reason})")
        if not said and job.state == state.PENDING:
            context.warn(f"{PROGRAM}: job {job_id} queued and waiting for resources")
            said = True
    if said:
        context.warn(f"{PROGRAM}: job {job_id} has been allocated resources")
    return directory


def step_arguments(geometry: Geometry, directory: str, call: submitting.Call, hpcx: str) -> list[str]:
    """The command line of `launch srun` for the one step of an allocation of its own."""
    tasks = geometry.ntasks or geometry.tasks
    words = [f"--mlspace-job-dir={directory}", "--mlspace-owner", f"--nodes={geometry.nodes}", f"--ntasks={tasks}", f"--hpcx={hpcx}"]
    for setting in call.settings:
        if setting.option.long in PASSED_ON:
            words.append(f"--{setting.option.long}" if setting.text is None else f"--{setting.option.long}={setting.text}")
    return [*words, "--", *call.words]
