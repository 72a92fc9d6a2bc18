"""How the virtual nodes get their names. Decided once, when the gateway starts, by trying.

1. The system already knows n1 … nN (its /etc/hosts says so, with addresses of this machine).
2. A private mount namespace with a hosts file of ours, in a user namespace where we are not root. n1 is 127.0.1.1, …: each node
   has an address of its own, so two nodes may use one port.
3. Neither is possible: the nodes are called by their addresses, 127.0.0.[1-N].
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, NamedTuple

from mlspace.errors import ConfigError
from mlspace.local import namespaces

if TYPE_CHECKING:
    from collections.abc import Sequence

SYSTEM, NAMESPACE, ADDRESS = "system", "namespace", "address"
PREFIX = "n"
PER_BLOCK = 250
"""Nodes in one 127.0.x.0/24, from .1 on."""


class Naming(NamedTuple):
    """names[i] resolves to addresses[i] in jobs. hosts_file, user_namespace, own_host_name: what an executor does for that."""

    mode: str
    names: tuple[str, ...]
    addresses: tuple[str, ...]
    hosts_file: str = ""
    user_namespace: bool = False
    own_host_name: bool = False

    @property
    def folded(self) -> str:
        """All names in Slurm's list form: `n[1-4]`."""
        if self.mode != ADDRESS:
            return f"{PREFIX}[1-{len(self.names)}]" if len(self.names) > 1 else self.names[0]
        blocks = [self.names[start : start + PER_BLOCK] for start in range(0, len(self.names), PER_BLOCK)]
        return ",".join(f"{block[0][:-1]}[1-{len(block)}]" if len(block) > 1 else block[0] for block in blocks)


def decide(nodes: int, directory: str, forced: str = "", system_hosts: str = "/etc/hosts") -> Naming:
    """The naming for that many nodes; the private hosts file, if one is needed, is written to `directory`.

    `forced` takes one of the three modes or fails with ConfigError; must be called before there are threads.
    """
    names = tuple(f"{PREFIX}{number}" for number in range(1, nodes + 1))
    hosts = read_hosts(system_hosts)
    if forced in ("", SYSTEM):
        known = tuple(hosts.get(name, "") for name in names)
        if len(set(known)) == nodes and all(is_local(address) for address in known):
            return naming_that_works(Naming(SYSTEM, names, known))
        if forced:
            raise ConfigError(f"{system_hosts} does not give {names[0]}, … addresses of this machine")
    if forced in ("", NAMESPACE):
        addresses = loopback(nodes, 1)
        path = os.path.join(directory, "hosts")
        write_hosts(path, system_hosts, names, addresses)
        naming = naming_that_works(Naming(NAMESPACE, names, addresses, path))
        if naming.own_host_name:
            return naming
        if forced:
            raise ConfigError("private namespaces are not permitted on this system")
    addresses = loopback(nodes, 0)
    return Naming(ADDRESS, addresses, addresses)


def naming_that_works(naming: Naming) -> Naming:
    """The same with user_namespace and own_host_name as far as this system permits them."""
    for user_namespace in (False, True) if os.geteuid() == 0 else (True,):
        candidate = naming._replace(user_namespace=user_namespace, own_host_name=True)
        if try_in_child(candidate):
            return candidate
    return naming


def try_in_child(naming: Naming) -> bool:
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            namespaces.enter(naming.user_namespace, naming.hosts_file)
            namespaces.take_host_name(naming.names[0])
            code = 0 if not naming.hosts_file or read_hosts("/etc/hosts").get(naming.names[-1]) == naming.addresses[-1] else 1
        except OSError:
            pass
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1] == 0


def loopback(nodes: int, block: int) -> tuple[str, ...]:
    return tuple(f"127.0.{block + number // PER_BLOCK}.{number % PER_BLOCK + 1}" for number in range(nodes))


def is_local(address: str) -> bool:
    """Whether a socket of this machine can have that address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return address != ""


def read_hosts(path: str) -> dict[str, str]:
    """Name -> first address, of a hosts file; empty where it cannot be read.

    No other source is asked: a DNS may hang, or answer for any name.
    """
    found: dict[str, str] = {}
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                address, *names = line.partition("#")[0].split() or [""]
                for name in names:
                    found.setdefault(name, address)
    except OSError:
        pass
    return found


def write_hosts(path: str, system_hosts: str, names: Sequence[str], addresses: Sequence[str]) -> None:
    """The system's hosts file and ours after it, as a new file: running jobs keep the one they have."""
    try:
        with open(system_hosts, "rb") as file:
            text = file.read()
    except OSError:
        text = b"127.0.0.1 localhost\n"
    ours = "".join(f"{address}\t{name}\n" for name, address in zip(names, addresses, strict=True))
    draft = f"{path}.tmp"
    with open(draft, "wb") as file:
        file.write(text.rstrip(b"\n") + b"\n" + ours.encode())
    os.chmod(draft, 0o644)  # other users of the job's processes (sshd, su) read it as /etc/hosts
    os.replace(draft, path)
