"""Where MLSpace is and how to speak to it: from MLSPACE_* variables, our own files, the vendor's files, a Jupyter server, or nowhere.

Each value remembers where it came from (sources.py reads them). With neither credentials nor an endpoint anywhere, `endpoint` is empty:
the embedded local MLSpace is meant.
"""

from __future__ import annotations

import os

from mlspace.configuration import sources
from mlspace.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Protocol

    class World(Protocol):
        """What of a Context is needed."""

        environ: Mapping[str, str]
        program: str
        gathered: Config | None

        @property
        def home(self) -> str: ...
        def warn(self, line: str) -> None: ...


DEFAULT_ENDPOINT = "https://api.ai.cloud.ru/public/v2"
DEFAULT_IMAGE = "cr.ai.cloud.ru/aicloud-base-images/py3.12-torch2.7.0:0.0.42"

EMBEDDED = "embedded"
"""As an endpoint: the embedded MLSpace, whatever credentials there are."""

KEYS = (
    *("endpoint", "api", "client_id", "client_secret", "api_key", "workspace_id", "access_token", "namespace"),
    *("region", "image", "launch", "hpcx", "unknown_names", "settle_seconds", "mail_prog"),
)
SECTIONS = ("partitions", "accounts", "qos", "features", "gpu_types", "images", "licenses", "reservations", "regions", "defaults")
"""Keys that only the file can have; mlspace/configuration/site.py reads what is below them, commands/defaults.py that of `defaults`."""

CHOICES = {"unknown_names": ("accept", "refuse"), "api": ("v1", "v2")}

SECRETS = sources.SECRETS
LONGEST_SETTLE_SECONDS = 600

MASK = "********"

SECRET_VARIABLES = (
    *("MLSPACE_CLIENT_ID", "MLSPACE_CLIENT_SECRET", "MLSPACE_API_KEY", "MLSPACE_WORKSPACE_ID", "MLSPACE_ACCESS_TOKEN"),
    *("GWAPI_KEY", "CLUSTER_KEY", "MLS_PASSWORD"),
)
"""Variables that never travel to a job."""

NEEDED = {"v1": ("api_key", "namespace"), "v2": ("client_id", "client_secret", "api_key", "workspace_id")}
"""What each version of the API is shown."""


class Config:
    """Values by key, "" where nothing says, and where each was found.

    sections: what the file says of names, as it is written. own_file: where that is, or would be; file: the same, "" where there is none.
    warnings: lines for the user.
    """

    __slots__ = ("file", "origins", "own_file", "profile", "sections", "values", "warnings")

    def __init__(self) -> None:
        self.file = ""
        self.own_file = ""
        self.profile = ""
        self.sections: dict[str, Any] = {}
        self.values: dict[str, str] = {}
        self.origins: dict[str, str] = {}
        self.warnings: list[str] = []

    def __getitem__(self, key: str) -> str:
        return self.values.get(key, "")

    def offer(self, key: str, value: str, origin: str) -> None:
        """Sets a value unless an earlier source, which has precedence, has set it. Blanks that a paste leaves around it do not count."""
        value = value.strip()
        if value and key not in self.values:
            self.values[key] = value
            self.origins[key] = origin

    @property
    def is_remote(self) -> bool:
        """Whether a Gateway is configured; otherwise the embedded one is meant."""
        return self["endpoint"] != EMBEDDED and any(self[key] for key in ("endpoint", "client_id", "access_token"))

    def masked(self, key: str) -> str:
        """A value as it may be shown."""
        if key == "endpoint":
            _, at, place = self[key].rpartition("@")
            return f"{MASK}@{place}" if at else self[key]
        return MASK if key in SECRETS and self[key] else self[key]

    def __repr__(self) -> str:
        return f"Config({({key: self.masked(key) for key in self.values})})"


def gather_for(world: World) -> Config:
    """As `gather`, for a command, which reads the files once and says what there is to be said of them."""
    if world.gathered is None:
        world.gathered = gather(world.environ, world.home)
        for line in world.gathered.warnings:
            world.warn(f"{world.program}: warning: {line}")
    return world.gathered


def read_for(world: World) -> Config:
    """The configuration of a command. Raises as `read`."""
    return completed(gather_for(world))


def read(environ: Mapping[str, str], home: str) -> Config:
    """The configuration. Raises ConfigError for a file that cannot be read, and for credentials that are not complete."""
    return completed(gather(environ, home))


def completed(config: Config) -> Config:
    """The same, found to be right, with what holds where nothing is said."""
    check(config)
    offer_defaults(config)
    return config


def offer_defaults(config: Config) -> None:
    """What holds where nothing is said."""
    if config.is_remote:
        config.offer("endpoint", DEFAULT_ENDPOINT, "default")
        config.offer("api", "v2", "default")
    config.offer("image", DEFAULT_IMAGE, "default")
    config.offer("hpcx", "auto", "default")
    config.offer("unknown_names", "refuse" if config.is_remote else "accept", "default")


