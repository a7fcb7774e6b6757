"""One HTTP client for all: requests beneath, our trust, our deadlines, our errors above."""

from __future__ import annotations

import itertools
import json
import logging
import math
import ssl
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.util import Url, parse_url

from acrbridge.errors import AcrBridgeError, NetworkError, UsageError
from acrbridge.http import redact
from acrbridge.http.deadlines import Cancelled, Clock, Deadline, SystemClock
from acrbridge.http.failures import our_errors, tries
from acrbridge.http.proxies import is_near, proxies
from acrbridge.http.punctual import POOLS, cut_all
from acrbridge.http.retry import DEFAULT, TRANSIENT, Retry, retry_after
from acrbridge.http.streams import PATIENCE, Body, Stream

log = logging.getLogger("acrbridge.http")

MEBIBYTE = 1 << 20
_MAX_JSON_DEPTH = 64
_CONNECTIONS = 64
"""Connections that are kept for each host."""


@dataclass(frozen=True)
class Timeouts:
    """Seconds that parts of one request may take."""

    connect: float = 10.0
    read: float = 60.0
    """From the request's last byte to the answer's last."""
    total: float = 120.0
    """One request with all its tries, where the caller has no deadline of its own."""


@dataclass(frozen=True)
class Request:
    """An HTTP request whose body is small enough to be held."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | str | Body | None = field(default=None, repr=False)
    """A Body is sent as it is read; with `retry` NEVER, because it is not held."""
    limit: int = 4 * MEBIBYTE
    """Bytes that the answer may have."""
    retry: Retry = DEFAULT
    """retry.NEVER for a request that must not be sent twice."""
    parting: bool = False
    """Whether it is sent even after an abort, to tidy up what that left."""


@dataclass(frozen=True)
class Response:
    """An answer, read whole."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
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
            text = self.body.decode("utf-8")
            document = json.loads(
                text, parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_once_each
            )
            _check_depth(document)
            if "\\u" in text:
                json.dumps(document, ensure_ascii=False).encode()  # fails on half a surrogate pair
        except (ValueError, RecursionError):
            start = redact.foreign(self.text(), 80)
            raise AcrBridgeError(
                "ANSWER_UNINTELLIGIBLE",
                f"{_host(self.url)} answered {self.status} with something that is not JSON: {start!r}.",
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
                f"{_host(self.url)} answered {self.status} with JSON that is not an object.",
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
        self._aborted = False
        self._session = _Session()
        self._session.trust_env = False
        # Identity: a compressed answer could unfold to any size (urllib3 CVE-2025-66471).
        self._session.headers = requests.structures.CaseInsensitiveDict(
            {"User-Agent": user_agent, "Accept-Encoding": "identity", "Accept": "*/*"}
        )
        adapter = _TrustingAdapter(_trust(ca_files))
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, adapter)

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def abort(self) -> None:
        """End what is under way in other threads, and let nothing begin: it fails, or raises Cancelled."""
        self._aborted = True
        self.clock.cancel()
        cut_all()

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
                if failures >= tries(error, request.retry.tries) or not self._wait(
                    request, failures, None, deadline
                ):
                    raise
            else:
                asked = retry_after(response.headers)
                if response.status not in TRANSIENT or not self._wait(request, failures, asked, deadline):
                    return response
        raise AssertionError("count() does not end")

    @contextmanager
    def stream(self, request: Request) -> Iterator[Stream]:
        """Send a request, again where the answer's status is transient, and leave its body to be read.

        Raises:
            NetworkError: no answer came; that is not tried again.
            UsageError: PLAIN_HTTP_REFUSED.
        """
        _check_scheme(request.url)
        deadline = Deadline(self.timeouts.total, self.clock)
        timeout = urllib3.Timeout(connect=self.timeouts.connect, read=PATIENCE)
        for failures in itertools.count(1):
            with our_errors(request.url):
                answer = self._open(request, timeout)
            with answer:
                asked = retry_after(answer.headers)
                if answer.status_code not in TRANSIENT or not self._wait(request, failures, asked, deadline):
                    yield Stream(answer, self.clock)
                    return

    def _open(self, request: Request, timeout: urllib3.Timeout) -> requests.Response:
        if self._aborted and not request.parting:
            raise Cancelled
        return self._session.request(
            request.method,
            request.url,
            headers=dict(request.headers),
            data=request.body,  # type: ignore[arg-type] # memoryviews go to the socket as they are
            timeout=timeout,  # type: ignore[arg-type] # requests takes urllib3's own, too
            allow_redirects=False,
            stream=True,
            proxies=proxies(request.url),
        )

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
        with our_errors(request.url):
            held = request.body is None or isinstance(request.body, bytes | str)
            timeout = urllib3.Timeout(
                connect=self.timeouts.connect,
                read=self.timeouts.read,
                total=deadline.remaining() + 0.001 if held else None,  # a blob takes as long as it takes
            )
            answer = self._open(request, timeout)
            with answer:
                body = self._read(answer, request)
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
    def _read(answer: requests.Response, request: Request) -> bytes:
        if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise AcrBridgeError(
                "ANSWER_UNINTELLIGIBLE",
                f"{_host(request.url)} compressed its answer although it was asked not to.",
            )
        parts, size = [], 0
        # read1 gives what has come: read would wait for all of its bytes, however slowly they drip.
        while part := answer.raw.read1(64 << 10, decode_content=False):
            size += len(part)
            if size > request.limit:
                raise AcrBridgeError(
                    "ANSWER_TOO_LARGE",
                    f"The answer of {_host(request.url)} to {request.method}"
                    f" {parse_url(request.url).path} is over the limit of {request.limit:,} bytes.",
                )
            parts.append(part)
        return b"".join(parts)


