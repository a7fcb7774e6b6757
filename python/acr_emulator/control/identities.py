"""What Entra writes into an access token, and for which services it gives one."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from acr_emulator import faults
from acr_emulator.control.callers import audiences

if TYPE_CHECKING:
    from acr_emulator.records import Identity
    from acr_emulator.world import World

OTHER_RESOURCES = (
    "https://containerregistry.azure.net",
    "https://graph.microsoft.com",
    "https://graph.windows.net",
    "https://vault.azure.net",
)
"""Services beside ARM that tokens are given for. Of these the emulator plays only the container registry."""


def is_resource(world: World, resource: str) -> bool:
    """Whether Entra knows a service by this name; a slash at the end does not count."""
    known = {name.rstrip("/") for name in (*audiences(world), *OTHER_RESOURCES)}
    return resource.rstrip("/") in known


def lifetime(world: World, usual: int) -> int:
    """Seconds that a new token lives: the usual number, or what the fault `token-lifetime` says."""
    given = faults.argument(world, "token-lifetime")
    return usual if given is None else int(float(given))


def access_token(world: World, identity: Identity, audience: str, seconds: int) -> str:
    """A signed access token (version 1.0) for an application.

    Claims: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
    """
    issuer = f"https://sts.windows.net/{identity.tenant_id}/"
    managed = {"xms_mirid": identity.resource_id} if identity.resource_id else {}
    claims = {
        "aud": audience,
        "iss": issuer,
        "aio": secrets.token_urlsafe(24),
        "appid": identity.client_id,
        "appidacr": "1" if identity.kind == "servicePrincipal" else "2",
        "idp": issuer,
        "idtyp": "app",
        "oid": identity.object_id,
        "sub": identity.object_id,
        "tid": identity.tenant_id,
        "uti": secrets.token_urlsafe(16),
        "ver": "1.0",
        **managed,
    }
    return world.signer.sign(claims, seconds)
