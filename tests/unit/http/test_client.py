"""HttpClient above scripted connections: what is sent, what is read, and what becomes of failures."""

from __future__ import annotations

import gzip
import http.client
import io
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3
from urllib3.exceptions import NewConnectionError, ProtocolError, ProxyError, ReadTimeoutError, SSLError
from urllib3.util import Url

from acrbridge.errors import AcrBridgeError, NetworkError, UsageError
from acrbridge.http.client import MEBIBYTE, HttpClient, Request, Response, Timeouts
from acrbridge.http.connections import Connections
from acrbridge.http.deadlines import Deadline
from acrbridge.http.failures import our_errors
from acrbridge.http.punctual import Secure
from acrbridge.http.retry import NEVER, Retry
from acrbridge.http.streams import Body
from unit.fakes import BIDI_AND_CONTROL, FakeClock, answer, is_fit_to_print

URL = "https://example.com/x"
Reply = Exception | tuple[int, dict[str, str], Any]


class Endless(io.RawIOBase):
    """A body without end."""

    given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.given += len(buffer)
        return len(buffer)


@dataclass(frozen=True)
class Sent:
    """A request as it went to the connections."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | str | Body | None
    timeout: urllib3.Timeout


class ScriptedConnections(Connections):
    """Answers what would be sent; remembers it."""

    def __init__(self, replies: Iterator[Reply]) -> None:
        super().__init__(ssl.create_default_context())
        self._replies = replies
        self.sent: list[Sent] = []

    def open(
        self,
        method: str,
        url: Url,
        headers: Mapping[str, str],
        body: bytes | str | Body | None,
        timeout: urllib3.Timeout,
    ) -> urllib3.BaseHTTPResponse:
        self.sent.append(Sent(method, url.url, headers, body, timeout))
        reply = next(self._replies)
        if isinstance(reply, Exception):
            raise reply
        status, headers, content = reply
        raw = content if isinstance(content, io.RawIOBase) else io.BytesIO(content)
        stream = io.BufferedReader(raw) if isinstance(raw, io.RawIOBase) else raw
        return urllib3.HTTPResponse(stream, headers, status, preload_content=False, decode_content=False)


Scripted = tuple[HttpClient, ScriptedConnections]


def scripted(
    *replies: Reply, clock: FakeClock | None = None, plain_http: frozenset[str] = frozenset()
) -> Scripted:
    """A client whose connections are answered from a script."""
    client = HttpClient(clock=clock or FakeClock(), timeouts=Timeouts(), plain_http=plain_http)
    client._connections = connections = ScriptedConnections(iter(replies))
    return client, connections


def refusal_of(client: HttpClient, request: Request) -> AcrBridgeError:
    with pytest.raises(AcrBridgeError) as error:
        client.send(request)
    assert is_fit_to_print(error.value.message)
    return error.value


GOOD: Reply = (200, {}, b"good")


_POOL = urllib3.HTTPSConnectionPool("example.com")
_SLOW = ReadTimeoutError(_POOL, "/x", "Read timed out.")
_ABSENT = NewConnectionError(urllib3.connection.HTTPConnection("x"), "refused")
_RESOLUTION = urllib3.exceptions.NameResolutionError(
    "example.com", urllib3.connection.HTTPSConnection("example.com"), socket.gaierror(-2, "Name not known")
)
_SELF_SIGNED = SSLError(ssl.SSLCertVerificationError("self-signed certificate"))


def blamed_on_the_proxy(reason: Exception) -> ProxyError:
    """What urllib3 raises where a proxy was not passed."""
    return ProxyError("Unable to connect to proxy", reason)


# What is tried again


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_transient_status_is_tried_again(status: int) -> None:
    client, connections = scripted((status, {}, b""), GOOD)
    assert client.send(Request("GET", URL)).body == b"good"
    assert len(connections.sent) == 2


@pytest.mark.parametrize("status", [200, 202, 301, 400, 401, 403, 404, 409, 501])
def test_any_other_status_is_an_answer(status: int) -> None:
    client, connections = scripted((status, {}, b"x"))
    assert client.send(Request("GET", URL)).status == status
    assert len(connections.sent) == 1


@pytest.mark.parametrize(
    "failure",
    [
        _ABSENT,
        _SLOW,
        ProtocolError("Connection aborted.", ConnectionResetError(104, "reset")),
        ProtocolError("cut"),
    ],
)
def test_a_lost_connection_is_tried_again(failure: Exception) -> None:
    client, connections = scripted(failure, failure, GOOD)
    assert client.send(Request("GET", URL)).body == b"good"
    assert len(connections.sent) == 3


def test_an_answer_that_breaks_off_is_asked_for_again() -> None:
    client, _ = scripted((200, {"Content-Length": "10"}, b"half"), GOOD)
    assert client.send(Request("GET", URL)).body == b"good"


def test_after_the_last_try_the_last_answer_is_given() -> None:
    client, connections = scripted(*[(503, {}, b"busy")] * 3)
    assert client.send(Request("GET", URL, retry=Retry(tries=3))).status == 503
    assert len(connections.sent) == 3


def test_after_the_last_try_the_last_failure_is_raised() -> None:
    client, connections = scripted(*[_SLOW] * 3)
    assert refusal_of(client, Request("GET", URL, retry=Retry(tries=3))).code == "TIMED_OUT"
    assert len(connections.sent) == 3


def test_a_request_that_must_not_be_repeated_is_not() -> None:
    client, connections = scripted((503, {}, b""))
    assert client.send(Request("POST", URL, retry=NEVER)).status == 503
    assert len(connections.sent) == 1


def test_retry_after_is_waited_for() -> None:
    clock = FakeClock()
    client, _ = scripted((429, {"retry-after": "7"}, b""), GOOD, clock=clock)
    client.send(Request("GET", URL))
    assert clock.slept == [7.0]


def test_retry_after_of_years_is_cut_and_ends_with_the_deadline() -> None:
    clock = FakeClock()
    client, _ = scripted(*[(429, {"Retry-After": "1000000000"}, b"")] * 5, clock=clock)
    response = client.send(Request("GET", URL), Deadline(300, clock))
    assert response.status == 429
    assert clock.slept == [120.0, 120.0]


def test_there_is_no_wait_that_would_outlast_the_deadline() -> None:
    clock = FakeClock()
    client, _ = scripted((429, {"Retry-After": "60"}, b""), clock=clock)
    assert client.send(Request("GET", URL), Deadline(30, clock)).status == 429
    assert clock.slept == []


def test_a_burst_of_four_failures_is_outlived_in_less_than_twelve_seconds() -> None:
    clock = FakeClock()
    client, _ = scripted(*[(502, {}, b"")] * 4, GOOD, clock=clock)
    assert client.send(Request("GET", URL)).body == b"good"
    assert sum(clock.slept) <= 12


def test_a_host_that_throttles_for_ever_is_given_up_in_less_than_two_minutes() -> None:
    clock = FakeClock()
    client, connections = scripted(*[(429, {}, b"")] * 6, clock=clock)
    assert client.send(Request("GET", URL)).status == 429
    assert (len(connections.sent), sum(clock.slept) <= 120) == (6, True)


def test_a_limit_that_is_used_up_for_hours_is_an_answer() -> None:
    client, connections = scripted((429, {"ratelimit-remaining": "0;w=21600", "Retry-After": "60"}, b"x"))
    assert client.send(Request("GET", URL)).status == 429
    assert len(connections.sent) == 1


def throttled(client: HttpClient, retry: Retry) -> None:
    """Have a first request answered 429 with Retry-After: 7, however it is sent."""
    assert client.send(Request("GET", URL, retry=retry)).status == 429


def opened(client: HttpClient, retry: Retry) -> None:
    with client.stream(Request("GET", URL, retry=retry)) as answer:
        assert answer.status == 429


@pytest.mark.parametrize("first", [throttled, opened])
def test_a_host_that_throttles_gets_no_other_request_either_until_its_time_is_over(
    first: Callable[[HttpClient, Retry], None],
) -> None:
    clock = FakeClock()
    client, _ = scripted((429, {"Retry-After": "7"}, b""), *[GOOD] * 4, clock=clock)
    first(client, NEVER)
    client.send(Request("GET", "https://other.example/"))
    assert clock.slept == []
    client.send(Request("GET", URL))
    with client.stream(Request("GET", URL)) as answer:
        assert answer.status == 200
    assert clock.slept == [7.0, pytest.approx(0.03)]


def test_a_stream_waits_for_retry_after_too() -> None:
    clock = FakeClock()
    client, _ = scripted((429, {"Retry-After": "7"}, b""), GOOD, clock=clock)
    with client.stream(Request("GET", URL)) as answer:
        assert answer.status == 200
    assert clock.slept == [7.0]


def test_requests_and_those_sent_again_are_counted() -> None:
    client, _ = scripted((503, {}, b""), ProtocolError("cut"), GOOD, (503, {}, b""), GOOD)
    client.send(Request("GET", URL))
    with client.stream(Request("GET", URL)):
        pass
    assert (client.counts.requests, client.counts.retries) == (5, 3)


def test_each_trouble_with_a_host_is_told() -> None:
    client, _ = scripted(
        (503, {}, b""), _SLOW, (429, {}, b""), (404, {}, b""), (503, {}, b""), GOOD,
        ProtocolError("cut"),
    )  # fmt: skip
    heard: list[str] = []
    client.on_trouble.append(heard.append)
    client.send(Request("GET", "https://registry.example:5000/x"))
    assert heard == ["registry.example:5000"] * 3
    with client.stream(Request("GET", URL)):
        assert heard[3:] == ["example.com"]
    with pytest.raises(NetworkError), client.stream(Request("GET", URL)):
        pass
    assert heard[4:] == ["example.com"]


def test_requests_are_spread_as_the_limit_says() -> None:
    clock = FakeClock()
    client, _ = scripted(*[GOOD] * 3, clock=clock)
    client.pace.requests_per_second = 2
    for _ in range(3):
        client.send(Request("GET", URL))
    assert clock.slept == [0.5, 0.5]


def test_no_part_of_a_try_may_take_longer_than_what_is_left() -> None:
    clock = FakeClock()
    client, connections = scripted(GOOD, clock=clock)
    client.send(Request("GET", URL), Deadline(3, clock))
    timeout = connections.sent[0].timeout
    assert (timeout.total, timeout.connect_timeout) == (3.001, 3.001)


def test_a_request_that_takes_the_server_long_may_have_the_time_for_one_answer() -> None:
    client, connections = scripted(GOOD, clock=FakeClock())
    client.send(Request("PUT", URL, patience=700.0))
    assert repr(connections.sent[0].timeout) == "Timeout(connect=10.0, read=700.0, total=700.001)"


# Failures and their names


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (_SELF_SIGNED, "TLS_UNTRUSTED"),
        (blamed_on_the_proxy(OSError("Tunnel connection failed: 403 Forbidden")), "PROXY_REFUSED"),
        (urllib3.exceptions.ConnectTimeoutError("no answer in 10 s"), "UNREACHABLE"),
        (_SLOW, "TIMED_OUT"),
        (ProtocolError("Connection aborted.", TimeoutError("timed out")), "TIMED_OUT"),
        (TimeoutError("timed out"), "TIMED_OUT"),
        (_RESOLUTION, "HOST_NOT_FOUND"),
        (blamed_on_the_proxy(_RESOLUTION), "HOST_NOT_FOUND"),
        (_ABSENT, "UNREACHABLE"),
        (SSLError(ssl.SSLEOFError(8, "EOF occurred in violation of protocol")), "UNREACHABLE"),
        (ProtocolError("Connection aborted.", http.client.BadStatusLine("hello")), "UNREACHABLE"),
        (urllib3.exceptions.LocationParseError("no host"), "UNREACHABLE"),
        (urllib3.exceptions.IncompleteRead(1, 2), "UNREACHABLE"),
        (ConnectionResetError(104, "reset"), "UNREACHABLE"),
    ],
)
def test_a_foreign_failure_becomes_one_of_ours_that_names_the_host(failure: Exception, code: str) -> None:
    client, _ = scripted(failure)
    error = refusal_of(client, Request("GET", URL, retry=NEVER))
    assert isinstance(error, NetworkError)
    assert error.code == code
    assert code == "HOST_NOT_FOUND" or "example.com" in error.message


def test_a_certificate_that_is_not_trusted_is_not_asked_for_again() -> None:
    client, connections = scripted(_SELF_SIGNED)
    assert refusal_of(client, Request("GET", URL)).code == "TLS_UNTRUSTED"
    assert len(connections.sent) == 1


@pytest.mark.parametrize(
    ("status", "tries"), [("407 Proxy Authentication Required", 1), ("502 Bad Gateway", 6)]
)
def test_a_proxy_that_refuses_is_not_asked_again_but_one_that_fails_is(status: str, tries: int) -> None:
    failure = blamed_on_the_proxy(OSError(f"Tunnel connection failed: {status}"))
    client, connections = scripted(*[failure] * 6)
    error = refusal_of(client, Request("GET", URL))
    assert error.code == "PROXY_REFUSED"
    assert status[:3] in error.message
    assert len(connections.sent) == tries


@pytest.mark.parametrize(
    ("reason", "tries"),
    [(_ABSENT, 3), (_RESOLUTION, 3), (urllib3.exceptions.ConnectTimeoutError("no answer in 10 s"), 2)],
)
def test_a_host_that_does_not_answer_at_all_is_given_up_soon(reason: Exception, tries: int) -> None:
    client, connections = scripted(*[reason] * 5)
    refusal_of(client, Request("GET", URL))
    assert len(connections.sent) == tries


def test_a_proxy_that_does_not_answer_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:s3cret@proxy.example:3128")
    failure = blamed_on_the_proxy(_ABSENT)
    client, _ = scripted(failure)
    error = refusal_of(client, Request("GET", URL, retry=NEVER))
    assert error.code == "UNREACHABLE"
    assert "proxy.example:3128" in error.message
    assert "s3cret" not in error.message
    assert "emulator" not in error.remedy
    monkeypatch.setenv("ACR_EMULATOR_STATE", "/state")
    client, _ = scripted(failure)
    gone = refusal_of(client, Request("GET", URL, retry=NEVER))
    assert "The emulator that this shell points at does not run" in gone.remedy


def test_a_failures_words_are_made_fit_to_print() -> None:
    client, _ = scripted(ProtocolError(f"x {BIDI_AND_CONTROL} Bearer abcdefghijkl"))
    error = refusal_of(client, Request("GET", URL, retry=NEVER))
    assert "abcdefghijkl" not in error.message


# How much and how long is read


def test_an_answer_of_just_the_limit_is_read() -> None:
    client, _ = scripted((200, {}, b"x" * 10))
    assert len(client.send(Request("GET", URL, limit=10)).body) == 10


def test_an_answer_over_the_limit_is_refused_with_the_limit() -> None:
    client, connections = scripted((200, {}, b"x" * 11))
    error = refusal_of(client, Request("GET", URL, limit=10))
    assert error.code == "ANSWER_TOO_LARGE"
    assert "10 bytes" in error.message
    assert len(connections.sent) == 1


def test_no_more_than_the_limit_and_a_little_is_read_of_an_endless_answer() -> None:
    endless = Endless()
    client, _ = scripted((200, {}, endless))
    assert refusal_of(client, Request("GET", URL, limit=MEBIBYTE)).code == "ANSWER_TOO_LARGE"
    assert endless.given < 2 * MEBIBYTE


def test_a_redirects_endless_body_is_not_read_either() -> None:
    endless = Endless()
    client, _ = scripted((307, {"Location": "https://evil.example/"}, endless))
    assert refusal_of(client, Request("GET", URL, limit=MEBIBYTE)).code == "ANSWER_TOO_LARGE"
    assert endless.given < 2 * MEBIBYTE


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "deflate", "br", "zstd", "identity, gzip", "x"])
def test_a_compressed_answer_is_refused_unread(encoding: str) -> None:
    bomb = gzip.compress(b"0" * MEBIBYTE)
    client, connections = scripted((200, {"Content-Encoding": encoding}, bomb))
    assert refusal_of(client, Request("GET", URL)).code == "ANSWER_UNINTELLIGIBLE"
    assert connections.sent[0].headers["Accept-Encoding"] == "identity"


def test_a_compressed_redirect_is_refused_unread() -> None:
    endless = Endless()
    client, _ = scripted((302, {"Content-Encoding": "gzip", "Location": "/y"}, endless))
    assert refusal_of(client, Request("GET", URL)).code == "ANSWER_UNINTELLIGIBLE"
    assert endless.given < MEBIBYTE


# Where requests go, and what goes with them


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["https://evil.example/", "/y", "http://[", "", "//evil.example"])
def test_a_redirect_is_an_answer_and_is_not_followed(status: int, location: str) -> None:
    client, connections = scripted((status, {"Location": location}, b"moved"))
    response = client.send(Request("GET", URL, {"Authorization": "Bearer x"}))
    assert (response.status, response.headers["location"], response.body) == (status, location, b"moved")
    assert len(connections.sent) == 1


@pytest.mark.parametrize(
    "url", ["http://localhost/", "http://localhost:1/", "http://127.0.0.1/", "http://127.9.9.9:80/", "http://[::1]:8/",
            "http://169.254.169.254/metadata/identity/oauth2/token", "http://169.254.129.2:8081/msi/token",
            "http://[fe80::1]/msi/token"]
)  # fmt: skip
def test_plain_http_goes_to_this_computer_and_to_managed_identities(url: str) -> None:
    client, connections = scripted(GOOD)
    client.send(Request("GET", url))
    assert connections.sent[0].url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "http://localhost.evil.example/", "http://localhost@evil.example/",
        "http://127.0.0.1@evil.example/", "http://127.0.0.1.evil.example/", "http://2130706433/", "http://0.0.0.0/",
        "http://[::ffff:169.254.169.254]/", "http://10.0.0.1/", "http://169.255.0.1/", "http://[fec0::1]/", "ftp://localhost/",
        "file:///etc/passwd", "http://evil.example\\@localhost/", "http://evil.example\\@127.0.0.1/",
        "http:/localhost/", "localhost", "", "https://[", "https://", "https:///x", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_anything_else_but_https_is_refused_before_it_is_sent(url: str) -> None:
    client, connections = scripted(GOOD)
    with pytest.raises(UsageError) as error:
        client.send(Request("GET", url))
    assert error.value.code == "PLAIN_HTTP_REFUSED"
    assert is_fit_to_print(error.value.message)
    assert connections.sent == []


def test_plain_http_goes_to_a_host_that_was_named_for_it_and_to_no_port_of_it_else() -> None:
    client, connections = scripted(GOOD, plain_http=frozenset({"registry.example:5000"}))
    assert client.base("Registry.example:5000") == "http://Registry.example:5000"
    assert client.base("registry.example") == "https://registry.example"
    client.send(Request("GET", "http://registry.example:5000/v2/"))
    for url in (
        "http://registry.example/v2/",
        "http://registry.example:5001/",
        "http://registry.example:5000@x/",
    ):
        assert refusal_of(client, Request("GET", url)).code == "PLAIN_HTTP_REFUSED"
    assert len(connections.sent) == 1


def test_a_refused_url_is_shown_without_its_password() -> None:
    client, _ = scripted()
    assert (
        "s3cret"
        not in refusal_of(client, Request("GET", "http://user:s3cret@example.com/?sig=s3cret")).message
    )


def test_netrc_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine example.com login me password s3cret\ndefault login me password s3cret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    client, connections = scripted(GOOD)
    client.send(Request("GET", URL))
    assert "Authorization" not in connections.sent[0].headers


def test_a_file_without_certificates_is_a_usage_error(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("no certificate")
    with pytest.raises(UsageError) as error:
        HttpClient(ca_files=(file,))
    assert error.value.code == "FILE_UNREADABLE"


# JSON


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>", b"{", b"[" * 1_000_000, b'{"a":' * 1_000_000, b"[" * 70 + b"]" * 70,
        b'{"a":' * 70 + b"1" + b"}" * 70, b"NaN", b'{"a": Infinity}', b"[-Infinity]", b"9" * 1_000_000,
        b'{"a": 1' + b"0" * 1_000_000 + b"}", b"1e999", b"[-1e999]", b'"\\ud800"', b'{"\\udfff": 1}',
        b'["a", {"b": "x\\ud83dy"}]', b"\xff\xfe", b'"\xed\xa0\x80"', b'{"a": "b"} trailing', b"\x00",
        b'{"a": 1, "a": 1}', b'[{"b": {"a": 1, "\\u0061": 2}}]',
    ],
)  # fmt: skip
def test_what_is_no_decent_json_is_a_typed_error(body: bytes) -> None:
    with pytest.raises(AcrBridgeError) as error:
        answer(200, body).json()
    assert error.value.code == "ANSWER_UNINTELLIGIBLE"
    assert is_fit_to_print(error.value.message)
    assert len(error.value.message) < 300


@pytest.mark.parametrize(
    "body",
    [b"null", b'{"a": [1, 2.5, -3, true, null, "\\ud83d\\ude00"]}', b"[" * 60 + b"]" * 60, '"ñ"'.encode()],
)
def test_decent_json_is_read(body: bytes) -> None:
    answer(200, body).json()


@pytest.mark.parametrize("body", [b"null", b"[]", b'"text"', b"5"])
def test_json_that_is_no_object_is_refused_where_an_object_is_due(body: bytes) -> None:
    with pytest.raises(AcrBridgeError, match="not an object"):
        answer(200, body).json_object()


# What a representation shows


@pytest.mark.parametrize(
    "make",
    [
        lambda secret: Request("GET", URL, {"Authorization": secret}, f"client_secret={secret}"),
        lambda secret: Response(200, {"Location": secret}, secret.encode(), URL),
    ],
)
def test_no_representation_shows_a_secret(make: Callable[[str], object]) -> None:
    assert "s3cret-PW" not in repr(make("s3cret-PW"))


def test_a_message_names_no_class_of_ours() -> None:
    absent = NewConnectionError(Secure("localhost"), "Failed to establish a new connection: refused")
    with pytest.raises(NetworkError) as caught, our_errors("https://localhost/v2/"):
        raise absent
    assert caught.value.message == "localhost cannot be reached (refused)."
