"""One registry over the OCI distribution API: requests with a token of the least scope, errors as ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from acrbridge.errors import AcrBridgeError, NetworkError, NotFoundError, RefusedError, VerificationError
from acrbridge.http import redact, refusals
from acrbridge.http.client import HttpClient, Request, Response
from acrbridge.http.deadlines import Cancelled, Deadline
from acrbridge.http.origins import origin, resolve
from acrbridge.http.retry import DEFAULT, NEVER
from acrbridge.http.streams import REDIRECTS, Body, Stream, begins_at
from acrbridge.references import HUB_API, is_digest, registry_of
from acrbridge.registry import manifests
from acrbridge.registry.auth import Anonymous, Authorizer, Challenge, Credential
from acrbridge.registry.chunking import Chunking
from acrbridge.registry.manifests import Manifest
from acrbridge.registry.pull_limit import PullLimit

_HOPS = 5
_CHALLENGES = 16
"""Times that one request is sent again, where threads use up tokens that are good for a few requests each."""
_PARTING = 1.0
"""Seconds for a request that only tidies up."""
_PAGES = 10_000
"""Pages of a list that are read at most: a list that goes on is a loop."""


class RegistryClient:
    """A client of one registry.

    Args:
        host: login server, with its port where it has one.
        http: the HTTP client.
        credential: what was given for this registry.
        side: that it is of a copy, `source` or `target`, for messages.
        remedies: what mends a refusal, by code, where that is not what the catalogue says.
    """

    def __init__(
        self,
        host: str,
        http: HttpClient,
        credential: Credential | None = None,
        side: str = "",
        remedies: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.host = host
        self.name = registry_of(host)
        """As a person knows it."""
        self._name = f"{side} {self.name}".lstrip()
        self._remedies = remedies
        self.base = http.base(host)
        self.clock = http.clock
        self.chunking = Chunking()
        self._http = http
        self.on_pull_limit: Callable[[PullLimit], None] | None = None
        """Hears what answers say of a limit of pulls."""
        self._authorizer = Authorizer(
            host, http, credential or Anonymous(), self._name, remedies.get("REGISTRY_UNAUTHORIZED")
        )

    def manifest(self, repository: str, version: str, actions: str = "pull") -> Manifest:
        """Read a manifest, and check its digest and kind.

        Args:
            repository: its repository.
            version: a tag or digest.
            actions: what the token is to allow, where the next request needs more: one token for both.

        Raises:
            NotFoundError: REPOSITORY_NOT_FOUND.
            VerificationError: DIGEST_MISMATCH, the registry's bytes are not what it says they are.
            AcrBridgeError: MANIFEST_AMBIGUOUS.
        """
        response = self.call(
            "GET",
            f"/v2/{repository}/manifests/{quote(version, safe=':')}",
            f"repository:{repository}:{actions}",
            headers={"Accept": manifests.ACCEPT},
        )
        digest = version if is_digest(version) else None
        return manifests.read(response, f"{self.name}/{repository}", digest)

    def sign_in(self) -> bool:
        """Show the registry the credential (distribution-spec, "Determining Support"); whether it wanted to see one.

        Raises:
            RefusedError: REGISTRY_UNAUTHORIZED.
            NotFoundError: REPOSITORY_NOT_FOUND, this is no registry.
        """
        self.call("GET", "/v2/", "")
        return self._authorizer.was_asked

    def repositories(self, page: int = 100) -> Iterator[str]:
        """All repositories, by name."""
        for document in self.pages("/v2/_catalog", "registry:catalog:*", {"n": str(page)}):
            yield from names(document, "repositories")

    def referrers(
        self, repository: str, digest: str, artifact_type: str | None = None
    ) -> Iterator[dict[str, Any]]:
        """Descriptors of the manifests whose subject is that digest (distribution-spec v1.1, "Listing Referrers").

        Where the registry does not apply the filter by artifact type itself, it is applied here.
        """
        query = {"artifactType": artifact_type} if artifact_type else {}
        for document in self.pages(
            f"/v2/{repository}/referrers/{digest}", f"repository:{repository}:pull", query
        ):
            for descriptor in objects(document, "manifests"):
                if artifact_type in (None, descriptor.get("artifactType")):
                    yield descriptor

    def delete_manifest(self, repository: str, digest: str) -> None:
        """Delete a manifest, and with it all its tags."""
        self.call(
            "DELETE", f"/v2/{repository}/manifests/{digest}", f"repository:{repository}:delete,metadata_read"
        )

    # Beneath

    def pages(self, path: str, scope: str, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """The pages of a list, following `Link: <…>; rel="next"` (RFC 8288) on this host only."""
        url: str | None = path + (f"?{urlencode(query)}" if query else "")
        seen: set[str] = set()
        while url:
            if url in seen or len(seen) >= _PAGES:
                raise AcrBridgeError("ANSWER_UNINTELLIGIBLE", f"{self.name}: the list {path} does not end.")
            seen.add(url)
            response = self.call("GET", url, scope)
            yield response.json_object()
            url = self._next(url, response.headers.get("Link", ""))

    def call(
        self,
        method: str,
        path: str,
        scope: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | Body | None = None,
    ) -> Response:
        """Send a request as `ask` does, and insist on an answer of the 2xx class.

        Raises:
            NotFoundError, RefusedError, NetworkError, AcrBridgeError: by status, with the registry's words.
        """
        response = self.ask(method, path, scope, headers=headers, body=body)
        self.check(method, path, response)
        return response

    def ask(
        self,
        method: str,
        path: str,
        scope: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | Body | None = None,
        patience: float | None = None,
    ) -> Response:
        """Send a request with a token for a scope, again with a new token where the first is refused.

        Returns:
            An answer of any status.
        """
        held = body is None or isinstance(body, bytes)
        retry = DEFAULT if held else NEVER
        request = Request(method, f"{self.base}{path}", headers or {}, body, retry=retry, patience=patience)
        authorization = self._authorizer.header(scope, for_body=not held)
        with self._named(method, path):
            response = self._http.send(_with(request, authorization))
            for _ in range(_CHALLENGES):
                authorization = self._renewed(response, scope, authorization)
                if authorization is None:
                    break
                response = self._http.send(_with(request, authorization))
        if self.on_pull_limit and response.status == 200 and (limit := PullLimit.read(response.headers)):
            self.on_pull_limit(limit)
        return response

    def check(self, method: str, path: str, response: Response) -> None:
        """Raise the error that an answer stands for, if it is not of the 2xx class."""
        if not 200 <= response.status < 300:
            raise self.refusal(method, path, response)

    def abandon(self, path: str, scope: str) -> None:
        """DELETE what was begun, if that can be done at once; also when all else was stopped."""
        request = Request("DELETE", f"{self.base}{path}", retry=NEVER, parting=True)
        with suppress(AcrBridgeError, Cancelled):
            authorized = _with(request, self._authorizer.header(scope))
            self._http.send(authorized, Deadline(_PARTING, self.clock))

    @contextmanager
    def open(self, path: str, scope: str, offset: int = 0) -> Iterator[Stream]:
        """GET a body to be read piece by piece, from an offset.

        Redirects lead to storage: they are followed over https, or to a host that plain HTTP may go to, and
        without the token on another origin.

        Raises:
            VerificationError: RANGE_NOT_HONOURED, the answer is not the part that was asked for.
            AcrBridgeError: by status, as `call`.
        """
        request = Request("GET", f"{self.base}{path}", {"Range": f"bytes={offset}-"} if offset else {})
        authorization = self._authorizer.header(scope)
        with ExitStack() as stack:
            answer = self._opened(stack, request, authorization)
            for _ in range(_CHALLENGES):
                renewed = self._renewed(answer, scope, authorization)
                if renewed is None:
                    break
                authorization = renewed
                stack.close()
                answer = self._opened(stack, request, authorization)
            for _ in range(_HOPS):
                if answer.status not in REDIRECTS:
                    break
                request = replace(request, url=self._redirected(answer))
                stack.close()
                own = origin(request.url) == origin(self.base)
                answer = self._opened(stack, request, authorization if own else None)
            self._check_part(path, answer, offset)
            yield answer

    def _opened(self, stack: ExitStack, request: Request, authorization: str | None) -> Stream:
        with self._named("GET", request.url):
            return stack.enter_context(self._http.stream(_with(request, authorization)))

    def _redirected(self, answer: Stream) -> str:
        target = resolve(answer.url, answer.headers.get("Location", ""))
        host = urlsplit(origin(target)).netloc
        if origin(target) not in (f"https://{host}", self._http.base(host)):
            raise AcrBridgeError(
                "LOCATION_UNTRUSTED",
                f"{self.name} sends its blobs from {redact.foreign(redact.url(target), 100)!r}: not followed.",
            )
        return target

    def _check_part(self, path: str, answer: Stream, offset: int) -> None:
        """An answer has to be the whole, or the part that was asked for (RFC 9110 §14.4)."""
        if answer.status not in (200, 206, 416):
            refusal = Response(answer.status, answer.headers, answer.head(), answer.url, answer.tries)
            raise self.refusal("GET", path, refusal)
        if not begins_at(answer, offset):
            raise VerificationError(
                "RANGE_NOT_HONOURED", f"{self.name} does not serve {path} from byte {offset} on."
            )

    def _renewed(self, answer: Response | Stream, scope: str, refused: str | None) -> str | None:
        """The header with which a refused request is to go again; None where it was let through, or is not to."""
        if answer.status != 401:
            self._authorizer.accepted(scope)
            return None
        challenge = Challenge.preferred(answer.headers.get("WWW-Authenticate", ""))
        return self._authorizer.answer(challenge, scope, refused) if challenge else None

    def _next(self, url: str, header: str) -> str | None:
        """The path of the next page, or None at the end."""
        target = _next_link(header)
        if target is None:
            return None
        absolute = resolve(f"{self.base}{url}", target)
        if origin(absolute) != origin(self.base):
            raise AcrBridgeError(
                "LOCATION_UNTRUSTED",
                f"{self.name} continues its list on {redact.foreign(redact.url(absolute), 100)!r}.",
            )
        parts = urlsplit(absolute)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    def refusal(self, method: str, path: str, response: Response) -> AcrBridgeError:
        """The error that an answer stands for."""
        said = refusals.words(response)
        error = self._refusal(path, response, said)
        error.correlation_id = response.headers.get("x-ms-correlation-request-id")
        place = f"{self._name} ({response.status} for {method} {urlsplit(path).path})"
        return error.at(place).after(response.tries)

    def _refusal(self, path: str, response: Response, said: str) -> AcrBridgeError:
        for (status, words), code in _BY_WORDS.items():
            if response.status == status and words in said:
                return RefusedError(code, said)
        if response.status == 429 and self.host == HUB_API and "/manifests/" in path:
            return NetworkError(
                "SOURCE_THROTTLED", f"Docker Hub's limit of pulls is reached ({said})", remedy=_RAISE_LIMIT
            )
        if response.status in _BY_STATUS:
            kind, code = _BY_STATUS[response.status]
            remedy = self._remedies.get(code)
            if remedy is None and code == "REPOSITORY_NOT_FOUND":
                remedy = self._where_to_look(path, said)
            return kind(code, said, remedy=remedy)
        if response.status >= 500:
            return AcrBridgeError("SERVICE_ERROR", said)
        return AcrBridgeError("REGISTRY_REFUSED", said, remedy="")

    @contextmanager
    def _named(self, method: str, path: str) -> Iterator[None]:
        """Have a request that gets no answer be named by its error."""
        try:
            yield
        except NetworkError as error:
            raise error.at(f"{self._name} ({method} {urlsplit(path).path})") from error.__cause__

    def _where_to_look(self, path: str, said: str) -> str:
        """The command that lists what is there, in place of what is not."""
        name = re.split(r"[.-]", self.host)[0]  # a login server can be NAME-HASH.azurecr.io
        inside = _IN_REPOSITORY.match(path)
        if inside is None or "NAME_UNKNOWN" in said:
            return f"List what is there: acrbridge acr repository list --name {name}"
        command = f"repository show-tags --name {name} --repository {inside[1]}"
        return f"List its tags: acrbridge acr {command}"


_IN_REPOSITORY = re.compile(r"/(?:v2|acr/v1)/(.+)/(?:manifests|_manifests|_tags)/[^/]+$")
"""The path of a tag or manifest."""
_RAISE_LIMIT = "Wait, or sign in, which raises it: acrbridge registry login docker.io --username USER"
_BY_WORDS: Mapping[tuple[int, str], str] = {
    (403, "aka.ms/acr/firewall"): "REGISTRY_FIREWALL",
    (405, "REGISTRY_DISALLOWED_OPERATION"): "TARGET_LOCKED",
    (400, "MANIFEST_BLOB_UNKNOWN"): "TARGET_BLOB_MISSING",
    (404, "MANIFEST_BLOB_UNKNOWN"): "TARGET_BLOB_MISSING",
}
_BY_STATUS: Mapping[int, tuple[type[AcrBridgeError], str]] = {
    401: (RefusedError, "REGISTRY_UNAUTHORIZED"),
    403: (RefusedError, "REGISTRY_REFUSED"),
    404: (NotFoundError, "REPOSITORY_NOT_FOUND"),
    429: (NetworkError, "THROTTLED"),
}


def _next_link(header: str) -> str | None:
    """The target of a Link header's first link whose relation is next (RFC 8288 §3)."""
    for target, parameters in re.findall(r"<([^<>]*)>([^<>]*)", header):
        relation = re.search(r'\brel\s*=\s*("[^"]*"|[^\s";,]+)', parameters)
        if relation and "next" in relation[1].strip('"').split():
            return str(target)
    return None


def _with(request: Request, authorization: str | None) -> Request:
    credential = {"Authorization": authorization} if authorization else {}
    return replace(request, headers={**request.headers, **credential})


def names(document: Mapping[str, Any], key: str) -> list[str]:
    """The names that a page of a list holds under a key; none where it has no such key.

    Raises:
        AcrBridgeError: ANSWER_UNINTELLIGIBLE.
    """
    values = document.get(key) or []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise AcrBridgeError(
            "ANSWER_UNINTELLIGIBLE", f"{key!r} in the registry's answer is no list of names."
        )
    return values


def objects(document: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects that a page of a list holds under a key; none where it has no such key.

    Raises:
        AcrBridgeError: ANSWER_UNINTELLIGIBLE.
    """
    values = document.get(key) or []
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise AcrBridgeError(
            "ANSWER_UNINTELLIGIBLE", f"{key!r} in the registry's answer is no list of objects."
        )
    return values
