"""HTTP to the Gateway: a session, time limits, the token, and which calls may be repeated. The only importer of requests."""

from __future__ import annotations

import email.utils
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import NameResolutionError, NewConnectionError

from mlspace import __version__
from mlspace.errors import GatewayError
from mlspace.gateway.at_once import CONCURRENT_CALLS
from mlspace.gateway.credentials import Credentials, NamespaceKey
from mlspace.gateway.errors import NOT_THE_TOKEN, TRANSIENT, distrusted, elsewhere, error_code, error_of, moved, unreachable
from mlspace.gateway.token import TokenFile

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
TRIES = 4
TRIES_OF = {500: 2}
"""Some of these are there each time (mlspace-facts §4.5)."""

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
"""A server that asks for a longer pause is believed, and not asked again before: the command says so and ends."""

LONGEST_RAW = 16 * 1024 * 1024


class RawAnswer(NamedTuple):
    """Status, content type and body of an answer."""

    status: int
    kind: str
    body: bytes


class Transport:
    """Calls of one Gateway, from any number of threads. Makes no connection until the first of them.

    on_wait: told, before a pause, why there is one, and of how many seconds.
    """

    def __init__(
        self,
        endpoint: str,
        credentials: Credentials | NamespaceKey,
        state_dir: str,
        on_wait: Callable[[GatewayError, float], None] | None = None,
    ) -> None:
        self.endpoint = endpoint.rstrip("/")
        self.credentials = credentials
        self.on_wait = on_wait
        self._is_near = is_loopback(self.endpoint)
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"mlspace-slurm/{__version__}"
        self._session.trust_env = not self._is_near  # no proxy for this machine
        self._session.auth = unchanged  # a line of ~/.netrc would take the place of our token
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, requests.adapters.HTTPAdapter(pool_maxsize=CONCURRENT_CALLS))
        self._token_file = TokenFile(os.path.join(state_dir, f"token-{identity(endpoint, credentials)}.json"))
        self._token = credentials.access_token
        self._login = threading.Lock()
        self._barred: tuple[float, GatewayError] | None = None  # until when (monotonic), and why

    def get(self, what: str, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """JSON of a GET, repeated on what passes by itself. `what` completes "MLSpace could not ..."."""
        return self._json(what, self._repeated(what, "GET", path, params=params))

    def delete(self, what: str, path: str, params: Mapping[str, Any]) -> Any:
        """A DELETE is as safe to repeat as a GET: deleting twice is deleting."""
        return self._json(what, self._repeated(what, "DELETE", path, params=params))

    def post(self, what: str, path: str, body: Mapping[str, Any]) -> Any:
        """JSON of a POST, which takes effect at most once: it is repeated only where it certainly had none.

        Where no answer came, GatewayError.outcome_unknown tells that it may have had its effect.
        """
        response = self._repeated(what, "POST", path, json=body)
        try:
            return self._json(what, response)
        except GatewayError as error:
            error.outcome_unknown = not error_code(response.content)  # it was accepted, as far as we can see
            raise

    def ask(self, what: str, path: str, body: Mapping[str, Any]) -> Any:
        """JSON of a POST that only asks, or that does no harm when it is done twice, as API v1 has them; its text where it is no JSON."""
        response = self._repeated(what, "POST", path, is_safe=True, json=body)
        try:
            return response.json()
        except ValueError:
            return response.text

    def stream(self, what: str, path: str, params: Mapping[str, Any], idle_seconds: float | None = None) -> Iterator[bytes]:
        """The body of a GET as it comes, in pieces. Ends when the server ends it; GatewayError when the connection breaks, or is idle."""
        yield from self._pieces(what, "GET", path, params=params, read_seconds=idle_seconds or READ_SECONDS)

    def ask_for_stream(self, what: str, path: str, body: Mapping[str, Any], idle_seconds: float | None = None) -> Iterator[bytes]:
        """As `stream`, of a POST that only asks."""
        yield from self._pieces(what, "POST", path, is_safe=True, json=body, read_seconds=idle_seconds or READ_SECONDS)

    def _pieces(self, what: str, method: str, path: str, **arguments: Any) -> Iterator[bytes]:
        response = self._repeated(what, method, path, stream=True, **arguments)
        try:
            yield from response.iter_content(chunk_size=None)
        except requests.RequestException as error:
            raise GatewayError(f"MLSpace could not {what}: the connection broke", transient=True) from error
        finally:
            response.close()

    def raw(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        body: Mapping[str, Any] | None = None,
        token: str | None = None,
        idle_seconds: float = READ_SECONDS,
    ) -> RawAnswer:
        """One call, sent once, and its answer as it is, an error's, too. Raises GatewayError where none comes.

        token: instead of ours. idle_seconds: without a byte for so long the answer is whole.
        """
        headers = self.credentials.headers(self._valid_token() if token is None else token)
        response = self._send("answer", method, path, params=params, json=body, headers=headers, read_seconds=idle_seconds, stream=True)
        data = bytearray()
        try:
            for piece in response.iter_content(chunk_size=None):
                data += piece
                if len(data) > LONGEST_RAW:
                    break
        except requests.RequestException:
            pass
        finally:
            response.close()
        return RawAnswer(response.status_code, response.headers.get("content-type", ""), bytes(data))

    # What is repeated, and when.

    def _repeated(self, what: str, method: str, path: str, *, is_safe: bool = False, **arguments: Any) -> requests.Response:
        is_safe = is_safe or method != "POST"
        pause = FIRST_PAUSE_SECONDS
        tries = 0
        while True:
            tries += 1
            self._respect_bar()
            try:
                return self._authorized(what, method, path, **arguments)
            except GatewayError as error:
                wait = pause if error.retry_after is None else error.retry_after
                if wait > LONGEST_PAUSE_SECONDS and error.transient:
                    self._barred = (time.monotonic() + wait, error)
                if not self._may_repeat(error, is_safe) or tries >= TRIES_OF.get(error.status or 0, TRIES) or wait > LONGEST_PAUSE_SECONDS:
                    raise
                if self.on_wait is not None:
                    self.on_wait(error, wait)
                time.sleep(wait)
                pause *= 2

    def _may_repeat(self, error: GatewayError, is_safe: bool) -> bool:
        """Whether the same call may be sent again: it changes nothing, or has certainly changed nothing."""
        if is_safe or not error.transient:
            return error.transient
        # Where nothing listens on this machine nothing will in a moment: the embedded one is started by who asks.
        return not error.outcome_unknown and not (self._is_near and error.status is None)

    def _respect_bar(self) -> None:
        """Raises what a server has said that does not want to be asked yet."""
        if self._barred is not None:
            until, error = self._barred
            if time.monotonic() < until:
                raise error
            self._barred = None

    # One call.

    def _authorized(self, what: str, method: str, path: str, **arguments: Any) -> requests.Response:
        """One call with the token; with a new one if the old was not accepted."""
        token = self._valid_token()
        response = self._send(what, method, path, headers=self.credentials.headers(token), **arguments)
        if response.status_code == 401 and self.credentials.can_log_in and error_code(response.content) not in NOT_THE_TOKEN:
            headers = self.credentials.headers(self._new_token(instead_of=token))
            response = self._send(what, method, path, headers=headers, **arguments)
        return self._accepted(what, method, response)

    def _accepted(self, what: str, method: str, response: requests.Response) -> requests.Response:
        """The answer, if it is one. Raises the error that it stands for."""
        if response.ok and not response.is_redirect:
            return response
        if response.is_redirect:
            raise moved(what, self.endpoint, response.status_code, response.headers.get("location", ""))
        error = self._error(what, response)
        # What stands between us and MLSpace may have given up waiting for an answer to a request that was taken.
        error.outcome_unknown = method == "POST" and response.status_code >= 500 and not error.shortage
        if response.status_code in TRANSIENT:
            error.retry_after = seconds_of(response.headers.get("Retry-After", ""))
        raise error

    def _error(self, what: str, response: requests.Response, if_empty: bytes = b"") -> GatewayError:
        """The error that an answer stands for, without our secrets, which a server may send back."""
        try:
            body = response.content or if_empty
        except requests.RequestException:
            body = b"the connection broke"
        for secret in (self._token, *self.credentials.secrets):
            if secret:
                body = body.replace(secret.encode(), b"***")
        return error_of(what, response.status_code, body, response.headers.get("x-request-id", ""))

    def _send(self, what: str, method: str, path: str, *, read_seconds: float = READ_SECONDS, **arguments: Any) -> requests.Response:
        """One request. No redirect is followed: it would carry our keys to another host, and make a GET of a POST."""
        limits = (CONNECT_SECONDS, read_seconds)
        try:
            return self._session.request(method, self.endpoint + path, timeout=limits, allow_redirects=False, **arguments)
        except requests.exceptions.ConnectTimeout as error:
            raise unreachable(self.endpoint, "no answer", outcome_unknown=False) from error
        except requests.exceptions.SSLError as error:
            raise distrusted(self.endpoint) from error
        except requests.exceptions.ProxyError as error:
            raise unreachable(self.endpoint, "the proxy does not let us", "see HTTPS_PROXY and NO_PROXY", outcome_unknown=False) from error
        except requests.ConnectionError as error:
            raise unreachable(self.endpoint, why_not_connected(error), outcome_unknown=not was_refused(error)) from error
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema) as error:
            raise GatewayError(f"{self.endpoint} is not the address of a Gateway", "  set MLSPACE_ENDPOINT to https://...") from error
        except requests.RequestException as error:
            text = f"MLSpace could not {what}: {type(error).__name__}"
            raise GatewayError(text, transient=True, outcome_unknown=True) from error

    def _json(self, what: str, response: requests.Response) -> Any:
        """What an answer holds. One that is called a success and tells of an error is that error."""
        try:
            content = response.json()
        except ValueError as error:
            raise self._error(what, response, b"the answer is not JSON") from error
        if error_code(response.content):
            raise self._error(what, response)
        return content

    # The token.

    def _valid_token(self) -> str:
        if not self._token and self.credentials.can_log_in:
            self._token = self._token_file.read() or self._new_token(instead_of="")
        return self._token

    def _new_token(self, instead_of: str) -> str:
        """A token that is another one: that of a thread or a command that was faster, or from a login."""
        with self._login:
            if self._token != instead_of:
                return self._token
            with self._token_file.renewing():
                kept = self._token_file.read()
                self._token = kept if kept and kept != instead_of else self._log_in()
            return self._token

    def _log_in(self) -> str:
        what = "log in"
        try:
            response = self._accepted(what, "POST", self._send(what, "POST", "/service_auth", json=self.credentials.login))
            answer = self._json(what, response)
        except GatewayError as error:
            error.outcome_unknown = False  # what we log in for was not sent
            if error.status == 404:
                elsewhere(error, self.endpoint)
            raise
        try:
            token, seconds = str(answer["token"]["access_token"]), float(answer["token"]["expires_in"])
        except (KeyError, TypeError, ValueError) as error:
            hint = f"  token.access_token and token.expires_in are expected: {error}"
            raise GatewayError(f"MLSpace could not {what}: its answer has no token", hint) from error
        self._token_file.write(token, seconds)
        return token


def unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def identity(endpoint: str, credentials: Credentials | NamespaceKey) -> str:
    """Of whom a token is, as part of a file name."""
    text = "\n".join((endpoint, *credentials.login.values()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def is_loopback(endpoint: str) -> bool:
    return urlsplit(endpoint).hostname in ("127.0.0.1", "localhost", "::1")


def was_refused(error: requests.ConnectionError) -> bool:
    """Whether nothing was sent: the connection could not be made at all."""
    return isinstance(cause_of(error), NewConnectionError)


def why_not_connected(error: requests.ConnectionError) -> str:
    if isinstance(cause_of(error), NameResolutionError):
        return "there is no host of that name, or no name server answers"
    return "nothing listens there" if was_refused(error) else "the connection broke"


def cause_of(error: requests.ConnectionError) -> object:
    """urllib3's reason, which `requests` wraps."""
    cause = error.args[0] if error.args else None
    return getattr(cause, "reason", cause)


def seconds_of(text: str) -> float | None:
    """Retry-After: seconds, or a date. None for what is neither, and for what has passed."""
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        seconds = email.utils.parsedate_to_datetime(text).timestamp() - time.time()
    except (TypeError, ValueError):
        return None
    return seconds if seconds > 0 else None
