"""A session whose Azure is a script: registries by name, answers of importImage and its operation, manifests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from acrbridge.azure.identity import Identity
from acrbridge.azure.profile import Account, Subscription
from acrbridge.azure.token_store import AccessToken
from acrbridge.errors import SignInError
from acrbridge.http.client import Request
from acrbridge.jobs import Notice, Secret
from acrbridge.operations.session import Session
from acrbridge.settings import Settings
from unit.fakes import ARM, SUBSCRIPTION, TENANT, Answer, FakeClock, Heard, ScriptedHttp, answer, arm_error

APPLICATION = Account("servicePrincipal", "app", TENANT)
OPERATION = f"{ARM}/subscriptions/{SUBSCRIPTION}/operationResults/registries-x"
MANIFEST = b'{"schemaVersion": 2}'
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"
ACCEPTED = answer(202, "null", {"Location": OPERATION, "Retry-After": "10"})
RUNNING = answer(202, {"status": "Accepted"})
DONE = answer(200, {"status": "Succeeded"})
NOON = "Thu, 01 Jan 2026 12:00:00 GMT"


class FakeIdentity(Identity):
    """Gives made-up tokens, or the error that it was made with; remembers which accounts it keeps secrets of."""

    def __init__(self, error: SignInError | None = None) -> None:
        self.error = error
        self.kept: list[Account] = []
        self.forgotten: list[Account] = []

    def sign_in(self, account: Account, secret: Secret | None = None) -> AccessToken:
        return self.token(account, "")

    def keep(self, account: Account, secret: Secret) -> None:
        self.kept.append(account)

    def token(self, account: Account, resource: str, *, renew: bool = False) -> AccessToken:
        if self.error:
            raise self.error
        return AccessToken(Secret("e.eyJ0aWQiOiAidC0xIn0.s"), 4_000_000_000)

    def forget_tokens(self, account: Account) -> bool:
        self.forgotten.append(account)
        return True

    def forget_application(self, client_id: str) -> bool:
        gone = [account for account in self.kept if account.is_named(client_id)]
        self.kept = [account for account in self.kept if account not in gone]
        return bool(gone)


def registry_id(name: str) -> str:
    """A registry's resource ID; the group in upper case, as ARM may have it."""
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/RG1/providers/Microsoft.ContainerRegistry/registries/{name}"


def registry_document(name: str, sku: str = "Premium", **properties: Any) -> dict[str, Any]:
    """A registry as ARM describes it."""
    return {
        "id": registry_id(name),
        "name": name,
        "sku": {"name": sku},
        "properties": {"loginServer": f"{name}.azurecr.io", **properties},
    }


def written(at: str) -> Answer:
    """A tag's attributes, read at noon."""
    return answer(200, {"tag": {"lastUpdateTime": at}}, {"Date": NOON})


class Azure:
    """What the service answers; `wire` tells what it was asked."""

    def __init__(
        self,
        *registries: dict[str, Any],
        posts: Iterable[Answer] = (ACCEPTED,),
        polls: Iterable[Answer] = (DONE,),
        exchange: Answer | None = None,
        manifest: Answer | None = None,
        tag: Answer | None = None,
    ) -> None:
        self._registries = registries or (registry_document("contoso"),)
        self._posts = iter(posts)
        self._polls = iter(polls)
        self._exchange = exchange or answer(200, {"refresh_token": "r"})
        self._manifest = manifest or answer(200, MANIFEST, {"Content-Type": "application/x"})
        self._tag = tag or written("2026-01-01T12:00:00Z")
        self.clock = FakeClock()
        self.http = ScriptedHttp(self._answer, self.clock)

    def wire(self, method: str) -> list[str]:
        """Paths asked with a method, in order."""
        return [unquote(urlsplit(r.url).path) for r in self.http.requests if r.method == method]

    def _answer(self, request: Request) -> Answer:
        parts = urlsplit(request.url)
        if parts.netloc == urlsplit(ARM).netloc:
            return self._arm(request.method, unquote(parts.path))
        if parts.path == "/oauth2/exchange":
            return self._exchange
        if parts.path == "/oauth2/token":
            return answer(200, {"access_token": "a"})
        return self._tag if parts.path.startswith("/acr/v1/") else self._manifest

    def _arm(self, method: str, path: str) -> Answer:
        if method == "POST":
            return next(self._posts)
        if "/operationResults/" in path:
            return next(self._polls)
        if path.endswith("/registries"):
            return answer(200, {"value": list(self._registries)})
        if path == "/subscriptions":
            return answer(
                200, {"value": [{"subscriptionId": SUBSCRIPTION, "displayName": "One", "tenantId": TENANT}]}
            )
        found = [r for r in self._registries if r["id"].lower() == path.lower()]
        return answer(200, found[0]) if found else arm_error(404, "ResourceNotFound", "was not found")


class OfflineSession(Session):
    """A session in a folder of its own, signed in unless told otherwise."""

    def __init__(
        self,
        azure: Azure,
        folder: Path,
        *,
        signed_in: bool = True,
        subscription: str | None = None,
        http: ScriptedHttp | None = None,
        identity: FakeIdentity | None = None,
    ) -> None:
        self.heard = Heard()
        self.fake_identity = identity or FakeIdentity()
        super().__init__(
            Settings(folder),
            subscription=subscription,
            listener=self.heard,
            http=http or azure.http,
            identity=self.fake_identity,
        )
        if signed_in:
            one = Subscription(SUBSCRIPTION, "One", "Enabled", TENANT, APPLICATION)
            self.profile.add(APPLICATION, [one])

    @property
    def notices(self) -> list[str]:
        """What a person was told."""
        return [event.message for event in self.heard if isinstance(event, Notice)]
