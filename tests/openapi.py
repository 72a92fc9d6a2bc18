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


@cache
def operation(method: str, path: str) -> dict[str, Any] | None:
    """What is said of a request; None where there is no such call. A literal path goes before one with variables."""
    for template in sorted(OPENAPI["paths"], key=lambda template: template.count("{")):
        operations = OPENAPI["paths"][template]
        if method.lower() in operations and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template) + "/?", path):
            found: dict[str, Any] = operations[method.lower()]
            return found
    return None
