"""The web server's side of one connection: uvicorn's protocol with two things more."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

QUICK_ACKNOWLEDGEMENT: int | None = getattr(socket, "TCP_QUICKACK", None)
"""Linux's socket option; other systems have none."""


class Connection(H11Protocol):
    """Acknowledges what arrives at once, and can be ended by the application without an answer.

    Why at once: urllib3 sends head and body of a request separately and, through a proxy, waits for the
    acknowledgement of the first (Nagle's algorithm), which systems put off for 40 ms.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin; the application finds `abort` in its state (fault `import-answer-lost`)."""
        super().connection_made(transport)
        self.app_state["abort"] = transport.abort

    def data_received(self, data: bytes) -> None:
        """Take bytes from the client."""
        if QUICK_ACKNOWLEDGEMENT is not None:  # set anew each time: the system forgets it
            connection = self.transport.get_extra_info("socket")
            connection.setsockopt(socket.IPPROTO_TCP, QUICK_ACKNOWLEDGEMENT, 1)
        super().data_received(data)
