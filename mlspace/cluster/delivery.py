"""How the launcher gets to a region's nodes: a copy on storage that they see, under a name that its contents give it.

`/home/jovyan` is another volume in each region (mlspace-facts §2.2), so that a path alone does not say that both sides mean the same
file. A copy is made where the configuration says as what the region's storage is seen here, and on a Jupyter server for the region that
the server is in. A name that holds the checksum is never written twice: jobs that wait keep the launcher they were submitted with.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from mlspace.errors import ConfigError, StateError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DIRECTORY = ".mlspace"
"""Below the home directory of a Jupyter server."""

DIGEST_CHARACTERS = 16

X86_64 = (62).to_bytes(2, "little")
"""e_machine of an ELF file, at byte 18. Source: elf(5). All nodes of the platform are of that kind."""


class Storage(NamedTuple):
    """A directory of a region's storage: `nodes` as its jobs see it, `here` as this host does."""

    nodes: str
    here: str


class Delivery:
    """Where each region's jobs find the launcher.

    fixed: its path in every region that has none of its own in `by_hand`. binary: gives the path of this host's own. file: the
    configuration's, for advice.
    """

    def __init__(
        self,
        fixed: str,
        by_hand: Mapping[str, str] | None = None,
        storages: Mapping[str, Storage] | None = None,
        binary: Callable[[], str] = str,
        file: str = "",
    ) -> None:
        self.fixed = fixed
        self.by_hand = by_hand or {}
        self.storages = storages or {}
        self.binary = binary
        self.file = file
        self._name = ""

    @property
    def name(self) -> str:
        """Of a copy: `launch-` and the beginning of the contents' SHA-256."""
        if not self._name:
            import hashlib

            with open(self.binary(), "rb") as file:
                self._name = f"launch-{hashlib.sha256(file.read()).hexdigest()[:DIGEST_CHARACTERS]}"
        return self._name

    def path(self, region: str) -> str:
        """As the region's jobs see it. Raises ConfigError, with what to do, where they could not."""
        if region in self.by_hand:
            return self.by_hand[region]
        if self.fixed:
            return self.fixed
        if region in self.storages:
            return os.path.join(self.storages[region].nodes, self.name)
        raise ConfigError(
            f"jobs of region {region} would not find the launcher: that region's storage cannot be seen from here",
            *self.advice(region),
        )

    def advice(self, region: str) -> list[str]:
        target = f"/home/jovyan/{DIRECTORY}/{self.name}"
        return [
            f"  copy {self.binary()} to the region's storage, so that jobs see it as {target},",
            f"  and write in {self.file}:  regions: {{{region}: {{launch: {target}}}}}",
            "  or, where a directory of that storage is mounted here, say as what, and copies are made by themselves:",
            f"    regions: {{{region}: {{storage: /home/jovyan/{DIRECTORY}, here: DIRECTORY}}}}",
            f"  on a Jupyter server of {region} nothing of this is needed",
        ]

    def seen_here(self, region: str) -> str:
        """Path of the copy on this host; "" where it is none of ours to make."""
        if region in self.by_hand or self.fixed or region not in self.storages:
            return ""
        return os.path.join(self.storages[region].here, self.name)

    def put(self, region: str) -> None:
        """Sees to it that the copy is there, whole. Raises MlspaceError."""
        target = self.seen_here(region)
        if not target or is_executable(target):
            return
        import tempfile

        with open(self.binary(), "rb") as file:
            contents = file.read()
        if contents[18:20] != X86_64:
            raise ConfigError(f"{self.binary()} is for another kind of processor than MLSpace's nodes, x86_64", *self.advice(region)[:2])
        directory, temporary = os.path.dirname(target), ""
        try:
            os.makedirs(directory, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(prefix=".launch-", dir=directory)
            with os.fdopen(descriptor, "wb") as file:
                file.write(contents)
                os.fchmod(descriptor, 0o755)
                file.flush()
                os.fsync(descriptor)  # before it has its name: another host may start it at once
            os.rename(temporary, target)
        except OSError as error:
            if temporary:
                remove(temporary)
            raise StateError(f"the launcher cannot be copied to {target}: {error.strerror}", *self.advice(region)[:2]) from error


def is_executable(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass


def storages(rows: Mapping[str, Mapping[str, str]], own_region: str, home: str) -> dict[str, Storage]:
    """By region: where the configuration says as what it is seen here; and the home of a Jupyter server, for the region it is in."""
    own = os.path.join(home, DIRECTORY)
    found = {own_region: Storage(own, own)} if own_region else {}
    for region, row in rows.items():
        if "storage" in row and ("here" in row or region == own_region):
            found[region] = Storage(row["storage"], row.get("here", row["storage"]))
    return found
