"""The three ways a node gets its name, each tried in real jobs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mlspace.errors import ConfigError
from mlspace.local.names import ADDRESS, NAMESPACE, SYSTEM, decide, loopback, read_hosts
from tests.local.conftest import ROOT, Gateway

BIND = "import os, socket, time; s = socket.socket(); s.bind((os.environ['HOSTNAME'], 0)); print(s.getsockname()[0])"


def private_names_possible(tmp_path: Path) -> bool:
    try:
        decide(1, str(tmp_path), NAMESPACE)
    except ConfigError:
        return False
    return True


def test_names_in_namespaces(serve: Callable[..., Gateway], tmp_path: Path) -> None:
    if not private_names_possible(tmp_path):
        pytest.skip("private namespaces are not permitted here")
    client = serve("--quick", "--names", "namespace").client()
    name = client.submit(f"{sys.executable} -c \"{BIND}; print(os.uname().nodename); print(socket.gethostbyname('n2'))\"", n_workers=3)
    assert client.wait(name) == "succeeded", client.log(name)
    written = client.output(name)
    assert [written[f"{rank} stdout"].split() for rank in range(3)] == [[f"127.0.1.{node}", f"n{node}", "127.0.1.2"] for node in (1, 2, 3)]
    assert "n1" not in read_hosts("/etc/hosts"), "the system's own names are untouched"


def test_two_nodes_may_use_one_port(serve: Callable[..., Gateway], tmp_path: Path) -> None:
    client = serve("--quick").client()
    go = tmp_path / "go"
    program = tmp_path / "hold.py"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program.write_text(
        f"import os, socket, time\ns = socket.socket()\ns.bind((os.environ['HOSTNAME'], {port}))\nprint('bound', flush=True)\n"
        f"while not os.path.exists({str(go)!r}):\n    time.sleep(0.02)\n"
    )
    name = client.submit(f"{sys.executable} {program}", n_workers=2)
    client.wait(name, "running", "failed")
    go.touch()
    assert client.wait(name) == "succeeded", client.log(name)
    assert client.output(name) == {"0 stdout": "bound\n", "1 stdout": "bound\n"}


def test_nodes_called_by_their_addresses(serve: Callable[..., Gateway]) -> None:
    client = serve("--quick", "--names", "address").client()
    name = client.submit(f'{sys.executable} -c "{BIND}"', n_workers=3)
    assert client.wait(name) == "succeeded", client.log(name)
    written = client.output(name)
    assert [written[f"{rank} stdout"] for rank in range(3)] == ["127.0.0.1\n", "127.0.0.2\n", "127.0.0.3\n"]
    assert client.get(f"/jobs/{name}/nodes")["node_names"] == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]


def test_names_that_the_system_knows_are_taken_as_they_are(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n127.9.0.1\tn1 first # a comment n3\n127.9.0.2 n2\n")
    naming = decide(2, str(tmp_path), SYSTEM, str(hosts))
    assert (naming.names, naming.addresses, naming.hosts_file) == (("n1", "n2"), ("127.9.0.1", "127.9.0.2"), "")
    hosts.write_text("192.0.2.1 n1\n192.0.2.2 n2\n")
    with pytest.raises(ConfigError, match="addresses of this machine"):
        decide(2, str(tmp_path), SYSTEM, str(hosts))


def others_may_run(path: str) -> bool:
    """Whether every directory above the program can be entered by all."""
    return os.path.exists(path) and all(os.stat(parent).st_mode & 0o001 for parent in Path(path).resolve().parents)


@pytest.mark.skipif(os.geteuid() != 0, reason="to become an ordinary user, one must be root")
def test_an_ordinary_user_gets_names_too(tmp_path: Path) -> None:
    """In a process of the uid 65534, which has no right to anything here but what everybody has."""
    os.chmod(tmp_path, 0o777)
    for parent in tmp_path.parents:
        if parent.is_relative_to(tempfile.gettempdir()) and parent != Path(tempfile.gettempdir()):
            os.chmod(parent, 0o755)
    python = next((path for path in (os.path.realpath(sys.executable), "/usr/bin/python3") if others_may_run(path)), None)
    if python is None:
        pytest.skip("no interpreter here is readable for others")
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from mlspace.local import names, namespaces; n = names.decide(3, sys.argv[2]);"
        "print(n.mode, n.user_namespace, n.own_host_name); namespaces.enter(n.user_namespace, n.hosts_file);"
        "namespaces.take_host_name('n3') if n.own_host_name else None; import os, socket; print(os.uname().nodename, os.getuid());"
        "print(socket.gethostbyname(n.names[2]))"
    )
    done = subprocess.run(
        [python, "-IS", "-c", program, str(ROOT), str(tmp_path)],
        user=65534,
        group=65534,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
    mode, *rest = done.stdout.split()
    if mode == ADDRESS:
        pytest.skip("user namespaces are not permitted here")
    assert (mode, *rest) == (NAMESPACE, "True", "True", "n3", "65534", "127.0.1.3"), done.stderr


def test_folded_names() -> None:
    assert loopback(251, 1)[-1] == "127.0.2.1"
    by_address = decide(252, "/nowhere", ADDRESS)
    assert by_address.folded == "127.0.0.[1-250],127.0.1.[1-2]"
    assert decide(1, "/nowhere", ADDRESS).folded == "127.0.0.1"
