"""What mpirun and mpiexec do: a job whose ranks are the program itself, its output shown as it comes, its exit code mpirun's."""

from __future__ import annotations

import os

from mlspace.commands import standing_aside
from mlspace.commands.rank_output import RankOutput
from mlspace.errors import BadValue, MlspaceError, RequestRefused, UsageError
from mlspace.mpi import commandline, help, messages, values
from mlspace.mpi.options import OF_SLURM, OPEN_MPI, ours
from mlspace.mpi.request import NODE, PLATFORM, MpiRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mlspace.cluster.cluster import Cluster
    from mlspace.context import Context
    from mlspace.mpi.layout import Layout
    from mlspace.session import Session
    from mlspace.slurm.allocation import Limits
    from mlspace.slurm.request import JobRequest

PROGRAM = "mpirun"
TIMEOUT_VARIABLE = "MPIEXEC_TIMEOUT"

OF_HOSTS = ("host", "hostfile", "machinefile", "default-hostfile")


def run(context: Context, program: str, argv: Sequence[str]) -> int:
    other = standing_aside.other_on_path(context, program)
    if standing_aside.stands_aside(context, argv, other):
        standing_aside.become(context, program, other, argv)
    rows = ours()
    parts = commandline.parse(program, argv, rows)
    answer = help.answer(program, (*OPEN_MPI, *rows), parts)
    if answer is not None:
        context.print(answer)
        return 0
    words = list(argv)
    appfile = next((setting.text for part in parts for setting in part.settings if setting.option.long == "app"), None)
    if appfile is not None:
        kept = [setting for part in parts for setting in part.settings if setting.option not in OPEN_MPI]
        words = appfile_words(context, appfile)
        parts = commandline.parse(program, words, rows)
        parts[0].settings[:0] = kept
    request = MpiRequest(parts)
    if not request.programs:
        raise UsageError(*messages.no_executable())
    return Call(context, request, words, other).run()


