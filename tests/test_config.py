"""Where each value of the configuration comes from, which source goes before which, and who may read the files."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from mlspace.configuration import config, site, sources
from mlspace.errors import ConfigError
from tests.conftest import ROOT, Result

SECRET = "s3cr3t-of-ann"
CREDENTIALS = {"client_id": "ann", "client_secret": SECRET, "api_key": "k3y-of-ann", "workspace_id": "w-1"}
VENDOR = {"key_id": "bob", "key_secret": "v3ndor-secret", "x_workspace_id": "w-2", "x_api_key": "v3ndor-key"}
JUPYTER = {"GWAPI_ADDR": "10.0.0.1:80", "GWAPI_KEY": "j-key", "NAMESPACE": "ai0001234-00001", "CLUSTER_KEY": "SR008", "WORKSPACE_ID": "w-3"}


class Home:
    """A home directory to put files into."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, text: str, mode: int = 0o600) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def own(self, text: str, mode: int = 0o600, name: str = sources.CONFIG) -> Path:
        return self.write(f".config/mlspace/{name}", text, mode)

    def vendor(self, sections: dict[str, dict[str, str]], name: str = "credentials", mode: int = 0o600) -> Path:
        text = []
        for section, keys in sections.items():
            text += [f"[{section}]\n", *(f"{key} = {value}\n" for key, value in keys.items())]
        return self.write(f".mls/{name}", "".join(text), mode)

    def read(self, **environ: str) -> config.Config:
        return config.read(environ, str(self.path))

    def error(self, **environ: str) -> ConfigError:
        with pytest.raises(ConfigError) as caught:
            self.read(**environ)
        return caught.value


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def lines(values: dict[str, str]) -> str:
    return "".join(f"{key}: {value}\n" for key, value in values.items())


# Which source goes before which.


def test_nothing_anywhere_means_the_embedded_one(home: Home) -> None:
    found = home.read()
    assert not found.is_remote
    assert (found["endpoint"], found.origins["image"]) == ("", "default")


def test_a_variable_goes_before_the_files_and_these_before_the_vendors(home: Home) -> None:
    own = home.own(lines(CREDENTIALS) + "region: SR006\n")
    home.vendor({"default": {**VENDOR, "region": "SR003"}})
    found = home.read(MLSPACE_API_KEY="from-the-variable")
    assert (found["client_id"], found.origins["client_id"]) == ("ann", str(own))
    assert (found["api_key"], found.origins["api_key"]) == ("from-the-variable", "MLSPACE_API_KEY")
    assert (found["region"], found["endpoint"], found["api"]) == ("SR006", config.DEFAULT_ENDPOINT, "v2")
    assert "bob" not in found.values.values()


def test_what_login_has_written_goes_before_what_the_user_has(home: Home) -> None:
    home.own(lines(CREDENTIALS))
    written = home.own("api_key: newer\n", name=sources.CREDENTIALS)
    found = home.read()
    assert (found["api_key"], found.origins["api_key"], found["client_id"]) == ("newer", str(written), "ann")


def test_the_vendors_files(home: Home) -> None:
    path = home.vendor({"default": VENDOR, "other": {"key_id": "x"}})
    home.vendor({"default": {"region": "SR003", "endpoint_url": "https://g.test/public/v2", "output": "json"}}, "config")
    found = home.read()
    assert {key: found[key] for key in CREDENTIALS} == dict(zip(CREDENTIALS, ("bob", "v3ndor-secret", "v3ndor-key", "w-2"), strict=True))
    assert (found["region"], found["endpoint"]) == ("SR003", "https://g.test/public/v2")
    assert found.origins["client_id"] == f"{path}, [default]"


