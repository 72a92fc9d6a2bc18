"""getopt_long's rules and messages, on Slurm's table and on a small one; sbatch and squeue 22.05 are the judge."""

from __future__ import annotations

import random

import pytest

from mlspace.errors import MlspaceError, UsageError
from mlspace.slurm import count, getopt, merge
from mlspace.slurm.option import OPTIONAL, Option, Origin
from mlspace.slurm.options import OPTIONS
from mlspace.slurm.values import collect

LISTING = (
    Option("jobs", "j", "ids", argument=OPTIONAL),
    Option("noheader", "h"),
    Option("start"),
    Option("steps", "s", "ids", argument=OPTIONAL),
    Option("states", "t", "list"),
    Option("user", "u", "names"),
    Option("iterate", "i", "seconds", parse=count.positive, invalid="invalid constraint for --iterate: {value}", exit_code=1),
    Option("help"),
)


def given(argv: list[str], program: str = "sbatch") -> tuple[list[tuple[str, str | None]], list[str]]:
    settings, words = getopt.parse(program, OPTIONS, argv, stop_at_word=True)
    return [(setting.option.long, setting.text) for setting in settings], words


@pytest.mark.parametrize(
    ("argv", "settings", "words"),
    [
        (["-N2", "-n", "3", "job.sh", "-N", "x"], [("nodes", "2"), ("ntasks", "3")], ["job.sh", "-N", "x"]),
        (["--nodes=2", "--ntasks", "3"], [("nodes", "2"), ("ntasks", "3")], []),
        (["-HN2", "s"], [("hold", None), ("nodes", "2")], ["s"]),
        (["-NH", "s"], [("nodes", "H")], ["s"]),
        (["--", "-N2"], [], ["-N2"]),
        (["-N1", "--", "s", "-x"], [("nodes", "1")], ["s", "-x"]),
        (["-", "-N1"], [], ["-", "-N1"]),
        (["--exclusive", "user"], [("exclusive", None)], ["user"]),
        (["--exclusive=user"], [("exclusive", "user")], []),
        (["--exclusive="], [("exclusive", "")], []),
        (["--mem=a=b"], [("mem", "a=b")], []),
        (["--mem", "-5"], [("mem", "-5")], []),
        (["--part", "x", "--job=y"], [("partition", "x"), ("job-name", "y")], []),
        (["--time", "1"], [("time", "1")], []),
        (["--gpus", "1"], [("gpus", "1")], []),
        (["--cluster=a"], [("cluster", "a")], []),
        (["--inp=x"], [("input", "x")], []),
        (["--in=x"], [("input", "x")], []),
        (["--instance-type=x", "--image", "y"], [("instance-type", "x"), ("image", "y")], []),
        (["-vv", "--verbose"], [("verbose", None)] * 3, []),
        (["-N2", "--help", "--nonsense"], [("nodes", "2"), ("help", None)], []),
        (["-Vx"], [("version", None)], []),
        (["--wrap", ""], [("wrap", "")], []),
    ],
)
def test_a_command_line_is_read(argv: list[str], settings: list[tuple[str, str | None]], words: list[str]) -> None:
    assert given(argv) == (settings, words)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--foo"], "sbatch: unrecognized option '--foo'"),
        (["--foo=3"], "sbatch: unrecognized option '--foo=3'"),
        (["-Y"], "sbatch: invalid option -- 'Y'"),
        (["-HX"], "sbatch: invalid option -- 'X'"),
        (["-N"], "sbatch: option requires an argument -- 'N'"),
        (["--nodes"], "sbatch: option '--nodes' requires an argument"),
        (["--node"], "sbatch: option '--node' is ambiguous; possibilities: '--nodefile' '--nodelist' '--nodes'"),
        (["--hold=3"], "sbatch: option '--hold' doesn't allow an argument"),
        (["--nod=1"], "sbatch: option '--nod=1' is ambiguous; possibilities: '--nodefile' '--nodelist' '--nodes'"),
        (["--cpus=2"], "sbatch: option '--cpus=2' is ambiguous; possibilities: '--cpus-per-gpu' '--cpus-per-task'"),
        (["--b"], "sbatch: option '--b' is ambiguous; possibilities: '--batch' '--begin' '--bb' '--bbf'"),
        (["--u"], "sbatch: option '--u' is ambiguous; possibilities: '--uid' '--use-min-nodes' '--usage'"),
        (["--cpu-bind=none"], "sbatch: unrecognized option '--cpu-bind=none'"),
        (["--imag=x"], "sbatch: unrecognized option '--imag=x'"),
        (["-KN"], "sbatch: invalid option -- 'K'"),
    ],
)
def test_a_wrong_command_line(argv: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        given(argv)
    assert caught.value.lines == (message, 'Try "sbatch --help" for more information')
    assert caught.value.exit_code == 255


def test_gpu_is_ambiguous_as_in_slurm() -> None:
    names = "'--gpu-bind' '--gpu-freq' '--gpus' '--gpus-per-node' '--gpus-per-socket' '--gpus-per-task'"
    with pytest.raises(UsageError, match="is ambiguous") as caught:
        given(["--gpu=2"])
    assert caught.value.lines[0] == f"sbatch: option '--gpu=2' is ambiguous; possibilities: {names}"


def test_srun_has_letters_of_its_own() -> None:
    assert given(["-l", "-K", "-W5", "-u", "hostname", "-N"], "srun") == (
        [("label", None), ("kill-on-bad-exit", None), ("wait", "5"), ("unbuffered", None)],
        ["hostname", "-N"],
    )
    assert given(["-W", "s.sh"]) == ([("wait", None)], ["s.sh"])


def test_a_listing_reads_options_after_words_too() -> None:
    settings, words = getopt.parse("squeue", LISTING, ["x", "-h", "y", "-j1,2", "--states=R", "--", "-z"])
    assert [(setting.option.long, setting.text) for setting in settings] == [("noheader", None), ("jobs", "1,2"), ("states", "R")]
    assert words == ["x", "y", "-z"]
    assert collect(settings).values == {"noheader": True, "jobs": "1,2", "states": "R"}


@pytest.mark.parametrize(
    ("program", "lines"),
    [
        (
            "squeue",
            (
                "squeue: option '--st' is ambiguous; possibilities: '--start' '--steps' '--states'",
                'Try "squeue --help" for more information',
            ),
        ),
        ("sacct", ("sacct: option '--st' is ambiguous; possibilities: '--start' '--steps' '--states'",)),
    ],
)
def test_a_listing_ends_with_one(program: str, lines: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as caught:
        getopt.parse(program, LISTING, ["--st"])
    assert caught.value.lines == lines
    assert caught.value.exit_code == 1


def test_a_bad_value_of_a_listing_ends_with_its_rows_code() -> None:
    settings, _ = getopt.parse("squeue", LISTING, ["-i", "0"])
    with pytest.raises(MlspaceError) as caught:
        collect(settings)
    assert caught.value.lines == ("invalid constraint for --iterate: 0",)
    assert caught.value.exit_code == 1


def test_origins_follow_the_words() -> None:
    origins = [Origin("a"), Origin("b"), Origin("c")]
    settings, _ = getopt.parse("sbatch", OPTIONS, ["-N", "2", "-n3"], origins=origins)
    assert [str(setting.origin) for setting in settings] == ["a", "c"]


def test_any_command_line_gives_a_request_or_one_of_our_errors() -> None:
    choose = random.Random(42)
    names = [option.long for option in OPTIONS]
    pieces = [
        "",
        "-",
        "--",
        ":",
        "x",
        "0",
        "-1",
        "1-3",
        "gpu:2",
        "=",
        "1k",
        "é",
        "\udcff",
        "[",
        "n[1-",
        "a,b",
        "%j",
        "now",
        " ",
        "\n",
        "ALL",
        "9" * 30,
    ]
    for _ in range(3000):
        argv = []
        for _ in range(choose.randrange(6)):
            kind = choose.randrange(5)
            name, piece = choose.choice(names), choose.choice(pieces)
            if kind == 0:
                argv.append(piece)
            elif kind == 1:
                argv.append("--" + name[: choose.randrange(len(name) + 1)])
            elif kind == 2:
                argv.append(f"--{name}={piece}")
            elif kind == 3:
                argv.append("-" + "".join(choose.choices("aABcdDeGhHiJkKlmnNopqQrstTuvVwWxXZ?", k=3)))
            else:
                argv += ["--" + name, piece]
        program = choose.choice(["sbatch", "srun", "salloc"])
        try:
            settings, words = getopt.parse(program, OPTIONS, argv, stop_at_word=True)
            merge.components(program, [[]], {}, [settings])
        except MlspaceError as error:
            assert error.lines
            assert error.exit_code in (1, 255)
            continue
        assert all(setting.option.serves(program) for setting in settings)
        assert words == argv[len(argv) - len(words) :]
