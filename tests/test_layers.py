"""Who may import whom, read from the source, so that an import inside a function counts as well."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.test_bin import SHARED

PACKAGE = ROOT / "mlspace"
MODULES = sorted(PACKAGE.rglob("*.py"))

# Layer (the module or package below mlspace) -> the layers, or single modules, that it may import from mlspace.
MAY_IMPORT: dict[str, set[str]] = {
    "__init__": set(),
    "__main__": {"entry"},
    "errors": set(),
    "configuration": set(),
    "controller": set(),
    "cluster": set(),
    "private_file": set(),
    "context": {"configuration.config", "errors"},
    "configuration.config": {"configuration.sources", "errors"},
    "configuration.sources": {"configuration.config", "errors"},
    "configuration.login": {
        *("configuration.config", "private_file", "configuration.sources", "gateway.opening", "gateway.transport", "errors"),
    },
    "installation": {"errors"},
    "process_identity": set(),
    "jobdir": set(),
    "cluster.delivery": {"errors"},
    "slurm": {"errors"},
    "advice": {"slurm", "errors"},
    "mpi": {"slurm", "errors"},
    "spec": {"private_file", "errors"},
    "gateway": {"", "errors", "configuration.config", "private_file"},
    "configuration.site": {"slurm", "errors"},
    "cluster.cluster": {"cluster.delivery", "gateway.catalog", "configuration.site", "slurm", "errors"},
    "configuration.naming": {"gateway.catalog", "cluster.cluster", "configuration.site", "slurm", "errors"},
    "translate": {"slurm", "spec", "gateway.catalog", "gateway.loglines", "cluster.cluster", "errors"},
    "state": {"slurm", "errors", "queue.backoff"},
    "render": {"slurm", "cluster.cluster", "errors"},
    "local": {"errors"},
    "testing": {"local", "errors"},
    "queue": {"slurm", "cluster.cluster", "state.places", "errors"},
    # The registry's rows become what is sent, and what comes back becomes rows.
    "controller.sending": {
        *("process_identity", "state", "translate", "spec", "slurm", "gateway.at_once", "gateway.client", "cluster.cluster"),
        *("controller.outbox", "errors"),
    },
    "controller.outbox": {"state"},
    "controller.logfiles": {"errors", "gateway.client", "gateway.loglines", "gateway.logs", "slurm", "state", "translate.joboutput"},
    "controller.reports": {
        *("controller.logfiles", "state", "translate", "slurm", "gateway.client", "gateway.logs", "cluster.cluster", "errors"),
    },
    "controller.families": {"errors", "slurm", "state"},
    "controller.outcomes": {"slurm"},
    "controller.controller": {
        *("controller.families", "controller.outcomes", "controller.reports", "controller.sending", "controller.survey"),
        *("process_identity", "state", "translate", "slurm"),
        *("gateway.at_once", "gateway.client", "gateway.wire"),
        *("cluster.cluster", "errors"),
    },
    "controller.survey": {"errors", "gateway.at_once", "gateway.client", "gateway.wire", "translate"},
    "controller.mailing": {"state", "slurm"},
    "controller.outputs": {
        *("controller.logfiles", "gateway.client", "gateway.loglines", "gateway.logplace", "state", "slurm", "translate", "errors"),
    },
    "controller.dispatch": {"controller.controller", "controller.outcomes", "queue", "state", "slurm", "cluster.cluster", "errors"},
    # Opens for a command whatever it needs: the one place where the layers are joined.
    "session": {
        *("controller.background", "configuration.config", "context", "controller.controller", "controller.lease", "controller.sending"),
        *("errors", "installation", "jobdir", "launches", "platform", "process_identity", "queue", "slurm", "state"),
        *("cluster.cluster", "gateway.client"),
    },
    "platform": {
        *("cluster.catalogue", "cluster.cluster", "cluster.delivery", "configuration.config", "configuration.site", "context", "errors"),
        *("gateway.catalog", "gateway.client", "gateway.opening", "installation", "local.daemon", "local.endpoint"),
    },
    "launches": {"context", "errors", "installation", "jobdir", "slurm", "state"},
    "platformjob": {"errors", "session", "slurm"},
    "joblog": {"platformjob", "errors", "gateway.logs", "gateway.loglines", "session", "slurm", "translate.joboutput"},
    "doctor": {
        *("errors", "following", "gateway.catalog", "gateway.client", "gateway.errors", "gateway.loglines", "gateway.transport"),
        *("session", "slurm", "submission"),
    },
    "cluster.catalogue": {"errors", "private_file", "gateway.account", "gateway.at_once", "gateway.catalog", "gateway.client"},
    "cluster.stock": {"cluster.cluster", "errors", "gateway.account", "gateway.at_once", "gateway.catalog", "session", "slurm"},
    "following": {"controller.controller", "errors", "gateway.logs", "session", "slurm", "state", "translate"},
    "allocating": {"errors", "session", "slurm", "translate"},
    "cluster.machine": {"local.endpoint", "session"},
    "components": {"controller.controller", "controller.outcomes", "deferral", "errors", "session", "slurm", "submission"},
    "deferral": {"queue", "slurm", "session"},
    "submission": {
        *("configuration.config", "controller.controller", "deferral", "errors", "jobdir", "configuration.naming", "slurm"),
        *("session", "state", "translate", "cluster.cluster"),
    },
    # A process of its own, as entry is for commands.
    "controller.background": {"context", "controller.leader", "controller.log", "session"},
    "controller.leader": {
        *("controller.controller", "controller.dispatch", "controller.lease", "controller.log", "controller.mailing"),
        *("controller.outputs", "errors", "session", "state"),
    },
    "controller.lease": {"context", "process_identity", "state"},
    "controller.log": {"context", "slurm"},
    "commands": {
        *("", "advice", "configuration.config", "context", "errors", "installation", "mpi"),
        *(f"commands.{name}" for name in (*SHARED, "subcommands")),
        *("allocating", "cluster.delivery", "doctor", "following", "joblog", "configuration.login", "cluster.machine", "platformjob"),
        *("render", "session", "configuration.site"),
        *("controller.leader", "controller.lease", "controller.log", "process_identity", "state.leadership"),
        *("jobdir", "components", "configuration.sources", "cluster.stock", "submission"),
        *("slurm", "spec", "cluster.cluster", "queue", "translate.manifest", "testing", "gateway.at_once", "gateway.wire"),
    },
    "entry": {"context", "errors"},
}

OUTSIDE = {
    "slurm": {"sqlite3", "requests", "socket", "subprocess", "threading"},
    "mpi": {"time", "os", "sys", "sqlite3", "requests", "socket", "subprocess"},
    "advice": {"time", "os", "sys", "sqlite3", "requests", "socket", "subprocess"},
    "spec": {"sqlite3", "requests", "socket", "subprocess"},
    "configuration.site": {"time", "os", "sqlite3", "requests", "socket"},
    "configuration.naming": {"time", "os", "sqlite3", "requests", "socket"},
    "translate": {"time", "sqlite3", "requests", "socket"},
    "render": {"time", "os", "sys", "sqlite3"},
    "state": {"requests", "socket", "time"},
    "queue": {"time", "os", "sys", "sqlite3", "requests", "socket"},
    "process_identity": {"sqlite3", "requests", "socket", "time"},
    "commands": {"requests", "sqlite3", "socket", "time", "sys"},
    "controller.controller": {"requests", "sqlite3", "time", "sys"},
    "controller.sending": {"requests", "sqlite3", "time", "sys"},
    "controller.leader": {"requests", "sqlite3", "time", "sys"},
    "controller.lease": {"requests", "sqlite3", "time", "sys"},
    "controller.reports": {"requests", "sqlite3", "time", "sys"},
    "submission": {"requests", "sqlite3", "time", "sys"},
    "deferral": {"os", "requests", "sqlite3", "time", "sys"},
    "controller.dispatch": {"os", "requests", "sqlite3", "time", "sys"},
    "following": {"requests", "sqlite3", "time", "sys"},
    "allocating": {"requests", "sqlite3", "time", "sys"},
    "joblog": {"requests", "sqlite3", "time", "sys"},
    "cluster.machine": {"requests", "sqlite3", "time", "sys"},
    "session": {"requests", "sqlite3", "time", "sys"},
    "platform": {"requests", "sqlite3", "time", "sys"},
    "launches": {"requests", "sqlite3", "time", "sys"},
}
"""Modules of the outside world that a layer leaves to others."""

ONLY_REQUESTS = "gateway/transport.py"


def layer(path: Path) -> str:
    """The longest key of MAY_IMPORT that names the module, or a package that it is in."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    names = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return next((name for name in names if name in MAY_IMPORT), names[-1])


