"""Where the configuration's values come from: our own two files, the vendor's two, and what a Jupyter server has in its environment.

Each reader offers what it finds to a Config, which remembers from where it was. A file that holds credentials and that others could
read is closed to them, with a word; one that is not ours to close is refused. No error shows a line of such a file.
"""

from __future__ import annotations

import os
import stat

from mlspace.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from mlspace.configuration.config import Config

CREDENTIALS, CONFIG = "credentials.yaml", "config.yaml"
"""What `mlspace login` writes, and what the user does; of the same form, the former goes before the latter."""

SECRETS = ("client_secret", "api_key", "access_token")

VENDOR_KEYS = {
    "key_id": "client_id",
    "key_secret": "client_secret",
    "x_workspace_id": "workspace_id",
    "x_api_key": "api_key",
    "endpoint_url": "endpoint",
    "region": "region",
}
"""Keys of ~/.mls/credentials and ~/.mls/config -> ours."""

JUPYTER_KEYS = {"GWAPI_KEY": "api_key", "NAMESPACE": "namespace", "CLUSTER_KEY": "region", "WORKSPACE_ID": "workspace_id"}
"""Variables of a Jupyter server beside GWAPI_ADDR -> our keys. Source: mlspace-facts §1.4."""

OTHERS_READ, OTHERS_WRITE = 0o077, 0o022


class Encrypted(ConfigError):
    """There are credentials of the vendor's, in the one form that is not read here."""


# Our own files.


class OwnFile:
    """A file of ours as it was read: its keys, and those of its profiles."""

    def __init__(self, path: str, content: Mapping[str, Any]) -> None:
        self.path = path
        self.content = {key: value for key, value in content.items() if key != "profiles"}
        self.profiles: Mapping[str, Any] = content.get("profiles") or {}
        if not isinstance(self.profiles, dict) or not all(isinstance(keys, dict) for keys in self.profiles.values()):
            hint = "  as in `profiles: {lab: {region: SR006}}`"
            raise ConfigError(f"{path}: profiles: names, and below each its keys, are expected", hint)


def directory(environ: Mapping[str, str], home: str) -> str:
    """Where our own files are, or would be."""
    return os.path.join(environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config"), "mlspace")


def read_own_files(config: Config, where: str) -> list[OwnFile]:
    """Those that there are, in order of precedence."""
    paths = [os.path.join(where, name) for name in (CREDENTIALS, CONFIG)]
    return [OwnFile(path, read_yaml(config, path)) for path in paths if os.path.lexists(path)]


def read_yaml(config: Config, path: str) -> dict[str, Any]:
    import io

    import yaml

    text = read_text(path)
    try:
        content: Any = yaml.load(io.StringIO(text), Loader=yaml.BaseLoader) or {}  # all scalars as text: 1:00:00 is no number here
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())  # yaml tells it on several lines; of a stream it shows none of its own
        raise ConfigError(f"{path}: cannot be read: {reason}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: a mapping of keys to values is expected, as in `region: SR006`")
    close_to_others(config, path, has_secrets=holds_secret(content))
    return content


def read_text(path: str) -> str:
    """What a file of the configuration holds. Raises ConfigError, also for what is no file: to read a pipe is to wait for its writer."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise ConfigError(f"{path}: cannot be read: it is not a regular file")
        with open(path, encoding="utf-8") as file:
            return file.read()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: cannot be read: it is not UTF-8 at byte {error.start}") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error


def holds_secret(content: object) -> bool:
    if isinstance(content, dict):
        return any((key in SECRETS and value) or holds_secret(value) for key, value in content.items())
    return False


def offer_own(config: Config, files: Sequence[OwnFile], keys: Sequence[str], sections: Sequence[str]) -> None:
    """Values of the profile, then those that hold for every profile. A profile's section stands in the place of the general one."""
    told = [(file.path, f"{file.path}, profile {config.profile}", file.profiles.get(config.profile, {})) for file in files]
    told += [(file.path, file.path, file.content) for file in files]
    for path, origin, content in told:
        for key, value in content.items():
            if key in sections:
                config.sections.setdefault(key, value)
                config.origins.setdefault(key, origin)
            elif key == "profile":
                continue  # it is chosen by now
            elif key not in keys:
                raise ConfigError(f"{path}: unknown key {key}", f"  known are {', '.join((*keys, *sections, 'profile', 'profiles'))}")
            elif not isinstance(value, str):
                raise ConfigError(f"{path}: {key}: a single value is expected")
            else:
                config.offer(key, value, origin)


# The vendor's files.


