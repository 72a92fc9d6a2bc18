"""Who may call: client credentials, tokens that need no memory, and the headers of every call."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMESPACE = "ai0000001-00001"
"""The one namespace there is; of the platform's form."""

TOKEN_SECONDS = 3600


class Unauthorized(Exception):
    """401 with the platform's error_code and message (mlspace-facts §1.2)."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Credentials(NamedTuple):
    client_id: str
    client_secret: str
    api_key: str
    workspace_id: str


def same(given: str, expected: str) -> bool:
    """Compared in a time that does not tell how much of it was right."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode("utf-8", "surrogatepass"))


class Door:
    """Checks callers. Tokens carry their age and a MAC: they outlive a restart of the gateway, and end when the secret changes."""

    def __init__(self, credentials: Credentials, token_seconds: int = TOKEN_SECONDS) -> None:
        self.credentials = credentials
        self.token_seconds = token_seconds
        self.none_before_ns = 0

    def token(self, client_id: str, client_secret: str) -> str:
        """A new access token. Raises Unauthorized for wrong credentials."""
        right_id = same(client_id, self.credentials.client_id)
        if not (same(client_secret, self.credentials.client_secret) and right_id):
            raise Unauthorized(1, "invalid user credentials")
        words = f"{time.time_ns()}.{self.token_seconds}.{secrets.token_hex(8)}"
        return f"{words}.{self.mac(words)}"

    def expire_tokens(self) -> None:
        """All tokens that were given out so far are expired."""
        self.none_before_ns = time.time_ns()

    def mac(self, words: str) -> str:
        return hmac.new(self.credentials.client_secret.encode(), words.encode(), hashlib.sha256).hexdigest()

    def check_token(self, authorization: str | None) -> None:
        """`Bearer <token>` or the bare token, as the official CLI sends it."""
        if not authorization:
            raise Unauthorized(19, "no authorization header, it is required")
        words, _, mac = authorization.strip().removeprefix("Bearer ").strip().rpartition(".")
        if not same(mac, self.mac(words)):
            raise Unauthorized(21, "invalid access_token")
        issued_ns, seconds, _ = words.split(".")
        if int(issued_ns) <= self.none_before_ns or int(issued_ns) + int(seconds) * 1_000_000_000 <= time.time_ns():
            raise Unauthorized(20, "access_token expired")

    def check_key(self, headers: Mapping[str, str]) -> None:
        """The per-workspace headers."""
        key = headers.get("x-api-key")
        if not key:
            raise Unauthorized(9, "No x-api-key header provided")
        if not same(headers.get("x-workspace-id", ""), self.credentials.workspace_id):
            raise Unauthorized(2, "namespace not found")
        if not same(key, self.credentials.api_key):
            raise Unauthorized(10, "Invalid api-key for workspace")

    def check_namespace(self, headers: Mapping[str, str]) -> None:
        """What the older version is shown."""
        key, namespace = headers.get("x-api-key", ""), headers.get("x-namespace", "")
        if not key:
            raise Unauthorized(9, "No x-api-key header provided")
        if not same(key, self.credentials.api_key):
            raise Unauthorized(10, "Invalid api-key for workspace")
        if not same(namespace, NAMESPACE):
            raise Unauthorized(2, "namespace not found")
