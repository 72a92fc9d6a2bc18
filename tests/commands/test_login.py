"""`mlspace login` and `mlspace config show`, against the embedded gateway: what is asked, what is kept, and that no secret is seen."""

from __future__ import annotations

import os
import pty
import stat
import subprocess
import termios
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from mlspace.errors import MlspaceError
from mlspace.local.auth import NAMESPACE
from tests.conftest import Cli, Result, wait_until
from tests.local.conftest import KNOWN, REGION, Gateway, serve  # noqa: F401 - a fixture

WORDS = {name.replace("-", "_"): value for name, value in KNOWN.items()}
SECRETS = {"client_secret": WORDS["client_secret"], "api_key": WORDS["api_key"]}


@pytest.fixture
def gateway(serve: Callable[..., Gateway]) -> Gateway:  # noqa: F811
    return serve("--quick")


@pytest.fixture
def home() -> Path:
    return Path(os.environ["HOME"])


Run = Callable[..., Result]


def kept(home: Path) -> Path:
    return home / ".config/mlspace/credentials.yaml"


def by_stdin(run: Run, gateway: Gateway, words: dict[str, str], *more: str) -> Result:
    text = "".join(f"{key}={value}\n" for key, value in words.items())
    return run("mlspace", "login", "--stdin", "--endpoint", gateway.url, *more, stdin=text.encode())


def test_from_standard_input(run: Run, gateway: Gateway, home: Path) -> None:
    done = by_stdin(run, gateway, WORDS)
    assert (done.stderr, done.code) == ("", 0)
    assert done.stdout == f"Logged in to {gateway.url}: workspace local ({NAMESPACE}), regions {REGION}\nKept in {kept(home)}\n"
    content = yaml.safe_load(kept(home).read_text())
    assert content == {"endpoint": gateway.url, **WORDS, "region": REGION}
    assert (stat.S_IMODE(kept(home).stat().st_mode), stat.S_IMODE(kept(home).parent.stat().st_mode)) == (0o600, 0o700)
    assert os.listdir(kept(home).parent) == ["credentials.yaml"]
    assert run("sinfo", "-h", "-o", "%R").stdout == f"{REGION}\n"


