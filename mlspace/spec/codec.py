"""LaunchSpec to JSON, and JSON to the flags that carry it (docs/protocol.md §1)."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import os
from typing import Any

from mlspace import private_file
from mlspace.errors import RequestRefused
from mlspace.spec.launch import LaunchSpec

VERSION = "1"
PART_CHARACTERS = 65_536
INLINE_LIMIT = 96 * 1024
"""Characters of base64 that travel as flags. The platform's own bound is not known; an intermediate shell word may be it."""

FILE_LIMIT = 16 * 1024 * 1024
"""Bytes of a specification in a file."""


def encode(spec: LaunchSpec) -> bytes:
    """The JSON bytes: compact, in the order of the fields, defaults left out."""
    return json.dumps(plain(spec), separators=(",", ":"), ensure_ascii=False).encode()


def plain(value: Any) -> Any:
    """JSON data of a dataclass, a mapping, a sequence, or a scalar."""
    if dataclasses.is_dataclass(value):
        members = {}
        for field in dataclasses.fields(value):
            member = getattr(value, field.name)
            default = field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default
            if member != default:
                members[field.name.rstrip("_")] = plain(member)
        return members
    if isinstance(value, str):
        return text(value)
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items() if is_utf8(key)}
    if isinstance(value, (list, tuple)):
        return [plain(member) for member in value]
    return value


def text(value: str) -> str | dict[str, str]:
    """A text of the protocol: a string, or its bytes where they are not UTF-8 (they are surrogate escapes in Python)."""
    if is_utf8(value):
        return value
    return {"b64": base64.b64encode(os.fsencode(value)).decode("ascii")}


def is_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def part_flags(data: bytes) -> dict[str, str]:
    """The flags of the carrier `parts`. Raises RequestRefused when the specification is too large for it."""
    encoded = base64.b64encode(data).decode("ascii")
    if len(encoded) > INLINE_LIMIT:
        raise RequestRefused(
            f"the job's description is too large for MLSpace: {len(encoded)} characters, {INLINE_LIMIT} at most", f"  {largest(data)}"
        )
    parts = [encoded[start : start + PART_CHARACTERS] for start in range(0, len(encoded), PART_CHARACTERS)]
    flags = {"spec-version": VERSION, "spec-num-parts": str(len(parts)), "spec-sha256": checksum(data)}
    return flags | {f"spec-part-{number}": part for number, part in enumerate(parts)}


def file_flags(data: bytes, path: str) -> dict[str, str]:
    """The flags of the carrier `file`."""
    return {"spec-version": VERSION, "spec-file": path, "spec-sha256": checksum(data)}


def write_file(data: bytes, path: str) -> None:
    """Writes the specification for the carrier `file`: 0600, complete before anybody can see it. Raises RequestRefused, OSError."""
    if len(data) > FILE_LIMIT:
        raise RequestRefused(f"the job's description is too large: {len(data)} bytes, {FILE_LIMIT} at most", f"  {largest(data)}")
    private_file.write(path, data, sync=True)


def checksum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def largest(data: bytes) -> str:
    """What is large in a specification, for a user who has to make it smaller."""
    document = json.loads(data)
    script = size_of(document.get("script", {}).get("text", ""))
    variables = document.get("env", {}).get("set", {})
    name = max(variables, key=lambda key: size_of(variables[key]), default="")
    sizes = f"the script has {script} characters, the environment {sum(size_of(value) for value in variables.values())}"
    return f"{sizes}, most of it in {name}; --export=NONE leaves it out" if name else sizes


def size_of(value: str | dict[str, str]) -> int:
    """Characters of a text of the protocol, in either form."""
    return len(value) if isinstance(value, str) else len(base64.b64decode(value["b64"]))
