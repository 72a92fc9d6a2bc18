"""From the Gateway's error answers to one sentence that helps. Source: mlspace-facts §4.5, each kind as it was recorded."""

from __future__ import annotations

import json

from mlspace.errors import GatewayError

LONGEST_TEXT = 300

HELP = {
    401: "the credentials are not accepted; check MLSPACE_CLIENT_ID, _CLIENT_SECRET, _API_KEY and _WORKSPACE_ID",
    403: "these credentials may not do that",
    429: "MLSpace takes no more requests for the moment; try again in a minute",
    445: "a firewall in front of MLSpace has blocked the request: some field holds shell metacharacters or `../`",
}

TRANSIENT = (429, 500, 502, 503, 504)


def error_of(what: str, status: int, body: bytes, request_id: str = "") -> GatewayError:
    """The error for an answer that is none. `what` says what was asked: "submit the job"."""
    lines = [f"MLSpace could not {what}: {sentence(body) or 'no reason given'} (HTTP {status})"]
    if status in HELP:
        lines.append(f"  {HELP[status]}")
    if request_id:
        lines.append(f"  request id {request_id}")
    return GatewayError(*lines, status=status, transient=status in TRANSIENT)


def sentence(body: bytes) -> str:
    """The reason in an error body: JSON of several shapes, a page of HTML, also inside a JSON string, or prose."""
    text = body.decode("utf-8", "replace").strip()
    try:
        text = from_json(json.loads(text))
    except ValueError:
        pass
    if "<html" in text[:500].lower() or "<!doctype" in text[:100].lower():
        return "it answered with a web page"
    return " ".join(text.split())[:LONGEST_TEXT]


def from_json(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "; ".join(from_json(item) for item in content)
    if not isinstance(content, dict):
        return ""
    for key in ("error_message", "message", "reason"):
        if isinstance(content.get(key), str) and content[key]:
            return str(content[key])
    if "detail" in content:
        return from_json(content["detail"])
    if "msg" in content:  # a validation error: which field, and what is wrong with it
        where = ".".join(str(part) for part in content.get("loc", ()) if part != "body")
        return f"{where}: {content['msg']}"
    return ""
