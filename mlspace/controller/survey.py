"""What the platform has of our jobs: all regions asked at the same time, in as few calls as tell it."""

from __future__ import annotations

from mlspace.errors import GatewayError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mlspace.gateway.client import Client
    from mlspace.gateway.wire import PlatformJob

FEW_JOBS = 1
"""Of a region up to so many are asked about one by one, without any list: one call tells of all."""

MANY_JOBS = 64
"""Those that are not in the list of what lives are asked about one by one, too; more of them by the list of all that there ever was."""


class Wanted:
    """Of a region: names of the platform's jobs, and whether others may be there that are ours."""

    def __init__(self, names: Sequence[str], *, has_lost: bool) -> None:
        self.names = names
        self.has_lost = has_lost


class Found:
    """What a region has told: `by_name`, what it said of a job, or why nothing; of ours, `by_submission`, those first that live."""

    def __init__(self) -> None:
        self.problem: GatewayError | None = None
        self.by_name: dict[str, PlatformJob | GatewayError] = {}
        self.by_submission: dict[str, list[PlatformJob]] = {}

    def take(self, listed: Sequence[PlatformJob] | GatewayError) -> None:
        from mlspace.translate.job import submission_of

        if isinstance(listed, GatewayError):
            self.problem = listed
            return
        self.by_name.update((one.name, one) for one in listed)
        self.by_submission = {}
        for one in sorted(listed, key=lambda one: one.has_ended):
            submission = submission_of(one.description)
            if submission:
                self.by_submission.setdefault(submission, []).append(one)


def survey(client: Client, wanted: Mapping[str, Wanted]) -> dict[str, Found]:
    """What each region tells. A problem of one keeps the others from nothing."""
    found = {region: Found() for region in wanted}
    take_lists(client, found, {region: one.has_lost for region, one in wanted.items() if one.has_lost or len(one.names) > FEW_JOBS})
    missing = {region: [name for name in one.names if name not in found[region].by_name] for region, one in wanted.items()}
    take_lists(client, found, {region: True for region, names in missing.items() if len(names) > MANY_JOBS and not wanted[region].has_lost})
    ask_each(client, [(found[region], name) for region, names in missing.items() for name in names])
    return found


def take_lists(client: Client, found: Mapping[str, Found], regions: Mapping[str, bool]) -> None:
    """The lists of some regions; region: whether those that have ended are wanted, too."""
    for region, listed in client.list_regions(regions).items():
        found[region].take(listed)


def ask_each(client: Client, wanted: Iterable[tuple[Found, str]]) -> None:
    """What the platform says of jobs that are in no list, as new ones are for some seconds; not where the list was refused."""
    from mlspace.gateway.at_once import answers

    to_ask = [(place, name) for place, name in wanted if place.problem is None and name not in place.by_name]
    for (place, name), answer in zip(to_ask, answers(client.job, [name for _, name in to_ask]), strict=True):
        place.by_name[name] = answer
