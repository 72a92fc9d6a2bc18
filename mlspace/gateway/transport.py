"""HTTP to the Gateway: a session, time limits, the token, and which calls may be repeated. The only importer of requests."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests

from mlspace import __version__
from mlspace.errors import GatewayError
from mlspace.gateway.errors import TRANSIENT, error_of

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
TRIES = 4
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
RENEW_EARLY_SECONDS = 60


class Credentials:
    """What the Gateway wants to know. `access_token` replaces client id and secret."""

    def __init__(self, client_id: str, client_secret: str, api_key: str, workspace_id: str, access_token: str = "") -> None:
        self.client_id = client_id
        self.client_secret = client_secret
        self.api_key = api_key
        self.workspace_id = workspace_id
        self.access_token = access_token


class Transport:
    """Calls of one Gateway. Makes no connection until the first of them."""

    def __init__(self, endpoint: str, credentials: Credentials, state_dir: str) -> None:
        self.endpoint = endpoint.rstrip("/")
        self.credentials = credentials
        self._token_file = os.path.join(state_dir, f"token-{identity(endpoint, credentials)}.json")
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"mlspace-slurm/{__version__}"
        self._session.trust_env = not is_loopback(self.endpoint)  # no proxy, no .netrc for this machine
        self._token = credentials.access_token

    def get(self, what: str, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """JSON of a GET, repeated on what passes by itself. `what` completes "MLSpace could not ..."."""
        return self._json(what, self._repeated(what, "GET", path, params=params))

    def delete(self, what: str, path: str, params: Mapping[str, Any]) -> Any:
        """A DELETE is as safe to repeat as a GET: deleting twice is deleting."""
        return self._json(what, self._repeated(what, "DELETE", path, params=params))

    def post(self, what: str, path: str, body: Mapping[str, Any]) -> Any:
        """JSON of a POST, which is sent once. Where no answer came, GatewayError.outcome_unknown tells that it may have had its effect."""
        response = self._authorized(what, "POST", path, json=body)
        try:
            return self._json(what, response)
        except GatewayError as error:
            error.outcome_unknown = True  # it was accepted, as far as we can see
            raise

    def stream(self, what: str, path: str, params: Mapping[str, Any]) -> Iterator[bytes]:
        """The body of a GET as it comes, in pieces. Ends when the server ends it; GatewayError when the connection breaks."""
        response = self._repeated(what, "GET", path, params=params, stream=True)
        try:
            yield from response.iter_content(chunk_size=None)
        except requests.RequestException as error:
            raise GatewayError(f"MLSpace could not {what}: the connection broke", transient=True) from error
        finally:
            response.close()

    def _repeated(self, what: str, method: str, path: str, **arguments: Any) -> requests.Response:
        pause = FIRST_PAUSE_SECONDS
        for left in reversed(range(TRIES)):
            try:
                return self._authorized(what, method, path, **arguments)
            except GatewayError as error:
                if not error.transient or not left:
                    raise
                time.sleep(min(error.retry_after or pause, LONGEST_PAUSE_SECONDS))
                pause *= 2
        raise AssertionError  # the last try has returned or raised

    def _authorized(self, what: str, method: str, path: str, **arguments: Any) -> requests.Response:
        """One call with the token; with a new one if the old was not accepted."""
        response = self._send(what, method, path, headers=self._headers(self._valid_token()), **arguments)
        if response.status_code == 401 and not self.credentials.access_token:
            response = self._send(what, method, path, headers=self._headers(self._new_token()), **arguments)
        if response.ok:
            return response
        error = self._error(what, response)
        # What stands between us and MLSpace may have given up waiting for an answer to a request that was taken.
        error.outcome_unknown = method == "POST" and response.status_code >= 500
        after = response.headers.get("Retry-After", "")
        if response.status_code in TRANSIENT and after.isascii() and after.isdigit():
            error.retry_after = float(after)
        raise error

    def _error(self, what: str, response: requests.Response, if_empty: bytes = b"") -> GatewayError:
        """The error that an answer stands for, without our secrets, which a server may send back."""
        try:
            body = response.content or if_empty
        except requests.RequestException:
            body = b"the connection broke"
        for secret in (self._token, self.credentials.client_secret, self.credentials.api_key):
            if secret:
                body = body.replace(secret.encode(), b"***")
        return error_of(what, response.status_code, body, response.headers.get("x-request-id", ""))

    def _send(self, what: str, method: str, path: str, **arguments: Any) -> requests.Response:
        try:
            return self._session.request(method, self.endpoint + path, timeout=(CONNECT_SECONDS, READ_SECONDS), **arguments)
        except requests.exceptions.ConnectTimeout as error:
            raise unreachable(self.endpoint, "no answer", outcome_unknown=False) from error
        except requests.ConnectionError as error:
            raise unreachable(self.endpoint, "the connection failed", outcome_unknown=not was_refused(error)) from error
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema) as error:
            raise GatewayError(f"{self.endpoint} is not the address of a Gateway", "  set MLSPACE_ENDPOINT to https://...") from error
        except requests.RequestException as error:
            text = f"MLSpace could not {what}: {type(error).__name__}"
            raise GatewayError(text, transient=True, outcome_unknown=True) from error

    def _json(self, what: str, response: requests.Response) -> Any:
        try:
            return response.json()
        except ValueError as error:
            raise self._error(what, response, b"the answer is not JSON") from error

    def _headers(self, token: str) -> dict[str, str]:
        return {
            "authorization": f"Bearer {token}",
            "x-api-key": self.credentials.api_key,
            "x-workspace-id": self.credentials.workspace_id,
        }

    # The token: an hour long, shared by all commands through a file that only we can read.

    def _valid_token(self) -> str:
        if self._token:
            return self._token
        try:
            with open(self._token_file, encoding="ascii") as file:
                cached = json.load(file)
            if cached["expires_at"] > time.time():
                self._token = cached["access_token"]
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return self._token or self._new_token()

    def _new_token(self) -> str:
        what = "log in"
        body = {"client_id": self.credentials.client_id, "client_secret": self.credentials.client_secret}
        try:
            response = self._send(what, "POST", "/service_auth", json=body)
        except GatewayError as error:
            error.outcome_unknown = False  # what we log in for was not sent
            raise
        if not response.ok:
            raise self._error(what, response)
        try:
            token = self._json(what, response)["token"]
            self._token = token["access_token"]
            expires_at = time.time() + token["expires_in"] - RENEW_EARLY_SECONDS
        except (KeyError, TypeError) as error:
            raise GatewayError(f"MLSpace could not {what}: its answer has no token.{error}") from error
        self._keep({"access_token": self._token, "expires_at": expires_at})
        return self._token

    def _keep(self, content: dict[str, Any]) -> None:
        temporary = f"{self._token_file}.{os.getpid()}"
        try:
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                json.dump(content, file)
            os.rename(temporary, self._token_file)
        except OSError:
            pass  # the next command logs in again


def identity(endpoint: str, credentials: Credentials) -> str:
    """Of whom a token is, as part of a file name."""
    text = "\n".join((endpoint, credentials.client_id, credentials.client_secret))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def is_loopback(endpoint: str) -> bool:
    return urlsplit(endpoint).hostname in ("127.0.0.1", "localhost", "::1")


def was_refused(error: requests.ConnectionError) -> bool:
    """Whether nothing was sent: the connection could not be made at all."""
    text = repr(error)
    return "NewConnectionError" in text or "NameResolutionError" in text


def unreachable(endpoint: str, why: str, *, outcome_unknown: bool) -> GatewayError:
    return GatewayError(
        f"Unable to contact MLSpace at {endpoint} ({why})", "  is the address right?", transient=True, outcome_unknown=outcome_unknown
    )
