"""A registry on loopback that a test can make fail: in the middle of a blob, at an upload, at a manifest."""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

import trustme

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def digest_of(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


class Handler(BaseHTTPRequestHandler):
    """One connection. What the test's fault does not answer is answered as a registry should."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FaultyRegistry
    body = b""

    def do_GET(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append(f"{self.command} {self.path.partition('?')[0]}")
        if not self.server.fault(self):
            self.serve()

    do_POST = do_PUT = do_HEAD = do_DELETE = do_GET  # noqa: N815 (the base class calls them by these names)

    def serve(self) -> None:
        """Answer without a fault."""
        path = self.path.partition("?")[0]
        parts = path.split("/")
        if "/blobs/uploads/" in path:
            self._upload(path)
        elif "/manifests/" in path:
            self._manifest(parts[-1])
        elif "/blobs/" in path:
            self._blob(parts[-1])
        else:
            self.answer(404)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Send an answer; an underscore in a header's name stands for a hyphen."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def reset(self) -> None:
        """End the connection with RST."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def rest(self) -> tuple[int, bytes]:
        """Where the part of a blob begins that is asked for, and the part."""
        begin = int(self.headers.get("Range", "bytes=0-")[6:-1])
        return begin, self.server.blobs[self.path.rpartition("/")[2]][begin:]

    def begin_part(self) -> bytes:
        """Send the head of the answer to a blob's GET; gives the body that has to follow."""
        begin, rest = self.rest()
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(rest)))
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{begin + len(rest) - 1}/{begin + len(rest)}")
        self.end_headers()
        return rest

    def _blob(self, digest: str) -> None:
        there = digest in self.server.stored if "/target/" in self.path else digest in self.server.blobs
        if not there:
            self.answer(404)
        elif self.command == "HEAD":
            self.answer(200)
        else:
            self.wfile.write(self.begin_part())

    def _upload(self, path: str) -> None:
        if self.command == "POST":
            number = str(len(self.server.seen))
            self.server.uploads.add(number)
            self.answer(202, Location=f"{path}{number}?_state=x")
            return
        number = path.rpartition("/")[2]
        if number not in self.server.uploads:
            self.answer(404, b'{"errors": [{"code": "BLOB_UPLOAD_UNKNOWN", "message": "unknown"}]}')
            return
        self.server.uploads.discard(number)
        if self.command == "PUT":
            self.server.stored[digest_of(self.body)] = self.body
        self.answer(201 if self.command == "PUT" else 204)

    def _manifest(self, version: str) -> None:
        manifests = self.server.target if "/target/" in self.path else self.server.source
        if self.command == "PUT":
            manifests[version] = manifests[digest_of(self.body)] = self.body
            self.answer(201, Docker_Content_Digest=digest_of(self.body))
        elif version in manifests:
            body = manifests[version]
            self.answer(200, body, Content_Type=MANIFEST, Docker_Content_Digest=digest_of(body))
        else:
            self.answer(404)

    def handle(self) -> None:
        try:
            super().handle()
        except (OSError, ValueError):
            self.close_connection = True  # the client went away, or was sent away

    def finish(self) -> None:
        if not self.wfile.closed and self.connection.fileno() >= 0:
            super().finish()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
        """Say nothing: `seen` holds what matters."""


class FaultyRegistry(ThreadingHTTPServer):
    """The running registry: `app` at the source is to be copied to `target/app`. A test sets `fault`."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.fault: Callable[[Handler], Any] = lambda handler: False
        self.seen: list[str] = []
        self.uploads: set[str] = set()
        self.blobs: dict[str, bytes] = {}
        self.stored: dict[str, bytes] = {}
        self.source: dict[str, bytes] = {}
        self.target: dict[str, bytes] = {}
        authority = trustme.CA()
        self.ca_file = folder / "faulty.pem"
        authority.cert_pem.write_to_path(self.ca_file)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(tls)
        self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()

    def fill(self, *layers: bytes) -> str:
        """Have an image of these layers at the source; gives its digest."""
        described = [self._described(body) for body in (b"{}", *layers)]
        document = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": described[0],
            "layers": described[1:],
        }
        body = json.dumps(document).encode()
        self.source["v1"] = self.source[digest_of(body)] = body
        return digest_of(body)

    def _described(self, body: bytes) -> dict[str, Any]:
        self.blobs[digest_of(body)] = body
        return {"mediaType": "application/octet-stream", "digest": digest_of(body), "size": len(body)}

    @property
    def words(self) -> tuple[str, str, str, str]:
        """The command line that copies the image, from one name of this computer to another."""
        port = self.server_port
        return "copy", f"localhost:{port}/app:v1", f"127.0.0.1:{port}/target/app:v1", "--no-referrers"

    def count(self, *words: str) -> int:
        """How many requests held all of these words."""
        return sum(all(word in line for word in words) for line in self.seen)
