"""Logging in: are these credentials any good, and where they are kept."""

from __future__ import annotations

import os

from mlspace import private_file
from mlspace.configuration import config, sources
from mlspace.errors import ConfigError, GatewayError, MlspaceError, StateError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from mlspace.configuration.config import Config

KEPT = ("endpoint", "api", "client_id", "client_secret", "api_key", "workspace_id", "namespace", "region")
"""What a login writes, and takes the place of."""

HEADER = "# Written by `mlspace login`; of the same form as config.yaml beside it, and goes before that.\n"


class Account:
    """What a Gateway tells of who has logged in. regions: those that the workspace's jobs can run in, the default one first."""

    def __init__(self, workspace: str, regions: list[str], api_key: str) -> None:
        self.workspace = workspace
        self.regions = regions
        self.api_key = api_key


def configuration(values: Mapping[str, str]) -> Config:
    """Values as they were given at a login, with what stands where nothing is given. Raises ConfigError for one that no Gateway takes."""
    made = config.Config()
    for key, value in values.items():
        made.offer(key, value, "this login")
    made.offer("api", "v2", "default")
    made.offer("endpoint", config.DEFAULT_ENDPOINT, "default")
    config.check_words(made)
    return made


def check(given: Config, state_dir: str) -> Account:
    """Logs in with these values and looks around. An api key that is missing is asked for. Raises GatewayError."""
    from mlspace.gateway.opening import open_client

    client = open_client(given, state_dir)
    if given["api"] == "v1":
        return Account(f"namespace {given['namespace']}", [region["key"] for region in client.configs()["regions"]], given["api_key"])
    if not given["api_key"]:
        try:
            given.offer("api_key", client.api_key(), "MLSpace")
        except GatewayError as error:
            if error.status != 400:  # a role that may not ask is told so by this
                raise
            raise ConfigError(f"{error.lines[0]}", "  these credentials may not ask for it; it is in your profile on MLSpace") from error
        client = open_client(given, state_dir)
    workspace = client.workspace(given["workspace_id"])
    allocations = sorted(client.allocations(given["workspace_id"]), key=lambda one: not one.is_default)
    name = f"workspace {workspace.name} ({workspace.namespace})"
    return Account(name, list(dict.fromkeys(one.region for one in allocations)), given["api_key"])


def is_exposed(endpoint: str) -> bool:
    """Whether the secrets cross a network as they are."""
    from mlspace.gateway.transport import is_loopback

    return endpoint.startswith("http://") and not is_loopback(endpoint)


def keep(given: Config, directory: str, profile: str) -> str:
    """Writes the values, for a profile or for all, into the file that a login owns; its other profiles stay. Returns the file's path."""
    import yaml

    path = os.path.join(directory, sources.CREDENTIALS)
    content: dict[str, Any] = sources.read_yaml(config.Config(), path) if os.path.exists(path) else {}
    place = content.setdefault("profiles", {}).setdefault(profile, {}) if profile else content
    usual = {"endpoint": config.DEFAULT_ENDPOINT, "api": "v2"}
    for key in KEPT:
        place.pop(key, None)
        if given[key] and given[key] != usual.get(key):
            place[key] = given[key]
    text = HEADER + yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        private_file.write(path, text.encode())
    except OSError as error:
        raise StateError(f"{path}: {error.strerror}") from error
    return path


def read_words(text: str) -> dict[str, str]:
    """Values by key from lines `client_secret: x` or `MLSPACE_CLIENT_SECRET=x`. No error shows one of them."""
    values = {}
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip().removeprefix("export ")
        if not line or line.startswith("#"):
            continue
        ends = [place for place in (line.find("="), line.find(":")) if place > 0]
        key = line[: min(ends, default=0)].strip().lower().removeprefix("mlspace_")
        if key not in KEPT:
            raise MlspaceError(f"line {number} of standard input: KEY=VALUE is expected", f"  with one of the keys {', '.join(KEPT)}")
        values[key] = line[min(ends) + 1 :].strip().strip("'\"")
    return values
