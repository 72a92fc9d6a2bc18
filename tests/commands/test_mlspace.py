"""`mlspace` and its subcommands, as far as they are all alike."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mlspace.commands.mlspace import SUBCOMMANDS
from tests.conftest import ROOT, Result


def test_each_subcommand_is_a_file() -> None:
    files = {path.stem for path in (ROOT / "mlspace/commands/subcommands").glob("*.py")} - {"__init__"}
    assert files == {name.replace("-", "_") for name in SUBCOMMANDS}


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_help(run: Callable[..., Result], name: str) -> None:
    shown = run("mlspace", name, "--help")
    assert (shown.stderr, shown.code) == ("", 0)
    assert f"mlspace {name}" in shown.stdout
    assert f"mlspace {name}" in run("mlspace", "--help").stdout


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_an_option_that_there_is_not(run: Callable[..., Result], name: str) -> None:
    refused = run("mlspace", name, "--bogus", "7")
    assert (refused.stdout, refused.code) == ("", 255 if name == "explain" else 2)  # explain reads sbatch's options
    assert "--bogus" in refused.stderr
