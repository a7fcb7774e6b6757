"""Networks that do not let through: who could not be reached, quickly, and without a proxy's password in the line."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from acrbridge.errors import NetworkError
from acrbridge.http.client import HttpClient, Request, Timeouts
from emulated.local_azure import SMALL, Acrbridge, LocalAzure
from emulated.secrecy import CANARY

if TYPE_CHECKING:
    from collections.abc import Iterator

REFUSED = "http://127.0.0.1:1"
WITH_PASSWORD = f"http://someone:{CANARY.replace('/', '%2F')}@"


def behind(acrbridge: Acrbridge, proxy: str) -> Acrbridge:
    """Return the command line behind a proxy."""
    return acrbridge.where(HTTPS_PROXY=proxy, https_proxy=proxy)


@contextmanager
def proxy_that_answers(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Run a proxy that gives one answer to everything and hangs up; gives its address, and what it was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    asked.append(connection.recv(65536))
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}", asked
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_proxy_that_is_not_there(azure: LocalAzure, acrbridge: Acrbridge, image: str) -> None:
    ended = behind(acrbridge, REFUSED).imports(SMALL, image)
    ended.refused(1, "UNREACHABLE", "The proxy http://127.0.0.1:1 cannot be reached", "Connection refused")
    assert ended.seconds < 4
    assert azure.tag(image) is None


def test_proxy_whose_name_does_not_resolve(acrbridge: Acrbridge) -> None:
    ended = behind(acrbridge, "http://proxy.invalid:3128")("acr", "list")
    ended.refused(1, "HOST_NOT_FOUND", "the proxy http://proxy.invalid:3128", "does not resolve")


REFUSALS = {
    "wants a user": (b"407 Proxy Authentication Required", "407"),
    "forbids": (b"403 Forbidden", "403"),
}


@pytest.mark.parametrize(("status", "shown"), REFUSALS.values(), ids=REFUSALS)
def test_proxy_that_refuses_is_asked_once(acrbridge: Acrbridge, status: bytes, shown: str) -> None:
    with proxy_that_answers(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n") as (address, asked):
        ended = behind(acrbridge, f"http://{address}")("acr", "list")
    ended.refused(1, "PROXY_REFUSED", "management.azure.com is not let through", shown)
    assert len(asked) == 1


def test_password_of_a_proxy_goes_to_the_proxy_and_is_not_shown(acrbridge: Acrbridge) -> None:
    with proxy_that_answers(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n") as (address, asked):
        ended = behind(acrbridge, f"{WITH_PASSWORD}{address}")("acr", "list", "--debug")
    assert ended.status == 1
    assert b"Proxy-Authorization: Basic " in asked[0]


def test_password_of_a_proxy_that_is_not_there_is_not_shown(acrbridge: Acrbridge) -> None:
    ended = behind(acrbridge, f"{WITH_PASSWORD}127.0.0.1:1")("acr", "list")
    ended.refused(1, "UNREACHABLE", "The proxy http://127.0.0.1:1 cannot be reached")


def test_certificate_that_is_not_trusted(azure: LocalAzure, acrbridge: Acrbridge, image: str) -> None:
    ended = acrbridge.where(REQUESTS_CA_BUNDLE="", SSL_CERT_FILE="").imports(SMALL, image)
    ended.refused(1, "TLS_UNTRUSTED", "management.azure.com", "--ca-file")
    assert ended.seconds < 2
    assert azure.tag(image) is None


def test_certificate_authority_by_option(azure: LocalAzure, acrbridge: Acrbridge) -> None:
    bare = acrbridge.where(REQUESTS_CA_BUNDLE="", SSL_CERT_FILE="")
    bare("acr", "list", "--ca-file", azure.environment["ACR_EMULATOR_CA"], "-o", "none").succeeded()


@pytest.mark.parametrize("file", ["/nonexistent.pem", "/etc/hostname"])
def test_certificate_authority_that_is_none(acrbridge: Acrbridge, file: str) -> None:
    acrbridge("acr", "list", "--ca-file", file).refused(1, "FILE_UNREADABLE", file, "holds no certificates")


def test_connection_that_is_cut_in_every_tunnel(acrbridge: Acrbridge) -> None:
    with proxy_that_answers(b"HTTP/1.1 200 OK\r\n\r\nthis is no TLS") as (address, _):
        ended = behind(acrbridge, f"http://{address}")("acr", "list")
    ended.refused(1, "UNREACHABLE", "management.azure.com broke off the connection")
    assert ended.seconds < 4


DRIPS = {
    "header": ("http://127.0.0.1:{port}/", b"HTTP/1.1 200 OK\r\n"),
    "body": ("http://127.0.0.1:{port}/", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"),
    "handshake": ("https://127.0.0.1:{port}/", b"\x16\x03\x03\x10\x00"),
    "answer to CONNECT": ("https://contoso.azurecr.io/", b"HTTP/1.1 200 OK\r\n"),
}


@pytest.mark.parametrize(("url", "start"), DRIPS.values(), ids=DRIPS)
def test_answer_that_drips_ends_at_the_deadline(
    url: str, start: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    with server_that_drips(start) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}" if "contoso" in url else "")
        client = HttpClient(timeouts=Timeouts(total=1.0))
        began = time.monotonic()
        with pytest.raises(NetworkError) as error:
            client.send(Request("GET", url.format(port=port)))
        client.close()
    assert (error.value.code, time.monotonic() - began < 1.5) == ("TIMED_OUT", True)


@contextmanager
def server_that_drips(start: bytes) -> Iterator[int]:
    """Run a server whose answers begin at once and then come byte by byte; gives its port."""
    left = threading.Event()

    def drip(connection: socket.socket) -> None:
        with connection:
            connection.sendall(start)
            while not left.wait(0.1):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)

        def serve() -> None:
            while not left.is_set():
                try:
                    drip(listener.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        left.set()
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()