@pytest.mark.parametrize(
    ("sections", "environ", "chosen"),
    [
        (("a",), {}, "a"),
        (("a", "default"), {}, "default"),
        (("a", "default"), {"MLS_PROFILE_DEFAULT": "a"}, "a"),
        (("a", "b", "default"), {"MLS_PROFILE_DEFAULT": "a", "MLSPACE_PROFILE": "b"}, "b"),
    ],
)
def test_a_section_of_the_vendors(home: Home, sections: tuple[str, ...], environ: dict[str, str], chosen: str) -> None:
    home.vendor({section: {**VENDOR, "key_id": section} for section in sections})
    assert home.read(**environ)["client_id"] == chosen


def test_several_sections_and_none_that_is_meant(home: Home) -> None:
    home.vendor({"a": VENDOR, "b": VENDOR})
    assert not home.read().is_remote


def test_a_jupyter_server(home: Home) -> None:
    found = home.read(**JUPYTER)
    told = {"endpoint": "http://10.0.0.1:80", "api": "v1", "api_key": "j-key", "namespace": "ai0001234-00001", "region": "SR008"}
    assert {key: found[key] for key in told} == told
    assert found.origins["api_key"] == "GWAPI_KEY"
    assert not home.read(**{**JUPYTER, "MLSPACE_ENDPOINT": "embedded"}).is_remote


def test_credentials_go_before_the_jupyter_servers(home: Home) -> None:
    home.own(lines(CREDENTIALS))
    found = home.read(**JUPYTER)
    assert (found["api"], found["client_id"], found["region"]) == ("v2", "ann", "")


@pytest.mark.parametrize(
    ("prefix", "namespace"),
    [
        ("/notebook/ai0001234-00001/ann", "ai0001234-00001"),
        ("/jupyter/notebook/ai0001234-00001/ann", "ai0001234-00001"),
        ("/x/own-space/ann", "own-space"),
        ("/x/notebook/own-space/ann", "own-space"),
        ("/x", ""),
        ("", ""),
    ],
)
def test_the_namespace_of_a_jupyter_servers_path(prefix: str, namespace: str) -> None:
    assert sources.namespace_of(prefix) == namespace


def test_a_jupyter_server_without_its_key(home: Home) -> None:
    error = home.error(GWAPI_ADDR="10.0.0.1:80", NAMESPACE="ai0001234-00001")
    assert error.lines[0] == "credentials for MLSpace are not complete: api_key missing"
    assert "GWAPI_ADDR says" in error.lines[1]


# Profiles.

PROFILES = f"""
{lines(CREDENTIALS)}
region: SR006
partitions: {{small: SR003}}
accounts: {{vision: a-1}}
profile: lab
profiles:
  lab: {{workspace_id: w-lab, api_key: lab-key, partitions: {{large: SR008}}}}
  laptop: {{endpoint: embedded}}
"""


def test_a_profile_goes_before_what_holds_for_all(home: Home) -> None:
    path = home.own(PROFILES)
    found = home.read()
    assert (found.profile, found["workspace_id"], found["api_key"], found["client_id"]) == ("lab", "w-lab", "lab-key", "ann")
    assert found.origins["workspace_id"] == f"{path}, profile lab"
    assert found.sections == {"partitions": {"large": "SR008"}, "accounts": {"vision": "a-1"}}


def test_another_profile(home: Home) -> None:
    home.own(PROFILES)
    assert not home.read(MLSPACE_PROFILE="laptop").is_remote


def test_a_profile_of_the_vendors(home: Home) -> None:
    """Its credentials, and what our own file says of everything else."""
    home.own("client_id: ann\nimage: i\n")
    home.vendor({"default": VENDOR, "group": {**VENDOR, "key_id": "group-id"}})
    found = home.read(MLSPACE_PROFILE="group")
    assert (found["client_id"], found["image"]) == ("group-id", "i")


def test_a_profile_that_there_is_not(home: Home) -> None:
    path = home.own(PROFILES)
    home.vendor({"default": VENDOR})
    assert home.error(MLSPACE_PROFILE="x").lines == ("MLSPACE_PROFILE: there is no profile x", "  known are default, lab, laptop")
    home.own("profile: x\n")
    assert home.error().lines[0] == f"{path}: there is no profile x"