class _Session(requests.Session):
    """A session that does not look at redirects: requests would read their bodies whole, to prepare the next hop."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None for every answer."""
        del resp


class _TrustingAdapter(HTTPAdapter):
    """Verifies with one TLS context of ours, instead of requests' own bundle."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(pool_maxsize=_CONNECTIONS)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> urllib3.ProxyManager:
        manager: urllib3.ProxyManager = super().proxy_manager_for(
            proxy,
            **kwargs,
            ssl_context=self._context,
            proxy_ssl_context=self._context,
            # urllib3 turns Nagle's algorithm on for proxies: 40 ms for each request with a body.
            socket_options=HTTPConnection.default_socket_options,
        )
        manager.pool_classes_by_scheme = POOLS
        return manager

    def cert_verify(self, conn: Any, *_: Any) -> None:
        """Leave the context's trust as it is: requests would add its bundle to it."""
        conn.cert_reqs = "CERT_REQUIRED"


def _trust(ca_files: tuple[Path, ...]) -> ssl.SSLContext:
    context = _system_trust()
    for file in ca_files:
        try:
            if file.is_dir():
                context.load_verify_locations(capath=file)
            else:
                context.load_verify_locations(cafile=file)
        except (OSError, ssl.SSLError) as error:
            raise UsageError("FILE_UNREADABLE", f"{file} holds no certificates: {error}.") from None
    return context


def _system_trust() -> ssl.SSLContext:
    """A TLS context that trusts what the operating system trusts.

    truststore reads the certificates anew for each connection: 10 ms, which hurts where many are opened. Where
    OpenSSL itself finds the system's, as on most Linux, it reads them once.
    """
    paths = ssl.get_default_verify_paths()
    if sys.platform == "linux" and (paths.cafile or paths.capath):
        return ssl.create_default_context()
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _check_scheme(url: str) -> None:
    r"""Refuse plain HTTP but to this computer and to link-local addresses, where managed identities are.

    Taken apart by urllib3, which is what opens the connection: urlsplit sees another host in `http://a\@b`.
    """
    try:
        parts = parse_url(url)
    except urllib3.exceptions.LocationParseError:
        parts = Url()
    if parts.host and (parts.scheme == "https" or (parts.scheme == "http" and is_near(parts.host))):
        return
    raise UsageError("PLAIN_HTTP_REFUSED", f"{redact.url(url)!r} is not an https address.")


def _host(url: str) -> str:
    """Host and port of a URL, for messages."""
    return parse_url(url).netloc or ""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that comes twice: one reader takes the first, another the last."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice")
    return found


def _check_depth(document: Any, depth: int = 0) -> None:
    if depth > _MAX_JSON_DEPTH:
        raise ValueError("nested too deeply")
    children = (
        document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    )
    for child in children:
        _check_depth(child, depth + 1)
