"""Entra tokens through MSAL, which knows the protocol; here the flow is chosen and failures are explained.

MSAL speaks through our HTTP client, so that trust, proxies, deadlines and redaction hold for it too. Its result
dictionaries become a token or an error at once.
"""

from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import msal

from acrbridge.azure.clouds import CLOUDS, Cloud, scope
from acrbridge.azure.profile import Account
from acrbridge.azure.token_store import TokenStore
from acrbridge.errors import AcrBridgeError, NetworkError, SignInError
from acrbridge.http import redact
from acrbridge.http.client import HttpClient, Request, Response
from acrbridge.http.origins import origin
from acrbridge.jobs import Secret

for _library in ("msal", "msal_extensions"):  # they log tracebacks; without a handler those go to stderr
    logging.getLogger(_library).addHandler(logging.NullHandler())

_ENTRA = frozenset(cloud.authority for cloud in CLOUDS.values())
"""Origins that an application's secret may go to: a tenant's endpoints can be another cloud's."""

_RENEW_BEFORE = 300
"""Seconds before its end at which a token is renewed, as MSAL has it."""
_LIMIT = 256 << 10
_SYSTEM = "SYSTEM_ASSIGNED_MANAGED_IDENTITY"


@dataclass(frozen=True)
class AccessToken:
    """An Entra access token."""

    token: Secret
    expires_on: int
    """Seconds since 1970."""


class Identity:
    """Signs accounts in, and gets tokens for them.

    Args:
        http: the HTTP client.
        cloud: whose Entra is asked.
        store: the protected files.
    """

    def __init__(self, http: HttpClient, cloud: Cloud, store: TokenStore) -> None:
        self._http = http
        self._cloud = cloud
        self._store = store

    def sign_in(self, account: Account, secret: Secret | None = None) -> AccessToken:
        """Ask Entra for a Resource Manager token, whatever the cache holds, and keep what renews it.

        MSAL's cache does not look at the secret: asking it, a wrong one would seem right.

        Args:
            account: who signs in.
            secret: a service principal's client secret.

        Raises:
            SignInError: by Entra's code.
        """
        self._forget_tokens(account)
        token = self._acquire(account, self._cloud.arm_resource, secret)
        if secret is not None:
            self._store.keep_secret(_key(account), secret)
        return token

    def token(self, account: Account, resource: str, *, renew: bool = False) -> AccessToken:
        """A token for a resource, from the cache where it holds a good one.

        Args:
            account: who asks.
            resource: its audience, such as https://management.core.windows.net/.
            renew: the cached one was refused: forget it.

        Raises:
            SignInError: by Entra's code, or SIGN_IN_EXPIRED where nothing is left to renew it with.
        """
        if renew:
            self._forget_tokens(account)
        cached = self._cached(account, resource)
        return cached or self._acquire(account, resource, self._secret(account))

    def sign_out(self, account: Account) -> None:
        """Forget an account's tokens and secret."""
        self._forget_tokens(account)
        self._store.forget_secret(_key(account))

    def _secret(self, account: Account) -> Secret | None:
        """The secret that signed the account in; in another tenant an application has the same, as az takes it."""
        return self._store.secret(_key(account)) or self._store.secret_ending(f"/{account.name}")

    def _acquire(self, account: Account, resource: str, secret: Secret | None) -> AccessToken:
        if account.kind == "managedIdentity":
            return self._managed_identity(account, resource)
        if secret is None:
            raise SignInError("SIGN_IN_EXPIRED", f"The sign-in of {account.name} can no longer be renewed.")
        return self._service_principal(account, resource, secret)

    def _service_principal(self, account: Account, resource: str, secret: Secret) -> AccessToken:
        try:
            application = msal.ConfidentialClientApplication(
                account.name,
                client_credential=secret.reveal(),
                authority=f"{self._cloud.authority}/{account.tenant_id}",
                http_client=_MsalTransport(self._http, _ENTRA),
                token_cache=self._store.tokens(),
                instance_discovery=False,
            )
        except ValueError as error:  # MSAL's way to say that tenant discovery failed
            raise SignInError("TENANT_UNKNOWN", f"Entra has no tenant {account.tenant_id}.") from error
        return _token_or_error(lambda: application.acquire_token_for_client([scope(resource)]), account)

    def _managed_identity(self, account: Account, resource: str) -> AccessToken:
        client = msal.ManagedIdentityClient(
            _managed_identity(account),
            http_client=_MsalTransport(self._http),
            token_cache=self._store.tokens(),
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

    def _cached(self, account: Account, resource: str) -> AccessToken | None:
        """A service principal's token out of MSAL's cache, without the discovery that MSAL would begin with."""
        if account.kind == "managedIdentity":
            return None
        now = time.time()
        query = {
            "client_id": account.name,
            "environment": urlsplit(self._cloud.authority).netloc,
            "realm": account.tenant_id,
            "home_account_id": None,
        }
        cache = self._store.tokens()
        for entry in cache.search(cache.CredentialType.ACCESS_TOKEN, target=[scope(resource)], query=query):
            expires_on = int(entry["expires_on"])
            if expires_on - now > _RENEW_BEFORE:
                return AccessToken(Secret(entry["secret"]), expires_on)
        return None

    def _forget_tokens(self, account: Account) -> None:
        cache = self._store.tokens()
        # MSAL 1.39 keeps the system-assigned identity's tokens under None, though its source names another key.
        names = [account.name] if account.kind == "servicePrincipal" else [account.identity_id, _SYSTEM]
        for entry in list(cache.search(cache.CredentialType.ACCESS_TOKEN)):
            if entry.get("client_id") in names:
                cache.remove_at(entry)


def tenant_of(token: AccessToken) -> str:
    """The tenant that issued a token, out of its `tid` claim.

    Raises:
        SignInError: SIGN_IN_REFUSED, the token has none.
    """
    try:
        payload = token.token.reveal().split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return str(claims["tid"])
    except (IndexError, KeyError, TypeError, ValueError):
        raise SignInError("SIGN_IN_REFUSED", "The token that came back names no tenant.") from None


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


def _key(account: Account) -> str:
    return f"{account.tenant_id}/{account.name}"