# What is wrong.


@pytest.mark.parametrize(
    ("text", "blamed"),
    [
        ("profiles: [a]", "profiles: names"),
        ("profiles: {a: b}", "profiles: names"),
        ("profile: a\nprofiles: {a: {regoin: b}}", "unknown key regoin"),
        ("api: v3", "api: v3: not a valid value"),
        ("client_id: a b", "client_id: it has blanks"),
        ("endpoint: https://x\nclient_secret: 'ключ'", "client_secret: it has blanks, or characters"),
    ],
)
def test_a_mistake(home: Home, text: str, blamed: str) -> None:
    path = home.own(text)
    error = home.error()
    assert error.lines[0].startswith(f"{path}: {blamed}")
    assert "ключ" not in str(error)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".mls/credentials", f"key_secret = {SECRET}\n"),
        (".mls/credentials", f"[default]\n{SECRET}\n"),
        (".mls/credentials", f"[default]\nkey_secret = {SECRET}\n[default]\nkey_secret = {SECRET}\n"),
        (".config/mlspace/config.yaml", f"client_secret: '{SECRET}\n"),
        (".config/mlspace/config.yaml", f"client_secret: {SECRET}: x\n"),
        (".config/mlspace/config.yaml", f"client_secret: [{SECRET}]\n"),
        (".config/mlspace/config.yaml", f"client_secret {SECRET}\n"),
        (".config/mlspace/config.yaml", f"client_secret: @{SECRET}\n"),
    ],
)
def test_no_error_shows_a_line_of_a_file_with_secrets(home: Home, name: str, text: str) -> None:
    path = home.write(name, text)
    error = home.error()
    assert error.lines[0].startswith(f"{path}: ")
    assert SECRET not in str(error)
    assert SECRET not in "".join(traceback.format_exception(error))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
@pytest.mark.parametrize("place", [".config/mlspace/config.yaml", ".config/mlspace/credentials.yaml", ".mls/credentials"])
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (os.mkfifo, "it is not a regular file"),
        (Path.mkdir, "it is not a regular file"),
        (lambda path: path.symlink_to(path.name), "Too many levels of symbolic links"),
        (lambda path: path.symlink_to("nowhere"), "No such file or directory"),
    ],
    ids=["pipe", "directory", "loop", "dangling"],
)
def test_what_is_no_file(home: Home, place: str, make: Callable[[Path], object], words: str) -> None:
    path = home.path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    make(path)
    with pytest.raises(ConfigError) as told:
        home.read()
    assert told.value.lines == (f"{path}: cannot be read: {words}",)


def test_the_encrypted_form_is_named_and_the_advice_works(home: Home) -> None:
    plain = home.vendor({"default": VENDOR})
    password = {**os.environ, "MLS_PASSWORD": "a password"}
    encrypted = home.path / ".mls/credentials.key"
    how = ["openssl", "aes-256-cbc", "-pbkdf2", "-a", "-pass", "env:MLS_PASSWORD"]
    subprocess.run([*how, "-in", plain, "-out", encrypted], env=password, check=True)
    plain.unlink()
    error = home.error()
    assert error.lines[0].startswith(f"{encrypted}: this is the encrypted form")
    advice = next(line for line in error.lines if "openssl" in line).split()
    subprocess.run([*advice, "-pass", "env:MLS_PASSWORD"], env=password, check=True)
    assert home.read()["client_id"] == "bob"
    plain.unlink()
    assert not home.read(MLSPACE_ENDPOINT="embedded").is_remote
    home.own(lines(CREDENTIALS))
    assert home.read()["client_id"] == "ann"


