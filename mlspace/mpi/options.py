"""The table of options of mpirun and mpiexec: every option of Open MPI 4.1's `mpirun --help full`, and ours.

A row takes as many words as its metavar has ("NAME VALUE" is two), and `help` one if there is one. Names are told without their
dashes, one or two, as Open MPI does; a short name is one letter, some of which may be joined (-qv).

Two ways lead to running ranks (compat/decisions/0008-login-side-mpirun.md): the platform's own mpirun starts them, or the mpirun of
the job's first node does. Some options want the second way (WANTS_NODE), some only count there (COUNTS_ON_NODE).
Source: `mpirun --help full`, mpirun(1) and runs of Open MPI 4.1.4.
"""

from __future__ import annotations

from mlspace.mpi import values
from mlspace.slurm.option import APPROXIMATED, IGNORED, OPTIONAL, REFUSED, Option

RANKS, PLACES, BINDING, OUTPUT, LAUNCHING, INFORMATION, OTHERS, MLSPACE = (
    "Ranks:",
    "Where they run:",
    "Binding:",
    "Output:",
    "Environment and launch:",
    "Information:",
    "Debugging and development:",
    "MLSpace:",
)
SECTIONS = (RANKS, PLACES, BINDING, OUTPUT, LAUNCHING, INFORMATION, OTHERS, MLSPACE)

PROGRAM = "mpirun"
START_BY = "start-by"
"""Ours: who starts the ranks. `platform` or `node`."""

ON_NODE = f"by the mpirun of the job's first node, which then starts the ranks (--{START_BY}=node)"
ONLY_ON_NODE = f"counts with --{START_BY}=node; else ignored, as the platform's mpirun has been started already"
NO_DEBUGGER = "there is no terminal and no debugger in a job"
NO_UNIVERSE = "a job is one mpirun, and ends with it"
NO_RESTART = "a job of which a rank fails ends"

# fmt: off - a row is a line or two
READ_HERE = (
    Option("np", "c", "N", parse=values.ranks, section=RANKS, help="number of ranks"),
    Option("n", "", "N", parse=values.ranks, alias_of="np", section=RANKS, help="the same"),
    Option("npernode", "N", "N", parse=values.count, section=RANKS, help="ranks on each node"),
    Option("pernode", parse=values.one, alias_of="npernode", section=RANKS, help="one rank on each node"),
    Option("ppr", "", "N:OBJECT", parse=values.per_resource, alias_of="map-by", section=RANKS, help="the same as --map-by ppr:N:OBJECT"),
    Option(
        "map-by",
        "",
        "POLICY",
        parse=values.mapping,
        section=RANKS,
        help="slot, node, ppr:N:node, with :PE=n, :OVERSUBSCRIBE behind it; other policies are the node's mpirun's",
    ),
    Option("bynode", parse=values.by_node, alias_of="map-by", section=RANKS, help="the same as --map-by node"),
    Option("byslot", parse=values.by_slot, alias_of="map-by", section=RANKS, help="the same as --map-by slot"),
    Option("cpus-per-proc", "", "N", parse=values.count, section=RANKS, help="CPUs of each rank"),
    Option("cpus-per-rank", "", "N", parse=values.count, alias_of="cpus-per-proc", section=RANKS, help="the same"),
    Option("oversubscribe", section=RANKS, help="more ranks than CPUs on a node"),
    Option("nooversubscribe", section=RANKS, help="no more ranks than CPUs on a node, which is the default"),
    Option(
        "host", "H", "NAME[:SLOTS],...", parse=values.hosts, add=values.join, section=PLACES, help="nodes to run on; localhost is any node"
    ),
    Option("hostfile", "", "FILE", section=PLACES, help="file of nodes, a line each: name slots=N"),
    Option("machinefile", "", "FILE", alias_of="hostfile", section=PLACES, help="the same"),
    Option("default-hostfile", "", "FILE", section=PLACES, help="the same where neither --hostfile nor --host says anything"),
    Option("app", "", "FILE", section=RANKS, help="read programs and their options from a file, a line each; no other option counts"),
    Option(
        "x",
        "",
        "NAME[=VALUE]",
        parse=values.variable,
        add=values.join,
        section=LAUNCHING,
        help="set a variable for the ranks, or give them this one's value here",
    ),
    Option("wdir", "", "DIRECTORY", section=LAUNCHING, help="directory that the ranks start in (this one)"),
    Option("wd", "", "DIRECTORY", alias_of="wdir", section=LAUNCHING, help="the same"),
    Option(
        "mca",
        "",
        "NAME VALUE",
        parse=values.parameter,
        add=values.join,
        support=APPROXIMATED,
        section=LAUNCHING,
        note=f"reaches the ranks, as a variable; what mpirun itself reads of it counts with --{START_BY}=node",
        help="set a parameter",
    ),
    Option(
        "gmca",
        "",
        "NAME VALUE",
        parse=values.parameter,
        add=values.join,
        alias_of="mca",
        support=APPROXIMATED,
        section=LAUNCHING,
        help="the same for all programs",
    ),
    Option("tag-output", section=OUTPUT, help="begin each line with [job,rank]<stream>:"),
    Option("timestamp-output", section=OUTPUT, help="begin each line with the time"),
    Option("merge-stderr-to-stdout", section=OUTPUT, help="one stream of both"),
    Option(
        "timeout",
        "",
        "SECONDS",
        parse=values.count_or_none,
        section=LAUNCHING,
        help="end the job so long after its start, with exit code 110",
    ),
    Option(
        "stdin",
        "",
        "RANK",
        support=APPROXIMATED,
        note="rank 0 gets standard input where that is a file which the node sees, and nobody else",
        section=OUTPUT,
        help="the rank that gets standard input",
    ),
    Option("allow-run-as-root", section=LAUNCHING, help="nothing has to be allowed where the platform starts the ranks"),
    Option("quiet", "q", section=OUTPUT, help="do not say why a job was ended"),
    Option("verbose", "v", section=OUTPUT, help="say what is submitted"),
    Option("version", "V", section=INFORMATION, help="show the version"),
    Option("help", "h", "TOPIC", argument=OPTIONAL, section=INFORMATION, help="show this text"),
)

