"""Keep a login of a registry, tried before it is kept; list and forget what is kept."""

from __future__ import annotations

from typing import Any

from acrbridge.errors import AcrBridgeError, NotFoundError, UsageError
from acrbridge.jobs import Login, Notice
from acrbridge.operations.kept_logins import KeptLogin, KeptLogins
from acrbridge.operations.session import Session
from acrbridge.references import api_host, registry_host, without_own_port
from acrbridge.registry.auth import Password
from acrbridge.registry.client import RegistryClient

_REMEDIES = {
    "REGISTRY_UNAUTHORIZED": "Check user and password; some registries take a token in place of the password."
}


def login(session: Session, registry: str, given: Login) -> dict[str, Any]:
    """Keep a login that the registry accepts, for later copies.

    Args:
        session: whose settings folder keeps it.
        registry: its host, with its port where it has one.
        given: user and password.

    Raises:
        UsageError: REFERENCE_INVALID.
        RefusedError: REGISTRY_UNAUTHORIZED, the registry refused it; what was kept before stays.
    """
    host = _host(registry)
    password = Password(given.username, given.password)
    client = RegistryClient(api_host(host), session.http, password, remedies=_REMEDIES)
    try:
        wanted = client.sign_in()
    except NotFoundError:
        raise AcrBridgeError("ANSWER_UNINTELLIGIBLE", f"{host} does not answer as a registry does.") from None
    if not wanted:
        session.listener(Notice(f"{host} did not ask who signs in, so the password could not be tried."))
    return _as_json(host, _logins(session).keep(host, given))


def logout(session: Session, registry: str) -> None:
    """Forget the login that is kept for a registry.

    Raises:
        UsageError: REFERENCE_INVALID.
        NotFoundError: LOGIN_NOT_KEPT.
    """
    host = _host(registry)
    if not _logins(session).forget(host):
        raise NotFoundError("LOGIN_NOT_KEPT", f"No login is kept for {host}.")


def listing(session: Session) -> list[dict[str, Any]]:
    """The logins that are kept, without their passwords."""
    return [_as_json(host, kept) for host, kept in sorted(_logins(session).all().items())]


def _logins(session: Session) -> KeptLogins:
    return KeptLogins(session.settings.folder, lambda line: session.listener(Notice(line)))


def _as_json(host: str, kept: KeptLogin) -> dict[str, Any]:
    return {"kept": kept.place, "registry": host, "username": kept.username}


def _host(registry: str) -> str:
    host = registry_host(without_own_port(registry))
    if host is None or not ("." in host or ":" in host or host == "localhost"):
        raise UsageError(
            "REFERENCE_INVALID",
            f"{ascii(registry)[:200]} is not a registry's host.",
            remedy="Give its host, such as registry.example.com, docker.io or contoso.azurecr.io.",
        )
    return host
