"""sbcast inside a job, for real: what it copies, and what it ends with."""

from __future__ import annotations

import os

from tests.conftest import ROOT, Cli

SCRIPT = r"""#!/bin/sh
#SBATCH -N2 -o out
mkdir there
sbcast source copy; echo "copied $? $(cat copy) $(stat -c %a copy) $(ls copy*)"
touch -d '2020-01-01' copy
sbcast source copy; echo "again $?"
sbcast -fp source copy; echo "forced $? $(stat -c %Y copy)"
sbcast source nowhere/copy; echo "nowhere $?"
sbcast source there; echo "directory $?"
sbcast source there/; echo "slash $?"
sbcast missing copy; echo "missing $?"
"""


def test_a_file_reaches_every_node(cli: Cli) -> None:
    source = cli.directory / "source"
    source.write_text("content\n")
    source.chmod(0o640)
    os.utime(source, (1_600_000_000, 1_600_000_000))
    (cli.directory / "job.sh").write_text(SCRIPT)
    assert cli("sbatch", "--wait", "job.sh", env={"PATH": f"{ROOT}/bin:{os.environ['PATH']}"}).code == 0
    lines = (cli.directory / "out").read_text().splitlines()
    said = [line for line in lines if not line.startswith("sbcast: ")]
    errors = [line for line in lines if line.startswith("sbcast: ")]
    assert said == [
        "copied 0 content 640 copy",
        "again 17",
        "forced 0 1600000000",
        "nowhere 2",
        "directory 17",
        "slash 1",
        "missing 255",
    ]
    assert "sbcast: error: REQUEST_FILE_BCAST(n1): File exists" in errors
    assert "sbcast: error: REQUEST_FILE_BCAST(n2): No such file or directory" in errors
    assert errors[-2:] == [
        "sbcast: error: Target filename cannot be a directory.",
        "sbcast: error: Can't open `missing`: No such file or directory",
    ]
