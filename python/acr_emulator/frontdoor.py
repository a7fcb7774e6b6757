"""The one port of the emulator: TLS, plain HTTP, and a CONNECT proxy to names that the emulator itself plays.

The first byte of a connection tells which: 0x16 begins a TLS handshake (RFC 8446, 5.1), all else is HTTP. What
comes after is handed over to a protocol of the web server on the same socket; ASGI knows neither CONNECT nor
two kinds of connection on one port. Nothing is ever connected to: a tunnel ends here, too.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from typing import TYPE_CHECKING

from acr_emulator import hosts

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from acr_emulator.certificates import Certificates
    from acr_emulator.request_log import RequestLog
    from acr_emulator.state import State

LOG = logging.getLogger(__name__)
TLS_HANDSHAKE = 0x16
CONNECT = b"CONNECT "
HEAD_LIMIT = 16 << 10
"""Bytes of a CONNECT request."""
PATIENCE = 60.0
"""Seconds for a connection to say what it is, and for a handshake."""
BACKLOG = 256


class ProxyRefusal(Exception):  # noqa: N818  # it says what was done, not what broke
    """A CONNECT request that is refused.

    Args:
        status: code and phrase of the answer.
        authority: host and port that were asked for; "" where that cannot be read.
    """

    def __init__(self, status: str, authority: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.authority = authority


class FrontDoor:
    """Accepts connections on loopback addresses and hands each to the web server's protocol.

    Args:
        state: names the hosts that tunnels are opened to.
        certificates: gives the settings of TLS.
        make_protocol: makes the web server's protocol for a connection.
        log: where CONNECT requests are written down.
    """

    def __init__(
        self,
        state: State,
        certificates: Certificates,
        make_protocol: Callable[[], asyncio.Protocol],
        log: RequestLog,
    ) -> None:
        self._state = state
        self._certificates = certificates
        self._make_protocol = make_protocol
        self._log = log
        self._listeners: dict[str, socket.socket] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def listen(self, address: str, port: int) -> int:
        """Accept connections on a loopback address, unless that is done already.

        Args:
            address: IPv4, of 127.0.0.0/8.
            port: 0 for any that is free.

        Returns:
            The port.

        Raises:
            OSError: the address is none of this machine's, or the port is taken.
        """
        if not address.startswith("127."):
            raise OSError(f"{address} is no loopback address")
        if address not in self._listeners:
            self._listeners[address] = _bind(address, port)
            self._spawn(self._accept(self._listeners[address]))
        return int(self._listeners[address].getsockname()[1])

    def listen_where_possible(self, addresses: Iterable[str], port: int) -> None:
        """Accept connections on more addresses; some systems have 127.0.0.1 only."""
        for address in addresses:
            try:
                self.listen(address, port)
            except OSError as error:
                LOG.debug("%s: %s", address, error)

    async def close(self) -> None:
        """Stop accepting; connections that were handed over live on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for listener in self._listeners.values():
            listener.close()

    def _spawn(self, coroutine: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(listener)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._spawn(self._welcome(connection))

    async def _welcome(self, connection: socket.socket) -> None:
        """Hand a connection over, or close it."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._hand_over(connection)
        except ProxyRefusal as refusal:
            await self._refuse(connection, refusal)
        except (OSError, TimeoutError, asyncio.CancelledError) as error:
            LOG.debug("connection ended early: %r", error)
            connection.close()

    async def _hand_over(self, connection: socket.socket) -> None:
        start = await _peek(connection, len(CONNECT))
        tls = start[:1] == bytes([TLS_HANDSHAKE])
        if start == CONNECT:
            await self._open_tunnel(connection)
            tls = True
        context = self._certificates.context() if tls else None
        await asyncio.get_running_loop().connect_accepted_socket(
            self._make_protocol,
            connection,
            ssl=context,
            ssl_handshake_timeout=PATIENCE if tls else None,
        )

    async def _open_tunnel(self, connection: socket.socket) -> None:
        authority = _read_target(await _read_head(connection))
        try:
            known = hosts.is_connectable(self._state, *hosts.split_authority(authority))
        except ValueError:
            raise ProxyRefusal("400 Bad Request", authority) from None
        if not known:
            raise ProxyRefusal("403 Forbidden", authority)
        self._log.write(host=authority, method="CONNECT", path="", status=200)
        await asyncio.get_running_loop().sock_sendall(
            connection, b"HTTP/1.1 200 Connection established\r\n\r\n"
        )

    async def _refuse(self, connection: socket.socket, refusal: ProxyRefusal) -> None:
        self._log.write(host=refusal.authority, method="CONNECT", path="", status=int(refusal.status[:3]))
        body = b"The emulator opens tunnels to the names that it plays, at port 443, and to nothing else.\n"
        head = f"HTTP/1.1 {refusal.status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        with connection:
            try:
                await asyncio.get_running_loop().sock_sendall(connection, head.encode() + body)
            except OSError as error:
                LOG.debug("refusal not sent: %r", error)


def _bind(address: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # on Windows it would let others take the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(BACKLOG)
        listener.settimeout(0)
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"{error.strerror} ({address}:{port})") from None
    return listener


async def _peek(connection: socket.socket, size: int) -> bytes:
    """The first bytes, which stay to be read: as many as tell what the connection is."""
    start = b""
    while True:
        await _readable(connection)
        earlier, start = start, connection.recv(size, socket.MSG_PEEK)
        if len(start) == size or not CONNECT.startswith(start) or not start:
            return start
        if start == earlier:  # part of the word CONNECT: the socket stays readable while nothing comes
            await asyncio.sleep(0.01)


async def _readable(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(connection, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(connection)


async def _read_head(connection: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = await asyncio.get_running_loop().sock_recv(connection, HEAD_LIMIT)
        head += piece
        if not piece or len(head) > HEAD_LIMIT or b"\r\n\r\n" in head[:-4]:
            raise ProxyRefusal(
                "400 Bad Request"
            )  # too long, cut off, or bytes that should wait for the answer
    return head


def _read_target(head: bytes) -> str:
    line = head.partition(b"\r\n")[0].decode("latin-1")
    words = line.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise ProxyRefusal("400 Bad Request")
    return words[1]
