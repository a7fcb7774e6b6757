"""Who signs in to which registry, and with what: the one place that decides it."""

from __future__ import annotations

import logging

from acrbridge.azure.clouds import CLOUDS
from acrbridge.errors import RefusedError, SignInError
from acrbridge.jobs import Login, Notice
from acrbridge.operations.kept_logins import KeptLogins
from acrbridge.operations.session import Session
from acrbridge.references import is_login_server, registry_host
from acrbridge.registry.auth import Anonymous, Credential, Deferred, Password, RefreshToken, Settled

_LOG = logging.getLogger(__name__)


def registry_credential(session: Session, host: str, login: Login | None, *, reading: bool) -> Credential:
    """What to show one registry: the first there is of these.

    A login given for this side; the one that `registry login` keeps; in the registries of its cloud the signed-in
    account; docker's login; nothing. The account goes before docker's login, which `az acr login` may have left there
    and which is good for three hours only; docker's is used where there is no account, or where it has no right.

    Args:
        session: whose account, and whose settings.
        host: of the registry, with its port where it has one.
        login: what a person gave for this side. It goes nowhere else.
        reading: whether nothing would do: public images can be read.

    Raises:
        SignInError, RefusedError: of a registry of the account's cloud that is to be written, where nothing else is
            kept for it.
        AcrBridgeError: FILE_UNREADABLE, the list of logins that are kept.
    """
    if login:
        return _told(host, "the login that was given for it", Password(login.username, login.password))
    kept = KeptLogins(session.settings.folder, lambda line: session.listener(Notice(line)))
    address = registry_host(host) or host
    username = kept.username(address)
    if username is None:
        return _unkept(session, host, reading=reading)
    return Deferred(
        lambda: _kept(kept, address, username) or _settled(_unkept(session, host, reading=reading))
    )


def _kept(kept: KeptLogins, host: str, username: str) -> Settled | None:
    password = kept.password(host)
    return _told(host, "the login that is kept for it", Password(username, password)) if password else None


def _unkept(session: Session, host: str, *, reading: bool) -> Credential:
    if is_login_server(host, session.cloud.acr_suffix):
        return _account(session, host, reading=reading)
    return _deferred(session, host)


def _settled(credential: Credential) -> Settled:
    return credential.get() if isinstance(credential, Deferred) else credential


def _account(session: Session, host: str, *, reading: bool) -> Settled:
    try:
        return _told(host, "the signed-in account", session.refresh_token(host))
    except (SignInError, RefusedError) as error:
        stored = _stored(session, host)
        if isinstance(stored, Anonymous):
            if not reading:
                raise
            session.listener(Notice(f"{error.message} {host} is read without signing in."))
        return stored


def _deferred(session: Session, host: str) -> Credential:
    """What docker keeps, looked up while the registry is asked already; nothing starts where it keeps nothing."""
    if any(file.exists() for file in session.settings.docker_configs):
        return Deferred(lambda: _stored(session, host))
    return _told(host, "nothing", Anonymous())


def _stored(session: Session, host: str) -> Settled:
    from acrbridge.registry.credentials import stored_login

    def tell(why: str) -> None:
        session.listener(Notice(f"The login for {host} is not used: {why}"))

    address = registry_host(host) or host
    found = stored_login(session.settings.docker_configs, address, tell)
    if isinstance(found, RefreshToken) and not is_acr(address):
        tell("identity tokens are known of Azure's registries only.")
        found = None
    return _told(host, "docker's login", found) if found else _told(host, "nothing", Anonymous())


def is_acr(host: str) -> bool:
    """Whether a host is a registry of Azure's, of any cloud."""
    return any(is_login_server(host, cloud.acr_suffix) for cloud in CLOUDS.values())


def _told(host: str, what: str, credential: Settled) -> Settled:
    _LOG.debug("%s is shown %s", host, what)
    return credential
