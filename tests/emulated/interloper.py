"""A proxy that opens the connections between client and emulator, and answers in the emulator's place.

It is what the emulator's faults cannot be: a gateway of a company, a captive portal, an attacker, each with answers
that no service of Azure gives. What a test's rule does not answer goes on to the emulator.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

import trustme

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from emulated.local_azure import LocalAzure

HOSTS = (
    "management.azure.com",
    "login.microsoftonline.com",
    "contoso.azurecr.io",
    "fabrikam.azurecr.io",
    "attacker.example",
)
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "content-length"}
)

Answer = bytes | Callable[[], "Iterator[bytes]"]
"""A whole HTTP response as it goes over the wire, or its parts; the connection ends after it."""


@dataclass(frozen=True)
class Seen:
    """One request that came by."""

    host: str
    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)


Rule = Callable[[Seen], Answer | None]


def answer(status: int, body: bytes | str = b"", **headers: str) -> bytes:
    """Return an HTTP response; an underscore in a header's name stands for a hyphen."""
    content = body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in {"Content-Length": str(len(content)), **named}.items()]
    return "\r\n".join([f"HTTP/1.1 {status} So", *lines, "Connection: close", "", ""]).encode() + content


class Handler(BaseHTTPRequestHandler):
    """CONNECT turns the connection into TLS on the spot; each request within goes to the rule, or on."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Interloper
    host = ""

    def do_CONNECT(self) -> None:
        self.host = self.path.removesuffix(":443")
        self.send_response(200 if self.host in HOSTS else 403)
        self.end_headers()
        self.close_connection = self.host not in HOSTS
        if not self.close_connection:
            self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
            self.rfile = self.connection.makefile("rb")
            self.wfile = self.connection.makefile("wb", buffering=0)

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen = Seen(self.host, self.command, self.path, dict(self.headers.items()))
        self.server.seen.append(seen)
        given = self.server.rule(seen)
        if given is None:
            self.wfile.write(self.server.forward(seen, body))
            return
        self.close_connection = True
        for part in [given] if isinstance(given, bytes) else given():
            self.wfile.write(part)

    do_POST = do_HEAD = do_DELETE = do_GET  # noqa: N815 (the base class calls them by these names)

    def handle(self) -> None:
        try:
            super().handle()
        except (OSError, ssl.SSLError):
            self.close_connection = True  # the client went away or did not trust us: its test says so

    def finish(self) -> None:
        super().finish()
        if isinstance(self.connection, ssl.SSLSocket):
            self.connection.close()  # wrapping detached the socket that the server would have closed

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
        """Say nothing: `seen` holds what matters."""


class Interloper(ThreadingHTTPServer):
    """The running proxy. A test sets `rule` and looks at `seen`."""

    daemon_threads = True

    def __init__(self, azure: LocalAzure, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.rule: Rule = lambda seen: None
        self.seen: list[Seen] = []
        self._azure = azure
        authority = trustme.CA()
        self._ca_file = folder / "interloper.pem"
        authority.cert_pem.write_to_path(self._ca_file)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*HOSTS).configure_cert(self.tls)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead a client here instead."""
        proxy, ca_file = f"http://127.0.0.1:{self.server_port}", str(self._ca_file)
        proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), proxy)
        return {**proxies, "REQUESTS_CA_BUNDLE": ca_file, "SSL_CERT_FILE": ca_file}

    def came_by(self, host: str) -> list[Seen]:
        """The requests for a host."""
        return [seen for seen in self.seen if seen.host == host]

    def forward(self, seen: Seen, body: bytes) -> bytes:
        """Have the emulator answer; gives the response as bytes."""
        port = int(self._azure.environment["ACR_EMULATOR_URL"].rpartition(":")[2])
        trust = ssl.create_default_context(cafile=self._azure.environment["ACR_EMULATOR_CA"])
        connection = http.client.HTTPConnection(seen.host)
        plain = socket.create_connection(("127.0.0.1", port))
        connection.sock = trust.wrap_socket(plain, server_hostname=seen.host)
        try:
            connection.request(seen.method, seen.path, body, dict(seen.headers))
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        headers = [f"{k}: {v}" for k, v in response.getheaders() if k.lower() not in HOP_BY_HOP]
        head = [f"HTTP/1.1 {response.status} So", f"Content-Length: {len(content)}", *headers, "", ""]
        return "\r\n".join(head).encode("latin-1") + content
