"""What partition, account, QOS, constraint, GPU type and their like mean on a cluster, known and unknown."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from mlspace.cluster.cluster import Cluster
from mlspace.cluster.delivery import Delivery
from mlspace.configuration.naming import Names, read_constraint
from mlspace.configuration.site import ACCEPT, REFUSE, Site
from mlspace.errors import RequestRefused
from mlspace.gateway.catalog import Catalog, read_regions
from mlspace.slurm import getopt, merge
from mlspace.slurm.geometry import decide
from mlspace.slurm.options import OPTIONS
from mlspace.slurm.request import Component

SECTIONS = {
    "partitions": {
        "h100": {"region": "SR008", "gpu": "a100plus", "allocation": "alloc-1", "queue": "q1", "image": "own:1"},
        "small": {"region": "SR003", "instance_types": "cpu.*", "max_nodes": "2", "max_time": "60"},
    },
    "accounts": {"vision": "alloc-2", "speech": {"queue": "q9"}},
    "qos": {"urgent": "high"},
    "features": {"hopper": "a100plus", "wide": {"instance_types": ["*.8gpu.*"]}},
    "gpu_types": {"ampere": "a100"},
    "licenses": ["matlab"],
}
TYPES = {
    "SR003": ["a100.1gpu.8C.243G", "a100.8gpu.64C.1944G", "cpu.2C.8G", "cpu.16C.64G"],
    "SR008": ["a100plus.1gpu.80vG.12C.182G", "a100plus.8gpu.80vG.96C.1456G", "cpu.2C.8G"],
}
CONFIGS = {"regions": [{"key": region, "instances_types": [{"key": key} for key in keys]} for region, keys in TYPES.items()]}
SHAPE: dict[str, Any] = {
    "region": "SR006",
    "cpus": 8,
    "sockets": 2,
    "memory_mib": 4000,
    "gpus": 4,
    "gpu_type": "",
    "def_mem_per_cpu_mib": 100,
    "partitions": [
        {"name": "debug", "first": 1, "last": 8, "default": True, "max_time_minutes": None},
        {"name": "gpu", "first": 1, "last": 4, "default": False, "max_time_minutes": 1440},
    ],
}


def component(line: str) -> Component:
    settings, _ = getopt.parse("sbatch", OPTIONS, shlex.split(line), stop_at_word=True)
    return merge.components("sbatch", [[]], {}, [settings])[0]


def gateway(unknown: str = REFUSE, **sections: Any) -> Cluster:
    site = Site.read(sections or SECTIONS, file="/home/ann/config.yaml", unknown=unknown)
    return Cluster.from_catalog(Catalog(read_regions(CONFIGS), {}), region="SR003", delivery=Delivery("/launch"), site=site)


def embedded(unknown: str = REFUSE, gpu_type: str = "", **sections: Any) -> Cluster:
    site = Site.read(sections, file="/home/ann/config.yaml", unknown=unknown)
    return Cluster.from_shape({**SHAPE, "gpu_type": gpu_type}, "n[1-8]", delivery=Delivery("/launch"), site=site)


def names(line: str, cluster: Cluster) -> Names:
    return Names(component(line), cluster, "sbatch")


def refusal(line: str, cluster: Cluster) -> tuple[str, ...]:
    """What is said of a request that is refused by its names, or by what they leave."""
    with pytest.raises(RequestRefused) as caught:
        found = names(line, cluster)
        decide(found.component, found.limits(found.partition))
    return caught.value.lines


@pytest.mark.parametrize(
    ("line", "body"),
    [
        ("-p h100", {"allocation_name": "alloc-1", "queue_name": "q1", "base_image": "own:1"}),
        ("-p h100 -A vision", {"allocation_name": "alloc-2", "base_image": "own:1"}),
        ("-p h100 -A speech", {"allocation_name": "alloc-1", "queue_name": "q9", "base_image": "own:1"}),
        ("-q urgent", {"priority_class": "high"}),
        ("-p SR008", {}),
    ],
)
def test_where_a_job_goes(line: str, body: dict[str, str]) -> None:
    found = names(line, gateway())
    assert found.body == body
    assert found.warning == ""


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        ("-p h100", ["a100plus.1gpu.80vG.12C.182G", "a100plus.8gpu.80vG.96C.1456G"]),
        ("-p small", ["cpu.2C.8G", "cpu.16C.64G"]),
        ("", TYPES["SR003"]),
        ("-p SR008 -C hopper", ["a100plus.1gpu.80vG.12C.182G", "a100plus.8gpu.80vG.96C.1456G"]),
        ("-p SR008 -C 'hopper&wide'", ["a100plus.8gpu.80vG.96C.1456G"]),
        ("-C '[hopper|wide]'", ["a100.8gpu.64C.1944G"]),
        ("--gres=gpu:a100:2", ["a100.1gpu.8C.243G", "a100.8gpu.64C.1944G"]),
        ("--gpus=Ampere:2", ["a100.1gpu.8C.243G", "a100.8gpu.64C.1944G"]),
        ("-p SR008 --gpus-per-node=h100", ["a100plus.1gpu.80vG.12C.182G", "a100plus.8gpu.80vG.96C.1456G"]),
    ],
)
def test_which_instance_types_are_left(line: str, keys: list[str]) -> None:
    found = names(line, gateway())
    assert [kind.key for kind in found.types(found.partition) or ()] == keys
    assert found.limits(found.partition).cpus >= 2


UNAVAILABLE = "Batch job submission failed: Requested node configuration is not available"


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("-p nope", ["invalid partition specified: nope", "Batch job submission failed: Invalid partition name specified"]),
        ("-p h100,nope", ["invalid partition specified: nope", "Batch job submission failed: Invalid partition name specified"]),
        ("-p ''", ["invalid partition specified: (null)", "Batch job submission failed: Invalid partition name specified"]),
        ("-A nope", ["Batch job submission failed: Invalid account or account/partition combination specified"]),
        ("-q nope", ["Batch job submission failed: Invalid qos specification"]),
        ("-C nope", ["Batch job submission failed: Invalid feature specification"]),
        ("-C 'hopper&nope'", ["Batch job submission failed: Invalid feature specification"]),
        ("--prefer=nope", ["Batch job submission failed: Invalid preferred feature specification"]),
        ("-L matlab,nope:2", ["Batch job submission failed: Invalid license specification"]),
        ("--reservation=nope", ["Batch job submission failed: Requested reservation is invalid"]),
        ("--gres=nvme:1", ["Invalid generic resource (gres) specification"]),
        ("--gpus=b200:1", [UNAVAILABLE]),
        ("-C hopper", [UNAVAILABLE]),  # none in this region
        ("-p small --gpus=1", [UNAVAILABLE]),
        ("--region=SR009", ["--region=SR009: there is no such region"]),
        ("-p h100 --region=SR003", ["--region=SR003: the partition h100 is in region SR008"]),
    ],
)
def test_a_name_that_is_not_known_is_refused(line: str, lines: list[str]) -> None:
    said = refusal(line, gateway())
    assert list(said[: len(lines)]) == lines
    assert all(hint.startswith("  ") for hint in said[len(lines) :])


def test_an_unknown_partition_is_told_how_to_become_one() -> None:
    assert refusal("-p nope", gateway())[2:] == (
        "  the partitions here are SR003, SR008, h100, small",
        "  to make nope one, write in /home/ann/config.yaml:",
        "    partitions:",
        "      nope: {region: SR003}",
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("-p nope", "partition nope (debug is used)"),
        ("-p nope,gpu", "partition nope (gpu is used)"),
        ("-A vision", "account vision (kept with the job)"),
        ("-q urgent", "QOS urgent (kept with the job)"),
        ("-C v100", "constraint v100 (left out)"),
        ("-C 'a&b'", "constraint a (left out), constraint b (left out)"),
        ("--gres=gpu:v100:2", "GPU type v100 (any GPU is used)"),
        ("--gres=gpu:2,nvme:1", "gres nvme (left out)"),
        ("-L matlab:2", "license matlab (left out)"),
        ("--reservation=r", "reservation r (left out)"),
        ("--prefer=x", "preferred feature x (left out)"),
        (
            "-p nope -A a -q b -L c",
            "partition nope (debug is used), account a (kept with the job), QOS b (kept with the job), license c (left out)",
        ),
    ],
)
def test_a_name_that_is_not_known_is_taken_with_one_warning(line: str, said: str) -> None:
    found = names(line, embedded(ACCEPT))
    assert found.warning == f"warning: this cluster does not know {said}"
    assert decide(found.component, found.limits(found.partition)).nodes == 1


def test_names_of_nodes_are_never_taken() -> None:
    assert refusal("-w n99", embedded(ACCEPT))[0] == "Batch job submission failed: Invalid node name specified"


def test_the_job_shows_the_partition_that_was_asked_for() -> None:
    assert names("-p nope", embedded(ACCEPT)).shown == "nope"
    assert names("-p gpu,debug", embedded(ACCEPT)).shown == "gpu"
    assert names("", embedded(ACCEPT)).shown == "debug"


def test_without_accounts_and_qos_of_the_site_any_will_do() -> None:
    assert names("-A any -q any", embedded()).warning == ""


def test_the_nodes_own_type_of_gpu() -> None:
    found = names("--gres=gpu:A100:2", embedded(gpu_type="a100"))
    assert decide(found.component, found.limits(found.partition)).gpus_per_node == 2
    assert refusal("--gres=gpu:v100:2", embedded(gpu_type="a100"))[0] == UNAVAILABLE


def test_the_sites_partitions_on_the_embedded_cluster() -> None:
    cluster = embedded(partitions={"h100": {"region": "SR008", "allocation": "x", "default": "true"}, "gpu": {"nodes": "n[2-3]"}})
    assert [(one.name, one.default, len(one.nodes or ())) for one in cluster.partitions] == [
        ("debug", False, 8),
        ("gpu", False, 2),
        ("h100", True, 8),
    ]
    found = names("", cluster)
    assert (found.partition.region, found.body) == ("SR006", {})
    assert refusal("-p gpu -N3", cluster)[0] == "Batch job submission failed: Node count specification invalid"


@pytest.mark.parametrize(
    ("text", "alternatives"),
    [("", []), ("a", [["a"]]), ("a&b", [["a", "b"]]), ("[a|b&c]", [["a"], ["b", "c"]]), ("a*2,b", [["a", "b"]]), ("(a|b)", [["a"], ["b"]])],
)
def test_a_constraint_is_alternatives(text: str, alternatives: list[list[str]]) -> None:
    assert read_constraint(text) == alternatives
