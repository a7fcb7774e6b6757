"""The one port: what it opens, and all that it refuses."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import pytest

from acr_emulator.certificates import Certificates
from acr_emulator.frontdoor import FrontDoor
from acr_emulator.records import Registry
from acr_emulator.request_log import RequestLog
from acr_emulator.state import State
from emulator.process import Process, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """One for all tests of this file."""
    with running(tmp_path_factory.mktemp("door") / "state") as process:
        yield process


def status(received: bytes) -> int:
    return int(received.split(b" ", 2)[1])


def request(line: str, host: str, *headers: str) -> bytes:
    return "\r\n".join([line, f"Host: {host}", "Connection: close", *headers, "", ""]).encode()


TUNNELS = {
    "a registry": ("contoso.azurecr.io:443", 200),
    "capitals": ("CONTOSO.azurecr.io:443", 200),
    "Docker Hub's tokens": ("auth.docker.io:443", 200),
    "ARM": ("management.azure.com:443", 200),
    "Entra": ("login.microsoftonline.com:443", 200),
    "a registry's port of plain HTTP": ("contoso.azurecr.io:80", 403),
    "a registry that is not there": ("nobody.azurecr.io:443", 403),
    "a look-alike": ("contoso.azurecr.io.evil.example:443", 403),
    "the world": ("example.com:443", 403),
    "the metadata service": ("169.254.169.254:80", 403),
    "this machine's SSH": ("127.0.0.1:22", 403),
    "a name without a port": ("contoso.azurecr.io", 403),
    "a user": ("user@contoso.azurecr.io:443", 400),
    "no port": ("contoso.azurecr.io:https", 400),
    "nothing": (":443", 400),
}


@pytest.mark.parametrize(("authority", "expected"), TUNNELS.values(), ids=TUNNELS)
def test_where_the_proxy_leads(emulator: Process, authority: str, expected: int) -> None:
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=10) as connection:
        connection.sendall(request(f"CONNECT {authority} HTTP/1.1", authority))
        assert status(connection.recv(65536)) == expected


HEADS = {
    "bytes before the tunnel is open": b"CONNECT contoso.azurecr.io:443 HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    "no version": b"CONNECT contoso.azurecr.io:443\r\n\r\n",
    "another version": b"CONNECT contoso.azurecr.io:443 HTTP/2\r\n\r\n",
    "without end": b"CONNECT contoso.azurecr.io:443 HTTP/1.1\r\nX: " + b"x" * 20_000,
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_a_connect_of_another_form_is_refused(emulator: Process, head: bytes) -> None:
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=10) as connection:
        connection.sendall(head)
        assert status(connection.recv(65536)) == 400


def test_a_connect_may_arrive_in_pieces(emulator: Process) -> None:
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in (b"CON", b"NECT contoso.azurecr", b".io:443 HTTP/1.1\r\n\r", b"\n"):
            connection.sendall(piece)
        assert status(connection.recv(65536)) == 200


def test_a_tunnel_takes_tls_and_nothing_else(emulator: Process) -> None:
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=10) as connection:
        connection.sendall(b"CONNECT contoso.azurecr.io:443 HTTP/1.1\r\n\r\n")
        connection.recv(65536)
        connection.sendall(request("GET /v2/ HTTP/1.1", "contoso.azurecr.io"))
        assert b"HTTP/" not in connection.recv(65536)


PLAIN = {
    "registry": (request("GET /v2/ HTTP/1.1", "contoso.azurecr.io"), 403),
    "evil host": (request("GET /msi/token HTTP/1.1", "evil.example"), 403),
    "ARM": (request("GET /subscriptions HTTP/1.1", "management.azure.com"), 403),
    "ARM by the emulator's own name": (request("GET /subscriptions HTTP/1.1", "localhost:{port}"), 403),
    "the world in absolute form": (request("GET http://example.com/ HTTP/1.1", "example.com"), 403),
    "absolute form counts more than Host": (
        request("GET http://evil.example/metadata/x HTTP/1.1", "169.254.169.254"),
        403,
    ),
    "absolute form of another scheme": (
        request("GET ftp://169.254.169.254/ HTTP/1.1", "169.254.169.254"),
        400,
    ),
    "metadata service in absolute form": (
        request(
            "GET http://169.254.169.254/metadata/identity/oauth2/token?resource=https://management.azure.com/"
            "&api-version=2018-02-01 HTTP/1.1",
            "169.254.169.254",
            "Metadata: true",
        ),
        200,
    ),
    "App Service without its header": (request("GET /msi/token HTTP/1.1", "127.0.0.1:{port}"), 401),
    "nonsense": (b"\x01\x02\x03\r\n\r\n", 400),
}


@pytest.mark.parametrize(("data", "expected"), PLAIN.values(), ids=PLAIN)
def test_what_is_answered_without_tls(emulator: Process, data: bytes, expected: int) -> None:
    assert status(emulator.send(data.replace(b"{port}", str(emulator.port).encode()))) == expected


UPLOAD = "POST /v2/app/blobs/uploads/ HTTP/1.1"
ENCRYPTED = {
    "evil host": (request("GET /v2/ HTTP/1.1", "evil.example"), 421),
    "unknown registry": (request("GET /v2/ HTTP/1.1", "nobody.azurecr.io"), 421),
    "no host": (b"GET /v2/ HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
    "two hosts": (request("GET /v2/ HTTP/1.1", "contoso.azurecr.io", "Host: evil.example"), 400),
    "user in the host": (request("GET /v2/ HTTP/1.1", "x@contoso.azurecr.io"), 400),
    "port in words": (request("GET /v2/ HTTP/1.1", "contoso.azurecr.io:x"), 400),
    "two lengths": (
        request(UPLOAD, "contoso.azurecr.io", "Transfer-Encoding: chunked", "Content-Length: 5")
        + b"0\r\n\r\n",
        400,
    ),
    "two different lengths": (
        request(UPLOAD, "contoso.azurecr.io", "Content-Length: 1", "Content-Length: 2"),
        400,
    ),
    "absolute form": (request("GET https://contoso.azurecr.io/v2/ HTTP/1.1", "contoso.azurecr.io"), 400),
    "parent folders": (request("PUT /v2/../../x/manifests/v1 HTTP/1.1", "contoso.azurecr.io"), 400),
    "encoded parent folders": (
        request("PUT /v2/%2e%2e%2f%2e%2e/manifests/v1 HTTP/1.1", "contoso.azurecr.io"),
        400,
    ),
    "header in a name": (request("GET /v2/a%0d%0aX:%20y/manifests/v1 HTTP/1.1", "contoso.azurecr.io"), 400),
    "registry": (request("GET /v2/ HTTP/1.1", "contoso.azurecr.io"), 401),
}


@pytest.mark.parametrize(("data", "expected"), ENCRYPTED.values(), ids=ENCRYPTED)
def test_what_is_answered_with_tls(emulator: Process, data: bytes, expected: int) -> None:
    assert status(emulator.send(data, tls_to="contoso.azurecr.io")) == expected


def test_every_name_has_a_certificate_that_clients_verify(emulator: Process) -> None:
    for host in (
        "contoso.azurecr.io",
        "docker.io",
        "registry-1.docker.io",
        "management.azure.com",
        "localhost",
    ):
        received = emulator.send(request("GET /v2/ HTTP/1.1", host), tls_to=host)
        assert status(received) in (200, 401, 404, 421)
    with pytest.raises(ssl.SSLCertVerificationError):
        emulator.send(b"", tls_to="evil.example")


def test_every_connect_is_in_the_log(emulator: Process) -> None:
    emulator.ask("contoso.azurecr.io", "GET", "/v2/")
    emulator.send(request("CONNECT outside.example:443 HTTP/1.1", "outside.example"))
    log = (emulator.state / "requests.jsonl").read_text()
    assert (
        '"host": "contoso.azurecr.io:443", "method": "CONNECT", "path": "", "query": "", "status": 200' in log
    )
    assert '"host": "outside.example:443", "method": "CONNECT", "path": "", "query": "", "status": 403' in log


def test_many_connections_at_once_are_answered(emulator: Process) -> None:
    idle = [socket.create_connection(("127.0.0.1", emulator.port)) for _ in range(200)]
    try:
        assert emulator.ask("contoso.azurecr.io", "GET", "/v2/")[0] == 401
    finally:
        for connection in idle:
            connection.close()


def test_nothing_listens_elsewhere_than_on_loopback(emulator: Process) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing; tells which address would be used
        address = probe.getsockname()[0]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address, emulator.port), timeout=10)


def test_an_address_that_is_not_loopback_is_not_listened_at(tmp_path: Path) -> None:
    state, log = State(tmp_path / "state"), RequestLog(tmp_path / "requests.jsonl")
    door = FrontDoor(state, Certificates(state), lambda: pytest.fail("nobody comes"), log)
    for address in ("0.0.0.0", "192.0.2.1", "::"):
        with pytest.raises(OSError, match="no loopback address"):
            door.listen(address, 0)
    state.close()
    log.close()


def test_a_registry_has_an_address_of_its_own(emulator: Process) -> None:
    state = State(emulator.state)
    addresses = [registry.loopback for registry in state.find(Registry) if registry.loopback]
    state.close()
    assert len(set(addresses)) >= 4
    assert {emulator.ask_directly(address, "/v2/")[0] for address in addresses} == {200, 401}