WANTS_NODE = (
    Option("rankfile", "", "FILE", note=ON_NODE, section=PLACES, help="file that says where each rank runs"),
    Option("rf", "", "FILE", alias_of="rankfile", note=ON_NODE, section=PLACES, help="the same"),
    Option("output-filename", "", "DIRECTORY", note=ON_NODE, section=OUTPUT, help="write each rank's output to files of its own"),
    Option("npersocket", "", "N", parse=values.count, note=ON_NODE, section=RANKS, help="ranks on each socket"),
    Option("bycore", note=ON_NODE, section=RANKS, help="the same as --map-by core"),
    Option("nolocal", note=ON_NODE, section=PLACES, help="no rank on the job's first node"),
    Option("index-argv-by-rank", note=ON_NODE, section=LAUNCHING, help="a name of its own for each rank"),
    Option("path", "", "PATH", note=ON_NODE, section=LAUNCHING, help="where to look for programs"),
    Option("am", "", "FILES", note=ON_NODE, section=LAUNCHING, help="files with parameters"),
    Option("tune", "", "FILES", note=ON_NODE, section=LAUNCHING, help="files with options"),
    Option("personality", "", "NAMES", note=ON_NODE, section=LAUNCHING, help="programming model"),
    Option("xml", note=ON_NODE, section=OUTPUT, help="all output as XML"),
    Option("xml-file", "", "FILE", note=ON_NODE, section=OUTPUT, help="the same, to a file"),
    Option("report-state-on-timeout", note=ON_NODE, section=OTHERS, help="show what runs when --timeout is over"),
    Option("get-stack-traces", note=ON_NODE, section=OTHERS, help="show the ranks' stacks when --timeout is over"),
    Option("display-map", note=ON_NODE, section=OTHERS, help="show where each rank runs"),
    Option("display-devel-map", note=ON_NODE, section=OTHERS, help="the same, longer"),
    Option("display-diffable-map", note=ON_NODE, section=OTHERS, help="the same, to be compared"),
    Option("display-topo", note=ON_NODE, section=OTHERS, help="the same, with the node's parts"),
    Option("display-allocation", note=ON_NODE, section=OTHERS, help="show the job's nodes"),
    Option("display-devel-allocation", note=ON_NODE, section=OTHERS, help="the same, longer"),
    Option("do-not-launch", note=ON_NODE, section=OTHERS, help="do everything but start the ranks"),
)

