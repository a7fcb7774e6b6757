"""What earlier copies put into the repositories of a registry, so that it need not be sent there again.

A hint and no more: what it says is asked of the target, or proved by the manifest that follows. It holds no secret,
and a copy does without it where it cannot be used.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from acrbridge import private_files
from acrbridge.errors import AcrBridgeError
from acrbridge.references import check_repository

if TYPE_CHECKING:
    import sqlite3

FILE = "copies.db"
_TABLES = (
    "CREATE TABLE begun (host TEXT, repository TEXT, UNIQUE (host, repository))",
    "CREATE TABLE held (host TEXT, digest TEXT, repository TEXT, UNIQUE (host, digest, repository))",
)
T = TypeVar("T")


class Journal:
    """What is known of one target repository and its registry. Threads may share it, and processes the file.

    Args:
        file: in the settings folder.
        host: of the target registry.
        repository: the target.
        notice: hears, once, why the journal cannot be used.
        kept: rows of each table, the newest; as many as these are about 25 MB.
        patience: seconds that another process may take to write.
    """

    def __init__(
        self,
        file: Path,
        host: str,
        repository: str,
        notice: Callable[[str], None],
        *,
        kept: int = 100_000,
        patience: float = 1.0,
    ) -> None:
        self._file = file
        self._target = (host, repository)
        self._notice = notice
        self._kept = kept
        self._patience = patience
        self._lock = threading.Lock()
        self._usable = True
        self._database: sqlite3.Connection | None = None

    def open(self) -> None:
        """Open the file, which takes some milliseconds at the first use."""
        self._ask(lambda _: None, otherwise=None)

    def begun(self) -> bool:
        """Whether a copy put something into the target, and none came to a tag."""

        def look(database: sqlite3.Connection) -> bool:
            query = "SELECT 1 FROM begun WHERE host = ? AND repository = ?"
            return database.execute(query, self._target).fetchone() is not None

        return self._ask(look, otherwise=False)

    def begin(self) -> None:
        """Note that something is about to be put into the target."""
        self._ask(
            lambda d: d.execute("INSERT OR IGNORE INTO begun VALUES (?, ?)", self._target), otherwise=None
        )

    def hold(self, digests: Iterable[str], *, tagged: bool) -> None:
        """Note that the target holds blobs, and whether there is a tag by now: nobody takes it for empty then."""

        def note(database: sqlite3.Connection) -> None:
            database.execute("BEGIN IMMEDIATE")
            if tagged:
                database.execute("DELETE FROM begun WHERE host = ? AND repository = ?", self._target)
            host, repository = self._target
            rows = [(host, digest, repository) for digest in digests]
            database.executemany("INSERT OR REPLACE INTO held VALUES (?, ?, ?)", rows)
            self._prune(database)
            database.execute("COMMIT")

        self._ask(note, otherwise=None)

    def holder(self, digest: str) -> str | None:
        """Another repository of the target's registry into which a blob was put, the last one."""
        host, repository = self._target

        def look(database: sqlite3.Connection) -> str | None:
            query = "SELECT repository FROM held WHERE host = ? AND digest = ? AND repository != ?"
            row = database.execute(f"{query} ORDER BY rowid DESC", (host, digest, repository)).fetchone()
            return check_repository(str(row[0])) if row else None

        return self._ask(look, otherwise=None)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._usable = False
            if self._database:
                self._database.close()

    def _prune(self, database: sqlite3.Connection) -> None:
        """Delete the oldest rows; one that is replaced becomes the newest."""
        for table in ("begun", "held"):
            newest = f"SELECT max(rowid) FROM {table}"  # noqa: S608 - our own names
            database.execute(f"DELETE FROM {table} WHERE rowid <= ({newest}) - ?", [self._kept])  # noqa: S608

    def _ask(self, question: Callable[[sqlite3.Connection], T], *, otherwise: T) -> T:
        """What the journal answers, or something else where it cannot be used."""
        with self._lock:
            if not self._usable:
                return otherwise
            try:
                import sqlite3
            except ImportError as error:  # a Python that was built without it
                return self._do_without(error, otherwise)
            try:
                self._database = self._database or _opened(self._file, self._patience)
                return question(self._database)
            except (sqlite3.OperationalError, OSError) as error:  # in use, read-only, no room
                return self._do_without(error, otherwise)
            except (sqlite3.DatabaseError, AcrBridgeError) as error:
                self._do_without(error, otherwise)
                _put_aside(self._file)  # once it is closed: Windows lets nobody rename what is open
                return otherwise

    def _do_without(self, error: Exception, otherwise: T) -> T:
        self._usable = False
        if self._database:
            self._database.close()
        self._notice(f"This copy does without its journal {self._file}: {str(error).rstrip('.')}.")
        return otherwise


def _opened(file: Path, patience: float) -> sqlite3.Connection:
    """Open the database, which only its owner may touch; a new one where there is none.

    It is not synchronized with the disk: a power failure may cost it, which costs no more than bytes sent again.
    Its rollback journal needs no shared memory, which network homes do not have (sqlite.org/wal.html).
    """
    import sqlite3

    private_files.prepare_folder(file.parent)
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    private_files.check_private(file)
    database = sqlite3.connect(file, patience, isolation_level=None, check_same_thread=False)
    try:
        _prepare(database)
    except BaseException:
        database.close()
        raise
    return database


def _prepare(database: sqlite3.Connection) -> None:
    """Set the connection up, and insist on the tables."""
    import sqlite3

    database.text_factory = lambda text: text.decode("utf-8", "replace")
    for setting in ("journal_mode = TRUNCATE", "synchronous = OFF", "trusted_schema = OFF"):
        database.execute(f"PRAGMA {setting}")
    for table in _TABLES:
        database.execute(table.replace("TABLE", "TABLE IF NOT EXISTS", 1))
    found = database.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
    if found != [(table,) for table in _TABLES]:
        raise sqlite3.DatabaseError("it is another program's, or another version's")


def _put_aside(file: Path) -> None:
    """Make room for a new journal, and leave no rollback journal of the old one beside it."""
    with suppress(OSError):
        file.replace(file.with_suffix(".broken"))
        for end in ("-journal", "-wal", "-shm"):
            file.with_name(f"{file.name}{end}").unlink(missing_ok=True)