def appfile_words(context: Context, path: str) -> list[str]:
    """The command line that a file of programs stands for."""
    import shlex

    try:
        with open(os.path.join(context.cwd, path), encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().split("\n")
        pieces = [words for line in lines if (words := shlex.split(line, comments=True))]
    except (OSError, ValueError) as error:
        raise UsageError(*messages.no_appfile(path)) from error
    return [word for piece in pieces for word in (commandline.SEPARATOR, *piece)][1:]


class Call:
    """One command line, from what it asks for to the end of its job. other: the path of this machine's Open MPI, "" for none."""

    def __init__(self, context: Context, request: MpiRequest, words: Sequence[str], other: str) -> None:
        self.context = context
        self.request = request
        self.words = words
        self.other = other

    def run(self) -> int:
        from mlspace import submission
        from mlspace.session import Session

        context, request = self.context, self.request
        session = Session(context)
        hosts = self.hosts()
        wanted = self.job_request(session)
        limits = submission.limits_of(session, wanted)
        layout = self.layout(limits, wanted, hosts)
        starter = self.starter(session.cluster, layout)
        for line in request.warnings(starter):
            context.warn(f"{PROGRAM}: {line}")
        self.complete(wanted, session.cluster, layout, starter, hosts)
        self.ask_for_room(wanted, layout, limits.cpus)
        geometry = submission.decide(session, wanted)
        geometry.tasks_per_node = layout.per_node
        context.interrupt_when_terminated()
        job_id = submission.submit(session, wanted, geometry)
        if request.value("verbose"):
            nodes = len(layout.per_node)
            context.warn(f"{PROGRAM}: job {job_id}: {layout.ranks} ranks on {nodes} nodes, started by the {starter}'s mpirun")
        try:
            return self.follow(session, job_id, starter)
        except KeyboardInterrupt:
            session.cancel([session.job(job_id)])
            context.warn(f"{PROGRAM}: job {job_id} is cancelled")
            raise

    def job_request(self, session: Session) -> JobRequest:
        """The request with what is said for Slurm's part of it: image, partition, time limit and their like."""
        from mlspace.commands.submitting import say_what_becomes_of_the_image
        from mlspace.slurm import merge
        from mlspace.slurm.option import Origin, Setting
        from mlspace.slurm.request import JobRequest
        from mlspace.slurm.values import collect

        given = [setting for setting in self.request.ours if setting.option.long in OF_SLURM]
        rows = [row for row in ours() if row.on]
        variables = [(row, name) for row in rows for name in (row.on or {}).get("srun", "").split() if name.startswith("MLSPACE_")]
        told = [Setting(row, self.context.environ[name], Origin(name)) for row, name in variables if name in self.context.environ]
        component = collect([*told, *given], PROGRAM)
        merge.refuse("srun", component)
        for line in merge.warnings("srun", [component]):
            self.context.warn(line.replace("srun: ", f"{PROGRAM}: ", 1))
        wanted = JobRequest(PROGRAM, [component], command=self.request.first_words)
        say_what_becomes_of_the_image(session, wanted)
        return wanted

    def hosts(self) -> list[list[Any]]:
        """Nodes by name with their slots, from --host, else from a file."""
        named = self.request.value("host")
        if named is not None:
            return list(named)
        path = self.request.value("hostfile") or self.request.value("default-hostfile")
        if path is None:
            return []
        try:
            with open(os.path.join(self.context.cwd, path), encoding="utf-8", errors="surrogateescape") as file:
                return values.host_lines(file.read())
        except OSError as error:
            raise UsageError(*messages.no_hostfile(path)) from error
        except BadValue as error:
            raise MlspaceError(f"{path}: {error.lines[0]}: not a valid host", "  what would work: NAME slots=N") from error

    def layout(self, limits: Limits, wanted: JobRequest, hosts: Sequence[Sequence[Any]]) -> Layout:
        from mlspace.mpi import layout

        nodes = wanted.first["nodes"]
        most = min(limits.nodes, limits.max_nodes or limits.nodes)
        gpus = wanted.first["gpus-per-node"]
        return layout.decide(
            self.request,
            nodes=nodes[0] if nodes else None,
            hosts=hosts,
            own_names=(self.context.host, os.uname().nodename),
            slots=limits.cpus,
            most=most,
            gpus=sum(gpus.values()) if isinstance(gpus, dict) else int(gpus or 0),
        )

    def starter(self, cluster: Cluster, layout: Layout) -> str:
        """Who starts the ranks: the platform's mpirun, as long as it can. The embedded MLSpace has none that MPI_Init finds, so there it
        is this machine's Open MPI, if it has one."""
        reason = self.request.needs_node() or (
            "" if layout.is_even else f"ranks that are {' and '.join(map(str, layout.per_node))} on its nodes"
        )
        told = self.request.starter
        has_mpirun = not cluster.channel or bool(self.other)
        if told == PLATFORM and reason:
            raise RequestRefused(
                f"the platform's mpirun starts no {reason}", "  leave --start-by=platform out, or ask for as many ranks on each node"
            )
        if (reason or told == NODE) and not has_mpirun:
            raise RequestRefused(
                f"{reason or '--start-by=node'}: that takes the nodes' own Open MPI, and there is none on this machine",
                "  install Open MPI, or ask for one program with as many ranks on each node: -np N with --nodes=N, or -N N",
            )
        if told:
            return told
        return NODE if reason or (cluster.channel and has_mpirun) else PLATFORM

    def complete(self, wanted: JobRequest, cluster: Cluster, layout: Layout, starter: str, hosts: Sequence[Sequence[Any]]) -> None:
        """What is asked of the cluster, and what the job runs."""
        request, component = self.request, wanted.first
        nodes = len(layout.per_node)
        variables = self.variables()
        asked: dict[str, Any] = {
            "nodes": [nodes, nodes],
            "nodelist": layout.names or None,
            "job-name": component["job-name"] or os.path.basename(request.first_words[0]),
            "start-by": starter,
            "input": self.input_file(cluster),
        }
        if starter == NODE:
            wanted.command = [PROGRAM, *self.words_for_node(cluster, hosts)]
        else:
            asked |= {"ranks": layout.per_node[0], "chdir": request.value("wdir"), "timeout": self.timeout()}
            variables |= {f"OMPI_MCA_{name}": value for name, value in (request.value("mca") or {}).items()}
        component.values.update({name: value for name, value in {**asked, "env": variables}.items() if value is not None})

    def ask_for_room(self, wanted: JobRequest, layout: Layout, cpus: int) -> None:
        """CPUs for the ranks, as many on each node as the fullest one needs; where ranks share them, what a node (`cpus`) has."""
        each = self.request.cpus_per_rank
        most = max(layout.per_node)
        if self.request.oversubscribes:
            most = min(most, max(1, cpus // (each or 1)))
        wanted.first.values |= {"ntasks-per-node": most, "ntasks": most * len(layout.per_node)} | ({"cpus-per-task": each} if each else {})

    def words_for_node(self, cluster: Cluster, hosts: Sequence[Sequence[Any]]) -> list[str]:
        """The command line without our options. The nodes are the job's: of several programs only names may tell which is whose."""
        words = commandline.without_ours(self.words, () if len(self.request.programs) > 1 and cluster.channel else OF_HOSTS)
        if len(self.request.programs) > 1 and hosts and not cluster.channel:
            raise RequestRefused("nodes of a job have no names before it runs: hosts of several programs cannot be told apart")
        return words

    def variables(self) -> dict[str, str]:
        """What -x gives the ranks."""
        found: dict[str, str] = {}
        for name, value in self.request.value("x") or ():
            if value is None and name not in self.context.environ:
                self.context.warn(f"{PROGRAM}: {messages.no_variable(name)}")
            else:
                found[name] = self.context.environ[name] if value is None else value
        return found

    def timeout(self) -> int | None:
        """Seconds of --timeout, else of its variable; None for no limit."""
        text = self.context.environ.get(TIMEOUT_VARIABLE, "")
        try:
            told = self.request.value("timeout") or (values.count_or_none(text) if text else None)
        except BadValue:
            raise UsageError(*messages.wrong_format(TIMEOUT_VARIABLE, text)) from None
        return None if told is None else int(told)

    def input_file(self, cluster: Cluster) -> str | None:
        """The file that rank 0 gets as standard input. Nothing else reaches a job: what comes through a pipe may never end."""
        if self.request.value("stdin") == "none":
            return None
        path = self.context.input_file
        if path and "\\" not in path and cluster.env_mode == "shared":  # a backslash means something in names of files (protocol.md §2)
            return path
        if self.context.has_input:
            hint = "only a file does: < FILE" if cluster.env_mode == "shared" else "let them read a file that they see"
            self.context.warn(f"{PROGRAM}: warning: standard input does not reach the ranks: {hint}")
        return None

    def follow(self, session: Session, job_id: int, starter: str) -> int:
        from mlspace import following

        if starter == NODE:
            return following.follow(session, job_id)
        shown = RankOutput(self.context, self.request, self.timeout())
        job, failure = following.follow_ranks(session, job_id, shown.take)
        code = following.exit_code(job)
        return shown.explain(job, failure, code) if code else 0
