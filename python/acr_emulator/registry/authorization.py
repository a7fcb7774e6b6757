"""What the sender of one request may do, and the challenge to who may not (RFC 6750; OCI/Docker token scheme)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from acr_emulator.hosts import DOCKER_HUB, DOCKER_HUB_TOKEN_HOST
from acr_emulator.registry import access
from acr_emulator.registry.errors import RegistryError
from acr_emulator.tokens import TokenRefused

if TYPE_CHECKING:
    from acr_emulator.records import Registry
    from acr_emulator.world import World

DOCKER_HUB_SERVICE = "registry.docker.io"
"""What Docker Hub's challenge calls itself."""
MORE_INFORMATION = "authentication required, visit https://aka.ms/acr/authorization for more information."
"""ACR's words."""


@dataclass(frozen=True)
class Authorized:
    """What the sender of a request has shown that it may do.

    Attributes:
        known: whether it has shown who it is, or needs not.
        may: tells for a repository (or access.CATALOG) and an action whether it may do that.
        could: the same for a token with any scope: what the sender may do at all.
    """

    known: bool
    may: Callable[[str, str], bool]
    could: Callable[[str, str], bool]


def _nothing(_repository: str, _action: str) -> bool:
    return False


NOBODY = Authorized(known=False, may=_nothing, could=_nothing)


def authorize(world: World, registry: Registry, header: str | None) -> Authorized:
    """Read an Authorization header. One that does not hold counts as none at all.

    Args:
        world: whose rules and key count.
        registry: the one that was asked.
        header: the header's value; None where it is absent.
    """
    scheme, _, value = (header or "").partition(" ")
    if scheme.lower() == "bearer":
        return _bearer(world, registry, value.strip())
    credentials = basic_credentials(header)
    if credentials is not None:
        principal = access.authenticate_basic(world, registry, *credentials)
        return NOBODY if principal is None else _as_principal(world, registry, principal)
    if not access.wants_token(world, registry):
        return _as_principal(world, registry, access.ANONYMOUS)
    return NOBODY


def basic_credentials(header: str | None) -> tuple[str, str] | None:
    """User name and password of a Basic Authorization header (RFC 7617); None where it is none."""
    scheme, _, value = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(value.strip(), validate=True).decode()
    except ValueError:  # of base64 and of UTF-8
        return None
    username, colon, password = decoded.partition(":")
    return (username, password) if colon else None


def challenge(
    registry: Registry, login_server: str, repository: str | None, action: str, source: str = ""
) -> RegistryError:
    """The 401 that says which token is wanted and where to get it.

    No blank follows a comma: az splits the header at blanks and commas.

    Args:
        registry: the one that was asked.
        login_server: its host as the sender wrote it.
        repository: None on `/v2/` itself, which names no scope.
        action: what the sender may not do; commas may separate several.
        source: another repository, which a token must allow to pull from as well.
    """
    realm, service = token_endpoint(registry, login_server)
    header = f'Bearer realm="{realm}",service="{service}"'
    if repository is None:
        return unauthorized(registry, [], header)
    kind, name = ("registry", "catalog") if repository == access.CATALOG else ("repository", repository)
    scope = f"{kind}:{name}:{action}" + (f" repository:{source}:pull" if source else "")
    header += f',scope="{scope}",error="invalid_token"'
    detail = [{"Type": kind, "Name": name, "Action": word} for word in action.split(",")]
    return unauthorized(registry, detail, header)


def unauthorized(registry: Registry, detail: list[dict[str, str]], header: str = "") -> RegistryError:
    """The 401 of a registry, in its own words.

    Args:
        registry: the one that was asked.
        detail: which actions are refused.
        header: of WWW-Authenticate; "" for none.
    """
    message = MORE_INFORMATION if registry.kind == "azure" else ""
    headers = {"WWW-Authenticate": header} if header else None
    return RegistryError("UNAUTHORIZED", message, detail=detail, headers=headers)


def token_endpoint(registry: Registry, login_server: str) -> tuple[str, str]:
    """Realm and service of a registry's challenge."""
    if registry.host == DOCKER_HUB:
        return f"https://{DOCKER_HUB_TOKEN_HOST}/token", DOCKER_HUB_SERVICE
    return f"https://{login_server}/oauth2/token", login_server


def _as_principal(world: World, registry: Registry, principal: access.Principal) -> Authorized:
    may = _rules(world, registry, principal)
    return Authorized(known=True, may=may, could=may)


def _bearer(world: World, registry: Registry, token: str) -> Authorized:
    try:
        claims = world.signer.verify(token, [registry.host])
    except TokenRefused:
        return NOBODY
    if claims.get("grant_type") != "access_token":
        return NOBODY
    allowed = {
        (entry["name"] if entry["type"] == "repository" else access.CATALOG, action)
        for entry in claims["access"]
        for action in entry["actions"]
    }
    could = _rules(world, registry, access.principal_of_claims(claims))
    return Authorized(known=True, may=lambda name, action: (name, action) in allowed, could=could)


def _rules(world: World, registry: Registry, principal: access.Principal) -> Callable[[str, str], bool]:
    return lambda name, action: access.may(world, principal, registry, name, action)
