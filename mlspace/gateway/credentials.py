"""What a Gateway wants to know of who calls: two kinds, one for each version of the API."""

from __future__ import annotations


class Credentials:
    """API v2: a token, which client id and secret are exchanged for, and the workspace with its key. `access_token` replaces the former."""

    def __init__(self, client_id: str, client_secret: str, api_key: str, workspace_id: str, access_token: str = "") -> None:
        self.client_id = client_id
        self.client_secret = client_secret
        self.api_key = api_key
        self.workspace_id = workspace_id
        self.access_token = access_token

    @property
    def can_log_in(self) -> bool:
        return not self.access_token

    @property
    def login(self) -> dict[str, str]:
        return {"client_id": self.client_id, "client_secret": self.client_secret}

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.client_secret, self.api_key, self.access_token)

    def headers(self, token: str) -> dict[str, str]:
        named = {"authorization": f"Bearer {token}", "x-api-key": self.api_key, "x-workspace-id": self.workspace_id}
        return {name: value for name, value in named.items() if value}


class NamespaceKey:
    """API v1, inside a Jupyter server: a key and a namespace in each call, no login."""

    access_token = ""
    can_log_in = False

    def __init__(self, api_key: str, namespace: str) -> None:
        self.api_key = api_key
        self.namespace = namespace

    @property
    def login(self) -> dict[str, str]:
        return {}

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.api_key,)

    def headers(self, token: str) -> dict[str, str]:
        return {"X-Api-Key": self.api_key, "X-Namespace": self.namespace}
