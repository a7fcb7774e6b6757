"""Where tokens, and the secrets that renew them, rest: MSAL's cache in one protected text, secrets in another."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from acrbridge import private_files
from acrbridge.azure.protection import ProtectedText, protected_text
from acrbridge.errors import AcrBridgeError
from acrbridge.jobs import Secret

_TOKENS = "tokens.bin"
_SECRETS = "secrets.bin"
_RENEW_BEFORE = 300
"""Seconds before its end at which a token is renewed, as MSAL has it."""
_DAMAGED = (ValueError, RecursionError)
"""What reading JSON raises."""


@dataclass(frozen=True)
class AccessToken:
    """An Entra access token."""

    token: Secret
    expires_on: int
    """Seconds since 1970."""


@dataclass(frozen=True)
class TokenKey:
    """What an application's token is found by in MSAL's cache (its "unified schema")."""

    client_id: str
    environment: str
    """Host of Entra."""
    tenant_id: str
    scope: str

    def fits(self, entry: Any) -> bool:
        """Whether an entry of the cache is that of such a token."""
        return (
            entry.get("client_id") == self.client_id
            and entry.get("environment") == self.environment
            and entry.get("realm") == self.tenant_id
            and self.scope in str(entry.get("target")).split()
            and entry.get("home_account_id") is None
        )


class TokenStore:
    """The protected texts of one settings folder. Several processes may use them at once.

    Args:
        folder: acrbridge's settings folder; made with mode 0700.

    Raises:
        AcrBridgeError: FILE_UNREADABLE, somebody else owns or could read what is there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cache: dict[str, Any] | None = None
        private_files.prepare_folder(folder)

    def access_token(self, key: TokenKey) -> AccessToken | None:
        """An application's token that is good for a while, read without MSAL, which takes long to load."""
        if self._cache is None:
            self._cache = self.tokens()
        for entry in self._cache.get("AccessToken", {}).values():
            token = _access_token(entry) if key.fits(entry) else None
            if token and token.expires_on - time.time() > _RENEW_BEFORE:
                return token
        return None

    def tokens(self) -> dict[str, Any]:
        """MSAL's cache, an empty one in place of a damaged one: all in it can be had again."""
        with self._opened(_TOKENS) as text:
            return _token_cache(text)

    def change_tokens(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Change MSAL's cache, while nobody else does. The function makes a new one out of that which is kept."""
        self._cache = None
        with self._opened(_TOKENS) as text:
            before = _token_cache(text)
            after = change(before)
            if after != before:
                text.save(json.dumps(after))

    def forget_tokens(self, client_ids: Iterable[str | None]) -> bool:
        """Delete the tokens of applications, compared without case; gives whether there were any."""
        gone = {_folded(client_id) for client_id in client_ids}
        forgotten: list[str] = []

        def forget(cache: dict[str, Any]) -> dict[str, Any]:
            entries = cache.get("AccessToken", {})
            forgotten.extend(key for key in entries if _folded(entries[key].get("client_id")) in gone)
            return {**cache, "AccessToken": {k: entries[k] for k in entries if k not in forgotten}}

        self.change_tokens(forget)
        return bool(forgotten)

    def secret(self, tenant_id: str, client_id: str) -> Secret | None:
        """The secret that signed an application in; in another tenant it has the same, as az takes it."""
        with self._opened(_SECRETS) as text:
            secrets = self._secrets(text)
        own = secrets.get(_key(tenant_id, client_id))
        found = own or next((value for key, value in secrets.items() if _is_of(key, client_id)), None)
        return Secret(found) if found else None

    def keep_secret(self, tenant_id: str, client_id: str, secret: Secret) -> None:
        """Store an application's secret."""
        with self._opened(_SECRETS) as text:
            text.save(json.dumps({**self._secrets(text), _key(tenant_id, client_id): secret.reveal()}))

    def forget_secrets(self, client_id: str) -> bool:
        """Delete an application's secrets, whatever the tenant; gives whether there were any."""
        with self._opened(_SECRETS) as text:
            secrets = self._secrets(text)
            kept = {key: value for key, value in secrets.items() if not _is_of(key, client_id)}
            if len(kept) < len(secrets):
                text.save(json.dumps(kept))
        return len(kept) < len(secrets)

    def clear(self) -> None:
        """Delete all tokens and secrets, readable or not."""
        self._cache = None
        for name in (_TOKENS, _SECRETS):
            with self._opened(name) as text:
                text.delete()

    @contextmanager
    def _opened(self, name: str) -> Iterator[ProtectedText]:
        path = self._folder / name
        with private_files.locked(path):
            yield protected_text(path)

    def _secrets(self, text: ProtectedText) -> dict[str, str]:
        """The secrets by key. What is damaged is left alone: who knows what can still be made of it."""
        try:
            found = _document(text)
        except _DAMAGED:
            found = None
        if isinstance(found, dict) and all(isinstance(value, str) for value in found.values()):
            return found
        raise AcrBridgeError(
            "FILE_UNREADABLE",
            f"The stored secrets {self._folder / _SECRETS} are damaged.",
            remedy="Delete them, then sign in again: acrbridge account clear",
        )


def _document(text: ProtectedText) -> Any:
    """A text as JSON, an empty object where there is none; raises what reading a damaged one raises."""
    loaded = text.load()
    return {} if loaded is None else json.loads(loaded)


def _token_cache(text: ProtectedText) -> dict[str, Any]:
    try:
        found = _document(text)
    except _DAMAGED:
        return {}
    return found if _is_token_cache(found) else {}


def _is_token_cache(document: Any) -> TypeGuard[dict[str, Any]]:
    """Whether a document has the form of MSAL's cache: entries, which are objects, by kind and key."""
    return isinstance(document, dict) and all(
        isinstance(entries, dict) and all(isinstance(entry, dict) for entry in entries.values())
        for entries in document.values()
    )


def _access_token(entry: Any) -> AccessToken | None:
    try:
        return AccessToken(Secret(str(entry["secret"])), int(entry["expires_on"]))
    except (KeyError, TypeError, ValueError):
        return None


def _key(tenant_id: str, client_id: str) -> str:
    return f"{tenant_id}/{client_id}".lower()


def _is_of(key: str, client_id: str) -> bool:
    """Whether a secret is stored for an application."""
    return key.lower().endswith(f"/{client_id.lower()}")


def _folded(client_id: Any) -> Any:
    """A client ID for comparison; MSAL has None for a host's own identity."""
    return client_id.lower() if isinstance(client_id, str) else client_id
