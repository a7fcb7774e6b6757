"""Sign in and out."""

from __future__ import annotations

from typing import Any

from acrbridge.azure.identity import tenant_of
from acrbridge.azure.profile import Account, Subscription
from acrbridge.azure.tenants import tenant_id
from acrbridge.azure.token_store import AccessToken
from acrbridge.errors import SignInError, UsageError
from acrbridge.jobs import Secret
from acrbridge.operations.session import Session
from acrbridge.operations.subscriptions import seen_by


def service_principal(
    session: Session, client_id: str, secret: Secret, tenant: str, *, allow_none: bool = False
) -> list[Subscription]:
    """Sign in a service principal with its client secret.

    Args:
        session: a session.
        client_id: the application's ID.
        secret: the secret's value.
        tenant: ID or domain.
        allow_none: an account without subscriptions is no error.

    Returns:
        The subscriptions that it sees.

    Raises:
        SignInError: by Entra's code; NO_SUBSCRIPTIONS.
    """
    account = Account("servicePrincipal", client_id, tenant_id(session.http, session.cloud, tenant))
    return _sign_in(session, account, secret, allow_none=allow_none)


def managed_identity(
    session: Session,
    *,
    username: str | None = None,
    client_id: str | None = None,
    object_id: str | None = None,
    resource_id: str | None = None,
    allow_none: bool = False,
) -> list[Subscription]:
    """Sign in with a managed identity of this host: the system-assigned one, or that with the ID given.

    Args:
        session: a session.
        username: any ID of a user-assigned identity, as az took it before 2.91: which kind is found out.
        client_id: its client ID.
        object_id: its object (principal) ID.
        resource_id: its ARM resource ID.
        allow_none: an account without subscriptions is no error.

    Returns:
        The subscriptions that it sees.

    Raises:
        UsageError: OPTIONS_CONFLICT.
        SignInError: IDENTITY_UNAVAILABLE; NO_SUBSCRIPTIONS.
    """
    given = [value for value in (username, client_id, object_id, resource_id) if value]
    if len(given) > 1:
        raise UsageError(
            "OPTIONS_CONFLICT",
            "Usage error: Provide only one of --username, --client-id, --object-id, --resource-id.",
        )
    if username:
        return _either_identity(session, username, allow_none=allow_none)
    account = Account("managedIdentity", "systemAssignedIdentity", "")
    if client_id:
        account = _user_assigned("client", client_id)
    elif object_id:
        account = _user_assigned("object", object_id)
    elif resource_id:
        account = _user_assigned("resource", resource_id)
    return _sign_in(session, account, None, allow_none=allow_none)


def _either_identity(session: Session, text: str, *, allow_none: bool) -> list[Subscription]:
    """An ID of unknown kind: a resource ID shows itself, a GUID may be the client's or the object's."""
    if text.startswith("/"):
        return _sign_in(session, _user_assigned("resource", text), None, allow_none=allow_none)
    try:
        return _sign_in(session, _user_assigned("client", text), None, allow_none=allow_none)
    except SignInError as error:
        if error.code != "IDENTITY_UNAVAILABLE":
            raise
    return _sign_in(session, _user_assigned("object", text), None, allow_none=allow_none)


def _user_assigned(kind: Any, identity: str) -> Account:
    return Account("managedIdentity", "userAssignedIdentity", "", kind, identity)


def _sign_in(
    session: Session, account: Account, secret: Secret | None, *, allow_none: bool
) -> list[Subscription]:
    """Try the account, and keep what renews its tokens last: a sign-in that fails or is interrupted leaves nothing."""
    try:
        token = session.identity.sign_in(account, secret)
        found = _seen(session, account, token, allow_none=allow_none)
        session.profile.add(account, found)
    except BaseException:
        session.identity.forget_tokens(account)
        raise
    if secret is not None:
        session.identity.keep(account, secret)
    return [s for s in session.profile.subscriptions if s.account == account]


def _seen(session: Session, account: Account, token: AccessToken, *, allow_none: bool) -> list[Subscription]:
    """The subscriptions of an account that has just got a token, or what stands for it where it may have none."""
    tenant, cloud = tenant_of(token), session.cloud.name
    found = seen_by(session.arm_as(account, token), account, tenant, cloud)
    if found or allow_none:
        return found or [Subscription.of_tenant(account, tenant, cloud)]
    raise SignInError(
        "NO_SUBSCRIPTIONS", f"No subscriptions found for {account.identity_id or account.name}."
    )


def sign_out(session: Session, username: str | None = None) -> None:
    """Forget an account, by default that of the subscription in use: its tokens and secrets first, in every tenant.

    Args:
        session: a session.
        username: the account's user name, compared without case.

    Raises:
        SignInError: NOT_SIGNED_IN, there is no such account.
    """
    name = username or session.subscription.account.name
    had_secrets = session.identity.forget_application(name)
    for account in {s.account for s in session.profile.subscriptions if s.account.is_named(name)}:
        session.identity.forget_tokens(account)
    if not session.profile.remove(name) and not had_secrets:
        raise SignInError("NOT_SIGNED_IN", f"There is no signed-in account {name!r}.")


def sign_out_all(session: Session) -> None:
    """Forget all accounts, their tokens and secrets, also those that are damaged."""
    session.token_store.clear()
    session.profile.clear()
