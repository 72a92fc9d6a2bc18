"""What a Gateway has and offers, as sinfo, placement and mlspace's own tables see it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from mlspace.gateway.catalog import Catalog, InstanceType, Place, read_key
from mlspace.translate.placement import smallest
from tests.conftest import Cli, Result, wait_until
from tests.launcher.helpers.runtime import newest_launch
from tests.local.conftest import KNOWN, Gateway, serve  # noqa: F401 - a fixture
from tests.translate.test_placement import geometry

EIGHT, ONE, CPU = "a100plus.8gpu.80vG.96C.768G", "a100plus.1gpu.80vG.12C.96G", "cpu.2C.8G"
OFFERS = (f"SR006:{EIGHT}=2", f"SR006:{ONE}=16", f"SR008:{CPU}=3")


def remote_cli(cli: Cli, gateway: Gateway) -> Cli:
    """The command line of a user of that Gateway."""
    cli.env |= {f"MLSPACE_{name.upper().replace('-', '_')}": value for name, value in KNOWN.items()}
    cli.env |= {"MLSPACE_ENDPOINT": gateway.url, "MLSPACE_LAUNCH": str(newest_launch()), "MLSPACE_IMAGE": "cr.example/image:1"}
    cli.env["MLSPACE_REGION"] = "SR008"
    return cli


def started(serve: Callable[..., Gateway], *options: str) -> Gateway:  # noqa: F811
    return serve("--quick", "--kill-grace", "1", *(word for offer in OFFERS for word in ("--offer", offer)), *options)


@pytest.fixture
def remote(cli: Cli, serve: Callable[..., Gateway]) -> Cli:  # noqa: F811
    return remote_cli(cli, started(serve))


def columns(shown: Result) -> list[list[str]]:
    assert (shown.stderr, shown.code) == ("", 0)
    return [line.split() for line in shown.stdout.splitlines()]


def test_sinfo_tells_what_is_free(remote: Cli) -> None:
    rows = columns(remote("sinfo", "-h", "-o", "%P %D %t %G %c %m %N"))
    assert sorted(rows) == [
        ["SR006", "16", "idle", "gpu:h100:1", "12", str(96 * 1024), f"sr006-{ONE}-[1-16]"],
        ["SR006", "2", "idle", "gpu:h100:8", "96", str(768 * 1024), f"sr006-{EIGHT}-[1-2]"],
        ["SR008*", "3", "idle", "(null)", "2", str(8 * 1024), f"sr008-{CPU}-[1-3]"],
    ]


def test_our_own_jobs_nodes_are_allocated(remote: Cli) -> None:
    job = remote("sbatch", "--parsable", "-N2", "--wrap", "touch began; sleep 300").stdout.strip()
    wait_until((remote.directory / "began").exists, "the job")
    wait_until(lambda: remote("squeue", "-h", "-o", "%T").stdout == "RUNNING\n", "word of its start")
    assert sorted(columns(remote("sinfo", "-h", "-p", "SR008", "-o", "%D %t %N"))) == [
        ["1", "idle", f"sr008-{CPU}-3"],
        ["2", "alloc", f"sr008-{CPU}-[1-2]"],
    ]
    node = remote("scontrol", "show", "node", f"sr008-{CPU}-1").stdout
    assert "CPUAlloc=2 " in node
    assert "State=ALLOCATED" in node
    assert "TotalNodes=3" in remote("scontrol", "show", "partition", "SR008").stdout
    assert remote("scancel", job).code == 0


def test_sinfo_of_a_region_that_does_not_tell(cli: Cli, serve: Callable[..., Gateway]) -> None:  # noqa: F811
    """It is said; the regions are shown all the same."""
    remote = remote_cli(cli, started(serve, "--fault", "GET /instance_types/{region}/available status=405"))
    shown = remote("sinfo", "-h", "-o", "%P %D")
    assert [line.split() for line in shown.stdout.splitlines()] == [["SR006", "0"], ["SR008*", "0"]]
    assert "sinfo: warning: what is free in SR006 is not known: " in shown.stderr
    assert shown.code == 0
    assert remote("mlspace", "instance-types", "-f").stdout.splitlines()[1:] == []


def test_instance_types(remote: Cli) -> None:
    head, *rows = columns(remote("mlspace", "instance-types"))
    assert head == ["region", "instance", "type", "GPUs", "model", "CPUs", "GiB", "free"]
    assert rows == [
        ["SR006", ONE, "1", "H100", "80", "GB", "12", "96", "16"],
        ["SR006", EIGHT, "8", "H100", "80", "GB", "96", "768", "2"],
        ["SR008", CPU, "0", "2", "8", "3"],
    ]
    assert columns(remote("mlspace", "instance-types", "-r", "SR008"))[1:] == rows[2:]
    refused = remote("mlspace", "instance-types", "-r", "SR001")
    assert (refused.code, "there is no region SR001" in refused.stderr) == (1, True)


def test_partitions_and_images(remote: Cli, tmp_path: Path) -> None:
    directory = tmp_path / "config" / "mlspace"
    directory.mkdir(parents=True)
    (directory / "config.yaml").write_text("partitions: {h100: {region: SR006, gpu: a100plus, allocation: ours, max_time: 60}}\n")
    (directory / "config.yaml").chmod(0o600)
    shown = remote("mlspace", "partitions", env={"XDG_CONFIG_HOME": str(tmp_path / "config")})
    assert (shown.stderr, shown.code) == ("", 0)
    row = next(line.split() for line in shown.stdout.splitlines() if line.startswith("h100"))
    assert row == ["h100", "SR006", "ours", "a100plus.*", "cr.example/image:1", "1:00:00"]
    assert ["cr.example/image:1", "yes"] in columns(remote("mlspace", "images"))
    (directory / "config.yaml").write_text("images: {mine: cr.example/image:1, torch: cr.example/torch:2}\n")
    named = columns(remote("mlspace", "images", env={"XDG_CONFIG_HOME": str(tmp_path / "config"), "MLSPACE_IMAGE": "mine"}))
    assert ["cr.example/image:1", "yes", "mine"] in named
    assert ["cr.example/torch:2", "torch"] in named


def test_placement_by_the_live_catalogue(cli: Cli, state: Path, serve: Callable[..., Gateway]) -> None:  # noqa: F811
    """Which is asked for once in some minutes: here it can be asked only once."""
    remote = remote_cli(cli, started(serve, "--fault", "GET /configs status=400 skip=1"))
    for region in ("SR008", "SR006"):
        assert remote("sbatch", "--hold", "-p", region, "--wrap", "true").code == 0
    with contextlib.closing(sqlite3.connect(state / "registry.sqlite")) as registry:
        assert registry.execute("SELECT instance_type FROM job ORDER BY job_id").fetchall() == [(CPU,), (ONE,)]
    refused = remote("sbatch", "-p", "SR006", "--gpus-per-node", "16", "--wrap", "true")
    assert (refused.stdout, refused.code) == ("", 1)
    assert remote("mlspace", "instance-types").code == 1, "what is free is never taken from what is kept"


KINDS = {"R": [read_key(EIGHT), read_key(ONE), read_key(CPU)]}


def test_what_the_place_offers_is_taken_before_what_it_does_not_tell_of() -> None:
    """A type that is not offered now may be busy: it is taken only where no offered one will do."""
    catalog = Catalog(KINDS, {Place("R"): [EIGHT], Place("R", "ours"): [ONE, "cpu.16C.64G", "free.0gpu"]})
    assert smallest(geometry([1], [1], 1), catalog.types(Place("R")), "R") == EIGHT
    assert smallest(geometry([1], [1], 1), catalog.types(Place("R", "ours")), "R") == ONE
    assert smallest(geometry([1], [1], 2), catalog.types(Place("R", "ours")), "R") == EIGHT
    assert smallest(geometry([1], [1], 0), catalog.types(Place("R", "ours")), "R") == "cpu.16C.64G"
    assert smallest(geometry([1], [1], 0), catalog.types(Place("R", "theirs")), "R") == CPU
    assert "free.0gpu" not in [kind.key for kind in catalog.types(Place("R", "ours"))]


def test_a_catalogue_survives_its_file() -> None:
    catalog = Catalog(KINDS, {Place("R", "ours", "night"): [ONE]})
    assert Catalog.from_json(catalog.to_json()) == Catalog(KINDS, {Place("R", "ours", "night"): [ONE]})


@pytest.mark.parametrize(
    ("key", "model"),
    [(EIGHT, "H100 80 GB"), ("a100.8gpu", "A100"), ("a100.2gpu.40", "A100 40 GB"), ("v100.1gpu", "V100"), (CPU, ""), ("odd", "")],
)
def test_model(key: str, model: str) -> None:
    assert read_key(key).model == model
    assert isinstance(read_key(key), InstanceType)
