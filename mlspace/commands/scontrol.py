"""scontrol: one command of its own language, or many of them from standard input."""

from __future__ import annotations

from mlspace.commands import interacting, listing, showing, showing_cluster
from mlspace.commands.controlling import PROGRAM, Call, NoJob
from mlspace.errors import MlspaceError, UsageError
from mlspace.slurm.help import VERSION
from mlspace.slurm.option import Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlspace.context import Context

OPTIONS = (
    Option("all", "a", on={PROGRAM: "SCONTROL_ALL"}, help="show all partitions: none is hidden"),
    Option("clusters", "M", "name", on={PROGRAM: "SLURM_CLUSTERS"}, help="the cluster that is meant: there is one"),
    Option("cluster", "", "name", alias_of="clusters"),
    Option("details", "d", help="show more of each job"),
    Option("federation", on={PROGRAM: "SCONTROL_FEDERATION"}, help="show the federation's jobs: there is one cluster"),
    Option("future", "F", on={PROGRAM: "SCONTROL_FUTURE"}, help="show nodes in state FUTURE, too: none is"),
    Option("help", "h", help="show this help message"),
    Option("hide", help="do not show hidden partitions: there are none"),
    Option("json", own=True, help="show job, show node: as JSON, as later versions of Slurm do"),
    Option("local", on={PROGRAM: "SCONTROL_LOCAL"}, help="show this cluster's jobs only: there is one"),
    Option("oneliner", "o", help="print one line per record"),
    Option("quiet", "Q", help="do not say what there is not"),
    Option("sibling", on={PROGRAM: "SCONTROL_SIBLING"}, help="show the jobs that a federation has copied: there is none"),
    Option("uid", "u", "uid", help="update jobs as this user, who can be no other than you"),
    Option("usage", help="display a brief summary of the options"),
    Option("verbose", "v", help="has no more to say"),
    Option("version", "V", help="output version information and exit"),
    Option("yaml", own=True, help="show job, show node: as YAML, as later versions of Slurm do"),
)

KEYWORDS = """

Keywords:
  show ENTITY [ID]            one record, or all of: job, step, node, partition, config, licenses, reservation, ...
  show hostnames [LIST]       the names of a host list, one a line; without one, of the job's nodes
  show hostlist NAMES         the host list of names, or of those in a file
  show hostlistsorted NAMES   the same, sorted
  completing                  the jobs that are about to end
  errnumstr NUMBER            what an error number of Slurm or of the system means
  listpids [ID[.STEP] [NODE]] the processes of jobs on this host
  pidinfo PID                 the job of a process on this host
  write batch_script ID [FILE]
                              the script of a job, to slurm-ID.sh or FILE; `-' is standard output
  hold JOB..., uhold JOB...   keep jobs that wait from starting: ids, lists of ids, array elements, name=NAME
  release JOB...              let held jobs go
  requeue JOB...              end jobs and start them again; requeuehold: held until they are released
  update JobId=JOB KEY=VALUE...
                              change a job
  top JOB...                  before all others that wait
  wait_job JOB                until the job's nodes are ready
  ping                        whether the controller answers
  version                     the Slurm that this behaves as
  all, details, hide, oneliner, quiet, verbose
                              the same as the options of these names, for what follows in the interactive mode
  !!                          in the interactive mode, the last command again
  help                        show this help message
  quit, exit                  leave the interactive mode, which no keyword at all starts"""


class Keyword:
    """One word of the language: letters that it must be given with at least, fewest and most words behind it, and what does it.

    few, many: Slurm's words for too few and too many of them, `{}` being the keyword as it was written.
    goes_on: what it says of too many does not keep it from being done.
    """

    __slots__ = ("act", "few", "goes_on", "least", "many", "most", "shortest")

    def __init__(
        self,
        shortest: int,
        least: int,
        most: int,
        act: Callable[[Call, Sequence[str]], int],
        *,
        few: str = "too few arguments for keyword:{}",
        many: str = "too many arguments for keyword:{}",
        goes_on: bool = False,
    ) -> None:
        self.shortest = shortest
        self.least = least
        self.most = most
        self.act = act
        self.few = few
        self.many = many
        self.goes_on = goes_on


