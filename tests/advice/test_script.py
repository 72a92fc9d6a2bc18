"""Scripts that deserve a warning, and their near neighbours that do not."""

from __future__ import annotations

import pytest

from mlspace.advice.script import advise
from mlspace.advice.value import Facts
from tests.conftest import ROOT

ALL = ("ntasks", "cpus-per-task", "array")
HEAD = "#!/bin/bash\n"


def said(body: str, facts: Facts | None = None) -> list[tuple[int, str]]:
    """Line, counted in the body, and the first words of each advice."""
    return [(one.line - 1, one.what) for one in advise(HEAD + body, facts or Facts(ALL))]


CUT = "this cuts node names"

CUTS = [
    """MASTER_ADDR=$(perl -le '$_=$ENV{"SLURM_JOB_NODELIST"}; s/,.*//; s/-.*//; s/\\[//; print')""",
    """export MASTER_ADDR=`perl -e '$x = $ENV{"SLURM_NODELIST"}; $x =~ s/-.*//; print $x'`""",
    "first=$(echo $SLURM_NODELIST | cut -d- -f1)",
    "first=$(echo $SLURM_NODELIST | cut -d'-' -f1 | tr -d '[')",
    'first=$(echo "$SLURM_JOB_NODELIST" | cut -f1 -d "-")',
    "first=$(echo $SLURM_JOB_NODELIST | sed 's/-.*//; s/\\[//')",
    "first=$(echo $SLURM_JOB_NODELIST | sed -e 's/,.*//' -e 's/[-].*//')",
    "first=$(echo $SLURM_NODELIST | awk -F- '{print $1}')",
    "first=$(echo $SLURM_NODELIST | awk -F'[-,]' '{print $1$2}')",
    "first=${SLURM_JOB_NODELIST%%-*}",
    "first=${SLURM_JOB_NODELIST/-*/}",
    "rest=${SLURM_NODELIST#*-}",
    "IFS=- read -r first rest <<< $SLURM_NODELIST",
    "IFS='-' read -r first rest <<< $SLURM_NODELIST",
    "first=$(echo $SLURM_NODELIST | tr '-' ' ')",
    "first=$(scontrol show hostnames $SLURM_JOB_NODELIST | head -n1 | cut -d- -f1)",
    "me=$(hostname | cut -d- -f1)",
    "me=$(hostname -s | cut -d - -f 1)",
    "me=${HOSTNAME%%-*}",
    "me=${SLURMD_NODENAME%-*}",
    """python -c "import os; print(os.environ['SLURM_NODELIST'].split('-')[0])" """,
    """python3 -c 'import os, re; print(re.split("[-,]", os.environ["SLURM_JOB_NODELIST"])[0])'""",
]


@pytest.mark.parametrize("line", CUTS)
def test_cuts_of_node_names(line: str) -> None:
    assert [(number, what[: len(CUT)]) for number, what in said(line)] == [(1, CUT)]


@pytest.mark.parametrize(
    "body",
    [
        "nodes=$SLURM_JOB_NODELIST\nfirst=${nodes%%-*}",
        'nodes="${SLURM_JOB_NODELIST}"\nfirst=$(echo "$nodes" | cut -d- -f1)',
        "first=$(scontrol show hostnames | head -n1)\nshort=${first%%-*}",
        "nodes=( $(scontrol show hostnames $SLURM_JOB_NODELIST) )\nfirst=${nodes[0]%%-*}",
        "a=$SLURM_NODELIST; b=$a\nfirst=${b//-/ }",
        "cat > x.py <<END\nimport os\nnodes = os.environ['SLURM_NODELIST']\nfirst = nodes.split('-')[0]\nEND",
        "first=$(echo \\\n  $SLURM_NODELIST |\n  cut -d- -f1)\nname=${first} # no cut\n",
    ],
)
def test_cuts_of_what_was_made_of_them(body: str) -> None:
    assert [what[: len(CUT)] for _, what in said(body)] == [CUT]


@pytest.mark.parametrize(
    "line",
    [
        "first=$(scontrol show hostnames $SLURM_JOB_NODELIST | head -n1)",
        "first=$(scontrol show hostnames | cut -d. -f1)",
        "day=$(date +%F | cut -d- -f3)",
        "tag=${SLURM_JOB_NAME%%-*}",
        "name=$SLURM_JOB_ID-$(hostname)\nid=${name%%-*}",
        "ip=$(hostname -I | cut -d- -f1)",
        "python train.py --split-by=- --nodes $SLURM_JOB_NODELIST",
        "echo $SLURM_NODELIST | sed 's/-/_/g'",
        "echo $SLURM_NODELIST | cut -d, -f1",
        "# first=$(echo $SLURM_NODELIST | cut -d- -f1)",
        "echo done # ${SLURM_NODELIST%%-*}",
    ],
)
def test_no_cuts_of_node_names(line: str) -> None:
    assert said(line) == []


@pytest.mark.parametrize("line", ["#SBATCH -J $USER", "#SBATCH --output=${HOME}/%j.out", "#SBATCH -o $(date).out", "#SBATCH -o `date`.out"])
def test_variables_in_directives(line: str) -> None:
    (only,) = said(line)
    assert only[0] == 1
    assert only[1].startswith("sbatch expands nothing in directives: ")


@pytest.mark.parametrize("line", ["#SBATCH -J cost$5", "#SBATCH -o %u-%j.out", "#SBATCH -J a # for $USER", "#SBATCH -J 'ab"])
def test_no_variables_in_directives(line: str) -> None:
    assert said(line) == []


