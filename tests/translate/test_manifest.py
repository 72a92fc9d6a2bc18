"""The manifest of the vendor's client, field by field; tests/programs/test_mls.py gives one to the client itself."""

from __future__ import annotations

from mlspace.translate.manifest import PLACES, manifest
from tests.openapi import COMPONENTS

BODY = {
    "script": "/home/jovyan/launch",
    "base_image": "cr.example/x:1",
    "instance_type": "a100.1gpu",
    "region": "SR006",
    "type": "binary",
    "n_workers": 2,
    "processes_per_worker": 1,
    "job_desc": "text",
    "flags": {"spec-version": "1"},
    "priority_class": "high",
    "health_params": {"log_period": 20, "action": "restart", "sub_actions": ["notify"]},
    "include_nodes": ["a"],
}


def test_every_field_has_its_place_or_is_named() -> None:
    assert manifest(BODY) == (
        {
            "job": {
                "script": "/home/jovyan/launch",
                "type": "binary",
                "description": "text",
                "environment": {"image": "cr.example/x:1", "flags": {"spec-version": "1"}},
                "resource": {"instance_type": "a100.1gpu", "workers": 2, "processes": 1},
                "policy": {"priority_class": "high"},
                "health": {"period": 20, "internal_action": "restart", "external_actions": ["notify"]},
            }
        },
        ["include_nodes"],
    )


def test_only_fields_that_the_gateway_has() -> None:
    assert set(PLACES) <= set(COMPONENTS["schemas"]["RunJobRequest"]["properties"])
