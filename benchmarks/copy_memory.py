"""What `acrbridge copy` needs of memory: for many images, and for one layer of any size.

Usage: python benchmarks/copy_memory.py [--images 1000] [--sizes 0.1,10]

A registry on loopback makes up what it serves and throws away what it gets, so that no disk is needed. Linux only: the
peak of the process's memory is read from /proc at 100, 500 and 1000 images, and at the end of each layer (in GiB).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
PIECE = bytes(1 << 20)
LAYERS = 6


def digest_of(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


@cache
def digest_of_zeros(size: int) -> str:
    hashed = hashlib.sha256()
    for _ in range(size // len(PIECE)):
        hashed.update(PIECE)
    return f"sha256:{hashed.hexdigest()}"


class Handler(BaseHTTPRequestHandler):
    """`many` has images of small layers, `large` one of a layer of zeros; `target` keeps digests only."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Registry

    def do_GET(self) -> None:
        """Answer by the kind of content."""
        path = self.path.partition("?")[0]
        _, _, repository, kind, *rest = path.split("/")
        if kind == "tags" and repository == "many":
            self.reply(200, json.dumps({"name": "many", "tags": self.server.tags}).encode())
        elif kind == "manifests":
            self.manifest(repository, rest[-1])
        elif kind == "blobs" and repository != "target":
            self.blob(rest[-1])
        else:
            self.reply(404)

    do_HEAD = do_GET  # noqa: N815 - the base class calls it so

    def do_POST(self) -> None:
        """Begin an upload."""
        self.reply(202, Location="/v2/target/blobs/uploads/1")

    def do_PATCH(self) -> None:
        """Take a chunk."""
        self.read_body()
        end = self.headers["Content-Range"].rpartition("-")[2]
        self.reply(202, Location=self.path, Range=f"0-{end}")

    def do_PUT(self) -> None:
        """Take a blob or manifest."""
        body = self.read_body()
        if "/manifests/" in self.path:
            self.server.store(self.path.rpartition("/")[2], digest_of(body))
        self.reply(201)

    def read_body(self) -> bytes:
        """The body, or of a long one the end."""
        left = int(self.headers.get("Content-Length", 0))
        kept = b""
        while left:
            piece = self.rfile.read(min(left, len(PIECE)))
            left -= len(piece)
            kept = piece
        return kept

    def manifest(self, repository: str, version: str) -> None:
        """Serve a manifest, or the digest of one that came."""
        if repository == "target":
            digest = self.server.stored.get(version)
            self.reply(200 if digest else 404, Docker_Content_Digest=digest or "")
        else:
            self.reply(200, self.server.manifest(version), Content_Type=MANIFEST)

    def blob(self, digest: str) -> None:
        """Serve a blob."""
        body = self.server.blobs.get(digest)
        if body is not None:
            self.reply(200, body)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(self.server.size))
        self.end_headers()
        for _ in range(self.server.size // len(PIECE)):
            self.wfile.write(PIECE)

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Send an answer; an underscore in a header's name stands for a hyphen."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Registry(ThreadingHTTPServer):
    """Makes up images."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, images: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.tags = [f"v{number}" for number in range(images)]
        self.blobs = {digest_of(b"{}"): b"{}"}
        self.stored: dict[str, str] = {}
        self.size = 0
        self.process: subprocess.Popen[str] | None = None
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def manifest(self, version: str) -> bytes:
        """An image of small layers, or of one of as many bytes as its tag says."""
        if version.startswith("v"):
            bodies = [f"{version} {number}".encode() * 100 for number in range(LAYERS)]
            self.blobs.update({digest_of(body): body for body in bodies})
            layers = [described(digest_of(body), len(body)) for body in bodies]
        else:
            self.size = int(version)
            layers = [described(digest_of_zeros(self.size), self.size)]
        config = described(digest_of(b"{}"), 2)
        return json.dumps({"schemaVersion": 2, "config": config, "layers": layers}).encode()

    def store(self, version: str, digest: str) -> None:
        """Remember a manifest that came, and print how things stand."""
        self.stored[version] = digest
        done = len(self.stored)
        if self.process and self.size:
            print(f"{self.size / (1 << 30):5.1f} GiB: {peak(self.process.pid):.0f} MB")
        elif self.process and done in (100, 500, 1000):
            print(f"{done:5} images: {peak(self.process.pid):.0f} MB")

    def copy(self, folder: Path, source: str, *words: str) -> None:
        """Copy a repository or an image of this registry."""
        hosts = [f"{name}:{self.server_port}" for name in ("localhost", "127.0.0.1")]  # or it would mount
        line = ["copy", f"{hosts[0]}/{source}", f"{hosts[1]}/target", "--no-referrers", *words]
        for host in hosts:
            line += ["--plain-http", host]
        environment = {**os.environ, "ACRBRIDGE_CONFIG_DIR": str(folder)}
        command = [sys.executable, "-m", "acrbridge", *line]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as self.process:
            self.process.communicate()
            if self.process.returncode:
                sys.exit("the copy failed")


def described(digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": "application/octet-stream", "digest": digest, "size": size}


def peak(process: int) -> float:
    """The most memory that a process had so far, in MB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 / 1e6 if found else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--sizes", default="0.1,10", help="GiB of one layer each")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        Registry(options.images).copy(Path(folder), "many", "--all-tags")
        for size in map(float, options.sizes.split(",")):
            Registry(0).copy(Path(folder), f"large:{int(size * 1024) << 20}")


if __name__ == "__main__":
    main()
