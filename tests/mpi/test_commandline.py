"""mpirun's command line: what is read of good ones, and what is said of bad ones."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from typing import Any

import pytest

from mlspace.errors import MlspaceError, RequestRefused, UsageError
from mlspace.mpi import commandline, options
from mlspace.mpi.request import MpiRequest
from mlspace.slurm.option import NONE

MPIRUN = shutil.which("mpirun", path="/opt/hpcx/ompi/bin:/usr/local/bin:/usr/bin")  # not ours, which may be first on the PATH


def read(line: str) -> MpiRequest:
    return MpiRequest(commandline.parse("mpirun", shlex.split(line), options.ours()))


GOOD: list[tuple[str, dict[str, Any]]] = [
    ("-np 4 a.out", {"ranks": 4}),
    ("-n 4 a.out", {"ranks": 4}),
    ("--n 4 a.out", {"ranks": 4}),
    ("-c 4 a.out", {"ranks": 4}),
    ("--c 4 a.out", {"ranks": 4}),
    ("-np 0 a.out", {"ranks": None}),
    ("a.out -np 4", {"ranks": None, "words": ["a.out", "-np", "4"]}),
    ("-np 4 -- -prog -x", {"ranks": 4, "words": ["-prog", "-x"]}),
    ("-np 2 -np 3 a", {"ranks": 3}),
    ("-N 2 a", {"per_node": 2}),
    ("--npernode 2 a", {"per_node": 2}),
    ("-pernode a", {"per_node": 1}),
    ("--map-by ppr:2:node a", {"per_node": 2}),
    ("-ppr 2:node a", {"per_node": 2}),
    ("--map-by slot:PE=3 a", {"cpus_per_rank": 3}),
    ("--map-by ppr:2:node:PE=3,oversubscribe a", {"per_node": 2, "cpus_per_rank": 3, "oversubscribes": True}),
    ("-cpus-per-rank 3 a", {"cpus_per_rank": 3}),
    ("--oversubscribe a", {"oversubscribes": True}),
    ("-oversubscribe -bind-to none a", {"oversubscribes": True}),
    ("-np 1 a : -np 2 b c", {"ranks": 3, "words": ["a"]}),
    (": -np 1 a :", {"ranks": 1}),
    ("-np 1 a : b", {"ranks": None}),
    ("-qv -np 1 a", {"value:quiet": True, "value:verbose": True}),
    ("-x A=1 -x B -x C=,= a", {"value:x": [["A", "1"], ["B", None], ["C", ",="]]}),
    ("-x A,B a", {"value:x": [["A", None], ["B", None]]}),
    ("-mca btl self,tcp --gmca pml ob1 -mca btl vader a", {"value:mca": {"btl": "vader", "pml": "ob1"}}),
    ("-H a:2,b a", {"value:host": [["a", 2], ["b", 1]]}),
    ("-host a,a -host b:* a", {"value:host": [["a", 2], ["b", None]]}),
    ("-wd /x a", {"value:wdir": "/x"}),
    ("--timeout 5 a", {"value:timeout": 5}),
    ("--timeout 0 a", {"value:timeout": None}),
    ("--time=5 --image reg/name -np 1 a --image other", {"ranks": 1, "words": ["a", "--image", "other"]}),
]


@pytest.mark.parametrize(("line", "expected"), GOOD, ids=[line for line, _ in GOOD])
def test_what_is_read(line: str, expected: dict[str, Any]) -> None:
    request = read(line)
    found = {
        name: request.first_words if name == "words" else request.value(name[6:]) if name.startswith("value:") else getattr(request, name)
        for name in expected
    }
    assert found == expected


WHO_NEEDS_THE_NODE = [
    ("-np 2 a", ""),
    ("-np 2 a : -np 1 b", "several programs"),
    ("--rankfile f -np 2 a", "--rankfile"),
    ("-output-filename d -np 2 a", "-output-filename"),
    ("--map-by socket -np 2 a", "--map-by socket"),
    ("--map-by ppr:2:socket a", "--map-by ppr:2:socket"),
    ("--map-by node:span -np 2 a", "--map-by node:span"),
    ("--bind-to core -np 2 a", ""),
]


@pytest.mark.parametrize(("line", "reason"), WHO_NEEDS_THE_NODE)
def test_what_only_the_nodes_own_mpirun_can_do(line: str, reason: str) -> None:
    assert read(line).needs_node() == reason


NOT_KNOWN = 'mpirun: Error: unknown option "{}"'
FEW = 'mpirun: Error: option "{}" did not have enough parameters ({})'

SAME_AS_OPEN_MPI = [
    ("--bogus 1 a", NOT_KNOWN.format("--bogus")),
    ("--np=2 a", NOT_KNOWN.format("--np=2")),
    ("-zq a", NOT_KNOWN.format("-zq")),
    ("-np", FEW.format("-np", 1)),
    ("-x", FEW.format("-x", 1)),
    ("--mca btl", FEW.format("--mca", 2)),
    ("-np x a", "Param:  x"),
    ("-np 2x a", "Param:  2x"),
    ("-npernode x a", "Option: npernode"),
    ("--timeout x a", "Option: timeout"),
    ("-np -1 a", "Num procs:    -1"),
    ("--map-by bogus a", "Policy: bogus"),
    ("", "could not find anything to do"),
    ("-np 2", "No executable was specified"),
    ("--app /no/such", "Unable to open the appfile"),
]
OURS_ALONE = [
    ("-npernode 0 a", "Param:  0"),
    ("--map-by ppr:x:node a", "--map-by ppr:x:node: not a valid value"),
    ("--map-by ppr:2:bogus a", "--map-by ppr:2:bogus: not a valid value"),
    ("-H a:x a", "-H a:x: not a valid value"),
    ("-H ,b a", "-H ,b: not a valid value"),
    ("-x =1 a", "-x =1: not a valid value"),
    ("--start-by me a", "--start-by"),
    ("--time", FEW.format("--time", 1)),
    ("--dvm -np 1 a", "--dvm is not supported: a job is one mpirun, and ends with it"),
    ("--preload-binary -np 1 a", "--preload-binary is not supported"),
    ("-s -np 1 a", "--preload-binary is not supported"),
]


@pytest.mark.parametrize(("line", "part"), [*SAME_AS_OPEN_MPI, *OURS_ALONE])
def test_what_is_said_of_bad_ones(run: Any, line: str, part: str) -> None:
    """One door, nothing is submitted, exit code 1; the embedded MLSpace is not even started for it, unless a value needs it."""
    result = run("mpirun", *shlex.split(line), env={"MLSPACE_MPIRUN": "mlspace"})
    assert (result.stdout, result.code) == ("", 1)
    assert part in result.stderr


@pytest.mark.mpi
@pytest.mark.skipif(MPIRUN is None, reason="Open MPI's mpirun is not installed")
@pytest.mark.parametrize(("line", "part"), SAME_AS_OPEN_MPI)
def test_open_mpi_says_the_same(run: Any, line: str, part: str) -> None:
    """The whole text, but for the path that the real one was called by."""
    assert MPIRUN is not None
    words = shlex.split(line)
    real = subprocess.run(
        [MPIRUN, "--allow-run-as-root", *words] if words else [MPIRUN], capture_output=True, text=True, timeout=60, check=False
    )
    if not words and "root" in real.stderr:
        pytest.skip("Open MPI has another word for root first")
    ours = run("mpirun", *words, env={"MLSPACE_MPIRUN": "mlspace"})
    assert (real.stdout + real.stderr.replace(MPIRUN, "mpirun"), real.returncode) == (ours.stdout + ours.stderr, ours.code)


@pytest.mark.mpi
@pytest.mark.skipif(MPIRUN is None, reason="Open MPI's mpirun is not installed")
def test_every_option_of_open_mpi_has_a_row() -> None:
    """Names and numbers of parameters, as `mpirun --help full` of the installed one lists them."""
    assert MPIRUN is not None
    text = subprocess.run([MPIRUN, "--allow-run-as-root", "--help", "full"], capture_output=True, text=True, timeout=60, check=True).stdout
    if "(Open MPI) 4.1" not in text:
        pytest.skip("another Open MPI than 4.1 is installed")
    listed: dict[str, int] = {}
    for names, rest in re.findall(r"^ {0,3}(-[^\s]+) ?(.*)$", text, re.MULTILINE):
        for name in names.split("|"):
            listed[name.lstrip("-")] = len(re.findall(r"<arg\d>", rest))
    rows = {
        name: 0 if row.argument == NONE else len(row.metavar.split()) for row in options.OPEN_MPI for name in (row.long, row.short) if name
    }
    assert rows == listed


def test_what_the_nodes_mpirun_gets() -> None:
    """Every word of the user's stays, in its order, ours left out; of the programs' words none is touched."""
    line = "--image=i -np 2 --mca a b -x F=1 -qv --time 3 prog --image x -np 9 : -n 3 --nodes=2 b : : c"
    kept = commandline.without_ours(shlex.split(line))
    assert kept == shlex.split("-np 2 --mca a b -x F=1 -q -v prog --image x -np 9 : -n 3 b : : c")
    assert commandline.without_ours(["-H", "a:2", "-np", "2", "p", "-H", "x"], ("host",)) == ["-np", "2", "p", "-H", "x"]


@pytest.mark.parametrize("number", range(200))
def test_any_words_are_a_request_or_a_refusal(number: int) -> None:
    import random

    chosen = random.Random(number)
    names = [f"{chosen.choice(('-', '--'))}{name}" for row in options.OPEN_MPI for name in (row.long, row.short) if name]
    pool = [*names, ":", "--", "-", "a.out", "2", "-1", "", "x=1", "ppr:2:node", "n1:2,n2", "\udcff", "--time=1", "--image"]
    words = chosen.choices(pool, k=chosen.randrange(12))
    try:
        request = MpiRequest(commandline.parse("mpirun", words, options.ours()))
    except (UsageError, RequestRefused) as error:
        assert error.lines
        return
    except MlspaceError as error:  # pragma: no cover - the message is what matters
        pytest.fail(f"{words}: {error!r}")
    commandline.without_ours(words)
    assert isinstance(request.needs_node(), str)
