"""Recorded traffic against the vendor's OpenAPI, in both directions, by openapi-core.

What our client sends must always be valid. What anybody else sends must be, where the gateway has taken it. What the gateway
answers must always be, but for the faults that a test asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

from tests.openapi import document, operation

HTML = "text/html"
"""Pages come from what stands in front of the platform."""

OURS = "mlspace-slurm/"
HOST = "http://gateway"
JSON, TEXT = "application/json", "text/plain; charset=utf-8"
"""Exactly so: the vendor's client takes JSON for text otherwise, and UTF-8 for Latin-1."""

LEARNED = re.compile(r"(?<!\"status\": )(?<!\d)\d+|[0-9a-f]{8}-[0-9a-f-]{27}|lm-mpi-job-[0-9a-f-]+|(?<=spec-part-0\": \")[^\"]*")
"""What differs from one exchange to the next, and is as valid in one as in the other: numbers, but not the status."""


@cache
def contract() -> OpenAPI:
    return OpenAPI.from_dict(document())


SEEN: set[int] = set()
"""Hashes of exchanges that were found valid, by this process, so that a thousand polls are judged once."""


def complaints(record: Path) -> Iterator[str]:
    """What is wrong with the traffic of a file, an exchange at a time."""
    with record.open() as lines:
        for line in lines:
            key = hash(LEARNED.sub("0", line))
            if key not in SEEN:
                told = list(judge(json.loads(line)))
                yield from told
                if not told:
                    SEEN.add(key)


def judge(exchange: Mapping[str, Any]) -> Iterator[str]:
    described = operation(exchange["method"], exchange["path"])
    if described is None:
        return  # the older version, which has no document, or no call at all
    request = MockRequest(
        HOST,
        exchange["method"].lower(),
        exchange["path"],
        args={name: values[0] if len(values) == 1 else values for name, values in exchange["query"].items()},
        headers={**exchange["headers"], "authorization": bearer(exchange["headers"].get("authorization", ""))},
        data=(exchange["body"] or "").encode() or None,
        content_type=exchange["headers"].get("content-type", "application/json"),
    )
    where = f"{exchange['method']} {exchange['path']}?{urlencode(exchange['query'], doseq=True)} -> {exchange['status']}"
    is_ours = exchange["headers"].get("user-agent", "").startswith(OURS)
    if is_ours or (exchange["status"] < 400 and not exchange["is_fault"]):
        yield from tried(contract().validate_request, where, "request", exchange["body"], request)
    if exchange["is_fault"] or exchange["answer"] is None or exchange["kind"] == HTML:
        return
    if exchange["kind"] == TEXT and not exchange["answer"]:
        return  # the log of a job that never ran, which openapi-core takes for no answer at all
    if str(exchange["status"]) not in described["responses"]:
        yield f"{where}: no such status is described: {exchange['answer']}"
        return
    kind = TEXT if "text/plain" in described["responses"][str(exchange["status"])].get("content", ()) else JSON
    if exchange["kind"] != kind:
        yield f"{where}: content type {exchange['kind']}"
    response = MockResponse(exchange["answer"].encode(), exchange["status"], content_type=exchange["kind"].partition(";")[0])
    yield from tried(contract().validate_response, where, "answer", exchange["answer"], request, response)


def bearer(authorization: str) -> str:
    """The vendor's own client sends a bare token, which the document does not know of."""
    return authorization if not authorization or authorization.startswith("Bearer ") else f"Bearer {authorization}"


def tried(validate: Any, where: str, what: str, text: str, *arguments: Any) -> Iterator[str]:
    try:
        validate(*arguments)
    except OpenAPIError as error:
        causes = [str(one) for one in getattr(error.__cause__, "schema_errors", ())] or [str(error.__cause__ or error)]
        yield f"{where}: {what}: {'; '.join(causes)[:2000]}\n  {str(text)[:500]}"
