"""#SBATCH lines: every hard case of real scripts, with what sbatch 22.05 made of it."""

from __future__ import annotations

import pytest

from mlspace.errors import MlspaceError, UsageError
from mlspace.slurm import directives, merge

SHEBANG = "#!/bin/sh\n"


def words(text: str) -> list[str]:
    components = directives.read(text, "t.sh")
    assert len(components) == 1
    return [word for word, _ in components[0]]


def values(line: str) -> dict[str, object]:
    """What a script of this directive asks for."""
    return merge.components("sbatch", directives.read(SHEBANG + line + "\n", "t.sh"), {}, [])[0].values


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("#SBATCH -t 60   # one hour", {"time": 60}),
        ("#SBATCH -o a.err# log", {"output": "a.err"}),
        ('#SBATCH --comment="r#x"', {"comment": "r#x"}),
        (r"#SBATCH --comment=r\#x", {"comment": "r#x"}),
        ("#SBATCH --comment=#x", {"comment": ""}),
        ('#SBATCH --job-name="two words"', {"job-name": "two words"}),
        ('#SBATCH -J "ab"c".d"', {"job-name": "abc.d"}),
        ("#SBATCH -J a'b c'd", {"job-name": "ab cd"}),
        ("""#SBATCH -J "a'b" """, {"job-name": "a'b"}),
        ("#SBATCH -p gpu -N 1 -t 15:00 --mem=64G", {"partition": "gpu", "nodes": [1, 1], "time": 15, "mem": 65536}),
        ("#SBATCH -N2", {"nodes": [2, 2]}),
        ("#SBATCH -ptest", {"partition": "test"}),
        ("#SBATCH -On2", {"overcommit": True, "ntasks": 2}),
        ("#SBATCH --mem 4G", {"mem": 4096}),
        ("#SBATCH --mem=4G", {"mem": 4096}),
        ("#SBATCH --account=", {"account": ""}),
        ("#SBATCH --out=x", {"output": "x"}),
        ("#SBATCH --err=x", {"error": "x"}),
        ("#SBATCH --job=x", {"job-name": "x"}),
        ("#SBATCH --tasks=3", {"ntasks-per-node": 3}),
        ("#SBATCH --tasks-per-node=3", {"ntasks-per-node": 3}),
        ("#SBATCH -A <project>", {"account": "<project>"}),
        ("#SBATCH -J $USER", {"job-name": "$USER"}),
        ("#SBATCH -J a\n#SBATCH -J b", {"job-name": "b"}),
        ("#SBATCH --mail-type=BEGIN\n#SBATCH --mail-type=END,FAIL", {"mail-type": ["BEGIN", "END", "FAIL"]}),
        ("echo hi\n#SBATCH -J x", {}),
        ("\n\n# comment\n#SBATCH -J a\n   \n   # c\n#SBATCH -N2\necho\n#SBATCH -J b", {"job-name": "a", "nodes": [2, 2]}),
        ("##SBATCH -J a\n# SBATCH -J a\n #SBATCH -J a\n#sbatch -J a\n#SBACTH -J a", {}),
        ("#SBATCH", {}),
        ("#SBATCH\t-n\t2  \t ", {"ntasks": 2}),
        ("#SBATCH--mem=1G", {"mem": 1024}),
        ("#SBATCH-n1", {"ntasks": 1}),
        ("#SBATCH -J x \\", {"job-name": "x"}),
        ("#SBATCH -J x\\\n#SBATCH -N2", {"job-name": "x", "nodes": [2, 2]}),
        ("#SBATCH -N\n#SBATCH 2", {"nodes": [2, 2]}),
        ("#SBATCH -J café  # où", {"job-name": "café"}),
        ("#PBS -N x\n#PBS -l nodes=2\n#BSUB -J x\n#$ -q x", {}),
        ("#SBATCH --input=none", {"input": "/dev/null"}),
        ("#SBATCH --chdir=/no/such/place", {"chdir": "/no/such/place"}),
        ("#SBATCH --exclusive", {"exclusive": True}),
        ("#SBATCH --exclusive=user", {"exclusive": "user"}),
        ("#SBATCH --signal=B:USR1@60", {"signal": {"signal": 10, "warn": 60, "batch_only": True, "reservation": False}}),
        ("#SBATCH --export=ALL,A=1", {"export": "ALL,A=1"}),
        ("#SBATCH --requeue --no-requeue", {"requeue": False}),
        ("#SBATCH --help", {}),
        ('#SBATCH -J a "" -N2', {"job-name": "a"}),
        (r"#SBATCH -J a\\b", {"job-name": "a\\b"}),
        (r"#SBATCH -J a\nb", {"job-name": "anb"}),
        (r'#SBATCH -J "a\"b"', {"job-name": 'a"b'}),
        (r"#SBATCH -J 'a\'b'", {"job-name": "a'b"}),
        (r"#SBATCH -J \"a", {"job-name": '"a'}),
    ],
)
def test_a_directive_means(line: str, expected: dict[str, object]) -> None:
    assert values(line) == expected


INVALID = "sbatch: error: Invalid directive found in batch script: "
TRY = 'Try "sbatch --help" for more information'
ORIGIN = "sbatch: error:   from line 2 of t.sh"


