"""mlspace: what is ours alone, as in `mlspace explain job.sh`, and the older tool's way to run a command as a job, or here:
`mlspace -i IMAGE -r REGION -- python train.py`, `mlspace -l -- env`. Such a command runs on each rank as it is (role `exec`),
without Slurm's environment.
"""

from __future__ import annotations

import argparse
import os

from mlspace import __version__
from mlspace.commands.arguments import Parser
from mlspace.errors import MlspaceError
from mlspace.slurm.help import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from mlspace.context import Context
    from mlspace.slurm.request import JobRequest

PROGRAM = "mlspace"
DEFAULT_SHELL = "/bin/bash"


SUBCOMMANDS = {
    "login": "ask for the credentials of MLSpace, check and keep them",
    "config": "each value of the configuration and where it came from",
    "explain": "what sbatch would make of a script",
    "logs": "what a job has printed, from MLSpace's log of it",
    "job": "what MLSpace tells of a job: state, nodes, parameters",
    "pods": "each node's share of a job, and what keeps it",
    "restart": "a job of another tool once more, as it was",
    "doctor": "whether the Gateway is as these commands take it to be",
    "controller": "the process that starts what waits: its state, its end, or itself",
    "prune": "forget jobs that ended long ago",
    "partitions": "the names of --partition, and where they send a job",
    "instance-types": "kinds of nodes: their GPUs, CPUs and memory, and how many are free",
    "launcher": "where each region's jobs find the launcher, and how it gets there",
    "images": "the container images that MLSpace tells of",
    "workspaces": "the workspaces that your credentials reach",
    "allocations": "the workspace's hardware by region, and what of it is free",
    "queues": "the queues of the allocations, and who is in them",
    "limits": "how many calls MLSpace takes, and how many were made",
    "gateway": "an MLSpace on this machine, for any client of its HTTP interface",
}
"""First words that are no command to be run -> what they show or do. Each is a module of commands/subcommands, `-` written as `_`."""


def parser() -> Parser:
    made = Parser(PROGRAM, "Run a command as a job on MLSpace, or here.")
    made.add_argument("-i", "--image", metavar="IMAGE", help="container image of the job")
    made.add_argument("-r", "--region", metavar="REGION", help="region to run in, SR006 for one")
    made.add_argument("-e", "--env", metavar="VAR=VAL", action="append", default=[], help="set a variable; VAR alone takes it from here")
    made.add_argument("-w", "--work-dir", "--work_dir", metavar="DIR", help="directory to run in (this one)")
    made.add_argument("-d", "--detach", action="store_true", help="do not wait for the end of the job")
    made.add_argument("-n", "--dry-run", action="store_true", help="show the request and send nothing")
    made.add_argument("-s", "--shell", metavar="SHELL", nargs="?", const=DEFAULT_SHELL, help=f"run it by a shell ({DEFAULT_SHELL})")
    made.add_argument("-l", "--local", action="store_true", help="run the command here, by the launcher, without MLSpace")
    made.add_argument("--launch-bin", metavar="PATH", help="the launcher as the job sees it")
    made.add_argument("--version", action="store_true", help="show the version and exit")
    made.add_argument("-h", "--help", action="store_true", help="show this help and exit")
    made.add_argument("command", nargs="*", metavar="-- COMMAND [ARG ...]", help="what to run")
    return made


def run(context: Context, argv: Sequence[str]) -> int:
    if argv and argv[0] in SUBCOMMANDS:
        name = argv[0].replace("-", "_")
        module = __import__(f"mlspace.commands.subcommands.{name}", fromlist=["run"])
        code: int = module.run(context, argv[1:])
        return code
    options = parser()
    split = argv.index("--") if "--" in argv else len(argv)
    told = options.parse_args(argv[:split])
    command = [*told.command, *argv[split + 1 :]]
    if told.command and split < len(argv):
        options.error(f"unexpected word before --: {told.command[0]}")
    if told.help or told.version:
        context.print(help_text(options) if told.help else f"{PROGRAM} {__version__} ({VERSION})")
        return 0
    if not command:
        options.error("no command given")
    variables = dict(variable(context, word) for word in told.env)
    if told.local:
        return run_here(context, told, variables, command)
    return submit(context, told, variables, command)


def help_text(options: Parser) -> str:
    rows = [f"  mlspace {name:16s} {help}" for name, help in SUBCOMMANDS.items()]
    return "\n".join([options.format_help(), "subcommands, each with a --help of its own:", *rows])


def variable(context: Context, word: str) -> tuple[str, str]:
    """Name and value of "VAR=VAL", or of "VAR", which is taken from our own environment."""
    name, equals, value = word.partition("=")
    if not name:
        raise MlspaceError(f"-e {word}: VAR=VAL or VAR is expected")
    if not equals and name not in context.environ:
        raise MlspaceError(f"-e {word}: there is no variable {name} here")
    return name, value if equals else context.environ[name]


def run_here(context: Context, told: argparse.Namespace, variables: dict[str, str], command: Sequence[str]) -> NoReturn:
    """Become `launch` with this command as its one rank."""
    from mlspace.installation import launcher_path
    from mlspace.spec import codec
    from mlspace.spec.launch import Env, LaunchSpec

    work_dir = os.path.join(context.cwd, told.work_dir or "")
    env = Env("image", variables, named=list(variables))  # our own environment stands for the image's
    spec = LaunchSpec("exec", env, command=command, shell=told.shell or "", work_dir=work_dir)
    flags = [f"--{name}={value}" for name, value in codec.part_flags(codec.encode(spec)).items()]
    launch = told.launch_bin or launcher_path(context.environ)
    os.execve(launch, ["launch", *flags], dict(context.environ))


def submit(context: Context, told: argparse.Namespace, variables: dict[str, str], command: Sequence[str]) -> int:
    from mlspace import following, submission
    from mlspace.session import Session

    session = Session(context)
    wanted = request(told, variables, command)
    geometry = submission.decide(session, wanted)
    if told.dry_run:
        import json

        context.print(json.dumps(submission.preview(session, wanted, geometry), indent=2, ensure_ascii=False))
        return 0
    job_id = submission.submit(session, wanted, geometry)
    if told.detach:
        job = session.job(job_id)
        context.print(f"Submitted job {job_id} ({job.platform_job or 'its name on MLSpace is not known yet'})")
        return 0
    try:
        return following.follow(session, job_id)
    except KeyboardInterrupt:
        session.cancel([session.job(job_id)])
        context.warn(f"{PROGRAM}: job {job_id} is cancelled")
        raise


def request(told: argparse.Namespace, variables: dict[str, str], command: Sequence[str]) -> JobRequest:
    """The request as the rest of the suite knows it; its options are those of the command line."""
    from mlspace.slurm.request import Component, JobRequest

    values = {
        "image": told.image,
        "region": told.region,
        "env": variables,
        "chdir": told.work_dir,
        "shell": told.shell,
        "launch-bin": told.launch_bin,
        "job-name": os.path.basename(command[0]),
    }
    return JobRequest(PROGRAM, [Component({name: value for name, value in values.items() if value})], command=command)
