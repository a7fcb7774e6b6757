"""All requests that a registry answers, in one table, and the way of a request through it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, JSONResponse, Response

from acr_emulator import faults
from acr_emulator.registry import access, attributes, blobs, firewall, listing, manifests, oauth
from acr_emulator.registry.authorization import authorize, challenge
from acr_emulator.registry.call import Call
from acr_emulator.registry.errors import RegistryError
from acr_emulator.registry.names import check_name
from acr_emulator.registry.uploads import Uploads

if TYPE_CHECKING:
    from starlette.requests import Request

    from acr_emulator.records import Registry
    from acr_emulator.world import World

Answer = Callable[[Call], Awaitable[Response]]

HEADERS = {"Docker-Distribution-Api-Version": "registry/2.0", "X-Content-Type-Options": "nosniff"}
"""Headers of every answer."""


AZURE_ONLY = ("/acr/", "/oauth2/exchange")
"""What a registry of somebody else has not."""


@dataclass(frozen=True)
class Right:
    """Actions that a request needs in its repository, between commas; none where it needs only a known sender.

    `instead` is an action that a token may name in its place, if its bearer has both, and the one that a registry of
    somebody else asks for.
    """

    action: str
    instead: str = ""


Methods = dict[str, tuple[Right | None, Answer]]
"""By method of HTTP: the right (None where no token is asked for) and the answer."""

SIGNED_IN = Right("")
CATALOG = Right("*")
PULL = Right("pull")
PUSH = Right("pull,push")
DELETE = Right("delete")
LIST_TAGS = Right("metadata_read", instead="pull")  # skopeo comes with `pull` and does not ask again
METADATA_READ = Right("metadata_read")
METADATA_WRITE = Right("metadata_read,metadata_write")


async def ping(_call: Call) -> Response:
    """Say that this is a registry, and that the sender is known."""
    return JSONResponse({})


class Router:
    """Answers the requests to all registries of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._routes = [
            (re.compile(path, re.ASCII | re.DOTALL), methods) for path, methods in _table(Uploads())
        ]

    async def answer(self, registry: Registry, request: Request) -> Response:
        """Answer a request to a registry, whatever is wrong with it."""
        if faults.take(self._world, "registry-garbage"):
            return HTMLResponse("<html><body>Service unavailable</body></html>")
        try:
            response = await self._answer(registry, request)
        except RegistryError as error:
            response = error.response()
        response.headers.update(HEADERS)
        response.headers["X-Ms-Correlation-Request-Id"] = str(uuid.uuid4())
        return response

    async def _answer(self, registry: Registry, request: Request) -> Response:
        _play_faults(self._world, request)
        _pass_firewall(registry, request)
        match, methods = self._find(registry, request.scope["path"])
        method = "GET" if request.method == "HEAD" else request.method
        if method not in methods:
            raise RegistryError("UNSUPPORTED", headers={"Allow": ", ".join(sorted(methods))})
        right, answer = methods[method]
        call = Call(
            self._world,
            registry,
            request,
            name=match.groupdict().get("name", ""),
            target=match.groupdict().get("target", ""),
            access=authorize(self._world, registry, request.headers.get("authorization")),
        )
        if call.name:
            check_name(call.name)  # before a challenge repeats it in a header
        if right is not None:
            _check_right(call, right)
        return await answer(call)

    def _find(self, registry: Registry, path: str) -> tuple[re.Match[str], Methods]:
        azure = registry.kind == "azure"
        for pattern, methods in self._routes:
            match = pattern.fullmatch(path)
            if match and (azure or not path.startswith(AZURE_ONLY)):
                return match, methods
        raise RegistryError("UNSUPPORTED", "no such resource", status=404)


def _table(uploads: Uploads) -> list[tuple[str, Methods]]:
    """Patterns of paths, the first that fits counts, with the right and the answer for each method."""
    name = "(?P<name>.+)"
    target = "(?P<target>[^/]+)"
    return [
        ("/v2/?", {"GET": (SIGNED_IN, ping)}),
        ("/oauth2/exchange", {"POST": (None, oauth.exchange)}),
        ("/oauth2/token|/token", {"GET": (None, oauth.token_by_get), "POST": (None, oauth.token_by_post)}),
        ("/v2/_catalog|/acr/v1/_catalog", {"GET": (CATALOG, listing.catalog)}),
        (f"/v2/{name}/tags/list", {"GET": (LIST_TAGS, listing.tags)}),
        (
            f"/v2/{name}/manifests/{target}",
            {
                "GET": (PULL, manifests.pull),
                "PUT": (PUSH, manifests.push),
                "DELETE": (DELETE, manifests.delete),
            },
        ),
        (f"/v2/{name}/referrers/{target}", {"GET": (PULL, listing.referrers)}),
        (f"/v2/{name}/blobs/uploads/?", {"POST": (PUSH, uploads.start)}),
        (
            f"/v2/{name}/blobs/uploads/{target}",
            {
                "GET": (PUSH, uploads.show),
                "PATCH": (PUSH, uploads.append),
                "PUT": (PUSH, uploads.finish),
                "DELETE": (PUSH, uploads.cancel),
            },
        ),
        (f"/v2/{name}/blobs/{target}", {"GET": (PULL, blobs.pull), "DELETE": (DELETE, blobs.delete)}),
        (f"/acr/v1/{name}/_tags", {"GET": (METADATA_READ, attributes.list_tags)}),
        (
            f"/acr/v1/{name}/_tags/{target}",
            {
                "GET": (METADATA_READ, attributes.show_tag),
                "PATCH": (METADATA_WRITE, attributes.change_tag),
                "DELETE": (DELETE, attributes.delete_tag),
            },
        ),
        (f"/acr/v1/{name}/_manifests", {"GET": (METADATA_READ, attributes.list_manifests)}),
        (
            f"/acr/v1/{name}/_manifests/{target}",
            {
                "GET": (METADATA_READ, attributes.show_manifest),
                "PATCH": (METADATA_WRITE, attributes.change_manifest),
            },
        ),
        (
            f"/acr/v1/{name}",
            {
                "GET": (METADATA_READ, attributes.show_repository),
                "PATCH": (METADATA_WRITE, attributes.change_repository),
                "DELETE": (DELETE, attributes.delete_repository),
            },
        ),
    ]


def _play_faults(world: World, request: Request) -> None:
    if faults.take(world, "registry-throttled"):
        raise RegistryError("TOOMANYREQUESTS", headers={"Retry-After": "1"})
    if faults.take(world, "registry-forbidden"):
        raise firewall.refusal(_address(request))


def _pass_firewall(registry: Registry, request: Request) -> None:
    if not firewall.admits(registry, _address(request)):
        raise firewall.refusal(_address(request))


def _address(request: Request) -> str:
    return request.client.host if request.client else "127.0.0.1"


def _check_right(call: Call, right: Right) -> None:
    """Raise the challenge where the sender lacks the right."""
    repository = access.CATALOG if right == CATALOG else call.name
    action = right.instead if right.instead and call.registry.kind == "foreign" else right.action
    if not call.access.known or not _has(call, repository, right, action):
        raise challenge(call.registry, call.login_server, None if right == SIGNED_IN else repository, action)


def _has(call: Call, repository: str, right: Right, action: str) -> bool:
    if right == SIGNED_IN or all(call.access.may(repository, word) for word in action.split(",")):
        return True
    instead = right.instead
    return (
        bool(instead) and call.access.may(repository, instead) and call.access.could(repository, right.action)
    )
