"""The client of the Gateway that a configuration means."""

from __future__ import annotations

from mlspace.gateway.client import Client
from mlspace.gateway.client_v1 import ClientV1
from mlspace.gateway.credentials import Credentials, NamespaceKey
from mlspace.gateway.transport import Transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mlspace.configuration.config import Config
    from mlspace.errors import GatewayError


def open_client(config: Config, state_dir: str, on_wait: Callable[[GatewayError, float], None] | None = None) -> Client:
    """A client that has made no connection yet. state_dir: where its token is kept."""
    if config["api"] == "v1":
        return ClientV1(Transport(config["endpoint"], NamespaceKey(config["api_key"], config["namespace"]), state_dir, on_wait))
    words = [config[key] for key in ("client_id", "client_secret", "api_key", "workspace_id", "access_token")]
    return client_at(config["endpoint"], words, state_dir, on_wait)


def client_at(
    endpoint: str, words: Iterable[str], state_dir: str, on_wait: Callable[[GatewayError, float], None] | None = None
) -> Client:
    """The same of API v2, by the words of its Credentials."""
    return Client(Transport(endpoint, Credentials(*words), state_dir, on_wait))
