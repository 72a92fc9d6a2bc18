"""Which calls are made to learn how jobs are, and that a region that does not answer keeps the others from nothing."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Barrier

import pytest

from mlspace.controller.survey import FEW_JOBS, MANY_JOBS, Wanted, survey
from mlspace.errors import GatewayError
from mlspace.gateway.wire import PlatformJob

ENDED = "completed"


class Platform:
    """Jobs by region, name and status. A region that is `away` lists nothing; what is `gone` is not told of one by one."""

    def __init__(self, jobs: Mapping[str, Mapping[str, str]], away: str = "", gone: str = "") -> None:
        self.jobs, self.away, self.gone = jobs, away, gone
        self.calls: list[str] = []

    def list_regions(self, regions: Mapping[str, bool]) -> dict[str, list[PlatformJob] | GatewayError]:
        self.calls += [f"list {region}{' all' if with_ended else ''}" for region, with_ended in regions.items()]
        return {region: self.listed(region, with_ended) for region, with_ended in regions.items()}

    def listed(self, region: str, with_ended: bool) -> list[PlatformJob] | GatewayError:
        if region == self.away:
            return GatewayError("away")
        return [PlatformJob(*one) for one in self.jobs[region].items() if with_ended or one[1] != ENDED]

    def job(self, name: str) -> PlatformJob:
        self.calls.append(name)
        if name == self.gone:
            raise GatewayError("gone")
        return PlatformJob(name, next(jobs[name] for jobs in self.jobs.values() if name in jobs))


def named(number: int, status: str, prefix: str = "j") -> dict[str, str]:
    return {f"{prefix}{one}": status for one in range(number)}


@pytest.mark.parametrize(
    ("jobs", "has_lost", "calls"),
    [
        (named(FEW_JOBS, "running"), False, [*named(FEW_JOBS, "")]),
        (named(FEW_JOBS, "running"), True, ["list A all"]),
        (named(20, "running"), False, ["list A"]),
        (named(20, "running") | named(3, ENDED, "e"), False, ["list A", "e0", "e1", "e2"]),
        (named(20, "running") | named(3, ENDED, "e"), True, ["list A all"]),
        (named(20, "running") | named(MANY_JOBS + 1, ENDED, "e"), False, ["list A", "list A all"]),
        ({}, True, ["list A all"]),
    ],
)
def test_calls(jobs: dict[str, str], has_lost: bool, calls: list[str]) -> None:
    platform = Platform({"A": jobs})
    found = survey(platform, {"A": Wanted([*jobs], has_lost=has_lost)})["A"]  # type: ignore[arg-type]
    assert sorted(platform.calls) == sorted(calls)
    assert {name: one.status for name, one in found.by_name.items() if isinstance(one, PlatformJob)} == jobs
    assert found.problem is None


def test_a_region_that_does_not_answer_and_a_job_that_is_not_told_of() -> None:
    jobs = {"A": named(20, "running", "a"), "B": named(20, "running", "b"), "C": named(1, "running", "c")}
    platform = Platform(jobs, away="B", gone="c0")
    found = survey(platform, {region: Wanted([*names], has_lost=False) for region, names in jobs.items()})  # type: ignore[arg-type]
    assert sorted(platform.calls) == ["c0", "list A", "list B"]
    assert (found["A"].problem, str(found["B"].problem), found["C"].problem) == (None, "away", None)
    assert (len(found["A"].by_name), found["B"].by_name, str(found["C"].by_name["c0"])) == (20, {}, "gone")


def test_jobs_are_asked_about_at_the_same_time() -> None:
    regions = {name: Wanted(["job"], has_lost=False) for name in "ABCD"}
    platform = Platform({name: {"job": "running"} for name in regions})
    platform.calls = Waiting(Barrier(len(regions)))  # type: ignore[assignment]
    found = survey(platform, regions)  # type: ignore[arg-type]
    assert [len(one.by_name) for one in found.values()] == [1] * len(regions)


class Waiting(list[str]):
    """A list that is appended to only when all have come to do so."""

    def __init__(self, together: Barrier) -> None:
        self.together = together

    def append(self, _: str) -> None:
        self.together.wait(20)
