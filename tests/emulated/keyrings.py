"""Keyrings for tests: one in memory, one that fails, one that forgets."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import keyring
from keyring.backend import KeyringBackend
from keyring.backends import fail

if TYPE_CHECKING:
    from collections.abc import Iterator


class Memory(KeyringBackend):
    """Keeps passwords as long as it lives."""

    priority = 5
    viable = False  # never chosen, only named

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class Failing(Memory):
    """Locked, and says so with the secret in its words."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"locked: {service} {username} {password}")


class Forgetful(Memory):
    """Takes everything and keeps nothing."""

    def set_password(self, service: str, username: str, password: str) -> None:
        del service, username, password


class InFile(Memory):
    """Keeps passwords in the file that a variable names, for processes of their own."""

    def get_password(self, service: str, username: str) -> str | None:
        self.kept = {(s, u): p for s, u, p in json.loads(self._file.read_text("utf-8"))}
        return super().get_password(service, username)

    def set_password(self, service: str, username: str, password: str) -> None:
        super().set_password(service, username, password)
        self._file.write_text(json.dumps([[*key, p] for key, p in self.kept.items()]), encoding="utf-8")

    @property
    def _file(self) -> Path:
        return Path(os.environ["MADE_UP_KEYRING"])


@contextmanager
def in_use(backend: KeyringBackend) -> Iterator[None]:
    """Make one the keyring of this process."""
    keyring.set_keyring(backend)
    try:
        yield
    finally:
        keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call] # never that of who runs the tests
