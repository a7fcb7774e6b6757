"""Who somebody is to a registry, and what they may do there: one set of rules for tokens, Basic and imports.

An action is a word of ACR's token scopes: `pull`, `push`, `delete`, `metadata_read`, `metadata_write`, and
`*` on the catalog. Roles: https://learn.microsoft.com/azure/container-registry/container-registry-roles
"""

from __future__ import annotations

import fnmatch
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from acr_emulator import rights
from acr_emulator.records import Identity, Login
from acr_emulator.tokens import TokenRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from acr_emulator.records import Registry
    from acr_emulator.state import State
    from acr_emulator.world import World

NO_USERNAME = "00000000-0000-0000-0000-000000000000"
"""The user name that goes with a refresh token as password."""
CATALOG = ""
"""In place of a repository: the list of all of them, whose only action is `*`."""
ENTRA_AUDIENCES = (
    "https://containerregistry.azure.net",
    "https://management.azure.com",
    "https://management.core.windows.net",
)
"""Audiences of Entra tokens that ACR takes; ARM's, as azureADAuthenticationAsArmPolicy is enabled."""

ROLE_ACTIONS = {
    "pull": rights.PULL,
    "push": rights.PUSH,
    "delete": rights.DELETE,
    "metadata_read": rights.PULL,
    "metadata_write": rights.PUSH,
    "*": rights.PULL,
}
"""Control-plane action that stands behind each action, in the mode "RBAC Registry Permissions"."""

DATA_ACTIONS = {
    "pull": f"{rights.CONTENT}/read",
    "push": f"{rights.CONTENT}/write",
    "delete": f"{rights.CONTENT}/delete",
    "metadata_read": f"{rights.METADATA}/read",
    "metadata_write": f"{rights.METADATA}/write",
    "*": f"{rights.ACR}/catalog/read",
}
"""The same in the mode "RBAC Registry + ABAC Repository Permissions"."""

READ_ACTIONS = frozenset({"pull", "metadata_read", "*"})


@dataclass(frozen=True)
class Principal:
    """Somebody whom a registry knows.

    Attributes:
        kind: nobody in particular, an Entra identity, the admin user, or a user of the registry's own.
        name: object ID of an identity, otherwise the user name.
    """

    kind: Literal["anonymous", "identity", "admin", "login"]
    name: str = ""


ANONYMOUS = Principal("anonymous")


def is_open(world: World, registry: Registry) -> bool:
    """Whether a registry takes pushes from everybody, and so wants no token for anything."""
    return registry.anonymous_push or registry.host in world.options.anonymous_push


def wants_token(world: World, registry: Registry) -> bool:
    """Whether a registry answers only to bearers of a token: all but open ones and those without users."""
    if is_open(world, registry):
        return False
    return (
        registry.kind == "azure"
        or bool(registry.private_repositories)
        or bool(world.state.find(Login, host=registry.host))
    )


def authenticate_basic(world: World, registry: Registry, username: str, password: str) -> Principal | None:
    """Who brings this user name and password, or None where nobody has that pair.

    A registry of Azure knows its admin user, its repository-scoped tokens, service principals of its tenant
    (by client ID and secret), a refresh token under the user name of zeros, and an Entra access token without
    a user name, as importImage brings it. A foreign registry knows its own users.
    """
    login = world.state.get(Login, host=registry.host, username=username)
    if login is not None:
        return Principal("login", username) if _same(login.password, password) else None
    if registry.kind == "foreign":
        return None
    if username == NO_USERNAME:
        return principal_of_refresh_token(world, registry, password)
    if not username:
        return principal_of_entra_token(world, registry, password)
    if username.lower() == registry.name.lower():
        return _admin(registry, password)
    return _service_principal(world.state, registry, username, password)


def principal_of_entra_token(world: World, registry: Registry, token: str) -> Principal | None:
    """The identity that an Entra access token was given to; None for a token that does not hold here.

    It must end in the future, be meant for ARM or ACR, and come from the registry's own tenant.
    """
    audiences = [f"{audience}{slashes}" for audience in ENTRA_AUDIENCES for slashes in ("", "/", "//")]
    try:
        claims = world.signer.verify(token, audiences)
    except TokenRefused:
        return None
    if claims.get("tid") != registry.tenant_id:
        return None
    return Principal("identity", str(claims.get("oid", "")))


def principal_of_refresh_token(world: World, registry: Registry, token: str) -> Principal | None:
    """Whom a registry gave a refresh token to; None for one that has ended or is another registry's."""
    try:
        claims = world.signer.verify(token, [registry.host])
    except TokenRefused:
        return None
    return principal_of_claims(claims) if claims.get("grant_type") == "refresh_token" else None


def claims_of_principal(principal: Principal) -> dict[str, Any]:
    """How the registry's own tokens name somebody."""
    return {"sub": principal.name, "principal": principal.kind}


def principal_of_claims(claims: dict[str, Any]) -> Principal:
    """The reverse of `claims_of_principal`."""
    return Principal(claims["principal"], claims["sub"])


def may(world: World, principal: Principal, registry: Registry, repository: str, action: str) -> bool:
    """Whether somebody may do an action in a repository (or, with CATALOG, list all repositories)."""
    if action not in ROLE_ACTIONS:
        return False
    if is_open(world, registry) or (action in READ_ACTIONS and _is_public(registry, repository)):
        return True
    match principal.kind:
        case "anonymous":
            return False
        case "admin":
            return True
        case "login":
            return _login_may(world.state, principal.name, registry, repository, action)
        case "identity":
            return _identity_may(world.state, principal.name, registry, action)


def granted(
    world: World, principal: Principal, registry: Registry, repository: str, actions: Iterable[str]
) -> list[str]:
    """Those of the actions that somebody may do, in the order asked for."""
    return [action for action in actions if may(world, principal, registry, repository, action)]


def _is_public(registry: Registry, repository: str) -> bool:
    if registry.kind == "azure":
        return registry.anonymous_pull
    if repository == CATALOG:
        return not registry.private_repositories
    return not any(fnmatch.fnmatchcase(repository, pattern) for pattern in registry.private_repositories)


def _login_may(state: State, username: str, registry: Registry, repository: str, action: str) -> bool:
    login = state.get(Login, host=registry.host, username=username)
    if login is None:
        return False
    if repository == CATALOG:
        action = "pull" if registry.kind == "foreign" else "metadata_read"
        return any(pattern == "*" and action in actions for pattern, actions in login.scopes)
    return any(
        action in actions and fnmatch.fnmatchcase(repository, pattern) for pattern, actions in login.scopes
    )


def _identity_may(state: State, object_id: str, registry: Registry, action: str) -> bool:
    data = registry.repository_permissions
    name = (DATA_ACTIONS if data else ROLE_ACTIONS)[action]
    return rights.is_allowed(state, object_id, name, registry.resource_id, data=data)


def _admin(registry: Registry, password: str) -> Principal | None:
    if not registry.admin_user_enabled:
        return None
    known = any(p and _same(p, password) for p in registry.admin_passwords)
    return Principal("admin", registry.name) if known else None


def _service_principal(state: State, registry: Registry, client_id: str, secret: str) -> Principal | None:
    identity = state.get(Identity, client_id=client_id.lower())
    if identity is None or identity.secret is None or identity.secret_expired:
        return None
    if identity.tenant_id != registry.tenant_id or not _same(identity.secret, secret):
        return None
    return Principal("identity", identity.object_id)


def _same(secret: str, given: str) -> bool:
    return secrets.compare_digest(secret.encode(), given.encode())
