"""What clients have asked and were answered, one JSON object a line: for tests that hold it against the vendor's document, and for reports.

Our own secrets are masked in it. Bodies are kept as they came, so that jobs' environments may stand in it: the file is its owner's alone.
"""

from __future__ import annotations

import json
import os
import re
import threading
from typing import TYPE_CHECKING, Any

from mlspace.local.call import JSON, TEXT, Answer, Text

if TYPE_CHECKING:
    from mlspace.local.auth import Credentials
    from mlspace.local.call import Request, Stream

HEADERS = ("authorization", "content-type", "user-agent", "x-api-key", "x-namespace", "x-workspace-id")
LONGEST_BODY = 1 << 20
"""Bytes; of a longer body nothing is kept."""

MASK = "********"
TOKEN = re.compile(r'("access_token": ?")[^"]+')
AUTHORIZATION = re.compile(r"^(Bearer )?.+$")


class Recorder:
    """Appends to a file, from any thread."""

    def __init__(self, path: str, credentials: Credentials) -> None:
        self.lock = threading.Lock()
        self.secrets = (credentials.client_secret, credentials.api_key)
        self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(self, request: Request, answer: Answer | Text | Stream, *, is_fault: bool) -> None:
        """One exchange. is_fault: the answer was none that the platform gives of itself."""
        shown = {name: request.headers[name] for name in HEADERS if name in request.headers}
        if "authorization" in shown:
            shown["authorization"] = AUTHORIZATION.sub(rf"\1{MASK}", shown["authorization"])
        line = {
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "headers": shown,
            "body": None if len(request.body) > LONGEST_BODY else request.body.decode(errors="replace"),
            **described(answer),
            "is_fault": is_fault,
        }
        text = json.dumps(line)
        for secret in self.secrets:
            text = text.replace(json.dumps(secret)[1:-1], MASK)
        with self.lock:
            try:
                os.write(self.fd, text.encode() + b"\n")
            except OSError:
                pass  # a full disk must not keep anybody from his answer


def described(answer: Answer | Text | Stream) -> dict[str, Any]:
    """Status, content type and text; no text of a stream, which may go on for days."""
    if isinstance(answer, Answer):
        return {"status": answer.status, "kind": JSON, "answer": TOKEN.sub(rf"\1{MASK}", json.dumps(answer.value))}
    if isinstance(answer, Text):
        return {"status": answer.status, "kind": answer.kind, "answer": answer.data.decode(errors="replace")}
    return {"status": 200, "kind": TEXT, "answer": None}
