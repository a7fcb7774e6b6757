"""Sign in and out, and say who is signed in."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from acrbridge.azure.arm import SUBSCRIPTIONS
from acrbridge.azure.identity import tenant_of
from acrbridge.azure.profile import Account, Subscription
from acrbridge.errors import AcrBridgeError, SignInError, UsageError
from acrbridge.http.client import Request
from acrbridge.jobs import Secret
from acrbridge.operations.session import Session

_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_DOMAIN = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")


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
        The subscriptions that it sees; the first one becomes the default.

    Raises:
        SignInError: by Entra's code; NO_SUBSCRIPTIONS.
    """
    account = Account("servicePrincipal", client_id, _tenant_id(session, tenant))
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
        The subscriptions that it sees; the first one becomes the default.

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
    token = session.identity.sign_in(account, secret)
    found = _subscriptions(session, account, token.token, tenant_of(token))
    if not found and allow_none:
        found = [_tenant_only(account, tenant_of(token))]
    if not found:
        session.identity.sign_out(account)
        raise SignInError(
            "NO_SUBSCRIPTIONS", f"No subscriptions found for {account.identity_id or account.name}."
        )
    session.profile.add(account, found)
    return [s for s in session.profile.subscriptions if s.account == account]


def _subscriptions(session: Session, account: Account, token: Secret, tenant: str) -> list[Subscription]:
    from acrbridge.azure.arm import ArmClient

    arm = ArmClient(session.cloud.arm, session.http, lambda renew: token.reveal())  # noqa: ARG005 - just made
    found = arm.list("/subscriptions", SUBSCRIPTIONS)
    return [_subscription(item, account, tenant, session.cloud.name) for item in found]


def _subscription(item: Any, account: Account, tenant: str, cloud: str) -> Subscription:
    """A subscription as Resource Manager describes it."""
    try:
        identity = item["subscriptionId"]
        managers = tuple(str(manager["tenantId"]) for manager in item.get("managedByTenants") or [])
    except (KeyError, TypeError, AttributeError):
        identity, managers = None, ()
    if not isinstance(identity, str):
        raise AcrBridgeError("ANSWER_UNINTELLIGIBLE", "Azure described a subscription without ID.")
    return Subscription(
        id=identity,
        name=str(item.get("displayName") or identity),
        state=str(item.get("state") or "Enabled"),
        tenant_id=str(item.get("tenantId") or tenant),
        account=account,
        cloud=cloud,
        managed_by=managers,
    )


def _tenant_only(account: Account, tenant: str) -> Subscription:
    """What az shows for an account without subscriptions."""
    return Subscription(tenant, "N/A(tenant level account)", "Enabled", tenant, account)


def _tenant_id(session: Session, tenant: str) -> str:
    """A tenant's ID out of its ID or domain, from Entra's discovery document."""
    if _GUID.fullmatch(tenant):
        return tenant.lower()
    if not _DOMAIN.fullmatch(tenant):
        raise SignInError("TENANT_UNKNOWN", f"{tenant!a} is neither a tenant's ID nor a domain.")
    url = f"{session.cloud.authority}/{tenant}/v2.0/.well-known/openid-configuration"
    response = session.http.send(Request("GET", url))
    if response.status >= 500:
        raise AcrBridgeError("SERVICE_ERROR", f"Entra answered {response.status}.")
    if response.status != 200:
        raise SignInError("TENANT_UNKNOWN", f"Failed to resolve tenant {tenant!r}.")
    found = _GUID.search(str(response.json_object().get("issuer")))
    if found is None:
        raise AcrBridgeError("ANSWER_UNINTELLIGIBLE", f"Entra describes tenant {tenant!r} without ID.")
    return found[0].lower()


def sign_out(session: Session, username: str | None = None) -> None:
    """Forget an account, by default that of the subscription in use.

    Raises:
        SignInError: NOT_SIGNED_IN, there is no such account.
    """
    name = username or session.subscription.account.name
    gone = session.profile.remove(name)
    if not gone:
        raise SignInError("NOT_SIGNED_IN", f"There is no signed-in account {name!r}.")
    for account in gone:
        session.identity.sign_out(account)


def sign_out_all(session: Session) -> None:
    """Forget all accounts, their tokens and secrets."""
    from acrbridge.azure.token_store import TokenStore

    session.profile.remove(None)
    TokenStore(session.settings.folder).clear()


def subscriptions(session: Session, *, refresh: bool = False) -> list[Subscription]:
    """The subscriptions of all signed-in accounts; `refresh` asks Azure again which there are."""
    if refresh:
        chosen = next((s.id for s in session.profile.subscriptions if s.is_default), None)
        for account in dict.fromkeys(s.account for s in session.profile.subscriptions):
            token = session.identity.token(account, session.cloud.arm_resource)
            session.profile.add(account, _subscriptions(session, account, token.token, tenant_of(token)))
        for subscription in session.profile.subscriptions:
            if subscription.id == chosen:
                session.profile.select(subscription)
    return session.profile.subscriptions


def select(session: Session, text: str) -> None:
    """Make a subscription the default, by ID or name."""
    session.profile.select(session.profile.find(text))


def access_token(
    session: Session, *, resource: str | None = None, tenant: str | None = None
) -> dict[str, str | int]:
    """An access token as `az account get-access-token` shows it.

    Args:
        session: a session; its subscription says whose token.
        resource: the audience; by default Resource Manager's.
        tenant: the tenant to get it from, instead of the subscription's.

    Raises:
        SignInError: by Entra's code; TENANT_MISMATCH, a managed identity has only its own tenant.
    """
    subscription = session.subscription
    account = subscription.account
    document: dict[str, str | int] = {"subscription": subscription.id, "tenant": subscription.tenant_id}
    if tenant:
        wanted = _tenant_id(session, tenant)
        if account.kind == "managedIdentity" and wanted != subscription.tenant_id:
            raise SignInError(
                "TENANT_MISMATCH",
                "For a managed identity, tokens can be had from its own tenant only:"
                f" {subscription.tenant_id}, not {wanted}.",
            )
        account = replace(account, tenant_id=wanted) if account.kind == "servicePrincipal" else account
        document = {"tenant": wanted}
    token = session.identity.token(account, resource or session.cloud.arm_resource)
    local = datetime.fromtimestamp(token.expires_on)  # noqa: DTZ006 - az gives local time without a zone
    return {
        "accessToken": token.token.reveal(),
        "expiresOn": local.strftime("%Y-%m-%d %H:%M:%S.%f"),
        "expires_on": token.expires_on,
        **document,
        "tokenType": "Bearer",
    }


def exposed_registry_token(session: Session, registry: str) -> dict[str, str]:
    """ACR's refresh token, as `az acr login --expose-token` shows it, for docker and its like.

    Raises:
        NotFoundError: TARGET_REGISTRY_NOT_FOUND.
    """
    login_server = session.find_registry(registry).login_server
    token = session.exchange(login_server).reveal()
    return {
        "accessToken": token,
        "loginServer": login_server,
        "refreshToken": token,
        "username": "00000000-0000-0000-0000-000000000000",
    }
