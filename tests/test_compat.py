"""What compat/ says is what the tables say."""

from __future__ import annotations

import runpy

from tests.conftest import ROOT


def test_the_page_of_options_is_the_table() -> None:
    generator = runpy.run_path(str(ROOT / "compat/generate.py"))
    assert (ROOT / "compat/options.md").read_text() == generator["page"](), "run: python compat/generate.py"