def read_vendor_files(config: Config, home: str) -> dict[str, dict[str, dict[str, str]]]:
    """Sections of the official client's files: by path, by section. Raises ConfigError where there is only their encrypted form."""
    base = os.path.join(home, ".mls")
    paths = [os.path.join(base, name) for name in ("credentials", "config")]
    found = {path: sections_of(config, path) for path in paths if os.path.lexists(path)}
    encrypted = os.path.join(base, "credentials.key")
    if os.path.exists(encrypted) and os.path.join(base, "credentials") not in found:
        raise Encrypted(
            f"{encrypted}: this is the encrypted form of the vendor's credentials (`mls configure -E`), which is not read here",
            "  `mlspace login` asks for them and keeps them in a file that only you can read; or decrypt it:",
            f"  openssl aes-256-cbc -d -pbkdf2 -a -in {encrypted} -out {os.path.join(base, 'credentials')}",
            "  MLSPACE_ENDPOINT=embedded uses the embedded MLSpace instead",
        )
    return found


def sections_of(config: Config, path: str) -> dict[str, dict[str, str]]:
    import configparser

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(read_text(path))
    except configparser.Error as error:  # its text shows the line
        line = getattr(error, "lineno", None) or next((number for number, _ in getattr(error, "errors", ())), None)
        raise ConfigError(f"{path}: cannot be read: line {line or '?'} is not of the form `key = value` below a [section]") from None
    found = {section: dict(parser[section]) for section in parser.sections()}
    secret = any(VENDOR_KEYS.get(key) in SECRETS and value for keys in found.values() for key, value in keys.items())
    close_to_others(config, path, has_secrets=secret)
    return found


def offer_vendor(config: Config, files: Mapping[str, Mapping[str, Mapping[str, str]]], environ: Mapping[str, str]) -> None:
    """The section of our profile, else that of MLS_PROFILE_DEFAULT, else [default], else the only one."""
    names = (config.profile, environ.get("MLS_PROFILE_DEFAULT", ""), "default")
    for path, sections in files.items():
        section = next((name for name in names if name in sections), None)
        if section is None and len(sections) == 1:
            (section,) = sections
        for key, value in sections.get(section or "", {}).items():
            if key in VENDOR_KEYS:
                config.offer(VENDOR_KEYS[key], value, f"{path}, [{section}]")


# A Jupyter server.


def offer_jupyter(config: Config, environ: Mapping[str, str]) -> None:
    """The older Gateway, as a Jupyter server of the platform names it to what is started in it."""
    address = environ.get("GWAPI_ADDR", "")
    if not address:
        return
    config.offer("endpoint", address if "://" in address else f"http://{address}", "GWAPI_ADDR")
    config.offer("api", "v1", "GWAPI_ADDR")
    for variable, key in JUPYTER_KEYS.items():
        config.offer(key, environ.get(variable, ""), variable)
    config.offer("namespace", namespace_of(environ.get("NB_PREFIX", "")), "NB_PREFIX")


def namespace_of(prefix: str) -> str:
    """The namespace in a Jupyter server's path, `/notebook/ai0001234-00001/name`; "" where there is none."""
    import re

    parts = prefix.split("/")
    named = [part for part in parts if re.fullmatch(r"ai\d{7}-\d{5}", part)]
    place = 3 if parts[2:3] == ["notebook"] else 2  # where the form is another one: mlspace-facts §1.4
    return named[0] if named else "".join(parts[place : place + 1])


def jupyter_environment(environ: Mapping[str, str]) -> Mapping[str, str]:
    """The variables of the Jupyter server on this host: our own, or, as a shell over ssh has none of them, those of a process of ours."""
    if environ.get("GWAPI_ADDR"):
        return environ
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue  # no process, one of somebody else, or one that has just ended
        pairs = dict(word.split(b"=", 1) for word in words if b"=" in word)
        if b"GWAPI_ADDR" in pairs and b"GWAPI_KEY" in pairs:
            return {os.fsdecode(key): os.fsdecode(value) for key, value in pairs.items()}
    return {}


# Who may read them.


def close_to_others(config: Config, path: str, *, has_secrets: bool) -> None:
    """Takes from others what they must not do: read a file with credentials, write any. Raises ConfigError where the file is not ours."""
    status = os.stat(path)
    loose = stat.S_IMODE(status.st_mode) & (OTHERS_READ if has_secrets else OTHERS_WRITE)
    if not loose:
        return
    could = "read it, and it holds credentials" if has_secrets else "write it"
    strict = stat.S_IMODE(status.st_mode) & ~loose
    refusal = ConfigError(f"{path}: other users can {could}", f"  chmod {strict:o} {path}")
    if status.st_uid != os.geteuid():
        raise refusal
    try:
        os.chmod(path, strict)
    except OSError as error:
        raise refusal from error
    config.warnings.append(f"{path}: other users could {could}; now only you can (chmod {strict:o})")
