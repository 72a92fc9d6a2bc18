"""salloc: an allocation to work in. When it is there, a command or a shell runs on this side with the job's SLURM_* variables.

From then on this process is `launch hold`, which gives the allocation back at the command's end, and whose own end, also a violent
one, ends the allocation.
"""

from __future__ import annotations

import os

from mlspace import components
from mlspace.allocating import Allocation
from mlspace.commands import submitting
from mlspace.context import Interrupted
from mlspace.errors import MlspaceError, RequestRefused
from mlspace.slurm.request import JobRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from mlspace.context import Context
    from mlspace.session import Session
    from mlspace.slurm.request import Component

PROGRAM = "salloc"

NAME, NAME_WITHOUT_SHELL = "interactive", "no-shell"
"""What an allocation is called without --job-name. Source: salloc 22.05, whatever its manual says of the command's name."""

BELL = "\a"
BELL_DELAY_SECONDS = 10
"""After so long the terminal's bell calls whoever has turned away. Source: salloc(1) --bell."""

NO_STEPS = "on this cluster the nodes of an allocation cannot be reached from here yet"


def run(context: Context, argv: Sequence[str]) -> int:
    call = submitting.Call(context, PROGRAM, argv)
    if call.answer is not None:
        context.print(call.answer)
        return call.answer_code
    parts = call.components()
    component = parts[0]
    for part in parts:
        part.values.setdefault("job-name", NAME_WITHOUT_SHELL if component["no-shell"] else NAME)
    request = JobRequest(PROGRAM, parts)
    session, geometries = submitting.prepare(context, request)
    refuse_out_of_reach(session, component)
    if component["chdir"]:
        enter(component["chdir"])
    if not component["no-shell"]:
        context.await_foreground()
    context.interruptible()
    job_id = components.submit(session, request, geometries)
    allocation = Allocation(session, request, job_id)
    try:
        directory = allocation.await_start()
        ring(context, component, context.monotonic() - allocation.begun)
        allocation.inform(f"Granted job allocation {job_id}")
        if component["no-shell"]:
            return 0
        hold(session, component, directory, call.words or [context.shell])
    except Interrupted:
        allocation.abandon()
        return context.failure_code


def refuse_out_of_reach(session: Session, component: Component) -> None:
    """Where the nodes cannot be reached, an allocation can be held, and no more."""
    if session.cluster.channel:
        return
    if not component["no-shell"]:
        raise RequestRefused(NO_STEPS, "  run the command with srun, submit a script with sbatch, or hold the nodes with --no-shell")
    session.context.warn(f"{PROGRAM}: warning: {NO_STEPS}: no srun runs in it")


def enter(directory: str) -> None:
    try:
        os.chdir(directory)
    except OSError as error:
        raise MlspaceError(f"chdir({directory}): {error.strerror}") from error


def ring(context: Context, component: Component, waited_seconds: float) -> None:
    """The bell, on a terminal alone: always, never, or after some waiting."""
    if component["no-bell"] or not context.stdout.isatty():
        return
    if component["bell"] or waited_seconds > BELL_DELAY_SECONDS:
        context.write(BELL)
        context.flush()


def hold(session: Session, component: Component, directory: str, command: Sequence[str]) -> NoReturn:
    """Go on as `launch hold` (docs/protocol.md §7)."""
    from mlspace.installation import launcher_path

    context = session.context
    words = [f"--mlspace-job-dir={directory}", f"--failure-code={context.failure_code}"]
    if component["kill-command"]:
        words.append(f"--kill-command={component['kill-command']}")
    words += [f"--{option}" for option in ("quiet", "verbose") if component[option]]
    launch = launcher_path(context.environ)
    os.execve(launch, ["launch", "hold", *words, "--", *command], dict(session.step_environment()))
