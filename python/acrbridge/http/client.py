"""One HTTP client for all: requests beneath, our trust, our deadlines, our errors above."""

from __future__ import annotations

import ipaddress
import itertools
import json
import logging
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import requests
import truststore
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.connection import HTTPConnection

from acrbridge.errors import AcrBridgeError, NetworkError, UsageError
from acrbridge.http import redact
from acrbridge.http.deadlines import Clock, Deadline, SystemClock
from acrbridge.http.retry import DEFAULT, TRANSIENT, Retry, retry_after

log = logging.getLogger("acrbridge.http")

MEBIBYTE = 1 << 20
_MAX_JSON_DEPTH = 64
_IMDS = "169.254.169.254"


@dataclass(frozen=True)
class Timeouts:
    """Seconds that parts of one request may take."""

    connect: float = 10.0
    read: float = 60.0
    """Between two bytes."""
    total: float = 120.0
    """One request with all its tries, where the caller has no deadline of its own."""


@dataclass(frozen=True)
class Request:
    """An HTTP request whose body is small enough to be held."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | str | None = field(default=None, repr=False)
    limit: int = 4 * MEBIBYTE
    """Bytes that the answer may have."""
    retry: Retry = DEFAULT
    """retry.NEVER for a request that must not be sent twice."""


@dataclass(frozen=True)
class Response:
    """An answer, read whole."""

    status: int
    headers: Mapping[str, str]
    """Names are compared without case."""
    body: bytes = field(repr=False)
    url: str

    def text(self) -> str:
        """The body as text, for showing; what is no UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            AcrBridgeError: ANSWER_UNINTELLIGIBLE.
        """
        try:
            document = json.loads(self.body.decode("utf-8"), parse_constant=_refuse_constant)
            _check_depth(document)
        except (ValueError, RecursionError):
            host = urlsplit(self.url).netloc
            start = redact.foreign(self.text(), 80)
            raise AcrBridgeError(
                "ANSWER_UNINTELLIGIBLE",
                f"{host} answered {self.status} with something that is not the JSON it should be: {start!r}.",
            ) from None
        return document

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            AcrBridgeError: ANSWER_UNINTELLIGIBLE.
        """
        document = self.json()
        if not isinstance(document, dict):
            raise AcrBridgeError(
                "ANSWER_UNINTELLIGIBLE",
                f"{urlsplit(self.url).netloc} answered {self.status} with JSON that is not an object.",
            )
        return document


class HttpClient:
    """Sends requests. Proxies come from the environment; redirects are not followed; .netrc is not read.

    Args:
        ca_files: certificate authorities to trust beside the operating system's, PEM.
        timeouts: in seconds.
        clock: for waits between tries.
        user_agent: what servers are told.
    """

    def __init__(
        self,
        *,
        ca_files: tuple[Path, ...] = (),
        timeouts: Timeouts | None = None,
        clock: Clock | None = None,
        user_agent: str = "acrbridge",
    ) -> None:
        self.clock = clock or SystemClock()
        self.timeouts = timeouts or Timeouts()
        self._session = requests.Session()
        self._session.trust_env = False
        # Identity: a compressed answer could unfold to any size (urllib3 CVE-2025-66471).
        self._session.headers = requests.structures.CaseInsensitiveDict(
            {"User-Agent": user_agent, "Accept-Encoding": "identity", "Accept": "*/*"}
        )
        self._session.mount("https://", _TrustingAdapter(_trust(ca_files)))

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def send(self, request: Request, deadline: Deadline | None = None) -> Response:
        """Send a request, again after a transient failure, and read the answer whole.

        Args:
            request: what to send.
            deadline: when to give up; by default the total of `timeouts`.

        Returns:
            The last answer, whatever its status.

        Raises:
            NetworkError: no answer came.
            AcrBridgeError: ANSWER_TOO_LARGE, ANSWER_UNINTELLIGIBLE.
            UsageError: PLAIN_HTTP_REFUSED.
        """
        _check_scheme(request.url)
        deadline = deadline or Deadline(self.timeouts.total, self.clock)
        for failures in itertools.count(1):
            try:
                response = self._send_once(request, deadline)
            except NetworkError as error:
                # A certificate does not become valid by asking again.
                if error.code == "TLS_UNTRUSTED" or not self._wait(request, failures, None, deadline):
                    raise
            else:
                asked = retry_after(response.headers)
                if response.status not in TRANSIENT or not self._wait(request, failures, asked, deadline):
                    return response
        raise AssertionError("count() does not end")

    def _wait(self, request: Request, failures: int, asked: float | None, deadline: Deadline) -> bool:
        """Wait before the next try; False where there is to be none."""
        wait = request.retry.wait(failures, asked)
        if failures >= request.retry.tries or wait >= deadline.remaining():
            return False
        log.debug("try %d of %d in %.1f s", failures + 1, request.retry.tries, wait)
        self.clock.sleep(wait)
        return True

    def _send_once(self, request: Request, deadline: Deadline) -> Response:
        started = self.clock.now()
        with _our_errors(request):
            answer = self._session.request(
                request.method,
                request.url,
                headers=dict(request.headers),
                data=request.body,
                timeout=(
                    min(self.timeouts.connect, deadline.remaining() + 0.001),
                    min(self.timeouts.read, deadline.remaining() + 0.001),
                ),
                allow_redirects=False,
                stream=True,
                proxies=get_environ_proxies(request.url),
            )
            with answer:
                body = self._read(answer, request, deadline)
        log.debug(
            "%s %s -> %d, %d bytes, %.0f ms",
            request.method,
            redact.url(request.url),
            answer.status_code,
            len(body),
            1000 * (self.clock.now() - started),
        )
        return Response(answer.status_code, answer.headers, body, request.url)

    @staticmethod
    def _read(answer: requests.Response, request: Request, deadline: Deadline) -> bytes:
        if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise AcrBridgeError(
                "ANSWER_UNINTELLIGIBLE",
                f"{urlsplit(request.url).netloc} compressed its answer although it was asked not to.",
            )
        parts, size = [], 0
        for part in answer.iter_content(64 << 10):
            size += len(part)
            if size > request.limit:
                raise AcrBridgeError(
                    "ANSWER_TOO_LARGE",
                    f"The answer of {urlsplit(request.url).netloc} to {request.method}"
                    f" {urlsplit(request.url).path} is over the limit of {request.limit:,} bytes.",
                )
            if deadline.passed():
                raise requests.exceptions.ReadTimeout("the deadline passed in the middle of the answer")
            parts.append(part)
        return b"".join(parts)


