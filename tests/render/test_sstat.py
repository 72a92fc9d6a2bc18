"""sstat's fields, of tasks whose usage is known. What does not depend on it is in the captures."""

from __future__ import annotations

import pytest

from mlspace.render import sacct, sstat
from mlspace.slurm.usage import StepUsage, TaskUsage

STEP = StepUsage(
    "0",
    {"n1": [10, 11], "n2": [20]},
    [
        TaskUsage("n1", 0, 61_500, 2048, 10 * 1024**2, 3, 1000, 0),
        TaskUsage("n1", 1, 2_000, 5 * 1024**2, 1536 * 1024, 0, 7, 1),
        TaskUsage("n2", 2, 1_999, 1025, 1024**3, 4, 2_048_000, 5),
    ],
)


def shown(fields: str, *, convert: bool = True) -> list[str]:
    columns = sacct.read_format(fields, sstat.FIELDS)
    assert not isinstance(columns, str)
    rows = sstat.rows(12, STEP, [column.field for column in columns], convert)
    return sacct.parsable(columns, rows, header=False, delimiter="|", ending=False)


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ("jobid,ntasks,nodelist", "12.0|3|n[1-2]"),
        ("maxrss,maxrssnode,maxrsstask,averss", "5M|n1|1|1748651"),
        ("maxvmsize,maxvmsizenode,maxvmsizetask", "1G|n2|2"),
        ("avecpu,mincpu,mincpunode,mincputask", "00:00:21|00:00:01|n2|2"),
        ("maxpages,maxpagesnode,maxpagestask,avepages", "4|n2|2|2"),
        ("maxdiskread,maxdiskreadtask,avediskread,maxdiskwrite,avediskwrite", "2000K|2|683002|5|2"),
        ("tresusageinmax", "cpu=00:01:01,energy=0,fs/disk=2000K,mem=5M,pages=4,vmem=1G"),
        ("tresusageinmaxnode", "cpu=n1,energy=n1,fs/disk=n2,mem=n1,pages=n2,vmem=n2"),
        ("tresusageinmaxtask", "cpu=00:00:00,fs/disk=2,mem=1,pages=2,vmem=2"),
        ("tresusageinmintask", "cpu=00:00:00,fs/disk=1,mem=2,pages=1,vmem=1"),
        ("tresusageouttot,tresusageoutmin,tresusageoutmaxtask", "energy=0,fs/disk=6|energy=0,fs/disk=0|fs/disk=2"),
    ],
)
def test_fields(fields: str, line: str) -> None:
    assert shown(fields) == [line]


def test_sizes_in_bytes() -> None:
    assert shown("maxrss,maxvmsize,maxdiskread", convert=False) == ["5242880|1073741824|2048000"]


def test_processes_of_each_node() -> None:
    assert shown("jobid,nodelist,pids") == ["12.0|n1|10,11", "12.0|n2|20"]
