"""A deadline holds for an answer as a whole, over a pair of sockets: each of its bytes comes in time."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from urllib3.connection import HTTPConnection
from urllib3.util.ssltransport import SSLTransport

from acrbridge.http.punctual import Opened, PunctualResponse, cut, renew

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The client's end, whose timeout is a tenth of a second, and the server's."""
    client, server = socket.socketpair()
    client.settimeout(0.1)
    with client, server:
        yield client, server


def read(client: socket.socket) -> bytes:
    response = PunctualResponse(client, method="GET")
    try:
        response.begin()
        return response.read()
    finally:
        response.close()


STARTS = {"status": b"", "header": b"HTTP/1.1 200 OK\r\n", "body": HEAD.replace(b"4", b"9999")}


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_an_answer_that_drips_ends_at_the_deadline(
    pair: tuple[socket.socket, socket.socket], start: bytes
) -> None:
    client, server = pair
    server.sendall(start)
    read_out = threading.Event()

    def drip() -> None:
        while not read_out.wait(0.02):
            server.sendall(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    began = time.monotonic()
    try:
        with pytest.raises(TimeoutError):
            read(client)
    finally:
        read_out.set()
        thread.join()
    assert time.monotonic() - began < 1


def test_an_answer_in_time_is_read_and_the_socket_stays_open(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    client, server = pair
    for _ in range(2):
        client.settimeout(5)
        server.sendall(HEAD + b"good")
        assert read(client) == b"good"


def test_an_answer_tells_how_long_its_headers_took(pair: tuple[socket.socket, socket.socket]) -> None:
    client, server = pair
    client.settimeout(5)
    timer = threading.Timer(0.05, server.sendall, [HEAD])
    response = PunctualResponse(client, method="GET")
    timer.start()
    response.begin()
    timer.join()
    response.close()
    assert 0.04 < response.waited < 5


def test_an_answer_that_breaks_off_is_incomplete(pair: tuple[socket.socket, socket.socket]) -> None:
    client, server = pair
    server.sendall(HEAD + b"go")
    server.shutdown(socket.SHUT_WR)
    with pytest.raises(http.client.IncompleteRead):
        read(client)


def test_a_long_body_can_have_the_time_for_each_read(pair: tuple[socket.socket, socket.socket]) -> None:
    client, server = pair
    server.sendall(HEAD)
    response = PunctualResponse(client, method="GET")
    response.begin()
    renew(response.fp, 0.1, each=True)
    for _ in range(4):
        time.sleep(0.04)
        server.sendall(b"x")
        assert response.fp.read1(1) == b"x"
    with pytest.raises(TimeoutError):
        response.fp.read1(1)
    response.close()


def test_a_connection_within_the_tls_of_a_proxy_is_cut(pair: tuple[socket.socket, socket.socket]) -> None:
    client, server = pair
    opened, connection = Opened(), HTTPConnection("localhost")
    connection.sock = SSLTransport.__new__(SSLTransport)
    connection.sock.socket = client
    opened.add(connection)
    cut(opened)
    connection.sock = None
    assert server.recv(1) == b""
