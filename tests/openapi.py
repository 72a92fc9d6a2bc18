"""The vendor's OpenAPI of the Gateway, and its components in JSON Schema's words."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

OPENAPI: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "gateway-v2.json").read_text())


def nullable(schema: Any) -> Any:
    """OpenAPI's `nullable: true`, which JSON Schema does not know, written as JSON Schema's union."""
    if isinstance(schema, list):
        return [nullable(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: nullable(value) for key, value in schema.items() if key != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain


COMPONENTS = nullable(OPENAPI["components"])

ERROR = {"description": "an error", "content": {"application/json": {"schema": {"type": "object"}}}}


@cache
def document() -> dict[str, Any]:
    """The vendor's, with two answers that it lacks for some calls: 401, which each of them gives (mlspace-facts §1.2), and 404 for an
    id that there is not, of which nothing is known."""
    changed: dict[str, Any] = nullable(OPENAPI)
    for path, operations in changed["paths"].items():
        for operation in operations.values():
            operation["responses"].setdefault("401", ERROR)
            if "{" in path:
                operation["responses"].setdefault("404", ERROR)
    return changed


@cache
def operation(method: str, path: str) -> dict[str, Any] | None:
    """What is said of a request; None where there is no such call. A literal path goes before one with variables."""
    paths = document()["paths"]
    for template in sorted(paths, key=lambda template: template.count("{")):
        operations = paths[template]
        if method.lower() in operations and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template) + "/?", path):
            found: dict[str, Any] = operations[method.lower()]
            return found
    return None
