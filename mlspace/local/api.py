"""From a request to its answer: find the call, check the caller, say what is wrong as the platform does. Knows no sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlspace.local.auth import Unauthorized
from mlspace.local.body import BodyError, Problem, Refused
from mlspace.local.call import Answer, Call, Missing
from mlspace.local.limiter import TooMany
from mlspace.local.routes import KEY, OPEN, PREFIX, ROUTES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlspace.local.account_calls import AccountCalls
    from mlspace.local.auth import Door
    from mlspace.local.call import Stream, Text
    from mlspace.local.job_calls import JobCalls
    from mlspace.local.limiter import Limiter
    from mlspace.local.routes import Route

    Query = Mapping[str, list[str]]


class Api:
    """All calls of the Gateway."""

    def __init__(self, door: Door, limiter: Limiter, account: AccountCalls, jobs: JobCalls) -> None:
        self.door = door
        self.limiter = limiter
        self.groups = {"account": account, "jobs": jobs}
        self.routes = [(route, route.pattern) for route in ROUTES]

    def answer(self, method: str, path: str, query: Query, headers: Mapping[str, str], body: bytes) -> Answer | Text | Stream:
        """Route one request and turn what is wrong with it into the platform's error bodies."""
        try:
            route, names = self.find(method, path)
            self.limiter.count(method, PREFIX + route.path)
            call = Call(method, names, query, headers, body)
            self.authorize(route, call)
            group, _, name = route.handler.partition(".")
            handler: Callable[[Call], Answer | Text | Stream] = getattr(self.groups[group], name)
            return handler(call)
        except Unauthorized as error:
            return Answer({"error_code": error.code, "error_message": error.message}, 401)
        except BodyError as error:
            return Answer({"detail": [problem.to_json() for problem in error.problems]}, 422)
        except Refused as error:
            return Answer({"error_code": error.code, "error_message": error.text}, error.status)
        except TooMany as error:
            return Answer({"error_code": 429, "error_message": str(error)}, 429, {"Retry-After": str(error.seconds)})
        except Missing as error:
            return Answer(error.value, 404)
        except OSError as error:  # a full disk, no more processes
            return Answer({"error_code": 500, "error_message": f"Oops, something went wrong: {error.strerror}"}, 500)

    def template(self, method: str, path: str) -> str:
        """The path as the OpenAPI writes it; itself where there is no such call."""
        try:
            return self.find(method, path)[0].path
        except Missing:
            return path

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]]:
        rest = path[len(PREFIX) :] if path.startswith(PREFIX + "/") else ""
        for route, pattern in self.routes:
            match = pattern.fullmatch(rest) if route.method == method else None
            if match:
                return route, match.groupdict()
        raise Missing({"detail": "Not Found"})

    def authorize(self, route: Route, call: Call) -> None:
        if route.needs == OPEN:
            return
        self.door.check_token(call.headers.get("authorization"))
        if route.needs == KEY:
            if "x-workspace-id" not in call.headers:
                raise BodyError([Problem(("header", "x-workspace-id"), "Field required", "missing")])
            self.door.check_key(call.headers)
