"""Who calls ARM: the bearer token checked, and what its identity may do."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from acr_emulator import rights
from acr_emulator.control import errors
from acr_emulator.records import Subscription
from acr_emulator.tokens import TokenRefused

if TYPE_CHECKING:
    from starlette.requests import Request

    from acr_emulator.world import World


@dataclass(frozen=True)
class Caller:
    """The identity of a verified token."""

    object_id: str
    client_id: str
    tenant_id: str

    def may(self, world: World, action: str, scope: str) -> bool:
        """Whether this caller may do an action on a scope."""
        return rights.is_allowed(world.state, self.object_id, action, scope)

    def must_be_allowed(self, world: World, action: str, scope: str) -> None:
        """Refuse with AuthorizationFailed a caller who may not do an action on a scope.

        Raises:
            ArmError: the caller may not.
        """
        if not self.may(world, action, scope):
            raise errors.not_authorized(self, action, scope)

    def sees(self, world: World, scope: str) -> bool:
        """Whether this caller holds any role on a scope, above it or below it."""
        return rights.is_visible(world.state, self.object_id, scope)


def audiences(world: World) -> tuple[str, ...]:
    """Audiences that ARM takes: Azure's, and the emulator's own address for `az cloud register`.

    A scope `https://management.core.windows.net//.default` gives an audience with one slash at its end.
    """
    own = tuple(f"https://{host}:{world.options.port}" for host in ("localhost", "127.0.0.1"))
    return (*errors.ARM_AUDIENCES, *own, *(f"{name}/" for name in own))


def authenticate(world: World, request: Request) -> Caller:
    """The caller of a request.

    Raises:
        ArmError: 401, as ARM refuses a token that is missing, no token, expired, or for another service.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise errors.missing_token()
    try:
        claims = world.signer.verify(token, audiences(world))
    except TokenRefused as refused:
        raise _refusal(refused, token) from None
    return Caller(str(claims.get("oid", "")), str(claims.get("appid", "")), str(claims.get("tid", "")))


def subscription_of(world: World, caller: Caller, subscription_id: str) -> Subscription:
    """The subscription that a path names.

    Raises:
        ArmError: it is malformed, unknown, or belongs to another tenant than the caller's token.
    """
    if not _is_guid(subscription_id):
        raise errors.invalid_subscription(subscription_id)
    subscription = world.state.get(Subscription, subscription_id=subscription_id.lower())
    if subscription is None:
        raise errors.subscription_not_found(subscription_id)
    if subscription.tenant_id != caller.tenant_id:
        raise errors.wrong_tenant(caller, subscription)
    return subscription


def _refusal(refused: TokenRefused, token: str) -> errors.ArmError:
    if refused.reason == "invalid":
        return errors.invalid_token()
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    if refused.reason == "expired":
        return errors.expired_token(claims["exp"], time.time())
    return errors.wrong_audience(str(claims.get("aud", "")))


def _is_guid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
