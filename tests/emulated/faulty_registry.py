"""A registry on loopback that a test can make fail: in the middle of a blob, at an upload, at a manifest."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import os
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

import trustme

from emulated.local_azure import INHERITED, Acrbridge

if TYPE_CHECKING:
    from pathlib import Path

UPLOAD_UNKNOWN = b'{"errors": [{"code": "BLOB_UPLOAD_UNKNOWN", "message": "unknown"}]}'
LAYER = os.urandom(1 << 20) * 3
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def digest_of(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


BLOB = f"/blobs/{digest_of(LAYER)}"
DOWN, UP = f"GET /v2/app{BLOB}", "/v2/target/app/blobs/uploads/"
"""The layer's download; where its upload begins."""


class Handler(BaseHTTPRequestHandler):
    """One connection. What the test's fault does not answer is answered as a registry should."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FaultyRegistry

    def do_GET(self) -> None:
        self._came, self._to_come = b"", int(self.headers.get("Content-Length") or 0)
        self.server.seen.append(f"{self.command} {self.path.partition('?')[0]}")
        if not self.server.fault(self):
            self.serve()
        if not self.close_connection:
            self.read()  # or it would be taken for the next request
        self.server.sizes.append((self.command, len(self._came)))

    do_POST = do_PUT = do_PATCH = do_HEAD = do_DELETE = do_GET  # noqa: N815 (the base class calls them so)

    def read(self, count: int = 1 << 40) -> bytes:
        """Read so much more of the body, or all; gives what has come of it."""
        piece = self.rfile.read(min(count, self._to_come))
        self._to_come -= len(piece)
        self._came += piece
        return self._came

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
            number = str(next(self.server.numbers))
            self.server.uploads[number] = b""
            self.answer(202, Location=f"{path}{number}?_state=x")
            return
        body, number = self.read(), path.rpartition("/")[2]
        if len(body) > self.server.most:
            self.answer(413)
        elif number not in self.server.uploads:
            self.answer(404, UPLOAD_UNKNOWN)
        elif self.command == "DELETE":
            del self.server.uploads[number]
            self.answer(204)
        elif self.command == "PUT":
            self._commit(self.server.uploads.pop(number) + body)
        else:
            self._go_on(path, number, body)

    def _go_on(self, path: str, number: str, body: bytes) -> None:
        """Take a chunk (PATCH), or none (GET), and say how much of the upload is here."""
        begin = self.headers.get("Content-Range", "").partition("-")[0]
        if begin and int(begin) != len(self.server.uploads[number]):
            self.answer(416)
            return
        self.keep(body)
        last = max(0, len(self.server.uploads[number]) - 1)
        status = 202 if self.command == "PATCH" else 204
        self.answer(status, Location=f"{path}?_state={last}", Range=f"0-{last}")

    def _commit(self, blob: bytes) -> None:
        if f"digest={quote(digest_of(blob), safe='')}" in self.path:
            self.server.stored[digest_of(blob)] = blob
            self.answer(201)
        else:
            self.answer(400, b'{"errors": [{"code": "DIGEST_INVALID", "message": "another digest"}]}')

    def keep(self, part: bytes) -> None:
        """Take part of a blob, as a registry does before a connection breaks."""
        self.server.uploads[self.path.partition("?")[0].rpartition("/")[2]] += part

    def _manifest(self, version: str) -> None:
        manifests = self.server.target if "/target/" in self.path else self.server.source
        if self.command == "PUT":
            body = self.read()
            manifests[version] = manifests[digest_of(body)] = body
            self.answer(201, Docker_Content_Digest=digest_of(body))
        elif version in manifests:
            body = manifests[version]
            self.answer(200, body, Content_Type=MANIFEST, Docker_Content_Digest=digest_of(body))
        else:
            self.answer(404)

    def handle(self) -> None:
        self.server.connected.add(self)
        try:
            super().handle()
        except (OSError, ValueError):
            self.close_connection = True  # the client went away, or was sent away
        finally:
            self.server.connected.discard(self)

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
        self.socket.close()
        self.fault: Callable[[Handler], Any] = lambda handler: False
        self.seen: list[str] = []
        self.sizes: list[tuple[str, int]] = []
        """The method of each request that ended, and the bytes of its body."""
        self.most = 1 << 30
        """Bytes that the body of an upload may have."""
        self.uploads: dict[str, bytes] = {}
        """What came so far of each."""
        self.numbers = itertools.count()
        self.blobs: dict[str, bytes] = {}
        self.stored: dict[str, bytes] = {}
        self.source: dict[str, bytes] = {}
        self.target: dict[str, bytes] = {}
        authority = trustme.CA()
        self.ca_file = folder / "faulty.pem"
        authority.cert_pem.write_to_path(self.ca_file)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(self._tls)
        self.connected: set[Handler] = set()
        self._listen()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop()

    def _stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()

    def restart(self, seconds: float) -> None:
        """Be gone for so long, and then there again with all that was stored."""
        self._stop()
        for handler in list(self.connected):
            handler.reset()
        time.sleep(seconds)
        self._listen()
        self._thread.start()

    def _listen(self) -> None:
        self.socket = socket.create_server(self.server_address[:2], backlog=64)
        self.socket = self._tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

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

    @property
    def arrived(self) -> bool:
        """Whether the image is at the target, whole and tagged."""
        return self.stored == self.blobs and self.target.get("v1") == self.source["v1"]

    @property
    def sent(self) -> int:
        """Bytes of blobs that came, in all requests that ended."""
        return sum(size for method, size in self.sizes if method in ("PATCH", "PUT")) - sum(
            len(body) for body in set(self.target.values())
        )

    def client(self, folder: Path) -> Acrbridge:
        """The command line, not signed in, which trusts this registry and keeps its settings in a folder."""
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        own = {"HOME": str(folder), "ACRBRIDGE_CONFIG_DIR": str(folder / "profile")}
        return Acrbridge({**inherited, **own, "REQUESTS_CA_BUNDLE": str(self.ca_file)})

    def count(self, *words: str) -> int:
        """How many requests held all of these words."""
        return sum(all(word in line for word in words) for line in self.seen)


Fault = Callable[[Handler], object]
"""What a registry does instead of what it should."""


class Times:
    """A fault of the first requests that hold these words; of all with a number below zero."""

    def __init__(self, times: int, fault: Fault, *words: str) -> None:
        self.left, self._fault, self._words = times, fault, words
        self._lock = threading.Lock()

    def __call__(self, handler: Handler) -> bool:
        line = f"{handler.command} {handler.path}"
        with self._lock:
            if self.left == 0 or not all(word in line for word in self._words):
                return False
            self.left -= 1
        self._fault(handler)
        return True


def status(number: int, body: bytes = b"", **headers: str) -> Fault:
    """An answer of a status."""
    return lambda handler: handler.answer(number, body, **headers)


def cut(after: int) -> Fault:
    """End the connection with RST when so many bytes of a blob were sent."""

    def fault(handler: Handler) -> None:
        handler.wfile.write(handler.begin_part()[:after])
        time.sleep(0.05)  # RST throws away what was not read yet
        handler.reset()

    return fault


def cut_upload(after: int) -> Fault:
    """End the connection with RST when so many bytes of an upload came; the registry keeps them."""

    def fault(handler: Handler) -> None:
        handler.keep(handler.read(after))
        handler.reset()

    return fault


def then_reset(handler: Handler) -> None:
    """Do what was asked, and end the connection with RST instead of an answer."""
    sent, handler.wfile = handler.wfile, io.BytesIO()
    handler.serve()
    handler.wfile = sent
    handler.reset()
