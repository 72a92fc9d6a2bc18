"""From the Gateway's error answers to one sentence that helps. Source: mlspace-facts §4.5, each kind as it was recorded."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

from mlspace.errors import AT_LIMIT, NO_ROOM, GatewayError

LONGEST_TEXT = 300

HELP = {
    401: "the credentials are not accepted; `mlspace config show` says where they come from, `mlspace login` asks for others",
    403: "these credentials may not do that",
    429: "MLSpace takes no more requests for the moment; try again in a minute",
    445: "a firewall in front of MLSpace has blocked the request: some field holds shell metacharacters or `../`",
    500: "MLSpace has trouble of its own; if it is still there in some minutes, its support needs the time and the request",
    502: "MLSpace is not reached by what stands in front of it; that passes as a rule",
}
HELP |= dict.fromkeys((503, 504), HELP[502])

WRONG_KEY, WRONG_WORKSPACE, NO_KEY = 10, 2, 9
NOT_THE_TOKEN = {
    WRONG_KEY: "the api key is none of this workspace; `mlspace config show` says where both come from, `mlspace login` asks for others",
    WRONG_WORKSPACE: "there is no such workspace for these credentials; `mlspace config show` says where workspace_id comes from",
    NO_KEY: "the api key is missing; set MLSPACE_API_KEY, or log in by `mlspace login`",
}
"""error_code of a 401 that a new token does not change -> what would. Source: mlspace-facts §1.2."""

TOO_MANY_REQUESTS = 429
TRANSIENT = (TOO_MANY_REQUESTS, 500, 502, 503, 504)

GPU_LIMIT = re.compile(r"(?:WORKSPACE|PROJECT)_GPU_LIMIT_REACHED_ONLY_(\d+)_FREE")
"""A refusal that passes: other jobs hold the GPUs. Its HTTP status was never recorded. Source: mlspace-facts §4.5."""

SHORTAGES = (
    (GPU_LIMIT, AT_LIMIT),
    (re.compile(r"\b[A-Z_]+_(?:LIMIT|QUOTA)_(?:REACHED|EXCEEDED)"), AT_LIMIT),
    (re.compile(r"\bquota\b.*\b(?:reached|exceeded)\b|\bexceed\w*\b.*\bquota\b", re.IGNORECASE), AT_LIMIT),
    (re.compile(r"\b(?:no free|not enough(?: free)?|insufficient) (?:gpu|node|resource|capacity)", re.IGNORECASE), NO_ROOM),
)
"""Words of refusals that pass when others have ended. The first was recorded; the others are what its like would say [I]."""

TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


def error_of(what: str, status: int, body: bytes, request_id: str = "") -> GatewayError:
    """The error for an answer that is none. `what` says what was asked: "submit the job"."""
    reason = sentence(body)
    lines = [f"MLSpace could not {what}: {reason or 'no reason given'} (HTTP {status})"]
    limit, shortage = GPU_LIMIT.search(reason), shortage_of(reason) if status != TOO_MANY_REQUESTS else ""
    help = f"the workspace has no more than {limit[1]} free GPUs now; others hold the rest" if limit else advice(status, body)
    if help:
        lines.append(f"  {help}")
    if request_id:
        lines.append(f"  request id {request_id}")
    error = GatewayError(*lines, status=status, transient=status in TRANSIENT and not shortage)
    error.shortage = shortage
    return error


def shortage_of(reason: str) -> str:
    """What a refusal says is taken: AT_LIMIT or NO_ROOM of errors.py; "" where it says nothing of the kind."""
    return next((kind for pattern, kind in SHORTAGES if pattern.search(reason)), "")


def advice(status: int, body: bytes) -> str:
    """What would work, as far as the status and the body's error code tell."""
    code = error_code(body)
    return NOT_THE_TOKEN[code] if status == 401 and code in NOT_THE_TOKEN else HELP.get(status, "")


def error_code(body: bytes) -> int:
    """The body's error_code; 0 where it has none."""
    try:
        content = json.loads(body)
    except ValueError:
        return 0
    code = content.get("error_code") if isinstance(content, dict) else 0
    return code if isinstance(code, int) else 0


def sentence(body: bytes) -> str:
    """The reason in an error body: JSON of several shapes, a page of HTML, also inside a JSON string, or prose."""
    text = body.decode("utf-8", "replace").strip()
    try:
        text = from_json(json.loads(text))
    except (ValueError, RecursionError):
        pass
    if "<html" in text[:500].lower() or "<!doctype" in text[:100].lower():
        title = TITLE.search(text)
        words = " ".join(title[1].split())[:LONGEST_TEXT] if title else ""
        return "it answered with a web page" + (f", {words}" if words else "")
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


# No answer at all, or one from somebody else.


def unreachable(endpoint: str, why: str, help: str = "is the address right?", *, outcome_unknown: bool) -> GatewayError:
    return GatewayError(f"Unable to contact MLSpace at {endpoint} ({why})", f"  {help}", transient=True, outcome_unknown=outcome_unknown)


def distrusted(endpoint: str) -> GatewayError:
    return GatewayError(
        f"Unable to contact MLSpace at {endpoint} (its certificate is not trusted here)",
        "  where a proxy puts its own in, REQUESTS_CA_BUNDLE names the file of certificates to trust",
    )


def elsewhere(error: GatewayError, endpoint: str) -> GatewayError:
    """The same error, of a login that nothing is there to take."""
    error.lines += (f"  is {endpoint} the address of a Gateway? The vendor's ends in /public/v2",)
    return error


def moved(what: str, endpoint: str, status: int, location: str) -> GatewayError:
    place = urlsplit(location)
    return GatewayError(
        f"MLSpace could not {what}: {endpoint} sends us elsewhere, to {place.scheme}://{place.hostname} (HTTP {status})",
        "  this is no Gateway, or MLSPACE_ENDPOINT lacks https:// or /public/v2",
        status=status,
    )
