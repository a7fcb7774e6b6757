"""A tenant's ID out of its ID or domain."""

from __future__ import annotations

import re

from acrbridge.azure.clouds import Cloud
from acrbridge.errors import AcrBridgeError, SignInError
from acrbridge.http.client import HttpClient, Request

_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_DOMAIN = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")


def tenant_id(http: HttpClient, cloud: Cloud, tenant: str) -> str:
    """A tenant's ID, which for a domain is in Entra's discovery document.

    Args:
        http: the HTTP client.
        cloud: whose Entra is asked.
        tenant: ID or domain.

    Raises:
        SignInError: TENANT_UNKNOWN.
        AcrBridgeError: SERVICE_ERROR, ANSWER_UNINTELLIGIBLE.
    """
    if _GUID.fullmatch(tenant):
        return tenant.lower()
    if not _DOMAIN.fullmatch(tenant):
        raise SignInError("TENANT_UNKNOWN", f"{tenant!a} is neither a tenant's ID nor a domain.")
    url = f"{cloud.authority}/{tenant}/v2.0/.well-known/openid-configuration"
    response = http.send(Request("GET", url))
    if response.status >= 500:
        raise AcrBridgeError("SERVICE_ERROR", f"Entra answered {response.status}.")
    if response.status != 200:
        raise SignInError("TENANT_UNKNOWN", f"Failed to resolve tenant {tenant!r}.")
    found = _GUID.search(str(response.json_object().get("issuer")))
    if found is None:
        raise AcrBridgeError("ANSWER_UNINTELLIGIBLE", f"Entra describes tenant {tenant!r} without ID.")
    return found[0].lower()
