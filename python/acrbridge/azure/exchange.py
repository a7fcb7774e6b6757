"""Entra's token for ACR's: `/oauth2/exchange` (Azure/acr docs, AAD-OAuth.md)."""

from __future__ import annotations

from urllib.parse import urlencode

from acrbridge.azure.token_store import AccessToken
from acrbridge.errors import AcrBridgeError, NetworkError, RefusedError
from acrbridge.http import refusals
from acrbridge.http.client import HttpClient, Request
from acrbridge.jobs import Secret


def refresh_token(http: HttpClient, login_server: str, token: AccessToken, tenant: str) -> Secret:
    """Exchange an Entra access token for the registry's refresh token.

    Args:
        http: the HTTP client.
        login_server: a login server that Resource Manager named, or that `references.is_login_server` accepts:
            the token goes there.
        token: for the audience of ACR or of Resource Manager.
        tenant: that issued it.

    Raises:
        RefusedError: REGISTRY_UNAUTHORIZED, the account has no right on the registry; REGISTRY_FIREWALL.
        NetworkError: THROTTLED, or the registry cannot be reached.
    """
    form = {
        "grant_type": "access_token",
        "service": login_server,
        "tenant": tenant,
        "access_token": token.token.reveal(),
    }
    response = http.send(
        Request(
            "POST",
            f"https://{login_server}/oauth2/exchange",
            {"Content-Type": "application/x-www-form-urlencoded"},
            urlencode(form),
            limit=64 << 10,
        )
    )
    if response.status == 200:
        value = response.json_object().get("refresh_token")
        if isinstance(value, str):
            return Secret(value)
    said = refusals.words(response)
    match response.status:
        case 401:
            raise RefusedError(
                "REGISTRY_UNAUTHORIZED", f"{login_server} does not let this account in: {said}"
            )
        case 403:
            raise RefusedError("REGISTRY_FIREWALL", f"{login_server} does not let this computer in: {said}")
        case 429:
            raise NetworkError("THROTTLED", f"{login_server} gives no more tokens for now (429).")
        case _:
            raise AcrBridgeError(
                "SERVICE_ERROR",
                f"{login_server} answered the exchange of tokens with {response.status}: {said}",
            )
