"""Azure Resource Manager: requests with a token that is renewed, lists with all their pages, errors as ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from acrbridge.errors import AcrBridgeError, NetworkError, NotFoundError, RefusedError, SignInError
from acrbridge.http import redact
from acrbridge.http.client import HttpClient, Request, Response
from acrbridge.http.deadlines import Clock, Deadline
from acrbridge.http.origins import origin
from acrbridge.http.retry import Retry
from acrbridge.references import RegistryId, is_host

REGISTRIES = "2025-11-01"
"""api-version of Microsoft.ContainerRegistry: the newest stable one that a released SDK uses."""
SUBSCRIPTIONS = "2022-12-01"
_PAGES = 1000

TokenSource = Callable[[bool], str]
"""Gives a Resource Manager token; True asks for a new one, because the last was refused."""


@dataclass(frozen=True)
class Registry:
    """A registry as Resource Manager describes it."""

    id: RegistryId
    login_server: str
    sku: str
    document: Mapping[str, Any]
    """The resource, as it came."""

    @classmethod
    def parse(cls, document: Any) -> Registry:
        """Read a resource.

        Raises:
            AcrBridgeError: ANSWER_UNINTELLIGIBLE.
        """
        try:
            identity = RegistryId.parse(document["id"])
            login_server = document["properties"]["loginServer"].lower()
            sku = document["sku"]["name"]
        except (KeyError, TypeError, AttributeError):
            identity, login_server, sku = None, "", None
        if identity is None or not is_host(login_server) or not isinstance(sku, str):
            raise AcrBridgeError(
                "ANSWER_UNINTELLIGIBLE", "Azure described a registry without ID, login server or SKU."
            )
        return cls(identity, login_server, sku, document)

    @classmethod
    def unseen(cls, name: str, login_server: str) -> Registry:
        """One that Resource Manager does not show to the account: there is no more to it than its name."""
        return cls(RegistryId("", "", name), login_server, "", {})

    @property
    def keeps_imports_out(self) -> bool:
        """Whether its network rules stop importImage (Azure docs, "Allow trusted services", ACR import)."""
        properties = self.document.get("properties") or {}
        rules = properties.get("networkRuleSet") or {}
        is_closed = (
            properties.get("publicNetworkAccess") == "Disabled" or rules.get("defaultAction") == "Deny"
        )
        return is_closed and properties.get("networkRuleBypassOptions") == "None"


@dataclass(frozen=True)
class UnreadyRegistry:
    """A registry that cannot be worked with yet: while Azure creates it, it has no login server."""

    id: RegistryId
    state: str

    @classmethod
    def parse(cls, document: Any) -> UnreadyRegistry | None:
        """Read a resource; None where it has a login server, or is no registry."""
        properties = document.get("properties") if isinstance(document, dict) else None
        if not isinstance(properties, dict) or properties.get("loginServer"):
            return None
        identity = RegistryId.parse(str(document.get("id")))
        state = redact.foreign(str(properties.get("provisioningState")), 40)
        return cls(identity, state) if identity else None

    def error(self) -> NotFoundError:
        """What to say to those who ask for it."""
        return NotFoundError(
            "TARGET_REGISTRY_NOT_FOUND",
            f"The registry {self.id.name!r} has no login server yet (provisioning state {self.state!r}).",
            remedy="Wait until Azure has created it.",
        )


@dataclass(frozen=True)
class Refusal:
    """What Resource Manager says when it does not do what it was asked to."""

    status: int
    code: str
    message: str
    correlation_id: str | None
    in_envelope: bool = True
    """Whether it came in a form of Azure's; what came otherwise can be a proxy's page."""

    @classmethod
    def read(cls, response: Response) -> Refusal:
        """Read ARM's error envelope, or one of the shapes that stand in for it (reference: ARM RPC, "error")."""
        try:
            document = response.json_object()
        except AcrBridgeError:
            document = {}
        error = _error_object(document)
        message = str(error.get("message") or error.get("title") or response.text() or "no reason given")
        return cls(
            response.status,
            redact.foreign(str(error.get("code") or response.status), 80),
            redact.foreign(" ".join([message, *_details(error)]), 1000),
            response.headers.get("x-ms-correlation-request-id"),
            bool(error),
        )

    def error(self) -> AcrBridgeError:
        """The refusal as an error, for requests that know no better."""
        text = f"({self.code}) {self.message}"
        match self.status:
            case 401:
                code = (
                    "TENANT_MISMATCH"
                    if self.code == "InvalidAuthenticationTokenTenant"
                    else "SIGN_IN_EXPIRED"
                )
                return SignInError(code, text, correlation_id=self.correlation_id)
            case 403:
                return RefusedError("ARM_FORBIDDEN", text, correlation_id=self.correlation_id)
            case 404:
                return NotFoundError(
                    "RESOURCE_NOT_FOUND", text, correlation_id=self.correlation_id, drop_in_status=3
                )
            case 429:
                return NetworkError("THROTTLED", text, correlation_id=self.correlation_id)
            case status if status >= 500:
                return AcrBridgeError("SERVICE_ERROR", text, correlation_id=self.correlation_id)
            case _:
                return AcrBridgeError("ARM_REFUSED", text, remedy="", correlation_id=self.correlation_id)


