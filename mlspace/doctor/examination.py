"""All checks in their order, and what came of each."""

from __future__ import annotations

from typing import NamedTuple

from mlspace.doctor import account, catalogue, jobs, logs
from mlspace.doctor.check import Check, NothingToSee, Service
from mlspace.errors import GatewayError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OF_ACCOUNT: tuple[Check, ...] = (*account.CHECKS, *catalogue.CHECKS)
OF_JOBS: tuple[Check, ...] = (*jobs.CHECKS, *logs.CHECKS)
"""These see more when a job has ended."""

CHECKS = (*OF_ACCOUNT, *OF_JOBS)

AS_RECORDED, DIFFERS, UNSEEN = "as recorded", "DIFFERS", "not seen"


class Outcome(NamedTuple):
    """lines: in what it differs, or why it could not be seen."""

    check: Check
    verdict: str
    lines: Sequence[str]


def examine(service: Service, checks: Sequence[Check] = CHECKS) -> Iterator[Outcome]:
    """Raises GatewayError where the first of all checks finds no Gateway, or is not let in: all others would say the same."""
    answered = checks[0] not in OF_ACCOUNT
    for check in checks:
        try:
            differences = list(check.look(service))
        except NothingToSee as reason:
            yield Outcome(check, UNSEEN, [str(reason)])
        except GatewayError as error:
            if error.status in (None, 401, 404) and not answered:
                raise
            yield Outcome(check, DIFFERS, error.lines)
        else:
            answered = True
            yield Outcome(check, DIFFERS if differences else AS_RECORDED, differences)