COUNTS_ON_NODE = tuple(
    Option(long, short, metavar, alias_of=alias, support=APPROXIMATED, note=ONLY_ON_NODE, section=section, help=text)
    for long, short, metavar, alias, section, text in (
        ("bind-to", "", "WHAT", "", BINDING, "bind ranks to core, socket, none, …"),
        ("bind-to-core", "", "", "", BINDING, "the same as --bind-to core"),
        ("bind-to-socket", "", "", "", BINDING, "the same as --bind-to socket"),
        ("cpu-list", "", "LIST", "", BINDING, "CPUs to bind ranks to"),
        ("cpu-set", "", "LIST", "", BINDING, "CPUs that may be used"),
        ("report-bindings", "", "", "", BINDING, "say what each rank is bound to"),
        ("use-hwthread-cpus", "", "", "", BINDING, "count hardware threads as CPUs"),
        ("rank-by", "", "POLICY", "", RANKS, "order of the ranks"),
        ("prefix", "", "DIRECTORY", "", LAUNCHING, "where Open MPI is on the nodes"),
        ("noprefix", "", "", "", LAUNCHING, "it is where it was built for"),
        ("launch-agent", "", "COMMAND", "", LAUNCHING, "what starts ranks on other nodes"),
        ("do-not-resolve", "", "", "", LAUNCHING, "do not look up interfaces"),
        ("enable-instant-on-support", "", "", "", LAUNCHING, "an experiment of Open MPI's"),
        ("fwd-mpirun-port", "", "", "", LAUNCHING, "one port for all daemons"),
        ("novm", "", "", "", LAUNCHING, "daemons only where ranks run"),
        ("max-vm-size", "", "N", "", LAUNCHING, "number of daemons"),
        ("use-regexp", "", "", "", LAUNCHING, "node names in their short form"),
        ("leave-session-attached", "", "", "", OTHERS, "daemons stay in their session"),
        ("debug-devel", "d", "", "", OTHERS, "say what Open MPI does"),
        ("debug-daemons", "", "", "", OTHERS, "say what its daemons do"),
        ("debug-daemons-file", "", "", "", OTHERS, "the same, to files"),
        ("show-progress", "", "", "", OTHERS, "say how the launch goes on"),
        ("cartofile", "", "FILE", "", OTHERS, "a map of the node"),
        ("cf", "", "FILE", "cartofile", OTHERS, "the same"),
        ("report-child-jobs-separately", "", "", "", OTHERS, "exit code of the first job alone"),
        ("set-cwd-to-session-dir", "", "", "", LAUNCHING, "ranks start in Open MPI's own directory"),
    )
)

NOT_HERE = (
    Option("report-pid", "", "FILE", support=IGNORED, section=OTHERS, note="this process is not the one that starts the ranks"),
    Option("report-uri", "", "FILE", support=IGNORED, section=OTHERS, note="nothing from outside can speak with the ranks"),
    Option("report-events", "", "URI", support=IGNORED, section=OTHERS, note="nothing from outside can speak with the ranks"),
    Option("output-proctable", support=IGNORED, section=OTHERS, note=NO_DEBUGGER),
    Option("disable-recovery", support=IGNORED, section=OTHERS, note=NO_RESTART),
    Option("enable-recovery", support=REFUSED, section=OTHERS, note=NO_RESTART),
    Option("continuous", support=REFUSED, section=OTHERS, note=NO_RESTART),
    Option("max-restarts", "", "N", support=REFUSED, section=OTHERS, note=NO_RESTART),
    Option("debug", support=REFUSED, section=OTHERS, note=NO_DEBUGGER),
    Option("tv", support=REFUSED, section=OTHERS, note=NO_DEBUGGER),
    Option("debugger", "", "NAMES", support=IGNORED, section=OTHERS, note=NO_DEBUGGER),
    Option("xterm", "", "RANKS", support=REFUSED, section=OTHERS, note=NO_DEBUGGER),
    Option("dvm", support=REFUSED, section=OTHERS, note=NO_UNIVERSE),
    Option("hnp", "", "URI", support=REFUSED, section=OTHERS, note=NO_UNIVERSE),
    Option("ompi-server", "", "URI", support=REFUSED, section=OTHERS, note=NO_UNIVERSE),
    Option("preload-binary", "s", support=REFUSED, section=LAUNCHING, note="programs are where the job sees them; sbcast copies files"),
    Option("preload-files", "", "FILES", support=REFUSED, section=LAUNCHING, note="files are where the job sees them; sbcast copies them"),
)
# fmt: on

OPEN_MPI = (*READ_HERE, *WANTS_NODE, *COUNTS_ON_NODE, *NOT_HERE)

OF_SLURM = (
    *("image", "region", "partition", "instance-type", "nodes", "gpus-per-node", "mem", "time", "job-name", "account", "qos"),
    *("constraint", "exclude", "comment", "hpcx"),
)
"""Options of srun that mpirun has here, with their long name alone; `-n` and its like are Open MPI's."""

ASKING = (*OF_SLURM, START_BY)
"""Whoever gives one of these asks for MLSpace."""


def ours() -> tuple[Option, ...]:
    """Rows that Open MPI does not have: those of OF_SLURM as srun has them, and who starts the ranks."""
    from mlspace.slurm.options import OPTIONS

    rows = {row.long: row for row in OPTIONS if row.serves("srun")}
    start_by = Option(
        START_BY,
        "",
        "WHO",
        parse=values.starter,
        own=True,
        section=MLSPACE,
        help="who starts the ranks: the mpirun of the platform, or of the job's first node, as `node` (the platform's, where it can)",
    )
    return (start_by, *(rows[long] for long in OF_SLURM if long in rows))