class _TrustingAdapter(HTTPAdapter):
    """Verifies with one TLS context of ours, instead of requests' own bundle."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> urllib3.ProxyManager:
        return super().proxy_manager_for(  # type: ignore[no-any-return]
            proxy,
            **kwargs,
            ssl_context=self._context,
            proxy_ssl_context=self._context,
            # urllib3 turns Nagle's algorithm on for proxies: 40 ms for each request with a body.
            socket_options=HTTPConnection.default_socket_options,
        )

    def cert_verify(self, conn: Any, *_: Any) -> None:
        """Leave the context's trust as it is: requests would add its bundle to it."""
        conn.cert_reqs = "CERT_REQUIRED"


def _trust(ca_files: tuple[Path, ...]) -> ssl.SSLContext:
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for file in ca_files:
        try:
            if file.is_dir():
                context.load_verify_locations(capath=file)
            else:
                context.load_verify_locations(cafile=file)
        except (OSError, ssl.SSLError) as error:
            raise UsageError("FILE_UNREADABLE", f"{file} holds no certificates: {error}.") from None
    return context


def _check_scheme(url: str) -> None:
    """Refuse plain HTTP but to this computer and to the metadata service of an Azure host."""
    parts = urlsplit(url)
    if parts.scheme == "https" or parts.hostname in ("localhost", _IMDS):
        return
    try:
        if parts.scheme == "http" and ipaddress.ip_address(parts.hostname or "").is_loopback:
            return
    except ValueError:
        pass
    raise UsageError("PLAIN_HTTP_REFUSED", f"{redact.url(url)} is not an https address.")


_CODES: tuple[tuple[type[Exception], str, str], ...] = (
    (requests.exceptions.SSLError, "TLS_UNTRUSTED", "has a certificate that is not trusted here"),
    (requests.exceptions.ProxyError, "PROXY_REFUSED", "is not let through by the proxy"),
    (requests.exceptions.Timeout, "TIMED_OUT", "took too long to answer"),
    (requests.exceptions.ConnectionError, "UNREACHABLE", "cannot be reached"),
    (requests.exceptions.ChunkedEncodingError, "UNREACHABLE", "broke off its answer"),
    (urllib3.exceptions.TimeoutError, "TIMED_OUT", "took too long to answer"),
    (urllib3.exceptions.HTTPError, "UNREACHABLE", "broke off its answer"),
)
"""Foreign errors and ours, the special before the general."""


@contextmanager
def _our_errors(request: Request) -> Iterator[None]:
    try:
        yield
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
        host = urlsplit(request.url).netloc.rpartition("@")[2]
        if isinstance(_root(error), urllib3.exceptions.NameResolutionError):
            raise NetworkError("HOST_NOT_FOUND", f"The host name {host} does not resolve.") from error
        for kind, code, text in _CODES:
            if isinstance(error, kind):
                raise NetworkError(code, f"{host} {text} ({_reason(error)}).") from error
        raise NetworkError("UNREACHABLE", f"{host} cannot be reached ({_reason(error)}).") from error


def _root(error: BaseException) -> object:
    """What urllib3 says inside what requests says."""
    inner = error.args[0] if error.args else error
    return getattr(inner, "reason", inner)


def _reason(error: BaseException) -> str:
    """The innermost reason, without the memory addresses that urllib3 prints."""
    text = redact.foreign(str(_root(error)), 200)
    return text.rpartition(">: ")[2].rpartition("object at 0x")[2] or type(error).__name__


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _check_depth(document: Any, depth: int = 0) -> None:
    if depth > _MAX_JSON_DEPTH:
        raise ValueError("nested too deeply")
    children = (
        document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    )
    for child in children:
        _check_depth(child, depth + 1)