@pytest.mark.parametrize(
    ("line", "lines", "code"),
    [
        ("#SBATCH -t 10 hello", [INVALID + "hello", ORIGIN], 255),
        ("#SBATCH -A <my project>", [INVALID + "project>", ORIGIN], 255),
        ("#SBATCH --array= 1-3", [INVALID + "1-3", ORIGIN], 255),
        ("#SBATCHX", [INVALID + "X", ORIGIN], 255),
        ("#SBATCH -- x", [INVALID + "x", ORIGIN], 255),
        ("#SBATCH --exclusive user", [INVALID + "user", ORIGIN], 255),
        (r"#SBATCH -J a\ b", [INVALID + "b", ORIGIN], 255),
        ("#SBATCH -J 'ab", ["sbatch: fatal: t.sh: line 2: Unmatched `'` in [ 'ab]"], 1),
        ('#SBATCH -J "a b', ['sbatch: fatal: t.sh: line 2: Unmatched `"` in [ "a b]'], 1),
        ("#SBATCH --nod=1", ["sbatch: option '--nod=1' is ambiguous; possibilities: '--nodefile' '--nodelist' '--nodes'", TRY], 255),
        ("#SBATCH --workdir=x", ["sbatch: unrecognized option '--workdir=x'", TRY], 255),
        ("#SBATCH --cpu-bind=none", ["sbatch: unrecognized option '--cpu-bind=none'", TRY], 255),
        ("#SBATCH -job_x", ["sbatch: invalid option -- 'j'", TRY], 255),
        ("#SBATCH -N", ["sbatch: option requires an argument -- 'N'", TRY], 255),
        ("#SBATCH -J ''", ["sbatch: option requires an argument -- 'J'", TRY], 255),
        ("#SBATCH --comment #x", ["sbatch: option '--comment' requires an argument", TRY], 255),
    ],
)
def test_a_directive_is_rejected(line: str, lines: list[str], code: int) -> None:
    with pytest.raises(UsageError) as caught:
        values(line)
    assert list(caught.value.lines) == lines
    assert caught.value.exit_code == code


@pytest.mark.parametrize(
    ("line", "message", "code"),
    [
        ("#SBATCH -N=2", '"=2" is not a valid node count', 255),
        ("#SBATCH -n 1-2", 'Invalid numeric value "1-2" for --ntasks.', 1),
        ("#SBATCH -c 1k", 'Invalid numeric value "1k" for --cpus-per-task.', 1),
        ("#SBATCH --tasks-per-node=x", 'Invalid numeric value "x" for --ntasks-per-node.', 1),
        ("#SBATCH -t 1h", "Invalid --time specification", 255),
        ("#SBATCH --mem=1.5G", "Invalid --mem specification", 255),
        ("#SBATCH --signal=NOPE", "Invalid --signal specification", 255),
        ("#SBATCH --mail-type=x", "Invalid --mail-type specification", 255),
        ("#SBATCH --array=4-1", "Batch job submission failed: Invalid job array specification", 1),
        ("#SBATCH --gres=gpu:a:b:c", "Invalid generic resource (gres) specification", 1),
        ("#SBATCH -N 3-1", "Maximum node count 1 is less than minimum node count 3", 255),
    ],
)
def test_a_bad_value_names_its_line(line: str, message: str, code: int) -> None:
    with pytest.raises(MlspaceError) as caught:
        values("# first\n" + line)
    assert caught.value.lines == (message, "  from line 3 of t.sh")
    assert caught.value.exit_code == code


def test_hetjob_separates_components() -> None:
    for separator in ("hetjob", "packjob"):
        components = directives.read(f"{SHEBANG}#SBATCH -n1\n#SBATCH {separator}\n#SBATCH -n2\n", "t.sh")
        assert [[word for word, _ in component] for component in components] == [["-n1"], ["-n2"]]


def test_each_word_knows_its_line() -> None:
    ((first, second),) = directives.read("#!/bin/sh\n\n#SBATCH -N2\n# x\n#SBATCH -n3\n", "job.sh")
    assert (first[0], str(first[1])) == ("-N2", "line 3 of job.sh")
    assert (second[0], str(second[1])) == ("-n3", "line 5 of job.sh")


@pytest.mark.parametrize(
    ("data", "first_line"),
    [
        (b"", "Batch script is empty!"),
        (b" \n\t\n", "Batch script contains only whitespace!"),
        (b"echo hi\n", "This does not look like a batch script.  The first"),
        (b"\n#!/bin/sh\n", "This does not look like a batch script.  The first"),
        (b"\x7fELF\0\0", "This does not look like a batch script.  The first"),
        (b"#!/bin/sh\ntrue\0x\n", "The Slurm controller does not allow scripts that"),
        (b"#!/bin/sh\r\ntrue\r\n", "Batch script contains DOS line breaks (\\r\\n)"),
        (
            b"#!/bin/sh\n" + b"#" * directives.SIZE_LIMIT,
            "Batch job submission failed: Pathname of a file, directory or other parameter too long",
        ),
    ],
)
def test_a_script_is_refused(data: bytes, first_line: str) -> None:
    with pytest.raises(MlspaceError) as caught:
        directives.decode(data)
    assert caught.value.lines[0] == first_line
    assert caught.value.exit_code == 1


@pytest.mark.parametrize(
    "data", [b"#!/bin/sh", b"#! /bin/sh -l\ntrue\n", b"#!/bin/tcsh\n", b"#!/bin/sh\n# \xe9\xff\n", "#!/bin/sh\n# é\n".encode()]
)
def test_a_script_comes_through_byte_for_byte(data: bytes) -> None:
    assert directives.decode(data).encode("utf-8", "surrogateescape") == data
