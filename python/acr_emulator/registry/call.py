"""One request to one registry, as the code that answers it sees it."""

from __future__ import annotations

import json
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acr_emulator.registry.errors import RegistryError

if TYPE_CHECKING:
    from starlette.requests import Request

    from acr_emulator.records import Registry
    from acr_emulator.registry.authorization import Authorized
    from acr_emulator.state import State
    from acr_emulator.world import World


@dataclass(frozen=True)
class Call:
    """A request whose registry is known.

    Attributes:
        world: all that the emulator knows.
        registry: the one that the request's host names.
        request: method, headers, query and body.
        name: repository in the path; "" where the path has none.
        target: tag, digest or upload ID in the path; "" where the path has none.
        access: what the sender may do.
    """

    world: World
    registry: Registry
    request: Request
    name: str
    target: str
    access: Authorized

    @property
    def state(self) -> State:
        """Where records and blobs are kept."""
        return self.world.state

    @property
    def host(self) -> str:
        """The registry's host, by which its records are found."""
        return self.registry.host

    @property
    def login_server(self) -> str:
        """The registry's host as the sender wrote it: its own loopback address for one without the proxy."""
        return self.request.headers["host"].lower()

    def query(self, name: str) -> str:
        """The first value of a query parameter; "" where it is absent."""
        return self.request.query_params.get(name, "")

    async def body(self, limit: int) -> bytes:
        """The body.

        Args:
            limit: bytes that it may have at most.

        Raises:
            RegistryError: SIZE_INVALID, as soon as more has arrived.
        """
        body = bytearray()
        async for chunk in self.request.stream():
            body += chunk
            if len(body) > limit:
                raise RegistryError("SIZE_INVALID", detail={"limit": limit})
        return bytes(body)

    async def form(self) -> dict[str, list[str]]:
        """The fields of a body in `application/x-www-form-urlencoded`."""
        body = await self.body(limit=1 << 20)
        return urllib.parse.parse_qs(body.decode("utf-8", "replace"))

    async def json(self) -> Any:
        """The JSON document of the body; None where it is none."""
        try:
            return json.loads(await self.body(limit=1 << 20))
        except (ValueError, RecursionError):
            return None
