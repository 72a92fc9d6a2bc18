"""From a request to its answer: find the call, check the caller, say what is wrong as the platform does. Knows no sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlspace.local import brokenness
from mlspace.local.auth import Unauthorized
from mlspace.local.body import BodyError, Problem, Refused
from mlspace.local.call import Answer, Call, Missing
from mlspace.local.limiter import TooMany
from mlspace.local.routes import KEY, NAMESPACE, OLDER_ROUTES, OPEN, ROUTES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mlspace.local.account_calls import AccountCalls
    from mlspace.local.auth import Door
    from mlspace.local.call import Request, Stream, Text
    from mlspace.local.job_calls import JobCalls
    from mlspace.local.limiter import Limiter
    from mlspace.local.older_calls import OlderCalls
    from mlspace.local.routes import Route


class WrongMethod(Exception):
    """405: there is such a path. Its text is the methods that there are."""

    def __init__(self, methods: Sequence[str]) -> None:
        super().__init__(", ".join(sorted(set(methods))))


class Api:
    """All calls of the Gateway."""

    def __init__(self, door: Door, limiter: Limiter, account: AccountCalls, jobs: JobCalls, older: OlderCalls) -> None:
        self.door = door
        self.limiter = limiter
        self.groups = {"account": account, "jobs": jobs, "older": older}
        self.routes = [(route, route.pattern) for route in (*ROUTES, *OLDER_ROUTES)]

    def answer(self, request: Request) -> Answer | Text | Stream:
        """Route a request and turn what is wrong with it into the platform's error bodies."""
        try:
            route, names = self.find(request.method, request.path)
        except Missing as error:
            return Answer(error.value, 404)
        except WrongMethod as error:
            return Answer({"detail": "Method Not Allowed"}, 405, {"Allow": str(error)})
        try:
            self.limiter.count(request.method, route.full_path)
            call = Call(request.method, names, request.query, request.headers, request.body)
            self.authorize(route, call)
            group, _, name = route.handler.partition(".")
            handler: Callable[[Call], Answer | Text | Stream] = getattr(self.groups[group], name)
            return handler(call)
        except (Unauthorized, BodyError, Refused, TooMany, Missing, OSError) as error:
            return older_error_of(error) if route.needs == NAMESPACE else error_of(error)

    def template(self, method: str, path: str) -> str:
        """The path as the OpenAPI writes it; itself where there is no such call."""
        try:
            return self.find(method, path)[0].path
        except (Missing, WrongMethod):
            return path

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]]:
        matching = [(route, match) for route, pattern in self.routes if (match := pattern.fullmatch(path))]
        for route, match in matching:
            if route.method == method:
                return route, match.groupdict()
        if matching:
            first = matching[0][0]  # a literal path stands before one with variables
            raise WrongMethod([route.method for route, _ in matching if route.path == first.path])
        raise Missing(brokenness.page(404, "Not Found"))  # a page inside a JSON string

    def authorize(self, route: Route, call: Call) -> None:
        if route.needs == NAMESPACE:
            self.door.check_namespace(call.headers)
            return
        if route.needs == OPEN:
            return
        self.door.check_token(call.headers.get("authorization"))
        if route.needs == KEY:
            if "x-workspace-id" not in call.headers:
                raise BodyError([Problem(("header", "x-workspace-id"), "Field required", "missing")])
            self.door.check_key(call.headers)


def error_of(error: Exception) -> Answer:
    """Version 2's answer to what is wrong with a call."""
    if isinstance(error, Unauthorized):
        return Answer({"error_code": error.code, "error_message": error.message}, 401)
    if isinstance(error, BodyError):
        return Answer({"detail": [problem.to_json() for problem in error.problems]}, 422)
    if isinstance(error, Refused):
        return Answer({"error_code": error.code, "error_message": error.text}, error.status)
    if isinstance(error, TooMany):
        return Answer({"error_code": 429, "error_message": str(error)}, 429, {"Retry-After": str(error.seconds)})
    if isinstance(error, Missing):
        return Answer(error.value, 404)
    return Answer({"error_code": 500, "error_message": f"Oops, something went wrong: {reason_of(error)}"}, 500)


def older_error_of(error: Exception) -> Answer:
    """The older version's: always a reason and a status in words."""
    if isinstance(error, Unauthorized):
        return Answer({"reason": error.message, "status": "UNAUTHENTICATED"}, 401)
    if isinstance(error, BodyError):
        reason = "; ".join(f"{problem.loc[-1]}: {problem.msg}" for problem in error.problems)
        return Answer({"reason": reason, "status": "INVALID_ARGUMENT"}, 400)
    if isinstance(error, Refused):
        return Answer({"reason": error.text, "status": "INVALID_ARGUMENT"}, error.status)
    if isinstance(error, TooMany):
        return Answer({"reason": str(error), "status": "RESOURCE_EXHAUSTED"}, 429, {"Retry-After": str(error.seconds)})
    if isinstance(error, Missing):
        return Answer({"reason": "not found", "status": "NOT_FOUND"}, 404)
    return Answer({"reason": reason_of(error), "status": "INTERNAL"}, 500)


def reason_of(error: Exception) -> str:
    """A full disk, no more processes."""
    return (isinstance(error, OSError) and error.strerror) or str(error)
