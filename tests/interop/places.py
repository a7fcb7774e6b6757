"""Registries that images are copied between: the emulator's, Debian's docker-registry, and crane's."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trustme

from interop.strangers import START_SECONDS, Emulator, find_tool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Place:
    """A registry, and whether it speaks plain HTTP."""

    host: str
    plain_http: bool = False

    def words(self, *option: str) -> tuple[str, ...]:
        """An option that a tool needs for plain HTTP; nothing where TLS is spoken."""
        return option if self.plain_http else ()


@contextmanager
def docker_registry(emulator: Emulator, folder: Path) -> Iterator[Place]:
    """Debian's docker-registry, over TLS: whoever trusts the emulator trusts it."""
    place = Place(f"127.0.0.1:{_free_port()}")
    certificate, key = _certificate(emulator, folder)
    configuration = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "storage")}},
        "http": {"addr": place.host, "tls": {"certificate": str(certificate), "key": str(key)}},
    }
    file = folder / "registry.json"  # which is YAML, too
    file.write_text(json.dumps(configuration))
    with _running(place, find_tool("docker-registry"), "serve", str(file)):
        yield place


@contextmanager
def crane_registry() -> Iterator[Place]:
    """`crane registry serve`: in memory, over plain HTTP."""
    place = Place(f"127.0.0.1:{_free_port()}", plain_http=True)
    with _running(place, find_tool("crane"), "registry", "serve", "--address", place.host):
        yield place


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _certificate(emulator: Emulator, folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 from the emulator's authority, and its key."""
    key, marker, certificate = (emulator.state / "ca-key.pem").read_bytes().partition(b"-----BEGIN CERT")
    issued = trustme.CA.from_pem(marker + certificate, key).issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    for part in issued.cert_chain_pems:
        part.write_to_path(folder / "certificate.pem", append=True)
    return folder / "certificate.pem", folder / "key.pem"


@contextmanager
def _running(place: Place, *command: str) -> Iterator[None]:
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _await_port(place, process, command[0])
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(START_SECONDS)


def _await_port(place: Place, process: subprocess.Popen[bytes], command: str) -> None:
    host, _, port = place.host.partition(":")
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            assert process.poll() is None, f"{command} ended with {process.returncode}"
            assert time.monotonic() < deadline, f"{command} is not ready"
            time.sleep(0.02)
