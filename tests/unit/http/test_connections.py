"""What of a request reaches the wire, and which proxy it goes through; no socket is opened."""

from __future__ import annotations

import base64
import io
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import urllib3
from urllib3.util import parse_url

from acrbridge.http.client import HttpClient, Request
from acrbridge.http.connections import Connections
from acrbridge.http.punctual import PunctualResponse

PROXY = "http://proxy.example:3128"
WITH_PASSWORD = "http://me%40corp:s3%3Acret-%C3%B1@proxy.example:3128"
BASIC = f"Basic {base64.b64encode('me@corp:s3:cret-ñ'.encode()).decode()}"


class Wire:
    """A socket that keeps what is sent, and answers."""

    def __init__(self) -> None:
        self.sent = b""

    def sendall(self, data: Any) -> None:
        self.sent += bytes(data)

    def settimeout(self, seconds: float | None) -> None:
        """Nothing is waited for."""

    def gettimeout(self) -> float:
        return 1.0

    def makefile(self, *_: Any) -> io.BufferedReader:
        answer: Any = io.BytesIO(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood")
        return io.BufferedReader(answer)

    def close(self) -> None:
        """Nothing is open."""


class Layer:
    """A body whose length is known beforehand."""

    def __len__(self) -> int:
        return 5

    def __iter__(self) -> Iterator[memoryview]:
        yield memoryview(b"lay")
        yield memoryview(b"er")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def connections() -> Connections:
    return Connections(ssl.create_default_context())


def sent(url: str, body: Any = None, headers: Mapping[str, str] | None = None, method: str = "GET") -> str:
    """What of a request over plain HTTP reaches the wire."""
    wire = Wire()

    class Offline(urllib3.connection.HTTPConnection):
        response_class = PunctualResponse
        sock: Any

        def connect(self) -> None:
            self.sock = wire

    opened = connections()
    opened._pool(parse_url(url)).pool.ConnectionCls = Offline
    answer = opened.open(method, parse_url(url), headers or {}, body, urllib3.Timeout(1))
    assert answer.data == (b"" if method == "HEAD" else b"good")
    return wire.sent.decode()


@pytest.mark.parametrize(("before", "most"), [(5.0, 1.0), (0.0, 0.0)])
def test_a_client_knows_the_quickest_answer_of_each_host(before: float, most: float) -> None:
    class Offline(urllib3.connection.HTTPConnection):
        response_class = PunctualResponse
        sock: Any

        def connect(self) -> None:
            self.sock = Wire()

    client, url = HttpClient(plain_http=frozenset({"a.example:5000"})), "http://a.example:5000/v2/"
    client._connections._pool(parse_url(url)).pool.ConnectionCls = Offline
    client.quickest["a.example:5000"] = before
    client.send(Request("GET", url))
    assert 0 <= client.quickest["a.example:5000"] <= most


def line(url: str) -> str:
    return sent(url).partition("\r\n")[0]


def header(text: str, name: str) -> list[str]:
    fields = [line.partition(": ") for line in text.partition("\r\n\r\n")[0].split("\r\n")[1:]]
    return [value for found, _, value in fields if found.lower() == name.lower()]


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://a.example/v2/app/blobs/sha256:00", "/v2/app/blobs/sha256:00"),
        ("http://a.example:5000/v2/?n=1&last=a%2Fb", "/v2/?n=1&last=a%2Fb"),
        ("http://a.example/u?_state=a%2Bb%3D%3D&x=~!$'()*,;:@/?", "/u?_state=a%2Bb%3D%3D&x=~!$'()*,;:@/?"),
        ("http://a.example/a b?c d", "/a%20b?c%20d"),
        ("http://a.example/ñ?x=ü", "/%C3%B1?x=%C3%BC"),
        ("http://a.example/50%", "/50%25"),
        ("http://a.example/a/../b#part", "/b"),
        ("http://a.example", "/"),
    ],
)
def test_a_path_reaches_the_wire_as_it_was_but_for_what_must_be_escaped(url: str, target: str) -> None:
    assert line(url) == f"GET {target} HTTP/1.1"


