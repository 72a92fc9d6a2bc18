"""Submission of a request of several components: a row and a job of the platform's for each, under ids that follow one another."""

from __future__ import annotations

from functools import partial

from mlspace import deferral, submission
from mlspace.controller import controller, outcomes
from mlspace.errors import GatewayError, MlspaceError, RequestRefused, StateError
from mlspace.slurm.demand import FAILED
from mlspace.slurm.request import JobRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlspace.session import Session
    from mlspace.slurm.geometry import Geometry

MOST = 128
"""Components of a job. Source: Slurm's MAX_HET_JOB_COMPS."""


def apart(request: JobRequest) -> list[JobRequest]:
    """A request of each component alone."""
    return [JobRequest(request.program, [one], request.script, request.command) for one in request.components]


def submit(session: Session, request: JobRequest, geometries: Sequence[Geometry]) -> int:
    """Submits; returns the id of the job, that is of its first component. As submission.submit, of which it is the only one."""
    import json

    if len(geometries) == 1:
        return submission.submit(session, request, geometries[0])
    parts = apart(request)
    for part in parts:
        part.environment = request.environment
    described = [submission.describe(session, part, geometry) for part, geometry in zip(parts, geometries, strict=True)]
    new = [(values, json.dumps(part.to_json()), environment) for part, (values, environment) in zip(parts, described, strict=True)]
    is_one = session.cluster.has_known_nodes
    waits = any(deferral.has_to_wait(values) or session.registry.is_crowded(values["place"], is_one=is_one) for values, _ in described)
    submissions = controller.new_submissions([values["region"] for values, _ in described])
    submission.make_report_directory(session)
    ids = session.registry.add_components(new, [None] * len(new) if waits else submissions)
    if request.script is not None or waits:
        session.summon()
    if not waits:
        send(session, request, ids)
    return ids[0]


def send(session: Session, request: JobRequest, ids: Sequence[int]) -> None:
    """The first component first; the others when the platform has that. What is left undone here is done by later rounds.

    Raises MlspaceError where the platform, or the configuration, has refused one for good: that is then the end of all.
    """
    registry, work = session.registry, session.controller
    for job_id in ids:
        for sent in registry.submissions(job_id=job_id):
            try:
                work.sender.send(sent)
            except StateError as error:
                session.context.warn(f"{request.program}: warning: {error.lines[0]}")
                return
            except KeyboardInterrupt:
                if request.script is None:
                    session.cancel(registry.components([ids[0]]))
                raise
            except MlspaceError as error:
                if isinstance(error, GatewayError) and error.passes:
                    work.families.settle([ids[0]])  # what has found no room waits here again, and so do the others
                    session.summon()
                    return
                if not registry.unless_taken(sent, partial(refused, session, ids, job_id, error.lines[0])):
                    return
                work.families.settle([ids[0]])
                raise MlspaceError(f"{FAILED[request.program]}{error.lines[0]}", *error.lines[1:]) from error


def refused(session: Session, ids: Sequence[int], job_id: int, words: str) -> None:
    """Of a job of which the platform has nothing yet there is nothing left; else the component ends, and with it the others."""
    if job_id == ids[0]:
        for one in ids:
            session.registry.remove(one)
    else:
        session.registry.ended(job_id, outcomes.refused(int(session.context.now()), words))


def check(request: JobRequest) -> None:
    """Raises RequestRefused for what no heterogeneous job can have."""
    if len(request.components) > 1 and any(one["array"] for one in request.components):
        raise RequestRefused(f"{FAILED[request.program]}Invalid job array specification")
