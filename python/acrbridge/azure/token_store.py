"""Where tokens and the secrets that renew them rest.

Encrypted by the operating system where it can, else a file that only its owner can read. Two files: one for
MSAL's cache, one for service principals' secrets.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import msal_extensions

from acrbridge.errors import AcrBridgeError
from acrbridge.jobs import Secret

_TOKENS = "tokens.bin"
_SECRETS = "secrets.bin"
_DAMAGED = (ValueError, RecursionError)
"""What reading JSON raises."""


class TokenStore:
    """The protected files of one settings folder.

    Args:
        folder: acrbridge's settings folder; made with mode 0700.

    Raises:
        AcrBridgeError: FILE_UNREADABLE, somebody else owns or could read what is there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_folder(folder)

    def tokens(self) -> msal_extensions.PersistedTokenCache:
        """MSAL's token cache; several processes may use it at once."""
        persistence = self._persistence(_TOKENS)
        try:
            if not _is_token_cache(json.loads(persistence.load())):
                persistence.save("{}")
        except msal_extensions.persistence.PersistenceNotFound:
            pass
        except _DAMAGED:  # MSAL would not read it either, and all in it can be had again
            persistence.save("{}")
        return msal_extensions.PersistedTokenCache(persistence)

    def secret(self, key: str) -> Secret | None:
        """A stored secret."""
        value = self._load_secrets().get(key)
        return Secret(value) if value else None

    def secret_ending(self, end: str) -> Secret | None:
        """The first stored secret whose key ends so."""
        found = (value for key, value in self._load_secrets().items() if key.endswith(end))
        value = next(found, None)
        return Secret(value) if value else None

    def keep_secret(self, key: str, secret: Secret) -> None:
        """Store a secret."""
        with self._locked():
            self._save_secrets({**self._load_secrets(), key: secret.reveal()})

    def forget_secret(self, key: str) -> None:
        """Delete a secret; one that is not there is no error."""
        with self._locked():
            secrets = self._load_secrets()
            if secrets.pop(key, None) is not None:
                self._save_secrets(secrets)

    def clear(self) -> None:
        """Delete all tokens and secrets."""
        for name in (_TOKENS, _SECRETS):
            if (self._folder / name).exists():
                self._persistence(name).save("{}")
                (self._folder / name).unlink(missing_ok=True)

    def _persistence(self, name: str) -> msal_extensions.BasePersistence:
        path = self._folder / name
        _check_private(path)
        if sys.platform in ("win32", "darwin"):
            return msal_extensions.build_encrypted_persistence(str(path))
        try:
            return msal_extensions.LibsecretPersistence(
                str(path), schema_name="acrbridge", attributes={"file": name}, label="acrbridge"
            )
        except Exception:  # noqa: BLE001 - no libsecret, no desktop, no D-Bus: each raises its own
            return msal_extensions.FilePersistence(str(path))

    def _locked(self) -> msal_extensions.CrossPlatLock:
        return msal_extensions.CrossPlatLock(str(self._folder / f"{_SECRETS}.lock"))

    def _load_secrets(self) -> dict[str, str]:
        try:
            document = json.loads(self._persistence(_SECRETS).load())
        except (msal_extensions.persistence.PersistenceNotFound, *_DAMAGED):
            return {}
        entries = document.items() if isinstance(document, dict) else ()
        return {key: value for key, value in entries if isinstance(value, str)}

    def _save_secrets(self, secrets: dict[str, str]) -> None:
        self._persistence(_SECRETS).save(json.dumps(secrets))


def _is_token_cache(document: Any) -> bool:
    """Whether a document has the form of MSAL's cache: entries by kind and key."""
    return isinstance(document, dict) and all(isinstance(entries, dict) for entries in document.values())


def _check_folder(folder: Path) -> None:
    """In a folder that others may write to, any file can be swapped for another."""
    status = folder.stat()
    if os.name != "nt" and (status.st_uid != os.getuid() or status.st_mode & 0o022):
        raise AcrBridgeError(
            "FILE_UNREADABLE",
            f"The folder {folder} is not yours alone to write to (mode {stat.S_IMODE(status.st_mode):04o}).",
            remedy=f"Run chmod 700 {folder}, or choose another folder with ACRBRIDGE_CONFIG_DIR.",
        )


def _check_private(path: Path) -> None:
    """A file that is a link, another user's, or open to others is not trusted with secrets."""
    if os.name == "nt" or not os.path.lexists(path):
        return
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise AcrBridgeError(
            "FILE_UNREADABLE",
            f"{path} is not a private file of yours (mode {stat.S_IMODE(status.st_mode):04o}).",
            remedy="Delete it, and sign in again.",
        )
