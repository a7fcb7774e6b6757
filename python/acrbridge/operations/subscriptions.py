"""The subscriptions that accounts see."""

from __future__ import annotations

from typing import Any

from acrbridge.azure.arm import SUBSCRIPTIONS, ArmClient
from acrbridge.azure.identity import tenant_of
from acrbridge.azure.profile import Account, Subscription
from acrbridge.errors import AcrBridgeError
from acrbridge.jobs import Notice
from acrbridge.operations.session import Session


def subscriptions(session: Session, *, refresh: bool = False) -> list[Subscription]:
    """The subscriptions of all signed-in accounts.

    Args:
        session: a session.
        refresh: ask Azure again which there are. An account that fails keeps what it had; the listener is told.
    """
    if refresh:
        held = session.profile.subscriptions
        found = {account: _refreshed(session, account) for account in dict.fromkeys(s.account for s in held)}
        session.profile.refresh({account: seen for account, seen in found.items() if seen is not None})
    return session.profile.subscriptions


def select(session: Session, text: str) -> None:
    """Make a subscription the default, by ID or name.

    Raises:
        SignInError: NOT_SIGNED_IN.
        NotFoundError: SUBSCRIPTION_NOT_FOUND.
    """
    session.profile.select(text)


def seen_by(arm: ArmClient, account: Account, tenant: str, cloud: str) -> list[Subscription]:
    """The subscriptions that an account sees now.

    Args:
        arm: Resource Manager, as the account.
        account: who looks.
        tenant: the tenant that issued the account's token.
        cloud: the cloud's name.

    Raises:
        AcrBridgeError: ANSWER_UNINTELLIGIBLE, or as `Refusal.error` says.
    """
    return [_subscription(item, account, tenant, cloud) for item in arm.list("/subscriptions", SUBSCRIPTIONS)]


def _refreshed(session: Session, account: Account) -> list[Subscription] | None:
    """What an account sees now; None where what it saw is to be kept."""
    try:
        tenant = tenant_of(session.identity.token(account, session.cloud.arm_resource))
        found = seen_by(session.arm_as(account), account, tenant, session.cloud.name)
    except AcrBridgeError as error:
        session.listener(
            Notice(f"What {account.identity_id or account.name} sees is kept as it was: {error.message}")
        )
        return None
    return found or [s for s in session.profile.subscriptions if s.account == account and s.is_tenant_level]


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
        tenant_id=tenant,
        account=account,
        cloud=cloud,
        managed_by=managers,
        home_tenant_id=str(item.get("tenantId") or tenant),
    )
