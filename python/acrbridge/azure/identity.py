"""Tokens for accounts: out of the store where it holds a good one, else from Entra or the host."""

from __future__ import annotations

from urllib.parse import urlsplit

from acrbridge.azure.clouds import Cloud, scope
from acrbridge.azure.profile import Account
from acrbridge.azure.token_store import AccessToken, TokenKey, TokenStore
from acrbridge.errors import SignInError
from acrbridge.http import jwt
from acrbridge.http.client import HttpClient
from acrbridge.jobs import Secret

_SYSTEM = "SYSTEM_ASSIGNED_MANAGED_IDENTITY"


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
        """Ask for a Resource Manager token, whatever the cache holds; what renews it is not kept yet.

        MSAL's cache does not look at the secret: asking it, a wrong one would seem right.

        Args:
            account: who signs in.
            secret: a service principal's client secret.

        Raises:
            SignInError: by Entra's code.
        """
        self.forget_tokens(account)
        return self._acquire(account, self._cloud.arm_resource, secret)

    def keep(self, account: Account, secret: Secret) -> None:
        """Store the secret of an account that has signed in, to renew its tokens with."""
        self._store.keep_secret(account.tenant_id, account.name, secret)

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
            self.forget_tokens(account)
        return self._cached(account, resource) or self._acquire(account, resource, self._secret(account))

    def forget_tokens(self, account: Account) -> bool:
        """Forget an account's tokens; gives whether there were any."""
        if account.kind == "servicePrincipal":
            return self._store.forget_tokens([account.name])
        # MSAL 1.39 keeps the system-assigned identity's tokens under None, though its source names another key.
        return self._store.forget_tokens([account.identity_id, _SYSTEM])

    def forget_application(self, client_id: str) -> bool:
        """Forget an application's tokens and secrets in every tenant; gives whether there were any."""
        had_tokens = self._store.forget_tokens([client_id])
        return self._store.forget_secrets(client_id) or had_tokens

    def _secret(self, account: Account) -> Secret | None:
        if account.kind == "managedIdentity":
            return None
        return self._store.secret(account.tenant_id, account.name)

    def _acquire(self, account: Account, resource: str, secret: Secret | None) -> AccessToken:
        from acrbridge.azure import entra

        if account.kind == "managedIdentity":
            return entra.managed_identity(self._http, self._store, account, resource)
        if secret is None:
            raise SignInError("SIGN_IN_EXPIRED", f"The sign-in of {account.name} can no longer be renewed.")
        return entra.service_principal(self._http, self._cloud, self._store, account, resource, secret)

    def _cached(self, account: Account, resource: str) -> AccessToken | None:
        """A service principal's token out of MSAL's cache, without the discovery that MSAL would begin with."""
        if account.kind == "managedIdentity":
            return None
        host = urlsplit(self._cloud.authority).netloc
        return self._store.access_token(TokenKey(account.name, host, account.tenant_id, scope(resource)))


def tenant_of(token: AccessToken) -> str:
    """The tenant that issued a token, out of its `tid` claim.

    Raises:
        SignInError: SIGN_IN_REFUSED, the token has none.
    """
    tenant = jwt.claims(token.token.reveal()).get("tid")
    if tenant is None:
        raise SignInError("SIGN_IN_REFUSED", "The token that came back names no tenant.")
    return str(tenant)
