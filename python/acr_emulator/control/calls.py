"""One request to the control side and how it is answered: the body read, faults played, refusals written."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from acr_emulator import faults
from acr_emulator.control import errors
from acr_emulator.control.callers import Caller, authenticate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from acr_emulator.world import World

    Handler = Callable[["Call"], Response]
    ArmHandler = Callable[["Call", Caller], Response]

API_VERSION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(-[a-z]+)?")
BODY_LIMIT = 4 << 20
"""Bytes that a request's body may have (ARM's "maximum request size")."""
GARBAGE = "<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>"
"""What the garbage faults answer, with status 200: a page of something between client and service."""


class AnswerLost(Exception):  # noqa: N818  # it says what happened
    """The connection shall end without an answer: the server closes it when an application raises this."""


@dataclass(frozen=True)
class Call:
    """A request whose body has been read."""

    world: World
    request: Request
    body: bytes = b""

    def named(self, part: str) -> str:
        """A named part of the path, as the client wrote it."""
        return str(self.request.path_params[part])

    def query(self, name: str) -> str | None:
        """A query parameter, or None."""
        return self.request.query_params.get(name)

    @property
    def host(self) -> str:
        """The host, and port, that the client asked, in lower case."""
        return self.request.headers.get("host", "").lower()

    @property
    def base(self) -> str:
        """Scheme and host for URLs that the client shall come back to."""
        return f"https://{self.host}"

    def form(self) -> dict[str, str]:
        """The body as form fields; the first of those with the same name counts."""
        return dict(reversed(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)))

    def document(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            ArmError: it is none.
        """
        try:
            document = json.loads(self.body)
            json.dumps(document, ensure_ascii=False).encode()  # half a surrogate pair is no text
        except (ValueError, RecursionError) as error:
            raise errors.invalid_content(str(error)) from None
        if not isinstance(document, dict):
            raise errors.invalid_content("An object was expected. Path ''.")
        return document


class AzureJSON(JSONResponse):
    """JSON with the content type that Azure gives it."""

    media_type = "application/json; charset=utf-8"

    def render(self, content: Any) -> bytes:
        """The document in ASCII, which can hold whatever text a client sent."""
        return json.dumps(content, separators=(",", ":")).encode("ascii")


class AnyCaseRoute(Route):
    """A route whose path is matched without case, as ARM matches its own."""

    def __init__(self, path: str, endpoint: Callable[[Request], Awaitable[Response]], method: str) -> None:
        super().__init__(path, endpoint, methods=[method])
        self.path_regex = re.compile(self.path_regex.pattern, re.IGNORECASE)


def open_route(world: World, method: str, path: str, handler: Handler) -> Route:
    """A route that wants no token of ARM: Entra, managed identities, and the metadata of the cloud."""

    async def endpoint(request: Request) -> Response:
        try:
            response = handler(Call(world, request, await _body(request)))
        except errors.ArmError as error:
            response = AzureJSON(error.as_json(), error.status)
        response.headers.update(
            {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache", **_trace(request)}
        )
        return response

    return AnyCaseRoute(path, endpoint, method)


def arm_route(world: World, method: str, path: str, handler: ArmHandler) -> Route:
    """A route of ARM: a verified token, an api-version, ARM's faults, and refusals in ARM's envelope."""

    async def endpoint(request: Request) -> Response:
        try:
            call = Call(world, request, await _body(request))
            response = _played_fault(world) or handler(call, _admitted(call))
        except errors.ArmError as error:
            response = AzureJSON(error.as_json(), error.status, error.headers)
        response.headers.update({"Cache-Control": "no-cache", "Pragma": "no-cache", **_trace(request)})
        return response

    return AnyCaseRoute(path, endpoint, method)


def garbage() -> Response:
    """The answer of a garbage fault."""
    return HTMLResponse(GARBAGE)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_LIMIT:
            raise errors.too_large(BODY_LIMIT)
    return bytes(body)


def _admitted(call: Call) -> Caller:
    caller = authenticate(call.world, call.request)
    version = call.query("api-version")
    if not version:
        raise errors.missing_api_version()
    if not API_VERSION.fullmatch(version):
        raise errors.invalid_api_version(version)
    return caller


def _played_fault(world: World) -> Response | None:
    if faults.take(world, "arm-garbage"):
        return garbage()
    if faults.take(world, "arm-throttled"):
        raise errors.ArmError(429, "TooManyRequests", "The request is being throttled.", {"Retry-After": "1"})
    if faults.take(world, "arm-server-error"):
        raise errors.ArmError(500, "InternalServerError", "Encountered internal server error.")
    return None


def _trace(request: Request) -> dict[str, str]:
    """The IDs by which Azure's support finds a request again."""
    asked = request.headers.get("x-ms-client-request-id", "")
    wanted = request.headers.get("x-ms-return-client-request-id", "").lower() == "true"
    correlation = request.headers.get("x-ms-correlation-request-id") or str(uuid.uuid4())
    return {
        "x-ms-request-id": str(uuid.uuid4()),
        "x-ms-correlation-request-id": correlation,
        "x-ms-routing-request-id": f"WESTEUROPE:{datetime.now(UTC):%Y%m%dT%H%M%SZ}:{correlation}",
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        "X-Content-Type-Options": "nosniff",
        **({"x-ms-client-request-id": asked} if asked and wanted else {}),
    }
