"""launch's srun knows every option of srun, by the table of the login side."""

from __future__ import annotations

import runpy

from mlspace.slurm.options import OPTIONS
from tests.conftest import ROOT

OWN = {"mlspace-job-dir", "mlspace-owner"}
"""For the login side's srun, which hands over to launch."""


def test_both_tables_have_the_same_options() -> None:
    rows = runpy.run_path(str(ROOT / "compat/generate.py"))["STEP_ROW"].findall((ROOT / "launcher/srun/srun_rows.cpp").read_text())
    table = {(row.long, row.short, row.argument.capitalize()) for row in OPTIONS if row.serves("srun")}
    assert {tuple(row[:3]) for row in rows if row[0] not in OWN} == table
