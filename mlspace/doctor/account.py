"""Checks of who we are: login, key, workspace, allocations, queues, limits."""

from __future__ import annotations

import re

from mlspace.doctor.check import Check, NothingToSee, Service, content, is_object, lacks, once, shown
from mlspace.gateway.errors import elsewhere, error_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN_SECONDS = 3600
NAMESPACE = re.compile(r"ai\d{7}-\d{5}")
INVALID_TOKEN = 21
ROLE_ERROR = "role model access checking error"


def login(service: Service) -> Iterator[str]:
    credentials = service.transport.credentials
    if not credentials.can_log_in:
        raise NothingToSee("an access token is configured, and no client id and secret")
    answer = service.transport.raw("POST", "/service_auth", body=credentials.login, token="")
    found = content(answer)
    if answer.status == 401:
        raise error_of("log in", answer.status, answer.body)
    if answer.status == 404:
        raise elsewhere(error_of("log in", answer.status, answer.body), service.transport.endpoint)
    if answer.status != 200 or not isinstance(found, dict):
        yield f"expected HTTP 200 and a token; got HTTP {answer.status}"
        return
    token = found.get("token")
    yield from (line.partition(" in {")[0] for line in lacks(token, access_token=str, token_type=str, expires_in=int))
    if isinstance(token, dict) and token.get("expires_in") != TOKEN_SECONDS:
        yield f"a token lives {token.get('expires_in')} s, not {TOKEN_SECONDS}"
    if answer.kind != "application/json":
        yield f"the content type is {answer.kind}"


def wrong_token(service: Service) -> Iterator[str]:
    answer = service.get("/limiter/", token="no-token")
    found = content(answer)
    if answer.status != 401 or not isinstance(found, dict) or found.get("error_code") != INVALID_TOKEN:
        yield f"expected HTTP 401 and error_code {INVALID_TOKEN}; got {shown(answer)}"


def api_key(service: Service) -> Iterator[str]:
    answer = service.get("/workspaces/v1/x_api_key")
    found = content(answer)
    if answer.status == 400 and isinstance(found, dict) and found.get("reason") == ROLE_ERROR:
        return  # recorded as well: this account may not read its own key
    if answer.status != 200 or not isinstance(found, dict) or "x-api-key" not in found:
        yield f"expected HTTP 200 and a key; got HTTP {answer.status}, {answer.kind}"
    elif found["x-api-key"] not in service.transport.credentials.secrets:
        yield "the workspace's key is another one than the configured"


def workspace(service: Service) -> Iterator[str]:
    answer = service.get(f"/workspaces/v3/{service.workspace_id}")
    yield from is_object(answer, id=str, name=str, namespace=str)
    found = content(answer)
    if isinstance(found, dict) and not NAMESPACE.fullmatch(str(found.get("namespace"))):
        yield f"the namespace is {found.get('namespace')}, not as in ai0001234-00001"


def allocations(service: Service) -> Iterator[str]:
    answer = service.get(f"/workspaces/v3/{service.workspace_id}/allocations")
    found = content(answer)
    if answer.status != 200 or not isinstance(found, list):
        yield f"expected HTTP 200 and a list; got {shown(answer)}"
        return
    service.allocations = [item for item in found if isinstance(item, dict)]
    for item in found:
        yield from lacks(item, id=str, name=str, region_key=str, node_type=str, default_for_job=bool)


def queues(service: Service) -> Iterator[str]:
    if not service.allocations:
        raise NothingToSee("there is no allocation")
    for allocation in service.allocations:
        answer = service.get(f"/workspaces/v3/{service.workspace_id}/allocations/{allocation.get('id')}/queues")
        found = content(answer)
        if answer.status != 200 or not isinstance(found, list):
            yield f"expected HTTP 200 and a list; got {shown(answer)}"
            continue
        for item in found:
            yield from lacks(item, id=str, name=str, active=bool, default_for_job=bool)


def limits(service: Service) -> Iterator[str]:
    answer = service.get("/limiter/")
    found = content(answer)
    if answer.status != 200 or not isinstance(found, list):
        yield f"expected HTTP 200 and a list; got {shown(answer)}"
        return
    for item in found:
        yield from lacks(item, amount=int, endpoint=str, limit=str, method=str, period=str)


CHECKS = (
    Check("a token", "1.1", login),
    Check("a wrong token", "1.2", wrong_token),
    Check("the key for the asking", "1.2", api_key),
    Check("the workspace", "1.4", workspace),
    Check("allocations", "5.1", lambda service: once(allocations(service))),
    Check("queues", "5.1", lambda service: once(queues(service))),
    Check("limits", "4.5", lambda service: once(limits(service))),
)
