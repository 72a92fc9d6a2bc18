"""A job of a minute at most that tells what nodes are like, and whether launcher, specification, log and reports get through."""

from __future__ import annotations

from typing import NamedTuple

from mlspace import following, submission
from mlspace.doctor.check import Service, fields_of, shown
from mlspace.errors import MlspaceError
from mlspace.slurm.request import Component, JobRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from mlspace.session import Session
    from mlspace.slurm.job import JobView

NAME, FACTS = "a job from its start to its end", "2, 4"
LIMIT_MINUTES = 1
MARK = "#doctor "

PROBE = r"""
say() { printf '#doctor %s: %s\n' "$1" "$2"; }
say user "$(id)"
say directory "$(pwd)"
say home "$HOME"
say host "$(hostname)"
say kernel "$(uname -sr)"
say system "$(. /etc/os-release && echo "$PRETTY_NAME")"
say cpus "$(nproc)"
say memory "$(awk '/MemTotal/ {print int($2 / 1048576) " GiB"}' /proc/meminfo)"
say shm "$(df -h /dev/shm | awk 'END {print $2}')"
say tmp "$(df -h /tmp | awk 'END {print $2}')"
say files "$(ulimit -n)"
say memlock "$(ulimit -l)"
say mpirun "$(mpirun --version 2>&1 | head -n 1)"
say hpcx "$(head -n 1 /opt/hpcx/VERSION 2>&1)"
say volcano "$(ls /etc/volcano 2>&1 | tr '\n' ' ')"
say variables "$(env | sed 's/=.*//' | grep -E '^(OMPI_|PMIX_|VC_|NAMESPACE|GWAPI|NB_PREFIX|CLUSTER)' | sort | tr '\n' ' ')"
say quoting "a  b'c\"d\$e;f|g"
printf '#doctor no end'
"""
"""Names of variables, not their values, which may be secret."""

QUOTING = "a  b'c\"d$e;f|g"

STATES = ("job not found", "pending", "running", "completing", "completed", "succeeded")


class Trial(NamedTuple):
    """What the job told, and in what it differed."""

    told: list[tuple[str, str]]
    differences: list[str]


def run(session: Session, service: Service, region: str | None) -> Trial:
    """Submits the job and waits for its end. Raises MlspaceError where it cannot be submitted."""
    values: dict[str, Any] = {"job-name": "doctor", "time": LIMIT_MINUTES, "cpus-per-task": 1}
    if region:
        values["region"] = region
    request = JobRequest("mlspace", [Component(values)], command=["/bin/sh", "-c", PROBE])
    job_id = submission.submit(session, request, submission.decide(session, request))
    job = session.job(job_id)
    if not job.platform_job:
        raise MlspaceError(f"job {job_id} was sent, and no answer came", "  squeue shows whether it arrives; the trial ends here")
    fresh = service.get(f"/jobs/{job.platform_job}")
    lines: list[tuple[int, str]] = []
    ended, _ = following.follow_ranks(session, job_id, lambda stream, rank, text: lines.append((stream, text)))
    told = dict(line.removeprefix(MARK).rstrip("\n").partition(": ")[::2] for _, line in lines if line.startswith(MARK))
    state = fields_of(fresh).get("status")
    differences = [] if state in STATES else [f"a fresh job is not one of {', '.join(STATES)}: {shown(fresh)}"]
    differences += [*end_of(service, ended), *output(told, lines)]
    told.pop("quoting", None)
    told.pop("no end", None)
    return Trial([(name, text) for name, text in told.items() if text], differences)


def end_of(service: Service, job: JobView) -> Iterator[str]:
    if job.state != "COMPLETED":
        yield f"the job ended as {job.state} ({job.reason}), exit code {job.exit_code}: its log tells more (mlspace logs {job.job_id})"
    answer = service.get(f"/jobs/{job.platform_job}")
    if fields_of(answer).get("status") not in ("completed", "succeeded"):
        yield f"the platform does not say that the job has ended well: {shown(answer)}"


def output(told: dict[str, str], lines: list[tuple[int, str]]) -> Iterator[str]:
    if not told:
        yield "none of the job's output came by the log"
        return
    if told.get("quoting") != QUOTING:
        yield f"quotes do not get through: {told.get('quoting')!r} instead of {QUOTING!r}"
    if "no end" not in told:
        yield "a last line without a newline does not get through"
    if any(stream != 1 for stream, line in lines if line.startswith(MARK)):
        yield "what went to standard output came as another stream"
