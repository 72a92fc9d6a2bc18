"""The configuration's names: what the file may say, and which place of it a mistake is blamed on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mlspace.configuration import config
from mlspace.configuration.site import Site
from mlspace.errors import ConfigError
from tests.conftest import ROOT, Result

FILE = """
region: SR006
unknown_names: refuse
partitions:
  train: {region: SR008, gpu: a100plus, allocation: alloc-1, queue: q1, max_time: 1:30:00, max_nodes: 4, default: true}
  small: SR003
  any:
accounts: {vision: alloc-2, speech: {allocation: alloc-3, queue: q3}}
qos: {urgent: high, night: {priority_class: low}}
features: {h100: a100plus, big: {instance_types: [a100plus.8gpu.*]}}
gpu_types: {h100: a100plus}
regions:
  SR008: {storage: /home/jovyan/x, here: /mnt/x}
  SR003: /home/jovyan/launch
images: {torch: cr.example/torch:1}
licenses: [matlab]
"""


def site_of(home: Path, text: str, environ: dict[str, str] | None = None) -> Site:
    path = home / ".config" / "mlspace" / "config.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    path.chmod(0o600)
    read = config.read(environ or {}, str(home))
    return Site.read(read.sections, file=read.own_file, unknown=read["unknown_names"])


def test_every_section(tmp_path: Path) -> None:
    site = site_of(tmp_path, FILE)
    assert site.sections == {
        "partitions": {
            "train": {
                "region": "SR008",
                "gpu": "a100plus",
                "allocation": "alloc-1",
                "queue": "q1",
                "max_time": 90,
                "max_nodes": 4,
                "default": True,
            },
            "small": {"region": "SR003"},
            "any": {},
        },
        "accounts": {"vision": {"allocation": "alloc-2"}, "speech": {"allocation": "alloc-3", "queue": "q3"}},
        "qos": {"urgent": {"priority_class": "high"}, "night": {"priority_class": "low"}},
        "features": {"h100": {"gpu": "a100plus"}, "big": {"instance_types": ["a100plus.8gpu.*"]}},
        "gpu_types": {"h100": {"gpu": "a100plus"}},
        "images": {"torch": {"image": "cr.example/torch:1"}},
        "regions": {"SR008": {"storage": "/home/jovyan/x", "here": "/mnt/x"}, "SR003": {"launch": "/home/jovyan/launch"}},
    }
    assert site.name_lists == {"licenses": ["matlab"], "reservations": []}
    assert not site.accepts_unknown
    assert site.file == str(tmp_path / ".config/mlspace/config.yaml")


def test_the_example_is_read(tmp_path: Path) -> None:
    assert site_of(tmp_path, (ROOT / "docs/config.example.yaml").read_text()).sections["partitions"]


@pytest.mark.parametrize(
    ("text", "blamed"),
    [
        ("partitions: [a]", "partitions: names are expected"),
        ("partitions: {a: [b]}", "partitions.a: keys and values"),
        ("partitions: {a: {nodez: 1}}", "partitions.a: unknown key nodez"),
        ("partitions: {a: {max_time: 1:2:3:4}}", "partitions.a.max_time: 1:2:3:4: not"),
        ("partitions: {a: {max_nodes: 0}}", "partitions.a.max_nodes: 0: not"),
        ("partitions: {a: {max_nodes: [1]}}", "partitions.a.max_nodes: a single"),
        ("partitions: {a: {def_mem_per_cpu: 4X}}", "partitions.a.def_mem_per_cpu: 4X: not"),
        ("partitions: {a: {nodes: 'n[3-1]'}}", "partitions.a.nodes: n[3-1]: not"),
        ("partitions: {a: {default: maybe}}", "partitions.a.default: maybe: not"),
        ("partitions: {a: {region: ''}}", "partitions.a.region: : not"),
        ("partitions: {a: {default: yes}, b: {default: yes}}", "partitions: a and b are both"),
        ("qos: {a: urgent}", "qos.a.priority_class: urgent: not"),
        ("features: {a: {instance_types: {b: c}}}", "features.a.instance_types: a list"),
        ("licenses: {a: b}", "licenses: a list"),
        ("region: [a]", "region: a single"),
        ("parttions: {}", "unknown key parttions"),
        ("unknown_names: perhaps", "unknown_names: perhaps: not"),
    ],
)
def test_a_mistake_is_blamed_on_file_and_key(tmp_path: Path, text: str, blamed: str) -> None:
    with pytest.raises(ConfigError) as caught:
        site_of(tmp_path, text)
    assert caught.value.lines[0].startswith(f"{tmp_path}/.config/mlspace/config.yaml: {blamed}")


@pytest.mark.parametrize("data", [b"\xff\xfe", b"partitions: {a: [}", b"region: [\n", b"a: b: c"])
def test_a_file_that_is_no_yaml_is_said_in_one_line(run: Callable[..., Result], tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "mlspace/config.yaml"
    path.parent.mkdir()
    path.write_bytes(data)
    path.chmod(0o600)
    result = run("sbatch", "-H", "--wrap", "true", env={"XDG_CONFIG_HOME": str(tmp_path)})
    assert (result.stdout, result.code) == ("", 1)
    assert result.stderr.startswith(f"sbatch: error: {path}: cannot be read: ")
    assert result.stderr.count("\n") == 1


def test_unknown_names_are_taken_here_and_refused_over_a_gateway(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert config.read({}, str(tmp_path))["unknown_names"] == "accept"
    remote = {"MLSPACE_ENDPOINT": "https://x", "MLSPACE_ACCESS_TOKEN": "t"}
    assert config.read(remote, str(tmp_path))["unknown_names"] == "refuse"
    assert config.read({**remote, "MLSPACE_UNKNOWN_NAMES": "accept"}, str(tmp_path))["unknown_names"] == "accept"
    with pytest.raises(ConfigError, match=r"^MLSPACE_UNKNOWN_NAMES: unknown_names: x: not a valid value"):
        config.read({"MLSPACE_UNKNOWN_NAMES": "x"}, str(tmp_path))
