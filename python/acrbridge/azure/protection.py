"""How a text with secrets rests: encrypted by the operating system where it can, else in its owner's private file.

What MSAL's extensions do not do is done here: a file is replaced whole, where theirs is emptied before it is written.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from acrbridge import private_files


class ProtectedText(Protocol):
    """One text, under a file's name. Changing it takes the file's lock (`private_files.locked`)."""

    def load(self) -> str | None:
        """The text; None where there is none.

        Raises:
            ValueError: what is there cannot be read any more.
        """

    def save(self, text: str) -> None:
        """Put a text in its place."""

    def delete(self) -> None:
        """Delete it."""


def protected_text(path: Path) -> ProtectedText:
    """The text that a file of the settings folder stands for.

    Raises:
        AcrBridgeError: FILE_UNREADABLE, the file is not its owner's alone.
    """
    private_files.check_private(path)
    if sys.platform == "win32":
        return DataProtection(path, _extensions().FilePersistenceWithDataProtection)
    if sys.platform == "darwin":
        return Keyring(path, _extensions().KeychainPersistence(str(path)))
    return Keyring(path, keyring) if (keyring := _libsecret(path)) else PlainFile(path)


class PlainFile:
    """A file with mode 0600."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> str | None:
        """As in `ProtectedText`."""
        content = private_files.read(self._path)
        return None if content is None else content.decode()

    def save(self, text: str) -> None:
        """As in `ProtectedText`."""
        private_files.write(self._path, text.encode())

    def delete(self) -> None:
        """As in `ProtectedText`."""
        private_files.delete(self._path)


class DataProtection:
    """A file that Windows encrypts for its user (DPAPI).

    Args:
        path: the file.
        persistence: makes an encrypted file of MSAL's extensions, out of its path.
    """

    def __init__(self, path: Path, persistence: Callable[[str], Any]) -> None:
        self._path = path
        self._persistence = persistence

    def load(self) -> str | None:
        """As in `ProtectedText`."""
        known = _extensions().persistence
        try:
            return str(self._persistence(str(self._path)).load())
        except known.PersistenceNotFound:
            return None
        except known.PersistenceDecryptionError as error:
            raise ValueError("encrypted for somebody else, or damaged") from error

    def save(self, text: str) -> None:
        """As in `ProtectedText`."""
        self._persistence(str(private_files.draft(self._path))).save(text)
        private_files.put_in_place(self._path)

    def delete(self) -> None:
        """As in `ProtectedText`."""
        private_files.delete(self._path)


class Keyring:
    """An entry of macOS's keychain or of libsecret.

    Args:
        path: a file that only tells when the entry changed.
        persistence: the entry, as MSAL's extensions have it.
    """

    def __init__(self, path: Path, persistence: Any) -> None:
        self._path = path
        self._persistence = persistence

    def load(self) -> str | None:
        """As in `ProtectedText`."""
        try:
            return str(self._persistence.load())
        except _extensions().persistence.PersistenceNotFound:
            return None

    def save(self, text: str) -> None:
        """As in `ProtectedText`."""
        self._persistence.save(text)

    def delete(self) -> None:
        """As in `ProtectedText`."""
        if self._path.exists():
            self._persistence.save("{}")
        private_files.delete(self._path)


def _libsecret(path: Path) -> Any:
    """The desktop's keyring, or None where there is none."""
    if find_spec("gi") is None:
        return None
    try:
        return _extensions().LibsecretPersistence(
            str(path), schema_name="acrbridge", attributes={"file": path.name}, label="acrbridge"
        )
    except Exception:  # noqa: BLE001 - no libsecret, no desktop, no D-Bus: each raises its own
        return None


def _extensions() -> Any:
    """MSAL's extensions, which load MSAL: only where they are needed."""
    import msal_extensions

    return msal_extensions
