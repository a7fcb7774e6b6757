"""Rules of the unit tests: no socket is opened, no proxy or token of this computer is seen."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings

settings.register_profile("unit", deadline=None)  # a busy computer is no defect
settings.load_profile("unit")

_AMBIENT = (
    "PROXY",
    "AZURE",
    "ACR",
    "IDENTITY",
    "IMDS",
    "MSI",
    "SSL_CERT",
    "REQUESTS_CA",
    "DOCKER_CONFIG",
    "REGISTRY_AUTH",
    "XDG_RUNTIME",
)


@pytest.fixture(autouse=True)
def no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every attempt to reach or offer a network fail the test."""

    def refuse(*address: object) -> NoReturn:
        raise AssertionError(f"a unit test opened a socket: {address[1:]}")

    for name in ("connect", "connect_ex", "bind", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide what the environment says of proxies, identities, logins and authorities, and give an empty home."""
    for name in list(os.environ):
        if any(word in name.upper() for word in _AMBIENT):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
