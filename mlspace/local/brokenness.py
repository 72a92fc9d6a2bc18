"""What stands in front of the platform, and the platform itself, say when they fail, as users have recorded it (mlspace-facts §4.5)."""

from __future__ import annotations

from mlspace.local.call import Answer, Text

FIREWALL_PAGE = f"""<!DOCTYPE html>
<html><head><title>Request blocked</title></head>
<body><h1>Your request was blocked</h1><!-- {"." * 7900} --></body></html>
"""
"""About 8 kB, as the firewall's page is."""

NGINX = "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n</body>\r\n</html>\r\n"
REASONS = {502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}

HTML = "text/html"

MESSAGES = {
    401: (20, "access_token expired"),
    429: (429, "Rate limit exceeded: 1000 per 1 minute"),
    500: (500, "Oops, something went wrong"),
}


def page(status: int, reason: str) -> str:
    return NGINX.format(f"{status} {reason}")


def failure(status: int, retry_after: int | None) -> Answer | Text:
    """The answer with that status."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    if status == 404:
        return Answer(page(404, "Not Found"), 404, headers)  # inside a JSON string
    if status == 445:
        return Text(FIREWALL_PAGE.encode(), 445, HTML, headers)
    if status in REASONS:
        return Text(page(status, REASONS[status]).encode(), status, HTML, headers)
    code, message = MESSAGES.get(status, (status, "no reason given"))
    return Answer({"error_code": code, "error_message": message}, status, headers)


def refusal(text: str, retry_after: int | None) -> Answer:
    """No job is made. The status of these refusals was never recorded."""
    return Answer({"error_code": 1, "error_message": text}, 400, {} if retry_after is None else {"Retry-After": str(retry_after)})
