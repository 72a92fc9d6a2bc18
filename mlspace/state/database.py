"""The registry's file: an SQLite database that many processes use at once. Who opens it first makes or renews its tables."""

from __future__ import annotations

import os

from mlspace.errors import StateError
from mlspace.state import schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence, Sized
    from typing import Any, TypeVar

    T = TypeVar("T")
    D = TypeVar("D", bound="Database")

FILE = "registry.sqlite"
BUSY_SECONDS = 60.0

LOCAL_FILE_SYSTEMS = ("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "tmpfs", "overlay")
"""Where a write-ahead log works: it needs memory shared between all processes, which a network file system does not give."""


class Outdated(StateError):
    """The file is of a newer version of this program."""


class Database:
    """Transactions and queries. Open it by `open`; methods raise StateError when the file cannot be used."""

    def __init__(self, database: sqlite3.Connection, path: str) -> None:
        self._database = database
        self.path = path
        self.guards: list[Callable[[sqlite3.Connection], None]] = []  # each raises StateError for a transaction that must not be

    @classmethod
    def open(cls: type[D], state_dir: str) -> D:
        """That of a state directory; both are made (0700, 0600) where they are not there yet."""
        import sqlite3

        path = os.path.join(state_dir, FILE)
        try:
            make_private_directory(state_dir)
            is_new = not os.path.exists(path)
            if is_new:
                os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
            database = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
            opened = cls(database, path)
            if opened._version() != schema.VERSION:
                opened._make_tables_alone(state_dir)
            opened.guards.append(lambda _: opened.check_version())
        except OSError as error:
            raise StateError(f"{error.filename or path}: {error.strerror}", *hint(state_dir)) from error
        except sqlite3.Error as error:
            raise damaged(path, error) from error
        return opened

    def close(self) -> None:
        self._database.close()

    def _version(self) -> int:
        return int(self._database.execute("PRAGMA user_version").fetchone()[0])

    def check_version(self) -> None:
        """Raises Outdated where the file is of a newer version, also when it has become so since it was opened."""
        version = self._version()
        if version > schema.VERSION:
            raise Outdated(
                f"{self.path}: schema {version} is of a newer version of this program, which knows {schema.VERSION}",
                "  use that version, or set MLSPACE_STATE_DIR to another directory",
            )

    def _make_tables_alone(self, state_dir: str) -> None:
        """One process at a time: of two that change the journal's mode at once, SQLite refuses both without waiting."""
        import fcntl

        directory = os.open(state_dir, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(directory, fcntl.LOCK_EX)
            if self._version() != schema.VERSION:  # nobody was faster
                self._make_tables(is_local(state_dir))
        finally:
            os.close(directory)

    def _make_tables(self, local: bool) -> None:
        if local:
            self._database.execute("PRAGMA journal_mode = WAL")

        def make(database: sqlite3.Connection) -> None:
            version = self._version()
            self.check_version()
            for function in (digest, packed):
                database.create_function(function.__name__, 1, function)
            older = [statement for step in range(version, schema.VERSION) for statement in schema.UPGRADES.get(step, ())]
            for statement in (*older, schema.DEPOSED) if version else schema.STATEMENTS:
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {schema.VERSION}")

        self.change(make)

    def change(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """One transaction that has the write lock from its beginning, so that it cannot fail in the middle for want of it."""
        import sqlite3

        if self._database.in_transaction:
            return work(self._database)  # a part of `together`
        try:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                for guard in self.guards:
                    guard(self._database)
                result = work(self._database)
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise damaged(self.path, error) from error
        return result

    def together(self, changes: Iterable[Callable[[], object]]) -> None:
        """Several changes as one: all of them, or none, and one write to the disk."""
        self.change(lambda database: [change() for change in changes])

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        import sqlite3

        try:
            try:
                return self._database.execute(query, values).fetchall()
            except sqlite3.OperationalError as error:
                if "decode" not in str(error):
                    raise
                # A name that is not UTF-8. Slower, so only where there is one.
                self._database.text_factory = decoded
                return self._database.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise damaged(self.path, error) from error


def questions(values: Sized) -> str:
    """As many places for values in a query."""
    return ", ".join("?" * len(values))


def digest(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()


def packed(text: str) -> bytes:
    import zlib

    return zlib.compress(text.encode())


def encoded(value: Any) -> Any:
    """A text as the bytes that it stands for: a file name need not be UTF-8 (PEP 383)."""
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value


def decoded(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")


def make_private_directory(path: str) -> None:
    """Makes a directory, 0700, and those above it; one that is there stays as it is."""
    if not os.path.isdir(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            if not os.path.isdir(path):
                raise


def is_local(directory: str) -> bool:
    """Whether the directory is on a file system of this host, by the longest matching mount point."""
    best, kind = "", ""
    real = os.path.realpath(directory) + "/"
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts:
        for line in mounts:
            before, _, after = line.partition(" - ")
            point = before.split()[4].rstrip("/") + "/"
            if real.startswith(point) and len(point) >= len(best):
                best, kind = point, after.split()[0]
    return kind in LOCAL_FILE_SYSTEMS


def hint(state_dir: str) -> list[str]:
    return [f"  MLSPACE_STATE_DIR names another state directory than {state_dir}"]


def damaged(path: str, error: sqlite3.Error) -> StateError:
    """What SQLite says, and what to do about it."""
    text = str(error)
    if "locked" in text or "busy" in text:
        return StateError(f"{path}: another process has held the registry for more than {BUSY_SECONDS:.0f} s", "  try again")
    if "full" in text:
        return StateError(f"{path}: no space left on the device")
    if "readonly" in text or "unable to open" in text:
        return StateError(f"{path}: cannot be written", *hint(os.path.dirname(path)))
    if "malformed" in text or "not a database" in text:
        return StateError(f"{path}: the registry is damaged: {text}", "  move it away: a new one is made, which does not know the old jobs")
    return StateError(f"{path}: {text}")
