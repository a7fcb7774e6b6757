"""Another program's sign-in, in place of an account of ours: its token for Azure Resource Manager, as it is."""

from __future__ import annotations

from dataclasses import dataclass

from acrbridge.azure.profile import Account, Subscription
from acrbridge.azure.token_store import AccessToken
from acrbridge.errors import SignInError


@dataclass(frozen=True)
class GivenSignIn:
    """A token that another program got, such as Az PowerShell, and the subscription that it works in.

    ACR takes a token for Resource Manager, too, so that one token is enough.
    """

    access_token: AccessToken
    subscription: Subscription

    def token(self, account: Account, resource: str, *, renew: bool = False) -> AccessToken:
        """The token, whatever it is wanted for.

        Raises:
            SignInError: SIGN_IN_EXPIRED, it was refused: only who gave it can renew it.
        """
        del account, resource
        if renew:
            raise SignInError("SIGN_IN_EXPIRED", "The token that was handed over is no longer taken.")
        return self.access_token