def imports(path: Path) -> Iterator[str]:
    """Full names of what a module imports, `from a import b` as a.b."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_allowed(name: str, allowed: set[str]) -> bool:
    """`name` is below mlspace: "slurm.hostlist.fold_hosts"; "" allows what mlspace/__init__.py itself defines."""
    if name == "__version__":
        return "" in allowed
    return any(name == one or name.startswith(f"{one}.") for one in allowed if one)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_only_what_its_layer_may(path: Path) -> None:
    own = layer(path)
    allowed = MAY_IMPORT[own] | ({own} if own != "commands" else set())
    for name in imports(path):
        if name.startswith("mlspace."):
            assert is_allowed(name.removeprefix("mlspace."), allowed), f"{own} imports {name}"
        assert name.partition(".")[0] not in OUTSIDE.get(own, set()), f"{own} imports {name}"


def test_only_the_transport_knows_requests() -> None:
    users = [str(path.relative_to(PACKAGE)) for path in MODULES if any(name.partition(".")[0] == "requests" for name in imports(path))]
    assert users == ["__main__.py", ONLY_REQUESTS]  # __main__ only looks whether it is there


def test_every_layer_is_in_the_table() -> None:
    assert {layer(path) for path in MODULES} == set(MAY_IMPORT)


FORBIDDEN = ("print", "sys.exit", "os.environ", "time.time", "os.getcwd")
MAY_USE = {
    "context.py": FORBIDDEN,
    "entry.py": ("sys.exit",),
    "__main__.py": ("print", "sys.exit"),
    "gateway/token.py": ("time.time",),  # a token's life is measured where it is kept
    "gateway/transport.py": ("time.time",),  # a server may say by a date how long to wait
}
SERVICES = ("local", "testing")
"""The embedded MLSpace is a program of its own, with an environment and a clock of its own."""


@pytest.mark.parametrize("path", [path for path in MODULES if layer(path) not in SERVICES], ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_world_is_reached_through_the_context(path: Path) -> None:
    allowed = MAY_USE.get(str(path.relative_to(PACKAGE)), ())
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.Attribute, ast.Name)):
            name = ast.unparse(node)
            assert name not in FORBIDDEN or name in allowed, f"line {node.lineno}: {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text())), f"{path} has no docstring"


LAUNCHER = ("text", "os", "spec", "channel", "node", "mpi", "binding", "bcast", "step", "srun", "job")
"""Folders of launcher/, lowest first: pure text; the kernel's calls; what the job's flags say; frames between launches; what a node knows
of itself; MPI; CPUs, GPUs and memory of tasks; files for all nodes; steps as their nodes run them; srun; the roles of a job's launch."""


@pytest.mark.parametrize("path", sorted(ROOT.glob("launcher/*/*.*")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_launcher_files_include_only_their_own_layer_and_those_below(path: Path) -> None:
    allowed = LAUNCHER[: LAUNCHER.index(path.parent.name) + 1]
    for name in re.findall(r'^#include "(.+)"$', path.read_text(), re.MULTILINE):
        assert name.partition("/")[0] in allowed, f"{path.parent.name} includes {name}"
