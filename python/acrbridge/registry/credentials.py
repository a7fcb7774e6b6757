"""What docker and podman keep for a registry: `auths`, `credHelpers` and `credsStore` of a config.json or auth.json.

Formats: docker/cli, cli/config/configfile; containers-auth.json(5).
"""

from __future__ import annotations

import base64
import json
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acrbridge.jobs import Secret
from acrbridge.references import DOCKER_HUB, registry_host
from acrbridge.registry import credential_helpers
from acrbridge.registry.auth import Password, RefreshToken
from acrbridge.registry.credential_helpers import UnusableLogin

_LIMIT = 1 << 20
"""Bytes of a file."""
_HUB_SERVER = "https://index.docker.io/v1/"
"""What Docker Hub is called in files and by helpers."""

Login = Password | RefreshToken
AskHelper = Callable[[object, str], Login | None]
"""Takes a helper's name and a server; as `credential_helpers.ask`."""


def stored_login(files: Iterable[Path], host: str, tell: Callable[[str], None]) -> Login | None:
    """The first login that files keep for one host; None where none does.

    Args:
        files: in order; one that is not there keeps nothing.
        host: as `references.registry_host` gives it. Nothing that is kept for another host is touched.
        tell: hears, in one line, why what is kept cannot be used.
    """
    for file in files:
        try:
            config = DockerConfig.read(file)
            found = config.login(host) if config else None
        except UnusableLogin as error:
            tell(f"{file}: {error}")
            continue
        if found:
            return found
    return None


@dataclass(frozen=True)
class DockerConfig:
    """What such a file says of logins."""

    auths: Mapping[str, Any]
    """By address of the registry, as it was typed once."""
    helpers: Mapping[str, Any]
    """Names of helpers, by address of the registry."""
    store: Any
    """Name of the helper for all others."""

    @classmethod
    def read(cls, file: Path) -> DockerConfig | None:
        """Read a file; None where there is none.

        Raises:
            UnusableLogin: it cannot be read, is too large, or no such file.
        """
        content = _content(file)
        if content is None:
            return None
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            raise UnusableLogin("the file is not JSON.") from None
        if not isinstance(document, dict):
            raise UnusableLogin("the file is not a JSON object.")
        return cls(_object(document, "auths"), _object(document, "credHelpers"), document.get("credsStore"))

    def login(self, host: str, ask: AskHelper = credential_helpers.ask) -> Login | None:
        """The login for one host: its helper's, else the one in the file.

        Raises:
            UnusableLogin: there is one, and it cannot be used.
        """
        helper = _entry_of(self.helpers, host)
        if helper := helper if helper is not None else self.store:
            found = ask(helper, _HUB_SERVER if host == DOCKER_HUB else host)
            if found:
                return found
        entry = _entry_of(self.auths, host)
        return None if entry is None else _login(entry, host)


def _content(file: Path) -> bytes | None:
    try:
        if not stat.S_ISREG(file.stat().st_mode):  # a pipe would be waited for
            raise UnusableLogin("this is no regular file.")
        with file.open("rb") as opened:
            content = opened.read(_LIMIT + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UnusableLogin(f"the file cannot be read: {error.strerror}.") from None
    if len(content) > _LIMIT:
        raise UnusableLogin(f"the file is larger than {_LIMIT >> 20} MiB.")
    return content


def _object(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = document.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UnusableLogin(f"{key!r} is not an object.")
    return value


def _entry_of(entries: Mapping[str, Any], host: str) -> Any:
    """What is kept for a host; of several spellings of it the plain one."""
    names = [name for name in entries if registry_host(name) == host]
    return entries[min(names, key=lambda name: name != host)] if names else None


def _login(entry: Any, host: str) -> Login | None:
    """The login of an entry; None in one that is empty, where a helper keeps it."""
    if not isinstance(entry, dict):
        raise UnusableLogin(f"what is kept for {host} is not an object.")
    fields = {name: entry.get(name) or "" for name in ("auth", "identitytoken", "username", "password")}
    if not all(isinstance(field, str) for field in fields.values()):
        raise UnusableLogin(f"what is kept for {host} is not text.")
    if fields["identitytoken"]:
        return RefreshToken(Secret(fields["identitytoken"]))
    if fields["auth"]:
        return _basic(fields["auth"], host)
    if fields["username"] and fields["password"]:
        return credential_helpers.password(fields["username"], fields["password"])
    return None


def _basic(auth: str, host: str) -> Password:
    """User and password out of `auth`, where docker pads the password with NUL."""
    try:
        pair = base64.b64decode(auth, validate=True).decode()
    except ValueError:
        pair = ""
    username, colon, secret = pair.partition(":")
    if not colon:
        raise UnusableLogin(f"what is kept for {host} is not user and password in base64.")
    return credential_helpers.password(username, secret.rstrip("\0"))
