"""Entra's token endpoints through MSAL, which knows the protocol; here its failures are explained.

MSAL speaks through our HTTP client, so that trust, proxies, deadlines and redaction hold for it too, and keeps its
cache in our store. Its result dictionaries become a token or an error at once. Loading it takes long: it is loaded
where no stored token is good any more.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import msal

from acrbridge.azure.clouds import CLOUDS, Cloud, scope
from acrbridge.azure.profile import Account
from acrbridge.azure.token_store import AccessToken, TokenStore
from acrbridge.errors import AcrBridgeError, NetworkError, SignInError
from acrbridge.http import redact
from acrbridge.http.client import HttpClient, Request, Response
from acrbridge.http.origins import origin
from acrbridge.jobs import Secret

logging.getLogger("msal").addHandler(logging.NullHandler())  # without one, its tracebacks go to stderr

_ENTRA = frozenset(cloud.authority for cloud in CLOUDS.values())
"""Origins that an application's secret may go to: a tenant's endpoints can be another cloud's."""
_LIMIT = 256 << 10


def service_principal(
    http: HttpClient, cloud: Cloud, store: TokenStore, account: Account, resource: str, secret: Secret
) -> AccessToken:
    """A token for a service principal.

    Args:
        http: the HTTP client.
        cloud: whose Entra is asked.
        store: keeps MSAL's cache.
        account: the service principal.
        resource: the token's audience.
        secret: its client secret.

    Raises:
        SignInError: by Entra's code.
    """
    try:
        application = msal.ConfidentialClientApplication(
            account.name,
            client_credential=secret.reveal(),
            authority=f"{cloud.authority}/{account.tenant_id}",
            http_client=_MsalTransport(http, _ENTRA),
            token_cache=_MsalCache(store),
            instance_discovery=False,
        )
    except ValueError as error:  # MSAL's way to say that tenant discovery failed
        raise SignInError("TENANT_UNKNOWN", f"Entra has no tenant {account.tenant_id}.") from error
    return _token_or_error(lambda: application.acquire_token_for_client([scope(resource)]), account)


def managed_identity(http: HttpClient, store: TokenStore, account: Account, resource: str) -> AccessToken:
    """A token for a managed identity of this host; arguments as those of `service_principal`.

    Raises:
        SignInError: IDENTITY_UNAVAILABLE.
    """
    client = msal.ManagedIdentityClient(
        _managed_identity(account), http_client=_MsalTransport(http), token_cache=_MsalCache(store)
    )
    try:
        return _token_or_error(lambda: client.acquire_token_for_client(resource=resource), account)
    except SignInError:
        raise
    except AcrBridgeError as error:
        raise SignInError(
            "IDENTITY_UNAVAILABLE",
            f"No managed identity answers on this computer: {redact.foreign(str(error))}",
        ) from error


class _MsalCache(msal.SerializableTokenCache):  # type: ignore[misc] # MSAL has no annotations
    """MSAL's cache, with what the store holds; each change is made to what it holds by then, and kept there."""

    def __init__(self, store: TokenStore) -> None:
        super().__init__()
        self._store = store
        self.deserialize(json.dumps(store.tokens()))

    def modify(self, credential_type: Any, old_entry: Any, new_key_value_pairs: Any = None) -> None:
        def change(tokens: dict[str, Any]) -> dict[str, Any]:
            self.deserialize(json.dumps(tokens))
            super(_MsalCache, self).modify(credential_type, old_entry, new_key_value_pairs)
            changed: dict[str, Any] = json.loads(self.serialize())
            return changed

        self._store.change_tokens(change)


class _MsalTransport:
    """What MSAL takes for a session of requests.

    Args:
        http: sends.
        origins: where requests may go, whatever a discovery document says; None: anywhere.
    """

    def __init__(self, http: HttpClient, origins: frozenset[str] | None = None) -> None:
        self._http = http
        self._origins = origins

    def get(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> _MsalResponse:
        return self._send("GET", url, params, headers, None)

    def post(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> _MsalResponse:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._send("POST", url, params, {**form, **(headers or {})}, urlencode(data or {}))

    def close(self) -> None:
        """The client belongs to others."""

    def _send(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        body: str | None,
    ) -> _MsalResponse:
        if self._origins is not None and origin(url) not in self._origins:
            raise AcrBridgeError(
                "LOCATION_UNTRUSTED", f"Entra's answer points to {redact.foreign(redact.url(url), 100)!r}."
            )
        if params:
            url = f"{url}{'&' if '?' in url else '?'}{urlencode(params)}"
        response = self._http.send(Request(method, url, headers or {}, body, limit=_LIMIT))
        if response.status >= 500:
            raise NetworkError("SERVICE_ERROR", f"{origin(url)} answered {response.status}.")
        response.json_object()  # MSAL takes what is no JSON for an unknown tenant
        return _MsalResponse(response)


class _MsalResponse:
    """What MSAL takes for a response of requests."""

    def __init__(self, response: Response) -> None:
        self.status_code = response.status
        self.headers = response.headers
        self.text = response.text()

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise NetworkError("SERVICE_ERROR", f"Entra answered {self.status_code}.")


_BY_AADSTS: Mapping[int, tuple[str, str]] = {
    7000215: ("SECRET_WRONG", "Entra does not accept the client secret of {name}"),
    7000222: ("SECRET_EXPIRED", "The client secret of {name} has expired"),
    700016: ("APPLICATION_UNKNOWN", "Tenant {tenant} has no application {name}"),
    90002: ("TENANT_UNKNOWN", "There is no tenant {tenant}"),
    900023: ("TENANT_UNKNOWN", "{tenant} is neither a tenant's ID nor a domain"),
}
"""Entra's error codes (Microsoft Learn, "Microsoft Entra authentication and authorization error codes")."""


def _token_or_error(ask: Callable[[], Mapping[str, Any]], account: Account) -> AccessToken:
    try:
        result = ask()
        lifetime = int(result.get("expires_in", 0))
    except (ValueError, TypeError, OverflowError) as error:
        raise AcrBridgeError("ANSWER_UNINTELLIGIBLE", "The token that came back makes no sense.") from error
    token = result.get("access_token")
    if isinstance(token, str):
        return AccessToken(Secret(token), int(time.time()) + lifetime)
    raise _sign_in_error(result, account)


def _sign_in_error(result: Mapping[str, Any], account: Account) -> SignInError:
    said = redact.foreign(
        str(result.get("error_description") or result.get("error") or "no reason given"), 300
    )
    correlation = str(result["correlation_id"]) if result.get("correlation_id") else None
    for number in result.get("error_codes") or []:
        if number in _BY_AADSTS:
            code, text = _BY_AADSTS[number]
            text = text.format(name=account.name, tenant=account.tenant_id)
            return SignInError(code, f"{text} (AADSTS{number}).", correlation_id=correlation)
    if account.kind == "managedIdentity":
        return SignInError("IDENTITY_UNAVAILABLE", f"The managed identity endpoint refused: {said}")
    return SignInError(
        "SIGN_IN_REFUSED", f"Entra refused the sign-in of {account.name}: {said}", correlation_id=correlation
    )


def _managed_identity(account: Account) -> Any:
    match account.identity_kind:
        case "system":
            return msal.SystemAssignedManagedIdentity()
        case "client":
            return msal.UserAssignedManagedIdentity(client_id=account.identity_id)
        case "object":
            return msal.UserAssignedManagedIdentity(object_id=account.identity_id)
        case "resource":
            return msal.UserAssignedManagedIdentity(resource_id=account.identity_id)
