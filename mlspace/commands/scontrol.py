"""scontrol: show jobs, steps, nodes, partitions and the configuration; fold and unfold host lists."""

from __future__ import annotations

from mlspace.commands import listing
from mlspace.commands.showing import PROGRAM, Call, NoJob, ping, show
from mlspace.errors import BadValue, MlspaceError, UsageError
from mlspace.slurm.help import VERSION
from mlspace.slurm.option import IGNORED, REFUSED, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlspace.context import Context

ONE_CLUSTER = "there is one cluster"

OPTIONS = (
    Option("all", "a", help="show all partitions: none is hidden"),
    Option("clusters", "M", "name", support=REFUSED, note=ONE_CLUSTER),
    Option("cluster", "", "name", alias_of="clusters", support=REFUSED, note=ONE_CLUSTER),
    Option("details", "d", help="show more of each job"),
    Option("federation", support=IGNORED, note=ONE_CLUSTER),
    Option("future", "F", support=IGNORED, note="no node is in state FUTURE"),
    Option("help", "h", help="show this help message"),
    Option("hide", help="do not show hidden partitions: there are none"),
    Option("local", support=IGNORED, note=ONE_CLUSTER),
    Option("oneliner", "o", help="print one line per record"),
    Option("quiet", "Q", help="print no messages other than errors"),
    Option("sibling", support=IGNORED, note=ONE_CLUSTER),
    Option("uid", "u", "uid", support=REFUSED, note="the jobs here are your own"),
    Option("usage", help="display a brief summary of the options"),
    Option("verbose", "v", help="has no more to say"),
    Option("version", "V", help="output version information and exit"),
)

KEYWORDS = """

Keywords:
  show ENTITY [ID]            one record, or all of: job, step, node, partition, config, licenses, reservation
  show hostnames [LIST]       the names of a host list, one a line; without one, of the job's nodes
  show hostlist NAMES         the host list of names
  show hostlistsorted NAMES   the same, sorted
  write batch_script ID [FILE]
                              the script of a job, to slurm-ID.sh or FILE; `-' is standard output
  ping                        whether the controller answers
  version                     the Slurm that this behaves as
  help                        show this help message
  quit                        leave the interactive mode, which no keyword at all starts"""

LATER = (
    *("hold", "holdu", "uhold", "release", "requeue", "requeuehold", "suspend", "resume", "update", "top", "notify"),
    *("wait_job", "listpids"),
)
FOR_ADMINISTRATORS = (
    *("abort", "cancel_reboot", "create", "delete", "fsdampeningfactor", "reboot", "reconfigure", "setdebug", "setdebugflags"),
    *("schedloglevel", "shutdown", "takeover", "token"),
)

QUIT = ("exit", "quit")


def run(context: Context, argv: Sequence[str]) -> int:
    call = listing.Call(context, PROGRAM, OPTIONS, argv)
    if call.answer is not None:
        context.print(call.answer + (KEYWORDS if call.answer.startswith("Usage") else ""))
        return 0
    world = Call(context, call.options)
    if not call.words:
        return interact(world)
    try:
        return execute(world, call.words)
    except NoJob:
        if not world.options["quiet"]:
            raise
        return NoJob.exit_code


def interact(call: Call) -> int:
    """Commands from standard input until `quit` or its end; the exit code is that of the last one that failed."""
    import shlex

    context, code = call.context, 0
    while True:
        context.write(f"{PROGRAM}: ")
        context.flush()
        line = context.stdin.readline().decode("utf-8", "surrogateescape")
        if not line:
            context.print("")
            return code
        try:
            words = shlex.split(line)
            if words[:1] and words[0].lower() in QUIT:
                return code
            code = (words and execute(call, words)) or code
        except ValueError as error:
            context.warn(f"{PROGRAM}: error: {error}")
            code = 1
        except MlspaceError as error:
            for text in error.stderr_lines(PROGRAM):
                context.warn(text)
            code = error.exit_code


def execute(call: Call, words: Sequence[str]) -> int:
    """One command. Raises UsageError with Slurm's line for one that is wrong."""
    word = words[0].lower()
    for name, (shortest, least, most, command) in COMMANDS.items():
        if len(word) >= shortest and name.startswith(word):
            if len(words) - 1 < least:
                raise UsageError(f"too few arguments for keyword:{words[0]}")
            if len(words) - 1 > most:
                raise UsageError(f"too many arguments for keyword:{words[0]}")
            return command(call, words[1:])
    if word in LATER:
        raise MlspaceError(f"{word} is not supported yet")
    if word in FOR_ADMINISTRATORS:
        raise MlspaceError(f"{word}: there is nothing to administer here")
    raise UsageError(f"invalid keyword: {words[0]}")


def write(call: Call, words: Sequence[str]) -> int:
    """`write batch_script ID [FILE]`."""
    import json

    from mlspace.slurm.request import JobRequest

    if not "batch_script".startswith(words[0].lower()) or len(words) < 2:
        raise UsageError(f"invalid keyword: {words[0]}")
    try:
        job_id = call.session.job_id(words[1])
    except BadValue:
        job_id = 0
    known = call.session.registry.job(job_id)
    script = JobRequest.from_json(json.loads(call.session.registry.stored(job_id)[0])).script if known else None
    if script is None:
        raise UsageError("job script retrieval failed: Invalid job id specified")
    target = words[2] if len(words) > 2 else f"slurm-{words[1]}.sh"
    if target == "-":
        call.context.write(script.text)
        return 0
    with open(target, "wb") as file:
        file.write(script.text.encode("utf-8", "surrogateescape"))
    call.context.print(f"batch script for job {words[1]} written to {target}")
    return 0


def print_version(call: Call, words: Sequence[str]) -> int:
    call.context.print(VERSION)
    return 0


def print_help(call: Call, words: Sequence[str]) -> int:
    from mlspace.slurm.help import USAGE, render_help

    call.context.print(render_help(PROGRAM, USAGE[PROGRAM], OPTIONS) + KEYWORDS)
    return 0


# Name -> letters that must be given at least, fewest and most words behind it, what does it. Source: scontrol 22.05.
COMMANDS: dict[str, tuple[int, int, int, Callable[[Call, Sequence[str]], int]]] = {
    "show": (3, 1, 2, show),
    "ping": (3, 0, 0, ping),
    "version": (4, 0, 0, print_version),
    "help": (2, 0, 99, print_help),
    "write": (3, 1, 3, write),
}