class ArmClient:
    """A client of one cloud's Resource Manager.

    Args:
        endpoint: such as https://management.azure.com.
        http: the HTTP client.
        token: where tokens come from.
    """

    def __init__(self, endpoint: str, http: HttpClient, token: TokenSource) -> None:
        self._endpoint = endpoint
        self._http = http
        self._token = token

    @property
    def clock(self) -> Clock:
        """The clock of the HTTP client."""
        return self._http.clock

    def get(self, path: str, api_version: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Read a resource.

        Raises:
            AcrBridgeError: as `Refusal.error` says.
        """
        return self._accepted(self.send("GET", self._url(path, api_version, query))).json_object()

    def list(self, path: str, api_version: str, query: Mapping[str, str] | None = None) -> Iterator[Any]:
        """All items of a list, over all its pages.

        Raises:
            AcrBridgeError: as `Refusal.error` says; LOCATION_UNTRUSTED for a next page on another host.
        """
        url = self._url(path, api_version, query)
        seen: set[str] = set()
        while url not in seen and len(seen) < _PAGES:
            seen.add(url)
            document = self._accepted(self.send("GET", url)).json_object()
            yield from _list(document.get("value"))
            if not document.get("nextLink"):
                return
            url = self.same_host(document["nextLink"])
        raise AcrBridgeError("ANSWER_UNINTELLIGIBLE", f"Azure's list {path} does not end.")

    def registries(self, subscription: str) -> Iterator[Registry | UnreadyRegistry]:
        """All registries of a subscription that the account may see."""
        path = f"/subscriptions/{subscription}/providers/Microsoft.ContainerRegistry/registries"
        return (UnreadyRegistry.parse(item) or Registry.parse(item) for item in self.list(path, REGISTRIES))

    def registry(self, identity: RegistryId) -> Registry:
        """One registry.

        Raises:
            NotFoundError: RESOURCE_NOT_FOUND; TARGET_REGISTRY_NOT_FOUND, it is not ready.
        """
        document = self.get(str(identity), REGISTRIES)
        if unready := UnreadyRegistry.parse(document):
            raise unready.error()
        return Registry.parse(document)

    def sign_in(self) -> None:
        """Have a token, so that the next request meets no failure but Resource Manager's.

        Raises:
            AcrBridgeError: Entra gave none.
        """
        self._token(False)  # noqa: FBT003 - a TokenSource takes it by position

    def post(
        self,
        path: str,
        api_version: str,
        body: Mapping[str, Any],
        retry: Retry,
        deadline: Deadline | None = None,
    ) -> Response:
        """Send a POST; gives the answer whatever its status."""
        url = self._url(path, api_version)
        return self.send("POST", url, json.dumps(body), retry=retry, deadline=deadline)

    def send(
        self,
        method: str,
        url: str,
        body: str | None = None,
        *,
        retry: Retry | None = None,
        deadline: Deadline | None = None,
    ) -> Response:
        """Send a request to a URL on ARM's host, again with a new token when the first is refused.

        Returns:
            The answer, whatever its status.
        """
        retry = retry or Retry()
        response = self._http.send(
            Request(method, url, self._headers(renew=False), body, retry=retry), deadline
        )
        if response.status == 401:
            response = self._http.send(
                Request(method, url, self._headers(renew=True), body, retry=retry), deadline
            )
        return response

    def same_host(self, url: Any) -> str:
        """A URL out of an answer, when it is one on ARM's own host, where the token may go.

        Raises:
            AcrBridgeError: LOCATION_UNTRUSTED.
        """
        if isinstance(url, str) and origin(url) == self._endpoint:
            return url
        raise AcrBridgeError(
            "LOCATION_UNTRUSTED",
            f"Azure's answer points to {redact.foreign(redact.url(str(url)), 100)!r},"
            f" which is not on {self._endpoint}: the token was not sent there.",
        )

    def _url(self, path: str, api_version: str, query: Mapping[str, str] | None = None) -> str:
        return f"{self._endpoint}{quote(path)}?{urlencode({**(query or {}), 'api-version': api_version})}"

    def _headers(self, *, renew: bool) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token(renew)}", "Content-Type": "application/json"}

    @staticmethod
    def _accepted(response: Response) -> Response:
        if response.status != 200:
            raise Refusal.read(response).error()
        return response


def _error_object(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """ARM's error, the first of a registry's errors, or the document where it is an error itself."""
    candidates = [document.get("error"), *_list(document.get("errors"))]
    return next((error for error in candidates if isinstance(error, dict)), document)


def _details(error: Mapping[str, Any]) -> list[str]:
    """What ARM says beside an error's message, or ASP.NET of each field."""
    found = [detail.get("message") for detail in _list(error.get("details")) if isinstance(detail, dict)]
    fields = error.get("errors")
    if isinstance(fields, dict):
        found += [text for texts in fields.values() for text in _list(texts)]
    return [str(text) for text in found if text]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
