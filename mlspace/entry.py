"""The one door of every command: finds its module, runs it, turns what it raises into text and an exit code."""

from __future__ import annotations

import os
import sys

from mlspace.context import Context, nowhere
from mlspace.errors import MlspaceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 + SIGINT."""

CLOSED_PIPE = 141
"""Exit code when the reader of our output went away (`squeue | head`): 128 + SIGPIPE, as a program that dies of it."""

GARBAGE_THRESHOLD = 100_000
"""Objects made before the interpreter looks for garbage: more than a short command makes, not more than a long one may keep."""

COMMANDS = (
    *("mlspace", "mpiexec", "mpirun", "sacct", "salloc", "sbatch", "sbcast", "scancel", "scontrol"),
    *("seff", "sinfo", "squeue", "srun", "sstat"),
)


def main(program: str, arguments: Sequence[str], context: Context | None = None) -> int:
    """Run one command; returns its exit code. `program` is one of COMMANDS."""
    world = context or Context()
    world.program, world.arguments = program, list(arguments)
    try:
        code = run(program, arguments, world)
        world.flush()
        return code
    except MlspaceError as error:
        return complain(world, error.stderr_lines(program), error.exit_code if error.has_own_code else world.failure_code)
    except KeyboardInterrupt:
        return complain(world, (), INTERRUPTED)
    except BrokenPipeError:
        nowhere(1)
        return CLOSED_PIPE
    except Exception as error:
        if world.environ.get("MLSPACE_TRACEBACK"):
            raise
        return complain(world, unexpected(program, error), 1)
    finally:
        world.leave()


def run(program: str, arguments: Sequence[str], context: Context) -> int:
    if program not in COMMANDS:
        raise MlspaceError(f"there is no such command: a link to one of bin/ must be called {', '.join(COMMANDS[:-1])} or {COMMANDS[-1]}")
    module = __import__(f"mlspace.commands.{program}", fromlist=["run"])  # importlib would load warnings, a quarter of a millisecond
    code: int = module.run(context, list(arguments))
    return code


def complain(context: Context, lines: Sequence[str], code: int) -> int:
    try:
        context.flush()  # what was printed before the error comes before it in a terminal, too
    except BrokenPipeError:
        pass
    for line in lines:
        context.warn(line)
    return code


def unexpected(program: str, error: Exception) -> list[str]:
    """Text for an error nobody foresaw: what it was, and how to see more."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return [f"{program}: error: {where}{error.strerror}"]
    return [
        f"{program}: error: unexpected {type(error).__name__}: {error}",
        f"{program}: error: this is a defect of {program}; MLSPACE_TRACEBACK=1 {program} ... shows where",
    ]


def process(program: str, arguments: Sequence[str]) -> NoReturn:
    """One command as the whole of this process, which ends with it.

    What an interpreter does at its own end, and looking for garbage in what is about to end, takes a quarter of a short
    command's time (bench/startup.py); whatever must be closed in order has asked Context for it.
    """
    import gc

    gc.set_threshold(GARBAGE_THRESHOLD)
    os._exit(main(program, arguments))


def console() -> NoReturn:
    """Entry point of an installed wheel: the command is the name it was called by."""
    process(os.path.basename(sys.argv[0]), sys.argv[1:])