@pytest.mark.parametrize(
    "endpoint",
    ["https://ann:S3CRET@host/public/v2", "https://S3CRET@host", "https://host/public/v2?key=S3CRET", "https://host/#S3CRET",
     "http://[::1/S3CRET", "https://host:S3CRET/", "ftp://host/S3CRET", "host/S3CRET", "https:///S3CRET", "http://host:99999/S3CRET"],
)  # fmt: skip
def test_an_endpoint_that_is_none_is_not_shown(home: Home, endpoint: str) -> None:
    """All errors about a Gateway name its address."""
    error = home.error(MLSPACE_ENDPOINT=endpoint)
    assert error.lines[0] == "MLSPACE_ENDPOINT: endpoint: it is not the address of a Gateway"
    assert "S3CRET" not in str(error)


def test_a_password_in_an_endpoint_is_masked() -> None:
    found = config.Config()
    found.offer("endpoint", "https://ann:S3CRET@host/public/v2", "here")
    assert found.masked("endpoint") == "********@host/public/v2"


def test_blanks_of_a_paste_do_not_count(home: Home) -> None:
    assert home.read(**{f"MLSPACE_{key.upper()}": f" {value}\n" for key, value in CREDENTIALS.items()})["client_secret"] == SECRET


# Who may read the files.


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o666, 0o604])
@pytest.mark.parametrize("whose", ["ours", "ours, in a profile", "the vendor's"])
def test_a_file_with_secrets_is_closed_to_others_with_a_word(home: Home, mode: int, whose: str) -> None:
    if whose == "the vendor's":
        path = home.vendor({"default": VENDOR}, mode=mode)
    else:
        indented = "profile: a\nprofiles:\n  a:\n" + "".join(f"    {line}\n" for line in lines(CREDENTIALS).splitlines())
        path = home.own(lines(CREDENTIALS) if whose == "ours" else indented, mode)
    warnings = [f"{path}: other users could read it, and it holds credentials; now only you can (chmod 600)"]
    assert home.read().warnings == warnings
    assert path.stat().st_mode & 0o777 == 0o600
    assert home.read().warnings == []


def test_a_file_without_secrets_may_be_read_and_not_written(home: Home) -> None:
    path = home.own("region: SR006\n", 0o644)
    assert home.read().warnings == []
    path.chmod(0o666)
    assert home.read().warnings == [f"{path}: other users could write it; now only you can (chmod 644)"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_file_of_somebody_else_is_refused(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    path = home.own(lines(CREDENTIALS), 0o644)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert home.error().lines == (f"{path}: other users can read it, and it holds credentials", f"  chmod 600 {path}")
    assert path.stat().st_mode & 0o777 == 0o644


def test_the_word_is_said_once(run: Callable[..., Result], home: Home) -> None:
    path = home.own("client_id: ann\n" + "endpoint: embedded\napi_key: x\n", 0o644)
    said = run("sinfo", "-h", env={"HOME": str(home.path)})
    assert said.stderr == f"sinfo: warning: {path}: other users could read it, and it holds credentials; now only you can (chmod 600)\n"
    assert run("sinfo", "-h", env={"HOME": str(home.path)}).stderr == ""


# The example.


def test_the_example_names_every_key(home: Home) -> None:
    """What is commented out counts."""
    text = (ROOT / "docs/config.example.yaml").read_text()
    named = set(re.findall(r"^(?:# ?)?\s*(\w+):", text, re.M)) | set(re.findall(r"[{,] ?(\w+):", text))
    below = {key for keys, _ in site.SECTIONS.values() for key in keys}
    assert {*config.KEYS, *config.SECTIONS, *below, "profile", "profiles"} - named == set()


def test_the_example_is_read_as_it_stands_and_with_all_of_it(home: Home) -> None:
    text = (ROOT / "docs/config.example.yaml").read_text()
    home.own(text)
    assert home.read().sections.keys() == set(config.SECTIONS)
    home.own(re.sub(r"^# (\w+:|  )", r"\1", text, flags=re.M))
    assert home.read(MLSPACE_PROFILE="lab")["client_id"]


def test_no_secret_in_the_text_of_a_configuration(home: Home) -> None:
    home.own(lines(CREDENTIALS))
    assert SECRET not in repr(home.read())
