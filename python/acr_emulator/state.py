"""The emulated world in a folder: blobs as files named by digest, everything else in SQLite.

Every write is committed before it returns, so that a restart, or a kill, loses nothing.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from contextlib import contextmanager, suppress
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, TypeVar

from acr_emulator.records import (
    Attributes,
    Identity,
    Login,
    Manifest,
    Operation,
    Registry,
    Repository,
    RoleAssignment,
    Subscription,
    Tag,
    Tenant,
    Upload,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

Record = TypeVar("Record")

KEYS: dict[type, tuple[str, ...]] = {
    Tenant: ("tenant_id",),
    Subscription: ("subscription_id",),
    Identity: ("object_id",),
    RoleAssignment: ("object_id", "role", "scope"),
    Registry: ("host",),
    Login: ("host", "username"),
    Repository: ("host", "name"),
    Manifest: ("host", "repository", "digest"),
    Tag: ("host", "repository", "name"),
    Upload: ("upload_id",),
    Operation: ("operation_id",),
}
"""One table for each kind of record: its key columns, and the rest of the record as JSON (or a blob)."""

INDEXED: dict[type, tuple[str, ...]] = {
    Identity: ("client_id",),
    Operation: ("ended",),
    Registry: ("loopback",),
    Manifest: ("subject",),
    Tag: ("digest",),
}
"""Columns beside the key that are searched for."""


class State:
    """All that the emulator knows. Safe to use from several threads.

    Args:
        folder: where it is kept; made when it does not exist, with mode 0700.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self.blobs = folder / "blobs"
        self.uploads = folder / "uploads"
        self.blobs.mkdir(exist_ok=True)
        self.uploads.mkdir(exist_ok=True)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            folder / "state.db", check_same_thread=False, isolation_level=None, cached_statements=256
        )
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")  # a kill loses nothing; only a power cut could
        for kind, keys in KEYS.items():
            columns = [*keys, *INDEXED.get(kind, ())]
            self._connection.execute(
                f"CREATE TABLE IF NOT EXISTS {kind.__name__} ({', '.join(f'{c} TEXT' for c in columns)}, "
                f"record TEXT, body BLOB, PRIMARY KEY ({', '.join(keys)})) WITHOUT ROWID"
            )
            for column in INDEXED.get(kind, ()):
                self._connection.execute(
                    f"CREATE INDEX IF NOT EXISTS {kind.__name__}_{column} ON {kind.__name__} ({column})"
                )
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS BlobLink (host TEXT, repository TEXT, digest TEXT, "
            "PRIMARY KEY (host, repository, digest)) WITHOUT ROWID"
        )
        self._connection.execute("CREATE INDEX IF NOT EXISTS BlobLink_digest ON BlobLink (digest)")
        self._connection.execute("CREATE TABLE IF NOT EXISTS Setting (name TEXT PRIMARY KEY, value TEXT)")

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold all other threads off; what is done within is written whole or, after an error, not at all."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    # Records

    def put(self, *records: object) -> None:
        """Store records, in place of those with the same key."""
        with self.transaction():
            for record in records:
                kind = type(record)
                columns = [*KEYS[kind], *INDEXED.get(kind, ())]
                document = asdict(record)  # type: ignore[call-overload]  # every key of KEYS is a dataclass
                body = document.pop("body", None)
                values = [document[c] for c in columns]
                marks = ", ".join("?" * (len(columns) + 2))
                names = ", ".join([*columns, "record", "body"])
                self._connection.execute(
                    f"INSERT OR REPLACE INTO {kind.__name__} ({names}) VALUES ({marks})",  # noqa: S608  # names of KEYS
                    [*values, json.dumps(document), body],
                )

    def find(self, kind: type[Record], **equals: str) -> list[Record]:
        """Records of one kind whose key or indexed columns equal the values given, ordered by key."""
        where = " AND ".join(f"{name} = ?" for name in equals) or "1"
        order = ", ".join(KEYS[kind])
        rows = self._execute(
            f"SELECT record, body FROM {kind.__name__} WHERE {where} ORDER BY {order}",  # noqa: S608  # names of KEYS
            list(equals.values()),
        )
        return [_read(kind, *row) for row in rows]

    def get(self, kind: type[Record], **key: str) -> Record | None:
        """The first record that `find` would give, or None."""
        found = self.find(kind, **key)
        return found[0] if found else None

    def remove(self, kind: type, **equals: str) -> None:
        """Delete the records that `find` would give."""
        where = " AND ".join(f"{name} = ?" for name in equals)
        self._execute(
            f"DELETE FROM {kind.__name__} WHERE {where}",  # noqa: S608  # names of KEYS
            list(equals.values()),
        )

    # Settings: small values of the process itself, and files that hold keys

    def setting(self, name: str) -> str | None:
        """A setting's value, or None."""
        rows = self._execute("SELECT value FROM Setting WHERE name = ?", [name])
        return rows[0][0] if rows else None

    def set_setting(self, name: str, value: str) -> None:
        """Store a setting."""
        self._execute("INSERT OR REPLACE INTO Setting VALUES (?, ?)", [name, value])

    def private_file(self, name: str, make: Callable[[], bytes]) -> bytes:
        """What a file of the folder holds that its owner alone can read; written by `make` the first time."""
        path = self.folder / name
        if not path.exists():
            draft = self.folder / f"{name}.{os.getpid()}.{threading.get_ident()}"
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(make())
            with suppress(FileExistsError):
                os.link(draft, path)  # fails, unlike a rename, where another process was first
            draft.unlink()
        return path.read_bytes()

    # Blobs

    def blob_path(self, digest: str) -> Path:
        """Where a blob's file is, or would be. The digest's grammar has been checked by the caller."""
        algorithm, _, encoded = digest.partition(":")
        return self.blobs / algorithm / encoded[:2] / encoded

    def adopt_blob(self, file: Path, digest: str) -> None:
        """Move a finished file in as the blob of that digest, which the caller has computed."""
        path = self.blob_path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        file.replace(path)

    def link_blobs(self, host: str, repository: str, digests: Iterable[str]) -> None:
        """Make stored blobs visible in a repository."""
        with self.transaction():
            self._connection.executemany(
                "INSERT OR IGNORE INTO BlobLink VALUES (?, ?, ?)", [(host, repository, d) for d in digests]
            )

    def unlink_blob(self, host: str, repository: str, digest: str) -> None:
        """Make a blob invisible in a repository; its file stays for those that share it."""
        self._execute(
            "DELETE FROM BlobLink WHERE host = ? AND repository = ? AND digest = ?",
            [host, repository, digest],
        )

    def unlink_blobs(self, host: str, repository: str) -> None:
        """Make all blobs invisible in a repository."""
        self._execute("DELETE FROM BlobLink WHERE host = ? AND repository = ?", [host, repository])

    def repositories_of_blob(self, host: str, digest: str) -> list[str]:
        """Repositories of a registry that show a blob."""
        rows = self._execute(
            "SELECT repository FROM BlobLink WHERE digest = ? AND host = ? ORDER BY repository",
            [digest, host],
        )
        return [repository for (repository,) in rows]

    def has_blob(self, host: str, repository: str, digest: str) -> bool:
        """Whether a repository shows a blob."""
        return bool(
            self._execute(
                "SELECT 1 FROM BlobLink WHERE host = ? AND repository = ? AND digest = ?",
                [host, repository, digest],
            )
        )

    def _execute(self, statement: str, values: list[str]) -> list[Any]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()


def _read(kind: type[Record], record: str, body: bytes | None) -> Record:
    document = json.loads(record)
    if body is not None:
        document["body"] = body
    if "attributes" in document:
        document["attributes"] = Attributes(**document["attributes"])
    if kind is Login:
        document["scopes"] = tuple((name, tuple(actions)) for name, actions in document["scopes"])
    names = {f.name for f in fields(kind)}  # type: ignore[arg-type]  # every key of KEYS is a dataclass
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in document.items() if k in names})