def run(context: Context, argv: Sequence[str]) -> int:
    line = listing.Call(context, PROGRAM, OPTIONS, argv)
    if line.answer is not None:
        context.print(line.answer + (KEYWORDS if line.answer.startswith("Usage") else ""))
        return 0
    options = line.options
    if "clusters" in options:
        listing.check_clusters(context, PROGRAM, options["clusters"], options.origin("clusters"))
    if "uid" in options and not is_self(context, options["uid"]):
        return 0  # and so does Slurm
    call = Call(context, options)
    if not line.words:
        return interacting.interact(call, execute)
    try:
        return execute(call, line.words)
    except NoJob:
        if not options["quiet"]:
            raise
        return NoJob.exit_code


def is_self(context: Context, user: str) -> bool:
    """Whether --uid names who calls. Raises MlspaceError for another user; one that does not exist is said."""
    name = listing.user_name(user)
    if name is None or (name.isdigit() and name != str(context.user.uid)):
        context.warn(f'{PROGRAM}: error: --uid="{user}" invalid')
        return False
    if name not in (context.user.name, str(context.user.uid)):
        raise MlspaceError(f"--uid={user}: the jobs here are your own")
    return True


def execute(call: Call, words: Sequence[str]) -> int:
    """One command. Raises UsageError with Slurm's line for one that is wrong."""
    word, code = words[0], 0
    for name, keyword in COMMANDS.items():
        if len(word) >= keyword.shortest and name.startswith(word.lower()):
            if len(words) - 1 < keyword.least:
                raise UsageError(keyword.few.format(word))
            if len(words) - 1 > keyword.most:
                if not keyword.goes_on:
                    raise UsageError(keyword.many.format(word))
                call.context.warn(keyword.many.format(word))
                code = 1
            return keyword.act(call, words[1:]) or code
    raise UsageError(f"invalid keyword: {word}")


def set_flag(name: str, value: bool = True) -> Callable[[Call, Sequence[str]], int]:
    """For what follows, as if the option had been given."""

    def act(call: Call, words: Sequence[str]) -> int:
        call.options.values[name] = value
        return 0

    return act


def do_nothing(call: Call, words: Sequence[str]) -> int:
    return 0


def print_version(call: Call, words: Sequence[str]) -> int:
    call.context.print(VERSION)
    return 0


def print_help(call: Call, words: Sequence[str]) -> int:
    from mlspace.slurm.help import USAGE, render_help

    call.context.print(render_help(PROGRAM, USAGE[PROGRAM], OPTIONS) + KEYWORDS)
    return 0


def choose_cluster(call: Call, words: Sequence[str]) -> int:
    listing.check_clusters(call.context, PROGRAM, words[0] if words else None, "the command line")
    return 0


def explain_number(call: Call, words: Sequence[str]) -> int:
    """Slurm's numbers that its commands meet here, and the system's."""
    import os

    if not (words[0].isascii() and words[0].isdigit()):
        raise UsageError("numeric arguments required for keyword:errnumstr")
    number = int(words[0])
    call.context.print(ERRORS.get(number) or os.strerror(min(number, 2**31 - 1)))
    return 0


ERRORS = {
    2000: "Invalid partition name specified",
    2014: "Requested node configuration is not available",
    2015: "Requested partition configuration not available now",
    2016: "Requested nodes are busy",
    2017: "Invalid job id specified",
    2018: "Invalid node name specified",
    2020: "Job can not be altered now, try again later",
    2021: "Job/step already completing or completed",
    2035: "Immediate execution impossible, resources too fragmented for allocation",
}


def notify(call: Call, words: Sequence[str]) -> int:
    """There must be such a job; then it is said that it cannot be told anything."""
    try:
        showing.find_jobs(call, words[0], "")
    except NoJob:
        raise UsageError("job notify failure: Invalid job id specified") from None
    raise MlspaceError("notify: a job's output cannot be written to from outside")


def create(call: Call, words: Sequence[str]) -> int:
    if not words[0].lower().startswith(("partition", "res")):
        raise MlspaceError(f"Invalid creation entity: {words[0]}")
    return administer(call, ["create"])


