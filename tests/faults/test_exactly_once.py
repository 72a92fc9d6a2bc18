"""Submission exactly once, whatever goes wrong at any request, and whoever is killed when: none lost, none twice, each to its right end."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import product

from tests.faults.rig import FAULTS, GPU_LIMIT, OF_SUBMISSION, REQUESTS, Rig

SUBMISSIONS = int(os.environ.get("FAULT_TESTS_SUBMISSIONS", "24"))
"""tests/long has 2,000."""

AT_A_TIME = 6

FIRST = [("POST /jobs", fault) for fault in OF_SUBMISSION]
CASES = [*FIRST, ("POST /jobs", GPU_LIMIT), *product(REQUESTS, FAULTS)]


def test_any_fault_at_any_request(rig: Rig) -> None:
    """Each case in its turn, in an order by chance; some faults last, some clients and controllers are killed at any moment."""
    rounds = -(-SUBMISSIONS // len(CASES))
    cases = [*FIRST, *(case for _ in range(rounds) for case in rig.random.sample(CASES, len(CASES)))][:SUBMISSIONS]
    cases = [case for case in cases if len(CASES) < SUBMISSIONS or case[1] != GPU_LIMIT]  # whose job waits for 30 s

    def one(case: tuple[str, str]) -> None:
        request, fault = case
        with rig.drawing:
            times = rig.random.choice((1, 1, 1, 5)) if request != "POST /jobs" else 1
            kill_after = rig.random.uniform(0, 0.6) if rig.random.random() < 0.15 else None
            kills_controller = rig.random.random() < 0.1
        rig.submit(request, fault, times, kill_after)
        if kills_controller:
            rig.kill_controller()

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        list(pool.map(one, cases))
    rig.settle(60 + SUBMISSIONS)
    rig.check()
    print(rig.summary())  # noqa: T201 - the long run's figures


def test_a_request_that_takes_effect_when_its_job_has_been_sent_again_and_has_ended(rig: Rig) -> None:
    """The platform makes a job of the lost request all the same, long after: it is deleted, and the first one's end stands."""
    said = rig.submit("POST /jobs", "cut=before", script="exit 3")
    rig.wait_for_end()
    (job,) = rig.platform()
    late = rig.gateway.scheduler.submit(job.params, job.wish.instance)
    rig.settle(60)
    assert rig.query("SELECT platform_job FROM double") == [(late.name,)]
    assert (said.job_id, said.stderr) == (1, "")
    rig.check()
