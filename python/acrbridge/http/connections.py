"""Connections of urllib3, kept for each host: with our trust, through the environment's proxies, one try each."""

from __future__ import annotations

import base64
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

import urllib3
from urllib3.connection import HTTPConnection
from urllib3.util import Url, parse_url

from acrbridge.http.addresses import MayReach, check_literal, public
from acrbridge.http.proxies import proxy
from acrbridge.http.punctual import Opened, Secure, cut, pools
from acrbridge.http.streams import Body

_KEPT = 64
"""Connections that are kept for each host."""
_HOSTS = 1 << 16
"""Hosts whose connections are kept: all. One that urllib3 forgot would be closed while others use it."""
_ONCE = urllib3.Retry(False, redirect=False)  # noqa: FBT003 - urllib3's way to say that errors are raised as they are


@dataclass(frozen=True)
class _Pool:
    """Connections to one host."""

    pool: urllib3.HTTPConnectionPool
    is_forwarded: bool
    """Whether a proxy has to read each request, as it does of plain HTTP, and needs the URL whole."""


class Connections:
    """Opens connections, and keeps them for the next request to the same host. Threads may share it.

    Args:
        context: whose certificates are trusted.
        may_reach: which IP addresses may be connected to, by https only; None: all.
    """

    def __init__(self, context: ssl.SSLContext, may_reach: MayReach | None = None) -> None:
        self._context = context
        self._opened = Opened()
        self._may_reach = may_reach
        self._lock = threading.Lock()
        self._managers: dict[str | None, urllib3.PoolManager] = {}
        self._pools: dict[tuple[str | None, str | None, int | None], _Pool] = {}

    def open(
        self,
        method: str,
        url: Url,
        headers: Mapping[str, str],
        body: bytes | str | Body | None,
        timeout: urllib3.Timeout,
    ) -> urllib3.BaseHTTPResponse:
        """Send a request once. Redirects are answers; the answer's body is left to be read, as it comes.

        Args:
            method: of the request.
            url: of the request, as urllib3 takes it apart.
            headers: all that are to be sent, but for Host and Content-Length.
            body: of the request.
            timeout: of its parts.

        Raises:
            urllib3.exceptions.HTTPError, OSError: no answer came.
        """
        found = self._pools.get((url.scheme, url.host, url.port)) or self._pool(url)
        if body is not None and not isinstance(body, bytes | str):
            headers = {**headers, "Content-Length": str(len(body))}
        return found.pool.urlopen(
            method,
            url._replace(auth=None, fragment=None).url if found.is_forwarded else url.request_uri,
            body,  # type: ignore[arg-type] # memoryviews go to the socket as they are
            headers,
            _ONCE,
            redirect=False,
            assert_same_host=False,
            timeout=timeout,
            preload_content=False,
            decode_content=False,
        )

    def cut(self) -> None:
        """End all, those in use, too."""
        cut(self._opened)

    def close(self) -> None:
        """Close those that nobody uses, and the others as they are given back."""
        for found in list(self._pools.values()):
            found.pool.close()

    def _pool(self, url: Url) -> _Pool:
        address = proxy(url.url)
        if address and self._may_reach:
            check_literal(url.host or "", self._may_reach)
        with self._lock:
            manager = self._managers.get(address)
            if manager is None:
                manager = self._managers[address] = self._proxied(address) if address else self._direct()
            pool = manager.connection_from_host(url.host, url.port, url.scheme)
            found = _Pool(pool, address is not None and url.scheme == "http")
            self._pools[url.scheme, url.host, url.port] = found
        return found

    def _direct(self) -> urllib3.PoolManager:
        manager = urllib3.PoolManager(
            _HOSTS, maxsize=_KEPT, ssl_context=self._context, cert_reqs="CERT_REQUIRED"
        )
        manager.pool_classes_by_scheme = pools(
            self._opened, public(self._may_reach) if self._may_reach else Secure
        )
        return manager

    def _proxied(self, address: str) -> urllib3.ProxyManager:
        parts = parse_url(address)
        manager = urllib3.ProxyManager(
            parts._replace(auth=None).url,
            _HOSTS,
            proxy_headers={"Proxy-Authorization": _basic(parts.auth)} if parts.auth else {},
            proxy_ssl_context=self._context,
            maxsize=_KEPT,
            ssl_context=self._context,
            cert_reqs="CERT_REQUIRED",
            # urllib3 turns Nagle's algorithm on for proxies: 40 ms for each request with a body.
            socket_options=HTTPConnection.default_socket_options,
        )
        manager.pool_classes_by_scheme = pools(self._opened)  # the proxy itself may be anywhere
        return manager


def _basic(auth: str) -> str:
    """The credentials in a URL, as a header (RFC 7617)."""
    return f"Basic {base64.b64encode(unquote(auth).encode()).decode()}"