def gather(environ: Mapping[str, str], home: str) -> Config:
    """What is said anywhere, complete or not, and without what stands where nothing is said. Raises ConfigError for an unreadable file."""
    config = Config()
    for key in KEYS:
        name = f"MLSPACE_{key.upper()}"
        config.offer(key, environ.get(name, ""), name)
    where = sources.directory(environ, home)
    config.own_file = os.path.join(where, sources.CONFIG)
    config.file = config.own_file if os.path.lexists(config.own_file) else ""
    own = sources.read_own_files(config, where)
    wanted = environ.get("MLSPACE_PROFILE", "")
    config.profile = wanted or next((file.content["profile"] for file in own if isinstance(file.content.get("profile"), str)), "")
    is_ours = not config.profile or any(config.profile in file.profiles for file in own)
    if is_ours:
        sources.offer_own(config, own, KEYS, SECTIONS)
    if not config.is_remote and config["endpoint"] != EMBEDDED:
        vendor = sources.read_vendor_files(config, home)
        if not is_ours and not any(config.profile in sections for sections in vendor.values()):
            known = sorted({name for file in own for name in file.profiles} | {name for sections in vendor.values() for name in sections})
            origin = "MLSPACE_PROFILE" if wanted else config.own_file
            hint = f"  known are {', '.join(known)}" if known else "  no file has any"
            raise ConfigError(f"{origin}: there is no profile {config.profile}", hint)
        sources.offer_vendor(config, vendor, environ)
    if not is_ours:
        sources.offer_own(config, own, KEYS, SECTIONS)
    if not config.is_remote and config["endpoint"] != EMBEDDED:
        sources.offer_jupyter(config, environ)
    return config


def check(config: Config) -> None:
    """Choices are among those that there are; credentials are complete, or there are none."""
    for key, choices in CHOICES.items():
        if config[key] not in ("", *choices):
            raise wrong(config, key, " or ".join(choices))
    if config["hpcx"] not in ("", "auto", "off") and not config["hpcx"].startswith("/"):
        raise wrong(config, "hpcx", "auto, off, or the absolute path of a directory on the nodes")
    if config["mail_prog"] and not config["mail_prog"].startswith("/"):
        raise wrong(config, "mail_prog", "the absolute path of a program, as /usr/bin/mail")
    seconds = config["settle_seconds"]
    if seconds and not (seconds.isascii() and seconds.isdigit() and 0 < int(seconds) <= LONGEST_SETTLE_SECONDS):
        raise wrong(config, "settle_seconds", f"a whole number from 1 to {LONGEST_SETTLE_SECONDS}")
    check_words(config)
    check_endpoint(config)
    if not config.is_remote or config["access_token"]:
        return
    missing = [key for key in NEEDED[config["api"] or "v2"] if not config[key]]
    if missing:
        found = next(config.origins[key] for key in ("client_id", "endpoint") if config[key])
        raise ConfigError(
            f"credentials for MLSpace are not complete: {', '.join(missing)} missing",
            f"  {found} says that a Gateway is meant; `mlspace login` asks for them,",
            f"  or set {', '.join('MLSPACE_' + key.upper() for key in missing)}",
        )


def check_words(config: Config) -> None:
    """Credentials are words that fit into a header. Raises ConfigError, which does not show them."""
    for key in ("client_id", "workspace_id", "namespace", *SECRETS):
        if not (config[key].isascii() and config[key].isprintable()) or " " in config[key]:
            raise ConfigError(f"{config.origins[key]}: {key}: it has blanks, or characters that no such value has")


def check_endpoint(config: Config) -> None:
    """It is an address, and nothing else. Raises ConfigError, which does not show it: errors of calls would, and a password with it."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(config["endpoint"])
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets, or a port, that are none
        is_address = False
    if config["endpoint"] in ("", EMBEDDED) or (is_address and not any(sign in config["endpoint"] for sign in "@?#")):
        return
    hint = f"  what would work: {EMBEDDED}, or as {DEFAULT_ENDPOINT}: no user, no password, no query"
    raise ConfigError(f"{config.origins['endpoint']}: endpoint: it is not the address of a Gateway", hint)


def wrong(config: Config, key: str, expected: str) -> ConfigError:
    return ConfigError(f"{config.origins[key]}: {key}: {config[key]}: not a valid value", f"  what would work: {expected}")


def state_directory(environ: Mapping[str, str], home: str) -> str:
    """Where the registry and everything else of ours is kept."""
    told = environ.get("MLSPACE_STATE_DIR", "")
    if told and not told.startswith("/"):
        raise ConfigError(f"MLSPACE_STATE_DIR={told}: an absolute path is expected")
    return told or os.path.join(environ.get("XDG_STATE_HOME") or os.path.join(home, ".local", "state"), "mlspace")
