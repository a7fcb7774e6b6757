"""The ASGI application: finds out whom a request is for, and writes it down."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Router as Routes

from acr_emulator import faults, hosts
from acr_emulator.control import operations
from acr_emulator.control.calls import AnswerLost
from acr_emulator.control.routes import control_routes
from acr_emulator.registry.routes import Router
from acr_emulator.request_log import BODY_LIMIT, RequestLog, is_readable, read_body
from acr_emulator.world import RUN_PATH

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from acr_emulator.world import World

PLAIN_PATHS = ("/metadata/", "/msi/")
"""What is answered without TLS: managed identities, as on a virtual machine and in App Service."""


class Refusal(Exception):  # noqa: N818  # it says what was done, not what broke
    """A request that is for nobody here, or for two at once.

    Args:
        status: of the answer.
        reason: for a person.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Application:
    """Hands each request to a registry, or to Entra, ARM and managed identities.

    Args:
        world: all that is known.
        log: where requests are written down.
    """

    def __init__(self, world: World, log: RequestLog) -> None:
        self._world = world
        self._log = log
        self._registries = Router(world)
        self._control: ASGIApp = Routes(routes=control_routes(world))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI 3)."""
        if scope["scheme"] == "http" and scope["path"] == RUN_PATH:
            await JSONResponse({"run": self._world.run})(scope, receive, send)
            return
        exchange = _Exchange(self._log, scope, receive, send)
        try:
            await self._dispatch(scope, exchange)
        except Refusal as refusal:
            response = PlainTextResponse(f"{refusal}\n", refusal.status, headers={"Connection": "close"})
            await response(scope, exchange.receive, exchange.send)
        except ClientDisconnect:
            exchange.write(status=0)
        except AnswerLost:
            exchange.write(status=0)
            await _end_connection(scope, receive)

    async def _dispatch(self, scope: Scope, exchange: _Exchange) -> None:
        _refuse_two_lengths(scope)
        host, port = _authority(scope)
        delay = faults.argument(self._world, "slow")
        if delay is not None:
            await asyncio.sleep(float(delay))
        if self._is_control(scope, host, port):
            await self._control(scope, exchange.receive, exchange.send)
            return
        registry = hosts.registry_for_host(self._world.state, host, port)
        if scope["scheme"] != "https":
            raise Refusal(403, f"{host} is not served without TLS")
        if registry is None:
            raise Refusal(421, f"{host} is not served here")
        operations.settle(self._world)
        response = await self._registries.answer(registry, Request(scope, exchange.receive))
        await response(scope, exchange.receive, exchange.send)

    def _is_control(self, scope: Scope, host: str, port: int | None) -> bool:
        if scope["scheme"] == "https":
            return hosts.is_control_host(host, port, self._world.options.port)
        local = host in hosts.LOCAL_HOSTS and port == self._world.options.port
        return (local or hosts.is_metadata_host(host, port)) and scope["path"].startswith(PLAIN_PATHS)


class _Exchange:
    """One request and its answer on their way: keeps the body that the log shows, and writes the line."""

    def __init__(self, log: RequestLog, scope: Scope, receive: Receive, send: Send) -> None:
        self._log, self._scope, self._receive, self._send = log, scope, receive, send
        self._content_type = _header(scope, b"content-type")
        self._keeps = is_readable(self._content_type)
        self._body = bytearray()

    async def receive(self) -> Message:
        message = await self._receive()
        if self._keeps and len(self._body) < BODY_LIMIT:
            self._body += message.get("body", b"")
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.write(message["status"])  # before the client can know that the request is done
        await self._send(message)

    def write(self, status: int) -> None:
        """Write the request's line; status 0 where it gets no answer."""
        self._log.write(
            host=_header(self._scope, b"host"),
            method=self._scope["method"],
            path=self._scope["raw_path"].decode("ascii"),
            query=self._scope["query_string"].decode("ascii", "replace"),
            status=status,
            body=read_body(self._content_type, bytes(self._body)) if self._keeps else None,
        )


async def _end_connection(scope: Scope, receive: Receive) -> None:
    """Close the client's connection at once; connection.py leaves the means for it in the scope."""
    scope["state"]["abort"]()
    while (await receive())["type"] != "http.disconnect":
        continue


def _refuse_two_lengths(scope: Scope) -> None:
    """Refuse a body whose length two headers tell (RFC 9112, 6.1: it can smuggle a request past a proxy)."""
    if _header(scope, b"transfer-encoding") and _header(scope, b"content-length"):
        raise Refusal(400, "both Transfer-Encoding and Content-Length")


def _authority(scope: Scope) -> tuple[str, int | None]:
    """Host and port that a request is for."""
    authority = _header(scope, b"host") if scope["path"].startswith("/") else _take_authority(scope)
    try:
        return hosts.split_authority(authority)
    except ValueError as error:
        raise Refusal(400, str(error)) from None


def _take_authority(scope: Scope) -> str:
    """Take the authority off a target in absolute form, which counts more than Host (RFC 9112, 3.2.2)."""
    scheme, _, rest = scope["raw_path"].partition(b"://")
    if scheme != b"http" or scope["scheme"] != "http":
        raise Refusal(400, "the target is neither a path nor an http URL")
    authority, _, path = rest.partition(b"/")
    scope["raw_path"] = b"/" + path
    scope["path"] = unquote(scope["raw_path"].decode("ascii"))
    return str(authority.decode("ascii"))


def _header(scope: Scope, name: bytes) -> str:
    values: list[bytes] = [value for key, value in scope["headers"] if key == name]
    return values[0].decode("latin-1") if values else ""