@pytest.mark.parametrize("endpoint", ["http://gateway.invalid/public/v2", "https://gateway.invalid/public/v2", "http://127.0.0.1:9"])
def test_an_endpoint_that_is_not_encrypted(run: Run, monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    def refuse(*_: object) -> None:
        raise MlspaceError("so far")

    monkeypatch.setattr("mlspace.configuration.login.check", refuse)
    text = "".join(f"{key}={value}\n" for key, value in WORDS.items())
    done = run("mlspace", "login", "--stdin", "--endpoint", endpoint, stdin=text.encode())
    assert ("not encrypted" in done.stderr) is endpoint.startswith("http://gateway")


LINES = ("export MLSPACE_CLIENT_SECRET='{}'", "client_secret: {}", "MLSPACE_CLIENT_SECRET={}", 'client_secret = "{}"')


@pytest.mark.parametrize("line", LINES)
def test_lines_of_other_files_are_read(run: Run, gateway: Gateway, line: str) -> None:
    words = {key: value for key, value in WORDS.items() if key != "client_secret"}
    text = "# a comment\n\n" + line.format(WORDS["client_secret"]) + "\n" + "".join(f"{key}={value}\n" for key, value in words.items())
    assert run("mlspace", "login", "--stdin", "--endpoint", gateway.url, stdin=text.encode()).code == 0


def test_the_api_key_is_asked_for(run: Run, gateway: Gateway, home: Path) -> None:
    assert by_stdin(run, gateway, {key: value for key, value in WORDS.items() if key != "api_key"}).code == 0
    assert yaml.safe_load(kept(home).read_text())["api_key"] == WORDS["api_key"]


def test_variables_without_a_terminal(run: Run, gateway: Gateway, home: Path) -> None:
    env = {f"MLSPACE_{key.upper()}": value for key, value in WORDS.items()}
    assert run("mlspace", "login", "--endpoint", gateway.url, env=env).code == 0
    assert yaml.safe_load(kept(home).read_text())["client_secret"] == WORDS["client_secret"]


@pytest.mark.parametrize(
    ("key", "value", "blamed"),
    [
        ("client_secret", "wr0ng-secret", "invalid user credentials"),
        ("api_key", "wr0ng-secret", "the api key"),
        ("workspace_id", "99999999-2222-4333-8444-555555555555", "could not"),
        ("client_secret", "wr0ng secret", "client_secret: it has blanks"),
        ("region", "SR003", f"it has {REGION}"),
    ],
)
def test_wrong_ones_are_not_kept(run: Run, gateway: Gateway, home: Path, key: str, value: str, blamed: str) -> None:
    done = by_stdin(run, gateway, {**WORDS, key: value})
    assert (done.stdout, done.code) == ("", 1)
    assert blamed in done.stderr
    assert not [secret for secret in (*SECRETS.values(), "wr0ng") if secret in done.stderr]
    assert not kept(home).exists()


def test_what_is_missing_is_said(run: Run, home: Path) -> None:
    done = run("mlspace", "login", "--client-id", "ann")
    assert (done.stdout, done.code) == ("", 1)
    assert "client_secret, workspace_id missing" in done.stderr
    assert "MLSPACE_CLIENT_SECRET, MLSPACE_WORKSPACE_ID" in done.stderr


def test_a_line_that_is_none_is_not_shown(run: Run) -> None:
    done = run("mlspace", "login", "--stdin", stdin=b"client_id=ann\ns3cret-alone\n")
    assert "line 2 of standard input" in done.stderr
    assert "s3cret" not in done.stderr


def test_secrets_are_no_options(run: Run) -> None:
    assert run("mlspace", "login", "--client-secret", "x").code == 2


def test_profiles_are_kept_beside_each_other(run: Run, gateway: Gateway, home: Path) -> None:
    assert by_stdin(run, gateway, WORDS).code == 0
    done = by_stdin(run, gateway, WORDS, "--profile", "lab")
    assert "MLSPACE_PROFILE=lab uses it" in done.stdout
    content = yaml.safe_load(kept(home).read_text())
    assert content["profiles"] == {"lab": {key: value for key, value in content.items() if key != "profiles"}}


def test_the_vendors_encrypted_file_is_no_hindrance(run: Run, gateway: Gateway, home: Path) -> None:
    (home / ".mls").mkdir()
    (home / ".mls/credentials.key").write_text("U2FsdGVkX1+...")
    assert run("sinfo").code == 1
    assert by_stdin(run, gateway, WORDS).code == 0
    assert run("sinfo").code == 0


def test_a_variable_that_goes_before_it_is_told(run: Run, gateway: Gateway) -> None:
    text = "".join(f"{key}={value}\n" for key, value in WORDS.items())
    done = run("mlspace", "login", "--stdin", "--endpoint", gateway.url, stdin=text.encode(), env={"MLSPACE_API_KEY": "other"})
    assert done.stderr.endswith("warning: MLSPACE_API_KEY is set and goes before what was kept\n")


@pytest.mark.xdist_group("jupyter")  # it looks into the environment of every process
def test_what_a_jupyter_server_has(cli: Cli, gateway: Gateway, home: Path) -> None:
    """The variables are those of another process, as a shell over ssh finds them."""
    env = {"GWAPI_ADDR": gateway.url.removeprefix("http://").removesuffix("/public/v2"), "GWAPI_KEY": WORDS["api_key"]}
    assert "no process of yours" in cli("mlspace", "login", "--jupyter").stderr
    with subprocess.Popen(["sleep", "100"], env={**os.environ, **env, "NAMESPACE": NAMESPACE}) as jupyter:
        try:
            done = cli("mlspace", "login", "--jupyter")
        finally:
            jupyter.kill()
    assert (done.stderr, done.code) == ("", 0)
    assert yaml.safe_load(kept(home).read_text())["api"] == "v1"
    assert cli("sinfo", "-h", "-o", "%R").stdout == f"{REGION}\n"


@pytest.mark.parametrize("option", ["--stdin", "--client-id=x", "--workspace-id=x"])
def test_what_jupyter_leaves_no_room_for(run: Run, option: str) -> None:
    done = run("mlspace", "login", "--jupyter", option)
    assert (done.stdout, done.code) == ("", 2)
    assert "--jupyter takes all credentials" in done.stderr


def test_at_a_terminal(cli: Cli, gateway: Gateway, home: Path) -> None:
    """What is asked is answered line by line; the terminal shows the secrets at no time."""
    controller, terminal = pty.openpty()
    process = cli.start("mlspace", "login", "--endpoint", gateway.url, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    shown = b""

    def see(text: str) -> None:
        nonlocal shown
        while text.encode() not in shown:
            shown += os.read(controller, 4096)

    prompts = {"Client ID": "client_id", "Client secret": "client_secret", "Workspace ID": "workspace_id", "API key": "api_key"}
    for asked, key in prompts.items():
        see(asked)
        wait_until(lambda key=key: is_quiet(controller) is (key in SECRETS), "the terminal's echo")  # type: ignore[misc]
        os.write(controller, f"{WORDS[key]}\n".encode())
    see("Kept in")
    assert process.wait(20) == 0
    os.close(controller)
    assert b"Logged in" in shown
    assert not [secret for secret in SECRETS.values() if secret.encode() in shown]
    assert yaml.safe_load(kept(home).read_text())["client_secret"] == WORDS["client_secret"]


def is_quiet(descriptor: int) -> bool:
    return not termios.tcgetattr(descriptor)[3] & termios.ECHO


# What there is.


def test_show(run: Run, gateway: Gateway, home: Path) -> None:
    by_stdin(run, gateway, WORDS)
    own = home / ".config/mlspace/config.yaml"
    own.write_text("image: cr.example/i:1\npartitions: {gpu: SR006, cpu: SR006}\nlicenses: [matlab]\n")
    own.chmod(0o600)
    done = run("mlspace", "config", "show", env={"MLSPACE_REGION": "SR008"})
    assert (done.stderr, done.code) == ("", 0)
    rows = {line.split()[0]: line.split(maxsplit=1)[1].split() for line in done.stdout.splitlines() if line.strip()}
    assert rows["client_id"] == ["ann", str(kept(home))]
    assert rows["client_secret"] == rows["api_key"] == ["********", str(kept(home))]
    assert rows["region"] == ["SR008", "MLSPACE_REGION"]
    assert rows["unknown_names"] == ["refuse", "default"]
    assert rows["partitions"] == ["gpu,", "cpu", str(own)]
    assert "jobs run on: a Gateway, API v2" in done.stdout
    assert not [secret for secret in SECRETS.values() if secret in done.stdout]


@pytest.mark.parametrize("text", ["defaults: [1]", "defaults: {no-such-option: 1}", "partitions: 3", "qos: {a: {b: c}}"])
def test_show_says_what_is_wrong_below_a_section(run: Run, home: Path, text: str) -> None:
    directory = home / ".config" / "mlspace"
    directory.mkdir(parents=True)
    (directory / "config.yaml").write_text(text)
    done = run("mlspace", "config", "show")
    assert done.code == 1
    assert f"{directory}/config.yaml: {text.partition(':')[0]}" in done.stderr


def test_show_says_what_is_missing_after_what_there_is(run: Run) -> None:
    done = run("mlspace", "config", env={"MLSPACE_CLIENT_ID": "ann"})
    assert "MLSPACE_CLIENT_ID" in done.stdout
    assert "credentials for MLSpace are not complete: client_secret, api_key, workspace_id missing\n" in done.stderr
    assert done.code == 1
