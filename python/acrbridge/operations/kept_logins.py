"""Logins of registries that a person chose to keep: hosts and users in a file, passwords in the system's keyring.

Where there is no keyring they are in a protected text beside it, as tokens are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from acrbridge import private_files
from acrbridge.azure.protection import ProtectedText, protected_text
from acrbridge.errors import AcrBridgeError
from acrbridge.jobs import Login, Secret
from acrbridge.operations import system_keyring
from acrbridge.operations.system_keyring import KeyringUnusable

_LIST = "registries.json"
_PASSWORDS = "registries.bin"


@dataclass(frozen=True)
class KeptLogin:
    """A login that is kept, without its password."""

    username: str
    place: str
    """Where the password is: `keyring` or `file`."""


class KeptLogins:
    """The logins of one settings folder. Several processes may use them at once.

    Args:
        folder: acrbridge's settings folder.
        tell: hears, in one line, what a person should know.
    """

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        self._list = folder / _LIST
        self._passwords = folder / _PASSWORDS
        self._tell = tell

    def all(self) -> dict[str, KeptLogin]:
        """What is kept, by host.

        Raises:
            AcrBridgeError: FILE_UNREADABLE.
        """
        with private_files.file_errors(self._list):
            content = private_files.read(self._list)
        try:
            document = json.loads(content or b"{}")
            return {str(host): _kept(entry) for host, entry in document.items()}
        except (ValueError, RecursionError, AttributeError, KeyError, TypeError):
            raise self._damaged(self._list) from None

    def username(self, host: str) -> str | None:
        """The user whose login is kept for a host; None where none is.

        Raises:
            AcrBridgeError: FILE_UNREADABLE.
        """
        kept = self.all().get(host)
        return kept.username if kept else None

    def password(self, host: str) -> Secret | None:
        """The password of a login that is kept; None, and that is told, where it is gone.

        Raises:
            AcrBridgeError: FILE_UNREADABLE.
        """
        kept = self.all()[host]
        try:
            found = self._in_keyring(host, kept) if kept.place == "keyring" else self._in_file(host)
        except KeyringUnusable as why:
            self._tell(f"The keyring {why}: the login that is kept for {host} is not used.")
            return None
        if found is None:
            self._tell(f"The password that was kept for {host} is gone. Keep it again: {_command(host)}")
        return found

    def keep(self, host: str, login: Login) -> KeptLogin:
        """Keep a login, in place of what was kept for that host.

        Raises:
            AcrBridgeError: FILE_UNREADABLE.
        """
        private_files.prepare_folder(self._list.parent)
        with private_files.locked(self._list):
            logins = self.all()
            kept = KeptLogin(login.username, self._put(host, login))
            if host in logins and logins[host] != kept:
                self._drop(host, logins[host], other_than=kept)
            self._write({**logins, host: kept})
        return kept

    def forget(self, host: str) -> bool:
        """Delete a login; gives whether one was kept.

        Raises:
            AcrBridgeError: FILE_UNREADABLE.
        """
        with private_files.locked(self._list):
            logins = self.all()
            kept = logins.pop(host, None)
            if kept is not None:
                self._drop(host, kept)
                self._write(logins)
        return kept is not None

    def _put(self, host: str, login: Login) -> str:
        """Put a password where it is safe; gives where that is."""
        try:
            system_keyring.keep(host, login.username, login.password)
        except KeyringUnusable as why:
            with self._file() as text:
                text.save(json.dumps({**self._read(text), host: login.password.reveal()}))
            self._tell(
                f"The keyring {why}: the password is kept in {self._passwords}, for you alone to read."
            )
            return "file"
        return "keyring"

    def _drop(self, host: str, kept: KeptLogin, other_than: KeptLogin | None = None) -> None:
        """Delete a password, unless the login that comes after has it in the same place."""
        if kept.place == "keyring":
            with suppress(KeyringUnusable):  # what nobody can reach is not used either
                system_keyring.forget(host, kept.username)
        elif other_than is None or other_than.place != kept.place:
            with self._file() as text:
                text.save(json.dumps({name: p for name, p in self._read(text).items() if name != host}))

    def _in_keyring(self, host: str, kept: KeptLogin) -> Secret | None:
        return system_keyring.find(host, kept.username)

    def _in_file(self, host: str) -> Secret | None:
        with self._file() as text:
            found = self._read(text).get(host)
        return Secret(found) if found else None

    @contextmanager
    def _file(self) -> Iterator[ProtectedText]:
        with private_files.locked(self._passwords):
            yield protected_text(self._passwords)

    def _read(self, text: ProtectedText) -> dict[str, str]:
        try:
            found = json.loads(text.load() or "{}")
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict) and all(isinstance(value, str) for value in found.values()):
            return found
        raise self._damaged(self._passwords)

    def _write(self, logins: Mapping[str, KeptLogin]) -> None:
        content = json.dumps({host: asdict(kept) for host, kept in sorted(logins.items())}, indent=2)
        with private_files.file_errors(self._list):
            private_files.write(self._list, content.encode())

    def _damaged(self, file: Path) -> AcrBridgeError:
        return AcrBridgeError(
            "FILE_UNREADABLE",
            f"The list of logins {file} is damaged.",
            remedy="Delete it, and keep the logins again with: acrbridge registry login HOST",
        )


def _kept(entry: Any) -> KeptLogin:
    if not isinstance(entry["username"], str):
        raise TypeError
    return KeptLogin(entry["username"], "keyring" if entry["place"] == "keyring" else "file")


def _command(host: str) -> str:
    return f"acrbridge registry login {host}"