def delete(call: Call, words: Sequence[str]) -> int:
    if len(words) < 2 and "=" not in words[0]:
        raise MlspaceError("Proper format is 'delete <ENTITY>=<ID>' or 'delete <ENTITY> <ID>'")
    return administer(call, ["delete"])


def administer(call: Call, words: Sequence[str]) -> int:
    raise MlspaceError("there is nothing to administer here")


def of_module(module: str, function: str) -> Callable[[Call, Sequence[str]], int]:
    """A command whose module is loaded when it is called."""

    def act(call: Call, words: Sequence[str]) -> int:
        from importlib import import_module

        code: int = getattr(import_module(f"mlspace.commands.{module}"), function)(call, words)
        return code

    return act


def suspend(call: Call, words: Sequence[str]) -> int:
    raise MlspaceError("a job on MLSpace cannot be suspended: cancel it, or let it save its state and requeue it")


FEW = "too few arguments for {} keyword"
MANY = "too many arguments for {} keyword"
MISSING = "missing argument for keyword:{}"

# The first one that a word is the beginning of is meant. Source: scontrol(1); scontrol 22.05.
COMMANDS = {
    "show": Keyword(3, 1, 2, showing.show),
    "abort": Keyword(5, 0, 0, administer),
    "all": Keyword(2, 0, 99, set_flag("all")),
    "cancel_reboot": Keyword(3, 1, 1, administer, few=MISSING),
    "cluster": Keyword(2, 0, 1, choose_cluster),
    "completing": Keyword(2, 0, 0, showing.show_completing),
    "create": Keyword(2, 1, 99, create, few=FEW),
    "details": Keyword(1, 0, 0, set_flag("details")),
    "delete": Keyword(3, 1, 99, delete, few=FEW),
    "errnumstr": Keyword(2, 1, 1, explain_number, few="one arguments required for keyword:{}"),
    "exit": Keyword(2, 0, 0, do_nothing),
    "fsdampeningfactor": Keyword(3, 1, 1, administer),
    "help": Keyword(2, 0, 0, print_help, goes_on=True),
    "hide": Keyword(2, 0, 99, set_flag("all", False)),
    "hold": Keyword(4, 1, 99, of_module("holding", "hold")),
    "holdu": Keyword(5, 1, 99, of_module("holding", "hold_as_user")),
    "listpids": Keyword(1, 0, 2, of_module("processes", "list_pids")),
    "notify": Keyword(1, 2, 99, notify),
    "oneliner": Keyword(1, 0, 0, set_flag("oneliner")),
    "pidinfo": Keyword(3, 1, 1, of_module("processes", "print_job_of_pid"), few=MISSING),
    "ping": Keyword(3, 0, 0, showing_cluster.ping),
    "quiet": Keyword(4, 0, 0, set_flag("quiet")),
    "quit": Keyword(4, 0, 0, do_nothing),
    "reboot": Keyword(3, 0, 99, administer),
    "reconfigure": Keyword(3, 0, 0, administer),
    "release": Keyword(3, 1, 99, of_module("holding", "release")),
    "requeue": Keyword(3, 1, 99, of_module("holding", "requeue")),
    "requeuehold": Keyword(11, 1, 99, of_module("holding", "requeue_held")),
    "resume": Keyword(3, 1, 99, suspend),
    "schedloglevel": Keyword(3, 1, 1, administer),
    "setdebug": Keyword(2, 1, 99, administer),
    "setdebugflags": Keyword(9, 1, 99, administer),
    "shutdown": Keyword(8, 0, 1, administer),
    "suspend": Keyword(2, 1, 99, suspend),
    "takeover": Keyword(8, 0, 1, administer),
    "token": Keyword(3, 0, 99, administer),
    "top": Keyword(3, 1, 99, of_module("holding", "top")),
    "uhold": Keyword(5, 1, 99, of_module("holding", "hold_as_user")),
    "update": Keyword(1, 1, 99, of_module("updating", "update"), few=FEW),
    "verbose": Keyword(4, 0, 0, set_flag("quiet", False), many=MANY, goes_on=True),
    "version": Keyword(4, 0, 0, print_version, many=MANY, goes_on=True),
    "wait_job": Keyword(2, 1, 1, of_module("holding", "wait_job")),
    "write": Keyword(5, 1, 3, of_module("writing", "write")),
}
