"""Connections whose read timeout counts for an answer as a whole: a server that drips wins no time by it."""

from __future__ import annotations

import http.client
import io
import math
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    from urllib3._base_connection import BaseHTTPConnection, BaseHTTPSConnection


class _Punctual(io.RawIOBase):
    """What a socket gives until its timeout, as it is now, has passed; a socket itself counts it anew for each byte."""

    def __init__(self, raw: io.RawIOBase, connection: socket.socket) -> None:
        self._raw = raw
        self._connection = connection
        self._end: float | None = time.monotonic() + (connection.gettimeout() or 0.0)

    def renew(self, seconds: float) -> None:
        """Count anew."""
        self._end = time.monotonic() + seconds

    def trust(self, seconds: float) -> None:
        """Count anew for each read, until the next `renew`: whoever reads counts himself."""
        self._connection.settimeout(seconds)
        self._end = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._end is not None:
            self._connection.settimeout(max(0.001, self._end - time.monotonic()))  # a system call
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class PunctualResponse(http.client.HTTPResponse):
    """An answer, also that of a proxy to CONNECT, that has to have come whole before the socket's timeout."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        raw = self.fp.detach()  # out of http.client's own buffer
        self.fp = io.BufferedReader(_Punctual(raw, sock))
        self.waited = math.inf
        """Seconds from the request's last byte to the end of the answer's headers."""

    def begin(self) -> None:
        """Read the headers."""
        began = time.monotonic()
        super().begin()
        self.waited = time.monotonic() - began


def waited(answer: urllib3.BaseHTTPResponse) -> float:
    """Seconds that a host took to answer, once it had the request; without those of connecting to it."""
    return getattr(getattr(answer, "_fp", None), "waited", math.inf)


def renew(buffered: Any, seconds: float, *, each: bool = False) -> None:
    """Give what a PunctualResponse reads from that many seconds more, as for the next piece of a long body.

    Args:
        buffered: what it reads from.
        seconds: from now.
        each: for each read of the socket, whose caller sees to it that they end.
    """
    raw = getattr(buffered, "raw", None)
    if isinstance(raw, _Punctual):
        (raw.trust if each else raw.renew)(seconds)


class _Plain(HTTPConnection):
    response_class = PunctualResponse

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request; each part of it has the connect timeout, not what the last answer left of its own."""
        if self.sock is not None:
            self.sock.settimeout(self.timeout)
        super().request(*args, **kwargs)

    def send(self, data: Any) -> None:
        """Send what a request is made of; the timeout is for each part, where that of sendall is for a whole piece."""
        if not isinstance(data, memoryview):
            super().send(data)
            return
        while data:
            data = data[self.sock.send(data) :]


class Secure(_Plain, HTTPSConnection):
    """A connection over TLS whose read timeout counts for an answer as a whole."""


class Opened:
    """Connections, as long as anybody uses or keeps them. Threads may share it."""

    def __init__(self) -> None:
        self._connections: WeakSet[HTTPConnection] = WeakSet()
        self._lock = threading.Lock()

    def add(self, connection: HTTPConnection) -> None:
        """Note one."""
        with self._lock:
            self._connections.add(connection)

    def all(self) -> list[HTTPConnection]:
        """Those there are now; a set alone could not be read while it grows."""
        with self._lock:
            return list(self._connections)


def cut(opened: Opened) -> None:
    """End connections, so that threads that wait on one wait no longer."""
    for connection in opened.all():
        sock = connection.sock
        sock = getattr(sock, "socket", sock)  # beneath TLS within the TLS of a proxy
        if sock is not None:
            with suppress(OSError):
                # Not the shutdown of an SSLSocket, which takes away the TLS that another thread reads from.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


def pools(opened: Opened, secure: type[Secure] = Secure) -> dict[str, type[urllib3.HTTPConnectionPool]]:
    """Kinds of pools, for `pool_classes_by_scheme` of urllib3's managers, that note each connection.

    Args:
        opened: where they are noted.
        secure: the kind of those over TLS.
    """

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = _Plain

        def _new_conn(self) -> BaseHTTPConnection:
            return _noted(super()._new_conn(), opened)

    class SecurePool(urllib3.HTTPSConnectionPool):
        ConnectionCls = secure

        def _new_conn(self) -> BaseHTTPSConnection:
            return _noted(super()._new_conn(), opened)

    return {"http": PlainPool, "https": SecurePool}


C = TypeVar("C")


def _noted(connection: C, opened: Opened) -> C:
    if isinstance(connection, HTTPConnection):
        opened.add(connection)
    return connection
