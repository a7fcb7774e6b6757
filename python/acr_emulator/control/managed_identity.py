"""Managed identities: the instance metadata service of a virtual machine, and App Service's endpoint.

https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token and
https://learn.microsoft.com/azure/app-service/overview-managed-identity#connect-to-azure-services-in-app-code
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

from acr_emulator.control.calls import AzureJSON, Call
from acr_emulator.control.identities import access_token, is_resource, lifetime
from acr_emulator.records import Identity

if TYPE_CHECKING:
    from starlette.responses import Response

    from acr_emulator.state import State

TOKEN_SECONDS = 86399
SELECTORS = {
    "client_id": "client_id",
    "clientid": "client_id",
    "object_id": "object_id",
    "principal_id": "object_id",
    "msi_res_id": "resource_id",
    "mi_res_id": "resource_id",
}
"""Query parameters that choose a user-assigned identity, and the field that each is compared with."""


def instance_metadata(call: Call) -> Response:
    """`GET /metadata/identity/oauth2/token` of a virtual machine, at 169.254.169.254 or where the client was told."""
    if call.request.headers.get("metadata", "").lower() != "true":
        return _bad_request("bad_request_102", "Required metadata header not specified")
    if call.request.headers.get("x-forwarded-for"):
        return _bad_request("bad_request_102", "Request contains the X-Forwarded-For header")
    resource = call.query("resource")
    if not call.query("api-version") or not resource:
        return _bad_request(
            "invalid_request", "Required query variable 'api-version' or 'resource' is missing"
        )
    identity = _chosen(call)
    if identity is None:
        return _bad_request("invalid_request", "Identity not found")
    if not is_resource(call.world, resource):
        return _bad_request(
            "invalid_resource",
            f"AADSTS500011: The resource principal named {resource} was not found in the tenant named "
            f"{identity.tenant_id}.",
        )
    seconds = lifetime(call.world, TOKEN_SECONDS)
    return AzureJSON(
        {
            **_answer(call, identity, resource, seconds),
            "expires_in": str(seconds),
            "ext_expires_in": str(seconds),
            "not_before": str(int(time.time())),
        }
    )


def app_service(call: Call) -> Response:
    """`GET /msi/token`: App Service's endpoint, which wants the secret of its IDENTITY_HEADER."""
    given = call.request.headers.get("x-identity-header", "")
    if not secrets.compare_digest(given.encode(), call.world.identity_header.encode()) or not given:
        return AzureJSON({"statusCode": 401, "message": "Unauthorized"}, 401)
    resource = call.query("resource")
    if not call.query("api-version") or not resource or not is_resource(call.world, resource):
        return AzureJSON({"statusCode": 400, "message": f"Resource '{resource or ''}' is not valid."}, 400)
    identity = _chosen(call)
    if identity is None:
        text = "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."
        return AzureJSON({"statusCode": 400, "message": text}, 400)
    return AzureJSON(_answer(call, identity, resource, lifetime(call.world, TOKEN_SECONDS)))


def _chosen(call: Call) -> Identity | None:
    asked = [(field, value) for name, field in SELECTORS.items() if (value := call.query(name))]
    if len(asked) > 1:
        return None
    if not asked:
        return _system_assigned(call.world.state)
    field, value = asked[0]
    return next((i for i in _managed(call.world.state) if _equal(getattr(i, field), value)), None)


def _system_assigned(state: State) -> Identity | None:
    """The machine's own identity, or the only one that it was given, as Azure chooses."""
    managed = _managed(state)
    own = [identity for identity in managed if identity.kind == "systemAssigned"]
    return own[0] if own else (managed[0] if len(managed) == 1 else None)


def _managed(state: State) -> list[Identity]:
    return [identity for identity in state.find(Identity) if identity.kind != "servicePrincipal"]


def _equal(known: str | None, asked: str) -> bool:
    return known is not None and known.lower() == asked.lower()


def _answer(call: Call, identity: Identity, resource: str, seconds: int) -> dict[str, Any]:
    return {
        "access_token": access_token(call.world, identity, resource, seconds),
        "client_id": identity.client_id,
        "expires_on": str(int(time.time()) + seconds),
        "resource": resource,
        "token_type": "Bearer",
    }


def _bad_request(error: str, description: str) -> Response:
    return AzureJSON({"error": error, "error_description": description}, 400)
