"""The emulator as a process, and requests to it over sockets."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import ssl
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 30
"""That anything may take."""


@dataclass(frozen=True)
class Process:
    """A running emulator."""

    process: subprocess.Popen[str]
    state: Path
    said: str
    """Its first line."""

    @property
    def endpoint(self) -> dict[str, Any]:
        """What it tells others of itself."""
        return dict(json.loads((self.state / "endpoint.json").read_bytes()))

    @property
    def port(self) -> int:
        return int(self.endpoint["port"])

    @property
    def trust(self) -> ssl.SSLContext:
        """Settings of a client that trusts its authority and no other."""
        return ssl.create_default_context(cafile=self.endpoint["ca_file"])

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, and give the exit status."""
        self.process.send_signal(number)
        return self.process.wait(SECONDS)

    def ask(self, host: str, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        """One request through the proxy; names of headers are written with underscores."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.trust, timeout=SECONDS)
        connection.set_tunnel(host, 443)
        return answer(connection, method, path, body, headers)

    def ask_directly(self, address: str, path: str) -> tuple[int, bytes]:
        """One request without the proxy, to an address of the emulator's own."""
        connection = http.client.HTTPSConnection(address, self.port, context=self.trust, timeout=SECONDS)
        return answer(connection, "GET", path, b"", {})

    def send(self, data: bytes, *, tls_to: str = "") -> bytes:
        """Send bytes, with TLS to a host when one is given, and read until the other side closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS) as connection:
            if not tls_to:
                return exchange(connection, data)
            with self.trust.wrap_socket(connection, server_hostname=tls_to) as wrapped:
                return exchange(wrapped, data)


def exchange(connection: socket.socket, data: bytes) -> bytes:
    connection.sendall(data)
    received = b""
    while piece := connection.recv(65536):
        received += piece
    return received


def answer(
    connection: http.client.HTTPSConnection, method: str, path: str, body: bytes, headers: dict[str, str]
) -> tuple[int, bytes]:
    try:
        connection.request(method, path, body, {n.replace("_", "-"): v for n, v in headers.items()})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def command(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the emulator to its end."""
    line = [sys.executable, "-m", "acr_emulator", *words]
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=SECONDS)


@contextmanager
def running(state: Path, *options: str) -> Iterator[Process]:
    """Serve a state folder until the block ends."""
    line = [sys.executable, "-m", "acr_emulator", "serve", "--state", str(state), *options]
    errors = (state.parent / f"{state.name}.log").open("w+")
    with errors, subprocess.Popen(line, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert said, Path(errors.name).read_text()
            yield Process(process, state, said)
        finally:
            process.terminate()
            process.wait(SECONDS)


def eventually(true: Any) -> bool:
    """Whether something becomes true in time."""
    deadline = time.monotonic() + SECONDS
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
