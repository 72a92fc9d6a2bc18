"""A heterogeneous job of real launch processes: a specification for each component, nodes 127.0.<offset>.1, 127.0.<offset>.2, …"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mlspace.spec.launch import Env, File, Het, LaunchSpec, Limits
from tests.launcher.helpers.runtime import MARK, PATH, Node, Runtime, batch, job_facts


def components(
    script: str, directory: Path, nodes: Sequence[int] = (1, 2), tasks: Sequence[int] | None = None, wait: int = 20
) -> list[LaunchSpec]:
    """Specifications: component k has nodes[k] nodes with tasks[k] tasks (1) on each. Reports go to `directory`/<offset>.report."""
    leader = batch(script)
    assert leader.job
    ids = [leader.job.id + offset for offset in range(len(nodes))]
    specs = []
    for offset, count in enumerate(nodes):
        job = job_facts(count, tasks[offset] if tasks else 1)
        het = Het(ids, offset, leader.submission, meeting=File(str(directory / "meeting")), wait=wait)
        submission = secrets.token_hex(16) if offset else leader.submission
        specs.append(
            replace(
                leader,
                job=replace(job, id=ids[offset], name=f"part{offset}", het=het),
                script=None if offset else leader.script,
                submission=submission,
                env=Env("shared", {"PATH": PATH, MARK: submission}),
                report_file=File(str(directory / f"{offset}.report")),
                limits=Limits(grace=5),
            )
        )
    return specs


def start_component(runtime: Runtime, spec: LaunchSpec, env: Mapping[str, str] | None = None) -> list[Node]:
    """launch on all nodes of one component."""
    assert spec.job and spec.job.het
    net, count = spec.job.het.offset, spec.job.nodes
    regex = f"127.0.{net}.[1:1-{count}]@0({count})" if count > 1 else f"127.0.{net}.1@0(1)"
    return [
        runtime.start_node(spec, node, {"OMPI_MCA_orte_node_regex": regex, "PMIX_HOSTNAME": f"127.0.{net}.{node + 1}", **(env or {})})
        for node in range(count)
    ]


def start_all(runtime: Runtime, specs: Sequence[LaunchSpec]) -> list[list[Node]]:
    return [start_component(runtime, spec) for spec in specs]