@pytest.mark.parametrize(
    "line",
    ["##SBATCH -N2", "# SBATCH --time=10", " #SBATCH -N2", "#sbatch -N2", "#SBACTH -N2", "#SBTACH --mem=1G", "#SBATH -N2"],
)
def test_lookalikes(line: str) -> None:
    (only,) = said(line)
    assert only[0] == 1
    assert only[1].startswith("sbatch takes this line for a comment")


@pytest.mark.parametrize(
    "line",
    [
        *("# sbatch -N2 job.sh", "# SBATCH lines follow", "#SBATCH -N2", "#SBATCH", "# SRUN -n2", "#PBS -N x", "# SHELL -x", "#SBANK -x"),
        "echo\n##SBATCH -N2",  # behind the first command nobody expects a directive
    ],
)
def test_no_lookalikes(line: str) -> None:
    assert said(line) == []


def test_directives_after_the_first_command() -> None:
    assert said("#SBATCH -N2\n\necho\n#SBATCH -J x\n# c\n#SBATCH -n4") == [
        (4, "sbatch does not read this directive: the script's first command stands before it, in line 4"),
        (6, "sbatch does not read this directive: the script's first command stands before it, in line 4"),
    ]


@pytest.mark.parametrize(
    ("body", "line", "late"),
    [
        ("#SBATCH -o logs/%j.out\necho", 1, False),
        ("#SBATCH -o logs/%j.out\nmkdir -p logs", 2, True),
        ("#SBATCH -o logs/%j.out\necho\nmkdir -p logs/ results", 3, True),
        ("#SBATCH -o logs/%j.out\nmkdir -p logs2 old-logs x/logs", 1, False),
        ("#SBATCH -o logs/%j.out\n# mkdir logs", 1, False),
        ("echo", -1, False),  # from the command line
    ],
)
def test_directories_that_come_too_late(body: str, line: int, late: bool) -> None:
    (only,) = said(body, Facts(ALL, {"output": "logs"}))
    assert only[0] == line
    assert only[1].startswith("the directory logs of --output does not exist: the job fails when it starts")
    assert only[1].endswith("this mkdir comes too late") == late


def test_a_directory_that_is_there() -> None:
    assert said("#SBATCH -o logs/%j.out\nmkdir -p logs") == []


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("mpirun -n $SLURM_NTASKS ./a", "SLURM_NTASKS"),
        ("export OMP_NUM_THREADS=$SLURM_CPUS_PER_TASK", "SLURM_CPUS_PER_TASK"),
        ('./a "${SLURM_ARRAY_TASK_ID}"', "SLURM_ARRAY_TASK_ID"),
    ],
)
def test_variables_that_the_job_does_not_have(body: str, name: str) -> None:
    (only,) = said(body, Facts())
    assert only == (1, only[1])
    assert only[1].startswith(f"{name} is not set in this job")
    assert said(body) == []


@pytest.mark.parametrize(
    "body",
    [
        *(
            "echo ${SLURM_NTASKS:-1}",
            "echo $((SLURM_NTASKS * 2)) $(($SLURM_NTASKS + 1))",
            '[ -n "$SLURM_NTASKS" ] && echo',
            "x=\\$SLURM_NTASKS",
        ),
        *("if [[ -z $SLURM_ARRAY_TASK_ID ]]; then exit; fi", "SLURM_NTASKS=4\necho $SLURM_NTASKS", "srun sh -c 'echo $SLURM_NTASKS'"),
        "echo $SLURM_NTASKS_OF_MINE $SLURM_JOB_ID",
    ],
)
def test_variables_that_do_no_harm(body: str) -> None:
    assert said(body, Facts()) == []


@pytest.mark.parametrize(
    "line",
    ["module load cuda", "module purge && module load gcc/12", "ml cuda/12", "if true; then module use /x; fi", "a; module -q load x"],
)
def test_modules(line: str) -> None:
    assert [(number, what.split(":")[0]) for number, what in said(line)] == [(1, "there are no environment modules in the job")]
    assert said(line, Facts(ALL, modules=True)) == []


def test_modules_are_said_once_and_set_e_is_seen() -> None:
    (only,) = said("set -euo pipefail\nmodule load a\nmodule load b")
    assert only[0] == 2
    assert only[1].endswith("`set -e` ends the script there")


@pytest.mark.parametrize(
    "body",
    ["command -v module >/dev/null && module load x", "if type module; then\nmodule load x\nfi", "echo module load x", "pip ml x"],
)
def test_no_modules(body: str) -> None:
    assert said(body) == []


@pytest.mark.parametrize(
    ("line", "begin"),
    [
        ("cd $(dirname $0)", "a job runs a copy"),
        ('here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"', "a job runs a copy"),
        ("cd ${0%/*}", "a job runs a copy"),
        ("cp data $SLURM_TMPDIR", "SLURM_TMPDIR is made by"),
        ("mount /dev/sda1 /x", "a job on MLSpace is a container"),
        ("cp data /dev/shm/data", "/dev/shm of a job"),
    ],
)
def test_what_is_not_there(line: str, begin: str) -> None:
    assert [(number, what[: len(begin)]) for number, what in said(line)] == [(1, begin)]


@pytest.mark.parametrize("line", ["cd $SLURM_SUBMIT_DIR", "cp x ${SLURM_TMPDIR:-/tmp}", "echo >/dev/null", "cat </dev/tcp/n1/22"])
def test_what_is_there(line: str) -> None:
    assert said(line) == []


@pytest.mark.parametrize("name", ["train.sbatch", "hello.sbatch", "torch_ddp.sbatch"])
def test_our_own_examples_are_clean(name: str) -> None:
    text = (ROOT / "examples" / name).read_text()
    assert advise(text, Facts(("ntasks-per-node",))) == []
