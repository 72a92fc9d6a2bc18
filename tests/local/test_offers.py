"""Regions with the platform's own instance types: their names, and jobs that wait for a worker of theirs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mlspace.errors import ConfigError
from mlspace.local.instance import Instance
from mlspace.local.offers import read_offer, read_offered
from tests.local.conftest import REGION, Gateway

NAMES = [
    ("a100plus.8gpu.80vG.96C.1456G", 8, 96, 1456),
    ("a100.1gpu.8C.243G", 1, 8, 243),
    ("a100.2gpu.40", 2, 32, 486),
    ("v100.1gpu", 1, 16, 243),
    ("cpu.2C.8G", 0, 2, 8),
    ("cpu-ai-2xgiant", 0, 32, 128),
]


@pytest.mark.parametrize(("key", "gpus", "cpus", "memory_gib"), NAMES)
def test_names(key: str, gpus: int, cpus: int, memory_gib: int) -> None:
    instance = read_offered(key)
    assert instance == Instance(cpus, memory_gib * 1024, gpus, key)
    assert instance.key == key


BAD_OFFERS = ["", "SR006", "SR006:a100.1gpu", "Mars:a100.1gpu=1", "SR006:a100=1", "SR006:a100.1gpu=-1", "SR006:A100.1gpu=1"]


@pytest.mark.parametrize("text", BAD_OFFERS)
def test_bad_offers_are_said(text: str) -> None:
    with pytest.raises(ConfigError, match="REGION:TYPE=COUNT is expected"):
        read_offer(text)


GPU, CPU = "a100plus.1gpu.80vG.12C.96G", "cpu.2C.8G"


def test_jobs_wait_for_a_worker_of_their_type(serve: Callable[..., Gateway]) -> None:
    offers = [word for offer in (f"{REGION}:{GPU}=2", f"{REGION}:{CPU}=1", f"SR008:{GPU}=1") for word in ("--offer", offer)]
    client = serve("--quick", *offers).client()
    holding = client.submit("sleep 100", instance_type=GPU, n_workers=2)
    waiting = client.submit("true", instance_type=GPU)
    later = client.submit("true", instance_type=GPU)
    client.wait(holding, "running")
    assert client.wait(client.submit("true", instance_type=CPU)) == "succeeded"
    elsewhere = client.submit("sh -c 'echo $NVIDIA_VISIBLE_DEVICES'", instance_type=GPU, region="SR008")
    assert client.wait(elsewhere) == "completed"
    assert client.output(elsewhere) == {"0 stdout": "0\n"}
    assert [client.state(name) for name in (waiting, later)] == ["pending", "pending"]
    assert [job["job_name"] for job in client.get("/jobs?region=SR008")["jobs"]] == [elsewhere]
    free = {each["key"]: each["count"] for each in client.get(f"/instance_types/{REGION}/available")["instance_types"]}
    assert free == {GPU: 0, CPU: 1}
    assert [region["key"] for region in client.get("/configs?cluster_type=MT")["regions"]] == [REGION, "SR008"]
    client.delete(holding)
    assert [client.wait(name) for name in (waiting, later)] == ["completed", "completed"]


def test_types_that_are_waited_for_keep_nobody_from_another_one(serve: Callable[..., Gateway]) -> None:
    """As many as there are node names, which jobs of all types share here."""
    offers = [word for offer in (f"{REGION}:{GPU}=1", f"{REGION}:{CPU}=1") for word in ("--offer", offer)]
    client = serve("--quick", *offers, env={"MLSPACE_LOCAL_NODES": "1"}).client()
    holding = client.submit("sleep 100", instance_type=GPU)
    client.wait(holding, "running")
    waiting = client.submit("true", instance_type=GPU)
    assert client.wait(client.submit("true", instance_type=CPU)) == "succeeded"
    assert client.state(waiting) == "pending"
    client.delete(holding)
    assert client.wait(waiting) == "completed"


def test_what_is_not_offered_is_refused(serve: Callable[..., Gateway]) -> None:
    client = serve("--quick", "--offer", f"{REGION}:{GPU}=2").client()
    body = {"script": "true", "base_image": "i", "region": REGION, "type": "binary"}
    for change, word in (
        ({"instance_type": "cpu.1C.1M"}, f"what would work: {GPU}"),
        ({"instance_type": CPU}, f"what would work: {GPU}"),
        ({"instance_type": GPU, "n_workers": 3}, f"does not fit {REGION}, which has 2 x {GPU}"),
        ({"instance_type": GPU, "region": "SR008"}, f"not served here; there is {REGION}"),
    ):
        answer = client.call("POST", "/jobs", json={**body, **change})
        assert (answer.status_code, word in answer.text) == (400, True), answer.text


def test_a_quota_refuses_what_could_wait(serve: Callable[..., Gateway]) -> None:
    client = serve("--quick", "--offer", f"{REGION}:{GPU}=1", "--gpu-quota", "2").client()
    for _ in range(2):
        client.submit("sleep 100", instance_type=GPU)
    body = {"script": "true", "base_image": "i", "region": REGION, "type": "binary", "instance_type": GPU}
    refused = client.call("POST", "/jobs", json=body)
    assert (refused.status_code, refused.json()["error_message"]) == (400, "WORKSPACE_GPU_LIMIT_REACHED_ONLY_0_FREE")
