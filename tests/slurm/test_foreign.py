"""#PBS and #BSUB lines as sbatch 22.05 reads them: what each becomes."""

from __future__ import annotations

import pytest

from mlspace.errors import UsageError
from mlspace.slurm import directives, foreign
from mlspace.slurm.options import OPTIONS


def read(line: str) -> list[tuple[str, str | None]]:
    lines = directives.read_foreign(f"#!/bin/sh\n{line}\n", "t.sh", foreign.MARKS)
    return [(setting.option.long, setting.text) for setting in foreign.settings("sbatch", OPTIONS, lines)]


@pytest.mark.parametrize(
    ("line", "settings"),
    [
        ("#PBS -N name", [("job-name", "name")]),
        ("#PBS-N name # comment", [("job-name", "name")]),
        ("#PBS -l nodes=2", [("nodes", "2")]),
        ("#PBS -l nodes=2:ppn=4", [("nodes", "2"), ("ntasks", "8")]),
        ("#PBS -l nodes=2+3:ppn=2", [("nodes", "5"), ("ntasks", "10")]),
        ("#PBS -l nodes=2:ppn=2+1:ppn=4", [("nodes", "3"), ("ntasks", "18")]),
        ("#PBS -l nodes=n1:ppn=2+n2:ppn=2", [("nodelist", "n[1-2]"), ("ntasks", "4")]),
        ("#PBS -l nodes=1:bigmem:ppn=2", [("nodes", "1"), ("nodelist", "bigmem"), ("ntasks", "2")]),
        ("#PBS -l nodes=2:ppn=4:gpus=1", [("gpus-per-node", "1"), ("nodes", "2"), ("ntasks", "8")]),
        ("#PBS -l nodes=2:ppn=x", [("nodes", "2")]),
        ("#PBS -l nodes", []),
        ("#PBS -l walltime=1:00:00,mem=1gb", [("time", "1:00:00"), ("mem", "1gb")]),
        ("#PBS -l select=2:ncpus=4:mpiprocs=4:mem=1gb", [("nodes", "2"), ("mincpus", "4"), ("ntasks-per-node", "4"), ("mem", "1gb")]),
        ("#PBS -l naccelerators=2", [("gres", "gpu:2")]),
        ("#PBS -l pmem=1gb -l place=scatter", []),
        ("#PBS -m abe -M me@x", [("mail-type", "FAIL,BEGIN,END"), ("mail-user", "me@x")]),
        ("#PBS -q debug -A acct -p -5", [("partition", "debug"), ("account", "acct"), ("nice", "-5")]),
        ("#PBS -j oe -V -r n -S /bin/sh -I", []),
        ("#PBS -hJ 1-3", [("hold", None), ("array", "1-3")]),
        ("#PBS -W depend=afterok:1", [("dependency", "afterok:1")]),
        ("#PBS -W umask=022", []),
        ("#BSUB -n 2,4 -q debug -W 60", [("ntasks", "4"), ("partition", "debug"), ("time", "60")]),
        ("#BSUB -M 100000", [("mem-per-cpu", "100000K")]),
        ("#BSUB -M 1GB", [("mem-per-cpu", "1GB")]),
        ('#BSUB -m "n1 n2" -x', [("nodelist", "n1,n2"), ("exclusive", None)]),
        ("#BSUB -cwd /tmp", [("chdir", "/tmp")]),
        (" #PBS -N indented", []),
        ("#pbs -N lower", []),
    ],
)
def test_a_line_becomes(line: str, settings: list[tuple[str, str | None]]) -> None:
    assert read(line) == settings


def test_they_are_read_in_the_whole_script_and_lsf_alone_where_there_is_any() -> None:
    assert read("true\n#PBS -N pbs") == [("job-name", "pbs")]
    assert read("#BSUB -q lsf\ntrue\n#PBS -N pbs\n#PBS --bogus") == [("partition", "lsf")]


UNKNOWN = "sbatch: error: Unrecognized command line parameter ?"


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("#PBS -d /tmp", ("sbatch: invalid option -- 'd'", UNKNOWN)),
        ("#PBS --bogus", ("sbatch: unrecognized option '--bogus'", UNKNOWN)),
        ("#PBS -N", ("sbatch: option requires an argument -- 'N'", UNKNOWN)),
        ("#PBS hello", ("sbatch: error: Invalid argument: hello",)),
        ("#PBSX", ("sbatch: error: Invalid argument: X",)),
        ("#BSUB -R x", ("sbatch: invalid option -- 'R'", UNKNOWN)),
        ("#BSUB -n 4,", ("sbatch: error: #BSUB -n format not correct given: '4,'",)),
        ("#PBS -N 'a b", ("sbatch: fatal: t.sh: line 2: Unmatched `'` in [ 'a b]",)),
        ("#PBS -l naccelerators=x", ('sbatch: error: Invalid numeric value "x" for naccelerators.',)),
    ],
)
def test_a_wrong_line_is_refused(line: str, lines: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as caught:
        read(line)
    assert caught.value.lines == lines
    assert caught.value.exit_code == 1
