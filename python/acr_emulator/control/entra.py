"""Entra: discovery, keys, and tokens for service principals.

Codes and texts: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

from __future__ import annotations

import secrets
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from acr_emulator import faults
from acr_emulator.control.calls import AzureJSON, Call, garbage
from acr_emulator.control.errors import AUTHORITY
from acr_emulator.control.identities import access_token, is_resource, lifetime
from acr_emulator.records import Identity, Tenant
from acr_emulator.world import ENTRA_HOSTS

if TYPE_CHECKING:
    from starlette.responses import Response

    from acr_emulator.state import State

TOKEN_SECONDS = 3599
ANY_TENANT = ("common", "organizations", "consumers")
SUFFIX = "/.default"


class EntraError(Exception):
    """A request that Entra refuses.

    Attributes:
        status: of HTTP.
        error: OAuth's word (RFC 6749, 5.2).
        code: the number after AADSTS.
        text: for a person, without the IDs that Entra adds.
    """

    def __init__(self, status: int, error: str, code: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.error = error
        self.code = code
        self.text = text


def openid_configuration(call: Call) -> Response:
    """`GET /{tenant}/v2.0/.well-known/openid-configuration`: where a tenant's endpoints are."""
    tenant = call.named("tenant")
    try:
        name = (
            tenant if tenant in ANY_TENANT else _tenant(call.world.state, tenant, "invalid_tenant").tenant_id
        )
    except EntraError as error:
        return _refused(call, error)
    issuer = "{tenantid}" if tenant in ANY_TENANT else name
    here = f"{call.base}/{name}"
    return AzureJSON(
        {
            "token_endpoint": f"{here}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "jwks_uri": f"{here}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": f"{AUTHORITY}/{issuer}/v2.0",
            "authorization_endpoint": f"{here}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{here}/oauth2/v2.0/devicecode",
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
        }
    )


def keys(call: Call) -> Response:
    """`GET /{tenant}/discovery/v2.0/keys`: the keys that tokens are signed with."""
    return AzureJSON(call.world.signer.jwks())


def instance_discovery(call: Call) -> Response:
    """`GET /common/discovery/instance`: whether an authority is one of Entra's, and its other names."""
    endpoint = urlsplit(call.query("authorization_endpoint") or "")
    own = {f"{host}:{call.world.options.port}" for host in ("localhost", "127.0.0.1")}
    if endpoint.netloc.lower() not in own.union(ENTRA_HOSTS):
        text = "Unknown or invalid instance."
        return _refused(call, EntraError(400, "invalid_instance", 50049, text))
    tenant = endpoint.path.split("/")[1] if endpoint.path.count("/") > 1 else "common"
    configuration = f"https://{endpoint.netloc}/{tenant}/v2.0/.well-known/openid-configuration"
    metadata = {
        "preferred_network": ENTRA_HOSTS[0],
        "preferred_cache": ENTRA_HOSTS[1],
        "aliases": list(ENTRA_HOSTS),
    }
    return AzureJSON(
        {"tenant_discovery_endpoint": configuration, "api-version": "1.1", "metadata": [metadata]}
    )


def token(call: Call) -> Response:
    """`POST /{tenant}/oauth2/v2.0/token`: a token for a service principal that shows its secret."""
    if faults.take(call.world, "entra-garbage"):
        return garbage()
    form = call.form()
    try:
        identity = _service_principal(call.world.state, call.named("tenant"), form)
        resource = _resource(call, form)
    except EntraError as error:
        return _refused(call, error)
    seconds = lifetime(call.world, TOKEN_SECONDS)
    given = access_token(call.world, identity, resource, seconds)
    return AzureJSON(
        {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": given}
    )


def _tenant(state: State, name: str, error: str = "invalid_request") -> Tenant:
    for tenant in state.find(Tenant):
        if name.lower() in (tenant.tenant_id, tenant.domain.lower()):
            return tenant
    raise EntraError(
        400,
        error,
        90002,
        f"Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are signing into the "
        "correct cloud. Check with your subscription administrator, this may happen if there are no active "
        "subscriptions for the tenant.",
    )


def _service_principal(state: State, tenant_name: str, form: dict[str, str]) -> Identity:
    grant = _needed(form, "grant_type")
    if grant != "client_credentials":
        text = f"The app requested an unsupported grant type '{grant}'."
        raise EntraError(400, "unsupported_grant_type", 70003, text)
    client_id = _needed(form, "client_id")
    tenant = _tenant(state, tenant_name)
    identity = state.get(Identity, client_id=client_id.lower())
    if identity is None or identity.tenant_id != tenant.tenant_id or identity.secret is None:
        raise EntraError(
            400,
            "unauthorized_client",
            700016,
            f"Application with identifier '{client_id}' was not found in the directory '{tenant.domain}'. This can "
            "happen if the application has not been installed by the administrator of the tenant or consented to by "
            "any user in the tenant. You may have sent your authentication request to the wrong tenant.",
        )
    _check_secret(identity, form.get("client_secret"))
    return identity


def _check_secret(identity: Identity, given: str | None) -> None:
    if not given:
        text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        raise EntraError(401, "invalid_client", 7000218, text)
    if not secrets.compare_digest(given.encode(), (identity.secret or "").encode()):
        raise EntraError(
            401,
            "invalid_client",
            7000215,
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
            f"not the client secret ID, for a secret added to app '{identity.client_id}'.",
        )
    if identity.secret_expired:
        raise EntraError(
            401,
            "invalid_client",
            7000222,
            f"The provided client secret keys for app '{identity.client_id}' are expired. Visit the Azure portal to "
            "create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials "
            "for added security: https://aka.ms/certCreds.",
        )


def _resource(call: Call, form: dict[str, str]) -> str:
    scope = _needed(form, "scope")
    if len(scope.split()) != 1:
        text = (
            "The provided request must include a 'scope' input parameter. The provided value for the input "
            f"parameter 'scope' is not valid. The scope {scope} is not valid."
        )
        raise EntraError(400, "invalid_scope", 70011, text)
    if not scope.endswith(SUFFIX):
        text = (
            f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value "
            f"with {SUFFIX} suffixed to the resource identifier (application ID URI)."
        )
        raise EntraError(400, "invalid_scope", 1002012, text)
    resource = scope.removesuffix(SUFFIX)
    if not is_resource(call.world, resource):
        text = (
            f"The resource principal named {resource} was not found in the tenant named {call.named('tenant')}. "
            "This can happen if the application has not been installed by the administrator of the tenant or "
            "consented to by any user in the tenant. You might have sent your authentication request to the wrong "
            "tenant."
        )
        raise EntraError(400, "invalid_resource", 500011, text)
    return resource


def _needed(form: dict[str, str], field: str) -> str:
    value = form.get(field)
    if not value:
        text = f"The request body must contain the following parameter: '{field}'."
        raise EntraError(400, "invalid_request", 900144, text)
    return value


def _refused(call: Call, error: EntraError) -> Response:
    trace = str(uuid.uuid4())
    correlation = call.request.headers.get("client-request-id") or str(uuid.uuid4())
    moment = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%SZ}"
    ids = f"Trace ID: {trace} Correlation ID: {correlation} Timestamp: {moment}"
    return AzureJSON(
        {
            "error": error.error,
            "error_description": f"AADSTS{error.code}: {error.text} {ids}",
            "error_codes": [error.code],
            "timestamp": moment,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"{AUTHORITY}/error?code={error.code}",
        },
        error.status,
    )
