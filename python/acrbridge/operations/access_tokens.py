"""Access tokens, to hand to other programs and other tenants' imports."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from acrbridge.azure.tenants import tenant_id
from acrbridge.errors import SignInError
from acrbridge.operations.session import Session


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
        wanted = tenant_id(session.http, session.cloud, tenant)
        if account.kind == "managedIdentity" and wanted != subscription.tenant_id:
            raise SignInError(
                "TENANT_MISMATCH",
                "For a managed identity, tokens can be had from its own tenant only:"
                f" {subscription.tenant_id}, not {wanted}.",
            )
        account = replace(account, tenant_id=wanted) if account.kind == "servicePrincipal" else account
        document = {"tenant": wanted}
    token = session.token(account, resource or session.cloud.arm_resource)
    local = datetime.fromtimestamp(token.expires_on)  # noqa: DTZ006 - az gives local time without a zone
    return {
        "accessToken": token.token.reveal(),
        "expiresOn": local.strftime("%Y-%m-%d %H:%M:%S.%f"),
        "expires_on": token.expires_on,
        **document,
        "tokenType": "Bearer",
    }
