"""Where MLSpace is and how to speak to it: from MLSPACE_* variables, our own file, the vendor's files, or nowhere.

Each value remembers where it came from. With neither credentials nor an endpoint anywhere, `endpoint` is empty: the
embedded local MLSpace is meant.
"""

from __future__ import annotations

import os

from mlspace.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

DEFAULT_ENDPOINT = "https://api.ai.cloud.ru/public/v2"
DEFAULT_IMAGE = "cr.ai.cloud.ru/aicloud-base-images/py3.12-torch2.7.0:0.0.42"

KEYS = (
    *("endpoint", "client_id", "client_secret", "api_key", "workspace_id", "access_token"),
    *("region", "image", "launch", "hpcx", "unknown_names"),
)
SECTIONS = ("partitions", "accounts", "qos", "features", "gpu_types", "licenses", "reservations")
"""Keys that only the file can have; mlspace/site.py reads what is below them."""

UNKNOWN_NAMES = ("accept", "refuse")
SECRETS = ("client_secret", "api_key", "access_token")

SECRET_VARIABLES = (
    *("MLSPACE_CLIENT_ID", "MLSPACE_CLIENT_SECRET", "MLSPACE_API_KEY", "MLSPACE_WORKSPACE_ID", "MLSPACE_ACCESS_TOKEN"),
    *("GWAPI_KEY", "CLUSTER_KEY", "MLS_PASSWORD"),
)
"""Variables that never travel to a job."""

VENDOR_KEYS = {
    "key_id": "client_id",
    "key_secret": "client_secret",
    "x_workspace_id": "workspace_id",
    "x_api_key": "api_key",
    "endpoint_url": "endpoint",
    "region": "region",
}
"""Keys of ~/.mls/credentials and ~/.mls/config -> ours."""


class Config:
    """Values by key, "" where nothing says, and where each was found. sections: what the file says of names, as it is written."""

    __slots__ = ("file", "origins", "own_file", "sections", "values")

    def __init__(self) -> None:
        self.file = ""  # our own, where there is one
        self.own_file = ""  # where it is, or would be
        self.sections: dict[str, Any] = {}
        self.values: dict[str, str] = {}
        self.origins: dict[str, str] = {}

    def __getitem__(self, key: str) -> str:
        return self.values.get(key, "")

    def offer(self, key: str, value: str, origin: str) -> None:
        """Sets a value unless an earlier source, which has precedence, has set it."""
        if value and key not in self.values:
            self.values[key] = value
            self.origins[key] = origin

    @property
    def is_remote(self) -> bool:
        """Whether a Gateway is configured; otherwise the embedded one is meant."""
        return any(self[key] for key in ("endpoint", "client_id", "access_token"))

    def __repr__(self) -> str:
        shown = {key: "***" if key in SECRETS else value for key, value in self.values.items()}
        return f"Config({shown})"


def read(environ: Mapping[str, str], home: str) -> Config:
    """The configuration. Raises ConfigError for a file that cannot be read, and for credentials that are not complete."""
    config = Config()
    for key in KEYS:
        name = f"MLSPACE_{key.upper()}"
        config.offer(key, environ.get(name, ""), name)
    own = os.path.join(environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config"), "mlspace", "config.yaml")
    config.own_file = own
    if os.path.exists(own):
        read_own_file(config, own)
        config.file = own
    if not config.is_remote:
        for name in ("credentials", "config"):
            path = os.path.join(home, ".mls", name)
            if os.path.exists(path):
                read_vendor_file(config, path)
    check(config)
    if config.is_remote:
        config.offer("endpoint", DEFAULT_ENDPOINT, "default")
    config.offer("image", DEFAULT_IMAGE, "default")
    config.offer("hpcx", "auto", "default")
    config.offer("unknown_names", "refuse" if config.is_remote else "accept", "default")
    return config


def read_own_file(config: Config, path: str) -> None:
    import yaml

    refuse_readable_by_others(path)
    try:
        with open(path, encoding="utf-8") as file:
            content: Any = yaml.load(file, Loader=yaml.BaseLoader) or {}  # all scalars as text: 1:00:00 is no number here
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())  # yaml tells it on several lines
        raise ConfigError(f"{path}: cannot be read: {reason}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: a mapping of keys to values is expected, as in `region: SR006`")
    for key, value in content.items():
        if key in SECTIONS:
            config.sections[key] = value
        elif key not in KEYS:
            raise ConfigError(f"{path}: unknown key {key}", f"  known are {', '.join((*KEYS, *SECTIONS))}")
        elif not isinstance(value, str):
            raise ConfigError(f"{path}: {key}: a single value is expected")
        else:
            config.offer(key, value, path)


def read_vendor_file(config: Config, path: str) -> None:
    """The section [default] of the official client's files."""
    import configparser

    parser = configparser.ConfigParser(interpolation=None)
    try:
        with open(path, encoding="utf-8") as file:
            parser.read_file(file)
    except (OSError, configparser.Error, UnicodeDecodeError) as error:
        encrypted = os.path.join(os.path.dirname(path), "credentials.key")
        raise ConfigError(
            f"{path}: cannot be read: {error}",
            *([f"  {encrypted} is the encrypted form; `mls configure` without -E writes a plain one"] if os.path.exists(encrypted) else []),
        ) from error
    for section in parser.sections():
        if section == "default" or len(parser.sections()) == 1:
            for key, value in parser[section].items():
                if key in VENDOR_KEYS:
                    config.offer(VENDOR_KEYS[key], value, path)


def refuse_readable_by_others(path: str) -> None:
    if os.stat(path).st_mode & 0o077:
        raise ConfigError(f"{path}: other users can read it, and it may hold credentials", f"  chmod 600 {path}")


def check(config: Config) -> None:
    """Choices are among those that there are; credentials are complete, or there are none."""
    if config["unknown_names"] not in ("", *UNKNOWN_NAMES):
        raise wrong(config, "unknown_names", " or ".join(UNKNOWN_NAMES))
    if config["hpcx"] not in ("", "auto", "off") and not config["hpcx"].startswith("/"):
        raise wrong(config, "hpcx", "auto, off, or the absolute path of a directory on the nodes")
    if not config.is_remote or config["access_token"]:
        return
    missing = [key for key in ("client_id", "client_secret", "api_key", "workspace_id") if not config[key]]
    if missing:
        found = next(config.origins[key] for key in ("client_id", "endpoint") if config[key])
        raise ConfigError(
            f"credentials for MLSpace are not complete: {', '.join(missing)} missing",
            f"  {found} says that a Gateway is meant; set {', '.join('MLSPACE_' + key.upper() for key in missing)}",
        )


def wrong(config: Config, key: str, expected: str) -> ConfigError:
    return ConfigError(f"{config.origins[key]}: {key}: {config[key]}: not a valid value", f"  what would work: {expected}")


def state_directory(environ: Mapping[str, str], home: str) -> str:
    """Where the registry and everything else of ours is kept."""
    told = environ.get("MLSPACE_STATE_DIR", "")
    if told and not told.startswith("/"):
        raise ConfigError(f"MLSPACE_STATE_DIR={told}: an absolute path is expected")
    return told or os.path.join(environ.get("XDG_STATE_HOME") or os.path.join(home, ".local", "state"), "mlspace")