def test_a_body_of_bytes_goes_with_its_length() -> None:
    wire = sent("http://a.example/", b"layer", method="PUT")
    assert (header(wire, "Content-Length"), wire.partition("\r\n\r\n")[2]) == (["5"], "layer")


def test_a_body_of_pieces_goes_with_its_length_and_not_in_chunks() -> None:
    wire = sent("http://a.example/", Layer(), method="PUT")
    assert header(wire, "Content-Length") == ["5"]
    assert header(wire, "Transfer-Encoding") == []
    assert wire.partition("\r\n\r\n")[2] == "layer"


@pytest.mark.parametrize(("method", "length"), [("GET", []), ("HEAD", []), ("POST", ["0"]), ("PUT", ["0"])])
def test_without_a_body_only_requests_that_have_one_say_its_length(method: str, length: list[str]) -> None:
    assert header(sent("http://a.example/", method=method), "Content-Length") == length


def test_headers_reach_the_wire_once_and_urllib3_adds_none_but_host() -> None:
    wire = sent("http://a.example:5000/", headers={"User-Agent": "me", "Accept-Encoding": "identity"})
    names = sorted(line.partition(":")[0].lower() for line in wire.strip().split("\r\n")[1:])
    assert names == ["accept-encoding", "host", "user-agent"]
    assert header(wire, "Host") == ["a.example:5000"]


def test_a_user_in_the_url_becomes_no_credential() -> None:
    wire = sent("http://me:s3cret@a.example/")
    assert "s3cret" not in wire
    assert header(wire, "Authorization") == []


# Proxies


def proxied(url: str) -> Any:
    """The pool that a URL's requests go through."""
    return connections()._pool(parse_url(url)).pool


def test_a_proxys_password_goes_to_the_proxy_when_a_tunnel_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", WITH_PASSWORD)
    pool = proxied("https://example.com/x")
    assert (pool.proxy.url, pool.proxy_headers) == (PROXY, {"Proxy-Authorization": BASIC})
    asked: list[Mapping[str, str]] = []

    class Tunnel:
        """A connection that sees what the proxy is asked with."""

        def set_tunnel(self, *, headers: Mapping[str, str], **_: Any) -> None:
            asked.append(headers)

        def connect(self) -> None:
            """Nowhere."""

    pool._prepare_proxy(Tunnel())
    assert asked == [{"Proxy-Authorization": BASIC}]


def test_plain_http_is_asked_of_the_proxy_with_the_url_whole_and_the_proxys_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", WITH_PASSWORD)
    wire = sent("http://me:s3cret@a.example:5000/x?y#z")
    assert wire.startswith("GET http://a.example:5000/x?y HTTP/1.1\r\n")
    assert header(wire, "Proxy-Authorization") == [BASIC]
    assert header(wire, "Host") == ["a.example:5000"]


def test_without_a_proxy_no_password_of_one_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", WITH_PASSWORD)
    assert header(sent("http://a.example/"), "Proxy-Authorization") == []


@pytest.mark.parametrize("kind", ["https", "http"])
def test_each_connection_is_verified_with_the_context_that_was_given(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "https://proxy.example")
    context = ssl.create_default_context()
    pool: Any = Connections(context)._pool(parse_url(f"{kind}://example.com/")).pool
    connection = pool._new_conn()
    if kind == "http":
        assert pool.proxy_config.ssl_context is context
    else:
        assert (connection.ssl_context, connection.cert_reqs) == (context, "CERT_REQUIRED")
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_hosts_connections_are_kept_for_its_next_request() -> None:
    opened = connections()
    first, second, other = (
        opened._pool(parse_url(url)).pool
        for url in ("https://a.example/x", "https://A.example/y", "https://a.example:5000/")
    )
    assert first is second
    assert first is not other
