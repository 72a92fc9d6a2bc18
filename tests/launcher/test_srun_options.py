"""launch's srun knows every option of srun, by the table of the login side."""

from __future__ import annotations

import re

from mlspace.slurm.options import OPTIONS
from tests.conftest import ROOT

OWN = {"mlspace-job-dir", "mlspace-owner"}
"""For the login side's srun, which hands over to launch."""


def test_both_tables_have_the_same_options() -> None:
    source = (ROOT / "launcher/srun_options.cpp").read_text()
    rows = re.findall(r"^    \{\"([a-z_0-9-]+)\", (?:'(\w)'|0), k(\w+),", source, re.MULTILINE)
    table = {(row.long, row.short, row.argument.capitalize()) for row in OPTIONS if row.serves("srun")}
    assert {row for row in rows if row[0] not in OWN} == table
