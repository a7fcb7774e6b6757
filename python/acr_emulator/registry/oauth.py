"""Tokens of a registry: ACR's `/oauth2/exchange` and `/oauth2/token`, which also plays Docker Hub's `/token`.

Sources: https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md; https://distribution.github.io/distribution/spec/auth/
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from acr_emulator.registry import access
from acr_emulator.registry.authorization import basic_credentials, token_endpoint, unauthorized
from acr_emulator.registry.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.responses import Response

    from acr_emulator.registry.access import Principal
    from acr_emulator.registry.call import Call

REFRESH_LIFETIME = 3 * 3600
"""Seconds that a refresh token lasts."""
ACCESS_LIFETIME = 75 * 60
"""Seconds that an access token lasts."""
ISSUER = "Azure Container Registry"
EXCHANGE_GRANTS = ("access_token", "access_token_refresh_token")
REPOSITORY_ACTIONS = ("pull", "push", "delete", "metadata_read", "metadata_write")


async def exchange(call: Call) -> Response:
    """Give a refresh token for an Entra access token whose identity may do anything at all here."""
    form = await call.form()
    _check_service(call, form)
    if _first(form, "grant_type") not in EXCHANGE_GRANTS:
        raise RegistryError("UNSUPPORTED", "unsupported grant_type", status=400)
    principal = access.principal_of_entra_token(call.world, call.registry, _first(form, "access_token"))
    if principal is None or not _has_any_right(call, principal):
        raise unauthorized(call.registry, [])
    claims = {
        **_claims(call, principal, "refresh_token"),
        "tenant": call.registry.tenant_id,
        "permissions": {"actions": _rights(call, principal), "notActions": []},
        "roles": [],
    }
    return JSONResponse({"refresh_token": call.world.signer.sign(claims, REFRESH_LIFETIME)})


async def token_by_get(call: Call) -> Response:
    """Give an access token to who brings Basic credentials, or to everybody where that is of any use."""
    parameters = call.request.query_params
    header = call.request.headers.get("authorization")
    if header is None:
        principal = _anonymous(call)
    else:
        credentials = basic_credentials(header)
        principal = _known(
            call, credentials and access.authenticate_basic(call.world, call.registry, *credentials)
        )
    form = {name: parameters.getlist(name) for name in parameters}
    return _access_token(call, principal, form)


async def token_by_post(call: Call) -> Response:
    """Give an access token for a refresh token, or for a user name and a password (neither: anonymously)."""
    form = await call.form()
    return _access_token(call, _principal_of_form(call, form), form)


def _principal_of_form(call: Call, form: Mapping[str, list[str]]) -> Principal:
    match _first(form, "grant_type"):
        case "refresh_token":
            token = _first(form, "refresh_token")
            return _known(call, access.principal_of_refresh_token(call.world, call.registry, token))
        case "password" if "username" in form or "password" in form:
            credentials = (_first(form, "username"), _first(form, "password"))
            return _known(call, access.authenticate_basic(call.world, call.registry, *credentials))
        case "password":
            return _anonymous(call)
        case _:
            raise RegistryError("UNSUPPORTED", "unsupported grant_type", status=400)


def _access_token(call: Call, principal: Principal, form: Mapping[str, list[str]]) -> JSONResponse:
    """A token with what was asked for as far as it is allowed: a right that lacks shows at the call itself."""
    _check_service(call, form)
    scopes = [scope for value in form.get("scope", []) for scope in value.split()]
    claims = {
        **_claims(call, principal, "access_token"),
        "access": _granted(call, principal, scopes),
        "roles": [],
    }
    token = call.world.signer.sign(claims, ACCESS_LIFETIME)
    if call.registry.kind == "azure":
        return JSONResponse({"access_token": token})
    return JSONResponse({"token": token, "access_token": token, "expires_in": ACCESS_LIFETIME})


def _granted(call: Call, principal: Principal, scopes: Iterable[str]) -> list[dict[str, Any]]:
    entries = []
    for scope in scopes:
        kind, _, rest = scope.partition(":")
        name, _, wanted = rest.rpartition(":")
        if kind not in ("repository", "registry"):
            continue
        repository = name if kind == "repository" else access.CATALOG
        actions = REPOSITORY_ACTIONS if wanted == "*" and kind == "repository" else wanted.split(",")
        allowed = access.granted(call.world, principal, call.registry, repository, actions)
        entries.append({"type": kind, "name": name, "actions": allowed})
    return entries


def _claims(call: Call, principal: Principal, grant: str) -> dict[str, Any]:
    # Only ASCII, and neither of > ? ~: an SDK decodes the payload as base64, not as base64url.
    return {
        "jti": str(uuid.uuid4()),
        "iss": ISSUER,
        "aud": call.host,
        "version": "1.0",
        "grant_type": grant,
        **access.claims_of_principal(principal),
    }


def _anonymous(call: Call) -> Principal:
    registry = call.registry
    if registry.kind == "foreign" or registry.anonymous_pull or access.is_open(call.world, registry):
        return access.ANONYMOUS
    raise unauthorized(call.registry, [])


def _known(call: Call, principal: Principal | None) -> Principal:
    if principal is None:
        raise unauthorized(call.registry, [])
    return principal


def _has_any_right(call: Call, principal: Principal) -> bool:
    return bool(_rights(call, principal)) or access.may(
        call.world, principal, call.registry, access.CATALOG, "*"
    )


def _rights(call: Call, principal: Principal) -> list[str]:
    return access.granted(call.world, principal, call.registry, "", REPOSITORY_ACTIONS)


def _check_service(call: Call, form: Mapping[str, list[str]]) -> None:
    known = (call.host, call.login_server, token_endpoint(call.registry, call.login_server)[1])
    service = _first(form, "service")
    if service.lower() not in known:
        raise RegistryError("UNSUPPORTED", f"service is not {call.login_server}", status=400)


def _first(form: Mapping[str, list[str]], name: str) -> str:
    return form.get(name, [""])[0]
