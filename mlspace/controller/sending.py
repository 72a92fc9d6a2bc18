"""How a job gets to the platform, once: its body and specification made, the request claimed, sent, and its answer taken over."""

from __future__ import annotations

import os
from random import random

from mlspace.controller.outbox import Outbox
from mlspace.errors import AT_LIMIT, NO_ROOM, GatewayError, MlspaceError, StateError
from mlspace.process_identity import SENDING_SECONDS, process_identity
from mlspace.slurm import reason, state
from mlspace.slurm.job import COLUMNS
from mlspace.state.files import forget_files, meeting_path, report_path, spec_path
from mlspace.state.places import Places
from mlspace.state.schema import SUBMISSION_PHASES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Future
    from typing import Any

    from mlspace.cluster.cluster import Cluster
    from mlspace.gateway.client import Client
    from mlspace.slurm.job import JobView
    from mlspace.slurm.request import JobRequest
    from mlspace.state.registry import Registry, Submission
    from mlspace.translate.job import Family, StoredJob


SHORTAGES = {AT_LIMIT: reason.GPU_LIMIT, NO_ROOM: reason.RESOURCES}
"""Slurm's reason for what is taken."""


class Sender:
    """Sends the submissions of one registry. `gateway`, `cluster` and `image` are called when they are needed, and not before.

    commands: directory of the suite's commands on the nodes.
    """

    def __init__(
        self,
        registry: Registry,
        state_dir: str,
        now: Callable[[], float],
        gateway: Callable[[], Client],
        cluster: Callable[[], Cluster],
        image: Callable[[], str],
        commands: str,
    ) -> None:
        self.registry = registry
        self.state_dir = state_dir
        self.now = now
        self.gateway = gateway
        self.cluster = cluster
        self.image = image
        self.commands = commands
        self.places = Places(registry)
        self.undertaken: set[str] = set()  # submissions that we began to send; between two calls nobody works on them

    def send(self, submission: Submission) -> None:
        """Sends a committed submission, unless somebody else does. Raises GatewayError; release() has then been called.

        A lost answer leaves it for a later round, which looks for the job before anything is sent again.
        """
        self.undertaken.add(submission.submission)
        body = self.claimed(submission)
        if body is not None:
            self.deliver(submission, lambda: self.post(submission, self.gateway(), body))
        self.undertaken.discard(submission.submission)

    def send_all(self, submissions: Sequence[Submission]) -> dict[str, MlspaceError]:
        """As `send`, many at a time; the errors by submission. The registry is this thread's alone.

        What is behind one that a place has no room for is not sent there: its job waits here again.
        Where the Gateway answers none of as many as fly at once, the rest stays unsent, without an error: later rounds send it.
        What is claimed, and what has been answered meanwhile, is written down together: a write to the disk may last as long as a request.
        """
        from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

        from mlspace.gateway.at_once import CONCURRENT_CALLS

        failures: dict[str, MlspaceError] = {}
        flying: dict[Future[str], Submission] = {}
        outbox = Outbox(submissions, self.places.of(submissions), self.places.known(self.now()))
        self.undertaken.update(one.submission for one in submissions)
        unanswered = 0
        with ThreadPoolExecutor(CONCURRENT_CALLS) as pool:
            while outbox.waiting or flying:
                batch = outbox.take(CONCURRENT_CALLS - len(flying))
                try:
                    mine = self.claimed_of(batch)
                except MlspaceError as error:
                    mine = []
                    failures |= dict.fromkeys([one.submission for one in batch], error)
                for submission in batch:
                    if submission not in mine:
                        outbox.answered(submission, has_room=True)
                for submission in mine:
                    try:
                        body, client = self.prepared(submission), self.gateway()
                        flying[pool.submit(self.post, submission, client, body)] = submission
                    except MlspaceError as error:
                        failures[submission.submission] = error
                        outbox.answered(submission, has_room=True)
                if not flying:
                    continue
                done = {call: flying.pop(call) for call in wait(flying, return_when=FIRST_COMPLETED).done}
                try:
                    failures |= self.deliver_all(done)
                except MlspaceError as error:  # they are on the platform: a later round finds them there
                    for call, submission in done.items():
                        if call.exception() is None:
                            self.leave(submission, call.result())
                    failures |= dict.fromkeys([one.submission for one in done.values()], error)
                for submission in done.values():
                    failure = failures.get(submission.submission)
                    outbox.answered(submission, has_room=not (isinstance(failure, GatewayError) and failure.shortage))
                    is_away = isinstance(failure, GatewayError) and failure.is_away
                    unanswered = unanswered + 1 if is_away else 0
                if unanswered >= CONCURRENT_CALLS:
                    outbox.waiting.clear()
        self.places.keep(outbox.kept)
        self.undertaken.difference_update(one.submission for one in outbox.kept)
        return failures

    def claimed_of(self, batch: Sequence[Submission]) -> list[Submission]:
        """Those of the submissions that are this process's to send from here on."""
        owner, now = process_identity(), self.now()
        mine = self.registry.change(lambda _: [one for one in batch if self.registry.claim(one, owner, now)]) if batch else []
        self.undertaken.difference_update(one.submission for one in batch if one not in mine)
        return mine

    def deliver_all(self, done: Mapping[Future[str], Submission]) -> dict[str, MlspaceError]:
        """Takes over what became of requests that have been answered, or have failed; the errors by submission."""
        failures: dict[str, MlspaceError] = {}
        taken = {submission.submission: call.result() for call, submission in done.items() if call.exception() is None}
        accepted = self.registry.change(lambda _: {one: self.registry.posted(one, name) for one, name in taken.items()})
        for call, submission in done.items():
            key = submission.submission
            try:
                if key in taken:
                    self.settle(submission, taken[key], is_first=accepted[key])
                else:
                    self.deliver(submission, call.result)
                self.undertaken.discard(key)
            except MlspaceError as error:
                failures[key] = error
        return failures

    def claimed(self, submission: Submission) -> dict[str, object] | None:
        """The body to send of a submission that is now this process's to send; None where it is another's."""
        return self.prepared(submission) if self.registry.claim(submission, process_identity(), self.now()) else None

    def prepared(self, submission: Submission) -> dict[str, object]:
        """The body to send of a submission that is claimed; it is given up where there is none to be had."""
        try:
            return self.prepare(self.find(submission))
        except BaseException:
            self.registry.release(submission, sent=False, now=self.now())
            raise

    def post(self, submission: Submission, client: Client, body: Mapping[str, object]) -> str:
        """The request for a submission that was claimed just now; the platform's job. Raises GatewayError.

        A process that was stopped in between sends nothing: others may think it dead by now, and have sent it.
        """
        if abs(self.now() - (submission.posted_at or 0)) > SENDING_SECONDS / 2:
            raise GatewayError("this process was stopped before it could send the job: it is sent later", transient=True)
        return client.run_job(body)

    def deliver(self, submission: Submission, call: Callable[[], str]) -> None:
        """Takes over what became of a request. call: gives the platform's job, or raises why there is none."""
        try:
            name = call()
        except GatewayError as error:
            if error.shortage:
                self.places.refused(submission, SHORTAGES[error.shortage], error.lines[0], self.now(), random())
                forget_files(self.state_dir, submission.submission)
            else:
                self.registry.release(submission, sent=error.outcome_unknown, now=self.now())
            raise
        except BaseException:  # interrupted: it may have been sent
            self.registry.release(submission, sent=True, now=self.now())
            raise
        self.adopt(submission, name)

    def adopt(self, submission: Submission, name: str) -> None:
        """Records the platform's job of a submission; a second one is a double, and deleted at once, and so is one that comes too late."""
        try:
            is_first = self.registry.posted(submission.submission, name)
        except StateError:
            self.leave(submission, name)
            raise
        self.settle(submission, name, is_first=is_first)

    def leave(self, submission: Submission, name: str) -> None:
        """Of a platform job that could not be recorded, as by a leader that is none any more: it is found by who leads now.

        Where that has another one of the submission already, this one is a double, and deleted.
        """
        known = self.registry.submissions(phases=SUBMISSION_PHASES, job_id=submission.job_id)
        if any(one.submission == submission.submission and one.platform_job not in ("", name) for one in known):
            self.gateway().delete_job(name, submission.region)

    def settle(self, submission: Submission, name: str, *, is_first: bool) -> None:
        """What follows from a platform job that was recorded, or, for a double, was not."""
        if not is_first:
            self.discard(submission, name)
            return
        job = self.registry.job(submission.job_id)
        if job is not None and (job.state in state.FINAL or job.cancelled_by is not None):
            self.gateway().delete_job(name, submission.region)  # cancelled while it was on its way
        if job is not None and job.state in state.FINAL:
            self.registry.close_submissions(job.job_id)
            forget_files(self.state_dir, submission.submission)

    def discard(self, submission: Submission, name: str) -> None:
        """Deletes a job of the platform's that is one too many for a submission."""
        self.gateway().delete_job(name, submission.region)
        self.registry.double(submission.submission, name, self.now())

    def prepare(self, job: StoredJob) -> dict[str, object]:
        """The body to send; the launcher, and with the carrier `file` the specification, are in their places."""
        from mlspace.spec import codec

        body, specification = self.body(job)
        if not job.request.first["launch-bin"]:
            self.cluster().delivery.put(job.region)
        if self.cluster().carrier == "file":
            path = spec_path(self.state_dir, job.submission)
            try:
                os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
                codec.write_file(specification, path)
            except OSError as error:
                raise StateError(f"{path}: {error.strerror}") from error
        return body

    def body(self, job: StoredJob, carrier: str = "") -> tuple[dict[str, object], bytes]:
        """The request for a job, and the bytes of its specification. Raises MlspaceError. carrier: another one than the cluster's."""
        from mlspace.spec import codec
        from mlspace.translate.job import job_body, launch_spec

        cluster = self.cluster()
        data = codec.encode(launch_spec(job, cluster))
        in_file = (carrier or cluster.carrier) == "file"
        flags = codec.file_flags(data, spec_path(self.state_dir, job.submission)) if in_file else codec.part_flags(data)
        return job_body(job, cluster, flags, self.image()), data

    def find(self, submission: Submission) -> StoredJob:
        """The job of a submission, from the registry."""
        import json

        from mlspace.slurm.request import JobRequest

        view = self.registry.job(submission.job_id)
        if view is None:
            raise MlspaceError(f"job {submission.job_id} is not in the registry any more")
        request, environment = self.registry.stored(view.job_id)
        columns = {column: getattr(view, column) for column in COLUMNS}
        columns["details"] = json.loads(view.details)
        family = None if view.het_job_id is None else self.family(view)
        return self.stored_job(columns, JobRequest.from_json(json.loads(request)), environment, submission, family)

    def family(self, job: JobView) -> Family:
        """The heterogeneous job of a component whose first one was sent, or is just about to be."""
        import json

        from mlspace.slurm.environment import component_variables
        from mlspace.slurm.geometry import Geometry
        from mlspace.slurm.request import JobRequest
        from mlspace.translate.job import Family

        leader = self.registry.submissions(job_id=job.het_job_id)[-1:]
        if not leader:
            raise MlspaceError(f"job {job.label} waits for its first component")
        members = self.registry.components([job.het_job_id])
        of_all = []
        for member in members if job.het_offset == 0 else ():
            request = JobRequest.from_json(json.loads(self.registry.stored(member.job_id)[0]))
            of_all.append((request.first, Geometry.from_json(json.loads(member.details)["geometry"])))
        return Family(
            [member.job_id for member in members],
            leader[0].submission,
            leader[0].platform_job,
            meeting_path(self.state_dir, leader[0].submission),
            component_variables(of_all),
        )

    def stored_job(
        self,
        columns: Mapping[str, Any],
        request: JobRequest,
        environment: Mapping[str, str],
        submission: Submission,
        family: Family | None = None,
    ) -> StoredJob:
        """A job by the columns of the registry's table, `details` parsed."""
        from mlspace.translate.job import OF_TABLE, StoredJob

        return StoredJob(
            **{column: columns[column] for column in OF_TABLE},
            group=columns["grp"],
            request=request,
            environment=environment,
            submission=submission.submission,
            secret=submission.secret,
            restart=submission.restart,
            attempt=submission.attempt,
            report_file=report_path(self.state_dir, submission.submission),
            commands=self.commands,
            family=family,
        )
