"""How the launcher gets to where a region's jobs see it, and what is said where it cannot."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mlspace.cluster.delivery import X86_64, Delivery, Storage, storages
from mlspace.errors import ConfigError, StateError
from tests.conftest import Cli
from tests.launcher.helpers.runtime import newest_launch
from tests.local.conftest import KNOWN, REGION, Gateway, serve  # noqa: F401 - a fixture

CONTENTS = b"\x7fELF".ljust(18, b"\0") + X86_64 + b"the launcher"
NAME = f"launch-{hashlib.sha256(CONTENTS).hexdigest()[:16]}"


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    path = tmp_path / "launch"
    path.write_bytes(CONTENTS)
    return path


def delivery(binary: Path, here: Path, fixed: str = "") -> Delivery:
    by_hand = {"SR003": "/home/jovyan/own"}
    return Delivery(fixed, by_hand, {"SR006": Storage("/home/jovyan/x", str(here))}, lambda: str(binary), "/home/ann/config.yaml")


def test_paths(binary: Path, tmp_path: Path) -> None:
    """A region's own path, the one for all, the copy: in that order."""
    found = delivery(binary, tmp_path)
    assert [found.path("SR003"), found.path("SR006")] == ["/home/jovyan/own", f"/home/jovyan/x/{NAME}"]
    told = delivery(binary, tmp_path, fixed="/all")
    assert [told.path(region) for region in ("SR003", "SR006", "SR008")] == ["/home/jovyan/own", "/all", "/all"]
    assert [told.seen_here(region) for region in ("SR003", "SR006", "SR008")] == ["", "", ""]


def test_what_to_do_is_said(binary: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        delivery(binary, tmp_path).path("SR008")
    said = "\n".join(caught.value.lines)
    assert "region SR008" in caught.value.lines[0]
    for words in (str(binary), f"/home/jovyan/.mlspace/{NAME}", "/home/ann/config.yaml", "a Jupyter server of SR008"):
        assert words in said


def test_a_copy_is_made_once(binary: Path, tmp_path: Path) -> None:
    here = tmp_path / "not" / "there"
    found = delivery(binary, here)
    found.put("SR006")
    found.put("SR003")
    found.put("SR008")
    copy = here / NAME
    assert copy.read_bytes() == CONTENTS
    assert copy.stat().st_mode & 0o777 == 0o755
    assert os.listdir(here) == [NAME]
    before = copy.stat()
    found.put("SR006")
    assert (copy.stat().st_ino, copy.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    binary.write_bytes(CONTENTS + b", another one")
    delivery(binary, here).put("SR006")
    assert len(os.listdir(here)) == 2, "jobs that wait keep theirs"


PUT = """
import sys
from mlspace.cluster.delivery import Delivery, Storage
Delivery("", {}, {"R": Storage("/x", sys.argv[2])}, lambda: sys.argv[1]).put("R")
"""


def test_many_commands_at_once(binary: Path, tmp_path: Path) -> None:
    here = tmp_path / "here"
    started = [subprocess.Popen([sys.executable, "-c", PUT, binary, here]) for _ in range(8)]
    assert [one.wait(60) for one in started] == [0] * 8
    assert os.listdir(here) == [NAME]
    assert (here / NAME).read_bytes() == CONTENTS


def test_storage_that_cannot_be_written(binary: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match="cannot be copied to"):
        delivery(binary, tmp_path / "file").put("SR006")


def test_another_kind_of_processor(binary: Path, tmp_path: Path) -> None:
    binary.write_bytes(CONTENTS.replace(X86_64, b"\xb7\0"))
    with pytest.raises(ConfigError, match="another kind of processor"):
        delivery(binary, tmp_path / "here").put("SR006")
    assert not (tmp_path / "here").exists()


def test_storages() -> None:
    """Without `here`, a directory of the configuration is seen only in the region that we are in."""
    rows = {"A": {"storage": "/s", "here": "/h"}, "B": {"storage": "/s"}, "C": {"launch": "/l"}}
    assert storages(rows, "", "/home/jovyan") == {"A": Storage("/s", "/h")}
    own = storages(rows, "B", "/home/jovyan")
    assert own == {"A": Storage("/s", "/h"), "B": Storage("/s", "/s")}
    assert storages({}, "B", "/home/jovyan") == {"B": Storage("/home/jovyan/.mlspace", "/home/jovyan/.mlspace")}


@pytest.fixture
def remote(cli: Cli, serve: Callable[..., Gateway]) -> Cli:  # noqa: F811
    """A command line that knows a Gateway, and nothing of a launcher."""
    gateway = serve("--quick", "--kill-grace", "1")
    cli.env |= {f"MLSPACE_{name.upper().replace('-', '_')}": value for name, value in KNOWN.items()}
    cli.env |= {"MLSPACE_ENDPOINT": gateway.url, "MLSPACE_IMAGE": "cr.example/image:1", "MLSPACE_LAUNCH_LOCAL": str(newest_launch())}
    return cli


def test_on_a_jupyter_server_of_the_region_nothing_need_be_said(remote: Cli, tmp_path: Path) -> None:
    """Here its home is seen by the jobs, as there."""
    here = {"CLUSTER_KEY": REGION}
    assert "copied with the first job" in remote("mlspace", "launcher", env=here).stdout
    done = remote("srun", "echo", "hi", env=here)
    assert (done.stdout, done.stderr, done.code) == ("hi\n", "", 0)
    (copy,) = (tmp_path / "home" / ".mlspace").iterdir()
    shown = remote("mlspace", "launcher", env=here).stdout.splitlines()[1].split()
    assert shown == [REGION, str(copy), str(copy), "there"]


def test_a_region_that_cannot_be_seen(remote: Cli, tmp_path: Path) -> None:
    for command in (("srun", "true"), ("sbatch", "--wrap", "true")):
        refused = remote(*command)
        assert (refused.stdout, refused.code) == ("", 1)
        assert f"jobs of region {REGION} would not find the launcher" in refused.stderr
        assert f"regions: {{{REGION}: {{launch:" in refused.stderr
    assert remote("squeue", "-h", "-t", "all").stdout == "", "nothing is left of it"
    shown = remote("mlspace", "launcher", REGION)
    assert ("cannot be reached" in shown.stdout, shown.code) == (True, 1)
    assert "on a Jupyter server of" in shown.stderr


def test_where_the_storage_is_mounted_elsewhere(remote: Cli, tmp_path: Path) -> None:
    """Jobs see it under another path, which a link stands for here."""
    (tmp_path / "volume").mkdir()
    (tmp_path / "nodes").symlink_to(tmp_path / "volume")
    directory = tmp_path / "config" / "mlspace"
    directory.mkdir(parents=True)
    row = f"{{storage: {tmp_path}/nodes, here: {tmp_path}/volume}}"
    (directory / "config.yaml").write_text(f"regions: {{{REGION}: {row}}}\n")
    (directory / "config.yaml").chmod(0o600)
    remote.env["XDG_CONFIG_HOME"] = str(tmp_path / "config")
    assert remote("mlspace", "launcher", "--put").stdout.splitlines()[1].split()[-1] == "there"
    assert len(list((tmp_path / "volume").iterdir())) == 1
    assert remote("srun", "echo", "hi").stdout == "hi\n"
